"""A tag for the people of a campaign to whom the same happened."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import NamedTuple

from wapto_app.db import Database
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import tags
from wapto_app.services.campaigns.recipients import RecipientFilter, contacts_after

AT_ONCE = 500
"""People in one transaction, so that others may write in between."""


class Tagged(NamedTuple):
    """How many were gone through, and how many of them did not have the tag before."""

    seen: int
    changed: int


async def tag_people(
    db: Database, actor: Actor, campaign_id: int, wanted: RecipientFilter, tag_id: int
) -> AsyncIterator[Tagged]:
    """Put the tag on everybody who matches and whom the actor may see, some at a time; tells of each time.

    Who comes to match meanwhile is tagged too, unless they stand before what was gone through.

    Raises:
        NotFound: the tag is gone.
    """
    actor.require(Permission.CONTACTS_DO)
    after = 0
    while True:
        async with db.read() as session:
            found = await contacts_after(session, actor, campaign_id, wanted, after, AT_ONCE)
        if not found:
            return
        async with db.write() as session:
            changed = await tags.apply(session, actor, [contact_id for _id, contact_id in found], [tag_id])
        yield Tagged(len(found), changed)
        after = found[-1][0]
