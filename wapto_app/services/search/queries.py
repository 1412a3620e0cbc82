"""What a search in the inbox finds: people and their conversations, and messages. Newest first.

Found is only what somebody may see, and in the form in which they see it: whoever sees no numbers cannot find by them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, TypedDict

import sqlalchemy as sa
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.db import fetch
from wapto_app.models import Contact, ContactSearch, Conversation, Direction, Message, Visibility
from wapto_app.models.base import table_of
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services.contact_names import shown_name
from wapto_app.services.masking import Mask, masks
from wapto_app.services.search import matching, snippets
from wapto_app.services.search.words import Terms, digits_of, terms_of, words_of
from wapto_app.services.visibility import readable

PAGE = 50
HITS_MAX = 20_000
"""For whoever sees only some conversations, this many of the newest hits are looked through."""
_NEWEST_WITHOUT_INDEX = 20_000
_NEWEST_FIRST = 5_000
_NEWEST_FIRST_OF_SOME = 50_000
_SHORTEST = 2
# WhatsApp's own sentences, and cards, which are called by their number when nothing else is known.
_WITH_NUMBERS = ("system", "contacts")
_DIGITS = re.compile(r"\d{3,}")

contact_search = table_of(ContactSearch)


class FoundMessage(TypedDict):
    """A message that matches. ``before``, ``match`` and ``after`` are the snippet around what was found."""

    id: int
    conversation_id: int
    name: str
    at: str
    outbound: bool
    note: bool
    before: str
    match: str
    after: str


class FoundMessages(TypedDict):
    """A page; ``next_before`` asks for the one after it, 0 when there is none."""

    messages: list[FoundMessage]
    next_before: int


def contact_ids(text: str, *, numbers: bool = True) -> sa.Select[Any]:
    """The ids of the contacts with this in their names, username, e-mail, company or, if asked, numbers.

    ``numbers=False`` is for whoever may not see them: then what has three digits in a row finds nobody.
    """
    terms, digits = terms_of(text), digits_of(text) if numbers else ""
    parts: list[sa.Select[Any]] = []
    if terms and (numbers or not _DIGITS.search(words_of(text))):
        parts.append(matching.contacts_with_words(terms))
        if terms.fragment:
            parts.append(matching.contacts_with_fragment(terms.fragment))
    if digits and digits != terms.fragment:
        parts.append(matching.contacts_with_fragment(digits))
    if not parts:
        return sa.select(contact_search.c.contact_id).where(sa.false())
    found = sa.union(*parts).subquery()
    return sa.select(found.c.contact_id)


async def messages(
    session: AsyncSession, actor: Actor, text: str, *, before: int = 0, limit: int = PAGE
) -> FoundMessages:
    """The newest messages with these words, or with this inside of a word; those before message ``before``."""
    actor.require(Permission.INBOX_SEE)
    terms = terms_of(text)
    if not terms or (len(words_of(text)) < _SHORTEST and words_of(text).isascii()):
        return FoundMessages(messages=[], next_before=0)
    limit = min(limit, PAGE)
    dialect = session.get_bind().dialect.name
    found = await _newest(session, actor, matching.messages_with_words(dialect, terms), before, limit)
    if len(found) < limit and terms.fragment:
        fragments = await _fragments(session, dialect, terms.fragment)
        ids = {row.id for row in found}
        inside = await _newest(session, actor, fragments, before, limit)
        found = sorted(
            [*found, *(row for row in inside if row.id not in ids)], key=lambda row: row.id, reverse=True
        )[:limit]
    hidden = await masks(session, actor, {row.contact_id for row in found})
    rows = (_shown(hidden.of(row.contact_id), row, terms) for row in found)
    next_before = found[-1].id if len(found) == limit else 0
    return FoundMessages(messages=[row for row in rows if row], next_before=next_before)


async def _fragments(session: AsyncSession, dialect: str, fragment: str) -> sa.Select[Any]:
    query = matching.messages_with_fragment(dialect, fragment)
    if dialect == "sqlite" or await _has_trigrams(session):
        return query
    newest = await _newest_id(session)
    return query.where(matching.message_search.c.message_id > newest - _NEWEST_WITHOUT_INDEX)


async def _has_trigrams(session: AsyncSession) -> bool:
    """Whether PostgreSQL has pg_trgm, and with it our index."""
    found = await fetch(session, sa.select(sa.func.to_regclass("ix_message_fragments_search")))
    return found[0][0] is not None


async def _newest(
    session: AsyncSession, actor: Actor, hits: sa.Select[Any], before: int, limit: int
) -> list[Any]:
    """The newest messages of the hits that the actor may see."""
    dialect = session.get_bind().dialect.name
    sees_all = actor.visibility is Visibility.ALL
    most = limit if sees_all else HITS_MAX
    if dialect != "sqlite":
        top = before or await _newest_id(session) + 1
        span = _NEWEST_FIRST if sees_all else _NEWEST_FIRST_OF_SOME
        found = await _read(session, actor, matching.among_the_newest(hits, top, span, most), limit)
        if len(found) == limit:
            return found
    return await _read(session, actor, matching.newest_first(hits, dialect, most, before=before), limit)


async def _newest_id(session: AsyncSession) -> int:
    return int((await fetch(session, sa.select(sa.func.max(col(Message.id)))))[0][0] or 0)


async def _read(session: AsyncSession, actor: Actor, hits: sa.Select[Any], limit: int) -> list[Any]:
    newest = hits.subquery()
    m, c = Message, Conversation
    query = (
        sa.select(
            col(m.id),
            col(m.conversation_id),
            col(m.type),
            col(m.body),
            col(m.content),
            col(m.at),
            col(m.direction),
            col(c.contact_id),
            col(Contact.name),
            col(Contact.profile_name),
            col(Contact.username),
        )
        .select_from(newest)
        .join(m, col(m.id) == newest.c.id)
        .join(c, col(c.id) == col(m.conversation_id))
        .join(Contact, col(Contact.id) == col(c.contact_id))
        .where(readable(actor))
        .order_by(newest.c.id.desc())
        .limit(limit)
    )
    return list(await fetch(session, query))


def _shown(mask: Mask, row: Any, terms: Terms) -> FoundMessage | None:
    """None for what does not match in the form in which the actor sees it, or no longer since an edit."""
    texts = (_seen(mask, row), mask.text(str((row.content or {}).get("filename") or "")))
    for text in texts:
        if part := snippets.around(text, terms):
            names = mask.note(row.name), mask.text(row.profile_name), mask.note(row.username)
            return FoundMessage(
                id=row.id,
                conversation_id=row.conversation_id,
                name=shown_name(*names, ""),
                at=row.at.isoformat(),
                outbound=row.direction is Direction.OUTBOUND,
                note=row.direction is Direction.NOTE,
                before=part.before,
                match=part.match,
                after=part.after,
            )
    return None


def _seen(mask: Mask, row: Any) -> str:
    """The words of a message as they stand in the thread."""
    if row.direction is Direction.NOTE:
        return mask.note(row.body)
    if row.type in _WITH_NUMBERS:
        return mask.every(row.body)
    return mask.text(row.body)


def texts(rows: Iterable[FoundMessage]) -> list[str]:
    """The snippets in one piece, to compare with."""
    return [row["before"] + row["match"] + row["after"] for row in rows]
