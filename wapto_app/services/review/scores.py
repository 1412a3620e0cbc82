"""Scored reviews: how well an agent handled a conversation, in somebody's judgement."""

from __future__ import annotations

from typing import Any, TypedDict

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from integrations.whatsapp.webhooks.decoding import clean_text
from wapto_app.clock import utcnow
from wapto_app.db import fetch, touch
from wapto_app.models import Account, Contact, Conversation, DeskEvent, NotificationKind, Review, Role
from wapto_app.models.base import table_of
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import audit
from wapto_app.services.errors import Conflict, Forbidden, Invalid, NotFound
from wapto_app.services.inbox.conversations import phone_column
from wapto_app.services.masking import Mask, mask_in, masks
from wapto_app.services.notifications import notify
from wapto_app.services.review.behind import ensure_readable
from wapto_app.services.review.periods import Period
from wapto_app.services.review.rubric import POINTS, TOPIC, Criterion, criteria, criteria_in
from wapto_app.services.review.scope import customer, ensure_agent, readable_agent
from wapto_app.services.visibility import readable

event = table_of(DeskEvent)
NOTE_MAX = 2_000
_MOST = 100


class Score(TypedDict):
    key: str
    name: str
    weight: int
    points: int


class ReviewRow(TypedDict):
    """``total`` in hundredths. ``customer`` is empty when the actor may not see the conversation."""

    id: int
    conversation_id: int
    customer: str
    agent_id: int
    agent: str
    reviewer: str
    is_mine: bool
    may_delete: bool
    total: int
    scores: list[Score]
    note: str
    at: str
    is_edited: bool


async def write_review(
    session: AsyncSession,
    actor: Actor,
    conversation_id: int,
    agent_id: int,
    scores: dict[str, int],
    note: str = "",
) -> int:
    """Judge how an agent handled a conversation, by the criteria of now; the id of the review.

    Raises:
        NotFound: the conversation or the agent is not there, or not for the actor to see.
        Conflict: it is one's own work, or the agent had no part in it.
        Invalid: a criterion has no points, or the note is too long.
    """
    actor.require(Permission.REPORTS_DO)
    actor.require(Permission.INBOX_SEE)
    await ensure_readable(session, actor, conversation_id)
    name = await ensure_agent(session, actor, agent_id)
    if agent_id == actor.account_id:
        raise Conflict("Nobody reviews their own work. Ask a colleague.")
    if not await _took_part(session, conversation_id, agent_id):
        raise Conflict(f"{name} had no part in this conversation. Choose who answered it.")
    rubric = await criteria(session)
    review = Review(
        conversation_id=conversation_id,
        agent_id=agent_id,
        reviewer_id=actor.account_id,
        rubric={"criteria": rubric},
        scores=_checked(rubric, scores),
        total=_total(rubric, scores),
        note=_checked_note(note),
    )
    session.add(review)
    await session.flush()
    audit.record(session, actor, "review.written", f"review:{review.id}", agent=agent_id)
    await notify(session, [agent_id], NotificationKind.REVIEW_RECEIVED, by=actor.name)
    touch(session, TOPIC)
    return review.id or 0


async def edit_review(
    session: AsyncSession, actor: Actor, review_id: int, scores: dict[str, int], note: str
) -> None:
    """Change one's own review; it keeps the criteria that it was written with.

    Raises:
        NotFound: it is not there, or somebody else's.
        Invalid: a criterion has no points, or the note is too long.
    """
    actor.require(Permission.REPORTS_DO)
    review = await _review(session, actor, review_id)
    if review.reviewer_id != actor.account_id:
        raise NotFound("review")
    rubric = criteria_in(review.rubric)
    review.scores, review.total = _checked(rubric, scores), _total(rubric, scores)
    # Who must not see numbers saved a note in which they were hidden.
    mask = await mask_in(session, actor, review.conversation_id)
    review.note, review.edited_at = mask.restored(_checked_note(note), review.note), utcnow()
    session.add(review)
    audit.record(session, actor, "review.edited", f"review:{review_id}", agent=review.agent_id)
    touch(session, TOPIC)


async def delete_review(session: AsyncSession, actor: Actor, review_id: int) -> None:
    """Take a review back: one's own, or as an owner anybody's.

    Raises:
        NotFound: it is not there, or not for the actor to see.
        Forbidden: it is somebody else's.
    """
    actor.require(Permission.REPORTS_DO)
    review = await _review(session, actor, review_id)
    if not _may_delete(actor, review.reviewer_id):
        raise Forbidden(Permission.REPORTS_DO)
    await session.delete(review)
    audit.record(session, actor, "review.deleted", f"review:{review_id}", agent=review.agent_id)
    touch(session, TOPIC)


