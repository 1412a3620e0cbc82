"""From an audience to one row for each of its people, some thousands at a time.

Who they are is asked once and kept in memory, ten bytes for each. Each part of them is one transaction with the
counters and with how far the work has come (``built_to``), and only while the campaign is still being built: so it
may be killed or cancelled anywhere, and two who build the same campaign cannot write anybody down twice.
"""

from __future__ import annotations

import asyncio
import time
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlmodel import col

from wapto_app.clock import utcnow
from wapto_app.db import Database, fetch, touch
from wapto_app.models import (
    AddressKind,
    Campaign,
    CampaignRecipient,
    CampaignState,
    CampaignUpload,
    CampaignUploadRow,
    Contact,
    ContactAddress,
    RecipientState,
)
from wapto_app.models.base import table_of
from wapto_app.services.campaigns import audience as audiences
from wapto_app.services.campaigns import newcomers, reasons, strangers, tallying
from wapto_app.services.campaigns.draft_parts import chooser, of_id, variants
from wapto_app.services.campaigns.sharing import Shares
from wapto_app.services.campaigns.standing import reason_of
from wapto_app.services.campaigns.timing import Clock

AT_ONCE = 2_000
_TELL_SECONDS = 1.0
_CODES = ("", *reasons.ORDER)

campaign, recipient = table_of(Campaign), table_of(CampaignRecipient)
contact, address, upload_row = table_of(Contact), table_of(ContactAddress), table_of(CampaignUploadRow)


class Moved(Exception):
    """The campaign is not being built any more, or somebody else builds it."""


