"""How long things are kept: counted first, saved when that was seen."""

from __future__ import annotations

import reflex as rx
from reflex.event import EventSpec
from typing_extensions import TypedDict

from state.base import Feedback, actor_of, success
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services import retention
from wapto_app.services.backup.create import readable_bytes
from wapto_app.services.retention import Counts, Rules


class RetentionForm(TypedDict):
    """What the form sends: days, empty for ever."""

    webhooks_days: str
    media_days: str
    audit_days: str
    mail_days: str


class RetentionSettings(rx.State):
    """``asking``: the counts of what the new rules would remove are in sight."""

    loaded: bool = False
    rules: Rules = retention.DEFAULT
    counts: Counts = Counts(webhooks=0, media=0, media_bytes=0, audit=0, mail=0)
    media_size: str = ""
    asking: bool = False
    _wanted: Rules = retention.DEFAULT

    @rx.event
    @requires(Permission.ADMIN)
    async def load(self) -> EventSpec:
        (await actor_of(self)).require(Permission.ADMIN)
        async with runtime.get().db.read() as session:
            self.rules = await retention.rules(session)
        self.loaded, self.asking = True, False
        return Feedback.clear()

    @rx.event
    @requires(Permission.ADMIN)
    async def count(self, form: RetentionForm) -> EventSpec:
        actor, wanted = await actor_of(self), retention.clean(form)
        async with runtime.get().db.read() as session:
            self.counts = await retention.preview(session, actor, wanted)
        self.media_size = readable_bytes(self.counts["media_bytes"])
        self._wanted, self.asking = wanted, True
        return Feedback.clear()

    @rx.event
    @requires(Permission.ADMIN)
    def stop_asking(self) -> None:
        self.asking = False

    @rx.event
    @requires(Permission.ADMIN)
    async def save(self) -> EventSpec:
        actor, wanted, self.asking = await actor_of(self), self._wanted, False
        async with runtime.get().db.write() as session:
            await retention.save(session, actor, wanted)
        self.rules = wanted
        return success("Saved. What is too old is removed within the hour.")
