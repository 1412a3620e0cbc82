"""The bell, its list, what this browser shows on the desktop, and what one wants to be told of."""

from __future__ import annotations

import reflex as rx
from reflex.event import EventSpec

from state.base import actor_of, watch
from wapto_app import runtime
from wapto_app.security.permissions import Actor, Permission
from wapto_app.security.policy import requires
from wapto_app.services import notifications
from wapto_app.services.notifications import Alert, ChoiceRow, NotificationRow, Seen


class Notifications(rx.State):
    """Loaded with every page; the rows only while the list is open."""

    unread: int = 0
    rows: list[NotificationRow] = []
    loaded: bool = False
    has_more: bool = False
    _is_open: bool = False
    _limit: int = notifications.PAGE

    @rx.event
    @requires(Permission.SIGNED_IN)
    async def load(self) -> EventSpec:
        actor = await actor_of(self)
        watch(self, Notifications.changed, [notifications.topic(actor.account_id)])
        await self._show(actor)
        return Desktop.load

    @rx.event
    @requires(Permission.SIGNED_IN)
    async def changed(self) -> EventSpec:
        await self._show(await actor_of(self))
        return Desktop.changed

    @rx.event
    @requires(Permission.SIGNED_IN)
    async def show(self, is_open: bool) -> None:
        self._is_open, self._limit = is_open, notifications.PAGE
        if is_open:
            await self._show(await actor_of(self))

    @rx.event
    @requires(Permission.SIGNED_IN)
    async def more(self) -> None:
        self._limit += notifications.PAGE
        await self._show(await actor_of(self))

    @rx.event
    @requires(Permission.SELF_DO)
    async def read(self, notification_id: int) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            await notifications.mark_read(session, actor, notification_id)

    @rx.event
    @requires(Permission.SELF_DO)
    async def read_all(self) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            await notifications.mark_all_read(session, actor)

    async def _show(self, actor: Actor) -> None:
        async with runtime.get().db.read() as session:
            self.unread = await notifications.unread_count(session, actor)
            if not self._is_open:
                return
            rows = await notifications.listing(session, actor, limit=self._limit + 1)
        self.has_more = len(rows) > self._limit
        self.rows, self.loaded = rows[: self._limit], True


class Desktop(rx.State):
    """What an open browser shows beside the page. Only who wants that listens to the inbox."""

    alerts: list[Alert] = []
    desktop: bool = False
    sound: bool = False
    choices: list[ChoiceRow] = []
    _seen: Seen | None = None

    @rx.event
    @requires(Permission.SIGNED_IN)
    async def load(self) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            chosen = await notifications.choices_of(session, actor)
            self._seen = self._seen or await notifications.seen_so_far(session, actor)
        self.desktop = chosen["desktop"] and not actor.is_looking
        self.sound, self.choices = chosen["sound"], chosen["rows"]
        watch(self, Desktop.changed, ["inbox"] if self.desktop else [])

    @rx.event
    @requires(Permission.SIGNED_IN)
    async def changed(self) -> None:
        if not self.desktop or self._seen is None:
            return
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            alerts, self._seen = await notifications.alerts(session, actor, self._seen)
        if alerts:
            self.alerts = alerts

    @rx.event
    @requires(Permission.SELF_DO)
    async def allow(self, wanted: bool) -> EventSpec:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            await notifications.set_desktop(session, actor, desktop=wanted, sound=self.sound)
        return Desktop.load

    @rx.event
    @requires(Permission.SELF_DO)
    async def set_sound(self, wanted: bool) -> EventSpec:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            await notifications.set_desktop(session, actor, desktop=self.desktop, sound=wanted)
        return Desktop.load

    @rx.event
    @requires(Permission.SELF_DO)
    async def choose(self, kind: str, way: str, wanted: bool) -> EventSpec:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            await notifications.save_choice(session, actor, kind, way, on=wanted)
        return Desktop.load
