"""Where messages are written."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wapto_app.services.drafts import Written
from wapto_app.services.inbox import Outgoing
from wapto_app.services.scheduled import Plan
from wapto_app.ui.browser import source

_spec = rx.event.passthrough_event_spec


class Composer(rx.NoSSRComponent):
    """Everything that an agent writes with; see ``composer.jsx``.

    Text, files and forms live in the browser; one event hands over what is sent. ``answered`` counts what the server
    has heard, ``accepted`` what it took: only then the box is emptied. Each event that hands something over has a
    ``ref``, which stays the same when the same is handed over once more because no answer came.

    What is found on demand (``replies``, ``people``, ``contacts``, ``templates``, ``template``, ``place``,
    ``opening``) is asked for by the event beside it. ``attached`` brings files of the library, counted by ``n``.
    ``may_share``: contacts can be found, to send their cards; ``may_pick``: files of the library.
    """

    library = source("composer.jsx")
    tag = "Composer"
    lib_dependencies: list[str] = ["emojibase-data@17.0.0"]

    owner: rx.Var[str]
    conversation: rx.Var[int]
    closes_at: rx.Var[str]
    connected: rx.Var[bool]
    blocked: rx.Var[bool]
    opted_out: rx.Var[bool]
    may_write: rx.Var[bool]
    may_share: rx.Var[bool]
    may_pick: rx.Var[bool]
    answered: rx.Var[int]
    accepted: rx.Var[int]
    errors: rx.Var[dict[str, str]]
    quote: rx.Var[Any]
    draft: rx.Var[Any]
    undo_seconds: rx.Var[int]
    replies: rx.Var[Any]
    people: rx.Var[Any]
    contacts: rx.Var[Any]
    place: rx.Var[Any]
    attached: rx.Var[Any]
    templates: rx.Var[Any]
    template: rx.Var[Any]
    scheduled: rx.Var[Any]
    opening: rx.Var[str]

    on_send: rx.EventHandler[_spec(int, str, Outgoing, Written)]
    on_note: rx.EventHandler[_spec(int, str, str, list[int])]
    on_typing: rx.EventHandler[_spec(int)]
    on_undo: rx.EventHandler[_spec(str)]
    on_cancel_reply: rx.EventHandler[rx.event.no_args_event_spec]
    on_draft: rx.EventHandler[_spec(int, Written, Written)]
    on_find_replies: rx.EventHandler[_spec(int, str)]
    on_use_reply: rx.EventHandler[_spec(int, int, dict[str, str])]
    on_find_people: rx.EventHandler[_spec(int)]
    on_find_contacts: rx.EventHandler[_spec(str)]
    on_read_place: rx.EventHandler[_spec(str)]
    on_library: rx.EventHandler[_spec(str, str)]
    on_find_templates: rx.EventHandler[_spec(int, str)]
    on_choose_template: rx.EventHandler[_spec(int, int)]
    on_sync_templates: rx.EventHandler[_spec(int)]
    on_plan: rx.EventHandler[_spec(int, str, Plan, Written)]
    on_ask_opening: rx.EventHandler[rx.event.no_args_event_spec]
    on_cancel_scheduled: rx.EventHandler[_spec(str, int)]
    on_send_scheduled: rx.EventHandler[_spec(str, int)]
    on_edit_scheduled: rx.EventHandler[_spec(str, int, str, str)]


class Seen(rx.Component):
    """Runs ``on_seen`` when something unread is open in a window that somebody looks at."""

    library = source("seen.jsx")
    tag = "Seen"

    conversation: rx.Var[int]
    unread: rx.Var[int]
    on_seen: rx.EventHandler[rx.event.no_args_event_spec]


composer = Composer.create
seen = Seen.create
