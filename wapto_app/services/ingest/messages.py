"""Messages from customers, from the business's own phone, and from before the connection."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from integrations.whatsapp import webhooks
from wapto_app.bulk import Bulk, among
from wapto_app.clock import utcnow
from wapto_app.models import Conversation, ConversationStatus, Direction, Message, MessageStatus
from wapto_app.models.base import table_of
from wapto_app.services import desk
from wapto_app.services.assignment.strategy import bring_in, team_for_new, tell_given
from wapto_app.services.identity import insert_ignore, move_number, resolve
from wapto_app.services.ingest.changes import edit, react, revoke
from wapto_app.services.ingest.context import Arrival, Batch, Item
from wapto_app.services.ingest.files import bring_late_files, register_files
from wapto_app.services.ingest.statuses import catch_up
from wapto_app.services.message_status import reported
from wapto_app.services.opt_words.folding import LONGEST
from wapto_app.services.opt_words.obeying import KINDS, Heard, obey
from wapto_app.services.person import Person
from wapto_app.services.previews import preview_of

message = table_of(Message)
conversation = table_of(Conversation)

_CHANGES: dict[str, Callable[[Batch, Arrival], None]] = {"reaction": react, "edit": edit, "revoke": revoke}
# Neither shown as a message nor counted.
_SILENT = {"welcome", *_CHANGES}
# Meta: every message, a reaction or a tap too, opens the customer service window.
_WRITTEN_BY_WHATSAPP = {"system", "edit", "revoke", "welcome"}


def inbound(batch: Batch, items: list[Item]) -> None:
    """What customers wrote."""
    arrivals = [
        _from_customer(batch, item, item.event)
        for item in items
        if isinstance(item.event, webhooks.InboundMessage) and not item.event.group_id
    ]
    # First of all, so that what came from the new number is given to the right person; and only once.
    for arrival in _unknown(batch.connection, [arrival for arrival in arrivals if arrival.kind == "system"]):
        _follow_new_number(batch, arrival)
    _take_in(batch, arrivals)
    _open_windows(batch, [arrival for arrival in arrivals if arrival.kind not in _WRITTEN_BY_WHATSAPP])
    batch.topics |= obey(
        batch.connection, [_heard(arrival) for arrival in arrivals if _may_be_a_word(arrival)]
    )


def from_elsewhere(batch: Batch, items: list[Item]) -> None:
    """What the business typed on its own phone, and the history that Meta hands over once (coexistence)."""
    arrivals = [
        _from_phone_app(batch, item, item.event)
        for item in items
        if isinstance(item.event, webhooks.MessageEcho | webhooks.HistoryMessage)
    ]
    _take_in(batch, arrivals)
    bring_late_files(batch, arrivals)
    catch_up(batch.connection, (arrival.parsed.wamid for arrival in arrivals if arrival.outbound))


def _take_in(batch: Batch, arrivals: list[Arrival]) -> None:
    """New messages first, so that a change in the same batch finds the message it is about."""
    _place(batch, arrivals)
    _store(batch, [arrival for arrival in arrivals if arrival.kind not in _SILENT])
    for arrival in arrivals:
        if change := _CHANGES.get(arrival.kind):
            change(batch, arrival)


def _from_customer(batch: Batch, item: Item, parsed: webhooks.InboundMessage) -> Arrival:
    return Arrival(
        parsed=parsed,
        received_at=item.received_at,
        channel_id=batch.channel_of(item.number),
        person=_person(parsed.sender),
        counts=parsed.content["kind"] != "system",
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
    known = _conversations(batch, wanted)
    missing = [key for key in wanted if key not in known]
    if missing:
        team_id = team_for_new(batch.connection)
        _BEGIN.run(batch.connection, [_new_conversation(key, wanted[key], team_id) for key in missing])
        known |= _conversations(batch, missing)
    for arrival in arrivals:
        arrival.conversation_id = known[contacts[arrival.person], arrival.channel_id]


def _conversations(batch: Batch, keys: Iterable[tuple[int, int]]) -> dict[tuple[int, int], int]:
    """Their ids; notes on the way which of them somebody has to be found for when the customer writes."""
    contacts = {contact_id for contact_id, _channel in keys}
    query = _of_contacts(batch.connection.dialect.name)
    found = batch.connection.execute(query, {"contacts": contacts}).all()
    for row in found:
        is_free = row.assignee_id is None and row.team_id is not None
        if is_free or row.status is ConversationStatus.RESOLVED:
            batch.unattended.add(row.id)
        if row.status in (ConversationStatus.SNOOZED, ConversationStatus.PENDING):
            batch.aside.add(row.id)
    return {(row.contact_id, row.channel_id): row.id for row in found}


@functools.cache
def _of_contacts(dialect: str) -> sa.Select[Any]:
    c = conversation.c
    columns = c.contact_id, c.channel_id, c.id, c.status, c.assignee_id, c.team_id
    return sa.select(*columns).where(among(dialect, c.contact_id, "contacts"))


def _new_conversation(key: tuple[int, int], at: datetime, team_id: int | None) -> dict[str, Any]:
    contact_id, channel_id = key
    return {
        "contact_id": contact_id,
        "channel_id": channel_id,
        "status": ConversationStatus.OPEN,
        "team_id": team_id,
        "unread": 0,
        "preview": "",
        "preview_type": "",
        "preview_outbound": False,
        "preview_status": "",
        "last_message_at": at,
        "receipt_wamid": "",
        "created_at": utcnow(),
    }


def _store(batch: Batch, arrivals: list[Arrival]) -> None:
    """Insert what is new by wamid, then tell the conversations."""
    fresh = _unknown(batch.connection, arrivals)
    if not fresh:
        return
    register_files(batch, fresh)
    ids = _insert(batch.connection, [_row(arrival) for arrival in fresh])
    stored = [arrival for arrival in fresh if arrival.parsed.wamid in ids]
    for arrival in stored:
        arrival.id = ids[arrival.parsed.wamid]
    _summarise(batch, stored)
    desk.arrived(batch.connection, [_at_the_desk(arrival) for arrival in stored if arrival.counts])
    echoes = [arrival for arrival in stored if isinstance(arrival.parsed, webhooks.MessageEcho)]
    desk.answered_elsewhere(batch.connection, [_at_the_desk(arrival) for arrival in echoes])


def _insert(connection: sa.Connection, rows: list[dict[str, Any]]) -> dict[str, int]:
    """The ids of the messages that were not there, by wamid."""
    if connection.dialect.name != "sqlite":
        inserted = connection.execute(_insert_returning(connection.dialect.name), rows)
        return dict(inserted.tuples().all())
    # Nobody else writes meanwhile, and none of them was there: all are ours. A third of the price.
    _INSERT.run(connection, rows)
    wamids = {"wamids": [row["wamid"] for row in rows]}
    return dict(connection.execute(_known("sqlite"), wamids).tuples().all())


@functools.cache
def _insert_returning(dialect: str) -> Any:
    return insert_ignore(dialect, message).returning(message.c.wamid, message.c.id)


@functools.cache
def _known(dialect: str) -> sa.Select[Any]:
    return sa.select(message.c.wamid, message.c.id).where(among(dialect, message.c.wamid, "wamids"))


def _may_be_a_word(arrival: Arrival) -> bool:
    """New, typed or pressed, and short."""
    return bool(arrival.id) and arrival.kind in KINDS and len(arrival.parsed.text) <= LONGEST


def _heard(arrival: Arrival) -> Heard:
    place = arrival.conversation_id, arrival.channel_id
    return Heard(*place, arrival.parsed.text, arrival.at, arrival.written_at)


def _at_the_desk(arrival: Arrival) -> desk.Said:
    return desk.Said(arrival.conversation_id, arrival.at)


def _unknown(connection: sa.Connection, arrivals: list[Arrival]) -> list[Arrival]:
    """Each message once, without those that we have already."""
    if not arrivals:
        return []
    by_wamid = {arrival.parsed.wamid: arrival for arrival in reversed(arrivals)}
    for wamid, _id in connection.execute(_known(connection.dialect.name), {"wamids": by_wamid}):
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
        "body": _body(parsed),
        "content": _content(arrival),
        "wamid": parsed.wamid,
        "reply_to_wamid": ((parsed.context.reply_to if parsed.context else None) or "")[:255],
        "recipient": "",
        "status": arrival.status,
        "at": arrival.at,
        "created_at": utcnow(),
        "sent_at": parsed.timestamp,
        "media_id": arrival.media_id,
        "attempt": 0,
        "refusals": 0,
        "error_code": errors[0].code if errors else None,
        "error_detail": (errors[0].details or errors[0].title)[:500] if errors else "",
    }


def _body(parsed: webhooks.InboundMessage | webhooks.MessageEcho | webhooks.HistoryMessage) -> str:
    """The text; of a file its caption, for the parser's line for display may be the file's name."""
    content: dict[str, Any] = dict(parsed.content)
    return str(content.get("caption") or "") if content["kind"] == "media" else parsed.text


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
    if not stored:
        return
    groups: dict[int, list[Arrival]] = defaultdict(list)
    for arrival in stored:
        groups[arrival.conversation_id].append(arrival)
    rows: list[dict[str, Any]] = []
    for conversation_id, group in groups.items():
        newest = max(group, key=lambda arrival: (arrival.at, arrival.id))
        rows.append(
            {
                "of": conversation_id,
                "news": sum(1 for arrival in group if arrival.counts),
                "at": newest.at,
                "message": newest.id,
                "text": preview_of(newest.parsed.type, _body(newest.parsed), newest.parsed.content),
                "kind": newest.parsed.type[:32],
                "mine": newest.outbound,
                "tick": newest.status.value if newest.outbound else "",
            }
        )
        batch.touch_conversation(conversation_id)
    _SUMMARISE.run(batch.connection, sorted(rows, key=lambda row: row["of"]))
    with_news = {row["of"] for row in rows if row["news"]}
    batch.connection.execute(_open(batch.connection.dialect.name), {"of": with_news})
    given = bring_in(batch.connection, batch.unattended & with_news)
    batch.topics |= tell_given(batch.connection, given)
    desk.woken(batch.connection, batch.aside & with_news, why="reply")
    batch.aside -= with_news


def _summary(_dialect: str) -> sa.Update:
    table = conversation
    at = sa.bindparam("at", type_=table.c.last_message_at.type)
    is_newer = sa.or_(table.c.last_message_id.is_(None), at >= table.c.last_message_at)

    def newer(column: str, parameter: str) -> sa.ColumnElement[Any]:
        value = sa.bindparam(parameter, type_=table.c[column].type)
        return sa.case((is_newer, value), else_=table.c[column])

    return (
        table.update()
        .where(table.c.id == sa.bindparam("of"))
        .values(
            unread=table.c.unread + sa.bindparam("news", type_=sa.Integer),
            last_message_at=newer("last_message_at", "at"),
            last_message_id=newer("last_message_id", "message"),
            preview=newer("preview", "text"),
            preview_type=newer("preview_type", "kind"),
            preview_outbound=newer("preview_outbound", "mine"),
            preview_status=newer("preview_status", "tick"),
        )
    )


@functools.cache
def _open(dialect: str) -> sa.Update:
    """Apart from the rest: a column that is written costs its indexes something even when it stays as it is."""
    c = conversation.c
    closed = among(dialect, c.id, "of"), c.status != ConversationStatus.OPEN
    return conversation.update().where(*closed).values(status=ConversationStatus.OPEN)


_BEGIN = Bulk(lambda dialect: insert_ignore(dialect, conversation))
_INSERT = Bulk(lambda dialect: insert_ignore(dialect, message))
_SUMMARISE = Bulk(_summary)


def _open_windows(batch: Batch, arrivals: list[Arrival]) -> None:
    """The customer service window counts from the newest message of the customer, by Meta's time."""
    newest: dict[int, datetime] = {}
    for arrival in arrivals:
        known = newest.get(arrival.conversation_id, arrival.written_at)
        newest[arrival.conversation_id] = max(known, arrival.written_at)
    if not newest:
        return
    rows = [{"of": conversation_id, "at": when} for conversation_id, when in sorted(newest.items())]
    _OPEN_WINDOWS.run(batch.connection, rows)
    for conversation_id in newest:
        batch.touch_conversation(conversation_id)


def _last_inbound(_dialect: str) -> sa.Update:
    last = conversation.c.last_inbound_at
    at = sa.bindparam("at", type_=last.type)
    return (
        conversation.update()
        .where(conversation.c.id == sa.bindparam("of"), sa.or_(last.is_(None), last < at))
        .values(last_inbound_at=at)
    )


_OPEN_WINDOWS = Bulk(_last_inbound)


def _follow_new_number(batch: Batch, arrival: Arrival) -> None:
    content: dict[str, Any] = dict(arrival.parsed.content)
    new = Person(wa_id=str(content.get("new_wa_id") or ""), user_id=str(content.get("new_user_id") or ""))
    if new.addresses():
        move_number(batch.connection, arrival.person, new, arrival.parsed.timestamp)
        batch.topics.add("inbox")
