"""Keyboard: keys as text, shortcuts, their help, and the command palette."""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict

import reflex as rx

from wapto_app.ui.browser import in_browser, source
from wapto_app.ui.i18n import Text

_FILE = source("keys.jsx")


class Command(TypedDict):
    """One line of the palette: ``href`` goes to a page of ours, else ``on_pick`` hears the id."""

    id: str
    label: Any
    group: NotRequired[Any]
    href: NotRequired[str]
    keywords: NotRequired[Any]
    permission: NotRequired[str]


class Keys(rx.Component):
    """A key combination as the reader's own keyboard has it."""

    library = _FILE
    tag = "Keys"

    combo: rx.Var[str]


class Shortcut(rx.Component):
    """While it is on the page, the keys run its event. Never while somebody types, unless with Ctrl."""

    library = _FILE
    tag = "Shortcut"

    combo: rx.Var[str]
    label: rx.Var[str]
    on_press: rx.EventHandler[rx.event.no_args_event_spec]


class ShortcutHelp(rx.Component):
    """The list that "?" opens."""

    library = _FILE
    tag = "ShortcutHelp"


class CommandPalette(rx.Component):
    """The list that Ctrl-K opens. Items with a permission that is not granted are left out."""

    library = _FILE
    tag = "CommandPalette"

    items: rx.Var[list[dict[str, Any]]]
    granted: rx.Var[list[str]]
    on_pick: rx.EventHandler[rx.event.passthrough_event_spec(str)]


def kbd(combo: str) -> rx.Component:
    """``kbd("mod+k")``: Ctrl K, or ⌘ K on a Mac."""
    return Keys.create(combo=combo)


def shortcut(combo: str, on_press: Any, label: Text = "") -> rx.Component:
    """``shortcut("j", Inbox.next, t("Next conversation"))``. Without a label it is not listed under "?"."""
    return Shortcut.create(combo=combo, on_press=on_press, label=label)


def shortcut_help() -> rx.Component:
    return ShortcutHelp.create()


def command_palette(items: list[Command], granted: rx.Var[list[str]], on_pick: Any = None) -> rx.Component:
    events = {} if on_pick is None else {"on_pick": on_pick}
    return CommandPalette.create(items=items, granted=granted, **events)


def open_palette() -> rx.event.EventSpec:
    return in_browser("keys.jsx", "openPalette")
