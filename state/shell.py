"""What the frame of every page shows: who is signed in, how the numbers are, what is unread."""

from __future__ import annotations

from typing import Any

import reflex as rx

from state.base import actor_of, follows, read_together, watch
from state.notifications import Notifications
from wapto_app import runtime
from wapto_app.models import ChannelStatus
from wapto_app.security.permissions import Actor, Permission
from wapto_app.security.policy import requires
from wapto_app.services import channels, inbox, profile
from wapto_app.services.channels import ChannelSummary
from wapto_app.services.plans import TOPIC as SUBSCRIPTION
from wapto_app.services.plans import overview
from wapto_app.services.plans.overview import NOTHING, PlanState
from wapto_app.services.sessions import own_topics
from wapto_app.services.sign_in import home
from wapto_app.services.visibility import scope

_OPEN_WHILE_LOCKED = ("/subscription", "/profile", "/admin")


class Shell(rx.State):
    """Filled by ``load``, the first ``on_load`` of every page behind the sign-in.

    ``viewed`` is through whose eyes this browser looks; empty for one's own.
    ``shut``: this page shows how to get a plan instead of itself. ``at_plans``: this is where plans are.
    ``hidden_warning``: the ``warning`` that was put away, until there is another one.
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
    plan: PlanState = NOTHING
    shut: bool = False
    at_plans: bool = False
    warning: str = ""
    hidden_warning: str = ""
    loaded: bool = False

    @rx.event
    @requires(Permission.SIGNED_IN)
    async def load(self) -> Any:
        actor = await actor_of(self)
        topics = ["channels", SUBSCRIPTION, *own_topics(actor)]
        is_new = not (self.loaded and follows(self, Shell.changed, topics))
        if is_new:
            watch(self, Shell.changed, topics)
            watch(self, Shell.counted, ["inbox"])
            await self._show(actor)
        else:
            self._look_where_we_are()
        if actor.duty and self.router.url.path.rstrip("/") != actor.duty.path:
            return rx.redirect(actor.duty.path)
        return Notifications.load if is_new else None

    @rx.event
    @requires(Permission.SIGNED_IN)
    async def changed(self) -> None:
        await self._show(await actor_of(self))

    @rx.event
    @requires(Permission.SIGNED_IN)
    async def counted(self) -> None:
        self.unread = await _unread_total(await actor_of(self))

    @rx.event
    @requires(Permission.SIGNED_IN)
    async def hide_warning(self) -> None:
        self.hidden_warning = self.warning

    async def _show(self, actor: Actor) -> None:
        async with runtime.get().db.read() as session:
            person = await profile.load(session, actor)
            self.numbers = await channels.summary(session, actor)
            self.plan = await overview.plan_state(session, actor)
        self.unread = await _unread_total(actor)
        self.name, self.email, self.role = person["name"], person["email"], person["role"]
        self.locale, self.is_admin = person["locale"], person["is_admin"]
        self.permissions, self.home = sorted(actor.permissions), home(actor.permissions)
        self.viewed = actor.name if actor.is_looking else ""
        self.duty = actor.duty.value
        self.connected = sum(number["status"] == ChannelStatus.CONNECTED for number in self.numbers)
        self.warning = f"{self.plan['warning']} {self.plan['level']}"
        self.broken = len(self.numbers) - self.connected
        self.loaded = True
        self._look_where_we_are()

    def _look_where_we_are(self) -> None:
        path = self.router.url.path
        self.shut = self.plan["locked"] and not path.startswith(_OPEN_WHILE_LOCKED)
        self.at_plans = path.startswith("/subscription")


async def _unread_total(actor: Actor) -> int:
    if not actor.may(Permission.INBOX_SEE):
        return 0
    return await read_together(("unread", scope(actor)), lambda session: inbox.unread_total(session, actor))
