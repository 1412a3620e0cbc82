"""What the frame of every page shows: who is signed in, how the numbers are, what is unread."""

from __future__ import annotations

from typing import Any

import reflex as rx
from sqlmodel.ext.asyncio.session import AsyncSession

from state.base import actor_of, watch
from state.notifications import Notifications
from wapto_app import runtime
from wapto_app.models import ChannelStatus
from wapto_app.security.permissions import Actor, Permission
from wapto_app.security.policy import requires
from wapto_app.services import channels, inbox, profile
from wapto_app.services.channels import ChannelSummary
from wapto_app.services.sessions import own_topics
from wapto_app.services.sign_in import home


class Shell(rx.State):
    """Filled by ``load``, the first ``on_load`` of every page behind the sign-in.

    ``viewed`` is through whose eyes this browser looks; empty for one's own.
    """

    name: str = ""
    email: str = ""
    role: str = ""
    locale: str = ""
    is_admin: bool = False
    home: str = "/"
    permissions: list[str] = []
    numbers: list[ChannelSummary] = []
    connected: int = 0
    broken: int = 0
    unread: int = 0
    viewed: str = ""
    duty: str = ""
    loaded: bool = False

    @rx.event
    @requires(Permission.SIGNED_IN)
    async def load(self) -> Any:
        actor = await actor_of(self)
        watch(self, Shell.changed, ["channels", "inbox", *own_topics(actor)])
        await self._show(actor)
        is_there = self.router.url.path.rstrip("/") == actor.duty.path
        return rx.redirect(actor.duty.path) if actor.duty and not is_there else Notifications.load

    @rx.event
    @requires(Permission.SIGNED_IN)
    async def changed(self) -> None:
        await self._show(await actor_of(self))

    async def _show(self, actor: Actor) -> None:
        async with runtime.get().db.read() as session:
            person = await profile.load(session, actor)
            self.numbers = await channels.summary(session, actor)
            self.unread = await _unread_total(session, actor)
        self.name, self.email, self.role = person["name"], person["email"], person["role"]
        self.locale, self.is_admin = person["locale"], person["is_admin"]
        self.permissions, self.home = sorted(actor.permissions), home(actor.permissions)
        self.viewed = actor.name if actor.is_looking else ""
        self.duty = actor.duty.value
        self.connected = sum(number["status"] == ChannelStatus.CONNECTED for number in self.numbers)
        self.broken = len(self.numbers) - self.connected
        self.loaded = True


async def _unread_total(session: AsyncSession, actor: Actor) -> int:
    if not actor.may(Permission.INBOX_SEE):
        return 0
    return await inbox.unread_total(session, actor)
