"""From recipients to messages of the outbox: in small batches, a second or two before they leave.

Everything of a batch is one transaction, and a recipient moves only from *waiting*: a crash, two feeders or a pause at
the same moment can neither lose anybody nor write to anybody twice.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import col

from wapto_app.bulk import Bulk, among, listed
from wapto_app.clock import utcnow
from wapto_app.models import (
    Campaign,
    CampaignRecipient,
    CampaignState,
    Conversation,
    ConversationStatus,
    Direction,
    Message,
    MessageFile,
    MessageStatus,
    RecipientState,
    Template,
)
from wapto_app.models.base import table_of
from wapto_app.services import leases, plans
from wapto_app.services.campaigns import tallying
from wapto_app.services.campaigns.taking_back import skip
from wapto_app.services.identity import insert_ignore
from wapto_app.services.previews import preview_of

campaign, recipient, template = table_of(Campaign), table_of(CampaignRecipient), table_of(Template)
conversation, message, message_file = table_of(Conversation), table_of(Message), table_of(MessageFile)

_USE_NOTED_EVERY = timedelta(minutes=1)
# Spelled exactly as in the partial index, or SQLite does not use it.
_IS_DUE_STATE = sa.text("campaign_recipient.state = 'waiting'")


@dataclass(frozen=True, slots=True)
class Ready:
    """A message for a recipient. ``media_id`` is the file of its header; ``files`` those of its cards, by places."""

    recipient_id: int
    contact_id: int
    address: str
    body: str
    content: dict[str, Any]
    media_id: int | None = None
    files: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Portion:
    """What is to be queued at once for one campaign, by the one process that feeds the number (``bid``).

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
    rows = connection.execute(_waiting(connection.dialect.name), {"ids": list(whose)})
    return {row.id: row.variant_id for row in rows if row.contact_id == whose[row.id]}


@functools.cache
def _waiting(dialect: str) -> sa.Select[Any]:
    columns = (recipient.c.id, recipient.c.variant_id, recipient.c.contact_id)
    query = sa.select(*columns).where(
        among(dialect, recipient.c.id, "ids"), recipient.c.state == RecipientState.WAITING
    )
    return query.order_by(recipient.c.id).with_for_update()


def _queue(
    connection: sa.Connection, portion: Portion, ready: list[Ready], variants: Mapping[int, int | None]
) -> None:
    now = utcnow()
    talks = _conversations(connection, portion.channel_id, ready, now)
    made = list(zip(ready, _new_ids(connection, len(ready)), strict=True))
    _MESSAGES.run(
        connection,
        [_message(each, number, talks[each.contact_id], portion.channel_id, now) for each, number in made],
    )
    if cards := [row for each, number in made if each.files for row in _card_files(each, number)]:
        _CARD_FILES.run(connection, cards)
    _QUEUED.run(connection, [{"of": each.recipient_id, "with": number, "now": now} for each, number in made])
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


def _new_ids(connection: sa.Connection, count: int) -> list[int]:
    """Keys for new messages, known beforehand: asking for each of them back costs more than the rows."""
    if connection.dialect.name == "postgresql":
        sequence = sa.func.nextval(sa.func.pg_get_serial_sequence("message", "id"))
        return list(
            connection.execute(
                sa.select(sequence).select_from(sa.func.generate_series(1, count).alias("n"))
            ).scalars()
        )
    # Nobody else writes until this transaction ends.
    newest = connection.execute(sa.select(sa.func.coalesce(sa.func.max(message.c.id), 0))).scalar_one()
    return list(range(newest + 1, newest + 1 + count))


def _queueing(_dialect: str) -> sa.Update:
    return (
        recipient.update()
        .where(recipient.c.id == sa.bindparam("of"))
        .values(
            state=sa.literal_column(f"'{RecipientState.QUEUED.value}'"),
            message_id=sa.bindparam("with", type_=recipient.c.message_id.type),
            queued_at=sa.bindparam("now", type_=recipient.c.queued_at.type),
            attempt=recipient.c.attempt + sa.literal_column("1"),
            **dict.fromkeys(("sent_at", "delivered_at", "read_at"), sa.null()),
        )
    )


_ALIKE = {
    "direction": f"'{Direction.OUTBOUND.value}'",
    "type": "'template'",
    "reply_to_wamid": "''",
    "status": f"'{MessageStatus.QUEUED.value}'",
    "attempt": "0",
    "refusals": "0",
    "error_detail": "''",
}
_DIFFERENT = (
    *("id", "conversation_id", "channel_id", "body", "content", "recipient", "at", "created_at"),
    *("media_id", "campaign_recipient_id"),
)


def _queued_messages(_dialect: str) -> sa.Insert:
    """What is the same for all stands in the statement."""
    different = {name: sa.bindparam(name, type_=message.c[name].type) for name in _DIFFERENT}
    return message.insert().values(
        {**different, **{name: sa.literal_column(text) for name, text in _ALIKE.items()}}
    )


_QUEUED, _MESSAGES = Bulk(_queueing), Bulk(_queued_messages)
_TALKS = Bulk(lambda dialect: insert_ignore(dialect, conversation))
_CARD_FILES = Bulk(lambda _dialect: message_file.insert())


def _card_files(ready: Ready, message_id: int) -> Iterator[dict[str, Any]]:
    for place, media_id in (ready.files or {}).items():
        yield {"message_id": message_id, "place": place, "media_id": media_id}


def _message(
    ready: Ready, message_id: int, conversation_id: int, channel_id: int, now: datetime
) -> dict[str, Any]:
    return {
        "id": message_id,
        "conversation_id": conversation_id,
        "channel_id": channel_id,
        "body": ready.body,
        "content": ready.content,
        "recipient": ready.address,
        "at": now,
        "created_at": now,
        "media_id": ready.media_id,
        "campaign_recipient_id": ready.recipient_id,
    }


def _conversations(
    connection: sa.Connection, channel_id: int, ready: list[Ready], now: datetime
) -> dict[int, int]:
    """By contact. New ones are born resolved: an answer opens them, the campaign itself bothers nobody."""
    known = _known(connection, channel_id, [each.contact_id for each in ready])
    new = [each for each in ready if each.contact_id not in known]
    if new:
        _TALKS.run(connection, [_talk(each, channel_id, now) for each in new])
        known |= _known(connection, channel_id, [each.contact_id for each in new])
    return known


def _known(connection: sa.Connection, channel_id: int, contact_ids: Sequence[int]) -> dict[int, int]:
    of = {"contacts": contact_ids, "channel": channel_id}
    found = connection.execute(_talks_of(connection.dialect.name), of)
    return {contact_id: talk_id for contact_id, talk_id in found if talk_id is not None}


@functools.cache
def _talks_of(dialect: str) -> sa.Select[Any]:
    """One look for each contact. Nothing else may be looked up: a PostgreSQL that planned this while the table was
    small would read all of it, or all of this number's.
    """
    people = listed(dialect, conversation.c.contact_id, "contacts")
    channel_id = conversation.c.channel_id + sa.literal_column("0")
    its_talk = sa.select(conversation.c.id).where(
        conversation.c.contact_id == people.c.value, channel_id == sa.bindparam("channel")
    )
    return sa.select(people.c.value, its_talk.scalar_subquery())


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
