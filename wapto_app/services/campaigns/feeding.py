"""From recipients to messages of the outbox: in small batches, a second or two before they leave.

Everything of a batch is one transaction, and a recipient moves only from *waiting*: a crash, two feeders or a pause at
the same moment can neither lose anybody nor write to anybody twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import col

from wapto_app.clock import utcnow
from wapto_app.models import (
    AddressKind,
    Campaign,
    CampaignRecipient,
    CampaignState,
    CampaignVariant,
    Contact,
    ContactAddress,
    Conversation,
    ConversationStatus,
    Direction,
    Message,
    MessageStatus,
    RecipientState,
    Template,
)
from wapto_app.models.base import table_of
from wapto_app.models.conversations import WAITING
from wapto_app.services import leases, plans, sessions
from wapto_app.services.campaigns import tallying
from wapto_app.services.campaigns.taking_back import skip
from wapto_app.services.identity import insert_ignore
from wapto_app.services.previews import preview_of

campaign, variant = table_of(Campaign), table_of(CampaignVariant)
recipient, template = table_of(CampaignRecipient), table_of(Template)
contact, address = table_of(Contact), table_of(ContactAddress)
conversation, message = table_of(Conversation), table_of(Message)

_USE_NOTED_EVERY = timedelta(minutes=1)
# Spelled exactly as in the partial indexes, or SQLite does not use them.
_IS_DUE_STATE = sa.text("campaign_recipient.state = 'waiting'")
_IS_IN_OUTBOX = sa.text(f"message.{WAITING}")
_IS_OF_CAMPAIGN = sa.text("(message.campaign_recipient_id IS NOT NULL)")


@dataclass(frozen=True, slots=True)
class Running:
    """A campaign that has something to send through a number, as the feeder reads it.

    ``fits``: its variants whose templates may be sent. ``rate`` is its own limit in messages per second.
    """

    id: int
    rate: float | None
    quiet: bool
    files: Mapping[int, str]
    fits: frozenset[int]
    marketing: frozenset[int]


@dataclass(frozen=True, slots=True)
class Next:
    """A recipient whose turn it is, with what decides whether the message may be written."""

    id: int
    variant_id: int | None
    contact_id: int | None
    columns: Mapping[str, Any]
    opted_out: bool
    blocked: bool
    marketing_stopped: bool


@dataclass(frozen=True, slots=True)
class Ready:
    """A message for a recipient. ``media_id`` is the file of its header."""

    recipient_id: int
    contact_id: int
    address: str
    body: str
    content: dict[str, Any]
    media_id: int | None = None


@dataclass(frozen=True, slots=True)
class Portion:
    """What is to be queued at once for one campaign, by the holder of the number's lease.

    ``skipped`` by recipient with the word of the reason; ``later`` by recipient with the moment.
    """

    campaign_id: int
    channel_id: int
    bid: leases.Bid
    ready: list[Ready]
    skipped: Mapping[int, str] = field(default_factory=dict)
    later: Mapping[int, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fed:
    """``queued`` messages are in the outbox. ``is_full``: the plan has no room for more this month."""

    queued: int = 0
    is_leading: bool = True
    is_full: bool = False


# --- what is to be fed


def running(connection: sa.Connection, channel_id: int) -> list[Running]:
    """The campaigns of a number that may send now; none while the workspace has no plan."""
    columns = (campaign.c.id, campaign.c.rate, campaign.c.quiet_from)
    of_variant = (variant.c.id.label("variant_id"), variant.c.file_key)
    of_template = (template.c.status, template.c.category, template.c.gone_at)
    query = (
        sa.select(*columns, *of_variant, *of_template)
        .join(variant, variant.c.campaign_id == campaign.c.id)
        .outerjoin(template, template.c.id == variant.c.template_id)
        .where(
            campaign.c.channel_id == channel_id,
            campaign.c.state == CampaignState.RUNNING,
            sa.or_(campaign.c.waiting_until.is_(None), campaign.c.waiting_until <= utcnow()),
            ~sessions.is_locked(),
        )
        .order_by(campaign.c.id, variant.c.id)
    )
    by_campaign: dict[int, list[Any]] = {}
    for row in connection.execute(query):
        by_campaign.setdefault(row.id, []).append(row)
    return [_running(rows) for rows in by_campaign.values()]


def _running(rows: Sequence[Any]) -> Running:
    first = rows[0]
    return Running(
        first.id,
        first.rate,
        bool(first.quiet_from),
        {row.variant_id: row.file_key for row in rows if row.file_key},
        frozenset(row.variant_id for row in rows if row.status == "APPROVED" and row.gone_at is None),
        frozenset(row.variant_id for row in rows if row.category == "MARKETING"),
    )


def ahead(connection: sa.Connection, channel_id: int) -> int:
    """Messages of campaigns that are queued on a number and have not left."""
    query = sa.select(sa.func.count()).where(
        message.c.channel_id == channel_id,
        _IS_IN_OUTBOX,
        _IS_OF_CAMPAIGN,
        sa.text("message.status = 'queued'"),
    )
    return int(connection.execute(query).scalar_one())


def upcoming(connection: sa.Connection, campaign_id: int, limit: int) -> list[Next]:
    """The next whose time has come."""
    columns = (recipient.c.id, recipient.c.variant_id, recipient.c.contact_id, recipient.c.columns)
    query = (
        sa.select(
            *columns,
            contact.c.opted_out_at.is_not(None),
            contact.c.blocked_at.is_not(None),
            contact.c.marketing_stopped_at.is_not(None),
        )
        .outerjoin(contact, contact.c.id == recipient.c.contact_id)
        .where(recipient.c.campaign_id == campaign_id, _IS_DUE_STATE, recipient.c.due_at <= utcnow())
        .order_by(recipient.c.due_at, recipient.c.id)
        .limit(limit)
    )
    return [Next(*row) for row in connection.execute(query)]


def addresses(connection: sa.Connection, contact_ids: Sequence[int]) -> dict[int, str]:
    """Where WhatsApp finds each contact: the newest number, else the name under which WhatsApp knows them."""
    columns = (address.c.contact_id, address.c.kind, address.c.value)
    rows = connection.execute(
        sa.select(*columns).where(address.c.contact_id.in_(contact_ids)).order_by(address.c.id)
    )
    found: dict[int, dict[AddressKind, str]] = {}
    for contact_id, kind, value in rows:
        found.setdefault(contact_id, {})[kind] = value
    return {contact_id: _best(known) for contact_id, known in found.items()}


def _best(known: Mapping[AddressKind, str]) -> str:
    if number := known.get(AddressKind.PHONE):
        return number
    if wa_id := known.get(AddressKind.WA_ID):
        return f"+{wa_id.lstrip('+')}"
    return known.get(AddressKind.BSUID, "")


def refusal(person: Next, campaign_now: Running) -> str:
    """The word of why this person does not get it; empty when nothing is known against it."""
    if person.contact_id is None:
        return "deleted"
    if person.blocked:
        return "blocked"
    if person.opted_out:
        return "opted_out"
    if person.marketing_stopped and person.variant_id in campaign_now.marketing:
        return "marketing_stopped"
    return ""


# --- queueing


def feed(connection: sa.Connection, portions: list[Portion]) -> Sequence[Fed]:
    """Writer operation: queue portions."""
    return [_feed(connection, portion) for portion in portions]


def _feed(connection: sa.Connection, portion: Portion) -> Fed:
    if not leases.is_held(connection, portion.bid):
        return Fed(is_leading=False)
    # Held until the commit: a pause comes before this, or takes back what was queued here.
    is_running = sa.select(campaign.c.id).where(
        campaign.c.id == portion.campaign_id, campaign.c.state == CampaignState.RUNNING
    )
    if not connection.execute(is_running.with_for_update(read=True)).first():
        return Fed()
    skip(connection, portion.campaign_id, portion.skipped)
    _put_off(connection, portion.later)
    variants = _still_waiting(connection, portion)
    ready = [each for each in portion.ready if each.recipient_id in variants]
    room = plans.use_up_to(connection, plans.Limit.MESSAGES, len(ready))
    is_full, ready = room < len(ready), ready[:room]
    if ready:
        _queue(connection, portion, ready, variants)
    return Fed(len(ready), is_full=is_full)


def _put_off(connection: sa.Connection, later: Mapping[int, datetime]) -> None:
    if later:
        connection.execute(
            recipient.update()
            .where(recipient.c.id == sa.bindparam("of"), _IS_DUE_STATE)
            .values(due_at=sa.bindparam("at", type_=recipient.c.due_at.type)),
            [{"of": each, "at": at} for each, at in sorted(later.items())],
        )


def _still_waiting(connection: sa.Connection, portion: Portion) -> dict[int, int | None]:
    """The variants of those who still wait and are still the same person, locked in the order of their ids."""
    whose = {each.recipient_id: each.contact_id for each in portion.ready}
    columns = (recipient.c.id, recipient.c.variant_id, recipient.c.contact_id)
    query = sa.select(*columns).where(recipient.c.id.in_(list(whose)), _IS_DUE_STATE)
    rows = connection.execute(query.order_by(recipient.c.id).with_for_update())
    return {row.id: row.variant_id for row in rows if row.contact_id == whose[row.id]}


def _queue(
    connection: sa.Connection, portion: Portion, ready: list[Ready], variants: Mapping[int, int | None]
) -> None:
    now = utcnow()
    talks = _conversations(connection, portion.channel_id, ready, now)
    made = connection.execute(
        message.insert().returning(message.c.id, message.c.campaign_recipient_id),
        [_message(each, talks[each.contact_id], portion.channel_id, now) for each in ready],
    ).all()
    connection.execute(
        _QUEUED, [{"of": row.campaign_recipient_id, "with": row.id, "now": now} for row in made]
    )
    changes: tallying.Changes = Counter()
    changes.update(
        tallying.moved(
            portion.campaign_id,
            [variants[each.recipient_id] for each in ready],
            RecipientState.WAITING,
            RecipientState.QUEUED,
        )
    )
    tallying.apply(connection, changes)
    _note_use(connection, {each.content.get("template_id") for each in ready}, now)


_QUEUED = (
    recipient.update()
    .where(recipient.c.id == sa.bindparam("of"))
    .values(
        state=RecipientState.QUEUED,
        message_id=sa.bindparam("with"),
        queued_at=sa.bindparam("now", type_=recipient.c.queued_at.type),
        attempt=recipient.c.attempt + 1,
        sent_at=None,
        delivered_at=None,
        read_at=None,
    )
)


def _message(ready: Ready, conversation_id: int, channel_id: int, now: datetime) -> dict[str, Any]:
    return {
        "conversation_id": conversation_id,
        "channel_id": channel_id,
        "direction": Direction.OUTBOUND,
        "type": "template",
        "body": ready.body,
        "content": ready.content,
        "reply_to_wamid": "",
        "recipient": ready.address,
        "status": MessageStatus.QUEUED,
        "at": now,
        "created_at": now,
        "media_id": ready.media_id,
        "attempt": 0,
        "refusals": 0,
        "campaign_recipient_id": ready.recipient_id,
        "error_detail": "",
    }


def _conversations(
    connection: sa.Connection, channel_id: int, ready: list[Ready], now: datetime
) -> dict[int, int]:
    """By contact. New ones are born resolved: an answer opens them, the campaign itself bothers nobody."""
    known = _known(connection, channel_id, [each.contact_id for each in ready])
    new = [each for each in ready if each.contact_id not in known]
    if new:
        rows = [_talk(each, channel_id, now) for each in new]
        connection.execute(insert_ignore(connection.dialect.name, conversation), rows)
        known |= _known(connection, channel_id, [each.contact_id for each in new])
    return known


def _known(connection: sa.Connection, channel_id: int, contact_ids: Sequence[int]) -> dict[int, int]:
    query = sa.select(conversation.c.contact_id, conversation.c.id).where(
        conversation.c.contact_id.in_(contact_ids), conversation.c.channel_id == channel_id
    )
    return dict(connection.execute(query).tuples().all())


def _talk(ready: Ready, channel_id: int, now: datetime) -> dict[str, Any]:
    return {
        "contact_id": ready.contact_id,
        "channel_id": channel_id,
        "status": ConversationStatus.RESOLVED,
        "unread": 0,
        "preview": preview_of("template", ready.body, ready.content),
        "preview_type": "template",
        "preview_outbound": True,
        "preview_status": "",
        "last_message_at": now,
        "receipt_wamid": "",
        "created_at": now,
    }


def _note_use(connection: sa.Connection, template_ids: set[Any], now: datetime) -> None:
    last = col(Template.last_used_at)
    connection.execute(
        template.update()
        .where(
            template.c.id.in_([each for each in template_ids if each]),
            sa.or_(last.is_(None), last < now - _USE_NOTED_EVERY),
        )
        .values(last_used_at=now)
    )
