"""What the builder shows while somebody makes rules: what can be asked, how many fit, and a few of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypedDict

import sqlalchemy as sa
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.db import fetch
from wapto_app.models import AddressKind, Contact, ContactAddress
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services.contact_names import shown_name
from wapto_app.services.masking import Mask, masks
from wapto_app.services.segments.known import all_problems, asked_campaigns, known
from wapto_app.services.segments.rules import read
from wapto_app.services.segments.sql import matching

SAMPLE = 10


class Sample(TypedDict):
    """One contact of those that fit."""

    id: int
    name: str
    phone: str


class Preview(TypedDict):
    """``problems``: what is wrong by the place of the rule (``1.0``); such rules let nobody pass."""

    count: int
    sample: list[Sample]
    problems: dict[str, str]


class TagWord(TypedDict):
    id: int
    name: str
    colour: str


class PersonWord(TypedDict):
    id: int
    name: str


class CampaignWord(TypedDict):
    id: int
    name: str


class FieldWord(TypedDict):
    key: str
    label: str
    kind: str
    options: list[str]


class Vocabulary(TypedDict):
    """What rules can ask for besides what every contact has."""

    tags: list[TagWord]
    people: list[PersonWord]
    fields: list[FieldWord]
    campaigns: list[CampaignWord]


async def vocabulary(session: AsyncSession, actor: Actor, rules: Sequence[Any] = ()) -> Vocabulary:
    """Tags, people, custom fields and campaigns to choose from; of campaigns also the old ones that ``rules`` name.

    Who may not see campaigns reads the names of those in the rules, and is offered no others.
    """
    actor.require(Permission.CONTACTS_SEE)
    trees = [read(each) for each in rules]
    there, named = await known(session, *trees), asked_campaigns(*trees)
    may_choose, mask = actor.may(Permission.CAMPAIGNS_SEE), Mask(hides=actor.hide_phone)
    return Vocabulary(
        tags=[TagWord(id=each, name=name, colour=colour) for each, (name, colour) in there.tags.items()],
        people=[PersonWord(id=each, name=name) for each, name in there.people.items()],
        fields=[
            FieldWord(key=key, label=label, kind=kind, options=options)
            for key, (label, kind, options) in there.fields.items()
        ],
        campaigns=[
            CampaignWord(id=each, name=mask.note(name))
            for each, name in there.campaigns.items()
            if may_choose or each in named
        ],
    )


async def count(session: AsyncSession, actor: Actor, rules: Any) -> int:
    """How many contacts fit, of those that the actor may see; rules with a problem let nobody pass."""
    return (await preview(session, actor, rules, sample=0))["count"]


async def preview(session: AsyncSession, actor: Actor, rules: Any, *, sample: int = SAMPLE) -> Preview:
    """How many contacts fit, the newest of them, and what is wrong with the rules."""
    actor.require(Permission.CONTACTS_SEE)
    tree = read(rules)
    problems = all_problems(tree, await known(session, tree), actor)
    if problems:
        return Preview(count=0, sample=[], problems=problems)
    number = await counted(session, matching(tree, actor))
    return Preview(count=number, sample=await _sample(session, actor, tree, sample), problems={})


async def counted(session: AsyncSession, query: sa.Select[Any]) -> int:
    """How many rows a query has."""
    found = await fetch(session, sa.select(sa.func.count()).select_from(query.subquery()))
    return int(found[0][0])


async def _sample(session: AsyncSession, actor: Actor, rules: Any, most: int) -> list[Sample]:
    if not most:
        return []
    phone = (
        sa.select(sa.func.max(col(ContactAddress.value)))
        .where(
            col(ContactAddress.contact_id) == col(Contact.id), col(ContactAddress.kind) == AddressKind.PHONE
        )
        .scalar_subquery()
    )
    c = Contact
    query = (
        matching(rules, actor)
        .add_columns(col(c.name), col(c.profile_name), col(c.username), phone.label("phone"))
        .order_by(col(c.id).desc())
        .limit(most)
    )
    rows = await fetch(session, query)
    hidden = await masks(session, actor, [row.id for row in rows])
    return [_shown(row, hidden.of(row.id)) for row in rows]


def _shown(row: Any, mask: Any) -> Sample:
    phone = mask.phone(row.phone)
    name = shown_name(mask.note(row.name), mask.text(row.profile_name), mask.text(row.username), phone)
    return Sample(id=row.id, name=name, phone=phone if phone != name else "")
