"""A campaign while somebody makes it: kept step by step, checked as a whole, and never overwritten unseen."""

from __future__ import annotations

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession
from typing_extensions import TypedDict  # what pydantic validates, below Python 3.12

from wapto_app.clock import utcnow
from wapto_app.db import touch
from wapto_app.models import Account, Campaign, CampaignState, CampaignVariant, LatePolicy
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import audit
from wapto_app.services.campaigns import audience as audiences
from wapto_app.services.campaigns import timing
from wapto_app.services.campaigns.audience import Audience
from wapto_app.services.campaigns.draft_parts import (
    LABELS,
    VariantForm,
    check_test,
    checked_variants,
    chooser,
    editor,
    note_edit,
    of_id,
    open_draft,
    store_variants,
    stored,
    variant_form,
    variants,
    version_of,
)
from wapto_app.services.campaigns.problems import problems
from wapto_app.services.campaigns.topics import LIST as TOPIC
from wapto_app.services.errors import Conflict, Invalid
from wapto_app.services.naming import name_of
from wapto_app.services.plans import Gate, ensure_gate, owner_zone
from wapto_app.services.segments import upkeep

__all__ = [
    "LABELS",
    "NAME_MAX",
    "AudienceForm",
    "ContentForm",
    "DraftForm",
    "TimingForm",
    "VariantForm",
    "chooser",
    "create",
    "delete",
    "draft",
    "duplicate",
    "of_id",
    "problems",
    "rename",
    "save_audience",
    "save_content",
    "save_timing",
    "variants",
]

NAME_MAX = 120
RATE_MAX = 1_000.0


class AudienceForm(TypedDict):
    """``version`` of this and the other forms is that of the draft they were filled in for."""

    version: str
    audience: Audience


class ContentForm(TypedDict):
    """One variant, or two to four that are tested against each other on ``test_share`` percent of the people.

    ``decide_after`` minutes later the best by ``winner_by`` (``read`` or ``reply``) goes to the rest.
    """

    version: str
    channel_id: int
    variants: list[VariantForm]
    test_share: int
    winner_by: str
    decide_after: int


class TimingForm(TypedDict):
    """``run_at`` is a wall clock in ``time_zone`` ("2026-05-03T09:30"), empty for as soon as it is started.

    ``is_local``: at that clock in each recipient's own zone. ``quiet_from`` and ``quiet_until`` are "HH:MM" on the
    recipient's clock or empty. ``rate`` is messages per second, 0 for what the number may.
    """

    version: str
    run_at: str
    time_zone: str
    is_local: bool
    quiet_from: str
    quiet_until: str
    late_policy: str
    rate: float


class DraftForm(TypedDict):
    """Everything of a campaign that can be chosen. ``edited_by`` is the name of who changed it last."""

    id: int
    version: str
    name: str
    state: str
    edited_by: str
    audience: Audience
    channel_id: int
    variants: list[VariantForm]
    test_share: int
    winner_by: str
    decide_after: int
    run_at: str
    time_zone: str
    is_local: bool
    quiet_from: str
    quiet_until: str
    late_policy: str
    rate: float


async def create(session: AsyncSession, actor: Actor, name: str = "") -> int:
    """Begin a campaign; its id. Without a name it gets one.

    Raises:
        Invalid: the name cannot be one.
        NotInPlan: the plan has no campaigns.
    """
    actor.require(Permission.CAMPAIGNS_DO)
    await ensure_gate(session, Gate.CAMPAIGNS)
    zone = await _own_zone(session, actor)
    chosen = name_of("name", name, NAME_MAX) if name.strip() else day_name(utcnow(), zone)
    campaign = Campaign(
        name=chosen, time_zone=zone, created_by=actor.account_id, audience=stored(actor, audiences.nobody())
    )
    session.add(campaign)
    await session.flush()
    session.add(CampaignVariant(campaign_id=campaign.id or 0, label=LABELS[0]))
    audit.record(session, actor, "campaign.created", f"campaign:{campaign.id}", name=campaign.name)
    touch(session, TOPIC)
    return campaign.id or 0


