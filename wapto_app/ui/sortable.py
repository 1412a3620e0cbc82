"""Lists that people put in order."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wapto_app.ui.browser import source
from wapto_app.ui.i18n import Text, t


class Sortable(rx.Component):
    """See ``sortable.jsx``."""

    library = source("sortable.jsx")
    tag = "Sortable"

    items: rx.Var[list[dict[str, Any]]]
    row: rx.Var[Any]
    name: rx.Var[str]
    label: rx.Var[str]
    on_move: rx.EventHandler[rx.event.passthrough_event_spec(int, int)]


def sortable(
    items: rx.Var[Any], row: rx.Var[Any], *, name: str, label: Text, on_move: Any, class_name: str = ""
) -> rx.Component:
    """Rows (``row_of`` a memo) of items with an ``id``, and a ``handle`` in each; ``name`` is the key of their names.

    ``on_move`` hears an id and its new place from 0, after each drop or arrow key.
    """
    return Sortable.create(
        items=items, row=row, name=name, label=label, on_move=on_move, class_name=class_name
    )


def handle(name: rx.Var[str]) -> rx.Component:
    """What a row is taken by."""
    return rx.el.button(
        rx.icon("grip-vertical", size=16, aria_hidden=True),
        type="button",
        aria_label=t("Move {name}: drag, or press an arrow key", name=name),
        class_name="grid size-8 flex-none cursor-grab touch-none place-items-center rounded-md text-faint "
        "hover:bg-hover hover:text-ink active:cursor-grabbing pointer-coarse:size-11",
        custom_attrs={"data-handle": "true"},
    )
