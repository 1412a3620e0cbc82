"""The country of numbers that are written without a country code."""

from __future__ import annotations

from typing import TypedDict

import phonenumbers
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.models import Channel
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import audit, preferences
from wapto_app.services.errors import Invalid

_NAME = "contacts"


class Country(TypedDict):
    """An option of a list: the ISO code, and the code with its prefix to read."""

    value: str
    label: str


def countries() -> list[Country]:
    """Every country that has numbers, by its two letters."""
    return [
        Country(value=region, label=f"{region} (+{phonenumbers.country_code_for_region(region)})")
        for region in sorted(phonenumbers.SUPPORTED_REGIONS)
    ]


async def default_region(session: AsyncSession) -> str | None:
    """What the owner chose, else the country of the first connected number; None for neither."""
    chosen = (await preferences.read(session, _NAME)).get("country")
    if chosen in phonenumbers.SUPPORTED_REGIONS:
        return str(chosen)
    query = select(Channel.display_phone_number).order_by(col(Channel.id)).limit(1)
    number = (await session.exec(query)).first() or ""
    try:
        parsed = phonenumbers.parse(f"+{number.lstrip('+')}")
    except phonenumbers.NumberParseException:
        return None
    # A number of no region that is known by now still tells the country by its code.
    return phonenumbers.region_code_for_number(parsed) or phonenumbers.region_code_for_country_code(
        parsed.country_code or 0
    )


async def country(session: AsyncSession, actor: Actor) -> str:
    """The default country to show; empty when none is known."""
    actor.require(Permission.CONTACTS_SEE)
    return await default_region(session) or ""


async def choose_country(session: AsyncSession, actor: Actor, region: str) -> None:
    """Raises Invalid for a country that does not exist."""
    actor.require(Permission.SETTINGS_DO)
    if region not in phonenumbers.SUPPORTED_REGIONS:
        raise Invalid("country", "Choose a country from the list.")
    kept = await preferences.read(session, _NAME)
    await preferences.write(session, _NAME, {**kept, "country": region})
    audit.record(session, actor, "contacts.country_chosen", country=region)