async def draft(session: AsyncSession, actor: Actor, campaign_id: int) -> DraftForm:
    """What was chosen so far, also of a campaign that has started. Raises NotFound."""
    actor.require(Permission.CAMPAIGNS_SEE)
    campaign = await of_id(session, campaign_id)
    zone = timing.zone_of_name(campaign.time_zone)
    return DraftForm(
        id=campaign_id,
        version=version_of(campaign),
        name=campaign.name,
        state=campaign.state.value,
        edited_by=await editor(session, campaign),
        audience=audiences.read(campaign.audience),
        channel_id=campaign.channel_id or 0,
        variants=[variant_form(each) for each in await variants(session, campaign_id)],
        test_share=campaign.test_share,
        winner_by=campaign.winner_by,
        decide_after=campaign.decide_after,
        run_at=timing.wall(campaign.run_at, zone).isoformat("T", "minutes") if campaign.run_at else "",
        time_zone=campaign.time_zone,
        is_local=campaign.is_local,
        quiet_from=campaign.quiet_from,
        quiet_until=campaign.quiet_until,
        late_policy=campaign.late_policy.value,
        rate=campaign.rate or 0.0,
    )


async def save_audience(session: AsyncSession, actor: Actor, campaign_id: int, form: AudienceForm) -> str:
    """Keep who gets it; the new version of the draft. They are chosen among those whom the actor may see.

    Raises:
        Invalid: naming the part that makes no sense.
        Conflict: somebody changed the draft since, or it was started.
        NotFound: it is gone.
    """
    actor.require(Permission.CAMPAIGNS_DO)
    campaign = await open_draft(session, campaign_id, form["version"])
    campaign.audience = stored(actor, audiences.read(form["audience"]))
    return await _keep(session, actor, campaign, "audience")


async def save_content(session: AsyncSession, actor: Actor, campaign_id: int, form: ContentForm) -> str:
    """Keep what is sent; the new version of the draft. It may be incomplete: ``problems`` says what is missing.

    Raises:
        Invalid, Conflict, NotFound: as ``save_audience``. The field of a rule is ``<label>.<slot key>``.
    """
    actor.require(Permission.CAMPAIGNS_DO)
    campaign = await open_draft(session, campaign_id, form["version"])
    checked = checked_variants(form["variants"])
    is_test = len(checked) > 1
    if is_test:
        check_test(form["test_share"], form["winner_by"], form["decide_after"])
    campaign.channel_id = form["channel_id"] or None
    campaign.test_share = form["test_share"] if is_test else 0
    campaign.winner_by = form["winner_by"] if is_test else ""
    campaign.decide_after = form["decide_after"] if is_test else 0
    await store_variants(session, campaign_id, checked)
    return await _keep(session, actor, campaign, "content")


async def save_timing(session: AsyncSession, actor: Actor, campaign_id: int, form: TimingForm) -> str:
    """Keep when it is sent and how fast; the new version of the draft.

    Raises:
        Invalid, Conflict, NotFound: as ``save_audience``.
    """
    actor.require(Permission.CAMPAIGNS_DO)
    campaign = await open_draft(session, campaign_id, form["version"])
    campaign.time_zone = timing.clean_zone(form["time_zone"])
    zone = timing.zone_of_name(campaign.time_zone)
    campaign.run_at = timing.moment(timing.clean_wall(form["run_at"]), zone) if form["run_at"] else None
    campaign.is_local = form["is_local"] and campaign.run_at is not None
    campaign.quiet_from = timing.clean_clock("quiet_from", form["quiet_from"])
    campaign.quiet_until = timing.clean_clock("quiet_until", form["quiet_until"])
    if form["late_policy"] not in list(LatePolicy):
        raise Invalid("late_policy", "Choose what happens when Wapto was off at that time.")
    campaign.late_policy = LatePolicy(form["late_policy"])
    if not 0 <= form["rate"] <= RATE_MAX:
        raise Invalid(
            "rate", f"Write how many messages a second, up to {RATE_MAX:,.0f}; 0 for no limit of yours."
        )
    campaign.rate = form["rate"] or None
    return await _keep(session, actor, campaign, "timing")


