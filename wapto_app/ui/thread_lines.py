"""What stands in a thread beside plain messages: events, where the new ones begin, and messages with parts."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wapto_app.ui.browser import source

_FILE = source("thread_lines.jsx")


class EventLine(rx.Component):
    """What happened, as a sentence; see ``thread_lines.jsx``."""

    library = _FILE
    tag = "EventLine"

    kind: rx.Var[str]
    said: rx.Var[dict[str, Any]]
    at: rx.Var[str]


class FreshLine(rx.Component):
    """Where the unread messages begin."""

    library = _FILE
    tag = "FreshLine"


class RichMessage(rx.Component):
    """Buttons, lists, orders, answers to a form, templates."""

    library = _FILE
    tag = "RichMessage"

    kind: rx.Var[str]
    body: rx.Var[str]
    content: rx.Var[dict[str, Any]]


event_line = EventLine.create
fresh_line = FreshLine.create
rich_message = RichMessage.create
