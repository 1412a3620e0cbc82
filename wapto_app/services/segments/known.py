"""What rules can ask for at the moment, and which of them ask for something that is gone."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.db import fetch
from wapto_app.models import Account, Campaign, CampaignState, CustomField, Role, Tag
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import canonical
from wapto_app.services.segments.rules import Group, Kind, Test, walk

_DIGITS_TOGETHER = 2
_LARGEST = 10_000_000
_NEWEST = 200
"""Campaigns that are offered; an older one is known as long as a rule asks for it."""


@dataclass(frozen=True, slots=True)
class Known:
    """Tags, people and campaigns by id; custom fields by key, with kind and choices."""

    tags: dict[int, tuple[str, str]]
    people: dict[int, str]
    fields: dict[str, tuple[str, str, list[str]]]
    campaigns: dict[int, str]


async def known(session: AsyncSession, *rules: Group) -> Known:
    """Everything that can be asked for, in the order in which it is shown, with the campaigns that ``rules`` name."""
    tags = sa.select(col(Tag.id), col(Tag.name), col(Tag.colour)).order_by(col(Tag.key))
    people = (
        sa.select(col(Account.id), col(Account.name))
        .where(col(Account.role) != Role.OPERATOR)
        .order_by(sa.func.lower(col(Account.name)), col(Account.id))
    )
    c = CustomField
    fields = sa.select(*(col(each) for each in (c.key, c.label, c.kind, c.options))).order_by(
        col(c.position), col(c.id)
    )
    return Known(
        tags={row.id: (row.name, row.colour) for row in await fetch(session, tags)},
        people={row.id: row.name for row in await fetch(session, people)},
        fields={
            row.key: (row.label, row.kind.value, list(row.options)) for row in await fetch(session, fields)
        },
        campaigns=await _campaigns(session, asked_campaigns(*rules)),
    )


def asked_campaigns(*rules: Group) -> set[int]:
    """Ids of the campaigns that the rules ask for."""
    tests = (test for tree in rules for _path, test in walk(tree) if test.kind is Kind.CAMPAIGNS)
    return {each for test in tests for each in test.items if isinstance(each, int)}


async def _campaigns(session: AsyncSession, asked: Collection[int]) -> dict[int, str]:
    """Those that have begun, the newest first, and below them the older ones that are asked for."""
    c = Campaign
    query = sa.select(col(c.id), col(c.name)).order_by(col(c.created_at).desc(), col(c.id).desc())
    begun = await fetch(session, query.where(col(c.state) != CampaignState.DRAFT).limit(_NEWEST))
    found: dict[int, str] = {row.id: row.name for row in begun}
    if missing := set(asked) - set(found):
        found |= {row.id: row.name for row in await fetch(session, query.where(col(c.id).in_(missing)))}
    return found


def all_problems(rules: Group, there: Known, actor: Actor) -> dict[str, str]:
    """What is wrong with the tests, by their place: nonsense, what is gone, and what would find hidden numbers."""
    found = {path: test.problem or _gone(test, there) or _probing(test, actor) for path, test in walk(rules)}
    return {path: problem for path, problem in found.items() if problem}


def _gone(test: Test, there: Known) -> str:
    if test.kind is Kind.TAGS and not set(test.items) <= set(there.tags):
        return "A tag of this rule was deleted. Choose anew."
    if test.kind is Kind.PEOPLE and not set(test.items) <= set(there.people):
        return "Somebody of this rule is gone. Choose anew."
    if test.kind is Kind.CAMPAIGNS and not set(test.items) <= set(there.campaigns):
        return "A campaign of this rule was deleted. Choose anew."
    return _gone_field(test, there) if test.key else ""


def _gone_field(test: Test, there: Known) -> str:
    if test.key not in there.fields:
        return f"The field “{test.key}” was deleted. Choose another."
    label, kind, options = there.fields[test.key]
    if kind != test.field_kind:
        return f"The field “{label}” was made anew, of another kind. Choose it again."
    choices = {canonical.folded(each) for each in options}
    lost = [str(each) for each in test.items if canonical.folded(str(each)) not in choices]
    return f"No choice of “{label}” any more: {', '.join(lost)}." if lost else ""


def _probing(test: Test, actor: Actor) -> str:
    """Somebody from whom numbers are hidden could try digits until a customer fits, and ids of campaigns alike."""
    if test.kind is Kind.CAMPAIGNS and not actor.may(Permission.CAMPAIGNS_SEE):
        return "You may not see campaigns, so your rules cannot ask for them."
    if not actor.hide_phone:
        return ""
    digits = sum(character.isdigit() for character in test.value)
    in_text = test.kind is Kind.TEXT and digits >= _DIGITS_TOGETHER
    if in_text or (test.kind is Kind.NUMBER and _is_long(test)):
        return "Numbers are hidden from you, so your rules cannot look for digits."
    return ""


def _is_long(test: Test) -> bool:
    values: list[Any] = [each for each in (test.value, test.to) if each]
    return any(abs(canonical.as_float(each)) >= _LARGEST for each in values)
