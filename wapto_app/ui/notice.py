"""Short messages at the corner of the screen."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wapto_app.ui.browser import source


class Notices(rx.Component):
    """See ``notices.jsx``."""

    library = source("notices.jsx")
    tag = "Notices"

    items: rx.Var[list[dict[str, Any]]]
    on_action: rx.EventHandler[rx.event.passthrough_event_spec(str)]


def notices(items: rx.Var[Any], on_action: Any = None) -> rx.Component:
    """Shows each row of the state's list ``{id, level, text, action?}`` once.

    ``level``: success, info, warning or error (an error stays until it is read). ``action`` is the text of a button,
    e.g. "Undo"; ``on_action`` hears the id. Texts are English and looked up in the catalog.
    """
    events = {} if on_action is None else {"on_action": on_action}
    return Notices.create(items=items, **events)
