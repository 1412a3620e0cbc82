"""What the frame of every page shows: who is signed in, how the numbers are, what is unread."""

from __future__ import annotations

import reflex as rx
from sqlmodel.ext.asyncio.session import AsyncSession

from state.base import actor_of, watch
from wapto_app import runtime
from wapto_app.models import ChannelStatus
from wapto_app.security.permissions import Actor, Permission
from wapto_app.security.policy import requires
from wapto_app.services import channels, inbox, profile
from wapto_app.services.channels import ChannelSummary
from wapto_app.services.plans import TOPIC as SUBSCRIPTION
from wapto_app.services.plans import overview
from wapto_app.services.plans.overview import NOTHING, PlanState
from wapto_app.services.sessions import account_topic
from wapto_app.services.sign_in import HOME

_OPEN_WHILE_LOCKED = ("/subscription", "/profile", "/admin")


class Shell(rx.State):
    """Filled by ``load``, the first ``on_load`` of every page behind the sign-in.

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
    plan: PlanState = NOTHING
    shut: bool = False
    at_plans: bool = False
    warning: str = ""
    hidden_warning: str = ""
    loaded: bool = False

    @rx.event
    @requires(Permission.SIGNED_IN)
    async def load(self) -> None:
        actor = await actor_of(self)
        watch(self, Shell.changed, ["channels", "inbox", SUBSCRIPTION, account_topic(actor.account_id)])
        await self._show(actor)

    @rx.event
    @requires(Permission.SIGNED_IN)
    async def changed(self) -> None:
        await self._show(await actor_of(self))

    @rx.event
    @requires(Permission.SIGNED_IN)
    async def hide_warning(self) -> None:
        self.hidden_warning = self.warning

    async def _show(self, actor: Actor) -> None:
        async with runtime.get().db.read() as session:
            person = await profile.load(session, actor)
            self.numbers = await channels.summary(session, actor)
            self.unread = await _unread_total(session, actor)
            self.plan = await overview.plan_state(session, actor)
        self.name, self.email, self.role = person["name"], person["email"], person["role"]
        self.locale, self.is_admin = person["locale"], person["is_admin"]
        self.permissions, self.home = sorted(actor.permissions), HOME[actor.role]
        self.connected = sum(number["status"] == ChannelStatus.CONNECTED for number in self.numbers)
        self.warning = f"{self.plan['warning']} {self.plan['level']}"
        path = self.router.url.path
        self.shut = self.plan["locked"] and not path.startswith(_OPEN_WHILE_LOCKED)
        self.at_plans = path.startswith("/subscription")
        self.broken = len(self.numbers) - self.connected
        self.loaded = True


async def _unread_total(session: AsyncSession, actor: Actor) -> int:
    if not actor.may(Permission.INBOX_SEE):
        return 0
    return await inbox.unread_total(session, actor)
