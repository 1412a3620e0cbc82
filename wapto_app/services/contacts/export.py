"""The contacts of a filter as a file, written while it is read: 100,000 of them need no more memory than 500.

Phone numbers stay text, and nothing in a cell runs as a formula. Who may not see numbers gets masked ones.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from pathlib import Path
from typing import Any, BinaryIO

import sqlalchemy as sa
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.db import Database, fetch
from wapto_app.models import Contact
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import audit, fields, spreadsheet
from wapto_app.services.contacts import bulk
from wapto_app.services.contacts.filters import ContactFilter, conditions
from wapto_app.services.contacts.listing import ContactRow, read_rows
from wapto_app.services.visibility import readable_contact

_COLUMNS = {
    "name": "Name",
    "phone": "Phone",
    "username": "Username",
    "company": "Company",
    "email": "E-mail",
    "language": "Language",
    "source": "Source",
    "tags": "Tags",
    "opt": "Opt-in",
    "blocked": "Blocked",
    "created_at": "Created",
    "last_at": "Last message",
}
_OPT = {"in": "Opted in", "marketing": "No marketing", "out": "Opted out"}
_CELL_MAX = 32_767
"""Excel: characters in one cell."""


async def begin(db: Database, actor: Actor, wanted: ContactFilter) -> list[fields.FieldRow]:
    """Ask for permission and note who takes the file; the custom fields that become columns.

    Raises:
        Invalid: a filter cannot be understood.
    """
    actor.require(Permission.CONTACTS_SEE)
    actor.require(Permission.EXPORT_DO)
    actor.require_own_eyes(Permission.EXPORT_DO)
    async with db.write() as session:
        await conditions(session, actor, wanted)
        audit.record(session, actor, "contacts.exported", filter=dict(wanted))
        return await fields.definitions(session)


async def csv(
    db: Database, actor: Actor, wanted: ContactFilter, ids: Collection[int] | None = None
) -> AsyncIterator[str]:
    """The file, some lines at a time. Raises as ``begin`` before the first."""
    custom = await begin(db, actor, wanted)

    async def parts() -> AsyncIterator[str]:
        yield "".join(spreadsheet.lines(_head(custom), ()))
        async for rows in _rows(db, actor, wanted, ids):
            yield "".join(spreadsheet.records([_values(row, custom) for row in rows]))

    return parts()


async def xlsx(
    db: Database, actor: Actor, wanted: ContactFilter, path: Path, ids: Collection[int] | None = None
) -> None:
    """The same as a workbook at ``path``. Raises as ``begin``."""
    custom = await begin(db, actor, wanted)
    with path.open("wb") as file:
        await _write_book(db, actor, wanted, file, ids, custom)


async def _write_book(
    db: Database,
    actor: Actor,
    wanted: ContactFilter,
    file: BinaryIO,
    ids: Collection[int] | None,
    custom: list[fields.FieldRow],
) -> None:
    book = Workbook(write_only=True)
    sheet: Any = book.create_sheet("Contacts")
    sheet.freeze_panes = "A2"
    head = [WriteOnlyCell(sheet, title) for title in _head(custom)]
    for each in head:
        each.font = Font(bold=True)
    sheet.append(head)
    async for rows in _rows(db, actor, wanted, ids):
        await asyncio.to_thread(_append, sheet, [_values(row, custom) for row in rows])
    await asyncio.to_thread(book.save, file)


def _append(sheet: Any, rows: list[list[str]]) -> None:
    for row in rows:
        sheet.append([_text_cell(sheet, value) for value in row])


def _text_cell(sheet: Any, value: str) -> Any:
    """A cell of text, whatever it looks like: neither a formula nor a number."""
    cell = WriteOnlyCell(sheet, "")
    cell.value = ILLEGAL_CHARACTERS_RE.sub("", value)[:_CELL_MAX]
    cell.data_type = "s"
    return cell


async def _rows(
    db: Database, actor: Actor, wanted: ContactFilter, ids: Collection[int] | None
) -> AsyncIterator[list[ContactRow]]:
    async for some in bulk.some(db, actor, wanted, ids):
        async with db.read() as session:
            yield await read_rows(
                session, actor, some if ids is None else await _visible(session, actor, some)
            )


async def _visible(session: AsyncSession, actor: Actor, ids: Collection[int]) -> list[int]:
    query = (
        sa.select(col(Contact.id))
        .where(col(Contact.id).in_(ids), readable_contact(actor))
        .order_by(col(Contact.id))
    )
    return [row.id for row in await fetch(session, query)]


def _head(custom: list[fields.FieldRow]) -> list[str]:
    return [*_COLUMNS.values(), *(field["label"] for field in custom)]


def _values(row: ContactRow, custom: list[fields.FieldRow]) -> list[str]:
    known: dict[str, Any] = {
        **row,
        "tags": ", ".join(tag["name"] for tag in row["tags"]),
        "opt": _OPT[row["opt"]],
        "blocked": "yes" if row["blocked"] else "no",
    }
    return [
        *(str(known[name]) for name in _COLUMNS),
        *(row["fields"].get(field["key"], "") for field in custom),
    ]
