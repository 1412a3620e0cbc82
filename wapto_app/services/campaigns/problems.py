"""What keeps a draft from being sent, by the step where it is mended."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.clock import utcnow
from wapto_app.db import fetch
from wapto_app.models import (
    Campaign,
    CampaignUpload,
    Channel,
    ChannelStatus,
    CustomField,
    Segment,
    Tag,
    Template,
)
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import plans
from wapto_app.services.campaigns import audience as audiences
from wapto_app.services.campaigns import rules, template_files
from wapto_app.services.campaigns.audience import Audience
from wapto_app.services.campaigns.draft_parts import chooser, of_id, variants
from wapto_app.services.campaigns.lacking import bare_rules
from wapto_app.services.campaigns.mapping import columns_of
from wapto_app.services.campaigns.timing import begins_at, zone_of_name
from wapto_app.services.campaigns.usage import GONE
from wapto_app.services.errors import Conflict, DomainError
from wapto_app.services.plans import Gate, Limit
from wapto_app.services.templates import describe
from wapto_app.services.templates.words import say

Problems = dict[str, dict[str, str]]
STEPS = ("audience", "content", "timing", "review")


async def problems(session: AsyncSession, actor: Actor, campaign_id: int) -> Problems:
    """By step (``STEPS``), then by field: a sentence each. Nothing at all: it can be sent.

    Fields of ``content`` are ``channel`` and, for each variant, ``A.template``, ``A.media``, ``A.cards.0.media`` and
    ``A.<slot key>``.
    """
    actor.require(Permission.CAMPAIGNS_SEE)
    campaign = await of_id(session, campaign_id)
    found = {
        "audience": await _audience(session, campaign),
        "content": await _content(session, campaign),
        "timing": _timing(campaign),
        "review": await _plan(session),
    }
    return {step: sentences for step, sentences in found.items() if sentences}


async def _audience(session: AsyncSession, campaign: Campaign) -> dict[str, str]:
    wanted = audiences.read(campaign.audience)
    if audiences.is_empty(wanted):
        return {"audience": say("Choose who gets this campaign.")}
    if notes := campaign.audience.get(GONE):
        return {"audience": notes[0]}
    if gone := await _gone(session, wanted):
        return gone
    try:
        eyes = await chooser(session, campaign) or Actor.system()
    except Conflict as conflict:
        return {"audience": conflict.message}
    own = await variants(session, campaign.id or 0)
    ids = [each.template_id or 0 for each in own]
    bare = await bare_rules(session, campaign.id or 0)
    summary = await audiences.summary(session, eyes, wanted, others=ids, sample=0, bare=bare)
    if not summary["people"]:
        return {"audience": say("Nobody is in this audience.")}
    if not summary["sendable"]:
        return {"audience": say("Nobody of this audience can get the campaign. See why below.")}
    if len(own) > 1 and summary["sendable"] * campaign.test_share < 100 * len(own):
        return {
            "audience": say(
                "These are too few people to test variants on. Test on all of them, or send one variant."
            )
        }
    if summary["new"]:
        return await _room(session, summary["new"])
    return {}


async def _gone(session: AsyncSession, wanted: Audience) -> dict[str, str]:
    """Parts that were deleted since they were chosen."""
    found: dict[str, str] = {}
    exclusion = say("A segment of the exclusions was deleted. Take it out, or choose another.")
    for name, column, sentence in (
        ("tags", Tag.id, say("A tag of this audience was deleted. Take it out, or choose another.")),
        ("segments", Segment.id, say("A segment of this audience was deleted. Take it out, or choose another.")),
        ("without_tags", Tag.id, say("A tag of the exclusions was deleted. Take it out, or choose another.")),
        ("without_segments", Segment.id, exclusion),
        ("uploads", CampaignUpload.key, say("A file of this audience was removed. Upload it again.")),
    ):  # fmt: skip
        ids: Any = wanted[name]  # type: ignore[literal-required]
        query = sa.select(sa.func.count()).where(col(column).in_(ids))
        if ids and (await fetch(session, query))[0][0] < len(ids):
            found[name] = sentence
    return found


async def _room(session: AsyncSession, new: int) -> dict[str, str]:
    room = await plans.room(session, Limit.CONTACTS)
    if room.limit < 0 or room.used + new <= room.limit:
        return {}
    left = max(0, room.limit - room.used)
    return {
        "uploads": say(
            f"{new:,} numbers of the files are no contacts yet, and your plan has room for {left:,} more. "
            "Choose a larger plan, or a shorter file."
        )
    }


async def _content(session: AsyncSession, campaign: Campaign) -> dict[str, str]:
    channel = await session.get(Channel, campaign.channel_id or 0)
    found: dict[str, str] = {}
    if channel is None:
        found["channel"] = say("Choose the number that sends.")
    elif channel.status is not ChannelStatus.CONNECTED:
        found["channel"] = say(
            "This number is not connected. Reconnect it under Integrations, or choose another."
        )
    fields = {row[0] for row in await fetch(session, sa.select(col(CustomField.key)))}
    columns = await columns_of(session, campaign.audience)
    zone, starts = zone_of_name(campaign.time_zone), max(begins_at(campaign), utcnow())
    waba_id = channel.waba_id if channel is not None else ""
    for variant in await variants(session, campaign.id or 0):
        template = await session.get(Template, variant.template_id or 0)
        wrong = _template(template, waba_id)
        if template is not None and not wrong:
            wrong = await template_files.problems(session, variant, template)
            wrong |= rules.problems(
                template,
                rules.read(variant.mapping),
                fields=fields,
                columns=columns,
                zone=zone,
                starts=starts,
            )
        found |= {f"{variant.label}.{field}": sentence for field, sentence in wrong.items()}
    return found


def _template(template: Template | None, waba_id: str) -> dict[str, str]:
    if template is None:
        return {"template": say("Choose a template.")}
    if waba_id and template.waba_id != waba_id:
        return {
            "template": say(
                "This template belongs to another WhatsApp account. Choose one of the number's account."
            )
        }
    if template.gone_at is not None:
        return {"template": say("This template does not exist at WhatsApp any more. Choose another one.")}
    if template.status != "APPROVED":
        return {"template": say("WhatsApp has not approved this template. Choose an approved one.")}
    problem = describe(template)["problem"]
    return {"template": problem} if problem else {}


def _timing(campaign: Campaign) -> dict[str, str]:
    found: dict[str, str] = {}
    if bool(campaign.quiet_from) != bool(campaign.quiet_until):
        missing = "quiet_until" if campaign.quiet_from else "quiet_from"
        found[missing] = say("Say both, when the quiet hours begin and when they end.")
    elif campaign.quiet_from and campaign.quiet_from == campaign.quiet_until:
        found["quiet_until"] = say("The quiet hours must end at another time than they begin.")
    if campaign.run_at is not None and campaign.run_at <= utcnow():
        found["run_at"] = say("This time has passed. Choose another, or send it at once.")
    return found


async def _plan(session: AsyncSession) -> dict[str, str]:
    try:
        await plans.ensure_gate(session, Gate.CAMPAIGNS)
        await plans.ensure_room(session, Limit.CAMPAIGNS)
    except DomainError as error:
        return {"plan": error.message}
    return {}
