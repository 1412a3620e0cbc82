"""Templates to begin with, written by us: a file for each sector in ``starter_texts``.

A file holds ``{"sector", "title", "starters": [{"key", "title", "about", "category", "parameter_format",
"texts": {"en_US": {"components": […]}, "es": {…}}}]}``; the components are Meta's, with samples, without files.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any, TypedDict

from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.security.permissions import Actor, Permission
from wapto_app.services.errors import Invalid, NotFound
from wapto_app.services.templates.drafts import account_of, create, free_name
from wapto_app.services.templates.rules import TemplateForm


class Starter(TypedDict):
    """``key`` is its name at Meta too. ``components`` are those of each language, by Meta's code."""

    key: str
    sector: str
    sector_title: str
    title: str
    about: str
    category: str
    parameter_format: str
    languages: list[str]
    components: dict[str, list[dict[str, Any]]]


def all_starters() -> list[Starter]:
    """By sector and within it in the order of its file. Shared: do not change what it returns."""
    return _read()


@cache
def _read() -> list[Starter]:
    folder = files("wapto_app.services.templates") / "starter_texts"
    found: list[Starter] = []
    for file in sorted(folder.iterdir(), key=lambda each: each.name):
        if file.name.endswith(".json"):
            sector = json.loads(file.read_text(encoding="utf-8"))
            found += [_starter(sector, each) for each in sector["starters"]]
    return found


def _starter(sector: dict[str, Any], raw: dict[str, Any]) -> Starter:
    return Starter(
        key=raw["key"],
        sector=sector["sector"],
        sector_title=sector["title"],
        title=raw["title"],
        about=raw["about"],
        category=raw["category"],
        parameter_format=raw.get("parameter_format", "POSITIONAL"),
        languages=list(raw["texts"]),
        components={code: text["components"] for code, text in raw["texts"].items()},
    )


def form_of_starter(starter: Starter, language: str, waba_id: str = "") -> TemplateForm:
    """What somebody would begin with. Raises Invalid for a language that it is not written in."""
    if language not in starter["components"]:
        raise Invalid("language", "This template is not written in that language. Choose another one.")
    return TemplateForm(
        name=starter["key"],
        language=language,
        category=starter["category"],
        parameter_format=starter["parameter_format"],
        components=list(starter["components"][language]),
        sample_files={},
        waba_id=waba_id,
    )


async def create_from(session: AsyncSession, actor: Actor, key: str, language: str) -> int:
    """A draft of one of them, under its own name or one like it that is free; its id.

    Raises:
        NotFound: there is no such starter.
        Invalid, NotConnected, LimitReached: as for any other draft.
    """
    actor.require(Permission.TEMPLATES_DO)
    starter = next((each for each in all_starters() if each["key"] == key), None)
    if starter is None:
        raise NotFound("template")
    form = form_of_starter(starter, language, await account_of(session, ""))
    form["name"] = await free_name(session, form)
    return await create(session, actor, form)
