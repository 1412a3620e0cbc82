"""Who fits a segment, said once more in plain Python: what the SQL is held against."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from wapto_app.services.segments.rules import Group, Kind, Test, read


@dataclass(frozen=True)
class Person:
    """One contact as the tests know it. ``fields`` by key; ``inbound`` and ``agents`` of all conversations."""

    name: str = ""
    profile_name: str = ""
    company: str = ""
    email: str = ""
    language: str = ""
    source: str = ""
    created: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    opted_out: bool = False
    marketing_stopped: bool = False
    blocked: bool = False
    has_number: bool = False
    tags: frozenset[int] = frozenset()
    fields: dict[str, str] = field(default_factory=dict)
    inbound: tuple[datetime | None, ...] = ()
    agents: tuple[int | None, ...] = ()
    campaigns: dict[int, str] = field(default_factory=dict)
    """By campaign, how far it came: a state of recipients, and "+" when they answered, "!" when they tapped."""


@dataclass(frozen=True)
class World:
    """What there is besides."""

    now: datetime
    tags: frozenset[int]
    agents: frozenset[int]
    fields: dict[str, str]
    campaigns: frozenset[int] = frozenset()


def fits(rules: Any, person: Person, world: World) -> bool:
    return _node(read(rules), person, world)


def _node(node: Group | Test, person: Person, world: World) -> bool:
    if isinstance(node, Test):
        return not node.problem and _test(node, person, world)
    answers = [_node(each, person, world) for each in node.rules]
    return any(answers) if node.is_any else all(answers)


def _test(test: Test, person: Person, world: World) -> bool:
    if test.key:
        return world.fields.get(test.key) == test.field_kind and _own(test, person, world)
    match test.kind:
        case Kind.TAGS:
            return _set(test, person.tags, world.tags)
        case Kind.PEOPLE:
            return _set(test, frozenset(each for each in person.agents if each), world.agents)
        case Kind.CAMPAIGNS:
            return _campaigns(test, person, world)
        case Kind.SWITCH:
            return getattr(person, test.field) is (test.op == "yes")
        case Kind.MOMENT:
            return _moment(test, person, world)
    text = (person.name or person.profile_name) if test.field == "name" else getattr(person, test.field)
    return _text(test.op, text, test.value)


def _set(test: Test, has: frozenset[int], there: frozenset[int]) -> bool:
    if test.op in ("empty", "not_empty"):
        return bool(has) is (test.op == "not_empty")
    wanted = set(test.items)
    if not wanted <= there:
        return False
    return {"any_of": bool(has & wanted), "all_of": wanted <= has, "none_of": not has & wanted}[test.op]


def _campaigns(test: Test, person: Person, world: World) -> bool:
    wanted = set(test.items)
    if not wanted <= world.campaigns:
        return False
    got = [fate for each, fate in person.campaigns.items() if each in wanted]
    arrived = ("sent", "delivered", "read")
    came = {
        "got": lambda fate: fate.strip("+!") in arrived,
        "undelivered": lambda fate: fate.strip("+!") == "sent",
        "unread": lambda fate: fate.strip("+!") == "delivered",
        "read": lambda fate: fate.strip("+!") == "read",
        "not_read": lambda fate: fate.strip("+!") in ("sent", "delivered"),
        "answered": lambda fate: "+" in fate,
        "not_answered": lambda fate: fate.strip("+!") in arrived and "+" not in fate,
        "clicked": lambda fate: "!" in fate,
        "failed": lambda fate: fate.strip("+!") == "failed",
        "left_out": lambda fate: fate.strip("+!") == "skipped",
    }
    if test.op == "not_got":
        return not any(map(came["got"], got))
    return any(map(came[test.op], got))


def _moment(test: Test, person: Person, world: World) -> bool:
    known = [at for at in person.inbound if at] if test.field == "last_inbound" else [person.created]
    if test.op in ("empty", "not_empty"):
        return bool(known) is (test.op == "not_empty")
    if not known:
        return False
    at = max(known)
    match test.op:
        case "last_days":
            return at >= world.now - timedelta(days=int(test.value))
        case "older_days":
            return at < world.now - timedelta(days=int(test.value))
        case "before":
            return at < _midnight(test.value)
        case "after":
            return at >= _next(test.value)
    return _midnight(test.value) <= at < _next(test.to)


def _midnight(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(), UTC)


def _next(day: str) -> datetime:
    return _midnight(day) + timedelta(days=1) if day < "9999-12-31" else datetime.max.replace(tzinfo=UTC)


def _own(test: Test, person: Person, world: World) -> bool:
    value = person.fields.get(test.key)
    if test.op in ("empty", "not_empty"):
        return (value is not None) is (test.op == "not_empty")
    negative = {"is_not": "is", "not_contains": "contains", "none_of": "any_of"}.get(test.op)
    if negative:
        return value is None or not _has(test, negative, value, world)
    return value is not None and _has(test, test.op, value, world)


def _has(test: Test, op: str, value: str, world: World) -> bool:
    match test.kind:
        case Kind.CHOICE:
            return value.lower() in {str(each).lower() for each in test.items}
        case Kind.YES_NO:
            return value == op
        case Kind.NUMBER:
            return _order(op, float(value), float(test.value), float(test.to or 0))
        case Kind.DATE:
            return _day(test, op, date.fromisoformat(value), world.now.date())
    return _text(op, value, test.value)


def _day(test: Test, op: str, value: date, today: date) -> bool:
    if op in ("last_days", "older_days", "next_days"):
        days = timedelta(days=int(test.value))
        spans = {
            "last_days": today - days <= value <= today,
            "older_days": value < today - days,
            "next_days": today <= value <= today + days,
        }
        return spans[op]
    return _order(op, value, date.fromisoformat(test.value), date.fromisoformat(test.to or test.value))


def _order(op: str, value: Any, low: Any, high: Any) -> bool:
    return {
        "is": value == low,
        "is_not": value != low,
        "greater": value > low,
        "after": value > low,
        "less": value < low,
        "before": value < low,
        "between": low <= value <= high,
    }[op]


def _text(op: str, text: str, wanted: str) -> bool:
    text, wanted = text.lower(), wanted.lower()
    return {
        "is": text == wanted,
        "is_not": text != wanted,
        "contains": wanted in text,
        "not_contains": wanted not in text,
        "starts_with": text.startswith(wanted),
        "empty": not text,
        "not_empty": bool(text),
    }[op]
