"""What the composer asks for while somebody writes."""

from __future__ import annotations

from typing import TypedDict

import reflex as rx

from state.base import actor_of
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services import inbox, library, notes, quick_replies
from wapto_app.services.errors import Invalid
from wapto_app.services.inbox import ShareableContact
from wapto_app.services.media import MediaRow
from wapto_app.services.notes import Colleague
from wapto_app.services.quick_replies import Match


class FoundPlace(TypedDict):
    """What ``asked`` stands for: a place in degrees, or why it is none."""

    asked: str
    latitude: float
    longitude: float
    error: str


class FoundReplies(TypedDict):
    """The quick replies that fit; ``asked`` is ``conversation/typed``."""

    asked: str
    rows: list[Match]


class Attached(TypedDict):
    """Files of the library, made ready to be sent. ``n`` counts the times; ``purpose`` is message or template."""

    n: int
    purpose: str
    files: list[MediaRow]


NO_PLACE = FoundPlace(asked="", latitude=0, longitude=0, error="")
NO_REPLIES = FoundReplies(asked="", rows=[])
NOTHING = Attached(n=0, purpose="", files=[])


class WritingHelp(rx.State):
    """Empty until it is asked for."""

    replies: FoundReplies = NO_REPLIES
    people: list[Colleague] = []
    contacts: list[ShareableContact] = []
    place: FoundPlace = NO_PLACE
    attached: Attached = NOTHING

    @rx.event
    @requires(Permission.INBOX_DO)
    async def find_replies(self, conversation: int, typed: str) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            rows = await quick_replies.matching(session, actor, conversation, typed)
        self.replies = FoundReplies(asked=f"{conversation}/{typed}", rows=rows)

    @rx.event
    @requires(Permission.INBOX_DO)
    async def use_reply(self, conversation: int, reply_id: int, values: dict[str, str]) -> None:
        """Count it as used, and attach its file; its text is in the box already."""
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            ready = await quick_replies.fill(session, actor, conversation, reply_id, values)
            files = await library.attached(session, actor, [ready["file"]]) if ready["file"] else []
        self._attach("message", files)

    @rx.event
    @requires(Permission.INBOX_DO)
    async def attach(self, keys: list[str]) -> None:
        await self._from_library("message", keys)

    @rx.event
    @requires(Permission.INBOX_DO)
    async def attach_to_template(self, keys: list[str]) -> None:
        await self._from_library("template", keys)

    async def _from_library(self, purpose: str, keys: list[str]) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            files = await library.attached(session, actor, keys)
        self._attach(purpose, files)

    def _attach(self, purpose: str, files: list[MediaRow]) -> None:
        if files:
            self.attached = Attached(n=self.attached["n"] + 1, purpose=purpose, files=files)

    @rx.event
    @requires(Permission.INBOX_DO)
    async def find_people(self, conversation: int) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            self.people = await notes.colleagues(session, actor, conversation)

    @rx.event
    @requires(Permission.CONTACTS_SEE)
    async def find_contacts(self, words: str) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            self.contacts = await inbox.shareable(session, actor, words)

    @rx.event
    @requires(Permission.INBOX_DO)
    def read_place(self, text: str) -> None:
        try:
            self.place = FoundPlace(asked=text, error="", **inbox.read_place(text))
        except Invalid as refusal:
            self.place = FoundPlace(asked=text, latitude=0, longitude=0, error=refusal.message)
