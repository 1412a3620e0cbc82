"""What the pages before the sign-in must know: whether they are open, and whether a one-time link works."""

from __future__ import annotations

import reflex as rx
from reflex.event import EventSpec

from wapto_app import runtime
from wapto_app.models import LinkPurpose
from wapto_app.security import cookies
from wapto_app.security.policy import public
from wapto_app.services import accounts, links, mail, sign_in
from wapto_app.services.links import LinkDead


class Access(rx.State):
    """Nothing here tells whether somebody has an account."""

    checked: bool = False
    setup_needed: bool = False
    registration_open: bool = False
    mail_on: bool = False
    has_link: bool = False
    link_problem: str = ""
    link_email: str = ""

    @rx.event
    @public
    async def open_login(self) -> EventSpec | None:
        actor = await cookies.actor_of(self.router.headers.cookie)
        if actor is not None:
            wanted = self.router.url.query_parameters.get("next", "")
            return rx.redirect(sign_in.landing(actor, wanted))
        await self._look()
        return None

    @rx.event
    @public
    async def open_setup(self) -> EventSpec | None:
        await self._look()
        if not self.setup_needed:
            return rx.redirect("/login")
        await self._try_link(LinkPurpose.SETUP, self._token_in_query())
        return None

    @rx.event
    @public
    async def open_reset(self) -> None:
        await self._look()
        self.has_link = bool(self._token_in_query())
        if self.has_link:
            await self._try_link(LinkPurpose.RESET, self._token_in_query())

    @rx.event
    @public
    async def open_invitation(self) -> None:
        await self._look()
        await self._try_link(LinkPurpose.INVITE, self.router.url.path.rstrip("/").rpartition("/")[2])

    def _token_in_query(self) -> str:
        return self.router.url.query_parameters.get("token", "")

    async def _look(self) -> None:
        async with runtime.get().db.read() as session:
            found = await accounts.access(session)
            self.mail_on = await mail.is_on(session, runtime.get().settings)
        self.setup_needed, self.registration_open = found["setup_needed"], found["registration_open"]
        self.has_link, self.link_problem, self.link_email = False, "", ""
        self.checked = True

    async def _try_link(self, purpose: LinkPurpose, token: str) -> None:
        async with runtime.get().db.read() as session:
            try:
                if purpose is LinkPurpose.INVITE:
                    self.link_email = await accounts.invited(session, token)
                elif purpose is LinkPurpose.RESET:
                    self.link_email = (await sign_in.resetting(session, token))[1]
                else:
                    await links.bearer(session, purpose, token)
            except LinkDead as dead:
                self.link_problem = dead.message
