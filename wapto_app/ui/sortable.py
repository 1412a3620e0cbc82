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

    ids: rx.Var[list[int]]
    names: rx.Var[list[str]]
    label: rx.Var[str]
    on_sort: rx.EventHandler[rx.event.passthrough_event_spec(list[int])]


def sortable(
    *rows: Any,
    ids: rx.Var[list[int]],
    names: rx.Var[list[str]],
    label: Text,
    on_sort: Any,
    class_name: str = "",
) -> rx.Component:
    """Rows with a ``handle`` in each; ``on_sort`` hears the ids in their new order, after each drop or arrow key."""
    return Sortable.create(*rows, ids=ids, names=names, label=label, on_sort=on_sort, class_name=class_name)


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
