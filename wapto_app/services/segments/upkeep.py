"""What happens to segments when a tag, a field, a choice or a campaign that they ask for changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.clock import utcnow
from wapto_app.db import touch
from wapto_app.models import Segment
from wapto_app.services.segments.rules import OWN, Raw

TOPIC = "segments"
_NAMED = 20
Change = Callable[[Raw], bool]
"""Changes a test of a segment in place; whether it did."""


async def asking_for_tag(session: AsyncSession, tag_id: int) -> list[str]:
    """Names of the segments that ask for a tag."""
    return await _asking(session, lambda test: _is_about_tags(test) and tag_id in _items(test))


async def asking_for_field(session: AsyncSession, key: str) -> list[str]:
    """Names of the segments that ask for a custom field."""
    return await _asking(session, lambda test: test.get("field") == OWN + key)


async def replace_tag(session: AsyncSession, tag_id: int, into_id: int) -> None:
    """Ask for another tag from now on."""

    def replaced(test: Raw) -> bool:
        if not _is_about_tags(test) or tag_id not in _items(test):
            return False
        test["items"] = list(dict.fromkeys(into_id if each == tag_id else each for each in _items(test)))
        return True

    await _change_all(session, replaced)


async def forget_tag(session: AsyncSession, tag_id: int, name: str) -> None:
    """Leave a note where a tag was asked for: its id may be given to another one later."""

    def forgotten(test: Raw) -> bool:
        if not _is_about_tags(test) or tag_id not in _items(test):
            return False
        _leave_note(test, tag_id, name)
        return True

    await _change_all(session, forgotten)


async def forget_campaign(session: AsyncSession, campaign_id: int, name: str) -> None:
    """Leave a note where a campaign was asked for, as for a tag."""

    def forgotten(test: Raw) -> bool:
        if not _is_about_campaigns(test) or campaign_id not in _items(test):
            return False
        _leave_note(test, campaign_id, name)
        return True

    await _change_all(session, forgotten)


async def rename_option(session: AsyncSession, key: str, renamed: Mapping[str, str]) -> None:
    """Ask for the choices of a field by their new names."""

    def asked_anew(test: Raw) -> bool:
        if test.get("field") != OWN + key or not set(renamed) & {str(each) for each in _items(test)}:
            return False
        test["items"] = [renamed.get(str(each), each) for each in _items(test)]
        return True

    await _change_all(session, asked_anew)


async def _asking(session: AsyncSession, asks: Change) -> list[str]:
    found = await session.exec(select(Segment).order_by(col(Segment.key)))
    return [segment.name for segment in found if _each(segment.rules, asks)][:_NAMED]


async def _change_all(session: AsyncSession, change: Change) -> None:
    for segment in (await session.exec(select(Segment).with_for_update())).all():
        rules = deepcopy(segment.rules)
        if _each(rules, change):
            segment.rules, segment.updated_at = rules, utcnow()
            session.add(segment)
            touch(session, TOPIC)


def _each(node: Any, change: Change) -> bool:
    """Whether one of the tests said yes; all of them are asked."""
    if not isinstance(node, dict):
        return False
    if isinstance(node.get("rules"), list):
        return sum(_each(each, change) for each in node["rules"]) > 0
    return change(node)


def _is_about_tags(test: Raw) -> bool:
    return test.get("field") == "tags"


def _is_about_campaigns(test: Raw) -> bool:
    return test.get("field") == "campaign"


def _leave_note(test: Raw, gone_id: int, name: str) -> None:
    test["items"] = [each for each in _items(test) if each != gone_id]
    test["gone"] = [*(test.get("gone") or []), name]


def _items(test: Raw) -> list[Any]:
    found = test.get("items")
    return found if isinstance(found, list) else []
