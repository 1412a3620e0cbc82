"""Finding quick replies: for the page, and for whoever types ``/`` in a conversation."""

from __future__ import annotations

from typing import Any, TypedDict

import sqlalchemy as sa
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from integrations.whatsapp.webhooks.decoding import clean_text
from wapto_app.db import fetch
from wapto_app.models import CustomField, LibraryFile, QuickReply
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services.errors import NotFound
from wapto_app.services.quick_replies.variables import BUILT_IN, put_in, values_in
from wapto_app.services.visibility import conversation_seen

TOPIC = "quick_replies"
PAGE = 50
MOST = 500
_MATCHES = 20
VIEWS = ("all", "shared", "mine")


class ReplyRow(TypedDict):
    """One quick reply. ``file`` is the key of a file of the library, ``file_kind`` image, video, audio or document."""

    id: int
    shortcut: str
    title: str
    body: str
    shared: bool
    may_edit: bool
    uses: int
    file: str
    file_name: str
    file_kind: str


class Match(TypedDict):
    """A quick reply as it would be sent here: ``body`` is filled in as far as possible, ``missing`` are the gaps."""

    id: int
    shortcut: str
    title: str
    body: str
    missing: list[str]
    shared: bool
    file: str
    file_name: str
    file_kind: str


class Variable(TypedDict):
    """What can be put into a text; ``label`` is empty for what is built in."""

    name: str
    label: str


async def listing(
    session: AsyncSession, actor: Actor, view: str, search: str = "", *, limit: int = PAGE
) -> list[ReplyRow]:
    """Those that the actor has: all of them, those that everybody has ("shared"), or the actor's own ("mine")."""
    actor.require(Permission.INBOX_SEE)
    query = _rows(actor)
    if view == "shared":
        query = query.where(col(QuickReply.owner_id).is_(None))
    elif view == "mine":
        query = query.where(col(QuickReply.owner_id) == actor.account_id)
    for word in clean_text(search).casefold().split()[:8]:
        query = query.where(_holds(word.lstrip("/")))
    query = query.order_by(col(QuickReply.shortcut), col(QuickReply.id)).limit(min(limit, MOST))
    return [_row(actor, row) for row in await fetch(session, query)]


async def get(session: AsyncSession, actor: Actor, reply_id: int) -> ReplyRow:
    """One of them. Raises NotFound for what is not there or somebody else's."""
    actor.require(Permission.INBOX_SEE)
    found = await fetch(session, _rows(actor).where(col(QuickReply.id) == reply_id))
    if not found:
        raise NotFound("quick reply")
    return _row(actor, found[0])


async def matching(session: AsyncSession, actor: Actor, conversation_id: int, typed: str) -> list[Match]:
    """What ``/typed`` may mean in this conversation: first by the beginning of the shortcut, then by any word.

    Raises:
        NotFound: the conversation is not there or not visible.
    """
    actor.require(Permission.INBOX_DO)
    conversation = await conversation_seen(session, actor, conversation_id)
    word = clean_text(typed).strip().lstrip("/").casefold()[:80]
    begins = col(QuickReply.shortcut).startswith(word, autoescape=True)
    query = (
        _rows(actor)
        .where(sa.or_(begins, _holds(word)))
        .order_by(sa.case((begins, 0), else_=1), col(QuickReply.uses).desc())
        .order_by(col(QuickReply.shortcut), col(QuickReply.id))
        .limit(_MATCHES)
    )
    rows = await fetch(session, query)
    known = await values_in(session, actor, conversation) if rows else {}
    return [_match(row, known) for row in rows]


async def variables(session: AsyncSession, actor: Actor) -> list[Variable]:
    """What can be put into a text: what is built in, then the custom fields in their order."""
    actor.require(Permission.INBOX_SEE)
    query = sa.select(col(CustomField.key), col(CustomField.label)).order_by(
        col(CustomField.position), col(CustomField.id)
    )
    fields = [Variable(name=row.key.lower(), label=row.label) for row in await fetch(session, query)]
    built_in = [Variable(name=name, label="") for name in BUILT_IN]
    return built_in + [each for each in fields if each["name"] not in BUILT_IN]


def theirs(actor: Actor) -> sa.ColumnElement[bool]:
    """The mandatory filter: what everybody has, and what is one's own."""
    return sa.or_(col(QuickReply.owner_id).is_(None), col(QuickReply.owner_id) == actor.account_id)


def may_edit(actor: Actor, owner_id: int | None) -> bool:
    needed = Permission.TEMPLATES_DO if owner_id is None else Permission.INBOX_DO
    return actor.may(needed)


def _rows(actor: Actor) -> sa.Select[Any]:
    q, f = QuickReply, LibraryFile
    columns: list[Any] = [
        *(col(column) for column in (q.id, q.shortcut, q.title, q.body, q.owner_id, q.uses)),
        col(f.key).label("file"),
        col(f.name).label("file_name"),
        col(f.kind).label("file_kind"),
    ]
    return sa.select(*columns).outerjoin(f, col(f.id) == col(q.library_file_id)).where(theirs(actor))


def _holds(word: str) -> sa.ColumnElement[bool]:
    places = (QuickReply.shortcut, QuickReply.title, QuickReply.body)
    return sa.or_(*(sa.func.lower(place).contains(word, autoescape=True) for place in places))


def _row(actor: Actor, row: Any) -> ReplyRow:
    return ReplyRow(
        id=row.id,
        shortcut=row.shortcut,
        title=row.title,
        body=row.body,
        shared=row.owner_id is None,
        may_edit=may_edit(actor, row.owner_id),
        uses=row.uses,
        file=row.file or "",
        file_name=row.file_name or "",
        file_kind=row.file_kind or "",
    )


def _match(row: Any, known: dict[str, str]) -> Match:
    gaps = put_in(row.body, known)
    return Match(
        id=row.id,
        shortcut=row.shortcut,
        title=row.title,
        body=gaps.text,
        missing=gaps.missing,
        shared=row.owner_id is None,
        file=row.file or "",
        file_name=row.file_name or "",
        file_kind=row.file_kind or "",
    )
