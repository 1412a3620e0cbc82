"""What the documents say is there: settings, commands, targets, files, functions, headings, pictures."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from typer import Typer

from wapto_app.bundle import ROOT
from wapto_app.cli import app
from wapto_app.settings import Settings

DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS.rglob("*.md")])
# Written by the measurements, which need not have run yet.
_MAY_BE_MISSING = {DOCS / "performance.md"}
_LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|srcset)=\"([^\"]+)\"")
_CODE = re.compile(r"`([^`\n]+)`")
_FENCE = re.compile(r"^```.*?^```", re.M | re.S)
_ROW = re.compile(r"^\| `(WAPTO_\w+)` \| (?:`([^`]*)`)? ?\|", re.M)
_OURS = (
    "db",
    "integrations",
    "jobs",
    "live",
    "log",
    "models",
    "runtime",
    "security",
    "services",
    "state",
    "ui",
    "web",
)


@cache
def _text(page: Path) -> str:
    return page.read_text()


def _prose(page: Path) -> str:
    return _FENCE.sub("", _text(page))


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def _default(field: str) -> str:
    value: Any = Settings.model_fields[field].default
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if isinstance(value, Enum):
        value = value.value
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_every_setting_stands_in_the_operations_guide_with_its_default() -> None:
    written = dict(_ROW.findall(_text(DOCS / "operations.md")))
    assert written == {f"WAPTO_{name.upper()}": _default(name) for name in Settings.model_fields}


def _commands(typer: Typer, prefix: str = "wapto") -> Iterator[str]:
    for command in typer.registered_commands:
        assert command.callback is not None
        yield f"{prefix} {command.name or command.callback.__name__}"
    for group in typer.registered_groups:
        assert group.typer_instance is not None
        yield from _commands(group.typer_instance, f"{prefix} {group.name}")


def test_every_command_stands_in_the_operations_guide_and_no_other() -> None:
    written = re.findall(r"^\| `(wapto [a-z -]+)` \|", _text(DOCS / "operations.md"), re.M)
    assert sorted(written) == sorted(_commands(app))


def test_every_make_target_that_is_named_exists_and_every_one_is_named() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z]+):", makefile, re.M))
    named = {
        target
        for page in PAGES
        for target in re.findall(r"(?<!install )\bmake ([a-z]+)\b(?=[`\s])", _code(page))
    }
    assert named <= targets
    assert targets - {"help", "install"} <= set(
        re.findall(r"^\| `make (\w+)", _text(DOCS / "development.md"), re.M)
    )


def _code(page: Path) -> str:
    """Only what is set as code: "make" is also a word."""
    return "\n".join([*_CODE.findall(_prose(page)), *_FENCE.findall(_text(page))]) + "\n"


def _anchor(heading: str) -> str:
    kept = re.sub(r"[^\w\s-]", "", heading.strip().lower())
    return re.sub(r"\s", "-", kept)


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_link_and_picture_leads_somewhere(page: Path) -> None:
    for found in _LINK.finditer(_prose(page)):
        link = found[1] or found[2]
        if link.startswith(("http://", "https://")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if target in _MAY_BE_MISSING and not target.exists():
            continue
        assert target.exists(), link
        if anchor:
            headings = re.findall(r"^#+ (.+)$", _prose(target), re.M)
            assert anchor in {_anchor(heading) for heading in headings}, link


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_source_file_that_is_named_exists(page: Path) -> None:
    first = "alembic|assets|bench|docs|integrations|pages|scripts|state|tests|wapto_app"
    for path in re.findall(rf"`((?:{first})/[\w./-]*)`", _prose(page)):
        if path not in ("pages/things.py", "state/things.py", "tests/pipeline/test_things.py"):
            assert (ROOT / path).exists(), path


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_function_that_is_named_exists(page: Path) -> None:
    for name in re.findall(rf"`((?:{'|'.join(_OURS)})(?:\.\w+)+)`", _prose(page)):
        if not name.endswith((".py", ".jsx", ".svg")):
            assert _resolves(name), name


def _resolves(name: str) -> bool:
    full = name if name.split(".")[0] in ("integrations", "state") else f"wapto_app.{name}"
    parts = full.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found: Any = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for attribute in parts[length:]:
            if not hasattr(found, attribute):
                return False
            found = getattr(found, attribute)
        return True
    return False


def test_every_room_of_the_tests_is_named() -> None:
    rooms = {path.name for path in (ROOT / "tests").iterdir() if list(path.glob("**/test_*.py"))}
    assert rooms <= set(re.findall(r"^\| `tests/(\w+)`", _text(DOCS / "development.md"), re.M))


def test_the_pictures_of_the_guide_are_small() -> None:
    pictures = list((DOCS / "pictures").iterdir())
    assert pictures
    assert all(picture.stat().st_size < 120_000 for picture in pictures)


def test_the_life_of_a_campaign_names_every_module_of_it() -> None:
    """A stranger finds each of them at the step where it works."""
    package = importlib.import_module("wapto_app.services.campaigns")
    named = set(re.findall(r"``(\w+)``", package.__doc__ or ""))
    there = {path.stem for path in Path(package.__path__[0]).glob("*.py")} - {"__init__"}
    assert there - named == set(), "not named"
    assert named - there == set(), "named, but gone"
