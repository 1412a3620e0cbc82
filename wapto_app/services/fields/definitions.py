"""The custom fields themselves: made, changed, ordered, deleted."""

from __future__ import annotations

import re
import unicodedata
from typing import Any, TypedDict

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from typing_extensions import TypedDict as FormDict  # what pydantic validates, below Python 3.12

from wapto_app.db import fetch, take_turns, touch
from wapto_app.models import CustomField, FieldKind, FieldValue
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import audit, canonical, plans
from wapto_app.services.errors import Invalid, NotFound
from wapto_app.services.fields import options as choices
from wapto_app.services.fields.check import LONG_TEXT_MAX, TEXT_MAX, FieldRow
from wapto_app.services.naming import name_of, one_line
from wapto_app.services.plans import Limit, Room, count_with, ensure_room
from wapto_app.services.segments import upkeep

TOPIC = "fields"
LABEL_MAX = 80
HELP_MAX = 200
KEY_LENGTH = 40
MOST = 500
RESERVED = frozenset(
    [
        "name",
        "first_name",
        "last_name",
        "full_name",
        "phone",
        "number",
        "email",
        "company",
        "language",
        "source",
        "notes",
        "tags",
        "tag",
        "username",
        "agent",
        "agent_name",
        "team",
        "business",
        "id",
        "created",
        "status",
        "segment",
        "opt_in",
        "opted_out",
        "blocked",
        "today",
        "date",
        "time",
    ]
)
"""What a variable or a column of a file means already."""
# Any number that nothing else locks.
_LOCK = 0x66696C64


class FieldLine(FieldRow):
    """A field with how many contacts have a value."""

    values: int


class FieldForm(FormDict):
    """What the form sends. ``key`` and ``kind`` count for a new field only; ``options`` is JSON, see ``options``."""

    label: str
    key: str
    kind: str
    help: str
    minimum: str
    maximum: str
    required: bool
    options: str


class Effects(TypedDict):
    """What goes with a field: values of contacts, and the segments that ask for it."""

    values: int
    segments: list[str]


def _all() -> sa.Select[Any]:
    return sa.select(sa.func.count()).select_from(CustomField)


count_with(Limit.FIELDS, _all)


async def room(session: AsyncSession, actor: Actor) -> Room:
    """How many custom fields there are, of how many that the plan allows."""
    actor.require(Permission.TAGS_SEE)
    return await plans.room(session, Limit.FIELDS)


async def all_fields(session: AsyncSession, actor: Actor) -> list[FieldRow]:
    """All fields in their order, for whoever sees contacts."""
    actor.require(Permission.CONTACTS_SEE)
    return await definitions(session)


async def definitions(session: AsyncSession) -> list[FieldRow]:
    """The same for services."""
    query = select(CustomField).order_by(col(CustomField.position), col(CustomField.id)).limit(MOST)
    return [_row(field) for field in await session.exec(query)]


async def listing(session: AsyncSession, actor: Actor) -> list[FieldLine]:
    """The same with how many contacts have a value in each."""
    actor.require(Permission.TAGS_SEE)
    counted = sa.select(col(FieldValue.field_id), sa.func.count()).group_by(col(FieldValue.field_id))
    counts: dict[int, int] = dict(await fetch(session, counted))
    return [FieldLine(**row, values=counts.get(row["id"], 0)) for row in await definitions(session)]


async def get(session: AsyncSession, actor: Actor, field_id: int) -> FieldRow:
    """One field. Raises NotFound."""
    actor.require(Permission.TAGS_SEE)
    return _row(await _get(session, field_id))


async def option_counts(session: AsyncSession, actor: Actor, field_id: int) -> dict[str, int]:
    """How many contacts have each choice of a field; of a field without choices nothing is told. Raises NotFound."""
    actor.require(Permission.TAGS_SEE)
    if (await _get(session, field_id)).kind is not FieldKind.SELECT:
        return {}
    query = (
        sa.select(col(FieldValue.value), sa.func.count())
        .where(col(FieldValue.field_id) == field_id)
        .group_by(col(FieldValue.value))
        .limit(MOST)
    )
    return dict(await fetch(session, query))


async def create(session: AsyncSession, actor: Actor, form: FieldForm) -> int:
    """Make a field; it stands last.

    Raises:
        Invalid: naming the input.
        LimitReached: the plan allows no more.
    """
    actor.require(Permission.TAGS_DO)
    await take_turns(session, _LOCK)
    await ensure_room(session, Limit.FIELDS)
    label = name_of("label", form["label"], LABEL_MAX)
    last = (await fetch(session, sa.select(sa.func.max(col(CustomField.position)))))[0][0]
    field = CustomField(
        key=await _new_key(session, form["key"], label),
        label=label,
        kind=_kind(form["kind"]),
        position=(last or 0) + 1,
    )
    _fill(field, form)
    field.options = [option["now"] for option in _options(field, form)]
    session.add(field)
    await session.flush()
    audit.record(session, actor, "field.created", f"field:{field.id}", label=label, key=field.key)
    touch(session, TOPIC, "contacts")
    return field.id or 0


