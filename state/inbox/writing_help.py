"""What the composer asks for while somebody writes."""

from __future__ import annotations

from typing import TypedDict

import reflex as rx

from state.base import actor_of
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services import inbox, notes
from wapto_app.services.errors import Invalid
from wapto_app.services.inbox import ShareableContact
from wapto_app.services.notes import Colleague


class FoundPlace(TypedDict):
    """What ``asked`` stands for: a place in degrees, or why it is none."""

    asked: str
    latitude: float
    longitude: float
    error: str


NO_PLACE = FoundPlace(asked="", latitude=0, longitude=0, error="")


class WritingHelp(rx.State):
    """Empty until it is asked for."""

    people: list[Colleague] = []
    contacts: list[ShareableContact] = []
    place: FoundPlace = NO_PLACE

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
