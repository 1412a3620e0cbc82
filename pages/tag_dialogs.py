"""The dialogs of the tags page."""

from __future__ import annotations

import reflex as rx

from state.base import Feedback
from state.tags import TagDialog
from wapto_app.services.tags import COLOURS, NAME_MAX
from wapto_app.ui.button import button
from wapto_app.ui.dialog import confirm_dialog, dialog
from wapto_app.ui.form import FieldError, form, form_actions, select_field, submit_button, text_field
from wapto_app.ui.i18n import from_server, t, tn
from wapto_app.ui.tags import dot

NAMES = {
    "grey": t("Grey"),
    "red": t("Red"),
    "orange": t("Orange"),
    "amber": t("Amber"),
    "green": t("Green"),
    "teal": t("Teal"),
    "blue": t("Blue"),
    "indigo": t("Indigo"),
    "purple": t("Purple"),
    "pink": t("Pink"),
}


def tag_dialogs() -> rx.Component:
    return rx.fragment(_edit(), _merge(), _delete())


def _edit() -> rx.Component:
    inside = form(
        text_field(
            "name",
            t("Name"),
            id="tag-name",
            default_value=TagDialog.name,
            max_length=NAME_MAX,
            auto_complete="off",
            dir="auto",
            custom_attrs={"data-autofocus": "true"},
            errors=Feedback.errors,
        ),
        _colours(),
        form_actions(button(t("Cancel"), on_click=TagDialog.close), submit_button(t("Save tag"))),
        on_submit=TagDialog.save,
    )
    return dialog(
        inside,
        title=rx.cond(TagDialog.tag_id > 0, t("Edit tag"), t("New tag")),
        open=TagDialog.what == "edit",
        on_close=TagDialog.close,
        width="sm",
    )


def _colours() -> rx.Component:
    automatic = _colour("", rx.icon("shuffle", size=14, aria_hidden=True), t("Any colour"))
    return rx.el.fieldset(
        rx.el.legend(t("Colour"), class_name="mb-1.5 text-sm font-medium"),
        rx.el.div(
            rx.cond(TagDialog.tag_id > 0, rx.fragment(), automatic),
            *[_colour(colour, dot(colour), NAMES[colour]) for colour in COLOURS],
            class_name="flex flex-wrap gap-1.5",
        ),
        FieldError.create(
            control="tag-colour", id="tag-colour-error", text=from_server(Feedback.errors["colour"])
        ),
    )


def _colour(value: str, mark: rx.Component, name: rx.Var[str]) -> rx.Component:
    radio = rx.el.input(
        type="radio",
        name="colour",
        value=value,
        aria_label=name,
        default_checked=TagDialog.colour == value,
        class_name="peer absolute inset-0 size-full cursor-pointer opacity-0",
    )
    ring = rx.el.span(
        aria_hidden=True,
        class_name="pointer-events-none absolute inset-0 rounded-md border border-line peer-checked:border-2 "
        "peer-checked:border-accent peer-focus-visible:outline-2 peer-focus-visible:outline-accent-ink",
    )
    return rx.el.label(
        radio,
        ring,
        mark,
        title=name,
        class_name="relative grid size-9 place-items-center rounded-md hover:bg-hover pointer-coarse:size-11",
    )


def _merge() -> rx.Component:
    inside = form(
        select_field(
            "into",
            t("Merge into"),
            TagDialog.others,
            id="merge-into",
            placeholder=t("Choose a tag"),
            errors=Feedback.errors,
        ),
        form_actions(
            button(t("Cancel"), on_click=TagDialog.close), submit_button(t("Merge tags"), variant="danger")
        ),
        on_submit=TagDialog.merge,
    )
    return dialog(
        inside,
        title=t("Merge “{name}” into another tag", name=TagDialog.name),
        description=_merged_words(),
        open=TagDialog.what == "merge",
        on_close=TagDialog.close,
        width="sm",
    )


def _merged_words() -> rx.Var[str]:
    return tn(
        "{n} contact gets the other tag. Segments ask for that one from now on, and this tag is gone.",
        "{n} contacts get the other tag. Segments ask for that one from now on, and this tag is gone.",
        TagDialog.contacts,
    )


def _delete() -> rx.Component:
    contacts = tn("It is taken off {n} contact.", "It is taken off {n} contacts.", TagDialog.contacts)
    used = t(
        "These segments ask for it and will match nobody: “{names}”.", names=TagDialog.segments.join("”, “")
    )
    asked = t(
        "These campaigns ask for it and wait until somebody has looked at them: “{names}”.",
        names=TagDialog.campaigns.join("”, “"),
    )
    segments = rx.cond(TagDialog.segments.length() > 0, contacts + " " + used, contacts)
    return confirm_dialog(
        title=t("Delete “{title}”?", title=TagDialog.name),
        text=rx.cond(TagDialog.campaigns.length() > 0, segments + " " + asked, segments),
        confirm=t("Delete tag"),
        on_confirm=TagDialog.delete,
        open=TagDialog.what == "delete",
        on_close=TagDialog.close,
    )
