"""The people of a campaign as a file, written while it is read: a million of them need no more memory than fifty."""

from __future__ import annotations

from collections.abc import AsyncIterator

from wapto_app.db import Database
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import audit, spreadsheet
from wapto_app.services.campaigns.recipients import (
    RecipientFilter,
    RecipientRow,
    ensure_there,
    recipients,
)

_COLUMNS = {
    "name": "Name",
    "phone": "Phone",
    "state": "State",
    "variant": "Version",
    "sent_at": "Sent",
    "delivered_at": "Delivered",
    "read_at": "Read",
    "replied_at": "Replied",
    "clicked": "Button",
    "why": "Reason",
    "code": "WhatsApp's code",
    "attempt": "Attempts",
}
_AT_ONCE = 500


async def csv(db: Database, actor: Actor, campaign_id: int, wanted: RecipientFilter) -> AsyncIterator[str]:
    """The file of those who match, some lines at a time.

    Raises:
        NotFound: before the first line; there is no such campaign.
    """
    actor.require(Permission.CAMPAIGNS_SEE)
    actor.require(Permission.EXPORT_DO)
    actor.require_own_eyes(Permission.EXPORT_DO)
    async with db.write() as session:
        await ensure_there(session, campaign_id)
        audit.record(session, actor, "campaign.exported", f"campaign:{campaign_id}", filter=dict(wanted))

    async def parts() -> AsyncIterator[str]:
        yield "".join(spreadsheet.lines(_COLUMNS.values(), ()))
        after, more = 0, True
        while more:
            async with db.read() as session:
                page = await recipients(session, actor, campaign_id, wanted, after, limit=_AT_ONCE)
            yield "".join(spreadsheet.records([_values(row) for row in page.rows]))
            after, more = page.next, page.next > 0

    return parts()


def _values(row: RecipientRow) -> list[object]:
    known: dict[str, object] = dict(row)
    return [known[name] or "" for name in _COLUMNS]
