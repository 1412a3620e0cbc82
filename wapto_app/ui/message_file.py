"""The file of a message, in its bubble."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wapto_app.ui.browser import source


class MessageFile(rx.Component):
    """A picture that opens large, film, sound, or a document to save; what is missing says so.

    See ``message_file.jsx``. ``file`` is a row of ``services.inbox``; ``on_again`` hears its key.
    """

    library = source("message_file.jsx")
    tag = "MessageFile"

    file: rx.Var[Any]
    type: rx.Var[str]
    may: rx.Var[bool]
    on_again: rx.EventHandler[rx.event.passthrough_event_spec(str)]


message_file = MessageFile.create
