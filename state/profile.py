"""One's own account, and where one is signed in."""

from __future__ import annotations

import reflex as rx
from reflex.event import EventSpec
from typing_extensions import TypedDict

from state.base import Feedback, actor_of, success, watch
from wapto_app import runtime
from wapto_app.security.permissions import Actor, Permission
from wapto_app.security.policy import requires
from wapto_app.services import outbox, profile, sessions
from wapto_app.services.sessions import SessionRow, own_topics


class ProfileForm(TypedDict):
    """What the form sends."""

    name: str
    locale: str
    time_zone: str


class Profile(rx.State):
    """Passwords are not here: their forms are answered by routes."""

    loaded: bool = False
    name: str = ""
    email: str = ""
    role: str = ""
    is_admin: bool = False
    locale: str = "en"
    time_zone: str = "UTC"
    sessions: list[SessionRow] = []
    undo_send: bool = True

    @rx.event
    @requires(Permission.SIGNED_IN)
    async def load(self) -> None:
        actor = await actor_of(self)
        watch(self, Profile.changed, own_topics(actor))
        await self._show(actor)

    @rx.event
    @requires(Permission.SIGNED_IN)
    async def changed(self) -> None:
        await self._show(await actor_of(self))

    @rx.event
    @requires(Permission.SELF_DO)
    async def save(self, form: ProfileForm) -> list[EventSpec]:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            await profile.update(session, actor, **form)
        return [Feedback.clear(), success("Your profile is saved.")]

    @rx.event
    @requires(Permission.SELF_DO)
    async def choose_undo(self, on: bool) -> EventSpec:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            await outbox.choose_undo(session, actor, on=on)
        self.undo_send = on
        if on:
            return success("Your messages wait five seconds, and can be taken back.")
        return success("Your messages leave at once.")

    @rx.event
    @requires(Permission.SELF_DO)
    async def email_changed(self) -> EventSpec:
        return success("Sign in with your new e-mail address from now on.")

    @rx.event
    @requires(Permission.SELF_DO)
    async def password_changed(self) -> EventSpec:
        return success("Your password is changed. Your other devices are signed out.")

    @rx.event
    @requires(Permission.SELF_DO)
    async def end_session(self, session_id: int) -> EventSpec:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            await sessions.end_own_session(session, actor, session_id)
        return success("This device is signed out.")

    @rx.event
    @requires(Permission.SELF_DO)
    async def end_all_sessions(self) -> EventSpec:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            await sessions.end_own_sessions(session, actor)
        return rx.redirect("/login")

    async def _show(self, actor: Actor) -> None:
        async with runtime.get().db.read() as session:
            own = await profile.load(session, actor)
            self.sessions = await sessions.list_sessions(session, actor)
            self.undo_send = await outbox.undo_choice(session, actor)
        self.name, self.email, self.role = own["name"], own["email"], own["role"]
        self.is_admin, self.locale, self.time_zone = own["is_admin"], own["locale"], own["time_zone"]
        self.loaded = True
