"""Backups by the clock: when the next one is due, and how many are kept."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any, TypedDict
from zoneinfo import ZoneInfo

from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.clock import utcnow
from wapto_app.db import touch
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import audit, preferences
from wapto_app.services.account_fields import clean_time_zone
from wapto_app.services.errors import Invalid

TOPIC = "backups"
MOST_KEPT = 365
RETRY = timedelta(hours=1)
"""After a failure (a full disk) the same day's backup is tried again."""

_NAME, _STATE = "backup", "backup_state"
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


class Plan(TypedDict):
    """``at`` is a time of day (03:00) in the time zone ``zone``; ``keep`` daily backups stay."""

    daily: bool
    at: str
    zone: str
    keep: int


class Last(TypedDict):
    """What became of the last backup by the clock: when (ISO 8601, empty for never) and its error, if any."""

    at: str
    error: str


async def plan(session: AsyncSession) -> Plan:
    stored = await preferences.read(session, _NAME)
    return Plan(
        daily=stored.get("daily", False),
        at=stored.get("at", "03:00"),
        zone=stored.get("zone", "UTC"),
        keep=stored.get("keep", 7),
    )


async def last(session: AsyncSession) -> Last:
    stored = await preferences.read(session, _STATE)
    return Last(at=stored.get("tried_at", ""), error=stored.get("error", ""))


async def save_plan(
    session: AsyncSession, actor: Actor, *, daily: bool, at: str, zone: str, keep: str
) -> None:
    """Make a backup every day from now on, or stop that.

    Raises:
        Invalid: naming the field.
    """
    actor.require(Permission.ADMIN)
    if not _CLOCK.fullmatch(at.strip()):
        raise Invalid("at", "Write a time like 03:00.")
    keep = keep.strip()
    if not (keep.isascii() and keep.isdecimal() and len(keep) < 4 and 1 <= int(keep) <= MOST_KEPT):
        raise Invalid("keep", f"Write a number from 1 to {MOST_KEPT}.")
    chosen: dict[str, Any] = {
        "daily": daily,
        "at": at.strip(),
        "zone": clean_time_zone(zone),
        "keep": int(keep),
        "since": utcnow().isoformat(),
    }
    await preferences.write(session, _NAME, chosen)
    audit.record(session, actor, "backup.plan_changed", **chosen)
    touch(session, TOPIC)


async def due(session: AsyncSession) -> str | None:
    """The moment whose backup has not been made yet (ISO 8601); None when there is none, or it failed just now."""
    stored, state = await preferences.read(session, _NAME), await preferences.read(session, _STATE)
    if not stored.get("daily"):
        return None
    slot = latest(await plan(session), utcnow())
    if slot < datetime.fromisoformat(stored["since"]) or state.get("slot") == slot.isoformat():
        return None
    if (
        (tried := state.get("tried_at"))
        and utcnow() - datetime.fromisoformat(tried) < RETRY
        and state["error"]
    ):
        return None
    return slot.isoformat()


def latest(chosen: Plan, now: datetime) -> datetime:
    """The last time before ``now`` at which a backup should have begun, in UTC."""
    zone = ZoneInfo(chosen["zone"])
    hour, minute = map(int, chosen["at"].split(":"))
    here = now.astimezone(zone)
    slot = here.replace(hour=hour, minute=minute, second=0, microsecond=0, fold=0)
    if slot.astimezone(UTC) > now:
        slot = (here - timedelta(days=1)).replace(hour=hour, minute=minute, second=0, microsecond=0, fold=0)
    return slot.astimezone(UTC)


async def note(session: AsyncSession, slot: str, error: str) -> None:
    """Remember what became of the backup of this moment; a failed one stays due."""
    state = await preferences.read(session, _STATE)
    done = {"slot": slot} if not error else {"slot": state.get("slot", "")}
    await preferences.write(session, _STATE, done | {"tried_at": utcnow().isoformat(), "error": error[:500]})
    touch(session, TOPIC)
