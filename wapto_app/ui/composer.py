"""Where messages are written."""

from __future__ import annotations

from typing import Any

import reflex as rx
from typing_extensions import TypedDict

from wapto_app.ui.browser import source

_FILE = source("composer.jsx")


class Outgoing(TypedDict):
    """What is handed over at once: a text, keys of uploaded files, the id of the message that is answered.

    ``conversation`` is the one that it was written in: the server may already be on its way to the next.
    """

    conversation: int
    text: str
    files: list[str]
    reply_to: int


class Composer(rx.Component):
    """Text, emoji and files in the browser, one event when something is sent; see ``composer.jsx``.

    ``answered`` counts what the server has heard, ``accepted`` what it took: only then the box is emptied.
    """

    library = _FILE
    tag = "Composer"

    conversation: rx.Var[int]
    closes_at: rx.Var[str]
    connected: rx.Var[bool]
    blocked: rx.Var[bool]
    opted_out: rx.Var[bool]
    may_write: rx.Var[bool]
    answered: rx.Var[int]
    accepted: rx.Var[int]
    quote: rx.Var[Any]
    on_send: rx.EventHandler[rx.event.passthrough_event_spec(Outgoing)]
    on_cancel_reply: rx.EventHandler[rx.event.no_args_event_spec]


class Seen(rx.Component):
    """Runs ``on_seen`` when something unread is open in a window that somebody looks at."""

    library = _FILE
    tag = "Seen"

    conversation: rx.Var[int]
    unread: rx.Var[int]
    on_seen: rx.EventHandler[rx.event.no_args_event_spec]


composer = Composer.create
seen = Seen.create
