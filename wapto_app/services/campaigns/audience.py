"""Who gets a campaign: what somebody chose, as one select of contacts, counted with the reason of everyone left out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any, Literal

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from typing_extensions import TypedDict  # what pydantic validates, below Python 3.12

from wapto_app.db import fetch
from wapto_app.models import (
    AddressKind,
    CampaignUpload,
    CampaignUploadRow,
    Contact,
    ContactAddress,
    ContactTag,
    Template,
)
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import opt_out_memory, segments
from wapto_app.services.campaigns import reasons, strangers
from wapto_app.services.campaigns.lacking import lacks, strangers_lack
from wapto_app.services.campaigns.rules import Rule
from wapto_app.services.campaigns.standing import Needs, reason_of
from wapto_app.services.contact_names import name_columns, name_of
from wapto_app.services.errors import Invalid
from wapto_app.services.masking import Mask, masks
from wapto_app.services.visibility import readable_contact

MOST_CHOSEN = 200
"""Tags, segments or files in one audience."""
MOST_PICKED = 5_000
"""Contacts chosen one by one; more of them are a tag or a segment."""
DAYS_MAX = 365
SAMPLE = 10
_LARGEST_ID = 2**31 - 1


class Audience(TypedDict):
    """Contacts of all ``tags``, ``segments``, ``contacts`` (ids) and ``uploads`` (keys) together, or ``everyone``.

    Left out are those of the ``without_…`` and who got a campaign within the last ``not_within_days`` (0: no matter).
    """

    everyone: bool
    tags: list[int]
    segments: list[int]
    contacts: list[int]
    uploads: list[str]
    without_tags: list[int]
    without_segments: list[int]
    without_contacts: list[int]
    not_within_days: int


class Skipped(TypedDict):
    """How many are left out for a reason; ``words`` say why."""

    reason: str
    words: str
    count: int


class SampleRow(TypedDict):
    """One of those who get it. ``id`` is 0 for a number of a file that becomes a contact when the campaign starts."""

    id: int
    name: str
    phone: str


class Summary(TypedDict):
    """``people`` were chosen, ``sendable`` get it; ``new`` of these are numbers of files that are no contacts yet."""

    people: int
    sendable: int
    new: int
    skipped: list[Skipped]
    sample: list[SampleRow]


def nobody() -> Audience:
    """An audience in which nothing is chosen."""
    return Audience(
        everyone=False,
        tags=[],
        segments=[],
        contacts=[],
        uploads=[],
        without_tags=[],
        without_segments=[],
        without_contacts=[],
        not_within_days=0,
    )


def read(raw: Any) -> Audience:
    """The audience behind what was stored or sent.

    Raises:
        Invalid: naming the part that makes no sense.
    """
    if not isinstance(raw, dict):
        raise Invalid("audience", "This audience cannot be read. Choose anew.")
    found = nobody()
    found["everyone"] = raw.get("everyone") is True
    groups: tuple[Literal["tags", "segments", "without_tags", "without_segments"], ...]
    groups = ("tags", "segments", "without_tags", "without_segments")
    for group in groups:
        found[group] = _ids(raw, group, MOST_CHOSEN)
    found["contacts"] = _ids(raw, "contacts", MOST_PICKED)
    found["without_contacts"] = _ids(raw, "without_contacts", MOST_PICKED)
    found["uploads"] = _keys(raw)
    found["not_within_days"] = _days(raw)
    return found


def is_empty(audience: Audience) -> bool:
    """Whether nobody was chosen."""
    chosen = audience["tags"], audience["segments"], audience["contacts"], audience["uploads"]
    return not audience["everyone"] and not any(chosen)


def _ids(raw: dict[str, Any], name: str, most: int) -> list[int]:
    given = raw.get(name) or []
    if not isinstance(given, list) or not all(
        type(each) is int and 0 < each <= _LARGEST_ID for each in given
    ):
        raise Invalid(name, "This choice cannot be read. Choose anew.")
    if len(given) > most:
        raise Invalid(name, f"Choose at most {most:,} here. For more, give them a tag or make a segment.")
    return list(dict.fromkeys(given))


def _keys(raw: dict[str, Any]) -> list[str]:
    given = raw.get("uploads") or []
    if not isinstance(given, list) or not all(isinstance(each, str) and len(each) <= 32 for each in given):
        raise Invalid("uploads", "This file cannot be read. Upload it again.")
    if len(given) > MOST_CHOSEN:
        raise Invalid("uploads", f"At most {MOST_CHOSEN} files.")
    return list(dict.fromkeys(given))


def _days(raw: dict[str, Any]) -> int:
    days = raw.get("not_within_days") or 0
    if type(days) is not int or not 0 <= days <= DAYS_MAX:
        raise Invalid("not_within_days", f"Write a number of days from 0 to {DAYS_MAX}.")
    return days


async def people(session: AsyncSession, audience: Audience, eyes: Actor | None) -> sa.Select[Any]:
    """Ids of the contacts that were chosen and not left out by choice, of those whom ``eyes`` may see; None: all."""
    query = await chosen(session, audience, eyes)
    without = await left_out(session, audience)
    return query if without is None else query.where(sa.not_(without))


async def chosen(session: AsyncSession, audience: Audience, eyes: Actor | None) -> sa.Select[Any]:
    """The same with those who were left out by choice; ``left_out`` says who they are."""
    query = sa.select(col(Contact.id))
    if not audience["everyone"]:
        query = query.where(col(Contact.id).in_(await _union(session, audience)))
    return query if eyes is None else query.where(readable_contact(eyes))


async def _union(session: AsyncSession, audience: Audience) -> Any:
    """Everybody of all parts, each found through its own index."""
    parts: list[Any] = await _groups(session, audience["tags"], audience["segments"])
    if audience["contacts"]:
        parts.append(sa.select(col(Contact.id)).where(col(Contact.id).in_(audience["contacts"])))
    if audience["uploads"]:
        parts.append(_of_files(await upload_ids(session, audience)))
    if not parts:
        return sa.select(col(Contact.id)).where(sa.false())
    return sa.union_all(*parts) if len(parts) > 1 else parts[0]


async def _groups(session: AsyncSession, tags: Collection[int], segment_ids: Collection[int]) -> list[Any]:
    parts: list[Any] = []
    if tags:
        parts.append(sa.select(col(ContactTag.contact_id)).where(col(ContactTag.tag_id).in_(tags)))
    if segment_ids:
        parts.append(await segments.members(session, segment_ids))
    return parts


async def left_out(session: AsyncSession, audience: Audience) -> sa.ColumnElement[bool] | None:
    """Who was excluded by choice; None when nobody was."""
    parts = await _groups(session, audience["without_tags"], audience["without_segments"])
    ways: list[Any] = [col(Contact.id).in_(part) for part in parts]
    if audience["without_contacts"]:
        ways.append(col(Contact.id).in_(audience["without_contacts"]))
    return sa.or_(*ways) if ways else None


async def upload_ids(session: AsyncSession, audience: Audience) -> list[int]:
    """The files of the audience that are there, in their order."""
    keys = audience["uploads"]
    found = await session.exec(select(CampaignUpload).where(col(CampaignUpload.key).in_(keys)))
    return [each.id or 0 for each in sorted(found, key=lambda each: keys.index(each.key))]


def _of_files(ids: Collection[int]) -> sa.Select[Any]:
    """Contacts that have a number of one of the files."""
    return (
        sa.select(col(ContactAddress.contact_id))
        .join(CampaignUploadRow, col(CampaignUploadRow.number) == col(ContactAddress.value))
        .where(
            col(ContactAddress.kind) == AddressKind.PHONE,
            col(CampaignUploadRow.upload_id).in_(ids),
            col(CampaignUploadRow.number) != "",
        )
    )


async def needs_of(session: AsyncSession, audience: Audience, template_ids: Collection[int]) -> Needs:
    """What a contact must fulfil to get one of these templates. Without a template all that holds for any."""
    wanted = [each for each in template_ids if each]
    found = await session.exec(select(Template.category).where(col(Template.id).in_(wanted)))
    categories = set(found) if wanted else set[str]()
    return Needs(
        is_marketing="MARKETING" in categories,
        needs_number="AUTHENTICATION" in categories,
        not_within_days=audience["not_within_days"],
        left_out=await left_out(session, audience),
    )


async def summary(
    session: AsyncSession,
    actor: Actor,
    audience: Audience,
    template_id: int = 0,
    *,
    others: Collection[int] = (),
    sample: int = SAMPLE,
    bare: Sequence[Rule] = (),
) -> Summary:
    """How many were chosen, how many of them get it, why the others do not, and the newest of those who do.

    ``template_id`` and ``others`` are the templates that they would get: who stopped marketing gets other categories.
    ``bare`` are rules without a fallback (``lacking.bare_rules``): who has nothing there is left out too.

    Raises:
        Invalid: naming the part of the audience that makes no sense.
    """
    actor.require(Permission.CAMPAIGNS_SEE)
    audience = read(audience)
    needs = await needs_of(session, audience, [template_id, *others])
    uploads = await upload_ids(session, audience)
    needs = replace(needs, lacking=lacks(bare, uploads))
    query = await chosen(session, audience, actor)
    reason = reason_of(needs).label("reason")
    rows = query.add_columns(reason).subquery()
    counted = sa.select(rows.c.reason, sa.func.count()).group_by(rows.c.reason)
    counts: dict[str, int] = dict(await fetch(session, counted))
    new, refused = await _strangers(session, audience)
    counts[""] = counts.get("", 0) + new
    if refused:
        counts[reasons.OPTED_OUT] = counts.get(reasons.OPTED_OUT, 0) + refused
    if uploads and (lacking := await _strangers_lack(session, bare, uploads)) is not None:
        without = min(new, await _counted(session, lacking))
        new, counts[""] = new - without, counts[""] - without
        counts[reasons.MISSING_VALUE] = counts.get(reasons.MISSING_VALUE, 0) + without
    return Summary(
        people=sum(counts.values()),
        sendable=counts[""],
        new=new,
        skipped=[
            Skipped(reason=each, words=reasons.words(each), count=counts[each])
            for each in reasons.ORDER
            if counts.get(each)
        ],
        sample=await _sample(session, actor, audience, query.where(reason_of(needs) == ""), sample),
    )


async def _strangers_lack(
    session: AsyncSession, bare: Sequence[Rule], uploads: Sequence[int]
) -> sa.Select[Any] | None:
    name_column = strangers.name_column(await strangers.headings(session, uploads))
    return strangers_lack(bare, strangers.numbers(uploads), uploads, name_column)


async def _counted(session: AsyncSession, query: sa.Select[Any]) -> int:
    return int((await fetch(session, sa.select(sa.func.count()).select_from(query.subquery())))[0][0])


async def _strangers(session: AsyncSession, audience: Audience) -> tuple[int, int]:
    """Numbers that are no contacts yet: who may get it, and who once opted out."""
    ids = await upload_ids(session, audience) if audience["uploads"] else []
    if not ids:
        return 0, 0
    numbers = [(AddressKind.PHONE, row[0]) for row in await fetch(session, strangers.numbers(ids))]
    connection = await session.connection()
    refused = await connection.run_sync(opt_out_memory.known, numbers)
    return len(numbers) - len(refused), len(refused)


async def _sample(
    session: AsyncSession, actor: Actor, audience: Audience, query: sa.Select[Any], most: int
) -> list[SampleRow]:
    if not most:
        return []
    newest = query.with_only_columns(*name_columns()).order_by(col(Contact.id).desc()).limit(most)
    rows = await fetch(session, newest)
    hidden = await masks(session, actor, [row.contact_id for row in rows])
    found = [_sample_row(hidden.of(row.contact_id), row) for row in rows]
    ids = await upload_ids(session, audience) if audience["uploads"] else []
    if ids and len(found) < most:
        mask = Mask(hides=actor.hide_phone)
        for row in await fetch(session, strangers.numbers(ids).limit(most - len(found))):
            found.append(SampleRow(id=0, name=mask.phone(row[0]), phone=""))
    return found


def _sample_row(mask: Any, row: Any) -> SampleRow:
    name, phone = name_of(mask, row), mask.phone(row.phone)
    return SampleRow(id=row.contact_id, name=name, phone=phone if phone != name else "")
