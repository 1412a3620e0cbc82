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
    """Mail what somebody wants by mail. A stop in between repeats one at most."""
    async with runtime.db.read() as session:
        due = await notification_mails.due(session, runtime.settings.base_url)
    server = mail.server_of(runtime.settings)
    if due and server is None:
        async with runtime.db.write() as session:
            await notification_mails.give_up(session)
        return
    for notification_id, letter in due:
        assert server is not None
        await mail.send(server, letter)
        async with runtime.db.write() as session:
            await notification_mails.settle(session, [notification_id])
