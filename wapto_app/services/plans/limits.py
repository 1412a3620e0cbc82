"""What a plan counts and opens: asked for before anything is created."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date
from enum import StrEnum
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.db import fetch, take_turns
from wapto_app.models import Account, Contact, LibraryFile, MediaFile, Plan, Role, Subscription, UsageCounter
from wapto_app.models.base import table_of
from wapto_app.models.plans import IS_CURRENT
from wapto_app.services.errors import LimitReached, NotInPlan
from wapto_app.services.plans import cycles
from wapto_app.services.plans.standing import Standing, current

# Any number that nothing else locks; PostgreSQL keeps these apart by number alone.
_LOCK = 0x6C696D74
_MEBIBYTE = 1024 * 1024


class Limit(StrEnum):
    """What a plan counts."""

    MESSAGES = "messages"
    SEATS = "seats"
    CONTACTS = "contacts"
    CAMPAIGNS = "campaigns"
    FLOWS = "flows"
    FORMS = "forms"
    TEMPLATES = "templates"
    FIELDS = "fields"
    TAGS = "tags"
    WIDGETS = "widgets"
    LINKS = "links"
    MEDIA_MB = "media_mb"


class Gate(StrEnum):
    """What a plan opens."""

    CAMPAIGNS = "campaigns"
    AUTOMATION = "automation"
    FORMS = "forms"
    WIDGET = "widget"
    LINKS = "links"
    API = "api"
    QR = "qr"
    TEAMS = "teams"


MONTHLY = frozenset({Limit.MESSAGES, Limit.CAMPAIGNS})
"""Counted by the calendar month in the subscription's time zone, in ``usage_counter``; the rest is what is there."""

NAMES = {
    Limit.MESSAGES: "messages a month",
    Limit.SEATS: "agents",
    Limit.CONTACTS: "contacts",
    Limit.CAMPAIGNS: "campaigns a month",
    Limit.FLOWS: "automations",
    Limit.FORMS: "forms",
    Limit.TEMPLATES: "templates",
    Limit.FIELDS: "custom fields",
    Limit.TAGS: "tags",
    Limit.WIDGETS: "widgets",
    Limit.LINKS: "links",
    Limit.MEDIA_MB: "MB of media",
}
GATE_NAMES = {
    Gate.CAMPAIGNS: "campaigns",
    Gate.AUTOMATION: "automation",
    Gate.FORMS: "forms",
    Gate.WIDGET: "the website widget",
    Gate.LINKS: "links",
    Gate.API: "API and webhooks",
    Gate.QR: "the connection by QR code",
    Gate.TEAMS: "teams",
}

Counting = Callable[[], sa.Select[Any]]


def _seats() -> sa.Select[Any]:
    return sa.select(sa.func.count()).where(col(Account.role) == Role.AGENT, col(Account.is_active).is_(True))


def _contacts() -> sa.Select[Any]:
    return sa.select(sa.func.count()).select_from(Contact)


def _media() -> sa.Select[Any]:
    """Bytes, as MB rounded up by the reader. What several rows share is counted once: by path, along its index."""
    of_messages = (
        sa.select(sa.func.max(col(MediaFile.size)).label("size"))
        .where(sa.text("media_file.path <> ''"))
        .group_by(col(MediaFile.path))
        .subquery()
    )
    is_shared = sa.select(sa.literal(1)).where(
        sa.text("media_file.path <> ''"), col(MediaFile.path) == col(LibraryFile.path)
    )
    only_library = sa.select(sa.func.coalesce(sa.func.sum(col(LibraryFile.size)), 0)).where(
        ~is_shared.exists()
    )
    messages = sa.select(sa.func.coalesce(sa.func.sum(of_messages.c.size), 0))
    return sa.select(messages.scalar_subquery() + only_library.scalar_subquery())


_COUNTED: dict[Limit, Counting] = {Limit.SEATS: _seats, Limit.CONTACTS: _contacts, Limit.MEDIA_MB: _media}


def count_with(limit: Limit, counting: Counting) -> None:
    """A feature tells how its things are counted: a query that gives one number."""
    _COUNTED[limit] = counting


def counted() -> list[Limit]:
    """What this version counts, in the order of ``Limit``."""
    return [limit for limit in Limit if limit in _COUNTED or limit is Limit.MESSAGES]


async def ensure_room(session: AsyncSession, limit: Limit, adding: int = 1) -> None:
    """Ask before creating, inside the transaction that creates. Of two at once that both fit alone, one is refused.

    What exists already is never touched, and what customers send is stored whatever the plan says.

    Raises:
        LimitReached: when the plan does not allow ``adding`` more.
    """
    standing = await current(session)
    most = standing.limit(limit) if standing else None
    if most is None or standing is None:
        return
    await take_turns(session, _LOCK)
    if await used(session, standing, limit) + adding > most:
        raise LimitReached(NAMES[limit], most)