async def change(session: AsyncSession, actor: Actor, field_id: int, form: FieldForm) -> None:
    """Change what may change: all but key and kind. A choice that is renamed keeps its contacts.

    Raises:
        Invalid: naming the input.
        NotFound: it is gone.
    """
    actor.require(Permission.TAGS_DO)
    await take_turns(session, _LOCK)
    field = await _get(session, field_id)
    field.label = name_of("label", form["label"], LABEL_MAX)
    _fill(field, form)
    await choices.change(session, field, _options(field, form))
    session.add(field)
    audit.record(session, actor, "field.changed", f"field:{field_id}", label=field.label)
    touch(session, TOPIC, "contacts")


async def move(session: AsyncSession, actor: Actor, field_id: int, place: int) -> None:
    """Put a field at a place among the others, 0 being the first. Raises NotFound."""
    actor.require(Permission.TAGS_DO)
    await take_turns(session, _LOCK)
    await _get(session, field_id)
    order = [row["id"] for row in await definitions(session) if row["id"] != field_id]
    order.insert(max(0, place), field_id)
    for position, each in enumerate(order):
        await session.exec(
            sa.update(CustomField).where(col(CustomField.id) == each).values(position=position)
        )
    touch(session, TOPIC, "contacts")


async def effects(session: AsyncSession, actor: Actor, field_id: int) -> Effects:
    """What goes when a field goes. Raises NotFound."""
    actor.require(Permission.TAGS_SEE)
    field = await _get(session, field_id)
    query = sa.select(sa.func.count()).where(col(FieldValue.field_id) == field_id)
    values = (await fetch(session, query))[0][0]
    return Effects(values=values, segments=await upkeep.asking_for_field(session, field.key))


async def delete(session: AsyncSession, actor: Actor, field_id: int) -> str:
    """Remove a field and what all contacts have in it, for good; its label. Raises NotFound."""
    actor.require(Permission.TAGS_DO)
    field = await _get(session, field_id)
    await session.delete(field)
    audit.record(session, actor, "field.deleted", f"field:{field_id}", label=field.label, key=field.key)
    touch(session, TOPIC, "contacts", "segments")
    return field.label


def _row(field: CustomField) -> FieldRow:
    return FieldRow(
        id=field.id or 0,
        key=field.key,
        label=field.label,
        kind=field.kind.value,
        help=field.help,
        minimum=field.minimum,
        maximum=field.maximum,
        required=field.required,
        options=list(field.options),
    )


def _kind(name: str) -> FieldKind:
    try:
        return FieldKind(name)
    except ValueError:
        raise Invalid("kind", "Choose a kind of the list.") from None


def _fill(field: CustomField, form: FieldForm) -> None:
    field.help, field.required = one_line(form["help"]), form["required"]
    if len(field.help) > HELP_MAX:
        raise Invalid("help", f"A help text has at most {HELP_MAX} characters.")
    field.minimum = _bound(field.kind, "minimum", form["minimum"])
    field.maximum = _bound(field.kind, "maximum", form["maximum"])
    if field.minimum and field.maximum and _size(field, field.minimum) > _size(field, field.maximum):
        raise Invalid("maximum", "The upper bound is below the lower one.")


def _bound(kind: FieldKind, name: str, text: str) -> str:
    if not text.strip() or kind in (FieldKind.SELECT, FieldKind.YES_NO):
        return ""
    try:
        if kind is FieldKind.DATE:
            return canonical.day(text)
        value = canonical.number(text)
    except ValueError as problem:
        raise Invalid(name, str(problem)) from None
    if kind is FieldKind.NUMBER:
        return value
    longest = TEXT_MAX if kind is FieldKind.TEXT else LONG_TEXT_MAX
    if not value.isdecimal() or int(value) > longest:
        raise Invalid(name, f"How many characters: a whole number up to {longest:,}.")
    return value


def _size(field: CustomField, bound: str) -> Any:
    return bound if field.kind is FieldKind.DATE else canonical.as_float(bound)


def _options(field: CustomField, form: FieldForm) -> list[choices.Option]:
    return choices.read(form["options"]) if field.kind is FieldKind.SELECT else []


async def _new_key(session: AsyncSession, wanted: str, label: str) -> str:
    """What was asked for if it is free, or one made from the label."""
    taken = {row["key"] for row in await definitions(session)}
    if wanted.strip():
        key = wanted.strip().lower()
        if not re.fullmatch(r"[a-z][a-z0-9_]*", key) or len(key) > KEY_LENGTH:
            raise Invalid("key", f"Use letters a to z, digits and _, at most {KEY_LENGTH}, a letter first.")
        if key in RESERVED or key in taken:
            raise Invalid("key", "This name is taken. Choose another.")
        return key
    plain = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[: KEY_LENGTH - 8].strip("_") or "field"
    base = base if base[0].isalpha() else f"field_{base}"
    base = f"{base}_field" if base in RESERVED else base
    numbered = (f"{base}_{number}" for number in range(2, MOST + 3))
    return next(key for key in (base, *numbered) if key not in taken)


async def _get(session: AsyncSession, field_id: int) -> CustomField:
    field = await session.get(CustomField, field_id)
    if field is None:
        raise NotFound("field")
    return field
