"""Templates to begin with, written by us: a file for each sector in ``starter_texts``.

A file holds ``{"sector", "order", "words": {"en": …}, "starters": [{"key", "category", "parameter_format",
"title": {"en": …}, "about": {"en": …}, "components": {"en": […]}}]}``, the words in the languages of the pages, the
components in Meta's shape and by Meta's codes of languages, with samples, without files.
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


class Sector(TypedDict):
    """``words`` is what it is called, by the language of the reader."""

    key: str
    words: dict[str, str]


class Starter(TypedDict):
    """``key`` is its name at Meta too. ``components`` are those of each language, by Meta's code."""

    key: str
    sector: str
    category: str
    parameter_format: str
    title: dict[str, str]
    about: dict[str, str]
    languages: list[str]
    components: dict[str, list[dict[str, Any]]]


def sectors() -> list[Sector]:
    """In the order in which they are shown."""
    return [Sector(key=each["sector"], words=each["words"]) for each in _files()]


def all_starters() -> list[Starter]:
    """By sector and within it in the order of its file. Shared: do not change what it returns."""
    return _starters()


@cache
def _starters() -> list[Starter]:
    return [_starter(sector["sector"], each) for sector in _files() for each in sector["starters"]]


@cache
def _files() -> list[dict[str, Any]]:
    folder = files("wapto_app.services.templates") / "starter_texts"
    if not folder.is_dir():
        return []
    texts = [each.read_text(encoding="utf-8") for each in folder.iterdir() if each.name.endswith(".json")]
    return sorted(map(json.loads, texts), key=lambda each: (each["order"], each["sector"]))


def _starter(sector: str, raw: dict[str, Any]) -> Starter:
    return Starter(
        key=raw["key"],
        sector=sector,
        category=raw["category"],
        parameter_format=raw["parameter_format"],
        title=raw["title"],
        about=raw["about"],
        languages=list(raw["components"]),
        components=raw["components"],
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
