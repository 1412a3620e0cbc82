"""When a snoozed conversation may come back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import reflex as rx

from wapto_app.ui.i18n import t
from wapto_app.ui.menu import menu_item


def snooze_items(
    on_choose: Callable[[str], Any], times: rx.Var[dict[str, str]] | None = None
) -> rx.Component:
    """Commands of a menu. ``times`` are the choices that there are now; without it all of them."""
    words = {
        "1h": t("In 1 hour"),
        "3h": t("In 3 hours"),
        "evening": t("This evening"),
        "tomorrow": t("Tomorrow morning"),
        "monday": t("Monday morning"),
    }

    def item(name: str) -> rx.Component:
        shown = menu_item(words[name], icon="alarm-clock", on_click=on_choose(name))
        if times is None or name != "evening":
            return shown
        return rx.cond(times.contains(name), shown, rx.fragment())

    names = [name for name in words if times is not None or name != "evening"]
    return rx.fragment(*[item(name) for name in names])
