"""What contacts have in their custom fields."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.clock import utcnow
from wapto_app.db import fetch, in_parts, touch
from wapto_app.models import Contact, CustomField, FieldKind, FieldValue
from wapto_app.models.base import table_of
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import canonical
from wapto_app.services.errors import Invalid, NotFound
from wapto_app.services.fields.check import PREFIX, FieldRow, check
from wapto_app.services.fields.definitions import definitions
from wapto_app.services.masking import mask_of, masks
from wapto_app.services.visibility import readable_contact

Values = dict[int, dict[str, str]]
"""By contact, then by the key of the field; what is empty is left out."""


async def values_of(session: AsyncSession, contact_ids: Collection[int]) -> Values:
    """What contacts have, unmasked: for services that show it to nobody or mask it themselves."""
    found: Values = {}
    for some in in_parts(sorted(set(contact_ids))):
        query = (
            sa.select(col(FieldValue.contact_id), col(CustomField.key), col(FieldValue.value))
            .join(CustomField, col(CustomField.id) == col(FieldValue.field_id))
            .where(col(FieldValue.contact_id).in_(some))
            .order_by(col(CustomField.position), col(CustomField.id))
        )
        for contact_id, key, value in await fetch(session, query):
            found.setdefault(contact_id, {})[key] = value
    return found


async def shown(session: AsyncSession, actor: Actor, contact_ids: Collection[int]) -> Values:
    """The same for somebody's eyes: of contacts that they may see, without the numbers that they may not."""
    actor.require(Permission.CONTACTS_SEE)
    visible: list[int] = []
    for some in in_parts(sorted(set(contact_ids))):
        query = sa.select(col(Contact.id)).where(col(Contact.id).in_(some), readable_contact(actor))
        visible += [row.id for row in await fetch(session, query)]
    found, hidden = await values_of(session, visible), await masks(session, actor, visible)
    return {
        contact_id: {key: hidden.of(contact_id).every(value) for key, value in values.items()}
        for contact_id, values in found.items()
    }


async def variables(session: AsyncSession, contact_ids: Collection[int]) -> Values:
    """What stands for ``{{key}}``, for every contact and every field; empty where nothing is known."""
    fields, found = await definitions(session), await values_of(session, contact_ids)
    nothing = {field["key"]: "" for field in fields}
    return {contact_id: nothing | found.get(contact_id, {}) for contact_id in set(contact_ids)}


async def set_values(
    session: AsyncSession, actor: Actor, contact_id: int, given: Mapping[str, str], *, whole: bool = False
) -> None:
    """Write what was given by key; empty takes a value away, what is not given stays.

    ``whole``: it comes from a form with all fields, so none that must be filled in may be left out.

    Raises:
        Invalid: naming the input (``field_city``).
        NotFound: the contact is not there or not visible.
    """
    actor.require(Permission.CONTACTS_DO)
    query = sa.select(col(Contact.id)).where(col(Contact.id) == contact_id, readable_contact(actor))
    if not await fetch(session, query.with_for_update(key_share=True)):
        raise NotFound("contact")
    fields = {field["key"]: field for field in await definitions(session)}
    stored = (await values_of(session, [contact_id])).get(contact_id, {})
    mask = await mask_of(session, actor, contact_id)
    wanted = {key: mask.every_restored(text, stored.get(key, "")) for key, text in given.items()}
    if whole:
        wanted = {key: stored.get(key, "") for key in fields if fields[key]["required"]} | wanted
    rows = [(contact_id, _field(fields, key), text) for key, text in wanted.items()]
    checked = [(each, field, check(field, text)) for each, field, text in rows]
    await store(session, [row for row in checked if row[2] != stored.get(row[1]["key"], "")])
    touch(session, "contacts", f"contact:{contact_id}")


async def store(session: AsyncSession, rows: Iterable[tuple[int, FieldRow, str]]) -> None:
    """Write checked values of many contacts: the contact, the field and what ``check`` gave. Empty takes it away.

    The same contact and field must not come twice.
    """
    table, is_sqlite = table_of(FieldValue), session.get_bind().dialect.name == "sqlite"
    connection = await session.connection()
    for some in in_parts(rows):
        gone = [(contact_id, field["id"]) for contact_id, field, value in some if not value]
        written = [_row(*each) for each in some if each[2]]
        if gone:
            keys = sa.tuple_(table.c.contact_id, table.c.field_id)
            await connection.execute(sa.delete(table).where(keys.in_(gone)))
        if written:
            insert = (sqlite if is_sqlite else postgresql).insert(table)
            news = {name: insert.excluded[name] for name in ("value", "key", "number", "updated_at")}
            ours = ["contact_id", "field_id"]
            await connection.execute(insert.on_conflict_do_update(index_elements=ours, set_=news), written)


def _row(contact_id: int, field: FieldRow, value: str) -> dict[str, Any]:
    is_number = field["kind"] == FieldKind.NUMBER
    return {
        "contact_id": contact_id,
        "field_id": field["id"],
        "value": value,
        "key": canonical.folded(value),
        "number": canonical.as_float(value) if is_number else None,
        "updated_at": utcnow(),
    }


def _field(fields: Mapping[str, FieldRow], key: str) -> FieldRow:
    if key not in fields:
        raise Invalid(PREFIX + key[:40], "This field does not exist any more. Load the page again.")
    return fields[key]