async def rename(session: AsyncSession, actor: Actor, campaign_id: int, name: str) -> str:
    """Give it another name, whatever its state; that name. Raises Invalid, NotFound."""
    actor.require(Permission.CAMPAIGNS_DO)
    campaign = await of_id(session, campaign_id)
    campaign.name = name_of("name", name, NAME_MAX)
    session.add(campaign)
    audit.record(session, actor, "campaign.renamed", f"campaign:{campaign_id}", name=campaign.name)
    touch(session, TOPIC, f"campaign:{campaign_id}")
    return campaign.name


async def duplicate(session: AsyncSession, actor: Actor, campaign_id: int) -> int:
    """A draft with the same choices, to be sent at once; its id.

    Raises:
        NotFound: it is gone.
        NotInPlan: the plan has no campaigns.
    """
    actor.require(Permission.CAMPAIGNS_DO)
    await ensure_gate(session, Gate.CAMPAIGNS)
    original = await of_id(session, campaign_id)
    same = ("channel_id", "time_zone", "quiet_from", "quiet_until", "late_policy", "rate")
    test = ("test_share", "winner_by", "decide_after")
    made = Campaign(
        name=f"{original.name[: NAME_MAX - 7].rstrip()} (copy)",
        audience=stored(actor, audiences.read(original.audience)),
        copied_from=campaign_id,
        created_by=actor.account_id,
        **{name: getattr(original, name) for name in (*same, *test)},
    )
    session.add(made)
    await session.flush()
    for each in await variants(session, campaign_id):
        kept = {name: getattr(each, name) for name in VariantForm.__annotations__}
        session.add(CampaignVariant(campaign_id=made.id or 0, **kept))
    audit.record(
        session, actor, "campaign.created", f"campaign:{made.id}", name=made.name, copy_of=campaign_id
    )
    touch(session, TOPIC)
    return made.id or 0


async def delete(session: AsyncSession, actor: Actor, campaign_id: int) -> str:
    """Remove a campaign that is not under way, with its figures; its name. What was sent stays with the contacts, and
    segments that ask for it say that it is gone.

    Raises:
        Conflict: it is under way.
        NotFound: it is gone.
    """
    actor.require(Permission.CAMPAIGNS_DO)
    campaign = await of_id(session, campaign_id, lock=True)
    if campaign.state not in (CampaignState.DRAFT, CampaignState.FINISHED, CampaignState.CANCELLED):
        raise Conflict("This campaign is under way. Cancel it first.")
    await upkeep.forget_campaign(session, campaign_id, campaign.name)
    await session.delete(campaign)
    audit.record(session, actor, "campaign.deleted", f"campaign:{campaign_id}", name=campaign.name)
    touch(session, TOPIC, f"campaign:{campaign_id}")
    return campaign.name


async def _keep(session: AsyncSession, actor: Actor, campaign: Campaign, step: str) -> str:
    note_edit(campaign, actor)
    session.add(campaign)
    audit.record(session, actor, "campaign.changed", f"campaign:{campaign.id}", name=campaign.name, step=step)
    touch(session, TOPIC, f"campaign:{campaign.id}")
    return version_of(campaign)


async def _own_zone(session: AsyncSession, actor: Actor) -> str:
    account = await session.get(Account, actor.account_id or 0)
    return account.time_zone if account is not None else await owner_zone(session)


def day_name(at: datetime, time_zone: str) -> str:
    """What a campaign is called that was begun at this moment and that nobody named."""
    day: datetime = at.astimezone(timing.zone_of_name(time_zone))
    return f"Campaign of {day.day} {day:%B %Y}"
