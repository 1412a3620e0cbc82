"""What a person does with messages that leave later."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, NotRequired, TypedDict

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from typing_extensions import TypedDict as FormDict  # what pydantic validates, below Python 3.12

from integrations.whatsapp.webhooks.decoding import clean_text
from wapto_app.clock import utcnow
from wapto_app.db import fetch, touch
from wapto_app.models import (
    Account,
    ChannelStatus,
    MediaFile,
    ScheduledMessage,
    ScheduledState,
    Template,
)
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import outbox
from wapto_app.services.errors import Conflict, Invalid, NotFound
from wapto_app.services.inbox.commands import FILES_MAX, TEXT_MAX, OutgoingFile
from wapto_app.services.inbox.templates import template_draft
from wapto_app.services.masking import Mask, mask_in
from wapto_app.services.outbox.commands import locked_conversation
from wapto_app.services.scheduled.sending import Due, close, hand_over, locked
from wapto_app.services.scheduled.times import due_at
from wapto_app.services.visibility import conversation_for, conversation_seen

WAITING_MAX = 50
"""Messages that may wait in one conversation."""
_SHOWN = 60
_STILL_HERE = (ScheduledState.WAITING, ScheduledState.FAILED)


class TemplatePlan(FormDict):
    """A template that is filled in: ``id`` 0 for none, ``values`` and ``media_key`` as for ``inbox.send_template``."""

    id: int
    values: dict[str, str]
    media_key: str
    files: NotRequired[dict[str, str]]


class Plan(FormDict):
    """A message for later: a text and files, or else ``template``. ``due_at`` is ISO 8601.

    ``fallback`` is the template that is sent instead when the customer service window is closed by then.
    """

    due_at: str
    text: str
    files: list[OutgoingFile]
    reply_to: int
    template: TemplatePlan
    fallback: TemplatePlan


class ScheduledRow(TypedDict):
    """One of a conversation; ``state`` is waiting or failed. ``text`` is its text, or the name of its template."""

    id: int
    due_at: str
    text: str
    files: int
    template: str
    fallback: str
    state: str
    error: str
    author: str
    mine: bool
    window_open: bool


class WindowHint(TypedDict):
    """Whether an ordinary message may leave at a time, as far as one can know now; ISO 8601, empty for no window."""

    due_at: str
    closes_at: str
    is_open: bool


NO_TEMPLATE = TemplatePlan(id=0, values={}, media_key="")


async def hint(session: AsyncSession, actor: Actor, conversation_id: int, due: str) -> WindowHint:
    """What to say while somebody chooses a time. Raises Invalid for a time that cannot be, and NotFound."""
    actor.require(Permission.INBOX_DO)
    conversation = await conversation_seen(session, actor, conversation_id)
    at = due_at(due, await _time_zone(session, actor), utcnow())
    closes = outbox.window_closes_at(conversation.last_inbound_at)
    return WindowHint(
        due_at=at.isoformat(),
        closes_at=closes.isoformat() if closes else "",
        is_open=closes is not None and at < closes,
    )


async def plan(session: AsyncSession, actor: Actor, conversation_id: int, wanted: Plan) -> int:
    """Keep a message until its time comes; its id. What the gate would refuse now for good is refused now.

    Raises:
        NotFound: the conversation, a file or a template is not there.
        Invalid: naming what is wrong: ``due_at``, ``message``, or a slot of a template.
        OptedOut, Blocked: the contact may not be written to.
        Conflict: too many wait already.
    """
    actor.require(Permission.INBOX_DO)
    conversation, facts = await locked_conversation(session, actor, conversation_id)
    at = due_at(wanted["due_at"], await _time_zone(session, actor), utcnow())
    # A number that waits for a new token today may send by then.
    outbox.check(replace(facts, channel_status=ChannelStatus.CONNECTED), "template", utcnow())
    content = await _content(session, actor, conversation_id, wanted)
    fallback = await _checked(session, actor, conversation_id, wanted["fallback"])
    if await _waiting(session, conversation_id) >= WAITING_MAX:
        raise Conflict(f"{WAITING_MAX} messages wait in this conversation. Cancel some of them first.")
    message = ScheduledMessage(
        conversation_id=conversation.id or 0,
        author_id=actor.account_id,
        due_at=at,
        content=content,
        fallback={} if content.get("template") else fallback,
    )
    session.add(message)
    await session.flush()
    touch(session, f"conversation:{conversation_id}")
    return message.id or 0


async def change(session: AsyncSession, actor: Actor, scheduled_id: int, due: str, text: str) -> None:
    """Another time, and of a text other words; one that failed waits again.

    Raises:
        NotFound, Conflict: it is not there, or has left.
        Invalid: naming the field.
    """
    actor.require(Permission.INBOX_DO)
    message = await _ours(session, actor, scheduled_id)
    values: dict[str, Any] = {"due_at": due_at(due, await _time_zone(session, actor), utcnow())}
    if not message.content.get("template"):
        mask = await mask_in(session, actor, message.conversation_id)
        text = mask.restored(text, message.content["text"])
        values["content"] = {**message.content, "text": _text(text, message.content["files"])}
    values |= {"state": ScheduledState.WAITING, "error": "", "settled_at": None}
    await session.exec(
        sa.update(ScheduledMessage)
        .where(col(ScheduledMessage.id) == scheduled_id)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    touch(session, f"conversation:{message.conversation_id}")


async def cancel(session: AsyncSession, actor: Actor, scheduled_id: int) -> None:
    """It does not leave. Raises NotFound, and Conflict when it has left already."""
    actor.require(Permission.INBOX_DO)
    message = await _ours(session, actor, scheduled_id)
    await close(session, message, ScheduledState.CANCELLED, "")


async def send_now(session: AsyncSession, actor: Actor, scheduled_id: int) -> None:
    """Do not wait for its time. Raises NotFound, Conflict when it has left, and the errors of the outbox."""
    actor.require(Permission.INBOX_DO)
    await hand_over(session, actor, await _ours(session, actor, scheduled_id))


async def of(session: AsyncSession, actor: Actor, conversation_id: int) -> list[ScheduledRow]:
    """What waits in a conversation, and what failed there; the next one first."""
    actor.require(Permission.INBOX_SEE)
    conversation = await conversation_seen(session, actor, conversation_id)
    s = ScheduledMessage
    query: sa.Select[Any] = (
        sa.select(*(col(each) for each in (s.id, s.due_at, s.content, s.fallback, s.state, s.error)))
        .add_columns(col(s.author_id), col(Account.name).label("author"))
        .outerjoin(Account, col(Account.id) == col(s.author_id))
        .where(
            col(s.conversation_id) == conversation_id,
            col(s.state).in_(_STILL_HERE),
        )
        .order_by(col(s.due_at), col(s.id))
        .limit(_SHOWN)
    )
    rows = await fetch(session, query)
    names = await _template_names(session, rows)
    mask = await mask_in(session, actor, conversation_id)
    closes = outbox.window_closes_at(conversation.last_inbound_at)
    return [_row(actor, mask, names, closes, row) for row in rows]


async def _template_names(session: AsyncSession, rows: Any) -> dict[int, str]:
    plans = [each for row in rows for each in (row.content.get("template"), row.fallback) if each]
    ids = {each["id"] for each in plans}
    if not ids:
        return {}
    found = await session.exec(select(Template.id, Template.name).where(col(Template.id).in_(ids)))
    return {template_id or 0: name for template_id, name in found}


def _row(actor: Actor, mask: Mask, names: dict[int, str], closes: datetime | None, row: Any) -> ScheduledRow:
    template, fallback = row.content.get("template") or {}, row.fallback or {}
    return ScheduledRow(
        id=row.id,
        due_at=row.due_at.isoformat(),
        text=mask.note(str(row.content.get("text") or "")),
        files=len(row.content.get("files") or []),
        template=names.get(template.get("id", 0), ""),
        fallback=names.get(fallback.get("id", 0), ""),
        state=row.state.value,
        error=mask.text(row.error),
        author=row.author or "",
        mine=row.author_id is not None and row.author_id == actor.account_id,
        window_open=closes is not None and row.due_at < closes,
    )


async def _content(session: AsyncSession, actor: Actor, conversation_id: int, wanted: Plan) -> dict[str, Any]:
    if template := await _checked(session, actor, conversation_id, wanted["template"]):
        return {"template": template}
    files = wanted["files"]
    if len(files) > FILES_MAX:
        raise Invalid("message", f"Send at most {FILES_MAX} files at a time.")
    keys = {file["key"] for file in files}
    known = await session.exec(select(MediaFile.key).where(col(MediaFile.key).in_(keys)))
    if keys - set(known):
        raise NotFound("file")
    return {
        "text": _text(wanted["text"], files),
        "files": [dict(file) for file in files],
        "reply_to": wanted["reply_to"],
    }


def _text(text: str, files: list[OutgoingFile]) -> str:
    body = clean_text(text).strip()
    if not body and not files:
        raise Invalid("message", "Write something first.")
    if len(body) > TEXT_MAX:
        raise Invalid("message", f"WhatsApp takes at most {TEXT_MAX:,} characters; this has {len(body):,}.")
    return body


async def _checked(
    session: AsyncSession, actor: Actor, conversation_id: int, template: TemplatePlan
) -> dict[str, Any]:
    """The template as it is stored, once it is certain that it can be filled in; empty for none."""
    if not template["id"]:
        return {}
    await template_draft(
        session,
        actor,
        conversation_id,
        template["id"],
        template["values"],
        template["media_key"],
        template.get("files"),
    )
    return dict(template)


async def _waiting(session: AsyncSession, conversation_id: int) -> int:
    query = (
        select(sa.func.count())
        .select_from(ScheduledMessage)
        .where(
            ScheduledMessage.conversation_id == conversation_id,
            ScheduledMessage.state == ScheduledState.WAITING,
        )
    )
    return (await session.exec(query)).one()


async def _ours(session: AsyncSession, actor: Actor, scheduled_id: int) -> Due:
    """One that has not left, locked. Whoever may write in a conversation may change what waits in it."""
    where = select(ScheduledMessage.conversation_id).where(ScheduledMessage.id == scheduled_id)
    conversation_id = (await session.exec(where)).first()
    if conversation_id is None:
        raise NotFound("scheduled message")
    await conversation_for(session, actor, conversation_id)
    message = await locked(session, scheduled_id, *_STILL_HERE)
    if message is None:
        raise Conflict("This message has been sent or cancelled already.")
    return message


async def _time_zone(session: AsyncSession, actor: Actor) -> str:
    found = await session.exec(select(Account.time_zone).where(Account.id == actor.account_id))
    return found.first() or "UTC"
