"""Sends the mails that wait: at once when one is posted, and what failed after a growing pause."""

from __future__ import annotations

import asyncio

from integrations.mail import Mail, MailNotSent, MailServer
from wapto_app.jobs.waiting import wait
from wapto_app.log import get_logger
from wapto_app.runtime import Runtime
from wapto_app.services import branding, mail
from wapto_app.services.mail import queue
from wapto_app.services.mail.server import server
from wapto_app.services.mail.writing import write

log = get_logger(__name__)

_IDLE_SECONDS = 15.0


async def run(runtime: Runtime) -> None:
    """Send until cancelled."""
    wake = asyncio.Event()
    with runtime.hub.listening(lambda topics: wake.set() if mail.TOPIC in topics else None):
        while True:
            wake.clear()
            try:
                await send_due(runtime)
            except Exception:
                log.exception("mail.sending_failed")
            await wait(wake, _IDLE_SECONDS)


async def send_due(runtime: Runtime) -> int:
    """Send everything that is due; how many were tried."""
    tried = 0
    while await _send_next(runtime):
        tried += 1
    return tried


async def _send_next(runtime: Runtime) -> bool:
    async with runtime.db.write() as session:
        claimed = await queue.claim(session)
    if claimed is None:
        return False
    async with runtime.db.read() as session:
        target = await server(session, runtime.secrets, runtime.settings)
        brand = await branding.load(session)
    if target is None or claimed.is_dead:
        async with runtime.db.write() as session:
            await queue.give_up(session, claimed, queue.NO_SERVER if target is None else queue.DEAD)
        return True
    try:
        await _hand_over(runtime, target, claimed, brand)
    except MailNotSent as error:
        log.error("mail.not_sent", kind=claimed.letter.kind, mail=claimed.id, reason=str(error))
        async with runtime.db.write() as session:
            await queue.failed(session, claimed, str(error), is_final=error.is_final)
        return True
    async with runtime.db.write() as session:
        await queue.sent(session, claimed.id)
    return True


async def _hand_over(
    runtime: Runtime, target: MailServer, claimed: queue.Claimed, brand: branding.Branding
) -> None:
    try:
        written = write(claimed.letter, brand, claimed.locale, runtime.settings.base_url)
    except (KeyError, ValueError, TypeError) as error:
        raise MailNotSent(f"This mail cannot be written: {error!r}", is_final=True) from error
    # The moment of writing makes it unique even when the database is a restored one and counts anew.
    message_id = f"wapto-{claimed.id}-{int(claimed.created_at.timestamp())}"
    await target.send(Mail(claimed.to, written.subject, written.text, written.html, message_id))
