"""What people do with campaigns: start, schedule, pause, resume, cancel, answer, try failed ones again.

Every step is one ``UPDATE … WHERE state IN``: of two people who press at the same moment one has the effect, and the
other is told what happened. The engine (``jobs.campaigns``) is woken by the commit.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, TypedDict

import sqlalchemy as sa
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.clock import utcnow
from wapto_app.db import touch
from wapto_app.models import Campaign, CampaignState, Channel, ChannelStatus
from wapto_app.models.base import table_of
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import audit, plans
from wapto_app.services.campaigns import drafts, guarding, retrying, topics, winner
from wapto_app.services.campaigns.causes import Cause, told
from wapto_app.services.campaigns.retrying import Retried, Which
from wapto_app.services.campaigns.sweeping import cancel_waiting
from wapto_app.services.campaigns.taking_back import take_back
from wapto_app.services.errors import Conflict, Invalid, NotConnected, NotFound

S = CampaignState
campaign, channel = table_of(Campaign), table_of(Channel)

_ALREADY = {
    S.DRAFT: "This campaign is a draft: it has not been started.",
    S.SCHEDULED: "This campaign is scheduled already.",
    S.ASKING: "This campaign waits for an answer: its time passed while Wapto was off.",
    S.BUILDING: "This campaign is starting: its list of recipients is being made.",
    S.RUNNING: "This campaign is running already.",
    S.PAUSED: "This campaign is paused already.",
    S.FINISHED: "This campaign is finished.",
    S.CANCELLED: "This campaign was cancelled.",
}


class TakenBack(TypedDict):
    """``taken_back``: messages that had been queued and have not left; they wait again."""

    taken_back: int


async def start(session: AsyncSession, actor: Actor, campaign_id: int) -> None:
    """Send a draft now, or a scheduled one earlier than planned.

    Raises:
        NotFound: there is no such campaign.
        Invalid: something is missing; the field is the step.
        Conflict: it has been started, by somebody else perhaps.
        NotInPlan, LimitReached: the plan.
    """
    actor.require(Permission.CAMPAIGNS_DO)
    before = await _state(session, campaign_id)
    if before is not S.SCHEDULED:
        await _ensure_allowed(session, actor, campaign_id, before)
    now = {"started_at": utcnow(), "run_at": None, "is_local": False}
    await _move(session, campaign_id, (S.DRAFT, S.SCHEDULED), S.BUILDING, **now)
    audit.record(session, actor, "campaign.started", f"campaign:{campaign_id}")


async def schedule(session: AsyncSession, actor: Actor, campaign_id: int) -> datetime:
    """Let a draft start at the moment that its timing says; that moment.

    Raises:
        Invalid: something is missing, or the moment has passed; the field is the step.
        NotFound, Conflict, NotInPlan, LimitReached.
    """
    actor.require(Permission.CAMPAIGNS_DO)
    before = await _state(session, campaign_id)
    await _ensure_allowed(session, actor, campaign_id, before)
    row = await _row(session, campaign_id, campaign.c.run_at)
    if row.run_at is None:
        raise Invalid("timing", "Choose when the campaign starts.")
    if row.run_at <= utcnow():
        raise Invalid("timing", "This moment has passed. Choose a later one, or send the campaign now.")
    await _move(session, campaign_id, (S.DRAFT,), S.SCHEDULED)
    audit.record(session, actor, "campaign.scheduled", f"campaign:{campaign_id}", at=row.run_at.isoformat())
    run_at: datetime = row.run_at
    return run_at


async def unschedule(session: AsyncSession, actor: Actor, campaign_id: int) -> None:
    """Make a scheduled campaign a draft again. Raises NotFound, Conflict."""
    actor.require(Permission.CAMPAIGNS_DO)
    await _move(session, campaign_id, (S.SCHEDULED,), S.DRAFT)
    await plans.give_back(session, plans.Limit.CAMPAIGNS)
    audit.record(session, actor, "campaign.unscheduled", f"campaign:{campaign_id}")


async def pause(session: AsyncSession, actor: Actor, campaign_id: int) -> TakenBack:
    """Stop sending. What has left stays sent; what is queued waits again. Raises NotFound, Conflict."""
    actor.require(Permission.CAMPAIGNS_DO)
    cleared = {"pause_cause": "", "pause_detail": "", "waiting_until": None}
    await _move(session, campaign_id, (S.RUNNING,), S.PAUSED, **cleared)
    connection = await session.connection()
    taken = await connection.run_sync(take_back, campaign_id)
    audit.record(session, actor, "campaign.paused", f"campaign:{campaign_id}", taken_back=taken)
    return TakenBack(taken_back=taken)


async def resume(session: AsyncSession, actor: Actor, campaign_id: int) -> None:
    """Go on after a pause, or at once while it waits by itself.

    Raises:
        Conflict: what stopped it is still so; or it is not paused.
        NotFound, NotInPlan.
    """
    actor.require(Permission.CAMPAIGNS_DO)
    row = await _row(session, campaign_id, campaign.c.state, campaign.c.waiting_until, campaign.c.pause_cause)
    await plans.ensure_gate(session, plans.Gate.CAMPAIGNS)
    await _ensure_possible(session, campaign_id)
    cleared = {"pause_cause": "", "pause_detail": "", "waiting_until": None}
    if row.state is S.RUNNING and row.waiting_until is not None:
        await _move(session, campaign_id, (S.RUNNING,), S.RUNNING, **cleared)
    else:
        unbuilt = row.pause_cause == Cause.BUILDING
        await _move(session, campaign_id, (S.PAUSED,), S.BUILDING if unbuilt else S.RUNNING, **cleared)
    audit.record(session, actor, "campaign.resumed", f"campaign:{campaign_id}")


async def cancel(session: AsyncSession, actor: Actor, campaign_id: int) -> TakenBack:
    """End it for good: nobody gets it any more, what was sent stays sent. Raises NotFound, Conflict."""
    actor.require(Permission.CAMPAIGNS_DO)
    before = (S.SCHEDULED, S.ASKING, S.BUILDING, S.RUNNING, S.PAUSED)
    await _move(session, campaign_id, before, S.CANCELLED, waiting_until=None, finished_at=utcnow())
    connection = await session.connection()
    taken = await connection.run_sync(take_back, campaign_id)
    # The first thousands here, the rest follows in the background.
    await connection.run_sync(cancel_waiting, campaign_id)
    audit.record(session, actor, "campaign.cancelled", f"campaign:{campaign_id}", taken_back=taken)
    return TakenBack(taken_back=taken)


async def answer_late(session: AsyncSession, actor: Actor, campaign_id: int, *, send: bool) -> None:
    """Decide about a campaign whose time passed while Wapto was off: send it now, or make it a draft again.

    Raises:
        Conflict: it does not ask, or somebody has answered.
        NotFound.
    """
    actor.require(Permission.CAMPAIGNS_DO)
    if send:
        await _ensure_possible(session, campaign_id)
        await _move(session, campaign_id, (S.ASKING,), S.BUILDING, started_at=utcnow())
    else:
        await _move(session, campaign_id, (S.ASKING,), S.DRAFT)
        await plans.give_back(session, plans.Limit.CAMPAIGNS)
    audit.record(session, actor, "campaign.answered", f"campaign:{campaign_id}", send=send)


async def retry(
    session: AsyncSession, actor: Actor, campaign_id: int, which: Which, *, also_unconfirmed: bool = False
) -> Retried:
    """Send failed messages again, as new ones. A finished campaign runs again for it.

    Whoever opted out, is blocked or stopped marketing is left out, and so is whom WhatsApp spared (131049) less than a
    day ago. Unconfirmed ones, which may have arrived, only when asked for.

    Raises:
        Conflict: the campaign was cancelled or has not been started.
        NotFound.
    """
    actor.require(Permission.CAMPAIGNS_DO)
    before = await _state(session, campaign_id)
    after = S.PAUSED if before is S.PAUSED else S.RUNNING
    await _move(session, campaign_id, (S.RUNNING, S.PAUSED, S.FINISHED), after, finished_at=None)
    connection = await session.connection()
    retried = await connection.run_sync(retrying.retry, campaign_id, which, also_unconfirmed)
    if not retried["again"] and before is S.FINISHED:
        await _move(session, campaign_id, (S.RUNNING,), S.FINISHED, finished_at=utcnow())
    audit.record(session, actor, "campaign.retried", f"campaign:{campaign_id}", **retried)
    return retried


async def choose_winner(session: AsyncSession, actor: Actor, campaign_id: int, label: str) -> None:
    """Let the rest of an A/B campaign get this variant, now, whatever the figures say.

    Raises:
        Conflict: nobody waits for a winner, or it has been chosen.
        NotFound.
    """
    actor.require(Permission.CAMPAIGNS_DO)
    await _row(session, campaign_id, campaign.c.id)
    connection = await session.connection()
    if not await connection.run_sync(winner.choose, campaign_id, label):
        raise Conflict("The rest of this campaign does not wait for a winner any more.")
    audit.record(session, actor, "campaign.winner", f"campaign:{campaign_id}", label=label)
    _told(session, campaign_id)


# --- the state machine


async def _move(
    session: AsyncSession,
    campaign_id: int,
    before: Iterable[CampaignState],
    after: CampaignState,
    **values: Any,
) -> None:
    """From one of these states to another, or say in which it is. The row stays locked until the commit."""
    connection = await session.connection()
    moved = await connection.execute(
        campaign.update()
        .where(campaign.c.id == campaign_id, campaign.c.state.in_(tuple(before)))
        .values(state=after, updated_at=utcnow(), **values)
    )
    if not moved.rowcount:
        raise Conflict(_ALREADY[await _state(session, campaign_id)])
    _told(session, campaign_id)


def _told(session: AsyncSession, campaign_id: int) -> None:
    touch(session, topics.LIST, topics.of(campaign_id), topics.DUE)


async def _row(session: AsyncSession, campaign_id: int, *columns: sa.ColumnElement[Any]) -> Any:
    connection = await session.connection()
    row = (await connection.execute(sa.select(*columns).where(campaign.c.id == campaign_id))).first()
    if row is None:
        raise NotFound("campaign")
    return row


async def _state(session: AsyncSession, campaign_id: int) -> CampaignState:
    return CampaignState((await _row(session, campaign_id, campaign.c.state)).state)


async def _ensure_allowed(
    session: AsyncSession, actor: Actor, campaign_id: int, before: CampaignState
) -> None:
    """Everything that must be right before a draft may go out; it is counted in the plan."""
    if before is not S.DRAFT:
        raise Conflict(_ALREADY[before])
    await plans.ensure_gate(session, plans.Gate.CAMPAIGNS)
    for step, wrong in (await drafts.problems(session, actor, campaign_id)).items():
        for sentence in wrong.values():
            raise Invalid(step, sentence)
    await _ensure_possible(session, campaign_id)
    await plans.use(session, plans.Limit.CAMPAIGNS)


async def _ensure_possible(session: AsyncSession, campaign_id: int) -> None:
    """The number is connected and the template may be sent: it would stop at once otherwise."""
    row = await _row(session, campaign_id, campaign.c.channel_id)
    connection = await session.connection()
    found = await connection.execute(sa.select(channel.c.status).where(channel.c.id == row.channel_id))
    if found.scalar() is not ChannelStatus.CONNECTED:
        raise NotConnected
    if wrong := await connection.run_sync(guarding.of_templates, [campaign_id]):
        sentences = told(wrong[0].cause, wrong[0].detail)
        raise Conflict(sentences["words"])
