"""The figures as a CSV file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypedDict

from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import audit, spreadsheet
from wapto_app.services.review.figures import board, teams_board
from wapto_app.services.review.periods import Period

_FIGURES = {
    "conversations": "Conversations handled",
    "first_median": "First response, median (s)",
    "first_p90": "First response, 90th percentile (s)",
    "resolution_median": "Resolution, median (s)",
    "resolution_p90": "Resolution, 90th percentile (s)",
    "messages": "Messages sent",
    "resolved": "Resolved",
    "reopened": "Reopened",
    "missed": "Missed windows",
}


class CsvFile(TypedDict):
    name: str
    lines: Iterator[str]


async def export(
    session: AsyncSession, actor: Actor, period: Period, *, team_id: int = 0, by_team: bool = False
) -> CsvFile:
    """The table that the actor sees, every line with its range; who took it is noted.

    Raises:
        NotFound: the team is not there, or not for the actor to see.
    """
    actor.require(Permission.REPORTS_SEE)
    actor.require(Permission.EXPORT_DO)
    what = "teams" if by_team else "agents"
    rows: list[Any]
    if by_team:
        rows = [*await teams_board(session, actor, period)]
    else:
        rows = [*(await board(session, actor, period, team_id))["agents"]]
    first, last = period.first.isoformat(), period.last.isoformat()
    audit.record(session, actor, "review.exported", what, first=first, last=last)
    around = [first, last, period.zone.key]
    header = ["From", "To", "Time zone", *_head(by_team), *_FIGURES.values(), *_tail(by_team), "Score"]
    return CsvFile(
        name=f"review-{what}-{first}-to-{last}.csv",
        lines=spreadsheet.lines(header, ([*around, *_values(row, by_team)] for row in rows)),
    )


def _head(by_team: bool) -> list[str]:
    return ["Team"] if by_team else ["Agent", "Team"]


def _tail(by_team: bool) -> list[str]:
    return [] if by_team else ["Online (s)"]


def _values(row: Mapping[str, Any], by_team: bool) -> list[object]:
    who = [row["name"]] if by_team else [row["name"], row["team"]]
    online = [] if by_team else [row["online"]]
    score = None if row["score"] is None else row["score"] / 100
    return [*who, *(row[name] for name in _FIGURES), *online, score]
