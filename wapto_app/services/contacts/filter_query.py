"""The filters of contacts in an address: to be sent to a colleague, kept as a bookmark, and gone back to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any
from urllib.parse import urlencode

from wapto_app.services.contacts.filters import (
    EVERYONE,
    FIELD_WAYS,
    OPT_STATES,
    SEARCH_MAX,
    TAG_WAYS,
    ContactFilter,
    FieldRule,
)
from wapto_app.services.contacts.listing import SORTS

RULES_MAX = 5
_TAGS_MAX = 20
_DAYS = ("created_from", "created_to", "last_from", "last_to")
_LARGEST_ID = 2**31 - 1
_TEXT_MAX = 200


def from_params(params: Mapping[str, Any]) -> tuple[ContactFilter, str]:
    """The filter and the order that an address names. What makes no sense is left out, not refused.

    ``tag`` is an earlier word for ``tags``.
    """

    def text(name: str) -> str:
        return str(params.get(name) or "")[:_TEXT_MAX]

    tags = (_id(each) for each in (text("tags") or text("tag")).split(","))
    found: dict[str, Any] = {
        "search": text("q")[:SEARCH_MAX],
        "tags": list(dict.fromkeys(each for each in tags if each))[:_TAGS_MAX],
        "tags_way": _one_of(TAG_WAYS, text("tags_way")),
        "fields": _rules(str(params.get("fields") or "")),
        "source": text("source")[:100],
        "language": text("language")[:100],
        "opt": text("opt") if text("opt") in OPT_STATES else "",
        "blocked": text("blocked") if text("blocked") in ("yes", "no") else "",
        "segment": _id(text("segment")),
        **{name: _day(text(name)) for name in _DAYS},
    }
    return ContactFilter(**found), _one_of(SORTS, text("sort"))  # type: ignore[typeddict-item]


def to_query(wanted: ContactFilter, sort: str) -> str:
    """``?tags=3&opt=out``: what differs from everybody in the usual order; ``from_params`` reads it back."""
    given: dict[str, Any] = {**wanted, "sort": sort}
    plain: dict[str, Any] = {**EVERYONE, "sort": SORTS[0]}
    params = {
        "q" if name == "search" else name: _text(value)
        for name, value in given.items()
        if value != plain[name]
    }
    if not wanted["tags"]:
        params.pop("tags_way", None)
    return f"?{urlencode(params, safe=',')}" if params else ""


def _text(value: Any) -> str:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        rules = [[each["field"], each["way"], each["value"]] for each in value]
        return json.dumps(rules, ensure_ascii=False, separators=(",", ":"))
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _rules(text: str) -> list[FieldRule]:
    try:
        given = json.loads(text) if text else []
    except (ValueError, RecursionError):
        return []
    found = [_rule(each) for each in given[:RULES_MAX]] if isinstance(given, list) else []
    return [each for each in found if each is not None]


def _rule(given: Any) -> FieldRule | None:
    if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
        return None
    field, way, value, *_rest = [*given, "", "", ""]
    return (
        FieldRule(field=field[:64], way=way, value=value[:_TEXT_MAX]) if field and way in FIELD_WAYS else None
    )


def _one_of(known: tuple[str, ...], value: str) -> str:
    return value if value in known else known[0]


def _id(text: str) -> int:
    is_number = text.isascii() and text.isdecimal() and len(text) < 11
    return int(text) if is_number and int(text) <= _LARGEST_ID else 0


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat() if len(text) == len("2026-01-31") else ""
    except ValueError:
        return ""
