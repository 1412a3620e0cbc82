"""Parts of a panel beside a page: sections that fold, values that are edited in their place, a gallery, a timeline."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wapto_app.ui.browser import source
from wapto_app.ui.i18n import Text

_FILE = source("panel.jsx")


class Fold(rx.Component):
    """See ``panel.jsx``. The browser remembers by ``id`` whether it is open."""

    library = _FILE
    tag = "Fold"

    title: rx.Var[str]
    count: rx.Var[int]
    start_open: rx.Var[bool]
    subject: rx.Var[Any]
    on_open: rx.EventHandler[rx.event.no_args_event_spec]


class InlineEdit(rx.Component):
    """A value that becomes a field when it is pressed. ``kind`` is that of a custom field, or "email"."""

    library = _FILE
    tag = "InlineEdit"

    label: rx.Var[str]
    value: rx.Var[str]
    kind: rx.Var[str]
    options: rx.Var[list[str]]
    empty: rx.Var[str]
    max: rx.Var[int]
    may_edit: rx.Var[bool]
    error: rx.Var[str]
    bare: rx.Var[bool]
    on_save: rx.EventHandler[rx.event.passthrough_event_spec(str)]


class Gallery(rx.Component):
    """Pictures, files and links; ``on_kind`` hears which of them is wanted. ``items`` is page number ``page``."""

    library = _FILE
    tag = "Gallery"

    kind: rx.Var[str]
    items: rx.Var[list[dict[str, Any]]]
    page: rx.Var[int]
    more: rx.Var[bool]
    on_kind: rx.EventHandler[rx.event.passthrough_event_spec(str)]
    on_more: rx.EventHandler[rx.event.no_args_event_spec]


class Timeline(rx.Component):
    """What happened, newest first."""

    library = _FILE
    tag = "Timeline"

    rows: rx.Var[list[dict[str, Any]]]


gallery = Gallery.create
timeline = Timeline.create


def fold(id: str, title: Text, *body: rx.Component, start_open: bool = False, **props: Any) -> rx.Component:
    """A section. ``on_open`` fetches what is in it; it asks again when ``subject`` is another one."""
    return Fold.create(*body, id=id, title=title, start_open=start_open, **props)


def inline_edit(
    label: Text, value: Any, *, on_save: Any, kind: str | rx.Var[str] = "text", **props: Any
) -> rx.Component:
    """``on_save`` hears the new text. ``error`` stands below it while what was typed is not taken."""
    return InlineEdit.create(label=label, value=value, kind=kind, on_save=on_save, **props)
