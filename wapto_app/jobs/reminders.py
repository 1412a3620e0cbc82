"""What reaches people by the clock: tasks that have become due, and notifications by mail."""

from __future__ import annotations

from wapto_app.runtime import Runtime
from wapto_app.services import mail, notification_mails, tasks


async def remind(runtime: Runtime) -> None:
    """Tell people of the tasks that have become due."""
    async with runtime.db.read() as session:
        if not await tasks.any_to_remind(session):
            return
    async with runtime.db.write() as session:
        await tasks.remind(session)


async def mail_notifications(runtime: Runtime) -> None:
    """Queue a mail of what somebody wants by mail."""
    async with runtime.db.read() as session:
        if not await notification_mails.any_due(session):
            return
    async with runtime.db.write() as session:
        if await mail.is_on(session, runtime.settings):
            await notification_mails.queue(session)
        else:
            await notification_mails.give_up(session)
