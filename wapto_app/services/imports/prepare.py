"""From the rows of a file to rows that can be stored: mapped, checked, each number in its one spelling.

Pure work of the processor, a hundred thousand times over: for a large file it has a process of its own
(``prepare_apart``), so that nobody's screen waits for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from wapto_app.models import FieldKind
from wapto_app.services.errors import Invalid
from wapto_app.services.fields.check import FieldRow, check
from wapto_app.services.imports import cells
from wapto_app.services.imports.targets import (
    FIELD,
    FIRST_NAME,
    LAST_NAME,
    NEW,
    OPT_IN,
    PHONE,
    TAGS,
    Target,
)
from wapto_app.services.naming import key_of

MOST_TAGS = 200
"""Different tags in one file; more are a column that holds something else."""
TAG_KEY = 100
REASONS_SHOWN = 20
_TOLD_EVERY = 2_000
# Fewer rows are done before a process has started.
SMALL = 3_000
_SECONDS = 900
_TEXTS = ("name", "company", "source", "notes")

Row = list[Any]
"""``[number, phone, {column: text}, {target of a field: value}, [keys of tags], opted out, seen before]``, or
``[number, reason]`` for one that cannot be taken."""


@dataclass(frozen=True, slots=True)
class Order:
    """``fields`` are the custom fields by id."""

    targets: list[Target]
    region: str | None
    fields: dict[int, FieldRow]


@dataclass(slots=True)
class Summary:
    """``tags`` are names by key; ``reasons`` how often each, and the first row with it."""

    total: int = 0
    wrong: int = 0
    repeated: int = 0
    tags: dict[str, str] = field(default_factory=dict)
    reasons: list[tuple[str, int, int]] = field(default_factory=list)


class _Reader:
    """Turns one row after the other into what can be stored."""

    def __init__(self, order: Order) -> None:
        self._columns = [(i, each) for i, each in enumerate(order.targets) if each["target"]]
        self._region = order.region
        self._fields = {
            each["target"]: _definition(each, order.fields)
            for _i, each in self._columns
            if each["target"].startswith((NEW, FIELD))
        }
        self._numbers: set[str] = set()
        self.tags: dict[str, str] = {}

    def read(self, row: Row) -> Row:
        """Raises ValueError with the reason why it cannot be taken."""
        number, values, fields = "", dict[str, str](), dict[str, str]()
        names, keys, out = ["", ""], list[str](), False
        for i, column in self._columns:
            text = row[i + 1] if i + 1 < len(row) else ""
            target = column["target"]
            if target == PHONE:
                number = cells.phone(text, self._region)
            elif not text:
                continue
            elif target in _TEXTS:
                values[target] = _joined(target, values.get(target, ""), text)
            elif target in (FIRST_NAME, LAST_NAME):
                names[target == LAST_NAME] = text
            elif target == TAGS:
                keys += self._known(cells.tags(text))
            elif target == OPT_IN:
                out = cells.opted_out(text)
            elif target in self._fields:
                fields[target] = _checked(self._fields[target], text)
            else:
                values[target] = _PLAIN[target](text)
        if any(names) and not values.get("name"):
            values["name"] = cells.words("name", " ".join(filter(None, names)))
        filled = {name: text for name, text in values.items() if text}
        known = {name: text for name, text in fields.items() if text}
        return [row[0], number, filled, known, list(dict.fromkeys(keys)), out, self._repeats(number)]

    def _repeats(self, number: str) -> bool:
        before = number in self._numbers
        self._numbers.add(number)
        return before

    def _known(self, names: list[str]) -> list[str]:
        keys = []
        for name in names:
            key = key_of(name, TAG_KEY)
            keys.append(key)
            if key not in self.tags:
                self.tags[key] = name
        return keys


_PLAIN: dict[str, Callable[[str], str]] = {"email": cells.email, "language": cells.language}


def _joined(target: str, before: str, text: str) -> str:
    new = cells.words(target, text)
    return cells.words(target, f"{before}\n{new}") if before and new else before or new


def _definition(target: Target, fields: dict[int, FieldRow]) -> FieldRow:
    if target["target"].startswith(FIELD):
        return {**fields[int(target["target"].removeprefix(FIELD))], "required": False}
    return FieldRow(
        id=0,
        key="new",
        label=target["label"],
        kind=target["kind"] or FieldKind.TEXT.value,
        help="",
        minimum="",
        maximum="",
        required=False,
        options=[],
    )


def _checked(definition: FieldRow, text: str) -> str:
    try:
        return check(definition, text)
    except Invalid as problem:
        raise ValueError(problem.message) from None


def prepare(
    source: Path, target: Path, order: Order, told: Callable[[int], None] = lambda _rows: None
) -> Summary:
    """Write what can be stored, row by row; what was found on the way.

    Raises:
        Invalid: the column of tags holds too many different ones.
    """
    reader, summary, reasons = _Reader(order), Summary(), Counter[str]()
    first: dict[str, int] = {}
    with target.open("wb") as file:
        for row in lines(source):
            summary.total += 1
            try:
                found = reader.read(row)
                summary.repeated += found[6]
            except ValueError as problem:
                reason = str(problem)[:300]
                found = [row[0], reason]
                reasons[reason] += 1
                first.setdefault(reason, row[0])
            file.write(orjson.dumps(found) + b"\n")
            if len(reader.tags) > MOST_TAGS:
                raise Invalid(
                    "tags",
                    f"The column of tags holds more than {MOST_TAGS} different ones. Is it the right column?",
                )
            if summary.total % _TOLD_EVERY == 0:
                told(summary.total)
    summary.wrong, summary.tags = reasons.total(), reader.tags
    summary.reasons = [(reason, count, first[reason]) for reason, count in reasons.most_common(REASONS_SHOWN)]
    return summary


def lines(path: Path, place: int = 0) -> Iterator[Row]:
    """The rows of a file from a byte on."""
    with path.open("rb") as file:
        file.seek(place)
        for line in file:
            yield orjson.loads(line)


def batch(path: Path, place: int, most: int) -> tuple[list[Row], int]:
    """At most so many rows from a byte on, and the byte after them."""
    with path.open("rb") as file:
        file.seek(place)
        rows: list[Row] = []
        while len(rows) < most and (line := file.readline()):
            rows.append(orjson.loads(line))
        return rows, file.tell()


async def prepare_apart(
    source: Path, target: Path, order: Order, rows: int, told: Callable[[int], None]
) -> Summary:
    """``prepare`` without holding up this process; ``told`` hears how many rows are done. Raises Invalid."""
    if rows <= SMALL:
        return await asyncio.to_thread(prepare, source, target, order)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        f"from {__name__} import main; main()",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[3],
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        async with asyncio.timeout(_SECONDS):
            process.stdin.write(orjson.dumps([str(source), str(target), _packed(order)]))
            process.stdin.close()
            answer = b""
            async for line in process.stdout:
                answer = line
                if line[:1].isdigit():
                    told(int(line))
            await process.wait()
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    return _unpacked(answer)


def _packed(order: Order) -> dict[str, Any]:
    fields = {str(each): row for each, row in order.fields.items()}
    return {"targets": order.targets, "region": order.region, "fields": fields}


def _unpacked(answer: bytes) -> Summary:
    result = json.loads(answer) if answer[:1] == b"{" else {}
    if "refused" in result:
        raise Invalid(result["field"], result["refused"])
    if not result:
        raise RuntimeError("The rows could not be prepared.")
    return Summary(**result)


def main() -> None:
    """The whole life of the process that ``prepare_apart`` starts."""
    source, target, packed = orjson.loads(sys.stdin.buffer.read())
    fields = {int(each): row for each, row in packed["fields"].items()}
    order = Order(packed["targets"], packed["region"], fields)

    def told(rows: int) -> None:
        sys.stdout.write(f"{rows}\n")
        sys.stdout.flush()

    try:
        found = prepare(Path(source), Path(target), order, told)
    except Invalid as problem:
        answer: dict[str, Any] = {"refused": problem.message, "field": problem.field}
    else:
        names = Summary.__slots__
        answer = {name: getattr(found, name) for name in names}
    sys.stdout.write(json.dumps(answer) + "\n")
