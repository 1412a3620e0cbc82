"""The tags to choose from, fetched when a picker opens."""

from __future__ import annotations

import reflex as rx

from state.base import actor_of
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services import tags
from wapto_app.services.tags import TagChip


class TagChoices(rx.State):
    """One for all pickers of a tab: only one is open at a time."""

    all: list[TagChip] = []
    loading: bool = True

    @rx.event
    @requires(Permission.CONTACTS_SEE)
    async def load(self) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            self.all = await tags.choices(session, actor)
        self.loading = False
