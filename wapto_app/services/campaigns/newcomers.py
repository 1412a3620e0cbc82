"""Numbers of a campaign's files that are no contacts yet become contacts, as far as the plan has room."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.clock import utcnow
from wapto_app.db import Database, fetch, touch
from wapto_app.models import AddressKind, CampaignUploadRow, Contact, ContactAddress, ContactEventKind
from wapto_app.models.base import table_of
from wapto_app.services import contact_events, opt_out_memory, plans
from wapto_app.services.campaigns import strangers
from wapto_app.services.contact_names import TOPIC as CONTACTS
from wapto_app.services.errors import LimitReached
from wapto_app.services.identity import insert_ignore
from wapto_app.services.imports.batch import reserved

SOURCE = "campaign"
_AT_ONCE = 1_000

contact, address = table_of(Contact), table_of(ContactAddress)


async def bring_in(
    db: Database, upload_ids: Collection[int], headings: Sequence[str], by: int | None
) -> bool:
    """Make contacts of all numbers, some at a time; False when the plan had no room for the rest.

    It may be killed anywhere: what is a contact is no stranger when it begins again.
    """
    name_column = strangers.name_column(headings)
    while True:
        async with db.write() as session:
            wanted = await _next(session, upload_ids, name_column)
            fitting = wanted[: await _room(session, len(wanted))]
            connection = await session.connection()
            await connection.run_sync(_create, fitting, by)
            if fitting:
                touch(session, CONTACTS)
        if len(fitting) < len(wanted):
            return False
        if len(wanted) < _AT_ONCE:
            return True


async def _next(
    session: AsyncSession, upload_ids: Collection[int], name_column: str
) -> list[tuple[str, str]]:
    """Numbers and names, always in the same order, so that two who insert the same never wait in a circle."""
    numbers = [
        row[0]
        for row in await fetch(session, strangers.numbers(upload_ids).order_by("number").limit(_AT_ONCE))
    ]
    if not name_column or not numbers:
        return [(number, "") for number in numbers]
    r = CampaignUploadRow
    query = sa.select(col(r.number), col(r.cells)).where(
        col(r.upload_id).in_(upload_ids), col(r.number).in_(numbers)
    )
    names: dict[str, str] = {}
    for row in await fetch(session, query):
        names[row.number] = names.get(row.number) or strangers.name_in(row.cells, name_column)
    return [(number, names.get(number, "")) for number in numbers]


async def _room(session: AsyncSession, wanted: int) -> int:
    """For how many of them there is room."""
    try:
        await plans.ensure_room(session, plans.Limit.CONTACTS, wanted)
    except LimitReached:
        room = await plans.room(session, plans.Limit.CONTACTS)
        return max(0, room.limit - room.used)
    return wanted


def _create(connection: sa.Connection, people: Sequence[tuple[str, str]], by: int | None) -> None:
    """Whoever was faster with a number in the same moment keeps it."""
    if not people:
        return
    now, ids = utcnow(), reserved(connection, len(people))
    connection.execute(
        contact.insert(), [_row(of, name, now) for of, (_n, name) in zip(ids, people, strict=True)]
    )
    rows = [
        {"contact_id": of, "kind": AddressKind.PHONE, "value": number, "created_at": now}
        for of, (number, _name) in zip(ids, people, strict=True)
    ]
    connection.execute(insert_ignore(connection.dialect.name, address), rows)
    opt_out_memory.recall(connection, [(AddressKind.PHONE, number) for number, _name in people])
    ours = sa.select(address.c.contact_id).where(address.c.contact_id.in_(ids))
    made = {of for (of,) in connection.execute(ours)}
    if lost := sorted(set(ids) - made):
        connection.execute(contact.delete().where(contact.c.id.in_(lost)))
    contact_events.note(connection, sorted(made), ContactEventKind.IMPORTED, by, source=SOURCE)


def _row(contact_id: int, name: str, now: Any) -> dict[str, Any]:
    texts = dict.fromkeys(("profile_name", "username", "company", "email", "language", "notes"), "")
    return {"id": contact_id, "name": name, "source": SOURCE, "created_at": now, "updated_at": now, **texts}
