"""A stretch of a long list that grows at both ends, and whose rows can be marked."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wapto_app.ui.browser import source
from wapto_app.ui.i18n import Text
from wapto_app.ui.tokens import Classes


class WindowList(rx.Component):
    """See ``window_list.jsx``."""

    library = source("window_list.jsx")
    tag = "WindowList"

    items: rx.Var[list[dict[str, Any]]]
    item_key: rx.Var[str]
    row: rx.Var[Any]
    label: rx.Var[str]
    has_above: rx.Var[bool]
    has_below: rx.Var[bool]
    picking: rx.Var[bool]
    picked: rx.Var[list[int]]
    on_start_reached: rx.EventHandler[rx.event.no_args_event_spec]
    on_end_reached: rx.EventHandler[rx.event.no_args_event_spec]
    on_pick: rx.EventHandler[rx.event.passthrough_event_spec(list[int], bool)]


def window_list(
    items: rx.Var[Any],
    row: rx.Var[Any],
    *,
    label: Text,
    item_key: str = "id",
    class_name: Classes = "",
    **props: Any,
) -> rx.Component:
    """Rows in a box of fixed height, from the top; all of them exist, so hand over a hundred or two at most.

    ``row`` comes from ``chat_list.row_of``. ``on_start_reached`` loads what stands above while ``has_above``,
    ``on_end_reached`` what stands below while ``has_below``; rows may be dropped at the other end. ``on_pick`` hears
    keys, and whether they are marked from now on: without it rows cannot be marked. A row leaves 64 pixels at its
    start for the box.
    """
    return WindowList.create(
        items=items, row=row, label=label, item_key=item_key, class_name=class_name, **props
    )
