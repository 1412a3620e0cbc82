"""The choices of a field: renamed, moved, removed."""

from __future__ import annotations

import json
from typing import Any, TypedDict

import sqlalchemy as sa
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.clock import utcnow
from wapto_app.models import CustomField, FieldValue
from wapto_app.services.canonical import folded
from wapto_app.services.errors import Invalid
from wapto_app.services.naming import name_of
from wapto_app.services.segments import upkeep

LONGEST = 80
MOST = 200


class Option(TypedDict):
    """A choice as it was called (empty for a new one) and as it is to be called."""

    was: str
    now: str


def read(text: str) -> list[Option]:
    """What the form sends: a JSON list of ``{"was": …, "now": …}`` in the wanted order.

    Raises:
        Invalid: it is no such list, or has no choice, too many, or the same twice.
    """
    found = [_option(each) for each in _list(text)]
    if not found:
        raise Invalid("options", "Write at least one choice.")
    if len(found) > MOST:
        raise Invalid("options", f"A field has at most {MOST} choices.")
    for name in ("was", "now"):
        seen = [folded(each[name]) for each in found if each[name]]
        if len(seen) != len(set(seen)):
            raise Invalid("options", "Two choices have the same name.")
    return found


def _list(text: str) -> list[dict[str, Any]]:
    try:
        found = json.loads(text or "[]")
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise Invalid("options", "The choices could not be read. Load the page again.")
    return [each for each in found if str(each.get("now", "")).strip()]


def _option(found: dict[str, Any]) -> Option:
    return Option(was=str(found.get("was", ""))[:LONGEST], now=name_of("options", str(found["now"]), LONGEST))


async def change(session: AsyncSession, field: CustomField, wanted: list[Option]) -> None:
    """Rename what contacts have, and take away what is no choice any more."""
    before = set(field.options)
    renamed = {each["was"]: each["now"] for each in wanted if each["was"] in before}
    changed = {was: now for was, now in renamed.items() if was != now}
    removed = before - set(renamed) - {each["now"] for each in wanted}
    ours = col(FieldValue.field_id) == field.id
    if removed:
        keys = [folded(each) for each in removed]
        await session.exec(sa.delete(FieldValue).where(ours, col(FieldValue.key).in_(keys)))
    if changed:
        # All at once: two choices may swap their names.
        was = col(FieldValue.value)
        await session.exec(
            sa.update(FieldValue)
            .where(ours, col(FieldValue.key).in_([folded(each) for each in changed]))
            .values(
                value=sa.case(changed, value=was, else_=was),
                key=sa.case(
                    {old: folded(new) for old, new in changed.items()}, value=was, else_=col(FieldValue.key)
                ),
                updated_at=utcnow(),
            )
            .execution_options(synchronize_session=False)
        )
        await upkeep.rename_option(session, field.key, changed)
    field.options = [each["now"] for each in wanted]
