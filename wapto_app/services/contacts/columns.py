"""Which columns of the table somebody wants to see, in which order they stand."""

from __future__ import annotations

from typing import TypedDict

import sqlalchemy as sa
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.db import fetch
from wapto_app.models import Contact
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import fields, preferences
from wapto_app.services.masking import Mask
from wapto_app.services.visibility import readable_contact

BUILT_IN = ("phone", "username", "company", "email", "language", "source", "tags", "opt", "created", "last")
DEFAULT = ("phone", "company", "email", "tags", "last")
FIELD = "field:"
_NAME = "contacts.columns"
_CHOICES = 200


class Choices(TypedDict):
    """What occurs among the contacts that the actor may see, to filter by."""

    sources: list[str]
    languages: list[str]


async def chosen(session: AsyncSession, actor: Actor) -> list[str]:
    """The shown columns: of ``BUILT_IN``, and ``field:`` with the key of a custom field."""
    actor.require(Permission.CONTACTS_SEE)
    kept = (await preferences.read_own(session, actor.account_id, _NAME)).get("shown")
    known = {*BUILT_IN, *(FIELD + each["key"] for each in await fields.definitions(session))}
    return [each for each in (kept if isinstance(kept, list) else DEFAULT) if each in known]


async def choose(session: AsyncSession, actor: Actor, column: str, shown: bool) -> list[str]:
    """Show or hide one column, for this account from now on; what is shown then."""
    actor.require(Permission.CONTACTS_SEE)
    actor.require_own_eyes()
    now = [each for each in await chosen(session, actor) if each != column]
    known = {*BUILT_IN, *(FIELD + each["key"] for each in await fields.definitions(session))}
    if shown and column in known:
        now.append(column)
    if actor.account_id is not None:
        await preferences.write_own(session, actor.account_id, _NAME, {"shown": now})
    return now


async def choices(session: AsyncSession, actor: Actor) -> Choices:
    """Sources and languages that occur; those with a number in them are left out for who may not see numbers."""
    actor.require(Permission.CONTACTS_SEE)
    mask = Mask(hides=actor.hide_phone)
    found: list[list[str]] = []
    for column in (Contact.source, Contact.language):
        query = sa.select(col(column)).where(col(column) != "", readable_contact(actor)).distinct()
        rows = await fetch(session, query.order_by(col(column)).limit(_CHOICES))
        found.append([row[0] for row in rows if mask.every(row[0]) == row[0]])
    return Choices(sources=found[0], languages=found[1])
