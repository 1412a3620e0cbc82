"""What is written in the open conversation, and what becomes of it."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TypedDict

import reflex as rx
from sqlmodel.ext.asyncio.session import AsyncSession

from state.base import actor_of
from state.inbox.paths import selected_in
from wapto_app import runtime
from wapto_app.security.permissions import Actor, Permission
from wapto_app.security.policy import requires
from wapto_app.services import drafts, inbox, notes, once, outbox, typing_sign
from wapto_app.services.drafts import Kept, KeptFile, Written
from wapto_app.services.errors import NotFound
from wapto_app.services.inbox import Outgoing

_REMEMBERED = 20


class SavedDraft(TypedDict):
    """What the server has of a conversation. ``clash``: it was written in another window since this one looked."""

    conversation: int
    text: str
    files: list[KeptFile]
    clash: bool


NO_DRAFT = SavedDraft(conversation=0, text="", files=[], clash=False)


async def _settle(
    session: AsyncSession, actor: Actor, conversation: int, message: Outgoing, before: Written
) -> Kept | None:
    """The draft went with the message, unless that is something that has a form of its own."""
    if "text" not in message:
        return None
    sent = Written(text=message["text"], files=message.get("files", []))
    return await drafts.settle(session, actor, conversation, sent, before=before)


class Composer(rx.State):
    """``answered`` counts what was heard, ``accepted`` what was taken; a refusal moves only the first.

    A ``ref`` names what is handed over. A browser that got no answer hands it over again under the same one, and it
    happens once, which the database remembers too. ``undo_seconds`` is how long the newest message can be taken back.
    """

    answered: int = 0
    accepted: int = 0
    undo_seconds: int = 0
    draft: SavedDraft = NO_DRAFT
    _done: list[str] = []
    _held: list[int] = []

    @rx.event
    @requires(Permission.INBOX_SEE)
    async def load(self) -> None:
        conversation, actor = selected_in(str(self.router.url.path)), await actor_of(self)
        self.draft = NO_DRAFT
        if conversation and actor.may(Permission.INBOX_DO):
            async with runtime.get().db.read() as session:
                kept = await drafts.of(session, actor, conversation)
            self.draft = SavedDraft(conversation=conversation, clash=False, **kept)

    @rx.event
    @requires(Permission.INBOX_DO)
    async def save_draft(self, conversation: int, written: Written, before: Written) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            newer = await drafts.replace(session, actor, conversation, written, before=before)
        self._show_newer(conversation, newer)

    def _show_newer(self, conversation: int, newer: Kept | None) -> None:
        if newer:
            self.draft = SavedDraft(conversation=conversation, clash=True, **newer)

    @rx.event
    @requires(Permission.INBOX_DO)
    async def send(self, conversation: int, ref: str, message: Outgoing, before: Written) -> None:
        """``before``: what this window has last saved of the box; it counts for what comes from the box."""
        if self._is_new(ref):
            actor, newer = await actor_of(self), None
            async with runtime.get().db.write() as session:
                hold = await outbox.hold_of(session, actor)
                if is_first := await once.is_first(session, actor, ref):
                    ids = await inbox.deliver(session, actor, conversation, message, hold=hold)
                    newer = await _settle(session, actor, conversation, message, before)
            self._keep(ids if is_first else [], hold)
            self._show_newer(conversation, newer)
        self._accept(ref)

    def _keep(self, ids: list[int], hold: timedelta) -> None:
        self._held = ids if hold else []
        self.undo_seconds = int(hold.total_seconds()) if self._held else 0
        self.draft = NO_DRAFT

    @rx.event(background=True)
    @requires(Permission.INBOX_DO)
    async def typing(self, conversation: int) -> None:
        """The browser tells every so many seconds; in the background, because Meta may take its time."""
        async with self:
            actor = await actor_of(self)
        process = runtime.get()
        with suppress(NotFound):
            await typing_sign.show(process.db, actor, process.gateway, conversation)

    @rx.event
    @requires(Permission.INBOX_DO)
    async def undo(self, ref: str) -> None:
        if self._is_new(ref):
            actor, ids = await actor_of(self), self._held
            async with runtime.get().db.write() as session:
                await inbox.take_back(session, actor, ids)
            self._held = []
        self._accept(ref)

    @rx.event
    @requires(Permission.INBOX_DO)
    async def note(self, conversation: int, ref: str, text: str, mentions: list[int]) -> None:
        if self._is_new(ref):
            actor = await actor_of(self)
            async with runtime.get().db.write() as session:
                if await once.is_first(session, actor, ref):
                    await notes.write(session, actor, conversation, text, mentions)
            self.undo_seconds = 0
        self._accept(ref)

    def _is_new(self, ref: str) -> bool:
        self.answered += 1
        return ref[: once.REF_MAX] not in self._done

    def _accept(self, ref: str) -> None:
        self._done = [*self._done, ref[: once.REF_MAX]][-_REMEMBERED:]
        self.accepted += 1
