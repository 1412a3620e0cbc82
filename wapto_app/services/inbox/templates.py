"""Sending a template from a conversation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.clock import utcnow
from wapto_app.models import MediaFile, Template
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import templates
from wapto_app.services.errors import Invalid, NotFound
from wapto_app.services.library import attach
from wapto_app.services.media import kind_of
from wapto_app.services.outbox import Draft, enqueue
from wapto_app.services.visibility import conversation_for

SAMPLE = "sample"
"""In the place of a media key: the file that Meta was shown when it approved."""
# How exactly it is remembered when a template was used last: not every message is worth a write of its own.
_NOTED_EVERY = timedelta(minutes=1)


async def send_template(
    session: AsyncSession,
    actor: Actor,
    conversation_id: int,
    template_id: int,
    values: dict[str, str],
    media_key: str = "",
    files: Mapping[str, str] | None = None,
    *,
    hold: timedelta = timedelta(0),
) -> int:
    """Send an approved template; keys of ``values`` as in ``templates.anatomy``, ``media_key`` is the header's file,
    ``files`` those of the cards by their places. ``SAMPLE`` stands for the file that Meta was shown.

    Raises:
        NotFound: conversation, template or file are not there.
        Invalid: the field is the key of what is missing or wrong.
        The errors of ``outbox.enqueue``; TemplateUnavailable when WhatsApp does not accept it any more.
    """
    actor.require(Permission.INBOX_DO)
    draft = await template_draft(session, actor, conversation_id, template_id, values, media_key, files)
    message_id = await enqueue(
        session,
        actor,
        conversation_id,
        replace(draft, hold=hold),
    )
    await _note_use(session, template_id, utcnow())
    return message_id


async def template_draft(
    session: AsyncSession,
    actor: Actor,
    conversation_id: int,
    template_id: int,
    values: dict[str, str],
    media_key: str = "",
    files: Mapping[str, str] | None = None,
) -> Draft:
    """The message that it would be; the same errors, before anything is queued."""
    actor.require(Permission.INBOX_DO)
    conversation = await conversation_for(session, actor, conversation_id)
    template = await templates.of_account(session, conversation, template_id)
    given = {**(files or {}), **({"header": media_key} if media_key else {})}
    wanted = {each["place"]: each["kind"] for each in templates.file_places(template)}
    chosen = {
        place: await _sample(session, actor, template, place) if key == SAMPLE else key
        for place, key in given.items()
        if place in wanted and key
    }
    chosen = {place: key for place, key in chosen.items() if key}
    for place, key in chosen.items():
        await _ensure_kind(session, place, key, wanted[place])
    filled = templates.fill(template, values, has_file="header" in chosen, files=chosen)
    header = chosen.pop("header", "")
    return Draft("template", filled.body, filled.content, header, chosen)


async def _sample(session: AsyncSession, actor: Actor, template: Template, place: str) -> str:
    """The media key of the file that Meta was shown there; empty when our library does not have it any more."""
    key = template.sample_files.get(place, "")
    try:
        return (await attach(session, actor, [key]))[0] if key else ""
    except NotFound:
        return ""


async def _ensure_kind(session: AsyncSession, place: str, media_key: str, wanted: str) -> None:
    mime_type = (await session.exec(select(MediaFile.mime_type).where(MediaFile.key == media_key))).first()
    if mime_type is None:
        raise NotFound("file")
    if kind_of(mime_type) != wanted:
        field = "media" if place == "header" else f"{place}.media"
        raise Invalid(field, f"This template needs a file of another kind here: {wanted}.")


async def _note_use(session: AsyncSession, template_id: int, now: datetime) -> None:
    last = col(Template.last_used_at)
    await session.exec(
        sa.update(Template)
        .where(col(Template.id) == template_id, sa.or_(last.is_(None), last < now - _NOTED_EVERY))
        .values(last_used_at=now)
        .execution_options(synchronize_session=False)
    )
