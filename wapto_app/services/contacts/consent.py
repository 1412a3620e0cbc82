"""Whether a contact may be written to: opted out or in, by somebody of the team."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.clock import utcnow
from wapto_app.db import touch
from wapto_app.models import Contact, ContactEventKind
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import contact_events
from wapto_app.services.contact_names import TOPIC
from wapto_app.services.unwanted import cancel_for
from wapto_app.services.visibility import readable_contact


async def opt_out(session: AsyncSession, actor: Actor, contact_ids: Collection[int]) -> int:
    """Nothing is sent to them any more, also what waits for its time, until they are opted in; how many changed."""
    actor.require(Permission.CONTACTS_DO)
    changed = await _set(session, actor, contact_ids, out=True)
    await contact_events.record(session, changed, ContactEventKind.OPTED_OUT, actor.account_id)
    connection = await session.connection()
    touch(session, *await connection.run_sync(cancel_for, changed))
    return len(changed)


async def opt_in(session: AsyncSession, actor: Actor, contact_ids: Collection[int]) -> int:
    """They asked for messages again; how many changed. Lifts a stop of marketing messages too."""
    actor.require(Permission.CONTACTS_DO)
    changed = await _set(session, actor, contact_ids, out=False)
    await contact_events.record(session, changed, ContactEventKind.OPTED_IN, actor.account_id)
    return len(changed)


async def _set(session: AsyncSession, actor: Actor, contact_ids: Collection[int], *, out: bool) -> list[int]:
    t, now = Contact, utcnow()
    differs = (
        col(t.opted_out_at).is_(None)
        if out
        else sa.or_(col(t.opted_out_at).is_not(None), col(t.marketing_stopped_at).is_not(None))
    )
    query = (
        select(t.id).where(col(t.id).in_(contact_ids), differs, readable_contact(actor)).order_by(col(t.id))
    )
    found = [contact_id or 0 for contact_id in await session.exec(query.with_for_update(key_share=True))]
    values = {"opted_out_at": now} if out else {"opted_out_at": None, "marketing_stopped_at": None}
    if found:
        await session.exec(sa.update(t).where(col(t.id).in_(found)).values(**values, updated_at=now))
        touch(session, "inbox", TOPIC, *(f"contact:{contact_id}" for contact_id in found))
    return found
