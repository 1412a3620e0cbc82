"""Warnings that are given once: at 80, 90 and 100 % of a limit, and before a trial ends. Owners get a mail."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.clock import utcnow
from wapto_app.db import touch
from wapto_app.models import LimitWarning, NotificationKind, SubscriptionSource, SubscriptionStatus
from wapto_app.models.base import table_of
from wapto_app.services import mail, owners
from wapto_app.services.plans import cycles
from wapto_app.services.plans.limits import NAMES, Limit, counted, used
from wapto_app.services.plans.standing import TOPIC, Standing, current

LEVELS = (100, 90, 80)
"""Percent of a limit, the highest first."""
TRIAL_DAYS = (1, 3)
"""Days before the end of a trial, the nearest first."""
TRIAL = "trial"


def level_of(used: int, limit: int) -> int:
    """The highest level that is reached; 0 below all of them. A limit of nothing is not warned about."""
    if limit <= 0:
        return 0
    return next((level for level in LEVELS if used * 100 >= level * limit), 0)


async def look(session: AsyncSession) -> None:
    """Write down each level that was reached for the first time; run it every minute."""
    standing = await current(session)
    if standing is None or standing.is_locked:
        return
    found = [*await _limits(session, standing), *_trial(standing, utcnow())]
    if found and await _insert(session, found):
        touch(session, TOPIC)


async def tell(session: AsyncSession) -> None:
    """Mail and notify the owners of what was written down, in the transaction that marks it as told."""
    found = await session.exec(
        select(LimitWarning)
        .where(col(LimitWarning.mailed_at).is_(None))
        .order_by(col(LimitWarning.id))
        .with_for_update(skip_locked=True)
    )
    for row in found:
        if row.metric == TRIAL:
            await _tell_of_trial(session, row)
        else:
            await _tell_of_limit(session, row)
        row.mailed_at = utcnow()
        session.add(row)


async def _tell_of_trial(session: AsyncSession, row: LimitWarning) -> None:
    ends_at = datetime.fromisoformat(row.detail["ends_at"])
    await owners.tell(
        session,
        NotificationKind.TRIAL_ENDING,
        lambda owner: mail.trial_ending(owner.name, ends_at, owner.time_zone),
        key=f"warning:{row.id}",
        days=row.level,
    )


async def _tell_of_limit(session: AsyncSession, row: LimitWarning) -> None:
    what, used_, limit = NAMES[Limit(row.metric)], row.detail["used"], row.detail["limit"]
    await owners.tell(
        session,
        NotificationKind.LIMIT_WARNING,
        lambda owner: mail.limit_warning(owner.name, what, used_, limit),
        key=f"warning:{row.id}",
        what=what,
        percent=row.level,
    )


async def shown(session: AsyncSession, standing: Standing) -> dict[str, Any]:
    """The most pressing limit that is near or reached right now, for the banner; empty when there is none."""
    reached = await session.exec(
        select(LimitWarning.metric)
        .where(col(LimitWarning.period).in_(list(_periods(standing).values())))
        .distinct()
    )
    worst: dict[str, Any] = {}
    for metric in reached:
        if metric not in tuple(Limit):
            continue
        limit = Limit(metric)
        most, number = standing.limit(limit) or 0, await used(session, standing, limit)
        level = level_of(number, most)
        if level > worst.get("level", 0):
            worst = {"metric": metric, "level": level, "used": number, "limit": most}
    return worst


def _periods(standing: Standing) -> dict[Limit, str]:
    month = cycles.month_now(standing.time_zone)
    limits = {limit: standing.limit(limit) for limit in counted()}
    return {limit: f"{month:%Y-%m}:{limit.value}:{most}" for limit, most in limits.items() if most}


async def _limits(session: AsyncSession, standing: Standing) -> list[dict[str, Any]]:
    found = []
    for limit, period in _periods(standing).items():
        most, number = standing.limit(limit) or 0, await used(session, standing, limit)
        level = level_of(number, most)
        if level:
            found.append(_row(limit.value, level, period, used=number, limit=most))
    return found


def _trial(standing: Standing, now: datetime) -> list[dict[str, Any]]:
    ends = standing.trial_ends_at
    is_trial = standing.source is SubscriptionSource.TRIAL and standing.status is SubscriptionStatus.TRIALING
    if not is_trial or ends is None or ends <= now:
        return []
    left = math.ceil((ends - now) / timedelta(days=1))
    level = next((days for days in TRIAL_DAYS if left <= days), None)
    return [] if level is None else [_row(TRIAL, level, ends.isoformat(), ends_at=ends.isoformat())]


def _row(metric: str, level: int, period: str, **detail: Any) -> dict[str, Any]:
    return {"metric": metric, "level": level, "period": period, "detail": detail, "created_at": utcnow()}


async def _insert(session: AsyncSession, rows: list[dict[str, Any]]) -> bool:
    """Whether any of them was new."""
    table = table_of(LimitWarning)
    insert = (sqlite if session.get_bind().dialect.name == "sqlite" else postgresql).insert(table)
    connection = await session.connection()
    statement = insert.values(rows).on_conflict_do_nothing().returning(table.c.id)
    return (await connection.execute(statement)).first() is not None
