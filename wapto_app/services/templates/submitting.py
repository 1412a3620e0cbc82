"""From a draft to Meta's review."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from integrations.whatsapp.errors import Ambiguous, GraphError, NoAnswer, WhatsAppError
from integrations.whatsapp.graph import GraphClient
from integrations.whatsapp.templates import CreatedTemplate
from wapto_app.clock import utcnow
from wapto_app.db import Database, touch
from wapto_app.log import get_logger
from wapto_app.models import LibraryFile, Template, TemplateEvent, TemplateEventKind
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services.errors import Conflict, Invalid, NotFound
from wapto_app.services.gateway import Gateway
from wapto_app.services.media import absolute
from wapto_app.services.templates.at_meta import EXISTS, graph_of, refusal
from wapto_app.services.templates.drafts import (
    DRAFT,
    FilePlace,
    ensure_editable,
    ensure_not_in_hand,
    file_places,
    form_in,
    locked,
)
from wapto_app.services.templates.rules import TemplateForm, problems
from wapto_app.services.templates.rules.shape import Json, objects_in
from wapto_app.services.templates.topic import TOPIC

log = get_logger(__name__)

EDITS_A_DAY, EDITS_IN_30_DAYS = 1, 10
"""Meta: how often an approved template may be edited."""


@dataclass(frozen=True, slots=True)
class _Sample:
    place: FilePlace
    path: str
    mime_type: str
    filename: str


@dataclass(frozen=True, slots=True)
class _Job:
    """What is submitted, as it was when the button was pressed."""

    template_id: int
    meta_id: str
    form: TemplateForm
    category: str
    """What Meta has; empty for a new one."""
    status: str
    samples: list[_Sample]
    began: datetime


async def submit(db: Database, actor: Actor, gateway: Gateway, media_dir: Path, template_id: int) -> None:
    """Hand a draft, or the edit of a template that Meta has, over for review. What was written stays until Meta has it.

    Raises:
        NotFound: it is gone.
        Invalid: ``field`` is the key of ``rules.problems``; ours, or what Meta says.
        Conflict: it is being submitted, cannot be edited, or WhatsApp does not answer.
        NotConnected: its account has no connected number.
    """
    actor.require(Permission.TEMPLATES_DO)
    async with db.write() as session:
        job = await _begin(session, template_id)
    try:
        graph = await graph_of(db, gateway, job.form["waba_id"])
        created = await _hand_over(graph, media_dir, job)
    except Ambiguous as error:
        # Meta may have it: the mark stays, so that a sync can tell before anybody tries again.
        raise refusal(error) from None
    except (GraphError, NoAnswer) as error:
        await _give_back(db, job)
        raise refusal(error) from None
    except BaseException:
        await _give_back(db, job)
        raise
    async with db.write() as session:
        await _settle(session, actor, job, created)


async def _begin(session: AsyncSession, template_id: int) -> _Job:
    """Everything is checked and marked as being submitted, so that of two clicks one submits."""
    template, now = await locked(session, template_id), utcnow()
    ensure_editable(template)
    is_new = template.status == DRAFT
    if not is_new and template.draft_components is None:
        raise Conflict("Nothing was changed. Edit the template first.")
    ensure_not_in_hand(template, now)
    form = form_in(template)
    if wrong := problems(form):
        field, sentence = next(iter(wrong.items()))
        raise Invalid(field, sentence)
    if template.status == "APPROVED":
        await _ensure_edits_left(session, template_id, now)
    samples = await _samples(session, form)
    template.submitting_at = now
    session.add(template)
    return _Job(
        template_id,
        template.meta_id,
        form,
        "" if is_new else template.category,
        template.status,
        samples,
        now,
    )


async def _ensure_edits_left(session: AsyncSession, template_id: int, now: datetime) -> None:
    """Meta: an approved template can be edited once in 24 hours and ten times in 30 days."""
    e = TemplateEvent
    query = (
        select(e.at)
        .where(e.template_id == template_id, e.kind == TemplateEventKind.EDITED, e.before == "APPROVED")
        .where(col(e.at) > now - timedelta(days=30))
        .order_by(col(e.at).desc())
    )
    edits = list(await session.exec(query.limit(EDITS_IN_30_DAYS)))
    again = [edits[0] + timedelta(days=1)] if edits else []
    if len(edits) >= EDITS_IN_30_DAYS:
        again.append(edits[-1] + timedelta(days=30))
    if again and max(again) > now:
        raise Conflict(
            "WhatsApp takes one edit of an approved template a day, and ten in 30 days. Your edit is kept; submit it "
            f"after {max(again):%Y-%m-%d %H:%M} UTC."
        )


async def _samples(session: AsyncSession, form: TemplateForm) -> list[_Sample]:
    places = file_places(form["components"])
    keys = [form["sample_files"].get(each.place, "") for each in places]
    found = await session.exec(select(LibraryFile).where(col(LibraryFile.key).in_(keys)))
    files = {file.key: file for file in found}
    samples = []
    for place, key in zip(places, keys, strict=True):
        if key not in files:
            raise Invalid(_file_field(place), "This file is no longer in the library. Choose another one.")
        file = files[key]
        samples.append(_Sample(place, file.path, file.mime_type, file.name))
    return samples


def _file_field(place: FilePlace) -> str:
    return "header.file" if place.place == "header" else f"{place.place}.header.file"


async def _hand_over(graph: GraphClient, media_dir: Path, job: _Job) -> CreatedTemplate:
    handles: dict[str, str] = {}
    for sample in job.samples:
        handles[sample.place.place] = await _upload(graph, media_dir, sample)
    components = with_handles(job.form["components"], handles)
    if job.category:
        changed = job.form["category"] if job.form["category"] != job.category else None
        await graph.edit_template(job.meta_id, components=components, category=changed)
        return CreatedTemplate(job.meta_id, "PENDING", job.form["category"])
    try:
        return await graph.create_template(
            job.form["waba_id"],
            name=job.form["name"],
            language=job.form["language"],
            category=job.form["category"],
            components=components,
            parameter_format=job.form["parameter_format"],
        )
    except (Ambiguous, GraphError) as error:
        if isinstance(error, GraphError) and error.subcode != EXISTS:
            raise
        # Meta may have taken it now, or an earlier time when its answer was lost.
        found = await _at_meta(graph, job)
        if found is None:
            raise
        return found


async def _upload(graph: GraphClient, media_dir: Path, sample: _Sample) -> str:
    try:
        data = await asyncio.to_thread(absolute(media_dir, sample.path).read_bytes)
    except (OSError, NotFound):
        raise Invalid(
            _file_field(sample.place), "This file is missing on the server. Choose another one."
        ) from None
    try:
        return await graph.upload_handle(data, sample.mime_type, sample.filename)
    except GraphError as error:
        if error.is_auth:
            raise
        said = error.user_message or error.details or error.message
        raise Invalid(_file_field(sample.place), f"WhatsApp refused the file: {said}") from None
    except Ambiguous as error:
        # Nothing but a sample may have arrived: it is safe to try again.
        raise NoAnswer(str(error)) from None


async def _at_meta(graph: GraphClient, job: _Job) -> CreatedTemplate | None:
    """Our own template if Meta has it already: the same name, language and texts."""
    try:
        page = await graph.templates(
            job.form["waba_id"], name=job.form["name"], language=job.form["language"]
        )
    except WhatsAppError:
        log.warning("templates.look_up_failed", template=job.template_id)
        return None
    for each in page.items:
        is_named = (each.name, each.language) == (job.form["name"], job.form["language"])
        if is_named and texts_of(each.components) == texts_of(job.form["components"]):
            return CreatedTemplate(each.id, each.status, each.category)
    return None


def texts_of(components: Any) -> list[str]:
    """What customers read, to tell whether two templates are the same."""
    return [
        str(each.get("text"))
        for each in components
        if each.get("type") in ("BODY", "FOOTER") and "text" in each
    ]


def with_handles(components: list[Json], handles: Mapping[str, str]) -> list[Json]:
    """Meta's components with the handles of the samples; by place, as in ``drafts.file_places``."""
    made = []
    for component in components:
        if component.get("type") == "HEADER" and "header" in handles:
            component = {**component, "example": {"header_handle": [handles["header"]]}}
        elif component.get("type") == "CAROUSEL":
            component = {**component, "cards": _cards(component, handles)}
        made.append(component)
    return made


