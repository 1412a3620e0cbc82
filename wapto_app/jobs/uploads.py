"""Brings files to Meta before the messages that need them."""

from __future__ import annotations

from integrations.whatsapp.errors import GraphError, NoAnswer, Retry
from wapto_app.clock import utcnow
from wapto_app.jobs.pacing import backoff
from wapto_app.runtime import Runtime
from wapto_app.services import media
from wapto_app.services.errors import NotFound
from wapto_app.services.gateway import Number
from wapto_app.services.media import transfers

_MAX_TRIES = 5


async def upload_waiting(runtime: Runtime, number: Number, channel_id: int) -> None:
    """Upload what queued messages of this number wait for; the sender is woken for them."""
    for file in await runtime.writer.run(transfers.outbound_due, channel_id):
        uploaded = await _upload(runtime, number, file)
        failed = await runtime.writer.run(transfers.settle_outbound, uploaded)
        topics = {f"outbox:{channel_id}"} | {f"conversation:{conversation_id}" for conversation_id in failed}
        runtime.hub.publish(frozenset(topics))


async def _upload(runtime: Runtime, number: Number, file: transfers.Outbound) -> transfers.Uploaded:
    try:
        path = media.absolute(runtime.settings.media_dir, file.path)
        meta_id = await number.upload(path, file.mime_type, file.filename)
    except (NotFound, FileNotFoundError):
        return transfers.Uploaded(file, error="The file is missing on this server.")
    except NoAnswer:
        return _later(file, "WhatsApp could not be reached.")
    except GraphError as error:
        if error.is_auth or error.retry in (Retry.RETRY, Retry.WAIT):
            return _later(file, error.info.meaning)
        return transfers.Uploaded(file, error=error.details or error.message)
    return transfers.Uploaded(file, meta_id=meta_id)


def _later(file: transfers.Outbound, why: str) -> transfers.Uploaded:
    if file.attempt + 1 >= _MAX_TRIES:
        return transfers.Uploaded(file, error=why)
    return transfers.Uploaded(file, error=why, retry_at=utcnow() + backoff(file.attempt + 1))
