"""What somebody wants to see of the inbox, and how it stands in the address of the page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from wapto_app.models import ConversationStatus

ACTIVE = (ConversationStatus.OPEN.value, ConversationStatus.PENDING.value)
"""What the list shows unless something else is asked for: what there is to do."""
CLOSING = timedelta(hours=2)
"""A customer service window with less than this left is closing."""
TAGS_MAX = 10
_LARGEST_ID = 2**31 - 1
_ID_DIGITS = 10


class Tab(StrEnum):
    MINE = "mine"
    UNASSIGNED = "unassigned"
    ALL = "all"


class Sort(StrEnum):
    """``NEWEST``: by the newest message. ``WAITING``: who waits longest. ``CLOSING``: whose window closes first."""

    NEWEST = "newest"
    WAITING = "waiting"
    CLOSING = "closing"


@dataclass(frozen=True, slots=True)
class InboxFilter:
    """All of it must hold. Ids are 0, texts empty and tuples () for *any*.

    ``statuses``: empty for those that are ``ACTIVE``. ``every_tag``: all of the tags instead of any of them.
    ``since`` and ``until`` are days (both included) of the newest message, in the time zone of the reader.
    ``window``: ``open``, or ``closing`` for less than ``CLOSING`` left.
    """

    tab: Tab = Tab.ALL
    unread: bool = False
    unreplied: bool = False
    agent: int = 0
    team: int = 0
    tags: tuple[int, ...] = ()
    every_tag: bool = False
    statuses: tuple[str, ...] = ()
    number: int = 0
    since: str = ""
    until: str = ""
    window: str = ""
    sort: Sort = Sort.NEWEST

    @property
    def shown_statuses(self) -> tuple[str, ...]:
        return self.statuses or ACTIVE

    @property
    def is_plain(self) -> bool:
        """Whether nothing but a tab and an order is chosen."""
        return replace(self, tab=Tab.ALL, sort=Sort.NEWEST) == EVERYTHING_ACTIVE


EVERYTHING_ACTIVE = InboxFilter()
EVERYTHING = InboxFilter(statuses=tuple(each.value for each in ConversationStatus))


def from_params(params: Mapping[str, Any]) -> InboxFilter:
    """The filter that an address or a saved view names. What makes no sense is left out, not refused."""

    def text(name: str) -> str:
        return str(params.get(name) or "")

    statuses = [each.value for each in ConversationStatus if each.value in text("status").split(",")]
    return InboxFilter(
        tab=_one_of(Tab, text("tab"), Tab.ALL),
        unread=text("unread") == "1",
        unreplied=text("unreplied") == "1",
        agent=_id(text("agent")),
        team=_id(text("team")),
        tags=tuple(sorted({found for each in text("tags").split(",") if (found := _id(each))}))[:TAGS_MAX],
        every_tag=text("every_tag") == "1",
        statuses=() if tuple(statuses) == ACTIVE else tuple(statuses),
        number=_id(text("number")),
        since=_day(text("since")),
        until=_day(text("until")),
        window=text("window") if text("window") in ("open", "closing") else "",
        sort=_one_of(Sort, text("sort"), Sort.NEWEST),
    )


def to_params(wanted: InboxFilter) -> dict[str, str]:
    """What differs from the plain inbox, in the order of the fields; ``from_params`` reads it back."""
    names = {"statuses": "status"}
    params: dict[str, str] = {}
    for field in fields(wanted):
        value = getattr(wanted, field.name)
        if value != getattr(EVERYTHING_ACTIVE, field.name):
            params[names.get(field.name, field.name)] = _text(value)
    return params


def to_query(wanted: InboxFilter) -> str:
    """``?tab=mine&unread=1``; empty for the plain inbox."""
    query = urlencode(to_params(wanted), safe=",")
    return f"?{query}" if query else ""


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "1"
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _one_of(kind: Any, value: str, otherwise: Any) -> Any:
    return kind(value) if value in set(kind) else otherwise


def _id(text: str) -> int:
    is_number = text.isascii() and text.isdigit() and len(text) <= _ID_DIGITS
    return int(text) if is_number and int(text) <= _LARGEST_ID else 0


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat() if len(text) == len("2026-01-31") else ""
    except ValueError:
        return ""


def begins(day: str, zone: ZoneInfo) -> datetime:
    """When a day begins there."""
    return datetime.combine(date.fromisoformat(day), time(), zone)


def ends(day: str, zone: ZoneInfo) -> datetime:
    """When a day is over there."""
    last = date.fromisoformat(day)
    return datetime.combine(last + timedelta(days=1) if last < date.max else last, time(), zone)


def without(wanted: InboxFilter, name: str, value: str = "") -> InboxFilter:
    """The filter without one of its parts: a tag of its tags, a status of its statuses, or the whole field."""
    if name == "tags":
        return replace(wanted, tags=tuple(each for each in wanted.tags if str(each) != value))
    if name == "statuses":
        left = tuple(each for each in wanted.statuses if each != value)
        return replace(wanted, statuses=() if left == ACTIVE else left)
    known = {field.name for field in fields(wanted)}
    return replace(wanted, **{name: getattr(EVERYTHING_ACTIVE, name)}) if name in known else wanted


def of_tab(wanted: InboxFilter, tabs: Iterable[str]) -> InboxFilter:
    """The same filter under the first of these tabs that there is."""
    found = next((each for each in tabs if each in set(Tab)), Tab.ALL)
    return replace(wanted, tab=Tab(found))
