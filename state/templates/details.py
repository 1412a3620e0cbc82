"""The page of one template."""

from __future__ import annotations

import reflex as rx
from reflex.event import EventSpec

from state.base import Feedback, actor_of, watch
from state.templates.closing import close_dialogs
from state.templates.editing import SampleFile, files_of
from state.templates.paths import template_in
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services import templates
from wapto_app.services.errors import NotFound
from wapto_app.services.templates import Details


class TemplateDetails(rx.State):
    """``found`` is None until it is loaded, and for what is not there. ``files`` are by place.

    ``business`` is the name of the number that customers see.
    """

    loaded: bool = False
    template_id: int = 0
    found: Details | None = None
    business: str = ""
    files: dict[str, SampleFile] = {}

    @rx.event
    @requires(Permission.TEMPLATES_SEE)
    async def load(self) -> EventSpec:
        watch(self, TemplateDetails.changed, [templates.TOPIC])
        self.template_id, self.loaded = template_in(str(self.router.url.path)), False
        await close_dialogs(self)
        await self._show()
        return Feedback.clear()

    @rx.event
    @requires(Permission.TEMPLATES_SEE)
    async def changed(self) -> None:
        await self._show()

    async def _show(self) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            try:
                found = await templates.details(session, actor, self.template_id)
                accounts = (await templates.standing(session, actor))["accounts"]
                by_key = await files_of(session, actor, found["sample_files"])
            except NotFound:
                self.found, self.files, self.loaded = None, {}, True
                return
        samples = found["sample_files"].items()
        own = [each["name"] for each in accounts if each["waba_id"] == found["row"]["waba_id"]]
        self.business = own[0] if own else ""
        self.files = {place: by_key[key] for place, key in samples if key in by_key}
        self.found, self.loaded = found, True
