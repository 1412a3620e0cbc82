"""Notifications on the desktop, of the browser itself."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wapto_app.ui.browser import in_browser, source

_FILE = source("alerts.jsx")


class DesktopAlerts(rx.Component):
    """Shows each of ``items`` once as a notification of the browser, where that is allowed."""

    library = _FILE
    tag = "DesktopAlerts"

    items: rx.Var[list[dict[str, Any]]]
    sound: rx.Var[bool]


def desktop_alerts(items: rx.Var[Any], *, sound: rx.Var[bool]) -> rx.Component:
    return DesktopAlerts.create(items=items, sound=sound)


def try_alert() -> rx.event.EventSpec:
    """What a notification looks and sounds like here, without anything having happened."""
    return in_browser("alerts.jsx", "tryAlert")
