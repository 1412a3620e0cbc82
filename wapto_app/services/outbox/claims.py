"""Writer operations of the sender: claim, record, recover. Each is durable before it answers."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from wapto_app.bulk import Bulk, among
from wapto_app.clock import utcnow
from wapto_app.models import (
    AddressKind,
    Channel,
    Contact,
    ContactAddress,
    Conversation,
    MediaFile,
    Message,
    MessageStatus,
    Reaction,
)
from wapto_app.models.base import table_of
from wapto_app.models.conversations import WAITING
from wapto_app.services import leases
from wapto_app.services.campaign_changes import note
from wapto_app.services.campaigns import taking_back
from wapto_app.services.errors import DomainError
from wapto_app.services.identity import insert_ignore
from wapto_app.services.ingest.statuses import catch_up
from wapto_app.services.opt_words.farewell import confirmations
from wapto_app.services.outbox import card_files
from wapto_app.services.outbox.callback import Callback
from wapto_app.services.outbox.candidates import CANDIDATES
from wapto_app.services.outbox.gate import Facts, TemplateFacts, check
from wapto_app.services.outbox.template_facts import facts_of, id_in
from wapto_app.services.previews import show_ticks

message = table_of(Message)
conversation = table_of(Conversation)
contact = table_of(Contact)
contact_address = table_of(ContactAddress)
channel = table_of(Channel)
media_file = table_of(MediaFile)
reaction = table_of(Reaction)

# Spelled exactly as in the partial indexes, or SQLite does not use them.
_IS_WAITING = sa.text(f"message.{WAITING}")
_IS_QUEUED = sa.text("message.status = 'queued'")
_IS_SENDING = sa.text("message.status = 'sending'")
# Spelled differently on purpose: PostgreSQL would go through all that waits to find some messages by their ids.
_IS_STILL_QUEUED = sa.text("message.status || '' = 'queued'")


@dataclass(frozen=True, slots=True)
class Claim:
    """A request for up to ``limit`` messages of one number, by whoever holds ``bid``."""

    channel_id: int
    limit: int
    bid: leases.Bid


@dataclass(frozen=True, slots=True)
class Left:
    """A look for messages of one number that nobody is sending; ``still_in_hand`` are those somebody is."""

    channel_id: int
    still_in_hand: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that is marked ``sending`` and now has to be handed to Meta."""

    id: int
    conversation_id: int
    contact_id: int
    type: str
    body: str
    content: dict[str, Any]
    recipient: str
    reply_to_wamid: str
    attempt: int
    refusals: int
    created_at: datetime
    meta_media_id: str
    filename: str
    campaign_recipient_id: int | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    """Meta's ids of the files of its cards, by their places."""

    @property
    def callback_data(self) -> str:
        """Comes back in every status webhook, even when we never heard the answer to the request."""
        return str(Callback(self.id, self.attempt, Callback.stamp_of(self.created_at)))


@dataclass(frozen=True, slots=True)
class Batch:
    """What a claim found: messages to send, and conversations in which some were refused by the gate.

    ``is_leading`` is False when the lease is lost: then nothing was claimed.
    """

    claimed: list[Claimed]
    refused: list[int]
    is_leading: bool = True


@dataclass(frozen=True, slots=True)
class SendOutcome:
    """What became of a claimed message."""

    claimed: Claimed
    status: MessageStatus
    wamid: str = ""
    wa_id: str = ""
    error_code: int | None = None
    error_detail: str = ""
    refusals: int = 0
    not_before: datetime | None = None


def claim(connection: sa.Connection, claims: list[Claim]) -> Sequence[Batch]:
    """Mark the oldest sendable messages of each number ``sending``."""
    return [_claim(connection, wanted) for wanted in claims]


