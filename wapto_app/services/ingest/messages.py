"""Messages from customers, from the business's own phone, and from before the connection."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from integrations.whatsapp import webhooks
from wapto_app.clock import utcnow
from wapto_app.models import Conversation, ConversationStatus, Direction, Message, MessageStatus
from wapto_app.models.base import table_of
from wapto_app.services.identity import Person, insert_ignore, move_number, resolve
from wapto_app.services.ingest.changes import edit, react, revoke
from wapto_app.services.ingest.context import Batch, Item
from wapto_app.services.ingest.files import register_files
from wapto_app.services.message_status import reported
from wapto_app.services.previews import preview_of

message = table_of(Message)
conversation = table_of(Conversation)

# Younger than this, a message came live and is ordered by arrival; Meta's clock counts whole seconds only.
_LIVE = timedelta(seconds=10)
_CHANGES: dict[str, Callable[[Batch, int, webhooks.InboundMessage], None]] = {
    "reaction": react,
    "edit": edit,
    "revoke": revoke,
}
_SILENT = {"welcome", *_CHANGES}


@dataclass(slots=True)
class Arrival:
    """A message on its way into a conversation."""

    parsed: webhooks.InboundMessage | webhooks.MessageEcho | webhooks.HistoryMessage
    received_at: datetime
    channel_id: int
    person: Person
    outbound: bool = False
    counts: bool = True
    """Whether it opens the customer service window and counts as unread (history and echoes do not)."""
    status: MessageStatus = MessageStatus.RECEIVED
    conversation_id: int = 0
    media_id: int | None = None
    id: int = 0

    @property
    def at(self) -> datetime:
        late = self.received_at - self.parsed.timestamp
        return (
            self.received_at if timedelta(0) <= late < _LIVE else min(self.parsed.timestamp, self.received_at)
        )

    @property
    def kind(self) -> str:
        return str(self.parsed.content["kind"])


def inbound(batch: Batch, items: list[Item]) -> None:
    """What customers wrote."""
    arrivals = [
        _from_customer(batch, item, item.event)
        for item in items
        if isinstance(item.event, webhooks.InboundMessage) and not item.event.group_id
    ]
    _place(batch, arrivals)
    _store(batch, [arrival for arrival in arrivals if arrival.kind not in _SILENT])
    for arrival in arrivals:
        parsed = arrival.parsed
        assert isinstance(parsed, webhooks.InboundMessage)
        if change := _CHANGES.get(arrival.kind):
            change(batch, arrival.conversation_id, parsed)
        if arrival.kind == "system":
            _follow_new_number(batch, arrival)
    _open_windows(batch, [arrival for arrival in arrivals if arrival.kind in _CHANGES])


def from_elsewhere(batch: Batch, items: list[Item]) -> None:
    """What the business typed on its own phone, and the history that Meta hands over once (coexistence)."""
    arrivals = [
        _from_phone_app(batch, item, item.event)
        for item in items
        if isinstance(item.event, webhooks.MessageEcho | webhooks.HistoryMessage)
    ]
    _place(batch, arrivals)
    _store(batch, [arrival for arrival in arrivals if arrival.kind not in _SILENT])


def _from_customer(batch: Batch, item: Item, parsed: webhooks.InboundMessage) -> Arrival:
    return Arrival(
        parsed=parsed,
        received_at=item.received_at,
        channel_id=batch.channel_of(item.number),
        person=_person(parsed.sender),
    )


def _person(sender: webhooks.Sender) -> Person:
    return Person(
        wa_id=sender.wa_id or "",
        user_id=sender.user_id or "",
        profile_name=sender.profile_name or "",
        username=sender.username or "",
    )


def _from_phone_app(
    batch: Batch, item: Item, parsed: webhooks.MessageEcho | webhooks.HistoryMessage
) -> Arrival:
    if isinstance(parsed, webhooks.MessageEcho):
        customer, outbound, said = parsed.recipient, True, None
    else:
        customer, outbound, said = parsed.customer, bool(parsed.from_me), reported(parsed.status or "")
    return Arrival(
        parsed=parsed,
        received_at=item.received_at,
        channel_id=batch.channel_of(item.number),
        person=_person(customer),
        outbound=outbound,
        counts=False,
        status=(said or MessageStatus.SENT) if outbound else MessageStatus.RECEIVED,
    )


def _place(batch: Batch, arrivals: list[Arrival]) -> None:
    """Find or make the contact and the conversation of each arrival."""
    contacts = resolve(batch.connection, (arrival.person for arrival in arrivals))
    wanted = {(contacts[arrival.person], arrival.channel_id): arrival.at for arrival in arrivals}
    known = _conversations(batch.connection, wanted)
    missing = [key for key in wanted if key not in known]
    if missing:
        rows = [_new_conversation(key, wanted[key]) for key in missing]
        batch.connection.execute(insert_ignore(batch.connection, conversation), rows)
        known |= _conversations(batch.connection, missing)
    for arrival in arrivals:
        arrival.conversation_id = known[contacts[arrival.person], arrival.channel_id]


def _conversations(connection: sa.Connection, keys: Iterable[tuple[int, int]]) -> dict[tuple[int, int], int]:
    table = conversation
    query = sa.select(table.c.contact_id, table.c.channel_id, table.c.id).where(
        table.c.contact_id.in_({contact_id for contact_id, _channel in keys})
    )
    return {(row.contact_id, row.channel_id): row.id for row in connection.execute(query)}


def _new_conversation(key: tuple[int, int], at: datetime) -> dict[str, Any]:
    contact_id, channel_id = key
    return {
        "contact_id": contact_id,
        "channel_id": channel_id,
        "status": ConversationStatus.OPEN,
        "unread": 0,
        "preview": "",
        "preview_type": "",
        "preview_outbound": False,
        "preview_status": "",
        "last_message_at": at,
        "last_inbound_wamid": "",
        "receipt_wamid": "",
        "created_at": utcnow(),
    }


def _store(batch: Batch, arrivals: list[Arrival]) -> None:
    """Insert what is new by wamid, then tell the conversations."""
    fresh = _unknown(batch.connection, arrivals)
    if not fresh:
        return
    register_files(batch, fresh)
    inserted = batch.connection.execute(
        insert_ignore(batch.connection, message).returning(message.c.wamid, message.c.id),
        [_row(arrival) for arrival in fresh],
    )
    ids: dict[str, int] = dict(inserted.tuples().all())
    stored = [arrival for arrival in fresh if arrival.parsed.wamid in ids]
    for arrival in stored:
        arrival.id = ids[arrival.parsed.wamid]
    _summarise(batch, stored)
    _open_windows(batch, [arrival for arrival in stored if arrival.counts])


def _unknown(connection: sa.Connection, arrivals: list[Arrival]) -> list[Arrival]:
    by_wamid = {arrival.parsed.wamid: arrival for arrival in reversed(arrivals)}
    query = sa.select(message.c.wamid).where(message.c.wamid.in_(by_wamid))
    for (wamid,) in connection.execute(query):
        by_wamid.pop(wamid)
    return list(reversed(by_wamid.values()))


def _row(arrival: Arrival) -> dict[str, Any]:
    parsed = arrival.parsed
    errors = parsed.errors if isinstance(parsed, webhooks.InboundMessage) else ()
    return {
        "conversation_id": arrival.conversation_id,
        "channel_id": arrival.channel_id,
        "direction": Direction.OUTBOUND if arrival.outbound else Direction.INBOUND,
        "type": parsed.type[:32],
        "body": parsed.text,
        "content": _content(arrival),
        "wamid": parsed.wamid[:255],
        "reply_to_wamid": (parsed.context.reply_to if parsed.context else None) or "",
        "recipient": "",
        "status": arrival.status,
        "at": arrival.at,
        "created_at": utcnow(),
        "sent_at": parsed.timestamp,
        "media_id": arrival.media_id,
        "attempt": 0,
        "error_code": errors[0].code if errors else None,
        "error_detail": (errors[0].details or errors[0].title)[:500] if errors else "",
    }


def _content(arrival: Arrival) -> dict[str, Any]:
    parsed = arrival.parsed
    content: dict[str, Any] = dict(parsed.content)
    if arrival.kind == "unsupported":
        content["raw"] = dict(parsed.raw)
    if parsed.context and parsed.context.forwarded:
        content["forwarded"] = True
    if isinstance(parsed, webhooks.InboundMessage) and parsed.referral:
        content["referral"] = asdict(parsed.referral)
    return content


def _summarise(batch: Batch, stored: list[Arrival]) -> None:
    """One update per conversation: newest message, unread count, re-opened when a customer wrote."""
    groups: dict[int, list[Arrival]] = defaultdict(list)
    for arrival in stored:
        groups[arrival.conversation_id].append(arrival)
    rows = []
    for conversation_id, group in groups.items():
        newest = max(group, key=lambda arrival: (arrival.at, arrival.id))
        rows.append(
            {
                "of": conversation_id,
                "news": sum(1 for arrival in group if arrival.counts),
                "at": newest.at,
                "message": newest.id,
                "text": preview_of(newest.parsed.type, newest.parsed.text, newest.parsed.content),
                "kind": newest.parsed.type[:32],
                "mine": newest.outbound,
                "tick": newest.status.value if newest.outbound else "",
            }
        )
        batch.touch_conversation(conversation_id)
    for row in rows:
        batch.connection.execute(_update_summary(), row)


def _update_summary() -> sa.Update:
    table = conversation
    at = sa.bindparam("at", type_=table.c.last_message_at.type)
    is_newer = at >= table.c.last_message_at

    def newer(column: str, parameter: str) -> sa.ColumnElement[Any]:
        value = sa.bindparam(parameter, type_=table.c[column].type)
        return sa.case((is_newer, value), else_=table.c[column])

    return (
        table.update()
        .where(table.c.id == sa.bindparam("of"))
        .values(
            unread=table.c.unread + sa.bindparam("news", type_=sa.Integer),
            status=sa.case(
                (sa.bindparam("news", type_=sa.Integer) > 0, sa.literal("open")),
                else_=sa.type_coerce(table.c.status, sa.String),
            ),
            last_message_at=newer("last_message_at", "at"),
            last_message_id=newer("last_message_id", "message"),
            preview=newer("preview", "text"),
            preview_type=newer("preview_type", "kind"),
            preview_outbound=newer("preview_outbound", "mine"),
            preview_status=newer("preview_status", "tick"),
        )
    )


def _open_windows(batch: Batch, arrivals: list[Arrival]) -> None:
    """Meta: every message of the customer, a reaction or a tap too, opens the window for 24 hours from its time."""
    table = conversation
    newest: dict[int, Arrival] = {}
    for arrival in sorted(arrivals, key=lambda arrival: arrival.parsed.timestamp):
        newest[arrival.conversation_id] = arrival
    for conversation_id, arrival in newest.items():
        at = arrival.parsed.timestamp
        batch.connection.execute(
            table.update()
            .where(
                table.c.id == conversation_id,
                sa.or_(table.c.last_inbound_at.is_(None), table.c.last_inbound_at <= at),
            )
            .values(last_inbound_at=at, last_inbound_wamid=arrival.parsed.wamid[:255])
        )
        batch.touch_conversation(conversation_id)


def _follow_new_number(batch: Batch, arrival: Arrival) -> None:
    content: dict[str, Any] = dict(arrival.parsed.content)
    new = Person(wa_id=str(content.get("new_wa_id") or ""), user_id=str(content.get("new_user_id") or ""))
    if new.addresses():
        move_number(batch.connection, arrival.person, new)
