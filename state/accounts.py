"""The operator's table of accounts."""

from __future__ import annotations

import reflex as rx
from reflex.event import EventSpec
from typing_extensions import TypedDict

from state.base import Feedback, actor_of, success, watch
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services import account_list, accounts, invitations
from wapto_app.services.account_list import AccountRow, Cursor, Filter
from wapto_app.services.accounts import TOPIC


class InviteForm(TypedDict):
    """What the form sends."""

    email: str


class Accounts(rx.State):
    """``link`` is shown once, to be handed over, and forgotten when its dialog closes."""

    loaded: bool = False
    rows: list[AccountRow] = []
    search: str = ""
    role: str = ""
    status: str = ""
    total: int = 0
    page: int = 0
    has_more: bool = False
    inviting: bool = False
    leaving_id: int = 0
    leaving_name: str = ""
    link: str = ""
    link_for: str = ""
    link_mailed: bool = False
    crowned_id: int = 0
    crowned_name: str = ""
    crown: bool = False
    # Where each page up to the shown one begins, and the next.
    _cursors: list[Cursor | None] = [None]

    @rx.event
    @requires(Permission.ADMIN)
    async def load(self) -> None:
        watch(self, Accounts.changed, [TOPIC])
        self.inviting, self.leaving_id, self.crowned_id = False, 0, 0
        await self._show()

    @rx.event
    @requires(Permission.ADMIN)
    async def changed(self) -> None:
        await self._show()

    @rx.event
    @requires(Permission.ADMIN)
    async def find(self, text: str) -> None:
        self.search = text[:200]
        await self._begin()

    @rx.event
    @requires(Permission.ADMIN)
    async def show_role(self, role: str) -> None:
        self.role = role[:16]
        await self._begin()

    @rx.event
    @requires(Permission.ADMIN)
    async def show_status(self, status: str) -> None:
        self.status = status[:16]
        await self._begin()

    @rx.event
    @requires(Permission.ADMIN)
    async def next_page(self) -> None:
        if self.has_more:
            self.page += 1
            await self._show()

    @rx.event
    @requires(Permission.ADMIN)
    async def previous_page(self) -> None:
        if self.page:
            self.page -= 1
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
    async def ask_about_admin(self, account_id: int, name: str, admin: bool) -> None:
        self.crowned_id, self.crowned_name, self.crown = account_id, name, admin

    @rx.event
    @requires(Permission.ADMIN)
    async def leave_as_it_is(self) -> None:
        self.crowned_id, self.crowned_name = 0, ""

    @rx.event
    @requires(Permission.ADMIN)
    async def set_admin(self, account_id: int, admin: bool) -> EventSpec:
        self.crowned_id, self.crowned_name = 0, ""
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            name = await accounts.set_admin(session, actor, account_id, admin=admin)
        return success(f"{name} is an admin now." if admin else f"{name} is no admin any more.")

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

    async def _begin(self) -> None:
        """Show the first page of what is searched for."""
        self.page, self._cursors = 0, [None]
        await self._show()

    async def _show(self) -> None:
        actor = await actor_of(self)
        wanted = Filter(self.search, self.role, self.status)
        async with runtime.get().db.read() as session:
            found = await account_list.listing(session, actor, wanted, after=self._cursors[self.page])
        self.rows, self.total, self.has_more = found["rows"], found["total"], found["next"] is not None
        self._cursors = [*self._cursors[: self.page + 1], found["next"]]
        self.loaded = True
