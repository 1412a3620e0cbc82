"""What happened with a contact, newest first, gathered from where each thing is kept."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypedDict

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.db import fetch
from wapto_app.models import (
    Account,
    Campaign,
    CampaignRecipient,
    Contact,
    ContactEvent,
    ContactTag,
    Conversation,
    DeskEvent,
    DeskKind,
    Direction,
    Message,
    RecipientState,
    Tag,
    Team,
)
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services.campaigns import reasons
from wapto_app.services.errors import NotFound
from wapto_app.services.masking import Mask, mask_of
from wapto_app.services.visibility import readable, readable_contact

MOST = 200
_DESK = (
    DeskKind.ASSIGNED,
    DeskKind.UNASSIGNED,
    DeskKind.RESOLVED,
    DeskKind.REOPENED,
    DeskKind.SNOOZED,
    DeskKind.PENDING,
    DeskKind.WINDOW_MISSED,
)
_TOLD = (
    RecipientState.SENT,
    RecipientState.DELIVERED,
    RecipientState.READ,
    RecipientState.FAILED,
    RecipientState.UNCONFIRMED,
)
_By = aliased(Account)


class TimelineRow(TypedDict):
    """``kind`` is one of ``ContactEventKind`` or ``DeskKind``, or: first_seen, tagged, first_message, messages,
    campaign.

    ``by`` is who did it, ``what`` the thing (a tag, an agent, a number), ``n`` how many (messages in), ``m`` (out).
    Of a campaign ``state`` tells how far it came: sent, delivered, read, replied, clicked, failed or unconfirmed, and
    ``why`` the reason in words; ``href`` is its page, empty for who may not open it.
    """

    key: str
    kind: str
    at: str
    by: str
    what: str
    n: int
    m: int
    state: str
    why: str
    href: str


async def timeline(session: AsyncSession, actor: Actor, contact_id: int) -> list[TimelineRow]:
    """The newest ``MOST`` entries. Raises NotFound for who is not there or not visible."""
    actor.require(Permission.CONTACTS_SEE)
    query = sa.select(col(Contact.created_at)).where(col(Contact.id) == contact_id, readable_contact(actor))
    found = await fetch(session, query)
    if not found:
        raise NotFound("contact")
    mask = await mask_of(session, actor, contact_id)
    rows = [
        *await _events(session, mask, contact_id),
        *await _tags(session, contact_id),
    ]
    if not any(row["kind"] in ("created", "imported") for row in rows):
        rows.append(_row("seen", "first_seen", found[0].created_at))
    if actor.may(Permission.INBOX_SEE):
        rows += await _desk(session, actor, contact_id)
        rows += await _messages(session, actor, contact_id)
        rows += await _campaigns(session, actor, mask, contact_id)
    return sorted(rows, key=lambda row: row["at"], reverse=True)[:MOST]


def _row(
    key: str,
    kind: str,
    at: datetime,
    *,
    by: str | None = "",
    what: str | None = "",
    n: int = 0,
    m: int = 0,
    state: str = "",
    why: str = "",
    href: str = "",
) -> TimelineRow:
    at_text, by_text, thing = at.isoformat(), by or "", what or ""
    return TimelineRow(
        key=key, kind=kind, at=at_text, by=by_text, what=thing, n=n, m=m, state=state, why=why, href=href
    )


async def _events(session: AsyncSession, mask: Mask, contact_id: int) -> list[TimelineRow]:
    e = ContactEvent
    query: sa.Select[Any] = (
        sa.select(col(e.id), col(e.kind), col(e.at), col(e.detail), col(_By.name).label("by"))
        .outerjoin(_By, col(_By.id) == col(e.by_id))
        .where(col(e.contact_id) == contact_id)
        .order_by(col(e.at).desc(), col(e.id).desc())
        .limit(MOST)
    )
    rows = await fetch(session, query)
    return [
        _row(f"e{row.id}", row.kind.value, row.at, by=row.by, what=_thing(mask, row.detail)) for row in rows
    ]


def _thing(mask: Mask, detail: dict[str, Any]) -> str:
    """What the event is about: a number, a name, a word, a file."""
    if "value" in detail:
        return mask.phone(str(detail["value"]))
    return mask.every(str(next((detail[name] for name in ("name", "word", "file") if name in detail), "")))


async def _tags(session: AsyncSession, contact_id: int) -> list[TimelineRow]:
    columns: list[Any] = [col(Tag.id), col(Tag.name), col(ContactTag.at), col(_By.name).label("by")]
    query: sa.Select[Any] = (
        sa.select(*columns)
        .join(ContactTag, col(ContactTag.tag_id) == col(Tag.id))
        .outerjoin(_By, col(_By.id) == col(ContactTag.by_id))
        .where(col(ContactTag.contact_id) == contact_id)
        .limit(MOST)
    )
    rows = await fetch(session, query)
    return [_row(f"t{row.id}", "tagged", row.at, by=row.by, what=row.name) for row in rows]


async def _desk(session: AsyncSession, actor: Actor, contact_id: int) -> list[TimelineRow]:
    d = DeskEvent
    query: sa.Select[Any] = (
        sa.select(
            col(d.id),
            col(d.kind),
            col(d.at),
            col(d.detail),
            col(_By.name).label("agent"),
            col(Team.name).label("team"),
        )
        .join(Conversation, col(Conversation.id) == col(d.conversation_id))
        .outerjoin(_By, col(_By.id) == col(d.account_id))
        .outerjoin(Team, col(Team.id) == col(d.team_id))
        .where(col(Conversation.contact_id) == contact_id, readable(actor), col(d.kind).in_(_DESK))
        .order_by(col(d.at).desc())
        .limit(MOST)
    )
    rows = await fetch(session, query)
    return [_row(f"d{row.id}", row.kind.value, row.at, what=row.agent or row.team) for row in rows]


async def _messages(session: AsyncSession, actor: Actor, contact_id: int) -> list[TimelineRow]:
    """The first message and, at the time of the newest, how many there were."""
    m = Message

    def of(direction: Direction) -> sa.ColumnElement[int]:
        return sa.func.count(sa.case((col(m.direction) == direction, 1)))

    figures: list[Any] = [
        sa.func.min(col(m.at)).label("first"),
        sa.func.max(col(m.at)).label("last"),
        of(Direction.INBOUND).label("inbound"),
        of(Direction.OUTBOUND).label("outbound"),
    ]
    query: sa.Select[Any] = (
        sa.select(*figures)
        .join(Conversation, col(Conversation.id) == col(m.conversation_id))
        .where(
            col(Conversation.contact_id) == contact_id, readable(actor), col(m.direction) != Direction.NOTE
        )
    )
    [row] = await fetch(session, query)
    if row.first is None:
        return []
    return [
        _row("first", "first_message", row.first),
        _row("messages", "messages", row.last, n=row.inbound, m=row.outbound),
    ]


async def _campaigns(session: AsyncSession, actor: Actor, mask: Mask, contact_id: int) -> list[TimelineRow]:
    """Those whose message has left, with what became of it."""
    rows = await fetch(session, campaigns_of(contact_id))
    may_open = actor.may(Permission.CAMPAIGNS_SEE)
    return [
        _row(
            f"c{row.id}",
            "campaign",
            row.sent_at or row.queued_at,
            what=mask.note(row.name),
            state=_came_to(row),
            why=_why(row, mask),
            href=f"/campaigns/{row.campaign_id}" if may_open else "",
        )
        for row in rows
    ]


def campaigns_of(contact_id: int) -> sa.Select[Any]:
    """The newest ``MOST`` campaigns that a message was sent for, or tried to be."""
    r = CampaignRecipient
    own: tuple[Any, ...] = (
        *(r.id, r.campaign_id, r.state, r.reason, r.error_code, r.error_detail),
        *(r.queued_at, r.sent_at, r.replied_at, r.clicked_at),
    )
    return (
        sa.select(*[col(each) for each in own], col(Campaign.name))
        .join(Campaign, col(Campaign.id) == col(r.campaign_id))
        .where(col(r.contact_id) == contact_id, col(r.queued_at).is_not(None), col(r.state).in_(_TOLD))
        .order_by(col(r.queued_at).desc())
        .limit(MOST)
    )


def _came_to(row: Any) -> str:
    """As far as it came; a message that failed may have been answered before it was sent again."""
    if row.state in (RecipientState.FAILED, RecipientState.UNCONFIRMED):
        return str(row.state.value)
    if row.clicked_at:
        return "clicked"
    return "replied" if row.replied_at else str(row.state.value)


def _why(row: Any, mask: Mask) -> str:
    if row.state is not RecipientState.FAILED:
        return ""
    return mask.text(reasons.why(row.reason, row.error_code, row.error_detail).meaning)