@dataclass(slots=True)
class _People:
    """Contacts by rising id, and for each the place of its reason in ``_CODES``."""

    ids: array[int] = field(default_factory=lambda: array("q"))
    codes: bytearray = field(default_factory=bytearray)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is the same for all recipients of a campaign."""

    campaign_id: int
    uploads: list[int]
    shares: Shares
    clock: Clock
    needs_number: bool


async def build(db: Database, campaign_id: int) -> None:
    """Write down everybody who gets a campaign and who was to get it, and let it run.

    Raises:
        Conflict: nobody may see the audience any more.
        NotFound: it is gone.
    """
    async with db.read() as session:
        row = await of_id(session, campaign_id)
        if row.state is not CampaignState.BUILDING:
            return
        uploads = await _uploads(session, row)
    headings = list(dict.fromkeys(each for _id, names in uploads for each in names))
    upload_ids = [upload_id for upload_id, _names in uploads]
    if upload_ids:
        await newcomers.bring_in(db, upload_ids, headings, row.created_by)
    plan, people = await _look(db, row, upload_ids)
    try:
        await _write(db, plan, people, row.built_to)
        await _finish(db, plan)
    except Moved:
        return


async def _uploads(session: Any, row: Campaign) -> list[tuple[int, list[str]]]:
    ids = await audiences.upload_ids(session, audiences.read(row.audience))
    found = await fetch(
        session,
        sa.select(col(CampaignUpload.id), col(CampaignUpload.headings)).where(
            col(CampaignUpload.id).in_(ids)
        ),
    )
    by_id = {each.id: each.headings for each in found}
    return [(each, by_id[each]) for each in ids]


async def _look(db: Database, row: Campaign, upload_ids: list[int]) -> tuple[_Plan, _People]:
    """Who they are, beyond those that are written down already."""
    campaign_id = row.id or 0
    async with db.read() as session:
        eyes = await chooser(session, row)
        chosen = audiences.read(row.audience)
        variant_rows = await variants(session, campaign_id)
        needs = await audiences.needs_of(session, chosen, [each.template_id or 0 for each in variant_rows])
        query = await audiences.chosen(session, chosen, eyes)
        reason = reason_of(needs).label("reason")
        query = query.add_columns(reason).where(col(Contact.id) > row.built_to).order_by(col(Contact.id))
        people = await _read(session, query)
        shares = Shares([(each.id or 0, each.share) for each in variant_rows], row.test_share)
    clock = Clock(row, row.started_at or utcnow())
    needs_number = row.is_local or bool(row.quiet_from)
    return _Plan(campaign_id, upload_ids, shares, clock, needs_number), people


async def _read(session: Any, query: sa.Select[Any]) -> _People:
    people, code_of = _People(), {reason: code for code, reason in enumerate(_CODES)}
    excluded = code_of[reasons.EXCLUDED]
    connection = await session.connection()
    result = await connection.stream(query.execution_options(yield_per=AT_ONCE))
    async for rows in result.partitions(AT_ONCE):
        found = [(contact_id, code_of[reason]) for contact_id, reason in rows]
        # Who was left out by choice is no part of the campaign.
        people.ids.extend(contact_id for contact_id, code in found if code != excluded)
        people.codes.extend(code for _id, code in found if code != excluded)
    return people


async def _write(db: Database, plan: _Plan, people: _People, built_to: int) -> None:
    told_at = time.monotonic()
    for start in range(0, len(people.ids), AT_ONCE):
        ids = people.ids[start : start + AT_ONCE].tolist()
        codes = people.codes[start : start + AT_ONCE]
        async with db.write() as session:
            connection = await session.connection()
            await connection.run_sync(_write_part, plan, ids, codes, built_to)
            if time.monotonic() - told_at > _TELL_SECONDS:
                told_at = time.monotonic()
                touch(session, f"campaign:{plan.campaign_id}")
        built_to = ids[-1]
        await asyncio.sleep(0)


def _write_part(
    connection: sa.Connection, plan: _Plan, ids: Sequence[int], codes: Sequence[int], built_to: int
) -> None:
    _move_on(connection, plan.campaign_id, built_to, ids[-1])
    there = _still_there(connection, ids)
    numbers = _numbers(connection, ids) if plan.needs_number else {}
    cells = _cells(connection, plan.uploads, ids)
    done, now, rows = _sendable_so_far(connection, plan.campaign_id), utcnow(), []
    for contact_id, code in zip(ids, codes, strict=True):
        if contact_id not in there:
            continue
        row = {"contact_id": contact_id, "reason": _CODES[code], "columns": cells.get(contact_id, {})}
        if code:
            row |= {"state": RecipientState.SKIPPED, "variant_id": None, "due_at": now}
        else:
            variant_id = plan.shares.of(done)
            done += 1
            state = RecipientState.WAITING if variant_id else RecipientState.HELD
            due_at = plan.clock.due(numbers.get(contact_id, ""))
            row |= {"state": state, "variant_id": variant_id or None, "due_at": due_at}
        rows.append(row)
    _insert(connection, plan.campaign_id, rows)


def _move_on(connection: sa.Connection, campaign_id: int, before: int, after: int) -> None:
    """Raises Moved when the campaign is not what it was."""
    ours = (
        campaign.c.id == campaign_id,
        campaign.c.state == CampaignState.BUILDING,
        campaign.c.built_to == before,
    )
    if not connection.execute(campaign.update().where(*ours).values(built_to=after)).rowcount:
        raise Moved


def _still_there(connection: sa.Connection, ids: Sequence[int]) -> set[int]:
    """Contacts that nobody deleted meanwhile; nobody can before the end of the transaction."""
    query = sa.select(contact.c.id).where(contact.c.id.in_(ids)).order_by(contact.c.id)
    return {of for (of,) in connection.execute(query.with_for_update(read=True, key_share=True))}


def _numbers(connection: sa.Connection, ids: Sequence[int]) -> dict[int, str]:
    """The newest number of each contact."""
    query = sa.select(address.c.contact_id, address.c.value).where(
        address.c.contact_id.in_(ids), address.c.kind == AddressKind.PHONE
    )
    return dict(connection.execute(query.order_by(address.c.id)).tuples().all())


def _cells(
    connection: sa.Connection, uploads: Sequence[int], ids: Sequence[int]
) -> dict[int, Mapping[str, Any]]:
    """What the files say about each contact; of several the first file that has the number."""
    if not uploads:
        return {}
    query = (
        sa.select(address.c.contact_id, upload_row.c.upload_id, upload_row.c.cells)
        .join(upload_row, upload_row.c.number == address.c.value)
        .where(
            address.c.contact_id.in_(ids),
            address.c.kind == AddressKind.PHONE,
            upload_row.c.upload_id.in_(uploads),
        )
    )
    rank = {upload_id: place for place, upload_id in enumerate(uploads)}
    found = sorted(connection.execute(query), key=lambda row: -rank[row.upload_id])
    return {row.contact_id: row.cells for row in found}


def _sendable_so_far(connection: sa.Connection, campaign_id: int) -> int:
    counts = tallying.counts(connection, campaign_id)
    return sum(
        count for state, count in counts.items() if state in (RecipientState.WAITING, RecipientState.HELD)
    )


def _insert(connection: sa.Connection, campaign_id: int, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    same = {"campaign_id": campaign_id, "error_detail": "", "attempt": 0, "clicked": ""}
    connection.execute(recipient.insert().values(**same), rows)
    counted = Counter((campaign_id, row["variant_id"] or 0, row["state"].value) for row in rows)
    tallying.apply(connection, counted)


async def _finish(db: Database, plan: _Plan) -> None:
    """Numbers for which the plan had no room are told of, and the campaign runs."""
    async with db.write() as session:
        connection = await session.connection()
        await connection.run_sync(_run, plan)
        touch(session, "campaigns", f"campaign:{plan.campaign_id}")


def _run(connection: sa.Connection, plan: _Plan) -> None:
    ours = campaign.c.id == plan.campaign_id, campaign.c.state == CampaignState.BUILDING
    moved = connection.execute(campaign.update().where(*ours).values(state=CampaignState.RUNNING))
    if not moved.rowcount:
        raise Moved
    if plan.uploads:
        _tell_of_no_room(connection, plan)


def _tell_of_no_room(connection: sa.Connection, plan: _Plan) -> None:
    numbers = strangers.numbers(plan.uploads)
    query = sa.select(upload_row.c.number, upload_row.c.cells).where(
        upload_row.c.upload_id.in_(plan.uploads), upload_row.c.number.in_(numbers)
    )
    cells = dict(connection.execute(query).tuples().all())
    same = {
        "contact_id": None,
        "variant_id": None,
        "state": RecipientState.SKIPPED,
        "reason": reasons.NO_ROOM,
        "due_at": utcnow(),
    }
    _insert(connection, plan.campaign_id, [{**same, "columns": each} for each in cells.values()])
