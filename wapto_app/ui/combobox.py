"""One of many values, found by typing."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wapto_app.ui.browser import source
from wapto_app.ui.form import Errors, field
from wapto_app.ui.i18n import Text


class Combobox(rx.Component):
    """See ``combobox.jsx``."""

    library = source("combobox.jsx")
    tag = "Combobox"
    _is_form_control = True

    name: rx.Var[str]
    value: rx.Var[str]
    options: rx.Var[list[dict[str, str]]]
    on_change: rx.EventHandler[rx.event.passthrough_event_spec(str)]


def combobox_field(
    name: str,
    label: Text,
    options: list[dict[str, str]] | rx.Var[list[dict[str, str]]],
    *,
    value: str | rx.Var[str] = "",
    help: Text = "",
    errors: Errors | None = None,
    **props: Any,
) -> rx.Component:
    """``options`` are rows with ``value`` and ``label``; the form receives the value under ``name``."""
    control = Combobox.create(
        id=name,
        name=name,
        options=options,
        value=value,
        class_name="control",
        custom_attrs={"aria-describedby": f"{name}-error {name}-help"},
        **props,
    )
    return field(name, label, control, help=help, errors=errors)
