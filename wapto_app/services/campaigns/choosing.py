"""What the wizard offers: numbers, templates, tags, segments and people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypedDict

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from integrations.whatsapp.webhooks.decoding import clean_text
from wapto_app.db import fetch
from wapto_app.models import Channel, ChannelStatus, Contact, Segment, Tag, Template
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services.campaigns.mapping import CONTACT, Choice, Rule, Rules
from wapto_app.services.contact_names import phone_column, shown_name
from wapto_app.services.errors import NotFound
from wapto_app.services.masking import Mask, masks
from wapto_app.services.templates.anatomy import Form, describe
from wapto_app.services.visibility import readable_contact

TEMPLATES = 60
_MOST = 500
_LARGEST_ID = 2**31 - 1
# Meta's words, and what they mean for somebody who wants to send.
_NOT_READY = {
    "DRAFT": "It has not been submitted to WhatsApp yet.",
    "PENDING": "WhatsApp is still reviewing it.",
    "IN_APPEAL": "WhatsApp is still reviewing it.",
    "REJECTED": "WhatsApp rejected it.",
    "PAUSED": "WhatsApp paused it, because of feedback from customers.",
    "DISABLED": "WhatsApp disabled it.",
}
_STANDING = {
    ChannelStatus.RECONNECT: "WhatsApp refused the access token of this number. Reconnect it under Integrations.",
    ChannelStatus.DISCONNECTED: "This number is disconnected.",
}


class NumberChoice(TypedDict):
    """A number to send from. ``problem`` says why it cannot be used now; empty when it can."""

    id: int
    name: str
    number: str
    problem: str


class TemplateChoice(TypedDict):
    """A template to send. ``header`` is a word of ``anatomy.Form``; ``problem`` says why it cannot be chosen."""

    id: int
    name: str
    language: str
    category: str
    status: str
    body: str
    header: str
    problem: str


class Named(TypedDict):
    """A tag or a segment; ``colour`` only of a tag."""

    id: int
    name: str
    colour: str


class PersonChoice(TypedDict):
    id: int
    name: str
    phone: str


async def numbers(session: AsyncSession, actor: Actor) -> list[NumberChoice]:
    """Every number that is not disconnected, those in order first."""
    actor.require(Permission.CAMPAIGNS_SEE)
    query = (
        select(Channel)
        .where(Channel.status != ChannelStatus.DISCONNECTED)
        .order_by(sa.case((col(Channel.status) == ChannelStatus.CONNECTED, 0), else_=1), col(Channel.id))
    )
    return [
        NumberChoice(
            id=each.id or 0,
            name=each.verified_name or each.display_phone_number,
            number=each.display_phone_number,
            problem=_STANDING.get(each.status, ""),
        )
        for each in await session.exec(query)
    ]


async def templates(
    session: AsyncSession, actor: Actor, channel_id: int, search: str
) -> list[TemplateChoice]:
    """Those of the number's account whose name or text holds ``search``: what can be sent first, then by last use."""
    actor.require(Permission.CAMPAIGNS_SEE)
    waba_id = select(Channel.waba_id).where(Channel.id == min(channel_id, _LARGEST_ID)).scalar_subquery()
    text = sa.func.lower(sa.cast(col(Template.components), sa.Text))
    query = (
        select(Template)
        .where(Template.waba_id == waba_id, col(Template.gone_at).is_(None))
        .order_by(sa.case((col(Template.status) == "APPROVED", 0), else_=1))
        .order_by(col(Template.last_used_at).desc().nulls_last(), col(Template.name), col(Template.language))
    )
    for word in clean_text(search).casefold().split()[:8]:
        name = sa.func.lower(Template.name)
        query = query.where(
            sa.or_(name.contains(word, autoescape=True), text.contains(word, autoescape=True))
        )
    return [_choice(each) for each in await session.exec(query.limit(TEMPLATES))]


async def template(session: AsyncSession, actor: Actor, template_id: int) -> Form:
    """What one looks like and asks for. Raises NotFound."""
    actor.require(Permission.CAMPAIGNS_SEE)
    found = await session.get(Template, min(template_id, _LARGEST_ID))
    if found is None:
        raise NotFound("template")
    return describe(found)


async def tags(session: AsyncSession, actor: Actor) -> list[Named]:
    """All tags by name."""
    actor.require(Permission.CAMPAIGNS_SEE)
    query = (
        sa.select(col(Tag.id), col(Tag.name), col(Tag.colour)).order_by(sa.func.lower(Tag.name)).limit(_MOST)
    )
    return [Named(id=row.id, name=row.name, colour=row.colour) for row in await fetch(session, query)]


async def segments(session: AsyncSession, actor: Actor) -> list[Named]:
    """All segments by name."""
    actor.require(Permission.CAMPAIGNS_SEE)
    query = sa.select(col(Segment.id), col(Segment.name)).order_by(col(Segment.key)).limit(_MOST)
    return [Named(id=row.id, name=row.name, colour="") for row in await fetch(session, query)]


async def people(session: AsyncSession, actor: Actor, ids: list[int]) -> list[PersonChoice]:
    """Names and numbers of contacts, in the order of ``ids``; those that the actor may not see are left out."""
    actor.require(Permission.CAMPAIGNS_SEE)
    c = Contact
    columns: list[Any] = [col(c.id), col(c.name), col(c.profile_name), col(c.username)]
    query = sa.select(*columns, phone_column().label("phone")).where(
        col(c.id).in_(ids[:_MOST]), readable_contact(actor)
    )
    rows = {row.id: row for row in await fetch(session, query)}
    hidden = await masks(session, actor, list(rows))
    return [_person(rows[each], hidden.of(each)) for each in ids[:_MOST] if each in rows]


def _person(row: Any, mask: Mask) -> PersonChoice:
    phone = mask.phone(row.phone)
    name = shown_name(mask.note(row.name), mask.text(row.profile_name), mask.text(row.username), phone)
    return PersonChoice(id=row.id, name=name, phone=phone if phone != name else "")


def _choice(template: Template) -> TemplateChoice:
    form = describe(template)
    return TemplateChoice(
        id=template.id or 0,
        name=template.name,
        language=template.language,
        category=template.category,
        status=template.status,
        body=form["body"],
        header=form["header"],
        problem=_problem(template, form),
    )


def _problem(template: Template, form: Form) -> str:
    if template.status != "APPROVED":
        return _NOT_READY.get(template.status, "WhatsApp has not approved it.")
    if template.category == "AUTHENTICATION":
        return "Codes are for one person at a time, not for a campaign."
    return form["problem"].replace("from a conversation", "in a campaign")


_ALIKE = {
    "name": "name",
    "full_name": "name",
    "customer": "name",
    "customer_name": "name",
    "client_name": "name",
    "first_name": "first_name",
    "firstname": "first_name",
    "company": "company",
    "email": "email",
    "phone": "phone",
}


def guessed(form: Form, choices: Sequence[Choice]) -> Rules:
    """What the names of a template's gaps say: one that is called like a field or a column of ours gets that."""
    known = {each["name"].casefold(): each for each in choices if each["source"] != CONTACT}
    rules: Rules = {}
    for slot in form["slots"]:
        name = slot["name"].casefold()
        if slot["kind"] != "text" or slot["place"] == "location":
            continue
        if name in _ALIKE:
            rules[slot["key"]] = Rule(source=CONTACT, name=_ALIKE[name], fallback="")
        elif name in known:
            rules[slot["key"]] = Rule(source=known[name]["source"], name=known[name]["name"], fallback="")
    return rules
