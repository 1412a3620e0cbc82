"""The rules of a segment: a tree of groups, as it is stored and as the builder sends it.

A group is ``{"join": "and" | "or", "rules": […]}``, a test ``{"field", "op", "value", "to", "items", "kind"}``:
``field`` is one of ``FACETS`` or ``field:<key>`` of a custom field, whose kind stands in ``kind``; ``value`` (and
``to`` of *between*) is text, ``items`` ids or choices, ``gone`` names of what was deleted since: tags, campaigns.

Anything at all can be read: what makes no sense becomes a test with a ``problem``, which nobody passes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from integrations.whatsapp.webhooks.decoding import clean_text
from wapto_app.models import FieldKind
from wapto_app.services import canonical

Raw = dict[str, Any]
DEPTH_MAX = 4
TESTS_MAX = 60
ITEMS_MAX = 100
VALUE_MAX = 200
DAYS_MAX = 36_500
OWN = "field:"
_LARGEST_ID = 2**31 - 1


class Kind(StrEnum):
    """How a facet is asked. ``SWITCH`` is a fact that is so or not; ``YES_NO`` may also be unknown."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    MOMENT = "moment"
    CHOICE = "choice"
    YES_NO = "yes_no"
    SWITCH = "switch"
    TAGS = "tags"
    PEOPLE = "people"
    CAMPAIGNS = "campaigns"


FACETS: dict[str, Kind] = {
    "tags": Kind.TAGS,
    "name": Kind.TEXT,
    "company": Kind.TEXT,
    "email": Kind.TEXT,
    "language": Kind.TEXT,
    "source": Kind.TEXT,
    "created": Kind.MOMENT,
    "last_inbound": Kind.MOMENT,
    "agent": Kind.PEOPLE,
    "campaign": Kind.CAMPAIGNS,
    "opted_out": Kind.SWITCH,
    "marketing_stopped": Kind.SWITCH,
    "blocked": Kind.SWITCH,
    "has_number": Kind.SWITCH,
}
OPERATORS: dict[Kind, tuple[str, ...]] = {
    Kind.TEXT: ("is", "is_not", "contains", "not_contains", "starts_with", "empty", "not_empty"),
    Kind.NUMBER: ("is", "is_not", "greater", "less", "between", "empty", "not_empty"),
    Kind.DATE: (
        "is",
        "before",
        "after",
        "between",
        "last_days",
        "older_days",
        "next_days",
        "empty",
        "not_empty",
    ),
    Kind.MOMENT: ("last_days", "older_days", "before", "after", "between", "empty", "not_empty"),
    Kind.CHOICE: ("any_of", "none_of", "empty", "not_empty"),
    Kind.YES_NO: ("yes", "no", "empty", "not_empty"),
    Kind.SWITCH: ("yes", "no"),
    Kind.TAGS: ("any_of", "all_of", "none_of", "empty", "not_empty"),
    Kind.PEOPLE: ("any_of", "none_of", "empty", "not_empty"),
    Kind.CAMPAIGNS: (
        "got",
        "not_got",
        "undelivered",
        "unread",
        "read",
        "not_read",
        "answered",
        "not_answered",
        "clicked",
        "failed",
        "left_out",
    ),
}
KIND_OF: dict[FieldKind, Kind] = {
    FieldKind.TEXT: Kind.TEXT,
    FieldKind.LONG_TEXT: Kind.TEXT,
    FieldKind.NUMBER: Kind.NUMBER,
    FieldKind.DATE: Kind.DATE,
    FieldKind.SELECT: Kind.CHOICE,
    FieldKind.YES_NO: Kind.YES_NO,
}
_LISTS = (Kind.TAGS, Kind.PEOPLE, Kind.CAMPAIGNS, Kind.CHOICE)
_WITHOUT_VALUE = frozenset({"empty", "not_empty", "yes", "no"})
_DAYS = frozenset({"last_days", "older_days", "next_days"})


@dataclass(frozen=True, slots=True)
class Test:
    """One question about a contact. Values are canonical; ``problem`` says why nobody passes it."""

    field: str = ""
    op: str = ""
    kind: Kind = Kind.TEXT
    field_kind: str = ""
    value: str = ""
    to: str = ""
    items: tuple[int | str, ...] = ()
    problem: str = ""

    @property
    def key(self) -> str:
        """Of the custom field; empty for what every contact has."""
        return self.field.removeprefix(OWN) if self.field.startswith(OWN) else ""

    @property
    def days(self) -> int:
        return int(self.value or 0)


@dataclass(frozen=True, slots=True)
class Group:
    """All of the rules (``and``) or one of them (``or``)."""

    is_any: bool = False
    rules: tuple[Group | Test, ...] = ()


@dataclass(slots=True)
class _Reading:
    left: int = TESTS_MAX
    problems: dict[str, str] = field(default_factory=dict)


def read(raw: Any) -> Group:
    """The tree behind anything; what is no group becomes one with a problem in it."""
    found = _node(raw, 1, _Reading())
    return found if isinstance(found, Group) else Group(rules=(found,))


