"""Figures as a table shows them: times in the two largest units, points with one decimal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

from wapto_app.services.review.behind import ChatRow

_NONE = "–"
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


class FiguresRow(TypedDict):
    """Texts but for the counts; ``name`` and the rest are empty in the line of all together."""

    id: int
    name: str
    team: str
    is_active: bool
    is_online: bool
    conversations: int
    first_median: str
    first_p90: str
    resolution_median: str
    resolution_p90: str
    messages: int
    resolved: int
    reopened: int
    missed: int
    online: str
    score: str


class ChatLine(TypedDict):
    """A conversation behind a figure; ``time`` is empty where nothing is measured."""

    id: int
    name: str
    preview: str
    at: str
    time: str


def duration(seconds: int | None) -> str:
    """45 s, 4 min, 2 h 05 min, 3 d 4 h: the units have the same sign in every language that we speak."""
    if seconds is None:
        return _NONE
    if seconds < _MINUTE:
        return f"{seconds} s"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE} min"
    if seconds < _DAY:
        return f"{seconds // _HOUR} h {seconds % _HOUR // _MINUTE:02} min"
    return f"{seconds // _DAY} d {seconds % _DAY // _HOUR} h"


def hours(seconds: int) -> str:
    """Time at work is counted in hours, however many they are."""
    return duration(seconds) if seconds < 10 * _HOUR else f"{seconds // _HOUR} h"


def points(hundredths: int | None) -> str:
    """4.3"""
    return _NONE if hundredths is None else f"{hundredths / 100:.1f}"


def figures_row(row: Mapping[str, Any]) -> FiguresRow:
    return FiguresRow(
        id=row.get("id", 0),
        name=row.get("name", ""),
        team=row.get("team", ""),
        is_active=row.get("is_active", True),
        is_online=row.get("is_online", False),
        conversations=row["conversations"],
        first_median=duration(row["first_median"]),
        first_p90=duration(row["first_p90"]),
        resolution_median=duration(row["resolution_median"]),
        resolution_p90=duration(row["resolution_p90"]),
        messages=row["messages"],
        resolved=row["resolved"],
        reopened=row["reopened"],
        missed=row["missed"],
        online=hours(row["online"]) if row["online"] else _NONE,
        score=points(row["score"]),
    )


def chat_line(row: ChatRow) -> ChatLine:
    time = "" if row["seconds"] is None else duration(row["seconds"])
    return ChatLine(id=row["id"], name=row["name"], preview=row["preview"], at=row["at"], time=time)


SORTS = frozenset(
    {
        "name",
        "conversations",
        "first_median",
        "resolution_median",
        "messages",
        "reopened",
        "missed",
        "online",
        "score",
    }
)


def in_order(rows: list[Any], by: str) -> list[Any]:
    """Sorted by a column, falling with a minus in front; what has no value comes last either way."""
    name, falls = by.removeprefix("-"), by.startswith("-")
    if name not in SORTS:
        return rows
    known = [row for row in rows if row.get(name) is not None]
    unknown = [row for row in rows if row.get(name) is None]

    def key(row: Any) -> Any:
        return row[name].casefold() if isinstance(row[name], str) else row[name]

    return sorted(known, key=key, reverse=falls) + unknown
