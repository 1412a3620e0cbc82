"""The conversation list and the head of a thread."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypedDict

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.db import fetch
from wapto_app.models import (
    Account,
    AddressKind,
    Channel,
    Contact,
    ContactAddress,
    Conversation,
    DeskState,
    Team,
)
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import tags
from wapto_app.services.contacts import shown_name
from wapto_app.services.errors import NotFound
from wapto_app.services.inbox.conditions import IS_UNREAD
from wapto_app.services.masking import Mask, mask_numbers, mask_of, masks
from wapto_app.services.outbox.gate import window_closes_at
from wapto_app.services.tags import TagChip
from wapto_app.services.visibility import readable

TAGS_SHOWN = 2


class ConversationRow(TypedDict):
    """One line of the list. Times are ISO 8601 in UTC, or empty. ``more_tags``: how many do not fit."""

    id: int
    name: str
    preview: str
    outbound: bool
    tick: str
    at: str
    unread: int
    window_closes_at: str
    channel: str
    status: str
    assignee: str
    tags: list[TagChip]
    more_tags: int
    waiting_since: str
    snoozed_until: str


class ConversationHeader(TypedDict):
    """The open conversation. ``assignee`` and ``team`` are names, empty for nobody and none."""

    id: int
    contact_id: int
    name: str
    phone: str
    channel: str
    channel_status: str
    window_closes_at: str
    opted_out: bool
    blocked: bool
    status: str
    unread: int
    assignee_id: int
    assignee: str
    team_id: int
    team: str


def phone_column() -> sa.ScalarSelect[Any]:
    """The newest E.164 number of the contact of the row."""
    return (
        sa.select(col(ContactAddress.value))
        .where(
            col(ContactAddress.contact_id) == col(Conversation.contact_id),
            col(ContactAddress.kind) == AddressKind.PHONE,
        )
        .order_by(col(ContactAddress.id).desc())
        .limit(1)
        .correlate(Conversation)
        .scalar_subquery()
    )


def _rows(actor: Actor) -> sa.Select[Any]:
    c = Conversation
    columns: list[Any] = [
        col(c.id),
        col(c.contact_id),
        col(c.preview),
        col(c.preview_type),
        col(c.preview_outbound),
        col(c.preview_status),
        col(c.last_message_at),
        col(c.last_inbound_at),
        col(c.unread),
        col(c.status),
        col(Contact.name),
        col(Contact.profile_name),
        col(Contact.username),
        col(Channel.verified_name),
        col(Account.name).label("assignee"),
        phone_column().label("phone"),
    ]
    return (
        sa.select(*columns)
        .join(Contact, col(Contact.id) == col(c.contact_id))
        .join(Channel, col(Channel.id) == col(c.channel_id))
        .outerjoin(Account, col(Account.id) == col(c.assignee_id))
        .where(readable(actor))
    )


def _shown(actor: Actor, ids: Sequence[int]) -> sa.Select[Any]:
    return (
        _rows(actor)
        .add_columns(col(DeskState.waiting_since), col(DeskState.snoozed_until))
        .outerjoin(DeskState, col(DeskState.conversation_id) == col(Conversation.id))
        .where(col(Conversation.id).in_(ids))
    )


async def list_rows(session: AsyncSession, actor: Actor, ids: Sequence[int]) -> list[ConversationRow]:
    """These conversations as the list shows them, in this order; without those that the actor may not see."""
    actor.require(Permission.INBOX_SEE)
    found = {row.id: row for row in await fetch(session, _shown(actor, ids))} if ids else {}
    shown = [found[of] for of in ids if of in found]
    contacts = [row.contact_id for row in shown]
    hidden, chips = await masks(session, actor, contacts), await tags.chips(session, contacts)
    return [_list_row(hidden.of(row.contact_id), row, chips.get(row.contact_id, [])) for row in shown]


def _list_row(mask: Mask, row: Any, chips: list[TagChip]) -> ConversationRow:
    return ConversationRow(
        id=row.id,
        name=_name(mask, row),
        preview=visible_text(mask, row.preview_type, row.preview),
        outbound=row.preview_outbound,
        tick=row.preview_status if row.preview_outbound else "",
        at=row.last_message_at.isoformat(),
        unread=row.unread,
        window_closes_at=iso(window_closes_at(row.last_inbound_at)),
        channel=row.verified_name,
        status=row.status.value,
        assignee=row.assignee or "",
        tags=chips[:TAGS_SHOWN],
        more_tags=max(0, len(chips) - TAGS_SHOWN),
        waiting_since=iso(row.waiting_since),
        snoozed_until=iso(row.snoozed_until),
    )


def _name(mask: Mask, row: Any) -> str:
    names = mask.note(row.name), mask.text(row.profile_name), mask.text(row.username)
    return shown_name(*names, mask.phone(row.phone))


def visible_text(mask: Mask, kind: str, text: str) -> str:
    """WhatsApp's own sentences name both numbers of a customer who changed the number; a note is the team's words.

    A card is called by its number when nothing else is known.
    """
    if kind == "note":
        return mask.note(text)
    if kind == "contacts":
        return mask.every(text)
    return mask_numbers(text) if mask.hides and kind == "system" else mask.text(text)


def iso(at: datetime | None) -> str:
    return at.isoformat() if at else ""


async def unread_total(session: AsyncSession, actor: Actor) -> int:
    """How many conversations have something unread: the badge."""
    actor.require(Permission.INBOX_SEE)
    query = select(sa.func.count()).select_from(Conversation).where(IS_UNREAD, readable(actor))
    return (await session.exec(query)).one()


async def header(session: AsyncSession, actor: Actor, conversation_id: int) -> ConversationHeader:
    """The head of a thread.

    Raises:
        NotFound: the conversation is not there or not visible to the actor.
    """
    actor.require(Permission.INBOX_SEE)
    query = (
        _rows(actor)
        .add_columns(
            col(Conversation.assignee_id),
            col(Conversation.team_id),
            col(Team.name).label("team"),
            col(Channel.status).label("channel_status"),
            col(Contact.opted_out_at),
            col(Contact.blocked_at),
        )
        .outerjoin(Team, col(Team.id) == col(Conversation.team_id))
        .where(col(Conversation.id) == conversation_id)
    )
    found = await fetch(session, query)
    if not found:
        raise NotFound("conversation")
    row = found[0]
    mask = await mask_of(session, actor, row.contact_id)
    return ConversationHeader(
        id=row.id,
        contact_id=row.contact_id,
        name=_name(mask, row),
        phone=mask.phone(row.phone),
        channel=row.verified_name,
        channel_status=row.channel_status.value,
        window_closes_at=iso(window_closes_at(row.last_inbound_at)),
        opted_out=row.opted_out_at is not None,
        blocked=row.blocked_at is not None,
        status=row.status.value,
        unread=row.unread,
        assignee_id=row.assignee_id or 0,
        assignee=row.assignee or "",
        team_id=row.team_id or 0,
        team=row.team or "",
    )