async def reviews_of_agent(
    session: AsyncSession, actor: Actor, agent_id: int, period: Period
) -> list[ReviewRow]:
    """The newest first.

    Raises:
        NotFound: the agent is not there, or not for the actor to see.
    """
    actor.require(Permission.REPORTS_SEE)
    await ensure_agent(session, actor, agent_id)
    r = Review
    written = (col(r.created_at) >= period.start, col(r.created_at) < period.end)
    return await _rows(session, actor, col(r.agent_id) == agent_id, *written)


async def reviews_of_conversation(
    session: AsyncSession, actor: Actor, conversation_id: int
) -> list[ReviewRow]:
    """Of the agents whom the actor may see, the newest first.

    Raises:
        NotFound: the conversation is not there, or not for the actor to see.
    """
    actor.require(Permission.REPORTS_SEE)
    actor.require(Permission.INBOX_SEE)
    await ensure_readable(session, actor, conversation_id)
    return await _rows(session, actor, col(Review.conversation_id) == conversation_id)


async def _rows(session: AsyncSession, actor: Actor, *where: sa.ColumnElement[bool]) -> list[ReviewRow]:
    r, reviewer = Review, aliased(Account)
    is_readable = readable(actor) if actor.may(Permission.INBOX_SEE) else sa.false()
    plain = (r.id, r.conversation_id, r.agent_id, r.reviewer_id, r.total, r.scores, r.rubric, r.note)
    names = (Contact.name, Contact.profile_name, Contact.username)
    query = (
        sa.select(
            *map(col, plain),
            *map(col, (r.created_at, r.edited_at)),
            *map(col, names),
            col(Conversation.contact_id),
            phone_column().label("phone"),
            sa.case((is_readable, 1), else_=0).label("is_readable"),
            col(Account.name).label("agent"),
            col(reviewer.name).label("reviewer"),
        )
        .join(Conversation, col(Conversation.id) == col(r.conversation_id))
        .join(Contact, col(Contact.id) == col(Conversation.contact_id))
        .join(Account, col(Account.id) == col(r.agent_id))
        .outerjoin(reviewer, col(reviewer.id) == col(r.reviewer_id))
        .where(readable_agent(actor), *where)
        .order_by(col(r.created_at).desc(), col(r.id).desc())
        .limit(_MOST)
    )
    found = await fetch(session, query)
    hidden = await masks(session, actor, [row.contact_id for row in found])
    return [_row(actor, hidden.of(row.contact_id), row) for row in found]


def _row(actor: Actor, mask: Mask, row: Any) -> ReviewRow:
    return ReviewRow(
        id=row.id,
        conversation_id=row.conversation_id if row.is_readable else 0,
        customer=customer(mask, row) if row.is_readable else "",
        agent_id=row.agent_id,
        agent=row.agent,
        reviewer=row.reviewer or "",
        is_mine=row.reviewer_id is not None and row.reviewer_id == actor.account_id,
        may_delete=actor.may(Permission.REPORTS_DO) and _may_delete(actor, row.reviewer_id),
        total=row.total,
        scores=_scores(row),
        note=mask.note(row.note),
        at=row.created_at.isoformat(),
        is_edited=row.edited_at is not None,
    )


def _scores(row: Any) -> list[Score]:
    return [Score(**each, points=row.scores.get(each["key"], 0)) for each in criteria_in(row.rubric)]


def _may_delete(actor: Actor, reviewer_id: int | None) -> bool:
    is_mine = reviewer_id is not None and reviewer_id == actor.account_id
    return is_mine or actor.role is Role.OWNER


async def _review(session: AsyncSession, actor: Actor, review_id: int) -> Review:
    """The review, locked, of an agent whom the actor may see. Raises NotFound."""
    found = await session.exec(
        select(Review)
        .join(Account, col(Account.id) == col(Review.agent_id))
        .where(Review.id == review_id, readable_agent(actor))
        .with_for_update(of=Review)
    )
    review = found.first()
    if review is None:
        raise NotFound("review")
    return review


async def _took_part(session: AsyncSession, conversation_id: int, agent_id: int) -> bool:
    query = sa.select(event.c.id).where(
        event.c.conversation_id == conversation_id, event.c.account_id == agent_id
    )
    return bool(await fetch(session, query.limit(1)))


def _checked(rubric: list[Criterion], scores: dict[str, int]) -> dict[str, int]:
    worst, best = POINTS
    keys = {each["key"] for each in rubric}
    if scores.keys() != keys or not all(worst <= points <= best for points in scores.values()):
        raise Invalid("scores", f"Give every criterion {worst} to {best} points.")
    return dict(scores)


def _total(rubric: list[Criterion], scores: dict[str, int]) -> int:
    weights = sum(each["weight"] for each in rubric)
    return round(100 * sum(scores[each["key"]] * each["weight"] for each in rubric) / weights)


def _checked_note(note: str) -> str:
    text = clean_text(note).strip()
    if len(text) > NOTE_MAX:
        raise Invalid("note", f"A note has at most {NOTE_MAX:,} characters; this has {len(text):,}.")
    return text
