"""What a person does with an import: hand over a file, name its columns, start, cancel, undo."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from integrations.tables import Found, Options, Unreadable, convert_apart
from wapto_app.clock import utcnow
from wapto_app.db import Database, touch
from wapto_app.models import ContactImport, FieldKind, ImportState
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import audit, fields, tags
from wapto_app.services.contacts.region import default_region
from wapto_app.services.errors import Conflict, Invalid
from wapto_app.services.fields import FieldForm
from wapto_app.services.imports.folder import files_of
from wapto_app.services.imports.rules import DUE, TOPIC, PlanForm, allow, checked_plan, of_id
from wapto_app.services.imports.targets import NEW, folded, guess
from wapto_app.services.media.files import clean_name
from wapto_app.services.plans import Limit, ensure_room

_OPEN = (ImportState.UPLOADED, ImportState.CHECKED)


async def read(actor: Actor, media_dir: Path, temporary: Path) -> tuple[str, Found]:
    """Take an uploaded file in and look at it; its key.

    Raises:
        Invalid: it is no table, or too large; nothing is kept of it.
    """
    allow(actor)
    key = secrets.token_hex(16)
    files = await asyncio.to_thread(files_of, media_dir, key)
    await asyncio.to_thread(temporary.replace, files.source)
    try:
        return key, await convert_apart(files.source, files.rows, Options())
    except Unreadable as problem:
        await asyncio.to_thread(files.remove)
        raise Invalid("file", str(problem)) from None
    except BaseException:
        await asyncio.to_thread(files.remove)
        raise


async def keep(session: AsyncSession, actor: Actor, key: str, filename: str, size: int, found: Found) -> int:
    """Note the file down, with a guess of what its columns are; the id of the import."""
    allow(actor)
    made = ContactImport(
        key=key, filename=clean_name(filename), size=size, account_id=actor.account_id, total=found.rows
    )
    await _describe(session, made, found)
    session.add(made)
    await session.flush()
    touch(session, TOPIC)
    return made.id or 0


async def reread(db: Database, actor: Actor, media_dir: Path, import_id: int, options: Options) -> None:
    """Read the file again, as somebody knows better: encoding, delimiter, sheet, header.

    Raises:
        Invalid: it cannot be read like this; what was known of it stays.
        Conflict: the import has begun.
    """
    allow(actor)
    async with db.read() as session:
        key = (await _open(session, import_id)).key
    files = await asyncio.to_thread(files_of, media_dir, key)
    try:
        found = await convert_apart(files.source, files.rows, options)
    except Unreadable as problem:
        raise Invalid("encoding", str(problem)) from None
    async with db.write() as session:
        row = await _open(session, import_id)
        await _describe(session, row, found)
        row.state, row.total = ImportState.UPLOADED, found.rows
        session.add(row)
        touch(session, f"import:{import_id}")


async def _describe(session: AsyncSession, row: ContactImport, found: Found) -> None:
    """What the file holds and, by the guess, means."""
    region = await default_region(session)
    known = {
        folded(each[name]): each["id"]
        for each in await fields.definitions(session)
        for name in ("key", "label")
    }
    row.found, row.outlook = asdict(found), {}
    before = row.plan or {"region": region or "", "policy": "skip", "tags": []}
    row.plan = {
        **before,
        "targets": [dict(each) for each in guess(found.columns, found.shown, known, region)],
    }


async def plan(session: AsyncSession, actor: Actor, import_id: int, form: PlanForm) -> None:
    """Say what the columns are, and have every row checked. Nothing is imported yet.

    Raises:
        Invalid: naming the input.
        Conflict: the import has begun.
        Forbidden: new fields need the permission to make them.
    """
    allow(actor)
    row = await _open(session, import_id)
    known = {each["id"] for each in await fields.definitions(session)}
    row.plan = checked_plan(form, len(row.found["columns"]), known)
    new = [each for each in row.plan["targets"] if each["target"].startswith(NEW)]
    if new:
        actor.require(Permission.TAGS_DO)
        await ensure_room(session, Limit.FIELDS, len(new))
    row.state, row.outlook, row.error = ImportState.CHECKING, {}, ""
    row.position, row.place = 0, 0
    session.add(row)
    touch(session, TOPIC, DUE, f"import:{import_id}")


async def start(session: AsyncSession, actor: Actor, import_id: int) -> None:
    """Go: make the new fields and tags, then import in the background.

    Raises:
        Conflict: it was not checked, or has begun.
        LimitReached: the plan has no room for so many contacts, tags or fields.
        Forbidden: new tags or fields need the permission to make them.
    """
    allow(actor)
    row = await of_id(session, import_id)
    if row.state is not ImportState.CHECKED:
        raise Conflict("This import has begun already, or was not checked.")
    await ensure_room(session, Limit.CONTACTS, row.outlook["created"])
    made_fields = await _make_fields(session, actor, row)
    tag_ids, made_tags = await _make_tags(session, actor, row)
    row.made = {"fields": made_fields, "tags": tag_ids, "new_tags": made_tags}
    row.state, row.cancelled, row.started_at = ImportState.RUNNING, False, utcnow()
    row.position = row.place = row.created = row.updated = row.unchanged = row.skipped = row.wrong = 0
    session.add(row)
    audit.record(session, actor, "import.started", f"import:{import_id}", file=row.filename, rows=row.total)
    touch(session, TOPIC, DUE, f"import:{import_id}")


async def _make_fields(session: AsyncSession, actor: Actor, row: ContactImport) -> dict[str, int]:
    """The new fields of the plan, by their target."""
    made: dict[str, int] = {}
    for each in row.plan["targets"]:
        if each["target"].startswith(NEW):
            kind = each["kind"] or FieldKind.TEXT.value
            form = FieldForm(
                label=each["label"],
                key="",
                kind=kind,
                help="",
                minimum="",
                maximum="",
                required=False,
                options="",
            )
            made[each["target"]] = await fields.create(session, actor, form)
    return made


async def _make_tags(
    session: AsyncSession, actor: Actor, row: ContactImport
) -> tuple[dict[str, int], list[int]]:
    """Ids by the key of the name, of the file's tags and those for everybody; and which of them are new."""
    names: dict[str, str] = {**row.outlook["tags"], **{f"all:{each}": each for each in row.plan["tags"]}}
    if not names:
        return {}, []
    before = {each["id"] for each in await tags.choices(session, actor)}
    ids = {key: (await tags.ensure(session, actor, [name]))[0] for key, name in names.items()}
    return ids, sorted(set(ids.values()) - before)


