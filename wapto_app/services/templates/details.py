"""All about one template."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, TypedDict

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.clock import utcnow
from wapto_app.db import fetch
from wapto_app.models import (
    Account,
    Campaign,
    CampaignTally,
    CampaignVariant,
    Message,
    MessageStatus,
    Template,
    TemplateEvent,
)
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services.errors import NotFound
from wapto_app.services.templates.advice import Advice, advise
from wapto_app.services.templates.anatomy import Form, describe
from wapto_app.services.templates.drafts import DRAFT, form_in, why_not_editable
from wapto_app.services.templates.listing import ListedTemplate, rows_of
from wapto_app.services.templates.rules import TemplateForm, in_words

LATELY = timedelta(days=30)
_EVENTS = 100
_SIBLINGS = 100
_REACHED = {
    "sent": ("sent", "delivered", "read"),
    "delivered": ("delivered", "read"),
    "read": ("read",),
}


class EventRow(TypedDict):
    """``kind`` as ``TemplateEventKind``; ``by`` is empty for what Meta told. ``at`` is ISO 8601."""

    id: int
    kind: str
    before: str
    after: str
    detail: str
    by: str
    at: str


class Sibling(TypedDict):
    """The same name in another language."""

    id: int
    language: str
    language_words: str
    status: str


class Sendings(TypedDict):
    """How many messages of the last 30 days were sent, and of these delivered and read."""

    sent: int
    delivered: int
    read: int


class May(TypedDict):
    """What the actor can do with it now. ``edit_why`` says why not, empty when they can or may not anyway."""

    edit: bool
    submit: bool
    delete: bool
    edit_why: str


class Details(TypedDict):
    """Everything about one. ``form`` is what Meta has, ``draft`` what the editor would begin with."""

    row: ListedTemplate
    form: Form
    draft: TemplateForm
    components: list[dict[str, Any]]
    parameter_format: str
    sample_files: dict[str, str]
    previous_category: str
    correct_category: str
    meta_id: str
    author: str
    submitted_at: str
    created_at: str
    gone: bool
    advice: list[Advice]
    events: list[EventRow]
    siblings: list[Sibling]
    lately: Sendings
    may: May


async def details(session: AsyncSession, actor: Actor, template_id: int) -> Details:
    """All about one, also one that Meta does not list any more. Raises NotFound."""
    actor.require(Permission.TEMPLATES_SEE)
    template = await session.get(Template, template_id)
    if template is None:
        raise NotFound("template")
    return Details(
        row=(await rows_of(session, [template]))[0],
        form=describe(template),
        draft=form_in(template),
        components=list(template.components),
        parameter_format=template.parameter_format,
        sample_files=dict(template.sample_files),
        previous_category=template.previous_category,
        correct_category=template.correct_category,
        meta_id=template.meta_id,
        author=await _name_of(session, template.author_id),
        submitted_at=_iso(template.submitted_at),
        created_at=_iso(template.created_at),
        gone=template.gone_at is not None,
        advice=advise(template),
        events=await _events(session, template_id),
        siblings=await _siblings(session, template),
        lately=await sent_lately(session, [template_id]),
        may=_may(actor, template),
    )


async def sent_lately(session: AsyncSession, template_ids: list[int]) -> Sendings:
    """Messages of these templates in the last 30 days, those of campaigns by the tallies that these keep."""
    m, since = Message, utcnow() - LATELY
    single = (
        sa.select(col(m.status), sa.func.count())
        .where(col(m.template_id).in_(template_ids), col(m.at) >= since)
        .group_by(col(m.status))
    )
    counts: dict[str, int] = {}
    for status, count in await fetch(session, single):
        counts[MessageStatus(status).value] = count
    t = CampaignTally
    of_campaigns = (
        sa.select(col(t.state), sa.func.sum(col(t.count)))
        .join(CampaignVariant, col(CampaignVariant.id) == col(t.variant_id))
        .join(Campaign, col(Campaign.id) == col(t.campaign_id))
        .where(col(CampaignVariant.template_id).in_(template_ids), col(Campaign.started_at) >= since)
        .group_by(col(t.state))
    )
    for state, count in await fetch(session, of_campaigns):
        counts[state] = counts.get(state, 0) + int(count or 0)
    reached = {name: sum(counts.get(each, 0) for each in states) for name, states in _REACHED.items()}
    return Sendings(sent=reached["sent"], delivered=reached["delivered"], read=reached["read"])


def _may(actor: Actor, template: Template) -> May:
    why = why_not_editable(template.status)
    if template.gone_at is not None:
        why = "This template does not exist at WhatsApp any more."
    allowed = actor.may(Permission.TEMPLATES_DO)
    waits = template.status == DRAFT or template.draft_components is not None
    return May(
        edit=allowed and not why,
        submit=allowed and not why and waits,
        # Meta: a disabled template cannot be deleted.
        delete=allowed and template.gone_at is None and template.status != "DISABLED",
        edit_why=why if allowed else "",
    )


async def _siblings(session: AsyncSession, template: Template) -> list[Sibling]:
    t = Template
    query = (
        select(t.id, t.language, t.status)
        .where(t.waba_id == template.waba_id, t.name == template.name, t.id != template.id)
        .where(col(t.gone_at).is_(None))
        .order_by(col(t.language))
        .limit(_SIBLINGS)
    )
    return [
        Sibling(id=found or 0, language=language, language_words=in_words(language), status=status)
        for found, language, status in await session.exec(query)
    ]


async def _events(session: AsyncSession, template_id: int) -> list[EventRow]:
    e = TemplateEvent
    columns = [col(each) for each in (e.id, e.kind, e.before, e.after, e.detail, e.at)]
    query = (
        sa.select(*columns, col(Account.name).label("by"))
        .select_from(e)
        .outerjoin(Account, col(Account.id) == col(e.author_id))
        .where(col(e.template_id) == template_id)
        .order_by(col(e.id).desc())
        .limit(_EVENTS)
    )
    return [
        EventRow(
            id=row.id,
            kind=row.kind.value,
            before=row.before,
            after=row.after,
            detail=row.detail,
            by=row.by or "",
            at=row.at.isoformat(),
        )
        for row in await fetch(session, query)
    ]


async def _name_of(session: AsyncSession, account_id: int | None) -> str:
    found = await session.exec(select(Account.name).where(Account.id == account_id))
    return found.first() or ""


def _iso(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""
