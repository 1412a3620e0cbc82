"""Files of the library as rows, found by folder, kind, word and text, a page at a time."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple, TypedDict

import sqlalchemy as sa
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession
from typing_extensions import TypedDict as FormDict  # what pydantic validates, below Python 3.12

from wapto_app.db import fetch
from wapto_app.models import Account, LibraryFile, LibraryTag
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services.errors import NotFound
from wapto_app.services.masking import Mask

TOPIC = "library"
PAGE = 48
MOST = 100
TOP, EVERYWHERE = 0, -1
"""Folders that are none: files in no folder, and all files."""
KINDS = ("image", "video", "audio", "document", "sticker")
SORTS = ("-created", "created", "name", "-name", "-size", "size")
_SEARCH_MAX = 600


class LibraryRow(TypedDict):
    """A file of the library; ``created_at`` is ISO 8601, sizes are bytes, ``width`` and ``height`` pixels or 0."""

    id: int
    key: str
    name: str
    kind: str
    mime_type: str
    size: int
    original_size: int
    width: int
    height: int
    has_thumbnail: bool
    folder_id: int
    created_at: str
    uploader: str
    words: list[str]


class Query(FormDict):
    """What is looked for. ``folder_id`` may be ``TOP`` or ``EVERYWHERE``; ``kind`` and ``word`` empty for any."""

    folder_id: int
    text: str
    kind: str
    word: str
    sort: str


class Mark(NamedTuple):
    """The last row of a page: what it was sorted by, and its id."""

    value: Any
    id: int


class Page(NamedTuple):
    """``end`` is where the next page begins; none when this is the last."""

    rows: list[LibraryRow]
    end: Mark | None


NEWEST = Query(folder_id=EVERYWHERE, text="", kind="", word="", sort=SORTS[0])


def hidden_from(actor: Actor) -> Mask:
    """What hides numbers in the names that the team gave."""
    return Mask(hides=actor.hide_phone)


def folded(text: str) -> str:
    """Text as it is compared: without case, accents and repeated blanks."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return " ".join("".join(each for each in plain if not unicodedata.combining(each)).split())


def search_text(name: str, words: Collection[str]) -> str:
    """What ``LibraryFile.search`` holds; the name first, since it is sorted by as well."""
    return "\n".join([folded(name), *sorted(folded(word) for word in words)])[:_SEARCH_MAX]


async def listing(
    session: AsyncSession,
    actor: Actor,
    query: Query = NEWEST,
    *,
    after: Mark | None = None,
    limit: int = PAGE,
) -> Page:
    """One page of the files that fit."""
    actor.require(Permission.MEDIA_SEE)
    key, falling = _sorting(query["sort"])
    statement = _columns().where(*_conditions(query)).order_by(*_order(key, falling))
    if after is not None:
        place, last = sa.tuple_(key, col(LibraryFile.id)), sa.tuple_(sa.literal(after.value), after.id)
        statement = statement.where(place < last if falling else place > last)
    size = min(limit, MOST)
    found = await fetch(session, statement.limit(size + 1))
    shown = found[:size]
    end = Mark(_value(query["sort"], shown[-1]), shown[-1].id) if len(found) > size else None
    return Page(await _rows(session, actor, shown), end)


async def get(session: AsyncSession, actor: Actor, key: str) -> LibraryRow:
    """One file. Raises NotFound."""
    actor.require(Permission.MEDIA_SEE)
    found = await fetch(session, _columns().where(col(LibraryFile.key) == key))
    if not found:
        raise NotFound("file")
    return (await _rows(session, actor, found))[0]


async def by_ids(session: AsyncSession, actor: Actor, ids: Collection[int]) -> dict[int, LibraryRow]:
    """Files by their ids, for rows that name them: a quick reply shows its file to whoever may use it.

    What is gone is left out.
    """
    actor.require(Permission.INBOX_SEE)
    found = await fetch(session, _columns().where(col(LibraryFile.id).in_(set(ids))))
    return {row["id"]: row for row in await _rows(session, actor, found)}


