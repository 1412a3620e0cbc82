"""The people of a campaign, and what became of the message of each: pages by key over a million rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypedDict

import sqlalchemy as sa
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession
from typing_extensions import TypedDict as FormDict  # what pydantic validates, below Python 3.12

from wapto_app.db import fetch
from wapto_app.models import (
    Campaign,
    CampaignRecipient,
    CampaignVariant,
    Contact,
    Message,
    RecipientState,
)
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import search
from wapto_app.services.campaigns import holdups, reasons
from wapto_app.services.campaigns.causes import say
from wapto_app.services.contact_names import name_columns, name_of
from wapto_app.services.errors import NotFound
from wapto_app.services.masking import Mask, masks
from wapto_app.services.visibility import readable_contact

PAGE = 50
STATES = tuple(state.value for state in RecipientState)
MARKS = ("replied", "clicked")
"""What can be filtered by besides the states."""
_LARGEST_ID = 2**31 - 1

recipient = CampaignRecipient


class RecipientFilter(FormDict):
    """All of it must fit; empty means any. ``state`` is one of ``STATES`` or ``MARKS``; ``reason`` a word of ours or
    Meta's code; ``variant`` a label; ``text`` stands in a name, a company, an e-mail address or a number.
    """

    state: str
    reason: str
    variant: str
    text: str


EVERYBODY = RecipientFilter(state="", reason="", variant="", text="")


class RecipientRow(TypedDict):
    """One person. ``why`` and ``advice`` are sentences for who was skipped, failed or waits for another try; ``code``
    is Meta's, or 0.

    Times are ISO 8601 in UTC, or empty. ``conversation_id`` is 0 as long as there is none.
    """

    id: int
    contact_id: int
    name: str
    phone: str
    state: str
    variant: str
    why: str
    advice: str
    code: int
    attempt: int
    queued_at: str
    sent_at: str
    delivered_at: str
    read_at: str
    replied_at: str
    clicked_at: str
    clicked: str
    conversation_id: int


class RecipientPage(NamedTuple):
    """``next`` is the id behind which the following page begins; 0 on the last one."""

    rows: list[RecipientRow]
    next: int


async def recipients(
    session: AsyncSession,
    actor: Actor,
    campaign_id: int,
    wanted: RecipientFilter,
    after: int = 0,
    *,
    limit: int = PAGE,
) -> RecipientPage:
    """Those who match and whom the actor may see, in the order in which they were written down.

    Raises:
        NotFound: there is no such campaign.
    """
    actor.require(Permission.CAMPAIGNS_SEE)
    await ensure_there(session, campaign_id)
    query = (
        sa.select(*_columns())
        .outerjoin(Contact, col(Contact.id) == col(recipient.contact_id))
        .outerjoin(Message, col(Message.id) == col(recipient.message_id))
        .outerjoin(CampaignVariant, col(CampaignVariant.id) == col(recipient.variant_id))
        .where(*conditions(actor, campaign_id, wanted), col(recipient.id) > after)
        .order_by(col(recipient.id))
        .limit(limit + 1)
    )
    found = await fetch(session, query)
    return RecipientPage(
        await _rows(session, actor, found[:limit]), found[limit - 1].id if len(found) > limit else 0
    )


async def count(session: AsyncSession, actor: Actor, campaign_id: int, wanted: RecipientFilter) -> int:
    """How many match."""
    actor.require(Permission.CAMPAIGNS_SEE)
    query = sa.select(sa.func.count()).select_from(recipient)
    return int((await fetch(session, query.where(*conditions(actor, campaign_id, wanted))))[0][0])


async def contacts_of(session: AsyncSession, actor: Actor, campaign_id: int, wanted: RecipientFilter) -> int:
    """How many who match are still among the contacts: whom something can be done with."""
    actor.require(Permission.CAMPAIGNS_SEE)
    there = (*conditions(actor, campaign_id, wanted), col(recipient.contact_id).is_not(None))
    return int((await fetch(session, sa.select(sa.func.count()).select_from(recipient).where(*there)))[0][0])


async def contacts_after(
    session: AsyncSession, actor: Actor, campaign_id: int, wanted: RecipientFilter, after: int, limit: int
) -> list[tuple[int, int]]:
    """Recipients behind the id ``after`` who match, each with its contact; empty at the end."""
    actor.require(Permission.CAMPAIGNS_SEE)
    there = (*conditions(actor, campaign_id, wanted), col(recipient.contact_id).is_not(None))
    query = (
        sa.select(col(recipient.id), col(recipient.contact_id))
        .where(*there, col(recipient.id) > after)
        .order_by(col(recipient.id))
        .limit(limit)
    )
    return [(row[0], row[1]) for row in await fetch(session, query)]


async def ensure_there(session: AsyncSession, campaign_id: int) -> None:
    """Raises NotFound when there is no such campaign."""
    query = sa.select(col(Campaign.id)).where(col(Campaign.id) == min(campaign_id, _LARGEST_ID))
    if not await fetch(session, query):
        raise NotFound("campaign")


def conditions(actor: Actor, campaign_id: int, wanted: RecipientFilter) -> list[sa.ColumnElement[bool]]:
    """The filter in SQL, with what the actor may see."""
    holds: list[sa.ColumnElement[bool]] = [col(recipient.campaign_id) == min(campaign_id, _LARGEST_ID)]
    seen = readable_contact(actor)
    if not isinstance(seen, sa.sql.elements.True_):
        holds.append(col(recipient.contact_id).in_(sa.select(col(Contact.id)).where(seen)))
    if wanted["state"] in STATES:
        holds.append(col(recipient.state) == RecipientState(wanted["state"]))
    elif wanted["state"] in MARKS:
        holds.append(getattr(recipient, f"{wanted['state']}_at").is_not(None))
    if wanted["reason"]:
        holds.append(_has_reason(wanted["reason"]))
    if wanted["variant"]:
        of = sa.select(col(CampaignVariant.id)).where(
            col(CampaignVariant.campaign_id) == campaign_id, col(CampaignVariant.label) == wanted["variant"]
        )
        holds.append(col(recipient.variant_id).in_(of))
    if wanted["text"].strip():
        found = search.contact_ids(wanted["text"], numbers=not actor.hide_phone)
        holds.append(col(recipient.contact_id).in_(found))
    return holds


def _has_reason(reason: str) -> sa.ColumnElement[bool]:
    if reason.isdecimal() and len(reason) < 10:
        return col(recipient.error_code) == int(reason)
    return sa.and_(col(recipient.reason) == reason, col(recipient.error_code).is_(None))


def _columns() -> list[Any]:
    own = (
        *("id", "state", "reason", "error_code", "error_detail", "attempt", "clicked"),
        *("queued_at", "sent_at", "delivered_at", "read_at", "replied_at", "clicked_at"),
    )
    return [
        *(getattr(recipient, name) for name in own),
        *name_columns(),
        col(CampaignVariant.label).label("variant"),
        col(Message.conversation_id),
        col(Message.error_code).label("last_code"),
        col(Message.error_detail).label("last_detail"),
    ]


async def _rows(session: AsyncSession, actor: Actor, found: Sequence[Any]) -> list[RecipientRow]:
    hidden = await masks(session, actor, [row.contact_id for row in found if row.contact_id])
    return [_row(row, hidden.of(row.contact_id or 0)) for row in found]


def _row(row: Any, mask: Mask) -> RecipientRow:
    why = _why(row, mask)
    return RecipientRow(
        id=row.id,
        contact_id=row.contact_id or 0,
        name=name_of(mask, row) if row.contact_id else "",
        phone=mask.phone(row.phone),
        state=row.state.value,
        variant=row.variant or "",
        why=why.meaning,
        advice=why.advice,
        code=row.error_code or 0,
        attempt=row.attempt,
        queued_at=_iso(row.queued_at),
        sent_at=_iso(row.sent_at),
        delivered_at=_iso(row.delivered_at),
        read_at=_iso(row.read_at),
        replied_at=_iso(row.replied_at),
        clicked_at=_iso(row.clicked_at),
        clicked=mask.text(row.clicked),
        conversation_id=row.conversation_id or 0,
    )


def _iso(at: datetime | None) -> str:
    return at.isoformat() if at else ""


def _why(row: Any, mask: Mask) -> reasons.Why:
    if row.state is RecipientState.QUEUED and row.last_detail:
        waits = holdups.why(row.last_code)
        return reasons.Why(waits["words"], waits["advice"])
    if row.state not in (RecipientState.SKIPPED, RecipientState.FAILED, RecipientState.UNCONFIRMED):
        return reasons.Why("", "")
    if row.state is RecipientState.UNCONFIRMED:
        return UNCONFIRMED
    return reasons.why(row.reason, row.error_code, mask.text(row.error_detail))


UNCONFIRMED = reasons.Why(
    say("WhatsApp did not answer in time. The customer may have received this message."),
    say("Wait for a delivery report. Send again only if getting it twice does no harm."),
)
