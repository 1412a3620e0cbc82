"""What happens to saved views of the inbox when a tag that they ask for goes."""

from __future__ import annotations

from typing import Any

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.db import touch
from wapto_app.models import SavedView

TOPIC = "views"
INCOMPLETE = "gone"
"""Stands among the filters of a view that has lost one, so that its name does not promise what it no longer shows."""


async def forget_tag(session: AsyncSession, tag_id: int) -> None:
    """Stop asking for a tag, and say so: its id may be given to another one later."""
    await _change(session, tag_id, None)


async def replace_tag(session: AsyncSession, tag_id: int, into_id: int) -> None:
    """Ask for another tag from now on."""
    await _change(session, tag_id, into_id)


async def _change(session: AsyncSession, tag_id: int, into_id: int | None) -> None:
    for view in await session.exec(select(SavedView).with_for_update()):
        tags = str(view.filters.get("tags") or "").split(",")
        if str(tag_id) not in tags:
            continue
        kept: list[str] = [str(into_id or "") if each == str(tag_id) else each for each in tags]
        filters: dict[str, Any] = {**view.filters, "tags": ",".join(dict.fromkeys(filter(None, kept)))}
        view.filters = filters if into_id else {**filters, INCOMPLETE: "1"}
        session.add(view)
        touch(session, TOPIC)
