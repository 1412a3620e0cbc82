"""Writing quick replies, and using one."""

from __future__ import annotations

import re
from typing import TypedDict

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from typing_extensions import TypedDict as FormDict  # what pydantic validates, below Python 3.12

from integrations.whatsapp.webhooks.decoding import clean_text
from wapto_app.clock import utcnow
from wapto_app.db import touch
from wapto_app.models import LibraryFile, QuickReply
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import audit
from wapto_app.services.errors import Conflict, Invalid, NotFound
from wapto_app.services.quick_replies.queries import TOPIC, get, may_edit, theirs
from wapto_app.services.quick_replies.variables import put_in, values_in
from wapto_app.services.visibility import conversation_seen

SHORTCUT_MAX = 32
TITLE_MAX = 80
BODY_MAX = 4096
CAPTION_MAX = 1024
"""Meta: the longest text of a message, and of a caption."""
_MOST = 1_000
_SHORTCUT = re.compile(r"[\w-]+")


class ReplyForm(FormDict):
    """What the form sends: ``scope`` is shared or mine, ``file`` the key of a file of the library or empty."""

    shortcut: str
    title: str
    body: str
    scope: str
    file: str


class Ready(TypedDict):
    """What goes into the composer; ``file`` is the key of a file of the library, or empty."""

    text: str
    file: str


async def create(session: AsyncSession, actor: Actor, form: ReplyForm) -> int:
    """Make one: for oneself, or for everybody with the permission to edit templates.

    Raises:
        Invalid: naming the field.
        Forbidden: a shared one, without the permission.
    """
    actor.require(Permission.INBOX_DO)
    reply = QuickReply(shortcut="")
    await _fill(session, actor, reply, form)
    if await _count(session, reply.owner_id) >= _MOST:
        raise Conflict(f"There are {_MOST:,} quick replies. Delete some that nobody uses.")
    await _store(session, reply)
    return reply.id or 0


async def update(session: AsyncSession, actor: Actor, reply_id: int, form: ReplyForm) -> None:
    """Change one; errors as for a new one, and NotFound."""
    actor.require(Permission.INBOX_DO)
    reply = await _own(session, actor, reply_id)
    await _fill(session, actor, reply, form)
    reply.updated_at = utcnow()
    await _store(session, reply)


async def duplicate(session: AsyncSession, actor: Actor, reply_id: int) -> int:
    """A copy for oneself, to be changed; its id. Raises NotFound."""
    actor.require(Permission.INBOX_DO)
    query = select(QuickReply).where(QuickReply.id == reply_id, theirs(actor))
    reply = (await session.exec(query)).first()
    if reply is None:
        raise NotFound("quick reply")
    taken = await session.exec(select(QuickReply.shortcut).where(QuickReply.owner_id == actor.account_id))
    copy = QuickReply(
        owner_id=actor.account_id,
        shortcut=_free(reply.shortcut, set(taken)),
        title=reply.title,
        body=reply.body,
        library_file_id=reply.library_file_id,
    )
    await _store(session, copy)
    return copy.id or 0


async def delete(session: AsyncSession, actor: Actor, reply_id: int) -> str:
    """Remove one for good; its shortcut. Raises NotFound, and Forbidden for a shared one."""
    actor.require(Permission.INBOX_DO)
    reply = await _own(session, actor, reply_id)
    if reply.owner_id is None:
        audit.record(
            session, actor, "quick_reply.deleted", f"quick_reply:{reply_id}", shortcut=reply.shortcut
        )
    await session.delete(reply)
    touch(session, TOPIC)
    return reply.shortcut


async def fill(
    session: AsyncSession, actor: Actor, conversation_id: int, reply_id: int, given: dict[str, str]
) -> Ready:
    """The text to send in this conversation, counted as a use. ``given`` are values for the gaps, by name.

    Raises:
        NotFound: the reply or the conversation is not there.
        Invalid: the field is the name of a gap that has no value.
    """
    actor.require(Permission.INBOX_DO)
    row = await get(session, actor, reply_id)
    conversation = await conversation_seen(session, actor, conversation_id)
    known = await values_in(session, actor, conversation)
    own = {name.lower(): clean_text(value).strip() for name, value in given.items()}
    gaps = put_in(row["body"], known | {name: value for name, value in own.items() if value})
    if gaps.missing:
        name = gaps.missing[0]
        raise Invalid(name, f"Fill in {{{{{name}}}}}.")
    await session.exec(
        sa.update(QuickReply)
        .where(col(QuickReply.id) == reply_id)
        .values(uses=QuickReply.uses + 1)
        .execution_options(synchronize_session=False)
    )
    return Ready(text=gaps.text, file=row["file"])


