"""Tags: how one looks, and the list in which some are chosen."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wapto_app.ui.browser import source
from wapto_app.ui.tokens import Classes, classes


class TagList(rx.Component):
    """The inside of the picker; see ``tag_list.jsx``."""

    library = source("tag_list.jsx")
    tag = "TagList"

    tags: rx.Var[list[dict[str, Any]]]
    chosen: rx.Var[list[int]]
    may_create: rx.Var[bool]
    loading: rx.Var[bool]
    is_wide: rx.Var[bool]
    is_once: rx.Var[bool]
    find: rx.Var[str]
    none: rx.Var[str]
    on_open: rx.EventHandler[rx.event.no_args_event_spec]
    on_toggle: rx.EventHandler[rx.event.passthrough_event_spec(int, bool)]
    on_create: rx.EventHandler[rx.event.passthrough_event_spec(str)]


def chip(
    name: str | rx.Var[str], colour: str | rx.Var[str], *more: rx.Component, class_name: Classes = ""
) -> rx.Component:
    """A tag as it stands beside a contact. ``more`` stands at its end: a cross that takes it off."""
    return rx.el.span(
        rx.el.span(name, dir="auto", class_name="truncate"),
        *more,
        class_name=classes("tag", class_name),
        custom_attrs={"data-colour": colour},
    )


def dot(colour: str | rx.Var[str]) -> rx.Component:
    """The colour alone; a name must stand beside it."""
    return rx.el.span(aria_hidden=True, class_name="tag-dot", custom_attrs={"data-colour": colour})
