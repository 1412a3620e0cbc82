"""Custom fields on other pages: inputs for forms, values for panels and tables."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wapto_app.services.fields import PREFIX
from wapto_app.ui.form import FieldError
from wapto_app.ui.i18n import from_server, t
from wapto_app.ui.time import date_only


def field_inputs(fields: Any, values: Any, *, errors: Any, prefix: str = "") -> rx.Component:
    """An input for each field (``FieldRow``), named ``field_<key>``: hand what the form sends to ``fields.given``.

    ``values`` is a var of texts by key. ``prefix`` keeps the ids apart when two forms stand on a page.
    """
    return rx.foreach(fields, lambda field: _input(field, values, errors, prefix))


def field_value(field: Any, value: rx.Var[str]) -> rx.Component:
    """A value to read: a date as the reader writes it, yes or no in the reader's language."""
    answer = rx.match(value, ("yes", t("Yes")), ("no", t("No")), value)
    return rx.match(
        field["kind"],
        ("date", date_only(value + "T12:00:00")),  # no offset: the same day everywhere
        ("yes_no", rx.el.span(answer)),
        ("long_text", rx.el.span(value, dir="auto", class_name="break-words whitespace-pre-line")),
        rx.el.span(value, dir="auto", class_name="break-words"),
    )


def _input(field: Any, values: Any, errors: Any, prefix: str) -> rx.Component:
    name = f"{PREFIX}" + field["key"].to(str)
    target = f"{prefix}{PREFIX}" + field["key"].to(str)
    props: dict[str, Any] = {
        "id": target,
        "name": name,
        "aria_describedby": target + "-error " + target + "-help",
        "required": field["required"],
        "class_name": "control",
    }
    value = rx.cond(values[field["key"]], values[field["key"]], "")
    control = rx.match(
        field["kind"],
        ("long_text", rx.el.textarea(rows="3", dir="auto", default_value=value, max_length=10_000, **props)),
        (
            "number",
            rx.el.input(type="text", input_mode="decimal", default_value=value, max_length=64, **props),
        ),
        ("date", rx.el.input(type="date", default_value=value, **props)),
        ("select", rx.el.select(*_choices(field), default_value=value, **props)),
        ("yes_no", rx.el.select(*_answers(), default_value=value, **props)),
        rx.el.input(
            type="text", dir="auto", default_value=value, max_length=200, auto_complete="off", **props
        ),
    )
    optional = rx.el.span(t("optional"), class_name="ms-1.5 font-normal text-faint")
    return rx.el.div(
        rx.el.label(
            rx.el.span(field["label"], dir="auto"),
            rx.cond(field["required"], rx.fragment(), optional),
            html_for=target,
            class_name="text-sm font-medium",
        ),
        control,
        FieldError.create(control=target, id=target + "-error", text=from_server(errors[name])),
        rx.cond(
            field["help"] != "",
            rx.el.p(
                field["help"], id=target + "-help", dir="auto", class_name="text-xs text-muted text-pretty"
            ),
            rx.fragment(),
        ),
        key=field["key"],
        class_name="flex min-w-0 flex-col gap-1.5",
    )


def _choices(field: Any) -> list[rx.Component]:
    options = field["options"].to(list[str])
    return [
        rx.el.option(t("Nothing chosen"), value=""),
        rx.foreach(options, lambda option: rx.el.option(option, value=option)),
    ]


def _answers() -> list[rx.Component]:
    return [
        rx.el.option(t("Nothing chosen"), value=""),
        rx.el.option(t("Yes"), value="yes"),
        rx.el.option(t("No"), value="no"),
    ]
