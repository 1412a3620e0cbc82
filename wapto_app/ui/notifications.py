"""Notifications as sentences, and on the desktop."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wapto_app.ui.browser import source

_FILE = source("notifications.jsx")


class NotificationText(rx.Component):
    """The sentence of a notification, in the reader's language; see ``notifications.jsx``."""

    library = _FILE
    tag = "NotificationText"

    kind: rx.Var[str]
    args: rx.Var[dict[str, str]]
    customer: rx.Var[str]


class DesktopSwitch(rx.Component):
    """The general consent; asks for the browser's permission when it is switched on."""

    library = _FILE
    tag = "DesktopSwitch"

    on: rx.Var[bool]
    sound: rx.Var[bool]
    disabled: rx.Var[bool]
    on_change: rx.EventHandler[rx.event.passthrough_event_spec(bool)]


def notification_text(row: Any) -> rx.Component:
    """For a row with ``kind``, ``args`` and ``customer``."""
    return NotificationText.create(kind=row["kind"], args=row["args"], customer=row["customer"])
