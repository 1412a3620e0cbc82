"""A file with a table in it, dropped or chosen."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wapto_app.ui.browser import source


class TableUpload(rx.Component):
    """See ``table_upload.jsx``."""

    library = source("table_upload.jsx")
    tag = "TableUpload"

    action: rx.Var[str]
    accept: rx.Var[str]
    most: rx.Var[int]
    note: rx.Var[str]
    small: rx.Var[bool]
    on_done: rx.EventHandler[rx.event.passthrough_event_spec(int)]
    on_key: rx.EventHandler[rx.event.passthrough_event_spec(str)]


def table_upload(*, action: str, accept: str, most: int, on_done: Any) -> rx.Component:
    """``most`` is in bytes. ``on_done`` hears the id that the route answers with."""
    return TableUpload.create(action=action, accept=accept, most=most, on_done=on_done)
