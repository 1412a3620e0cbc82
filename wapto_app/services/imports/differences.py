"""What a row changes about a contact that is there already, in a form that can be taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Known:
    """A contact as it is: its columns, custom fields and tags by id, and whether it opted out."""

    columns: dict[str, str]
    fields: dict[int, str]
    tags: set[int]
    out: bool

    def take(self, change: Change) -> None:
        self.columns |= {name: new for name, (_old, new) in change.columns.items()}
        self.fields |= {field_id: new for field_id, (_old, new) in change.fields.items()}
        self.tags |= set(change.tags)
        self.out = self.out or change.turned_out


@dataclass(slots=True)
class Change:
    """Old and new of everything that is written; ``tags`` are put on."""

    columns: dict[str, tuple[str, str]] = field(default_factory=dict)
    fields: dict[int, tuple[str | None, str]] = field(default_factory=dict)
    tags: list[int] = field(default_factory=list)
    turned_out: bool = False

    @classmethod
    def of_new(cls, fields: Mapping[int, str], tags: Sequence[int], *, out: bool) -> Change:
        """Of a contact that was just made, with its columns."""
        return cls({}, {each: (None, value) for each, value in fields.items()}, list(tags), out)

    @property
    def is_empty(self) -> bool:
        return not (self.columns or self.fields or self.tags or self.turned_out)

    def then(self, later: Change) -> Change:
        """Both, one after the other: the first old and the last new."""
        columns, fields = dict(self.columns), dict(self.fields)
        for name, (old, new) in later.columns.items():
            columns[name] = (columns[name][0] if name in columns else old, new)
        for each, (was, now) in later.fields.items():
            fields[each] = (fields[each][0] if each in fields else was, now)
        tags = list(dict.fromkeys([*self.tags, *later.tags]))
        return Change(columns, fields, tags, self.turned_out or later.turned_out)

    def written(self) -> dict[str, Any]:
        """As it is stored; nothing for nothing, most contacts being new."""
        found = {"columns": self.columns, "fields": {str(i): each for i, each in self.fields.items()}}
        return {name: each for name, each in {**found, "tags": self.tags}.items() if each}

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Change:
        return cls(
            {name: (old, new) for name, (old, new) in stored.get("columns", {}).items()},
            {int(each): (old, new) for each, (old, new) in stored.get("fields", {}).items()},
            list(stored.get("tags", ())),
        )


def difference(
    known: Known,
    columns: Mapping[str, str],
    fields: Mapping[int, str],
    tags: Sequence[int],
    *,
    out: bool,
    fills_only: bool,
) -> Change:
    """What a row writes: what it says and the contact does not have; with ``fills_only`` only where nothing stands.

    An empty cell changes nothing, and nobody is opted in by a file.
    """

    def is_written(old: str, new: str) -> bool:
        return bool(new) and old != new and not (fills_only and old)

    return Change(
        {
            name: (known.columns[name], new)
            for name, new in columns.items()
            if is_written(known.columns[name], new)
        },
        {
            each: (known.fields.get(each), new)
            for each, new in fields.items()
            if is_written(known.fields.get(each, ""), new)
        },
        [tag_id for tag_id in tags if tag_id not in known.tags],
        out and not known.out,
    )
