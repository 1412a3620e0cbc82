"""A chat: a stretch of rows that grows at both ends without moving what is being read."""

from __future__ import annotations

from typing import Any

import reflex as rx
from reflex.vars import VarData

from wapto_app.ui.browser import source
from wapto_app.ui.i18n import Text
from wapto_app.ui.tokens import Classes


class ChatList(rx.Component):
    """See ``chat_list.jsx``."""

    library = source("chat_list.jsx")
    tag = "ChatList"

    items: rx.Var[list[dict[str, Any]]]
    item_key: rx.Var[str]
    row: rx.Var[Any]
    label: rx.Var[str]
    jump_on: rx.Var[Any]
    has_older: rx.Var[bool]
    has_newer: rx.Var[bool]
    arrived: rx.Var[int]
    counted: rx.Var[str]
    fresh: rx.Var[str]
    target: rx.Var[int]
    aims: rx.Var[int]
    on_start_reached: rx.EventHandler[rx.event.no_args_event_spec]
    on_end_reached: rx.EventHandler[rx.event.no_args_event_spec]
    on_jump: rx.EventHandler[rx.event.no_args_event_spec]


def row_of(memo: Any, sample: dict[str, Any]) -> rx.Var[Any]:
    """The row of a ``chat_list``: an ``@rx.memo(wrapper=None)`` whose one prop is ``item``, and a sample item."""
    component = memo(item=sample)
    imports = {str(component.library): [rx.ImportVar(tag=component.tag)]}
    return rx.Var(str(component.tag), _var_data=VarData(imports=imports))


def chat_list(
    items: rx.Var[Any],
    row: rx.Var[Any],
    *,
    label: Text,
    item_key: str = "id",
    class_name: Classes = "h-full",
    **props: Any,
) -> rx.Component:
    """Rows in a box of fixed height, at their end; all of them exist, so hand over some hundreds at most.

    ``on_start_reached`` loads older rows, ``on_end_reached`` newer ones while ``has_newer``. Then the button that
    leads to the newest row asks ``on_jump``, and shows ``arrived``; otherwise it counts the rows that came below and
    whose field named ``counted`` is true. The row with the key ``target`` comes into the middle whenever ``aims``
    changes. ``fresh`` names the field of the row at which a reader begins.
    Give it the ``key`` of what it shows (the conversation), so that another one starts anew.
    """
    return ChatList.create(
        items=items, row=row, label=label, item_key=item_key, class_name=class_name, **props
    )
