"""What happens by the clock: tasks become due, snoozed conversations come back, notifications go out by mail."""

from __future__ import annotations

from wapto_app.runtime import Runtime
from wapto_app.services import mail, notification_mails, tasks
from wapto_app.services.inbox import status


async def remind(runtime: Runtime) -> None:
    """Tell people of the tasks that have become due."""
    async with runtime.db.read() as session:
        if not await tasks.any_to_remind(session):
            return
    async with runtime.db.write() as session:
        await tasks.remind(session)


async def wake_snoozed(runtime: Runtime) -> None:
    """Bring back the conversations whose time has come."""
    async with runtime.db.read() as session:
        if not await status.any_due(session):
            return
    woken = 1
    while woken:
        async with runtime.db.write() as session:
            woken = await status.wake_due(session)


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
