"""The operator's table of accounts."""

from __future__ import annotations

import reflex as rx
from reflex.event import EventSpec
from typing_extensions import TypedDict

from state.base import Feedback, actor_of, success, watch
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services import accounts, invitations
from wapto_app.services.accounts import TOPIC, AccountRow


class InviteForm(TypedDict):
    """What the form sends."""

    email: str


class Accounts(rx.State):
    """``link`` is shown once, to be handed over, and forgotten when its dialog closes."""

    loaded: bool = False
    rows: list[AccountRow] = []
    search: str = ""
    inviting: bool = False
    leaving_id: int = 0
    leaving_name: str = ""
    link: str = ""
    link_for: str = ""
    link_mailed: bool = False

    @rx.event
    @requires(Permission.ADMIN)
    async def load(self) -> None:
        watch(self, Accounts.changed, [TOPIC])
        await self._show()

    @rx.event
    @requires(Permission.ADMIN)
    async def changed(self) -> None:
        await self._show()

    @rx.event
    @requires(Permission.ADMIN)
    async def find(self, text: str) -> None:
        self.search = text[:200]
        await self._show()

    @rx.event
    @requires(Permission.ADMIN)
    async def start_inviting(self) -> EventSpec:
        self.inviting = True
        return Feedback.clear()

    @rx.event
    @requires(Permission.ADMIN)
    async def stop_inviting(self) -> None:
        self.inviting = False

    @rx.event
    @requires(Permission.ADMIN)
    async def invite(self, form: InviteForm) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            path = await accounts.invite(session, actor, form["email"])
            self.link_mailed = await invitations.mail_link(
                session, actor, form["email"], path, runtime.get().settings
            )
        self.inviting = False
        self._hand_over(path, form["email"].strip())

    @rx.event
    @requires(Permission.ADMIN)
    async def make_link(self, account_id: int, email: str) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            path = await accounts.access_link(session, actor, account_id)
        self._hand_over(path, email)

    @rx.event
    @requires(Permission.ADMIN)
    async def forget_link(self) -> None:
        self.link, self.link_for, self.link_mailed = "", "", False

    @rx.event
    @requires(Permission.ADMIN)
    async def ask_to_deactivate(self, account_id: int, name: str) -> None:
        self.leaving_id, self.leaving_name = account_id, name

    @rx.event
    @requires(Permission.ADMIN)
    async def do_not_deactivate(self) -> None:
        self.leaving_id, self.leaving_name = 0, ""

    @rx.event
    @requires(Permission.ADMIN)
    async def set_active(self, account_id: int, active: bool) -> EventSpec:
        self.leaving_id, self.leaving_name = 0, ""
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            name = await accounts.set_active(session, actor, account_id, active=active)
        return success(
            f"{name} can sign in again." if active else f"{name} is signed out and cannot sign in."
        )

    @rx.event
    @requires(Permission.ADMIN)
    async def withdraw(self, account_id: int) -> EventSpec:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            await accounts.withdraw_invitation(session, actor, account_id)
        return success("The invitation is withdrawn.")

    def _hand_over(self, path: str, email: str) -> None:
        # A link for a person must lead where their browser can go: the public address, else where we are.
        self.link = (runtime.get().settings.public_url or self.router.url.origin) + path
        self.link_for = email

    async def _show(self) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            self.rows = await accounts.list_accounts(session, actor, self.search)
        self.loaded = True
