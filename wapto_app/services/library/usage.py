"""Where files of the library are used, and how much room all files take."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, TypedDict

import sqlalchemy as sa
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.db import fetch
from wapto_app.models import (
    CampaignState,
    Contact,
    Conversation,
    LibraryFile,
    MediaFile,
    Message,
    QuickReply,
)
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import plans
from wapto_app.services.campaigns.usage import showing
from wapto_app.services.contacts import shown_name
from wapto_app.services.inbox.conversations import phone_column
from wapto_app.services.library.rows import hidden_from
from wapto_app.services.masking import masks
from wapto_app.services.plans import limits
from wapto_app.services.visibility import readable

MANY = 1_000
"""So many messages are counted; beyond that it says "more than"."""
_SHOWN = 5
_LOOKED_AT = 200
_MEBIBYTE = 2**20
_HAS_BYTES = sa.text("media_file.path <> ''")


class UsedIn(TypedDict):
    """A conversation that it was sent in."""

    id: int
    name: str


class Usage(TypedDict):
    """``messages`` stops at ``MANY``. ``conversations`` are the latest few that the actor may see; ``quick_replies``
    are the shortcuts that would lose their file, those of colleagues only as a number. ``campaigns`` are the names of
    those that are not over and show it, for whom may see campaigns; ``needed``: one keeps it from being deleted.
    """

    messages: int
    conversations: list[UsedIn]
    quick_replies: list[str]
    others_replies: int
    campaigns: list[str]
    needed: bool


class Storage(TypedDict):
    """Bytes: of the library, of everything (files of messages too), and what the plan allows, 0 for any number."""

    library: int
    used: int
    limit: int


async def used_in(session: AsyncSession, actor: Actor, keys: Sequence[str]) -> Usage:
    """Where these files are used."""
    actor.require(Permission.MEDIA_SEE)
    f = LibraryFile
    chosen = col(f.key).in_(list(keys)[:_LOOKED_AT])
    found = await fetch(session, sa.select(col(f.id), col(f.key), col(f.path)).where(chosen))
    paths, ids = [row.path for row in found], [row.id for row in found]
    mine, others = await _quick_replies(session, actor, ids)
    campaigns = await showing(session, [row.key for row in found])
    names = hidden_from(actor) if actor.may(Permission.CAMPAIGNS_SEE) else None
    return Usage(
        messages=await _messages(session, paths),
        conversations=await _conversations(session, actor, paths),
        quick_replies=mine,
        others_replies=others,
        campaigns=[names.every(name) for name, _state in campaigns[:_SHOWN]] if names else [],
        needed=any(state is not CampaignState.DRAFT for _name, state in campaigns),
    )


async def storage(session: AsyncSession, actor: Actor) -> Storage:
    """For the meter."""
    actor.require(Permission.MEDIA_SEE)
    library = sa.select(sa.func.coalesce(sa.func.sum(col(LibraryFile.size)), 0))
    standing = await plans.current(session)
    most = standing.limit(plans.Limit.MEDIA_MB) if standing else None
    return Storage(
        library=int((await fetch(session, library))[0][0]),
        used=await limits.bytes_used(session),
        limit=(most or 0) * _MEBIBYTE,
    )


async def _messages(session: AsyncSession, paths: Collection[str]) -> int:
    some = (
        sa.select(col(Message.id))
        .join(MediaFile, col(MediaFile.id) == col(Message.media_id))
        .where(_HAS_BYTES, col(MediaFile.path).in_(paths))
        .limit(MANY)
        .subquery()
    )
    return int((await fetch(session, sa.select(sa.func.count()).select_from(some)))[0][0])


async def _conversations(session: AsyncSession, actor: Actor, paths: Collection[str]) -> list[UsedIn]:
    if not actor.may(Permission.INBOX_SEE):
        return []
    query: sa.Select[Any] = (
        sa.select(
            col(Conversation.id),
            col(Contact.id).label("contact_id"),
            col(Contact.name),
            col(Contact.profile_name),
            col(Contact.username),
            phone_column().label("phone"),
        )
        .select_from(MediaFile)
        .join(Message, col(Message.media_id) == col(MediaFile.id))
        .join(Conversation, col(Conversation.id) == col(Message.conversation_id))
        .join(Contact, col(Contact.id) == col(Conversation.contact_id))
        .where(_HAS_BYTES, col(MediaFile.path).in_(paths), readable(actor))
        .order_by(col(MediaFile.id).desc())
        .limit(_LOOKED_AT)
    )
    rows = {row.id: row for row in reversed(await fetch(session, query))}
    latest = list(reversed(rows.values()))[:_SHOWN]
    hidden = await masks(session, actor, [row.contact_id for row in latest])
    return [UsedIn(id=row.id, name=_name(hidden.of(row.contact_id), row)) for row in latest]


def _name(mask: Any, row: Any) -> str:
    names = mask.note(row.name), mask.text(row.profile_name), mask.text(row.username)
    return shown_name(*names, mask.phone(row.phone))


async def _quick_replies(session: AsyncSession, actor: Actor, ids: Collection[int]) -> tuple[list[str], int]:
    query = sa.select(col(QuickReply.shortcut), col(QuickReply.owner_id)).where(
        col(QuickReply.library_file_id).in_(ids)
    )
    rows = await fetch(session, query.order_by(col(QuickReply.shortcut)).limit(_LOOKED_AT))
    hidden = hidden_from(actor)
    mine = [hidden.every(row.shortcut) for row in rows if row.owner_id in (None, actor.account_id)]
    return mine, len(rows) - len(mine)
