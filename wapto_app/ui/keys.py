"""Keyboard: keys as text, shortcuts, and where their list and the command palette open."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wapto_app.ui.browser import in_browser, source
from wapto_app.ui.dialog import Dialog
from wapto_app.ui.i18n import Text, t

_FILE = source("keys.jsx")


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
    group: rx.Var[str]
    on_press: rx.EventHandler[rx.event.no_args_event_spec]


class GoKeys(rx.Component):
    """Pairs of keys that go to a page: ``pages`` are rows of ``keys``, ``href`` and ``label``."""

    library = _FILE
    tag = "GoKeys"

    pages: rx.Var[list[dict[str, Any]]]
    group: rx.Var[str]


def kbd(combo: str) -> rx.Component:
    """``kbd("mod+k")``: Ctrl K, or ⌘ K on a Mac. ``kbd("g i")``: one after the other."""
    return Keys.create(combo=combo)


def shortcut(combo: str, on_press: Any, label: Text = "", group: Text = "") -> rx.Component:
    """``shortcut("j", Inbox.next, t("Next conversation"))``.

    Without a label it is not listed under "?" and in the palette; ``group`` is the heading it stands under there.
    """
    return Shortcut.create(combo=combo, on_press=on_press, label=label, group=group)


def press_on(name: str) -> rx.event.EventSpec:
    """Press the button with ``data_key=name``, when the page shows one."""
    return in_browser("keys.jsx", "pressOn", name)


def focus_on(selector: str) -> rx.event.EventSpec:
    """Go to the first field of the page that is seen and fits."""
    return in_browser("keys.jsx", "focusOn", selector)


def step(by: int) -> rx.event.EventSpec:
    """To the next (or with -1 the previous) row of the conversation list."""
    return in_browser("keys.jsx", "step", by)


def open_palette() -> rx.event.EventSpec:
    return in_browser("keys.jsx", "openPalette")


def palette_dialog(body: rx.Component) -> rx.Component:
    """Ctrl-K. ``body`` is made when it opens; let it come with ``ui.lazy.later``."""
    return rx.fragment(
        shortcut("mod+k", open_palette(), t("Search pages, actions and customers"), t("Everywhere")),
        Dialog.create(
            body,
            id="wapto-palette",
            kind="palette",
            width="560px",
            label=t("Search pages, actions and customers"),
        ),
    )


def shortcuts_dialog(body: rx.Component) -> rx.Component:
    """The list that "?" opens; ``body`` as for the palette."""
    show = in_browser("keys.jsx", "openShortcuts")
    return rx.fragment(
        shortcut("?", show, t("Show the keyboard shortcuts"), t("Everywhere")),
        Dialog.create(body, id="wapto-shortcuts", title=t("Keyboard shortcuts"), width="440px"),
    )
