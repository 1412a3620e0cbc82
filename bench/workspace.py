"""A workspace after a year, straight into the tables: a few customers write a lot, most write little."""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate

import sqlalchemy as sa

from bench import rows
from bench.install import channel_row
from bench.webhooks import wamid_of
from wapto_app.models import (
    Account,
    Channel,
    Contact,
    ContactAddress,
    Conversation,
    Direction,
    Message,
    MessageStatus,
    Reaction,
    Role,
)
from wapto_app.models.base import table_of

ENDS = datetime(2026, 1, 1, tzinfo=UTC)
"""When the newest message was written."""
_BETWEEN = timedelta(seconds=30)
_UNREAD_SHARE = 0.08
_REPLY_SHARE = 0.03
_REACTION_SHARE = 0.01
_WORDS = (
    *("the", "order", "please", "price", "hello", "thanks", "delivery", "is", "my", "when", "can", "you"),
    *("pedido", "gracias", "hola", "नमस्ते", "कीमत", "مرحبا", "flat", "Saturday", "invoice", "garden", "visit"),
    *("rent", "colour", "size", "available", "today", "tomorrow", "evening", "street", "address"),
)
_OUTCOMES = (MessageStatus.READ, MessageStatus.READ, MessageStatus.DELIVERED, MessageStatus.FAILED)

Newest = dict[int, tuple[int, rows.Row]]


class Workspace:
    """``conversations`` conversations with ``messages`` messages; always the same ones."""

    def __init__(self, conversations: int, messages: int) -> None:
        self.conversations = conversations
        self.messages = messages
        self._chance = random.Random(1)
        # Activity falls with the rank, as measured in real inboxes; conversation 1 is the busiest.
        self._shares = list(accumulate(1 / (rank + 10) ** 0.8 for rank in range(conversations)))

    def build(self, connection: sa.Connection, key: str) -> None:
        """Write all of it into empty tables."""
        rows.insert(connection, Channel, [channel_row(key, "HIGH")])
        owner = Account(id=1, email="owner@bench.example", name="Owner", password_hash="!", role=Role.OWNER)
        rows.insert(connection, Account, [owner.model_dump()])
        rows.customers(connection, self.conversations, ENDS - _BETWEEN * self.messages)
        newest: Newest = {}
        rows.insert(connection, Message, self._message_rows(newest))
        self._summaries(connection, newest)
        rows.insert(connection, Reaction, self._reactions())
        rows.go_on_after(connection, Account, Channel, Contact, ContactAddress, Conversation, Message)
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("ANALYZE"))  # the server does that by itself, a minute later

    def time_of(self, message: int) -> datetime:
        return ENDS - _BETWEEN * (self.messages - message)

    def _conversation(self, message: int) -> int:
        if message <= self.conversations:
            return message
        return 1 + bisect(self._shares, self._chance.random() * self._shares[-1])

    def _message_rows(self, newest: Newest) -> Iterator[rows.Row]:
        row = rows.text_message(ENDS)
        for n in range(1, self.messages + 1):
            conversation = self._conversation(n)
            earlier = newest.get(conversation)
            made = row | self._message(n, conversation, earlier[0] if earlier else 0)
            newest[conversation] = (n, made)
            yield made

    def _message(self, n: int, conversation: int, earlier: int) -> rows.Row:
        at, chance = self.time_of(n), self._chance
        outbound = chance.random() < 0.5
        return {
            "id": n,
            "conversation_id": conversation,
            "direction": Direction.OUTBOUND if outbound else Direction.INBOUND,
            "body": " ".join(chance.choices(_WORDS, k=chance.randint(3, 20))),
            "wamid": wamid_of(n),
            "reply_to_wamid": wamid_of(earlier) if earlier and chance.random() < _REPLY_SHARE else "",
            "recipient": f"+{rows.digits(conversation)}" if outbound else "",
            "status": chance.choice(_OUTCOMES) if outbound else MessageStatus.RECEIVED,
            "at": at,
            "created_at": at,
            "sent_at": at,
            "attempt": int(outbound),
        }

    def _summaries(self, connection: sa.Connection, newest: Newest) -> None:
        table = table_of(Conversation)
        names = (
            "unread",
            "preview",
            "preview_type",
            "preview_outbound",
            "last_message_id",
            "last_message_at",
        )
        statement = (
            table.update()
            .where(table.c.id == sa.bindparam("of"))
            .values(
                {name: sa.bindparam(f"new_{name}", type_=table.c[name].type) for name in names}
                | {"last_inbound_at": sa.bindparam("new_last_message_at", type_=table.c.last_message_at.type)}
            )
        )
        values = [
            {
                "of": conversation,
                "new_unread": self._chance.randint(1, 9) if self._chance.random() < _UNREAD_SHARE else 0,
                "new_preview": row["body"][:160],
                "new_preview_type": "text",
                "new_preview_outbound": row["direction"] is Direction.OUTBOUND,
                "new_last_message_id": n,
                "new_last_message_at": row["at"],
            }
            for conversation, (n, row) in newest.items()
        ]
        connection.execute(statement, values)

    def _reactions(self) -> Iterator[rows.Row]:
        for n in range(1, self.messages + 1):
            if self._chance.random() < _REACTION_SHARE:
                yield {
                    "conversation_id": 1 + n % self.conversations,
                    "target_wamid": wamid_of(n),
                    "from_customer": True,
                    "emoji": "👍",
                    "at": self.time_of(n),
                }
