"""Field selection and cursor paging."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar
from urllib.parse import urlencode

from ..errors import invalid
from ..models import Json
from .call import Call

T = TypeVar("T")


def page(call: Call, items: Sequence[T], key: Callable[[T], str], show: Callable[[T], Json]) -> Json:
    """One page of a list with Meta's cursors; `next` only when there is more."""
    limit = _limit(call)
    keys = [key(item) for item in items]
    start = _start(call, keys, limit)
    chosen = items[start : start + limit]
    answer: Json = {"data": [show(item) for item in chosen]}
    if not chosen:
        return answer
    cursors = {"before": _cursor(keys[start]), "after": _cursor(keys[start + len(chosen) - 1])}
    paging: Json = {"cursors": cursors}
    if start + limit < len(items):
        paging["next"] = _url(call, limit, after=cursors["after"])
    if start > 0:
        paging["previous"] = _url(call, limit, before=cursors["before"])
    return answer | {"paging": paging}


def _limit(call: Call) -> int:
    text = call.query("limit") or "25"
    if not text.isdecimal() or not 1 <= int(text) <= 1000:
        raise invalid("Param limit must be a number from 1 to 1000.")
    return int(text)


def _start(call: Call, keys: list[str], limit: int) -> int:
    if after := call.query("after"):
        return _position(after, keys) + 1
    if before := call.query("before"):
        return max(0, _position(before, keys) - limit)
    return 0


def _position(cursor: str, keys: list[str]) -> int:
    try:
        return keys.index(base64.urlsafe_b64decode(cursor).decode())
    except ValueError:
        raise invalid("Invalid cursor.") from None


def _cursor(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode()


def _url(call: Call, limit: int, **cursor: str) -> str:
    query = {
        name: value
        for name, value in call.request.query_params.items()
        if name not in ("after", "before", "limit")
    }
    url = call.request.url
    return f"{url.scheme}://{url.netloc}{url.path}?{urlencode(query | {'limit': limit} | cursor)}"


def field_names(expression: str) -> list[tuple[str, str]]:
    """Split `a,b{c,d},e.limit(3)` into names and what stands in their braces."""
    names: list[tuple[str, str]] = []
    depth = 0
    part = ""
    for char in f"{expression},":
        depth += (char in "{(") - (char in "})")
        if char == "," and depth == 0:
            if part.strip():
                names.append(_split(part.strip()))
            part = ""
        else:
            part += char
    return names


def _split(part: str) -> tuple[str, str]:
    head, _, inner = part.partition("{")
    name = head.split(".", 1)[0].split("(", 1)[0].strip()
    return name, inner.removesuffix("}")


def select(
    record: Json, fields: str | None, defaults: Iterable[str], node_type: str, *, always: str = "id"
) -> Json:
    """The asked fields of a node; unknown ones are an error as with Meta, empty ones are left out."""
    wanted = [name for name, _ in field_names(fields)] if fields else list(defaults)
    for name in wanted:
        if name not in record:
            raise invalid(f"Tried accessing nonexisting field ({name}) on node type ({node_type})")
    chosen = {name: record[name] for name in wanted if record[name] is not None}
    return chosen | {always: record[always]}
