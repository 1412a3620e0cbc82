"""What a batch of an import is, and what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from wapto_app.services import leases
from wapto_app.services.imports.differences import Change, Known


@dataclass(frozen=True, slots=True)
class Step:
    """Rows of one import, from byte ``place`` to byte ``next_place`` of the prepared file.

    ``fields`` are ids and kinds by target, ``tags`` ids by key, ``all_tags`` what everybody gets, ``most`` how many
    contacts the plan allows.
    """

    import_id: int
    bid: leases.Bid
    place: int
    next_place: int
    rows: list[list[Any]]
    policy: str
    source: str
    fields: dict[str, tuple[int, str]]
    tags: dict[str, int]
    all_tags: tuple[int, ...]
    file: str = ""
    most: int | None = None


@dataclass(slots=True)
class Counts:
    """What became of the rows of a batch. ``stopped`` says why nothing was done."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    wrong: int = 0
    stopped: str = ""

    def add(self, other: Counts) -> None:
        for name in ("created", "updated", "unchanged", "skipped", "wrong"):
            setattr(self, name, getattr(self, name) + getattr(other, name))


CANCELLED, LOST, FULL = "cancelled", "lost", "full"


@dataclass(slots=True)
class Work:
    """A batch while it is worked on. ``known`` are contacts as they will be after the rows so far."""

    step: Step
    now: datetime
    owners: dict[str, int]
    known: dict[int, Known]
    new: set[int] = field(default_factory=set)
    repeated: set[int] = field(default_factory=set)
    """New ones that more than one row of the batch is about."""
    changes: dict[int, Change] = field(default_factory=dict)
    counts: Counts = field(default_factory=Counts)
