"""Files of recipients: whoever uploads one says that these people agreed to get messages, and this is kept."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Collection
from datetime import timedelta
from pathlib import Path
from typing import TypedDict

import phonenumbers
import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.clock import utcnow
from wapto_app.db import Database, fetch, in_parts, touch
from wapto_app.models import Account, CampaignUpload, CampaignUploadRow
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import audit, spreadsheet
from wapto_app.services.campaigns import upload_files
from wapto_app.services.campaigns.usage import all_in_use, asking_for
from wapto_app.services.contacts.region import default_region
from wapto_app.services.errors import Conflict, Forbidden, Invalid, NotFound
from wapto_app.services.imports.rules import sees_all
from wapto_app.services.masking import Mask
from wapto_app.services.media.files import clean_name

TOPIC = "campaign-uploads"
PAGE = 50
_FORGOTTEN = timedelta(days=2)
_CLEANED_AT_ONCE = 20


class UploadRow(TypedDict):
    """A file. Of its ``rows``, ``usable`` have a number and ``bad_rows`` a problem.

    ``phone_column`` is one of ``headings``, empty while nobody knows which it is; ``region`` is the
    country of numbers without a country code, empty for none. ``by`` is who uploaded it.
    """

    id: int
    key: str
    filename: str
    headings: list[str]
    phone_column: str
    region: str
    rows: int
    usable: int
    bad_rows: int
    by: str
    created_at: str


class ProblemRow(TypedDict):
    """A line that cannot be used: ``text`` stands where the number should."""

    line: int
    text: str
    problem: str


class OnlyWithFullSight(Forbidden):
    """Numbers of a file may be those of contacts whom others look after."""

    def __init__(self) -> None:
        super().__init__(Permission.CAMPAIGNS_DO.value)
        self.message = (
            "Only who may see all contacts and their numbers can upload a file. Ask the owner to do it."
        )
        self.args = (self.message,)


def may_upload(actor: Actor) -> bool:
    """Whether the actor may add files to an audience: new numbers become contacts."""
    return actor.may(Permission.CAMPAIGNS_DO) and actor.may(Permission.CONTACTS_DO) and sees_all(actor)


def allow(actor: Actor) -> None:
    """Raises Forbidden, OnlyWithFullSight."""
    actor.require(Permission.CAMPAIGNS_DO)
    actor.require(Permission.CONTACTS_DO)
    if not sees_all(actor):
        raise OnlyWithFullSight


async def keep(db: Database, actor: Actor, path: Path, filename: str, *, opted_in: bool = False) -> UploadRow:
    """Read a file of recipients. ``opted_in``: the uploader confirms that these people agreed to get messages.

    Raises:
        Invalid: nobody confirmed that, or it is no table.
    """
    allow(actor)
    if not opted_in:
        raise Invalid("opted_in", "Confirm that these people agreed to get messages from you.")
    async with db.read() as session:
        region = await default_region(session)
    async with upload_files.folder(path.parent) as place:
        rows, ready = place / "rows", place / "ready"
        headings, count, column = await upload_files.converted(path, rows, region)
        await upload_files.numbered(rows, ready, column, len(headings), region, count)
        upload = CampaignUpload(
            key=secrets.token_hex(16),
            filename=clean_name(filename),
            headings=headings,
            phone_column=headings[column] if column is not None else "",
            region=region or "",
            uploaded_by=actor.account_id,
        )
        async with db.write() as session:
            session.add(upload)
        upload.rows, upload.bad_rows = await upload_files.store(db, upload.id or 0, headings, rows, ready)
    async with db.write() as session:
        session.add(upload)
        audit.record(
            session, actor, "campaign.file_uploaded", f"campaign_upload:{upload.id}",
            file=upload.filename, rows=upload.rows, opted_in=True,
        )  # fmt: skip
        touch(session, TOPIC)
    return _row(upload, actor.name)


async def rows(session: AsyncSession, actor: Actor, keys: Collection[str]) -> list[UploadRow]:
    """Those of the files that are there, in the order of the keys."""
    actor.require(Permission.CAMPAIGNS_SEE)
    wanted = list(keys)
    found: dict[str, UploadRow] = {}
    for some in in_parts(wanted):
        query = (
            select(CampaignUpload, Account.name)
            .outerjoin(Account, col(Account.id) == col(CampaignUpload.uploaded_by))
            .where(col(CampaignUpload.key).in_(some))
        )
        found |= {upload.key: _row(upload, name or "") for upload, name in await session.exec(query)}
    return [found[key] for key in wanted if key in found]


async def problems(session: AsyncSession, actor: Actor, key: str, after: int = 0) -> list[ProblemRow]:
    """The next lines that cannot be used, after the line ``after``. Raises NotFound."""
    actor.require(Permission.CAMPAIGNS_SEE)
    upload = await _of_key(session, key)
    r = CampaignUploadRow
    query = (
        sa.select(col(r.line), col(r.problem), col(r.cells))
        .where(col(r.upload_id) == upload.id, col(r.line) > after, col(r.problem) != "")
        .order_by(col(r.line))
        .limit(PAGE)
    )
    mask = Mask(hides=actor.hide_phone)
    return [
        ProblemRow(
            line=row.line, text=mask.every(row.cells.get(upload.phone_column, "")), problem=row.problem
        )
        for row in await fetch(session, query)
    ]


class ProblemFile(TypedDict):
    """A CSV to stream."""

    name: str
    lines: AsyncIterator[str]


async def problem_file(db: Database, actor: Actor, key: str) -> ProblemFile:
    """All lines that cannot be used, as they stood in the file, with a first column that says why. Raises NotFound."""
    allow(actor)
    async with db.write() as session:
        upload = await _of_key(session, key)
        audit.record(session, actor, "campaign.file_problems_downloaded", f"campaign_upload:{upload.id}")
    name = upload.filename.rsplit(".", 1)[0][:80].replace('"', "") or "recipients"
    return ProblemFile(name=f"{name} - problems.csv", lines=_problem_lines(db, upload))


async def _problem_lines(db: Database, upload: CampaignUpload) -> AsyncIterator[str]:
    yield "".join(spreadsheet.lines(["Problem", *upload.headings], []))
    async for lines in upload_files.stored_lines(db, upload.id or 0, only_bad=True):
        rows = (
            [f"Row {line}: {problem}", *(cells.get(name, "") for name in upload.headings)]
            for line, cells, problem in lines
        )
        yield "".join(spreadsheet.records(rows))


async def choose_phone_column(
    db: Database, actor: Actor, key: str, column: str, country: str | None = None
) -> UploadRow:
    """Say which column holds the numbers, and of which country those without a country code are.

    ``country`` empty: all numbers have their code; None: as it was said before.

    Raises:
        Invalid: there is no such column or country.
        NotFound: the file is gone.
    """
    allow(actor)
    if country and country not in phonenumbers.SUPPORTED_REGIONS:
        raise Invalid("country", "Choose a country of the list.")
    async with db.read() as session:
        upload = await _of_key(session, key)
        region = upload.region if country is None else country
    if column not in upload.headings:
        raise Invalid("phone_column", "Choose a column of the file.")
    index, width = upload.headings.index(column), len(upload.headings)
    async with upload_files.folder() as place:
        stored, ready = place / "rows", place / "ready"
        await upload_files.dump(db, upload.id or 0, upload.headings, stored)
        await upload_files.numbered(stored, ready, index, width, region or None, upload.rows)
        bad = await upload_files.renumber(db, upload.id or 0, ready)
    async with db.write() as session:
        upload = await _of_key(session, key, lock=True)
        upload.phone_column, upload.region, upload.bad_rows = column, region, bad
        session.add(upload)
        touch(session, TOPIC)
    return _row(upload, "")


async def forget(session: AsyncSession, actor: Actor, key: str) -> str:
    """Remove a file that no campaign uses, with its lines; its name.

    Raises:
        Conflict: a campaign uses it, and which.
        NotFound: it is gone.
    """
    actor.require(Permission.CAMPAIGNS_DO)
    upload = await _of_key(session, key, lock=True)
    if names := await asking_for(session, "uploads", key):
        raise Conflict(f"The campaign “{names[0]}” uses this file. Take it out there first.")
    await session.delete(upload)
    touch(session, TOPIC)
    return upload.filename


async def clean_up(db: Database) -> None:
    """Remove files that no campaign has used for two days, some lines at a time."""
    async with db.read() as session:
        old = select(CampaignUpload).where(col(CampaignUpload.created_at) < utcnow() - _FORGOTTEN)
        used = await all_in_use(session, "uploads")
        unused = [
            each for each in await session.exec(old.order_by(col(CampaignUpload.id))) if each.key not in used
        ]
    for upload in unused[:_CLEANED_AT_ONCE]:
        await upload_files.remove_lines(db, upload.id or 0)
        async with db.write() as session:
            await session.exec(sa.delete(CampaignUpload).where(col(CampaignUpload.id) == upload.id))


async def _of_key(session: AsyncSession, key: str, *, lock: bool = False) -> CampaignUpload:
    query = select(CampaignUpload).where(CampaignUpload.key == key)
    found = (await session.exec(query.with_for_update() if lock else query)).first()
    if found is None:
        raise NotFound("file")
    return found


def _row(upload: CampaignUpload, by: str) -> UploadRow:
    return UploadRow(
        id=upload.id or 0,
        key=upload.key,
        filename=upload.filename,
        headings=list(upload.headings),
        phone_column=upload.phone_column,
        region=upload.region,
        rows=upload.rows,
        usable=upload.rows - upload.bad_rows if upload.phone_column else 0,
        bad_rows=upload.bad_rows,
        by=by,
        created_at=upload.created_at.isoformat(),
    )
