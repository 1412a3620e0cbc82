"""Deleting templates, after a look at what uses them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, TypedDict

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from integrations.whatsapp.errors import GraphError, NoAnswer
from wapto_app.clock import utcnow
from wapto_app.db import Database, fetch, touch
from wapto_app.models import (
    Campaign,
    CampaignState,
    CampaignVariant,
    ScheduledMessage,
    ScheduledState,
    Template,
    TemplateEvent,
    TemplateEventKind,
)
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import audit
from wapto_app.services.errors import Conflict, NotFound
from wapto_app.services.gateway import Gateway
from wapto_app.services.templates.at_meta import NOT_THERE, graph_of, refusal
from wapto_app.services.templates.details import sent_lately
from wapto_app.services.templates.drafts import DRAFT, ensure_not_in_hand
from wapto_app.services.templates.topic import TOPIC

_ACTIVE = (CampaignState.BUILDING, CampaignState.RUNNING, CampaignState.PAUSED)
_SHOWN = 20


class UsingCampaign(TypedDict):
    id: int
    name: str
    state: str


class Usage(TypedDict):
    """What would miss a template. ``campaigns`` are the first of those that are not over; ``drafts``, ``scheduled`` and
    ``running`` count all of them. ``scheduled_messages`` are single messages that wait for their time, as themselves
    or with the template as their fallback. ``sent_lately`` counts messages of the last 30 days. ``languages`` are the
    others of the same name, which "all languages" deletes too. ``at_meta``: WhatsApp has it, so that its name is
    blocked for 30 days afterwards.
    """

    drafts: int
    scheduled: int
    running: int
    campaigns: list[UsingCampaign]
    scheduled_messages: int
    sent_lately: int
    languages: list[str]
    at_meta: bool


async def usage(session: AsyncSession, actor: Actor, template_id: int) -> Usage:
    """What uses it, for the question before it is deleted. Raises NotFound."""
    actor.require(Permission.TEMPLATES_SEE)
    template = await _known(session, template_id)
    counts, campaigns = await _campaigns(session, [template_id])
    return Usage(
        drafts=counts.get(CampaignState.DRAFT, 0),
        scheduled=counts.get(CampaignState.SCHEDULED, 0) + counts.get(CampaignState.ASKING, 0),
        running=sum(counts.get(each, 0) for each in _ACTIVE),
        campaigns=campaigns,
        scheduled_messages=await _waiting(session, [template_id]),
        sent_lately=(await sent_lately(session, [template_id]))["sent"],
        languages=[each.language for each in await _of_name(session, template) if each.id != template.id],
        at_meta=template.status != DRAFT,
    )


async def delete(
    db: Database, actor: Actor, gateway: Gateway, template_id: int, *, all_languages: bool = False
) -> int:
    """Delete it at Meta and here, or all languages of its name; how many. What was sent with it stays readable.

    Raises:
        NotFound: it is gone.
        Conflict: a campaign is sending it, Meta refuses (a disabled one cannot be deleted), or does not answer.
        NotConnected: its account has no connected number.
    """
    actor.require(Permission.TEMPLATES_DO)
    async with db.read() as session:
        template = await _known(session, template_id)
        doomed = await _of_name(session, template) if all_languages else [template]
        await _ensure_idle(session, doomed)
    at_meta = [each for each in doomed if each.status != DRAFT]
    if at_meta:
        graph = await graph_of(db, gateway, template.waba_id)
        try:
            # Meta: a name without an id is all its languages.
            only = None if all_languages else template.meta_id
            await graph.delete_template(template.waba_id, template.name, template_id=only)
        except GraphError as error:
            # Gone already, by an earlier time when the answer was lost or by another hand: that is what was wanted.
            if error.subcode != NOT_THERE:
                raise refusal(error) from None
        except NoAnswer as error:
            raise refusal(error) from None
    async with db.write() as session:
        await _forget(session, actor, [each.id for each in doomed])
        audit.record(session, actor, "template.deleted", f"template:{template_id}", name=template.name)
        touch(session, TOPIC)
    return len(doomed)


async def _known(session: AsyncSession, template_id: int) -> Template:
    query = select(Template).where(Template.id == template_id, col(Template.gone_at).is_(None))
    template = (await session.exec(query)).first()
    if template is None:
        raise NotFound("template")
    return template


async def _of_name(session: AsyncSession, template: Template) -> list[Template]:
    t = Template
    query = select(t).where(t.waba_id == template.waba_id, t.name == template.name, col(t.gone_at).is_(None))
    return list(await session.exec(query.order_by(col(t.language))))


async def _ensure_idle(session: AsyncSession, doomed: Collection[Template]) -> None:
    for each in doomed:
        ensure_not_in_hand(each, utcnow())
        if each.status == "DISABLED":
            raise Conflict("WhatsApp lets nobody delete a template that it disabled.")
    counts, campaigns = await _campaigns(session, [each.id or 0 for each in doomed])
    if sum(counts.get(each, 0) for each in _ACTIVE):
        active = {each.value for each in _ACTIVE}
        name = next((each["name"] for each in campaigns if each["state"] in active), "")
        raise Conflict(
            f"The campaign “{name}” is sending this template. Cancel it, or wait until it has finished."
        )


async def _forget(session: AsyncSession, actor: Actor, ids: Collection[int | None]) -> None:
    """A draft leaves no trace; what Meta had stays for the messages that were sent with it."""
    of_these = col(Template.id).in_(ids)
    await session.exec(sa.delete(Template).where(of_these, col(Template.status) == DRAFT))
    now = utcnow()
    for template in await session.exec(select(Template).where(of_these).with_for_update()):
        event = TemplateEvent(
            template_id=template.id or 0,
            kind=TemplateEventKind.STATUS,
            before=template.status,
            after="DELETED",
            author_id=actor.account_id,
            at=now,
        )
        session.add(event)
        template.status, template.gone_at, template.updated_at = "DELETED", template.gone_at or now, now
        template.draft_components, template.draft_category = None, ""
        session.add(template)


async def _campaigns(
    session: AsyncSession, template_ids: Collection[int]
) -> tuple[dict[CampaignState, int], list[UsingCampaign]]:
    """How many that are not over use these templates, by state, and the first of them."""
    c, v = Campaign, CampaignVariant
    over = (CampaignState.FINISHED, CampaignState.CANCELLED)
    using = sa.select(col(v.campaign_id)).where(col(v.template_id).in_(template_ids))
    query = (
        sa.select(col(c.id), col(c.name), col(c.state))
        .where(col(c.id).in_(using), col(c.state).not_in(over))
        .order_by(col(c.id).desc())
    )
    rows: Any = await fetch(session, query)
    counts: dict[CampaignState, int] = {}
    for row in rows:
        counts[row.state] = counts.get(row.state, 0) + 1
    # Those that send come first: they are why it cannot be deleted.
    ordered = sorted(rows, key=lambda row: row.state not in _ACTIVE)
    return counts, [
        UsingCampaign(id=row.id, name=row.name, state=row.state.value) for row in ordered[:_SHOWN]
    ]


async def _waiting(session: AsyncSession, template_ids: Collection[int]) -> int:
    """Messages that wait for their time: few enough to be read."""
    s = ScheduledMessage
    query = sa.select(col(s.content), col(s.fallback)).where(col(s.state) == ScheduledState.WAITING)
    wanted = set(template_ids)
    return sum(
        1
        for row in await fetch(session, query)
        if (row.content.get("template") or {}).get("id") in wanted or (row.fallback or {}).get("id") in wanted
    )
