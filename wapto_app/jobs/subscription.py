"""What time does to the subscription, once a minute: trials end, periods renew, warnings are given and mailed."""

from __future__ import annotations

from wapto_app.runtime import Runtime
from wapto_app.services import mail
from wapto_app.services.plans import renewal, warnings


async def move_on(runtime: Runtime) -> None:
    """The tick. Each step is a transaction of its own, and does again what a kill left undone."""
    async with runtime.db.write() as session:
        await renewal.move_on(session)
    async with runtime.db.write() as session:
        await warnings.look(session)
    await _mail(runtime)


async def _mail(runtime: Runtime) -> None:
    """Mail each warning to the owners; what the mail server did not take is tried again in a minute, for a day."""
    server = mail.server_of(runtime.settings)
    if server is None:
        return
    async with runtime.db.read() as session:
        waiting = await warnings.to_mail(session)
    for warned in waiting:
        text = f"{warned.text}\n\n{runtime.settings.base_url}/subscription\n"
        sent = [await mail.send(server, mail.Mail(to, warned.subject, text)) for to in warned.to]
        if all(sent):
            async with runtime.db.write() as session:
                await warnings.mark_mailed(session, [warned.id])