def _claim(connection: sa.Connection, wanted: Claim) -> Batch:
    if not leases.is_held(connection, wanted.bid):
        return Batch([], [], is_leading=False)
    now = utcnow()
    rows = connection.execute(
        CANDIDATES, {"channel": wanted.channel_id, "now": now, "room": wanted.limit}
    ).all()
    templates = facts_of(connection, (row.content for row in rows if row.type == "template"))
    farewells = confirmations(connection, rows)
    allowed: list[Any] = []
    refused: list[tuple[Any, DomainError]] = []
    for row in rows:
        refusal = _refusal(row, templates.get(id_in(row.content)), now, is_farewell=row.id in farewells)
        if refusal is None:
            allowed.append(row)
        else:
            refused.append((row, refusal))
    ours = _mark_sending(connection, [row.id for row in allowed], now)
    _mark_refused(connection, [pair for pair in refused if pair[0].campaign_recipient_id is None])
    of_campaigns = {row.id: why for row, why in refused if row.campaign_recipient_id is not None}
    taking_back.refused(connection, of_campaigns)
    taken = [row for row in allowed if row.id in ours]
    files = card_files.of_messages(connection, taken)
    return Batch(
        [_claimed(row, files.get(row.id, {})) for row in taken],
        [row.conversation_id for row, _why in refused],
    )


def _refusal(
    row: Any, template: TemplateFacts | None, now: datetime, *, is_farewell: bool
) -> DomainError | None:
    facts = Facts(
        channel_status=row.channel_status,
        channel_name=row.verified_name,
        last_inbound_at=row.last_inbound_at,
        opted_out=row.opted_out_at is not None,
        blocked=row.blocked_at is not None,
        marketing_stopped=row.marketing_stopped_at is not None,
        template=template,
        confirms_opt_out=is_farewell,
    )
    try:
        check(facts, row.type, now)
    except DomainError as refusal:
        return refusal
    return None


def _claimed(row: Any, files: Mapping[str, str]) -> Claimed:
    return Claimed(
        id=row.id,
        conversation_id=row.conversation_id,
        contact_id=row.contact_id,
        type=row.type,
        body=row.body,
        content=row.content,
        recipient=row.recipient,
        reply_to_wamid=row.reply_to_wamid,
        attempt=row.attempt + 1,
        refusals=row.refusals,
        created_at=row.created_at,
        meta_media_id=row.meta_id or "",
        filename=row.filename or "",
        campaign_recipient_id=row.campaign_recipient_id,
        files=files,
    )


def _mark_sending(connection: sa.Connection, ids: list[int], now: datetime) -> set[int]:
    """The messages that are ours now: none that another sender took in the same moment."""
    if not ids:
        return set()
    taken = connection.execute(_sending(connection.dialect.name), {"ids": ids, "now": now})
    return set(taken.scalars())


@functools.cache
def _sending(dialect: str) -> Any:
    return (
        message.update()
        .where(among(dialect, message.c.id, "ids"), _IS_STILL_QUEUED)
        .values(
            status=MessageStatus.SENDING,
            attempt=message.c.attempt + 1,
            sending_since=sa.bindparam("now", type_=message.c.sending_since.type),
        )
        .returning(message.c.id)
    )


def _mark_refused(connection: sa.Connection, refused: list[tuple[Any, DomainError]]) -> None:
    if not refused:
        return
    connection.execute(
        message.update()
        .where(message.c.id == sa.bindparam("of"), _IS_QUEUED)
        .values(status=MessageStatus.FAILED, error_code=None, error_detail=sa.bindparam("why")),
        [{"of": row.id, "why": refusal.message[:500]} for row, refusal in refused],
    )
    show_ticks(connection, [row.conversation_id for row, _why in refused])
    _take_back(connection, [row.content for row, _why in refused])


def _take_back(connection: sa.Connection, contents: list[dict[str, Any]]) -> None:
    """A reaction is shown as soon as it is made; one that WhatsApp refused must not stay."""
    targets = [content.get("message_id") for content in contents if content.get("kind") == "reaction"]
    if targets:
        ours = reaction.c.target_wamid.in_(targets), reaction.c.from_customer.is_(False)
        connection.execute(reaction.delete().where(*ours))


