"""What nobody needs any more is removed once an hour, a little at a time."""

from __future__ import annotations

from pathlib import Path

from wapto_app.db import Database
from wapto_app.services import imports, leases, links, notifications, retention, sessions
from wapto_app.services.campaigns import uploads
from wapto_app.services.contacts import unmerging
from wapto_app.services.mail import queue
from wapto_app.services.media import unsent


async def clean_up(db: Database, media_dir: Path) -> None:
    """Remove expired sessions and links, and whatever has been kept for as long as the admin chose."""
    async with db.write() as session:
        await sessions.delete_expired(session)
        await links.delete_expired(session)
        await notifications.delete_old(session)
        await queue.forget_texts(session)
        await unmerging.forget_old(session)
        await leases.forget_old(session)
    await imports.clean_up(db, media_dir)
    await uploads.clean_up(db)
    await unsent.clean_up(db, media_dir)
    await retention.carry_out(db, media_dir)
