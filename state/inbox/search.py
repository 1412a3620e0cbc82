"""Search in the left panel: people and their conversations, and messages."""

from __future__ import annotations

import reflex as rx

from state.base import actor_of
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services import inbox, search
from wapto_app.services.inbox import ConversationRow
from wapto_app.services.inbox.people import Silent, silent
from wapto_app.services.search import FoundMessage

_FIRST_PEOPLE = 5
_MOST_PEOPLE = 50
_MOST_MESSAGES = 200


class InboxSearch(rx.State):
    """``asked`` is what the results are for; while it is empty the list is shown."""

    asked: str = ""
    people: list[ConversationRow] = []
    silent: list[Silent] = []
    messages: list[FoundMessage] = []
    more_people: bool = False
    more_messages: bool = False
    _before: int = 0

    @rx.event(supersedes=True)
    @requires(Permission.INBOX_SEE)
    async def ask(self, text: str) -> None:
        await self._find(text.strip(), _FIRST_PEOPLE)

    @rx.event
    @requires(Permission.INBOX_SEE)
    async def all_people(self) -> None:
        await self._find(self.asked, _MOST_PEOPLE)

    async def _find(self, text: str, most: int) -> None:
        actor = await actor_of(self)
        if not text:
            self.asked, self.people, self.silent, self.messages = "", [], [], []
            self.more_people = self.more_messages = False
            return
        async with runtime.get().db.read() as session:
            found = await inbox.people(session, actor, text, limit=most + 1)
            self.silent = await silent(session, actor, text, limit=_FIRST_PEOPLE)
            page = await search.messages(session, actor, text)
        self.people, self.more_people = found[:most], len(found) > most and most < _MOST_PEOPLE
        self.messages, self._before = page["messages"], page["next_before"]
        self.asked, self.more_messages = text, page["next_before"] > 0

    @rx.event
    @requires(Permission.INBOX_SEE)
    async def more(self) -> None:
        if not self._before:
            return
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            page = await search.messages(session, actor, self.asked, before=self._before)
        self.messages, self._before = (
            [*self.messages, *page["messages"]][-_MOST_MESSAGES:],
            page["next_before"],
        )
        self.more_messages = page["next_before"] > 0
