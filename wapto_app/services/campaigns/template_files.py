"""The files that the header and the cards of a campaign's template show: out of the library, by their places."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypedDict

import sqlalchemy as sa
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.db import fetch
from wapto_app.models import CampaignVariant, LibraryFile, Template
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services.campaigns.causes import say
from wapto_app.services.library.rows import hidden_from
from wapto_app.services.media import kind_of
from wapto_app.services.templates import FilePlace, file_places

HEADER = "header"
_CARD = "cards."
_LARGEST_ID = 2**31 - 1


class PlacedFile(TypedDict):
    """A place of the template (``header``, ``cards.0`` …) with the ``kind`` of file it wants, and the file that is
    chosen for it: ``key`` is empty for none, ``name`` also for one that is gone. ``preview``: it has a small picture.
    """

    place: str
    kind: str
    key: str
    name: str
    preview: bool


def number_of(place: str) -> int:
    """Which card it is, as people count; 0 for the header."""
    return int(place.removeprefix(_CARD)) + 1 if place.startswith(_CARD) else 0


def field_of(place: str) -> str:
    """What ``problems`` calls the file of this place."""
    return "media" if place == HEADER else f"{place}.media"


def keys_of(variant: CampaignVariant | Any) -> dict[str, str]:
    """The chosen files of a variant, or of a row with its columns, by their places."""
    return ({HEADER: variant.file_key} if variant.file_key else {}) | variant.card_files


async def samples(session: AsyncSession, actor: Actor, template_id: int) -> dict[str, str]:
    """The files that WhatsApp was shown when it approved the template, by their places: a good beginning.

    What is not in the library any more is left out.
    """
    actor.require(Permission.CAMPAIGNS_SEE)
    template = await session.get(Template, min(template_id, _LARGEST_ID))
    wanted = [each for each in file_places(template) if each["sample"]] if template else []
    known = await _known(session, [each["sample"] for each in wanted])
    return {
        each["place"]: each["sample"]
        for each in wanted
        if (file := known.get(each["sample"])) and kind_of(file.mime_type) == each["kind"]
    }


async def placed(
    session: AsyncSession, actor: Actor, places: Sequence[FilePlace], keys: Mapping[str, str]
) -> list[PlacedFile]:
    """Every place with what is chosen for it. Hidden numbers stay hidden in the names."""
    actor.require(Permission.CAMPAIGNS_SEE)
    known = await _known(session, keys.values()) if places else {}
    hidden = hidden_from(actor)
    made = []
    for each in places:
        key = keys.get(each["place"], "")
        file = known.get(key)
        made.append(
            PlacedFile(
                place=each["place"],
                kind=each["kind"],
                key=key,
                name=hidden.every(file.name) if file else "",
                preview=bool(file and file.thumbnail),
            )
        )
    return made


async def problems(session: AsyncSession, variant: CampaignVariant, template: Template) -> dict[str, str]:
    """What is missing or wrong, by ``field_of`` each place."""
    places, keys = file_places(template), keys_of(variant)
    known = await _known(session, keys.values()) if places else {}
    found = {field_of(each["place"]): _problem(each, keys.get(each["place"], ""), known) for each in places}
    return {field: sentence for field, sentence in found.items() if sentence}


def _problem(wanted: FilePlace, key: str, known: Mapping[str, Any]) -> str:
    kind, number = wanted["kind"], number_of(wanted["place"])
    if not key:
        return _choose(kind, number)
    if key not in known and number:
        return say(f"The file of card {number} was deleted from the library. Choose another.")
    if key not in known:
        return say("This file was deleted from the library. Choose another.")
    if kind_of(known[key].mime_type) == kind:
        return ""
    if number:
        return say(f"The file of card {number} is of another kind than WhatsApp approved. Choose another.")
    return say("This file is of another kind than WhatsApp approved for the header. Choose another.")


def _choose(kind: str, number: int) -> str:
    if number:
        return {
            "image": say(f"Choose the picture of card {number}."),
            "video": say(f"Choose the video of card {number}."),
        }.get(kind, say(f"Choose the document of card {number}."))
    return {
        "image": say("Choose the picture of the header."),
        "video": say("Choose the video of the header."),
    }.get(kind, say("Choose the document of the header."))


async def _known(session: AsyncSession, keys: Collection[str]) -> dict[str, Any]:
    """Rows of the library by their keys."""
    if not keys:
        return {}
    f = LibraryFile
    columns = [col(each) for each in (f.key, f.name, f.mime_type, f.thumbnail)]
    query: Any = sa.select(*columns).where(col(f.key).in_(set(keys)))
    return {row.key: row for row in await fetch(session, query)}
