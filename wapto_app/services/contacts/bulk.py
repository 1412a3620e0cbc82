"""Deeds on many contacts: the marked ones, or all that match, some at a time so that others may write meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from enum import StrEnum
from pathlib import Path

from wapto_app.db import Database
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import tags
from wapto_app.services.contacts import consent, deleting
from wapto_app.services.contacts.filters import ContactFilter
from wapto_app.services.contacts.listing import ids_after

AT_ONCE = 500


class Deed(StrEnum):
    TAG = "tag"
    UNTAG = "untag"
    OPT_OUT = "opt_out"
    OPT_IN = "opt_in"
    DELETE = "delete"


async def some(
    db: Database, actor: Actor, wanted: ContactFilter, ids: Collection[int] | None
) -> AsyncIterator[list[int]]:
    """The ids to work on, ``AT_ONCE`` at a time: the given ones, or with None all that match."""
    if ids is not None:
        marked = sorted(set(ids))
        for start in range(0, len(marked), AT_ONCE):
            yield marked[start : start + AT_ONCE]
        return
    after = 0
    while True:
        async with db.read() as session:
            found = await ids_after(session, actor, wanted, after, AT_ONCE)
        if not found:
            return
        yield found
        after = found[-1]


async def do(
    db: Database, actor: Actor, media_dir: Path, deed: Deed, ids: Collection[int], tag_ids: Sequence[int] = ()
) -> int:
    """Do it to these contacts, as far as the actor may see them; how many changed."""
    actor.require(Permission.CONTACTS_DO)
    if deed is Deed.DELETE:
        return await deleting.delete(db, actor, media_dir, ids)
    async with db.write() as session:
        match deed:
            case Deed.OPT_OUT:
                return await consent.opt_out(session, actor, ids)
            case Deed.OPT_IN:
                return await consent.opt_in(session, actor, ids)
            case _:
                return await tags.apply(session, actor, ids, tag_ids, remove=deed is Deed.UNTAG)
