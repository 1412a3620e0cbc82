"""The mail server, a test of it, and the log of mails. Its password is typed into a form that a route answers."""

from __future__ import annotations

import reflex as rx
from reflex.event import EventSpec
from typing_extensions import TypedDict

from state.base import Feedback, actor_of, success, watch
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services import mail
from wapto_app.services.errors import Conflict
from wapto_app.services.mail import MailRow, ServerView

_NONE = ServerView(
    source="", host="", port="", scheme="smtp+starttls", username="", sender="", has_password=False
)


class TrialForm(TypedDict):
    """What the test form sends."""

    to: str


class MailServerSettings(rx.State):
    """``trial_error`` is why the test failed; ``trial_to`` where it went when it did not."""

    loaded: bool = False
    server: ServerView = _NONE
    trying: bool = False
    trial_error: str = ""
    trial_to: str = ""

    @rx.event
    @requires(Permission.ADMIN)
    async def load(self) -> EventSpec:
        await self._read()
        self.trial_error, self.trial_to = "", ""
        return Feedback.clear()

    @rx.event
    @requires(Permission.ADMIN)
    async def saved(self) -> EventSpec:
        await self._read()
        self.trial_error, self.trial_to = "", ""
        return success("The mail server is saved. Send a test to see whether it works.")

    @rx.event
    @requires(Permission.ADMIN)
    async def forget(self) -> EventSpec:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            await mail.forget_server(session, actor)
        await self._read()
        return success("The mail server is removed.")

    @rx.event(background=True)
    @requires(Permission.ADMIN)
    async def try_out(self, form: TrialForm) -> EventSpec:
        async with self:
            actor, self.trying, self.trial_error, self.trial_to = await actor_of(self), True, "", ""
        process, error = runtime.get(), ""
        try:
            await mail.try_out(process.db, actor, process.secrets, process.settings, form["to"])
        except Conflict as refused:
            error = refused.message
        finally:
            async with self:
                self.trying = False
        async with self:
            self.trial_error, self.trial_to = error, "" if error else form["to"].strip()
        return Feedback.clear()

    async def _read(self) -> None:
        actor, process = await actor_of(self), runtime.get()
        async with process.db.read() as session:
            self.server = await mail.server_view(session, actor, process.settings)
        self.loaded = True


class MailJournal(rx.State):
    """Pages of the log by key; new mails appear by themselves on the first one."""

    loaded: bool = False
    rows: list[MailRow] = []
    search: str = ""
    has_older: bool = False
    has_newer: bool = False
    _before: int = 0
    _after: int = 0

    @rx.event
    @requires(Permission.ADMIN)
    async def load(self) -> None:
        watch(self, MailJournal.changed, [mail.TOPIC])
        self.search, self._before, self._after = "", 0, 0
        await self._show()

    @rx.event
    @requires(Permission.ADMIN)
    async def changed(self) -> None:
        await self._show()

    @rx.event
    @requires(Permission.ADMIN)
    async def find(self, text: str) -> None:
        self.search, self._before, self._after = text[:200], 0, 0
        await self._show()

    @rx.event
    @requires(Permission.ADMIN)
    async def older(self) -> None:
        self._before, self._after = (self.rows[-1]["id"] if self.rows else 0), 0
        await self._show()

    @rx.event
    @requires(Permission.ADMIN)
    async def newer(self) -> None:
        self._before, self._after = 0, (self.rows[0]["id"] if self.rows else 0)
        await self._show()

    @rx.event
    @requires(Permission.ADMIN)
    async def resend(self, mail_id: int) -> EventSpec:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            to = await mail.resend(session, actor, mail_id)
        return success(f"The mail to {to} is tried again now.")

    async def _show(self) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            page = await mail.log_page(
                session, actor, search=self.search, before=self._before, after=self._after
            )
        self.rows, self.has_older, self.has_newer = page["rows"], page["has_older"], page["has_newer"]
        self.loaded = True
