"""The dialog in which a custom field is made or changed."""

from __future__ import annotations

import reflex as rx

from state.base import Feedback
from state.fields import FieldDialog
from wapto_app.ui.button import button
from wapto_app.ui.dialog import dialog
from wapto_app.ui.form import (
    FieldError,
    checkbox,
    date_field,
    field,
    form,
    form_actions,
    select,
    submit_button,
    text_field,
)
from wapto_app.ui.i18n import Text, from_server, t
from wapto_app.ui.option_list import OptionList

KINDS = (
    ("text", t("Text")),
    ("long_text", t("Long text")),
    ("number", t("Number")),
    ("date", t("Date")),
    ("select", t("Choice")),
    ("yes_no", t("Yes or no")),
)
_ERRORS = Feedback.errors


def field_dialog() -> rx.Component:
    return dialog(
        _form(),
        title=rx.cond(FieldDialog.field_id > 0, t("Edit field"), t("New field")),
        open=FieldDialog.is_open,
        on_close=FieldDialog.close,
    )


def _form() -> rx.Component:
    return form(
        text_field(
            "label",
            t("Label"),
            id="field-label",
            default_value=FieldDialog.label,
            max_length=80,
            auto_complete="off",
            dir="auto",
            custom_attrs={"data-autofocus": "true"},
            errors=_ERRORS,
        ),
        rx.cond(FieldDialog.field_id > 0, _fixed(), _chosen_once()),
        text_field(
            "help",
            t("Help"),
            id="field-help",
            default_value=FieldDialog.help,
            max_length=200,
            auto_complete="off",
            dir="auto",
            optional=True,
            help=t("Stands below the input, for whoever fills it in."),
            errors=_ERRORS,
        ),
        _limits(),
        checkbox(
            "required",
            t("Must be filled in"),
            id="field-required",
            help=t("A contact can be saved only with a value. Contacts that have none yet stay as they are."),
            default_checked=FieldDialog.required,
        ),
        form_actions(button(t("Cancel"), on_click=FieldDialog.close), submit_button(t("Save field"))),
        on_submit=FieldDialog.save,
    )


def _chosen_once() -> rx.Component:
    kind = select("kind", KINDS, id="field-kind", value=FieldDialog.kind, on_change=FieldDialog.choose_kind)
    key = text_field(
        "key",
        t("Name in messages and files"),
        id="field-key",
        max_length=40,
        auto_complete="off",
        optional=True,
        placeholder="city",
        help=t("Made from the label when empty. It cannot be changed later, nor can the kind."),
        errors=_ERRORS,
    )
    return rx.fragment(field("kind", t("Kind"), kind, control_id="field-kind", errors=_ERRORS), key)


def _fixed() -> rx.Component:
    return rx.el.dl(
        rx.el.div(
            rx.el.dt(t("Kind"), class_name="text-muted"),
            rx.el.dd(rx.match(FieldDialog.kind, *KINDS, FieldDialog.kind)),
            class_name="flex gap-2",
        ),
        rx.el.div(
            rx.el.dt(t("Name in messages and files"), class_name="text-muted"),
            rx.el.dd(rx.el.code("{{" + FieldDialog.key + "}}", class_name="font-mono break-all select-all")),
            class_name="flex flex-wrap gap-x-2",
        ),
        class_name="flex flex-wrap gap-x-6 gap-y-1 rounded-md bg-sunken px-3 py-2 text-sm",
    )


def _limits() -> rx.Component:
    return rx.match(
        FieldDialog.kind,
        ("number", _pair(t("Smallest"), t("Largest"))),
        ("date", _dates()),
        ("select", _options()),
        ("yes_no", rx.fragment()),
        _pair(t("Fewest characters"), t("Most characters")),
    )


def _pair(least: Text, most: Text) -> rx.Component:
    common = {
        "optional": True,
        "auto_complete": "off",
        "max_length": 32,
        "input_mode": "decimal",
        "errors": _ERRORS,
    }
    return rx.el.div(
        text_field("minimum", least, id="field-minimum", default_value=FieldDialog.minimum, **common),
        text_field("maximum", most, id="field-maximum", default_value=FieldDialog.maximum, **common),
        class_name="grid grid-cols-2 gap-4",
    )


def _dates() -> rx.Component:
    earliest, latest = FieldDialog.minimum, FieldDialog.maximum
    return rx.el.div(
        date_field(
            "minimum",
            t("Earliest"),
            id="field-minimum",
            default_value=earliest,
            optional=True,
            errors=_ERRORS,
        ),
        date_field(
            "maximum", t("Latest"), id="field-maximum", default_value=latest, optional=True, errors=_ERRORS
        ),
        class_name="grid grid-cols-2 gap-4",
    )


def _options() -> rx.Component:
    return rx.el.div(
        rx.el.p(t("Choices"), class_name="text-sm font-medium"),
        OptionList.create(
            name="options",
            options=FieldDialog.options,
            label=t("Choices"),
            described_by="field-options-error",
        ),
        FieldError.create(
            control="field-options", id="field-options-error", text=from_server(_ERRORS["options"])
        ),
        # Not as ``id``: Reflex would read the box as an input of the form.
        custom_attrs={"id": "field-options", "tabIndex": -1},
        class_name="flex flex-col gap-1.5",
    )