def _cards(component: Json, handles: Mapping[str, str]) -> list[Json]:
    cards = []
    for place, card in enumerate(objects_in(component, "cards")):
        handle = handles.get(f"cards.{place}")
        own = {"header": handle} if handle else {}
        cards.append({"components": with_handles(objects_in(card, "components"), own)})
    return cards


async def _give_back(db: Database, job: _Job) -> None:
    async with db.write() as session:
        await session.exec(
            sa.update(Template)
            .where(col(Template.id) == job.template_id, col(Template.submitting_at) == job.began)
            .values(submitting_at=None)
        )


async def _settle(session: AsyncSession, actor: Actor, job: _Job, created: CreatedTemplate) -> None:
    """Meta has it. A webhook that was faster, and what somebody wrote meanwhile, is left as it is."""
    query = select(Template).where(Template.id == job.template_id).with_for_update()
    template = (await session.exec(query)).first()
    if template is None:
        return
    if template.status == job.status:
        template.status, template.category = created.status[:32], created.category[:32]
        template.rejected_reason, template.paused_until, template.updated_at = "", None, utcnow()
    template.meta_id, template.submitted_at, template.submitting_at = created.id[:32], job.began, None
    template.author_id, template.components = actor.account_id, job.form["components"]
    template.draft_components, template.draft_category = None, ""
    session.add(template)
    before = "" if job.status == DRAFT else job.status
    kind = TemplateEventKind.EDITED if before else TemplateEventKind.SUBMITTED
    session.add(_event(actor, job, kind, before, created.status))
    if job.form["category"] != created.category:
        template.previous_category = job.form["category"]
        session.add(_event(actor, job, TemplateEventKind.CATEGORY, job.form["category"], created.category))
    touch(session, TOPIC)


def _event(actor: Actor, job: _Job, kind: TemplateEventKind, before: str, after: str) -> TemplateEvent:
    return TemplateEvent(
        template_id=job.template_id,
        kind=kind,
        before=before[:32],
        after=after[:32],
        author_id=None if kind is TemplateEventKind.CATEGORY else actor.account_id,
        at=job.began,
    )