def record(connection: sa.Connection, outcomes: list[SendOutcome]) -> Sequence[None]:
    """Write down what became of messages. A status webhook that was faster is not overwritten."""
    _RECORD.run(connection, [_outcome_row(outcome) for outcome in outcomes])
    note(connection, [outcome.claimed.campaign_recipient_id for outcome in outcomes])
    shown = [out for out in outcomes if out.claimed.campaign_recipient_id is None]
    show_ticks(connection, [outcome.claimed.conversation_id for outcome in shown])
    _take_back(connection, [out.claimed.content for out in outcomes if out.status is MessageStatus.FAILED])
    sent = [outcome for outcome in outcomes if outcome.wamid]
    if sent:
        _keep_aliases(connection, sent)
        catch_up(connection, [outcome.wamid for outcome in sent])
    return [None] * len(outcomes)


def _recording(_dialect: str) -> sa.Update:
    table = message
    return (
        table.update()
        .where(
            table.c.id == sa.bindparam("of"),
            table.c.attempt == sa.bindparam("try"),
            # Not IN: its parameter cannot be used for many rows at once.
            sa.or_(table.c.status == MessageStatus.SENDING, table.c.status == MessageStatus.UNCONFIRMED),
        )
        .values(
            status=sa.bindparam("news", type_=table.c.status.type),
            wamid=sa.func.coalesce(table.c.wamid, sa.bindparam("wamid_", type_=table.c.wamid.type)),
            sent_at=sa.func.coalesce(table.c.sent_at, sa.bindparam("sent", type_=table.c.sent_at.type)),
            error_code=sa.bindparam("code", type_=table.c.error_code.type),
            error_detail=sa.bindparam("why", type_=table.c.error_detail.type),
            refusals=sa.bindparam("count", type_=table.c.refusals.type),
            not_before=sa.bindparam("later", type_=table.c.not_before.type),
        )
    )


_RECORD = Bulk(_recording)


def _outcome_row(outcome: SendOutcome) -> dict[str, Any]:
    return {
        "of": outcome.claimed.id,
        "try": outcome.claimed.attempt,
        "count": outcome.refusals,
        "news": outcome.status,
        "wamid_": outcome.wamid or None,
        "sent": utcnow() if outcome.wamid else None,
        "code": outcome.error_code,
        "why": outcome.error_detail[:500],
        "later": outcome.not_before,
    }


def _keep_aliases(connection: sa.Connection, sent: list[SendOutcome]) -> None:
    """Meta may know the number in another form (Brazil, Mexico, Argentina); webhooks will use that one."""
    aliases = [out for out in sent if out.wa_id and out.wa_id != out.claimed.recipient.lstrip("+")]
    if aliases:
        connection.execute(
            insert_ignore(connection.dialect.name, contact_address),
            [
                {
                    "contact_id": out.claimed.contact_id,
                    "kind": AddressKind.WA_ID,
                    "value": out.wa_id,
                    "created_at": utcnow(),
                }
                for out in aliases
            ],
        )


def recover(connection: sa.Connection, requests: list[Left]) -> Sequence[list[int]]:
    """Park what a dead sender left ``sending``: Meta may have it. Returns the conversations concerned.

    A status webhook still settles these; they are never sent again unless a person asks for it.
    """
    return [_recover(connection, left) for left in requests]


def _recover(connection: sa.Connection, left: Left) -> list[int]:
    rows = connection.execute(
        message.update()
        .where(
            message.c.channel_id == left.channel_id,
            _IS_WAITING,
            _IS_SENDING,
            message.c.id.not_in(left.still_in_hand),
        )
        .values(
            status=MessageStatus.UNCONFIRMED,
            error_detail="Wapto stopped while this message was being sent. WhatsApp may have delivered it.",
        )
        .returning(message.c.id, message.c.conversation_id, message.c.campaign_recipient_id)
    ).all()
    note(connection, [row.campaign_recipient_id for row in rows])
    show_ticks(connection, [row.conversation_id for row in rows])
    return [row.conversation_id for row in rows]
