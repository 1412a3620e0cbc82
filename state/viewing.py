"""Looking at the workspace through somebody else's eyes."""

from __future__ import annotations

import reflex as rx
from reflex.event import EventSpec

from state.base import actor_of
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services import sign_in, viewing


class Viewing(rx.State):
    """Holds nothing: who is looked at is known to the server, and shown by the frame."""

    @rx.event
    @requires(Permission.SELF_DO)
    async def start(self, account_id: int) -> EventSpec:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            page = sign_in.safe_path(str(self.router.url.path))
            other = await viewing.start(session, actor, account_id, return_to=page)
        return rx.redirect(sign_in.home(other.permissions))

    @rx.event
    @requires(Permission.SIGNED_IN)
    async def stop(self) -> EventSpec:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            page = await viewing.stop(session, actor)
        return rx.redirect(page or sign_in.home((await actor_of(self)).permissions))
