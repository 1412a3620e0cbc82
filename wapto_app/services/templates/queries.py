"""The templates that can be sent in a conversation."""

from __future__ import annotations

from typing import Any, TypedDict

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from integrations.whatsapp.webhooks.decoding import clean_text
from wapto_app.models import Channel, Contact, Conversation, Template
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services.errors import NotFound
from wapto_app.services.quick_replies.variables import values_in
from wapto_app.services.templates.anatomy import Form, describe, file_kind, slots
from wapto_app.services.templates.listing import holds
from wapto_app.services.visibility import conversation_seen

PAGE = 100


class TemplateRow(TypedDict):
    """A line of the picker. ``file``: the kind of file that the header needs; ``gaps``: how much is to be filled in."""

    id: int
    name: str
    language: str
    category: str
    body: str
    file: str
    gaps: int
    problem: str


async def approved(
    session: AsyncSession, actor: Actor, conversation_id: int, search: str
) -> list[TemplateRow]:
    """Those of the conversation's account whose name or text holds ``search``; the contact's language first, then
    what was used last.

    Raises:
        NotFound: the conversation is not there or not visible.
    """
    actor.require(Permission.INBOX_DO)
    return await approved_with(session, await conversation_seen(session, actor, conversation_id), search)


async def approved_with(session: AsyncSession, conversation: Conversation, search: str) -> list[TemplateRow]:
    """The same, of a conversation that somebody may see; it need not be in the table yet."""
    waba_id = (await session.get_one(Channel, conversation.channel_id)).waba_id
    speaks = select(Contact.language).where(Contact.id == conversation.contact_id)
    language = (await session.exec(speaks)).one()
    own = col(Template.language).startswith(language[:2].lower(), autoescape=True) if language else sa.false()
    query = (
        select(Template)
        .where(Template.waba_id == waba_id, Template.status == "APPROVED", col(Template.gone_at).is_(None))
        .order_by(sa.case((own, 0), else_=1), col(Template.last_used_at).desc().nulls_last())
        .order_by(col(Template.name), col(Template.language))
    )
    for word in clean_text(search).casefold().split()[:8]:
        query = query.where(holds(word))
    return [_row(each) for each in await session.exec(query.limit(PAGE))]


def _row(template: Template) -> TemplateRow:
    form = describe(template)
    return TemplateRow(
        id=template.id or 0,
        name=template.name,
        language=template.language,
        category=template.category,
        body=form["body"],
        file=file_kind(template),
        gaps=len(list(slots(template))),
        problem=form["problem"],
    )


async def form_of(session: AsyncSession, actor: Actor, conversation_id: int, template_id: int) -> Form:
    """What has to be filled in to send it there, with what we know of the contact as suggestions.

    Raises:
        NotFound: the conversation or the template is not there, or not of the same account.
    """
    actor.require(Permission.INBOX_DO)
    conversation = await conversation_seen(session, actor, conversation_id)
    return await form_with(session, actor, conversation, template_id)


async def form_with(
    session: AsyncSession, actor: Actor, conversation: Conversation, template_id: int
) -> Form:
    """The same, of a conversation that somebody may see; it need not be in the table yet."""
    actor.require(Permission.INBOX_DO)
    form = describe(await of_account(session, conversation, template_id))
    known = await values_in(session, actor, conversation)
    for slot in form["slots"]:
        slot["suggestion"] = known.get(slot["name"].lower(), "")
    return form


async def of_account(session: AsyncSession, conversation: Conversation, template_id: int) -> Template:
    """The template, if it belongs to the account of the conversation's number. Raises NotFound."""
    found: Any = await session.exec(
        select(Template)
        .join(Channel, col(Channel.waba_id) == col(Template.waba_id))
        .where(Template.id == template_id, Channel.id == conversation.channel_id)
    )
    template: Template | None = found.first()
    if template is None:
        raise NotFound("template")
    return template
