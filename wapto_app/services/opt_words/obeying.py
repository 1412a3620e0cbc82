"""What happens when a customer writes one of the words; in the transaction that stores the message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from wapto_app.clock import utcnow
from wapto_app.models import Contact, ContactEvent, ContactEventKind, Conversation
from wapto_app.models.base import table_of
from wapto_app.services import desk
from wapto_app.services.opt_words.choices import Meaning, Vocabulary, vocabulary
from wapto_app.services.opt_words.farewell import enqueue, may_answer
from wapto_app.services.opt_words.folding import fold
from wapto_app.services.unwanted import cancel_for

KINDS = frozenset({"text", "button", "button_reply", "list_reply"})
"""What can be a word: typed, or the title of a button that was pressed."""

contact = table_of(Contact)
contact_event = table_of(ContactEvent)
conversation = table_of(Conversation)


@dataclass(frozen=True, slots=True)
class Heard:
    """A new message of a customer: ``at`` is its place in the thread, ``written_at`` Meta's time."""

    conversation_id: int
    channel_id: int
    text: str
    at: datetime
    written_at: datetime


def obey(connection: sa.Connection, messages: Sequence[Heard]) -> set[str]:
    """Opt out and in whoever asks for it, and answer; the topics to publish.

    Only for messages that were not known before, so a webhook that comes again does nothing.
    """
    if not messages:
        return set()
    words = vocabulary(connection)
    wishes = [(each, meaning) for each in messages if (meaning := words.meaning(each.text))]
    topics: set[str] = set()
    for message, meaning in sorted(wishes, key=lambda wish: wish[0].written_at):
        topics |= _obey(connection, words, message, meaning)
    if wishes:
        said = [desk.Said(message.conversation_id, message.at) for message, _meaning in wishes]
        desk.asked_for_nothing(connection, said)
    return topics


def _obey(connection: sa.Connection, words: Vocabulary, message: Heard, meaning: Meaning) -> set[str]:
    row = _contact(connection, message.conversation_id)
    kind = ContactEventKind.OPTED_OUT if meaning.stops else ContactEventKind.OPTED_IN
    is_news = (row.opted_out_at is None) == meaning.stops
    if not is_news or _came_late(connection, row.id, message.written_at):
        return set()
    text = words.answer(meaning, row.language)
    answers = bool(text) and row.blocked_at is None and may_answer(connection, row.id, kind)
    place = message.conversation_id, message.channel_id
    message_id = enqueue(connection, row.id, *place, text) if answers else 0
    connection.execute(
        contact.update()
        .where(contact.c.id == row.id)
        .values(opted_out_at=message.written_at if meaning.stops else None, updated_at=utcnow())
    )
    detail: dict[str, Any] = {"word": fold(message.text)}
    if message_id:
        detail["message_id"] = message_id
    event = {"contact_id": row.id, "kind": kind, "at": message.written_at, "by_id": None, "detail": detail}
    connection.execute(contact_event.insert(), [event])
    topics = {"inbox", "contacts", f"contact:{row.id}", f"conversation:{message.conversation_id}"}
    if meaning.stops:
        topics |= set(cancel_for(connection, [row.id]))
    return topics | {f"outbox:{message.channel_id}"} if message_id else topics


def _contact(connection: sa.Connection, conversation_id: int) -> Any:
    """Locked: somebody of the team may opt the contact in or out at the same moment."""
    query = (
        sa.select(contact.c.id, contact.c.opted_out_at, contact.c.blocked_at, contact.c.language)
        .join(conversation, conversation.c.contact_id == contact.c.id)
        .where(conversation.c.id == conversation_id)
        .with_for_update(of=contact)
    )
    return connection.execute(query).one()


def _came_late(connection: sa.Connection, contact_id: int, at: datetime) -> bool:
    """Whether something was decided after this was written: the newest word counts, whichever arrives first."""
    query = sa.select(sa.literal(1)).where(
        contact_event.c.contact_id == contact_id,
        contact_event.c.kind.in_([ContactEventKind.OPTED_OUT, ContactEventKind.OPTED_IN]),
        contact_event.c.at > at,
    )
    return connection.execute(query.limit(1)).first() is not None
