"""Long lists of which only the visible rows exist."""

from __future__ import annotations

from typing import Any

import reflex as rx
from reflex.vars import VarData

from wapto_app.ui.browser import source
from wapto_app.ui.i18n import Text
from wapto_app.ui.tokens import Classes


class VirtualList(rx.NoSSRComponent):
    """react-virtuoso, loaded when the page that needs it is shown; see ``virtual_list.jsx``."""

    library = source("virtual_list.jsx")
    tag = "VirtualList"
    lib_dependencies: list[str] = ["react-virtuoso@4.18.3"]

    items: rx.Var[list[dict[str, Any]]]
    item_key: rx.Var[str]
    row: rx.Var[Any]
    bottom: rx.Var[bool]
    jump_on: rx.Var[Any]
    label: rx.Var[str]
    header: rx.Component
    footer: rx.Component
    on_start_reached: rx.EventHandler[rx.event.no_args_event_spec]
    on_end_reached: rx.EventHandler[rx.event.no_args_event_spec]
    on_at_bottom: rx.EventHandler[rx.event.passthrough_event_spec(bool)]


def row_of(memo: Any, sample: dict[str, Any]) -> rx.Var[Any]:
    """The row of a ``virtual_list``: an ``@rx.memo(wrapper=None)`` whose one prop is ``item``, and a sample item."""
    component = memo(item=sample)
    imports = {str(component.library): [rx.ImportVar(tag=component.tag)]}
    return rx.Var(str(component.tag), _var_data=VarData(imports=imports))


def virtual_list(
    items: rx.Var[Any],
    row: rx.Var[Any],
    *,
    label: Text,
    item_key: str = "id",
    bottom: bool = False,
    class_name: Classes = "h-full",
    **props: Any,
) -> rx.Component:
    """A list in a box of fixed height.

    ``bottom`` makes it a chat: it starts at the end, stays there while the reader is there, and rows put in front do
    not move what is being read. ``on_start_reached`` and ``on_end_reached`` load the next page; ``on_at_bottom``
    hears a bool.
    Give it the ``key`` of what it shows (the conversation), so that another one starts anew.
    """
    return VirtualList.create(
        items=items, row=row, label=label, item_key=item_key, bottom=bottom, class_name=class_name, **props
    )