def stored(node: Group | Test) -> Raw:
    """The tree in the one spelling that is kept."""
    if isinstance(node, Group):
        return {"join": "or" if node.is_any else "and", "rules": [stored(each) for each in node.rules]}
    parts = {"kind": node.field_kind, "value": node.value, "to": node.to, "items": list(node.items)}
    return {"field": node.field, "op": node.op} | {name: each for name, each in parts.items() if each}


def problems(raw: Any) -> dict[str, str]:
    """What is wrong, by the place of the test: ``1.0`` is the first rule of the second of the whole."""
    return {path: test.problem for path, test in walk(read(raw)) if test.problem}


def walk(group: Group, path: str = "") -> Iterator[tuple[str, Test]]:
    """All tests with their places."""
    for number, rule in enumerate(group.rules):
        place = f"{path}.{number}" if path else str(number)
        if isinstance(rule, Group):
            yield from walk(rule, place)
        else:
            yield place, rule


def _node(raw: Any, depth: int, reading: _Reading) -> Group | Test:
    if not isinstance(raw, dict):
        return Test(problem="This rule cannot be read.")
    if "rules" not in raw:
        return _counted(raw, reading)
    inside = raw["rules"]
    if not isinstance(inside, list) or not inside:
        return Group(rules=(Test(problem="Add a rule."),))
    if depth > DEPTH_MAX:
        return Group(rules=(Test(problem=f"Groups can be nested {DEPTH_MAX} deep."),))
    if len(inside) > TESTS_MAX:
        return Group(rules=(Test(problem=f"A segment has at most {TESTS_MAX} rules."),))
    return Group(raw.get("join") == "or", tuple(_node(each, depth + 1, reading) for each in inside))


def _counted(raw: Raw, reading: _Reading) -> Test:
    reading.left -= 1
    if reading.left < 0:
        return Test(problem=f"A segment has at most {TESTS_MAX} rules.")
    return _test(raw)


def _test(raw: Raw) -> Test:
    name, op = _text(raw, "field"), _text(raw, "op")
    kind, field_kind = _kind(name, _text(raw, "kind"))
    if kind is None:
        return Test(name, op, problem="Choose what this rule is about.")
    if op not in OPERATORS[kind]:
        return Test(name, op, kind, field_kind, problem="Choose how to compare.")
    try:
        value, to, items = _values(raw, kind, op)
    except ValueError as problem:
        return Test(name, op, kind, field_kind, problem=str(problem))
    return Test(name, op, kind, field_kind, value, to, items)


def _kind(name: str, field_kind: str) -> tuple[Kind | None, str]:
    if name in FACETS:
        return FACETS[name], ""
    if not name.startswith(OWN) or field_kind not in tuple(FieldKind):
        return None, ""
    return KIND_OF[FieldKind(field_kind)], field_kind


def _values(raw: Raw, kind: Kind, op: str) -> tuple[str, str, tuple[int | str, ...]]:
    """Raises ValueError with what to write instead."""
    if op in _WITHOUT_VALUE:
        return "", "", ()
    if kind in _LISTS:
        return "", "", _items(raw, kind)
    if op in _DAYS:
        return _days(_text(raw, "value")), "", ()
    value = _value(kind, _text(raw, "value"))
    if op != "between":
        return value, "", ()
    to = _value(kind, _text(raw, "to"))
    if (canonical.as_float(value) > canonical.as_float(to)) if kind is Kind.NUMBER else value > to:
        raise ValueError("The first value is above the second.")
    return value, to, ()


def _value(kind: Kind, text: str) -> str:
    if not text.strip():
        raise ValueError("Write what to compare with.")
    if kind is Kind.NUMBER:
        return canonical.number(text)
    if kind in (Kind.DATE, Kind.MOMENT):
        return canonical.day(text)
    if len(text) > VALUE_MAX:
        raise ValueError(f"At most {VALUE_MAX} characters.")
    return text.strip()


def _days(text: str) -> str:
    value = canonical.number(text)
    if not value.isdecimal() or not 0 < int(value) <= DAYS_MAX:
        raise ValueError("Write a number of days.")
    return value


def _items(raw: Raw, kind: Kind) -> tuple[int | str, ...]:
    gone, given = raw.get("gone"), raw.get("items")
    if isinstance(gone, list) and gone:
        names = ", ".join(clean_text(str(each))[:VALUE_MAX] for each in gone[:ITEMS_MAX])
        raise ValueError(f"Deleted since: {names}. Choose anew.")
    if not isinstance(given, list) or not given:
        raise ValueError("Choose at least one.")
    if len(given) > ITEMS_MAX:
        raise ValueError(f"Choose at most {ITEMS_MAX}.")
    if kind is Kind.CHOICE:
        return tuple(sorted({clean_text(str(each))[:VALUE_MAX] for each in given}))
    ids = {each for each in given if isinstance(each, int) and not isinstance(each, bool)}
    if len(ids) != len(given) or not all(0 < each <= _LARGEST_ID for each in ids):
        raise ValueError("Choose from the list.")
    return tuple(sorted(ids))


def _text(raw: Raw, name: str) -> str:
    value = raw.get(name, "")
    return clean_text(value) if isinstance(value, str) else ""
