"""Settings that are made in the page, of the install and of one account: a JSON object by name.

Each feature owns its own name.
"""

from __future__ import annotations

from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.models import AccountPreference, Preference


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


async def read_own(session: AsyncSession, account_id: int | None, name: str) -> dict[str, Any]:
    """What an account chose for itself; empty when it chose nothing, and for nobody."""
    if account_id is None:
        return {}
    found = await session.get(AccountPreference, (account_id, name))
    return dict(found.value) if found is not None else {}


async def write_own(session: AsyncSession, account_id: int, name: str, value: dict[str, Any]) -> None:
    """Replace what an account chose. The caller has asked whose account it is."""
    found = await session.get(AccountPreference, (account_id, name))
    if found is None:
        found = AccountPreference(account_id=account_id, name=name)
    found.value = value
    session.add(found)
