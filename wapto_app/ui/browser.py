"""The small JSX files beside this package, and how a component refers to one of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import reflex as rx
from reflex.assets import AssetPathStr
from reflex.vars import VarData

_FILES = sorted(path.name for path in Path(__file__).parent.glob("*.jsx"))


def _linked() -> dict[str, AssetPathStr]:
    return {name: rx.asset(name, shared=True) for name in _FILES}


# All of them are linked into the page at once, so that they can import one another. In a thread, for Reflex reads the
# whole stack to find out who calls, once for each file: below the deep stack of an import that takes seconds.
with ThreadPoolExecutor(max_workers=1) as _executor:
    _SOURCES = _executor.submit(_linked).result()


def source(name: str) -> str:
    """The import path of one of our JSX files, e.g. ``source("menu.jsx")``."""
    return _SOURCES[name].importable_path


def imported(file: str, tag: str) -> VarData:
    """What an expression needs that uses one export of one of our JSX files."""
    return VarData(imports={source(file): [rx.ImportVar(tag=tag)]})


def in_browser(file: str, function: str, *args: object) -> rx.event.EventSpec:
    """An event that calls a function of ours in the browser: no round trip, and nothing is evaluated from a string."""
    callee = rx.Var(function, _var_data=imported(file, function)).to(rx.vars.FunctionVar)
    return rx.call_function(callee.partial(*args))