async def _own(session: AsyncSession, actor: Actor, reply_id: int) -> QuickReply:
    query = select(QuickReply).where(QuickReply.id == reply_id, theirs(actor)).with_for_update()
    reply = (await session.exec(query)).first()
    if reply is None:
        raise NotFound("quick reply")
    if not may_edit(actor, reply.owner_id):
        actor.require(Permission.TEMPLATES_DO)
    return reply


async def _fill(session: AsyncSession, actor: Actor, reply: QuickReply, form: ReplyForm) -> None:
    is_shared = form["scope"] == "shared"
    if is_shared:
        actor.require(Permission.TEMPLATES_DO)
    if form["scope"] not in ("shared", "mine"):
        raise Invalid("scope", "Choose who has it: everybody, or only you.")
    if not is_shared and actor.account_id is None:
        raise Invalid("scope", "Choose who has it: everybody, or only you.")
    # Before anything is changed: a query writes what has changed, and a shortcut that is taken is to be told kindly.
    file = await _file(session, form["file"]) if form["file"] else None
    reply.owner_id = None if is_shared else actor.account_id
    reply.shortcut = _shortcut(form["shortcut"])
    reply.title = " ".join(clean_text(form["title"]).split())
    reply.body = clean_text(form["body"]).strip()
    reply.library_file_id = file.id if file else None
    _check(reply, file)


def _shortcut(text: str) -> str:
    shortcut = clean_text(text).strip().lstrip("/").casefold()
    if not shortcut:
        raise Invalid("shortcut", "Write the word that finds it, such as hours.")
    if len(shortcut) > SHORTCUT_MAX:
        raise Invalid("shortcut", f"A shortcut has at most {SHORTCUT_MAX} characters.")
    if not _SHORTCUT.fullmatch(shortcut):
        raise Invalid("shortcut", "A shortcut is one word of letters, digits, “-” and “_”.")
    return shortcut


def _check(reply: QuickReply, file: LibraryFile | None) -> None:
    if len(reply.title) > TITLE_MAX:
        raise Invalid("title", f"A title has at most {TITLE_MAX} characters.")
    if not reply.body and file is None:
        raise Invalid("body", "Write the text, or choose a file.")
    length = len(reply.body)
    if file is not None and file.kind != "audio" and length > CAPTION_MAX:
        raise Invalid(
            "body", f"Beside a file a text has at most {CAPTION_MAX:,} characters; this has {length:,}."
        )
    if length > BODY_MAX:
        raise Invalid("body", f"WhatsApp takes at most {BODY_MAX:,} characters; this has {length:,}.")


async def _file(session: AsyncSession, key: str) -> LibraryFile:
    found = (await session.exec(select(LibraryFile).where(LibraryFile.key == key))).first()
    if found is None:
        raise Invalid("file", "This file is not in the media library any more. Choose another one.")
    return found


def _free(shortcut: str, taken: set[str]) -> str:
    """The same, or with the first number that is free."""
    if shortcut not in taken:
        return shortcut
    numbered = (f"{shortcut[: SHORTCUT_MAX - 4]}-{number}" for number in range(2, _MOST + 3))
    return next(each for each in numbered if each not in taken)


async def _count(session: AsyncSession, owner_id: int | None) -> int:
    own = col(QuickReply.owner_id)
    which = own.is_(None) if owner_id is None else own == owner_id
    return (await session.exec(select(sa.func.count()).select_from(QuickReply).where(which))).one()


async def _store(session: AsyncSession, reply: QuickReply) -> None:
    shortcut = reply.shortcut
    taken = Invalid("shortcut", f"There is /{shortcut} already. Choose another word.")
    try:
        session.add(reply)
        await session.flush()
    except IntegrityError:
        raise taken from None
    touch(session, TOPIC)
