"""Settings of the install that are made in the page: a JSON object by name. Each feature owns its own name."""

from __future__ import annotations

from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.models import Preference


async def read(session: AsyncSession, name: str) -> dict[str, Any]:
    """What was set; empty when nothing was."""
    found = await session.get(Preference, name)
    return dict(found.value) if found is not None else {}


async def write(session: AsyncSession, name: str, value: dict[str, Any]) -> None:
    """Replace what was set. The caller asks for permission and notes the deed."""
    found = await session.get(Preference, name)
    if found is None:
        found = Preference(name=name)
    found.value = value
    session.add(found)
