"""Counts, medians and percentiles out of the events, by agent, by team and of nobody.

One correlated look-up per agent and kind, each a range of one covering index: no table is read and nothing is sorted in
the database, which grouping would do. The texts that come back hold every value, so that percentiles are exact.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from wapto_app.models import DeskEvent, DeskKind
from wapto_app.models.base import table_of
from wapto_app.services.review.periods import Period

event = table_of(DeskEvent)
Condition = sa.ColumnElement[bool]

HANDLED = (DeskKind.FIRST_REPLY, DeskKind.REPLY, DeskKind.RESOLVED)
"""Whoever replied in a conversation or resolved it has handled it."""


@dataclass(slots=True)
class Tally:
    """What was done. Times in seconds, rising; ``conversations`` are the ids of those that were handled."""

    conversations: set[str] = field(default_factory=set)
    first_replies: list[int] = field(default_factory=list)
    resolutions: list[int] = field(default_factory=list)
    messages: int = 0
    resolved: int = 0
    reopened: int = 0
    missed: int = 0

    def add(self, other: Tally) -> None:
        self.conversations |= other.conversations
        self.first_replies += other.first_replies
        self.resolutions += other.resolutions
        self.messages += other.messages
        self.resolved += other.resolved
        self.reopened += other.reopened
        self.missed += other.missed

    @property
    def is_empty(self) -> bool:
        return not (self.conversations or self.reopened or self.missed)


def total(tallies: Iterable[Tally]) -> Tally:
    together = Tally()
    for each in tallies:
        together.add(each)
    # Runs that are in order already: this is a merge.
    together.first_replies.sort()
    together.resolutions.sort()
    return together


def percentile(values: list[int], percent: int) -> int | None:
    """By the nearest rank of values in rising order: a time that somebody really waited. None without values."""
    if not values:
        return None
    return values[max(0, math.ceil(len(values) * percent / 100) - 1)]


def columns(period: Period, *whose: Condition) -> list[sa.ColumnElement[Any]]:
    """What ``tally_of`` reads, correlated with whatever ``whose`` compares to."""

    def among(kind: DeskKind, what: sa.ColumnElement[Any]) -> sa.ScalarSelect[Any]:
        # A branch of its own for each kind: only then is the range of days looked up in the index.
        return (
            sa.select(what)
            .select_from(event)
            .where(*whose, event.c.kind == kind, event.c.at >= period.start, event.c.at < period.end)
            .correlate_except(event)
            .scalar_subquery()
        )

    def all_of(column: sa.ColumnElement[Any]) -> sa.ColumnElement[str]:
        return sa.func.aggregate_strings(sa.cast(column, sa.Text), ",")

    return [
        *(among(kind, all_of(event.c.conversation_id)).label(f"of_{kind.value}") for kind in HANDLED),
        among(DeskKind.FIRST_REPLY, all_of(event.c.seconds)).label("first_replies"),
        among(DeskKind.RESOLVED, all_of(event.c.seconds)).label("resolutions"),
        among(DeskKind.REOPENED, sa.func.count()).label("reopened"),
        among(DeskKind.WINDOW_MISSED, sa.func.count()).label("missed"),
    ]


def tally_of(row: Any) -> Tally:
    handled = [text for text in (row.of_first_reply, row.of_reply, row.of_resolved) if text]
    return Tally(
        conversations=set(",".join(handled).split(",")) if handled else set(),
        first_replies=_numbers(row.first_replies),
        resolutions=_numbers(row.resolutions),
        messages=_count(row.of_first_reply) + _count(row.of_reply),
        resolved=_count(row.of_resolved),
        reopened=row.reopened,
        missed=row.missed,
    )


def _count(text: str | None) -> int:
    return text.count(",") + 1 if text else 0


def _numbers(text: str | None) -> list[int]:
    return sorted(map(int, text.split(","))) if text else []
