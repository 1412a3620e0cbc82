"""What Ctrl-K and "?" show. Fetched when it is opened: nothing of the frame imports this module."""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict

import reflex as rx

from wapto_app.ui.browser import source

_FILE = source("palette.jsx")


class Command(TypedDict):
    """One page of the palette."""

    id: str
    label: Any
    href: str
    group: NotRequired[Any]
    keywords: NotRequired[Any]
    permission: NotRequired[str]


class Palette(rx.Component):
    """Pages, what the keys of the page do, and customers whom the server finds.

    Items with a permission that is not granted are left out. ``found`` answers ``asked``, the words of ``on_search``.
    """

    library = _FILE
    tag = "Palette"

    items: rx.Var[list[dict[str, Any]]]
    granted: rx.Var[list[str]]
    found: rx.Var[list[dict[str, Any]]]
    recent: rx.Var[list[dict[str, Any]]]
    asked: rx.Var[str]
    on_open: rx.EventHandler[rx.event.no_args_event_spec]
    on_search: rx.EventHandler[rx.event.passthrough_event_spec(str)]


class ShortcutList(rx.Component):
    """The keys of the page, by where they work."""

    library = _FILE
    tag = "ShortcutList"


palette = Palette.create
shortcut_list = ShortcutList.create
