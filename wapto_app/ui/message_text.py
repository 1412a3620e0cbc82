"""The text of a message with WhatsApp's formatting, and the line between two days of a thread."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wapto_app.ui.browser import source
from wapto_app.ui.tokens import Classes

_FILE = source("message_text.jsx")


class MessageText(rx.Component):
    """See ``message_text.jsx``. Draws elements, never HTML: customers' text is not trusted."""

    library = _FILE
    tag = "MessageText"

    text: rx.Var[str]


class NoteText(rx.Component):
    """The text of a note; ``@Name`` of who is mentioned stands out."""

    library = _FILE
    tag = "NoteText"

    text: rx.Var[str]
    mentions: rx.Var[Any]


class DaySeparator(rx.Component):
    """Drawn only when ``before`` lies on another day than ``at``."""

    library = _FILE
    tag = "DaySeparator"

    at: rx.Var[str]
    before: rx.Var[str]


def message_text(text: rx.Var[Any], *, class_name: Classes = "") -> rx.Component:
    """``*bold*``, ``_italic_``, ``~strike~``, `` `code` `` and links, as WhatsApp shows them."""
    return MessageText.create(text=text, class_name=class_name)


def day_separator(at: rx.Var[Any], before: rx.Var[Any]) -> rx.Component:
    return DaySeparator.create(at=at, before=before)


def note_text(text: rx.Var[Any], mentions: rx.Var[Any]) -> rx.Component:
    """``mentions`` are rows with a ``name``."""
    return NoteText.create(text=text, mentions=mentions)