async def all_words(session: AsyncSession, actor: Actor, *, limit: int = MOST) -> list[str]:
    """The words that files have, the most used first."""
    actor.require(Permission.MEDIA_SEE)
    query = (
        sa.select(col(LibraryTag.word), sa.func.count())
        .group_by(col(LibraryTag.word))
        .order_by(sa.func.count().desc(), col(LibraryTag.word))
        .limit(min(limit, MOST))
    )
    hidden = hidden_from(actor)
    return [hidden.every(word) for word, _count in await fetch(session, query)]


def _sorting(sort: str) -> tuple[Any, bool]:
    keys = {"created": LibraryFile.created_at, "name": LibraryFile.search, "size": LibraryFile.size}
    chosen = sort if sort in SORTS else SORTS[0]
    return col(keys[chosen.lstrip("-")]), chosen.startswith("-")


def _value(sort: str, row: Any) -> datetime | str | int:
    chosen = (sort if sort in SORTS else SORTS[0]).lstrip("-")
    return {"created": row.created_at, "name": row.search, "size": row.size}[chosen]  # type: ignore[no-any-return]


def _order(key: Any, falling: bool) -> tuple[Any, Any]:
    identity = col(LibraryFile.id)
    return (key.desc(), identity.desc()) if falling else (key, identity)


def _conditions(query: Query) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = [
        col(LibraryFile.search).contains(part, autoescape=True)
        for part in folded(query["text"][:200]).split()
    ]
    if query["folder_id"] == TOP:
        found.append(col(LibraryFile.folder_id).is_(None))
    elif query["folder_id"] != EVERYWHERE:
        found.append(col(LibraryFile.folder_id) == query["folder_id"])
    if query["kind"]:
        found.append(col(LibraryFile.kind) == query["kind"])
    if query["word"]:
        has = sa.select(col(LibraryTag.file_id)).where(col(LibraryTag.word) == query["word"])
        found.append(col(LibraryFile.id).in_(has))
    return found


def _columns() -> sa.Select[Any]:
    f = LibraryFile
    wanted = (f.id, f.key, f.name, f.kind, f.mime_type, f.size, f.original_size, f.width, f.height)
    columns: list[Any] = [
        col(column) for column in (*wanted, f.thumbnail, f.folder_id, f.created_at, f.search)
    ]
    return (
        sa.select(*columns, col(Account.name).label("uploader"))
        .select_from(f)
        .outerjoin(Account, col(Account.id) == col(f.uploaded_by))
    )


async def _rows(session: AsyncSession, actor: Actor, found: Collection[Any]) -> list[LibraryRow]:
    words = await words_of(session, [row.id for row in found])
    hidden = hidden_from(actor)
    return [_row(row, hidden, words.get(row.id, [])) for row in found]


async def words_of(session: AsyncSession, ids: Collection[int]) -> dict[int, list[str]]:
    """The words of files, sorted."""
    query = sa.select(col(LibraryTag.file_id), col(LibraryTag.word)).where(col(LibraryTag.file_id).in_(ids))
    found: dict[int, list[str]] = {}
    for file_id, word in await fetch(session, query):
        found.setdefault(file_id, []).append(word)
    return {file_id: sorted(words) for file_id, words in found.items()}


def _row(row: Any, hidden: Mask, words: list[str]) -> LibraryRow:
    return LibraryRow(
        id=row.id,
        key=row.key,
        name=hidden.every(row.name),
        kind=row.kind,
        mime_type=row.mime_type,
        size=row.size,
        original_size=row.original_size,
        width=row.width,
        height=row.height,
        has_thumbnail=row.thumbnail != "",
        folder_id=row.folder_id or TOP,
        created_at=row.created_at.isoformat(),
        uploader=row.uploader or "",
        words=[hidden.every(word) for word in words],
    )
