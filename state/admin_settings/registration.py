"""Who may join, and how long an invitation works."""

from __future__ import annotations

import reflex as rx
from reflex.event import EventSpec
from typing_extensions import TypedDict

from state.base import Feedback, actor_of, success
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services import accounts, invitations


class RegistrationForm(TypedDict):
    """What the form sends."""

    invite_days: str


class RegistrationSettings(rx.State):
    loaded: bool = False
    is_open: bool = False
    invite_days: int = 7

    @rx.event
    @requires(Permission.ADMIN)
    async def load(self) -> EventSpec:
        async with runtime.get().db.read() as session:
            self.is_open = (await accounts.access(session))["registration_open"]
            self.invite_days = await invitations.days(session)
        self.loaded = True
        return Feedback.clear()

    @rx.event
    @requires(Permission.ADMIN)
    async def save(self, form: RegistrationForm) -> list[EventSpec]:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            self.invite_days = await invitations.set_days(session, actor, form["invite_days"])
        return [Feedback.clear(), success("New invitations follow this from now on.")]
