"""The tick of the daily backup."""

from __future__ import annotations

from wapto_app.log import get_logger
from wapto_app.runtime import Runtime
from wapto_app.services import backup
from wapto_app.services.backup import schedule
from wapto_app.services.backup.create import NotMade
from wapto_app.services.backup.database import DatabaseNotCopied

log = get_logger(__name__)


async def make_due(runtime: Runtime) -> None:
    """Make today's backup if its time has come. A failed one is tried again within the hour, and its error shown."""
    async with runtime.db.read() as session:
        slot, plan = await schedule.due(session), await backup.plan(session)
    if slot is None:
        return
    error = ""
    try:
        await backup.make(runtime.settings, backup.DAILY, runtime.hub.publish, keep=plan["keep"])
    except (NotMade, DatabaseNotCopied) as failure:
        error = str(failure)
        log.error("backup.failed", reason=error)
    async with runtime.db.write() as session:
        await schedule.note(session, slot, error)
