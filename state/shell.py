"""What the frame of every page shows: who is signed in, how the numbers are, what is unread."""

from __future__ import annotations

import reflex as rx

from state.base import actor_of, follows, watch
from wapto_app import runtime
from wapto_app.models import ChannelStatus
from wapto_app.security.permissions import Actor, Permission
from wapto_app.security.policy import requires
from wapto_app.services import channels, inbox, profile
from wapto_app.services.channels import ChannelSummary
from wapto_app.services.sessions import account_topic
from wapto_app.services.sign_in import HOME
from wapto_app.services.visibility import scope


class Shell(rx.State):
    """Filled by ``load``, the first ``on_load`` of every page behind the sign-in."""

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
    loaded: bool = False

    @rx.event
    @requires(Permission.SIGNED_IN)
    async def load(self) -> None:
        actor = await actor_of(self)
        topics = ["channels", account_topic(actor.account_id)]
        if self.loaded and follows(self, Shell.changed, topics):
            return
        watch(self, Shell.changed, topics)
        watch(self, Shell.counted, ["inbox"])
        await self._show(actor)

    @rx.event
    @requires(Permission.SIGNED_IN)
    async def changed(self) -> None:
        await self._show(await actor_of(self))

    @rx.event
    @requires(Permission.SIGNED_IN)
    async def counted(self) -> None:
        self.unread = await _unread_total(await actor_of(self))

    async def _show(self, actor: Actor) -> None:
        async with runtime.get().db.read() as session:
            person = await profile.load(session, actor)
            self.numbers = await channels.summary(session, actor)
        self.unread = await _unread_total(actor)
        self.name, self.email, self.role = person["name"], person["email"], person["role"]
        self.locale, self.is_admin = person["locale"], person["is_admin"]
        self.permissions, self.home = sorted(actor.permissions), HOME[actor.role]
        self.connected = sum(number["status"] == ChannelStatus.CONNECTED for number in self.numbers)
        self.broken = len(self.numbers) - self.connected
        self.loaded = True


async def _unread_total(actor: Actor) -> int:
    if not actor.may(Permission.INBOX_SEE):
        return 0

    async def read() -> int:
        async with runtime.get().db.read() as session:
            return await inbox.unread_total(session, actor)

    return await runtime.get().inbox_reads.get(("unread", scope(actor)), read)
