"""Files of messages that are not there."""

from __future__ import annotations

import reflex as rx
from reflex.event import EventSpec

from state.base import Feedback, actor_of
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services import media


class MessageFiles(rx.State):
    """Holds nothing: what became of a file is seen in the thread."""

    @rx.event
    @requires(Permission.INBOX_DO)
    async def fetch_again(self, key: str) -> EventSpec:
        process, actor = runtime.get(), await actor_of(self)
        async with process.db.write() as session:
            await media.fetch_again(session, actor, process.settings.media_dir, key)
        return Feedback.say("info", "The file is being fetched.")
