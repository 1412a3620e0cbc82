"""One set of filters of contacts, for the table, the export and the deeds on all that match."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

import sqlalchemy as sa
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession
from typing_extensions import TypedDict  # what pydantic validates, below Python 3.12

from wapto_app.models import (
    Contact,
    ContactTag,
    Conversation,
    CustomField,
    FieldValue,
)
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import canonical, plans, search, segments
from wapto_app.services.errors import Invalid
from wapto_app.services.plans.cycles import zone
from wapto_app.services.visibility import readable_contact

TAG_WAYS = ("any", "all", "none")
OPT_STATES = ("in", "marketing", "out")
FIELD_WAYS = ("is", "is_not", "contains", "less", "more", "filled", "empty")
SEARCH_MAX = 100
_RULES_MAX = 10
_TAGS_MAX = 50
_DIGITS_TOGETHER = 3


class FieldRule(TypedDict):
    """``field`` is the key of a custom field, ``way`` one of ``FIELD_WAYS``."""

    field: str
    way: str
    value: str


class ContactFilter(TypedDict):
    """Empty values filter nothing. Days are ISO dates where the business is, the last one included.

    ``opt`` is one of ``OPT_STATES``, ``blocked`` is yes or no; a ``segment`` of 0 is none. ``source`` and ``language``
    are compared as they stand.
    """

    search: str
    tags: list[int]
    tags_way: str
    fields: list[FieldRule]
    source: str
    language: str
    opt: str
    blocked: str
    created_from: str
    created_to: str
    last_from: str
    last_to: str
    segment: int


EVERYONE = ContactFilter(
    search="",
    tags=[],
    tags_way="any",
    fields=[],
    source="",
    language="",
    opt="",
    blocked="",
    created_from="",
    created_to="",
    last_from="",
    last_to="",
    segment=0,
)

Conditions = list[sa.ColumnElement[bool]]


async def conditions(session: AsyncSession, actor: Actor, wanted: ContactFilter) -> Conditions:
    """What a contact that the actor may see must fulfil.

    Raises:
        Invalid: for a day that is none, or a choice that does not exist.
    """
    actor.require(Permission.CONTACTS_SEE)
    found: Conditions = [readable_contact(actor)]
    if text := wanted["search"].strip()[:SEARCH_MAX]:
        numbers = not actor.hide_phone
        found.append(
            sa.false()
            if _probes(actor, text)
            else col(Contact.id).in_(search.contact_ids(text, numbers=numbers))
        )
    if wanted["tags"]:
        found += _tagged(wanted["tags"][:_TAGS_MAX], wanted["tags_way"])
    for rule in wanted["fields"][:_RULES_MAX]:
        found.append(sa.false() if _probes(actor, rule["value"]) else _field(rule))
    found += _standing(wanted)
    found += await _days(session, wanted)
    if wanted["segment"]:
        found.append(col(Contact.id).in_(await segments.members(session, [wanted["segment"]])))
    return found


def is_everyone(wanted: ContactFilter) -> bool:
    """Whether nothing is filtered."""
    return not any(value for name, value in wanted.items() if name != "tags_way")


def _probes(actor: Actor, text: str) -> bool:
    """Somebody from whom numbers are hidden could try digits until a customer fits."""
    return actor.hide_phone and sum(character.isdigit() for character in text) >= _DIGITS_TOGETHER


def _tagged(tag_ids: Sequence[int], way: str) -> Conditions:
    if way not in TAG_WAYS:
        raise Invalid("", "Choose any, all or none of the tags.")

    def bears(ids: Sequence[int]) -> sa.ColumnElement[bool]:
        holders = sa.select(col(ContactTag.contact_id)).where(col(ContactTag.tag_id).in_(ids))
        return col(Contact.id).in_(holders)

    if way == "all":
        return [bears([tag_id]) for tag_id in dict.fromkeys(tag_ids)]
    return [bears(tag_ids) if way == "any" else sa.not_(bears(tag_ids))]


def _field(rule: FieldRule) -> sa.ColumnElement[bool]:
    if rule["way"] not in FIELD_WAYS:
        raise Invalid("", "Choose how the field is compared.")
    field = sa.select(col(CustomField.id)).where(col(CustomField.key) == rule["field"]).scalar_subquery()
    holders = sa.select(col(FieldValue.contact_id)).where(col(FieldValue.field_id) == field)
    if rule["way"] in ("filled", "empty"):
        holds = col(Contact.id).in_(holders)
        return holds if rule["way"] == "filled" else sa.not_(holds)
    holds = col(Contact.id).in_(holders.where(_compared(rule["way"], rule["value"].strip())))
    return sa.not_(holds) if rule["way"] == "is_not" else holds


def _compared(way: str, text: str) -> sa.ColumnElement[bool]:
    """Numbers as numbers; ISO dates and everything else by their canonical text."""
    key, number = canonical.folded(text), _number(text)
    if way == "contains":
        return col(FieldValue.key).contains(key, autoescape=True)
    if way in ("is", "is_not"):
        same = col(FieldValue.key) == key
        return same if number is None else sa.or_(same, col(FieldValue.number) == number)
    if number is None:
        return col(FieldValue.key) < key if way == "less" else col(FieldValue.key) > key
    stored: sa.ColumnElement[float] = sa.type_coerce(col(FieldValue.number), sa.Float)
    return stored < number if way == "less" else stored > number


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if number == number and abs(number) != float("inf") else None


def _standing(wanted: ContactFilter) -> Conditions:
    found: Conditions = []
    for name, column in (("source", Contact.source), ("language", Contact.language)):
        if value := wanted[name]:  # type: ignore[literal-required]
            found.append(col(column) == value)
    if wanted["opt"]:
        found.append(_opted(wanted["opt"]))
    if wanted["blocked"]:
        # Spelled as in the partial index.
        is_blocked = sa.text("contact.blocked_at IS NOT NULL")
        found.append(is_blocked if wanted["blocked"] == "yes" else col(Contact.blocked_at).is_(None))  # type: ignore[arg-type]
    return found


def _opted(state: str) -> sa.ColumnElement[bool]:
    out, stopped = col(Contact.opted_out_at), col(Contact.marketing_stopped_at)
    if state not in OPT_STATES:
        raise Invalid("", "Choose an opt-in state from the list.")
    if state == "out":
        return out.is_not(None)
    if state == "marketing":
        return sa.and_(stopped.is_not(None), out.is_(None))
    return sa.and_(stopped.is_(None), out.is_(None))


async def _days(session: AsyncSession, wanted: ContactFilter) -> Conditions:
    """A day begins at the same moment for all colleagues, wherever they are: so the same link shows them the same."""
    if not any(wanted[name] for name in ("created_from", "created_to", "last_from", "last_to")):
        return []
    place = zone(await plans.owner_zone(session))
    created = _between(col(Contact.created_at), wanted["created_from"], wanted["created_to"], place)
    return created + _wrote(wanted["last_from"], wanted["last_to"], place)


def _between(column: Any, first: str, last: str, place: tzinfo) -> Conditions:
    found: Conditions = []
    if first:
        found.append(column >= _day(first, place))
    if last:
        found.append(column < _day(last, place, days_later=1))
    return found


def _wrote(first: str, last: str, place: tzinfo) -> Conditions:
    during = _between(col(Conversation.last_message_at), first, last, place)
    if not during:
        return []
    talked = sa.select(col(Conversation.contact_id)).where(
        *during, col(Conversation.last_message_id).is_not(None)
    )
    return [col(Contact.id).in_(talked)]


def _day(text: str, place: tzinfo, *, days_later: int = 0) -> datetime:
    """When it begins there."""
    try:
        day = date.fromisoformat(text) + timedelta(days=days_later)
        return datetime.combine(day, time(), place).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Invalid("", "Choose a day from the calendar.") from None
