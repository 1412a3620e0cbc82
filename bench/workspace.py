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
    ContactTag,
    Conversation,
    ConversationStatus,
    DeskState,
    Direction,
    Message,
    MessageStatus,
    Reaction,
    Role,
    Tag,
    Team,
)
from wapto_app.models.base import table_of
from wapto_app.services.search import following

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
AGENTS, TEAMS, TAGS = 20, 3, 30
RARE_TAG = TAGS
"""Tag 1 is on every second contact, the next ones on fewer and fewer; this one on some dozens."""
_STATUSES = (
    *[ConversationStatus.RESOLVED] * 12,
    *[ConversationStatus.OPEN] * 6,
    ConversationStatus.PENDING,
    ConversationStatus.SNOOZED,
)
_OUTCOMES = (MessageStatus.READ, MessageStatus.READ, MessageStatus.DELIVERED, MessageStatus.FAILED)

Newest = dict[int, tuple[int, rows.Row]]


def order_number(message: int) -> str:
    """What about one message in ten has in it, and no other."""
    return f"AB{message:07d}X" if message % 10 == 0 else ""


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
        rows.insert(
            connection, Team, (Team(id=n, name=f"Team {n}").model_dump() for n in range(1, TEAMS + 1))
        )
        rows.insert(connection, Account, (self._account(n) for n in range(1, AGENTS + 2)))
        rows.customers(connection, self.conversations, ENDS - _BETWEEN * self.messages)
        newest: Newest = {}
        rows.insert(connection, Message, self._message_rows(newest))
        self._summaries(connection, newest)
        rows.insert(connection, Reaction, self._reactions())
        self._desk(connection)
        rows.go_on_after(
            connection, Account, Channel, Contact, ContactAddress, Conversation, Message, Tag, Team
        )
        while following.follow(connection, [None])[0]:
            pass
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("ANALYZE"))  # the server does that by itself, a minute later

    def _account(self, n: int) -> rows.Row:
        is_owner = n == 1
        account = Account(
            id=n,
            email=f"{n}@bench.example",
            name="Owner" if is_owner else f"Agent {n - 1}",
            password_hash="!",
            role=Role.OWNER if is_owner else Role.AGENT,
            team_id=None if is_owner else 1 + n % TEAMS,
        )
        return account.model_dump()

    def _desk(self, connection: sa.Connection) -> None:
        """Who works on what, how it stands, who waits, and tags."""
        rows.insert(
            connection,
            Tag,
            (
                {"id": n, "name": f"Tag {n}", "key": f"tag {n}", "colour": "grey", "created_at": ENDS}
                for n in range(1, TAGS + 1)
            ),
        )
        ids = range(1, self.conversations + 1)
        rows.insert(
            connection,
            ContactTag,
            ({"contact_id": of, "tag_id": tag, "at": ENDS} for of in ids for tag in self._tags_of(of)),
        )
        at = self.time_of(self.messages) - _BETWEEN * 100
        waiting = (
            {"conversation_id": of, "waiting_since": at - _BETWEEN * of if of % 10 == 0 else None}
            for of in ids
        )
        rows.insert(connection, DeskState, waiting)
        table = table_of(Conversation)
        change = table.update().where(table.c.id == sa.bindparam("of"))
        names = ("status", "assignee_id", "team_id")
        values = {name: sa.bindparam(f"new_{name}", type_=table.c[name].type) for name in names}
        connection.execute(change.values(values), [self._work_of(of) for of in ids])

    def _tags_of(self, of: int) -> Iterator[int]:
        common = (tag for tag in range(1, RARE_TAG) if self._chance.random() < 0.5 / tag)
        yield from common
        if of % 2_000 == 7:
            yield RARE_TAG

    def _work_of(self, of: int) -> rows.Row:
        agent = self._chance.choice([None, *range(2, AGENTS + 2)])
        return {
            "of": of,
            "new_status": self._chance.choice(_STATUSES),
            "new_assignee_id": agent,
            "new_team_id": self._chance.choice([None, *range(1, TEAMS + 1)]),
        }

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
            "body": " ".join([*chance.choices(_WORDS, k=chance.randint(3, 20)), order_number(n)]).strip(),
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