class Room(NamedTuple):
    """``limit`` is -1 when the plan sets none."""

    used: int
    limit: int


async def room(session: AsyncSession, limit: Limit) -> Room:
    """How many the workspace has, of how many that the plan allows; for services, who have asked for permission."""
    standing = await current(session)
    most = standing.limit(limit) if standing else None
    number = int((await fetch(session, _COUNTED[limit]()))[0][0])
    return Room(number, -1 if most is None else most)


async def use(session: AsyncSession, limit: Limit, adding: int = 1) -> None:
    """``ensure_room`` and count: for what is counted by the month. Raises LimitReached."""
    await ensure_room(session, limit, adding)
    standing = await current(session)
    month = cycles.month_now(standing.time_zone if standing else "UTC")
    connection = await session.connection()
    await connection.run_sync(_count, limit, month, adding)


def use_if_room(connection: sa.Connection, limit: Limit) -> bool:
    """``use`` of one for the writer's thread, and for what a person did not ask for: False when it does not fit."""
    return use_up_to(connection, limit, 1) == 1


def use_up_to(connection: sa.Connection, limit: Limit, wanted: int) -> int:
    """How many of ``wanted`` still fit into the month; these are counted."""
    query = (
        sa.select(col(Subscription.time_zone), col(Plan.limits))
        .join(Plan, col(Plan.id) == col(Subscription.plan_id))
        .where(IS_CURRENT)
    )
    standing = connection.execute(query).first()
    month = cycles.month_now(standing.time_zone if standing else "UTC")
    most = standing.limits.get(limit.value) if standing else None
    if most is not None:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        counter = table_of(UsageCounter)
        so_far = sa.select(counter.c.count).where(
            counter.c.metric == limit.value, counter.c.period_start == month
        )
        wanted = min(wanted, max(0, most - (connection.execute(so_far).scalar() or 0)))
    if wanted:
        _count(connection, limit, month, wanted)
    return wanted


def count_back(connection: sa.Connection, limit: Limit, count: int) -> None:
    """``give_back`` of many, for the writer's thread."""
    zone = connection.execute(sa.select(col(Subscription.time_zone)).where(IS_CURRENT)).scalar()
    counter, month = table_of(UsageCounter), cycles.month_now(zone or "UTC")
    of_month = counter.c.metric == limit.value, counter.c.period_start == month
    left = sa.case((counter.c.count > count, counter.c.count - count), else_=0)
    connection.execute(counter.update().where(*of_month).values(count=left))


def _count(connection: sa.Connection, limit: Limit, month: date, adding: int) -> None:
    table = table_of(UsageCounter)
    insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(table)
    counted_on = insert.on_conflict_do_update(
        index_elements=["metric", "period_start"], set_={"count": table.c.count + insert.excluded.count}
    )
    connection.execute(counted_on, {"metric": limit.value, "period_start": month, "count": adding})


async def give_back(session: AsyncSession, limit: Limit) -> None:
    """One that was counted this month did not happen after all."""
    standing = await current(session)
    month = cycles.month_now(standing.time_zone if standing else "UTC")
    counter = table_of(UsageCounter)
    of_month = counter.c.metric == limit.value, counter.c.period_start == month, counter.c.count > 0
    connection = await session.connection()
    await connection.execute(counter.update().where(*of_month).values(count=counter.c.count - 1))


async def ensure_gate(session: AsyncSession, gate: Gate) -> None:
    """Ask before a feature is used that a plan may leave out.

    Raises:
        NotInPlan: when it does.
    """
    standing = await current(session)
    if standing is not None and gate.value not in standing.gates:
        raise NotInPlan(GATE_NAMES[gate])


async def bytes_used(session: AsyncSession) -> int:
    """What all files take up, those of messages and of the library, each once."""
    return int((await fetch(session, _media()))[0][0])


async def used(session: AsyncSession, standing: Standing, limit: Limit) -> int:
    """How much of it there is, or was used this month."""
    if limit in MONTHLY:
        found = await session.get(UsageCounter, (limit.value, cycles.month_now(standing.time_zone)))
        if found is not None:
            await session.refresh(found)
        return found.count if found is not None else 0
    counting = _COUNTED.get(limit)
    if counting is None:
        return 0
    number = int((await fetch(session, counting()))[0][0])
    return math.ceil(number / _MEBIBYTE) if limit is Limit.MEDIA_MB else number
