"""A workspace with a month of work in it, written straight into the database of a server that has not started yet."""

from __future__ import annotations

import asyncio
import random
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from wapto_app import migrations
from wapto_app.clock import utcnow
from wapto_app.db import make_sync_engine
from wapto_app.models import (
    Account,
    AddressKind,
    Channel,
    Contact,
    ContactAddress,
    Conversation,
    ConversationStatus,
    DeskEvent,
    DeskKind,
    Direction,
    Message,
    MessageStatus,
    OnlineSpan,
    Role,
    Team,
)
from wapto_app.models.base import table_of
from wapto_app.security import passwords

OWNER, AGENT, PASSWORD = "olga@example.com", "ben@example.com", "velvet harbour lantern"
AGENTS = ("Ben Agent", "Wolfgang-Amadeus von Hohenzollern-Sigmaringen", "Zoe", "María del Carmen Núñez")
CUSTOMERS = ("Maya Thompson", "João Pereira", "Aïcha", "A customer with a name that is longer than any line")
_GRANTED = ["inbox.see", "inbox.do", "contacts.see", "contacts.do"]
_CHAT = (
    (Direction.INBOUND, "Hello! Is the flat on Harbour Street still free?"),
    (Direction.OUTBOUND, "Good morning! Yes, it is: two rooms, 64 m², with a balcony over the water."),
    (Direction.INBOUND, "Could I come and see it on Saturday?"),
    (Direction.OUTBOUND, "Saturday at 11 is free. See you there!"),
)


def prepare(data_dir: Path, *, with_work: bool = True) -> None:
    """Accounts, and unless told otherwise conversations, events and spans."""
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    url = f"sqlite:///{data_dir / 'wapto.sqlite3'}"
    migrations.upgrade(url)
    with ThreadPoolExecutor(1) as aside:  # Playwright has a loop of its own in this thread
        secret = aside.submit(asyncio.run, passwords.hashed(PASSWORD)).result()
    engine = make_sync_engine(url)
    with engine.begin() as connection:
        _people(connection, secret)
        if with_work:
            _work(connection, random.Random(7))
    engine.dispose()


def _insert(connection: sa.Connection, model: Any, **values: Any) -> int:
    row = model(**values).model_dump(exclude_none=True)
    inserted = connection.execute(table_of(model).insert().values(**row))
    key = inserted.inserted_primary_key
    assert key is not None
    return int(key[0])


def _people(connection: sa.Connection, secret: str) -> None:
    connection.execute(table_of(Team).delete())
    sales = _insert(connection, Team, name="Sales Team", permissions=_GRANTED)
    success = _insert(connection, Team, name="Customer Success", permissions=[*_GRANTED, "reports.see"])
    _insert(connection, Account, name="Olga Owner", email=OWNER, password_hash=secret, role=Role.OWNER)
    for number, name in enumerate(AGENTS):
        email = AGENT if number == 0 else f"agent{number}@example.com"
        team_id = sales if number < 2 else success
        _insert(
            connection,
            Account,
            name=name,
            email=email,
            password_hash=secret,
            role=Role.AGENT,
            team_id=team_id,
        )


def _work(connection: sa.Connection, chance: random.Random) -> None:
    channel = _insert(
        connection,
        Channel,
        phone_number_id="106540352242922",
        waba_id="102290129340398",
        display_phone_number="+1 650-555-0100",
        verified_name="Harbour Homes",
    )
    now = utcnow()
    conversations = [
        _conversation(connection, channel, number, now - timedelta(minutes=50 * number + 5))
        for number in range(24)
    ]
    events = [
        row
        for day in range(29, -1, -1)
        for _ in range(chance.randint(2, 9))
        for row in _episode(chance, chance.choice(conversations), now - timedelta(days=day))
    ]
    connection.execute(table_of(DeskEvent).insert(), events)
    spans = [
        {
            "account_id": 2 + who,
            "started_at": start,
            "ended_at": start + timedelta(hours=chance.randint(1, 5)),
        }
        for who in range(len(AGENTS))
        for day in range(1, 30)
        for start in [now - timedelta(days=day, hours=8)]
    ]
    spans.append(
        {"account_id": 2, "started_at": now - timedelta(minutes=30), "ended_at": now + timedelta(days=1)}
    )
    connection.execute(table_of(OnlineSpan).insert(), spans)


def _conversation(connection: sa.Connection, channel: int, number: int, at: datetime) -> int:
    contact = _insert(connection, Contact, name=CUSTOMERS[number % len(CUSTOMERS)])
    phone = f"+1650555{number:04}"
    _insert(connection, ContactAddress, contact_id=contact, kind=AddressKind.PHONE, value=phone)
    conversation = _insert(
        connection,
        Conversation,
        contact_id=contact,
        channel_id=channel,
        status=ConversationStatus.OPEN,
        preview=_CHAT[-1][1],
        preview_type="text",
        preview_outbound=True,
        preview_status="read",
        last_message_at=at,
        last_inbound_at=at,
    )
    for line, (direction, text) in enumerate(_CHAT):
        is_ours = direction is Direction.OUTBOUND
        _insert(
            connection,
            Message,
            conversation_id=conversation,
            channel_id=channel,
            direction=direction,
            type="text",
            body=text,
            content={"kind": "text"},
            wamid=f"wamid.{number}.{line}",
            status=MessageStatus.READ if is_ours else MessageStatus.RECEIVED,
            at=at - timedelta(minutes=4 - line),
            author_id=2 + number % len(AGENTS) if is_ours else None,
        )
    return conversation


def _episode(chance: random.Random, conversation: int, day: datetime) -> list[dict[str, Any]]:
    """A customer writes, somebody answers, now and then too late or not for good."""
    who = 2 + (conversation - 1) % len(AGENTS)
    team = 1 + (who > 3)
    start = day - timedelta(minutes=chance.randint(5, 300))
    waited = int(chance.lognormvariate(5, 1.2)) + 5
    took = waited + chance.randint(300, 20_000)

    def row(
        kind: DeskKind, after: int, seconds: int | None = None, account: int | None = who
    ) -> dict[str, Any]:
        return {
            "conversation_id": conversation,
            "kind": kind,
            "at": start + timedelta(seconds=after) if after < 18_000 else start + timedelta(hours=4),
            "account_id": account,
            "team_id": team,
            "seconds": seconds,
            "detail": {},
        }

    rows = [row(DeskKind.INBOUND_STARTED, 0, account=None)]
    if chance.random() < 0.06:
        return [*rows, row(DeskKind.WINDOW_MISSED, 0)]
    rows.append(row(DeskKind.FIRST_REPLY, min(waited, 200), waited))
    rows += [row(DeskKind.REPLY, 200 + n) for n in range(chance.randint(0, 4))]
    if chance.random() < 0.7:
        rows.append(row(DeskKind.RESOLVED, 240, took))
    if chance.random() < 0.12:
        rows.append(row(DeskKind.REOPENED, 280))
    return rows
