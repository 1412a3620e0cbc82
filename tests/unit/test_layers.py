"""Rules of the rooms that import-linter cannot see: who asks for permission, who writes SQL, what a page may send."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from enum import Enum
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
Function = ast.FunctionDef | ast.AsyncFunctionDef


def _modules(*rooms: str) -> Iterator[Path]:
    for room in rooms:
        yield from sorted((ROOT / room).rglob("*.py"))


def _functions(path: Path) -> Iterator[Function]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, Function):
            yield node


def _takes_actor(function: Function) -> bool:
    return any(argument.arg == "actor" for argument in function.args.args)


def _name_of(call: ast.Call) -> str:
    return ast.unparse(call.func).rpartition(".")[2]


def _given_the_actor(function: Function) -> set[str]:
    """The functions to which it hands its actor."""
    calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
    handed = {
        _name_of(call)
        for call in calls
        if any(isinstance(argument, ast.Name) and argument.id == "actor" for argument in call.args)
    }
    return handed - {function.name}


def test_every_service_that_a_person_can_reach_asks_whether_they_may() -> None:
    known: dict[str, list[Function]] = {}
    public: list[tuple[Path, Function]] = []
    for path in _modules("wapto_app/services"):
        for function in filter(_takes_actor, _functions(path)):
            known.setdefault(function.name, []).append(function)
            if isinstance(function, ast.AsyncFunctionDef) and not function.name.startswith("_"):
                public.append((path, function))

    def asks(function: Function, seen: frozenset[str] = frozenset()) -> bool:
        if "actor.require(" in ast.unparse(function):
            return True
        further = _given_the_actor(function) - seen
        return any(asks(each, seen | further) for name in further for each in known.get(name, []))

    silent = [f"{path.stem}.{function.name}" for path, function in public if not asks(function)]
    assert silent == []
    assert len(public) > 25


@pytest.mark.parametrize("room", ["pages", "state", "wapto_app/ui"])
def test_pages_and_states_write_no_sql_and_hold_no_rows_of_tables(room: str) -> None:
    for path in _modules(room):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.ImportFrom) or node.module is None:
                continue
            names = {alias.name for alias in node.names}
            if node.module.split(".")[0] in ("sqlmodel", "sqlalchemy"):
                assert names <= {"AsyncSession", "DataError"}, path
            if node.module.startswith("wapto_app.models"):
                module = importlib.import_module(node.module)
                for name in names:
                    assert issubclass(getattr(module, name), Enum), f"{path}: {name}"


# Reflex runs what these send as code in the browser, which our content security policy forbids, silently.
_CODE = re.compile(r"\brx\.(toast|call_script|call_function|run_script|console_log|window_alert)\b")


def test_no_handler_sends_code_to_the_browser() -> None:
    found = [str(path) for path in _modules("pages", "state") if _CODE.search(path.read_text())]
    assert found == []


def test_a_tab_watches_before_it_reads() -> None:
    """Else what changes in between is neither read nor heard of."""
    watching = 0
    for path in _modules("state"):
        for function in _functions(path):
            text = ast.unparse(function)
            if "watch(self, " in text and function.name.startswith("load"):
                watching += 1
                first_read = re.search(r"await self\._", text)
                assert first_read is None or text.rindex(" watch(self, ") < first_read.start(), (
                    f"{path.stem}: {function.name}"
                )
    assert watching >= 6
