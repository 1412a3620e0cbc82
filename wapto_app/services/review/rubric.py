"""What reviewers look at: a few criteria with weights, kept as a setting."""

from __future__ import annotations

import secrets
from typing import Any, TypedDict

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel.ext.asyncio.session import AsyncSession

from integrations.whatsapp.webhooks.decoding import clean_text
from wapto_app.db import touch
from wapto_app.models import Preference
from wapto_app.models.base import table_of
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import audit
from wapto_app.services.errors import Invalid

NAME = "review_rubric"
TOPIC = "reviews"
MOST = 10
HEAVIEST = 10
NAME_MAX = 60
POINTS = (1, 5)
"""From the worst to the best."""


class Criterion(TypedDict):
    """``key`` stays when the name changes; a criterion with the weight 2 counts twice."""

    key: str
    name: str
    weight: int


DEFAULT: tuple[Criterion, ...] = (
    Criterion(key="tone", name="Friendly and clear", weight=1),
    Criterion(key="understanding", name="Understood the question", weight=1),
    Criterion(key="solution", name="Solved it", weight=2),
)


async def rubric(session: AsyncSession, actor: Actor) -> list[Criterion]:
    """The criteria for new reviews."""
    actor.require(Permission.REPORTS_SEE)
    return await criteria(session)


async def criteria(session: AsyncSession) -> list[Criterion]:
    """As ``rubric``, for services that have asked for the permission."""
    kept = await session.get(Preference, NAME)
    return criteria_in(kept.value) if kept else list(DEFAULT)


def criteria_in(kept: dict[str, Any]) -> list[Criterion]:
    """What a setting, or the copy in a review, holds."""
    return [Criterion(key=each["key"], name=each["name"], weight=each["weight"]) for each in kept["criteria"]]


async def save_rubric(session: AsyncSession, actor: Actor, wanted: list[Criterion]) -> None:
    """Replace the criteria. Reviews that are written already keep theirs. An empty key makes a new criterion.

    Raises:
        Invalid: there is none, there are too many, or one has no name, a name twice, or a weight that is none.
    """
    actor.require(Permission.REPORTS_DO)
    value = {"criteria": _checked(wanted)}
    connection = await session.connection()
    insert: Any = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    row = insert(table_of(Preference)).values(name=NAME, value=value)
    await connection.execute(
        row.on_conflict_do_update(index_elements=["name"], set_={"value": row.excluded.value})
    )
    audit.record(session, actor, "review.rubric_changed", "", criteria=len(wanted))
    touch(session, TOPIC)


def _checked(wanted: list[Criterion]) -> list[Criterion]:
    if not 1 <= len(wanted) <= MOST:
        raise Invalid("rubric", f"Name 1 to {MOST} criteria.")
    checked = [_check(each) for each in wanted]
    names = [each["name"].casefold() for each in checked]
    if len(set(names)) < len(names):
        raise Invalid("rubric", "Two criteria have the same name.")
    keys = [each["key"] for each in checked]
    if len(set(keys)) < len(keys):
        raise Invalid("rubric", "Two criteria have the same key.")
    return checked


def _check(given: Criterion) -> Criterion:
    name = " ".join(clean_text(given["name"]).split())
    if not name:
        raise Invalid("rubric", "Every criterion needs a name.")
    if len(name) > NAME_MAX:
        raise Invalid("rubric", f"A name has at most {NAME_MAX} characters.")
    if not 1 <= given["weight"] <= HEAVIEST:
        raise Invalid("rubric", f"A weight is a whole number from 1 to {HEAVIEST}.")
    return Criterion(key=given["key"][:32] or secrets.token_hex(4), name=name, weight=given["weight"])
