"""What a browser hands over again because it heard no answer happens once, also when the server began anew."""

from __future__ import annotations

from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.db import take_turns
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import preferences

REF_MAX = 40
_NAME = "handed_over"
_REMEMBERED = 50
# Above every other lock: each account has one of its own.
_LOCK = 0x6F6E6365 << 32


async def is_first(session: AsyncSession, actor: Actor, ref: str) -> bool:
    """Whether the actor hands this over for the first time; remembered in the transaction that carries it out."""
    actor.require(Permission.INBOX_DO)
    if actor.account_id is None:
        return True
    await take_turns(session, _LOCK + actor.account_id)
    known = (await preferences.read_own(session, actor.account_id, _NAME)).get("refs", [])
    if ref[:REF_MAX] in known:
        return False
    refs = [*known, ref[:REF_MAX]][-_REMEMBERED:]
    await preferences.write_own(session, actor.account_id, _NAME, {"refs": refs})
    return True