async def cancel(session: AsyncSession, actor: Actor, import_id: int) -> None:
    """Stop a check or an import; what is imported already stays, and can be undone.

    Raises:
        Conflict: there is nothing to stop.
    """
    allow(actor)
    row = await of_id(session, import_id)
    if row.state is ImportState.CHECKING:
        row.state = ImportState.UPLOADED
    elif row.state is ImportState.RUNNING:
        row.cancelled = True
    else:
        raise Conflict("This import is over already.")
    session.add(row)
    touch(session, TOPIC, DUE, f"import:{import_id}")


async def discard(session: AsyncSession, actor: Actor, media_dir: Path, import_id: int) -> None:
    """Forget a file that was never imported. Raises Conflict when it was."""
    allow(actor)
    row = await _open(session, import_id)
    await session.delete(row)
    await asyncio.to_thread(files_of(media_dir, row.key).remove)
    touch(session, TOPIC, f"import:{import_id}")


async def undo(session: AsyncSession, actor: Actor, import_id: int) -> None:
    """Take back what an import did, as far as nobody has touched it since.

    Raises:
        Conflict: there is nothing to take back, or it was too long ago.
    """
    allow(actor)
    row = await of_id(session, import_id)
    if row.state not in (ImportState.DONE, ImportState.STOPPED) or row.files_removed_at is not None:
        raise Conflict("This import cannot be undone any more.")
    row.state, row.undone, row.kept, row.cancelled = ImportState.UNDOING, 0, 0, False
    session.add(row)
    audit.record(session, actor, "import.undone", f"import:{import_id}", file=row.filename)
    touch(session, TOPIC, DUE, f"import:{import_id}")


async def _open(session: AsyncSession, import_id: int) -> Any:
    row = await of_id(session, import_id)
    if row.state not in _OPEN:
        raise Conflict("This import has begun already.")
    return row
