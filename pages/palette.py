"""What Ctrl-K and "?" open. Fetched when they open: the frame takes these parts with ``later`` only."""

from __future__ import annotations

import reflex as rx

from pages.navigation import NAVIGATION
from state.palette import PaletteSearch
from state.shell import Shell
from wapto_app.ui.palette import Command, palette, shortcut_list


@rx.memo(wrapper=None)
def palette_body() -> rx.Component:
    return palette(
        items=_commands(),
        granted=Shell.permissions,
        found=PaletteSearch.found,
        recent=PaletteSearch.recent,
        asked=PaletteSearch.asked,
        on_open=PaletteSearch.open,
        on_search=PaletteSearch.search,
    )


@rx.memo(wrapper=None)
def shortcuts_body() -> rx.Component:
    return shortcut_list()


def _commands() -> list[Command]:
    """Every page as a line of the palette."""
    return [
        Command(
            id=entry.route.strip("/").replace("/", "-"),
            label=entry.label,
            group=group.label,
            href=entry.route,
            permission=entry.permission,
        )
        for group in NAVIGATION
        for entry in group.entries
    ]
