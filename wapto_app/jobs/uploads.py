"""Brings files to Meta before the messages that need them."""

from __future__ import annotations

import asyncio

from integrations.whatsapp.errors import GraphError, NoAnswer, Retry
from wapto_app.clock import utcnow
from wapto_app.jobs.pacing import backoff
from wapto_app.runtime import Runtime
from wapto_app.services import media
from wapto_app.services.errors import NotFound
from wapto_app.services.gateway import Number
from wapto_app.services.media import transfers

_AT_ONCE = 4
_MAX_REFUSALS = 5
_NETWORK_CAP_SECONDS = 60.0


async def upload_waiting(runtime: Runtime, number: Number, channel_id: int) -> GraphError | None:
    """Upload what queued messages of this number wait for; an answer that concerns the whole number comes back."""
    while files := await runtime.writer.run(transfers.outbound_due, transfers.Wanted(channel_id, _AT_ONCE)):
        errors = await asyncio.gather(*(_bring(runtime, number, channel_id, file) for file in files))
        for error in errors:
            if error is not None and error.is_auth:
                return error
    return None


async def _bring(
    runtime: Runtime, number: Number, channel_id: int, file: transfers.Outbound
) -> GraphError | None:
    uploaded, error = await _upload(runtime, number, file)
    failed = await runtime.writer.run(transfers.settle_outbound, uploaded)
    topics = (
        {"inbox"} | {f"conversation:{conversation_id}" for conversation_id in failed} if failed else set()
    )
    runtime.hub.publish(frozenset(topics | {f"outbox:{channel_id}"}))
    return error


async def _upload(
    runtime: Runtime, number: Number, file: transfers.Outbound
) -> tuple[transfers.Uploaded, GraphError | None]:
    try:
        path = media.absolute(runtime.settings.media_dir, file.path)
        meta_id = await number.upload(path, file.mime_type, file.filename)
    except (NotFound, FileNotFoundError):
        return transfers.Uploaded(file, error="The file is missing on this server."), None
    except NoAnswer:
        # As for messages: a network that is away for an hour must not cost anybody a picture.
        return _later(file, "WhatsApp could not be reached.", file.refusals), None
    except GraphError as error:
        return _refused(file, error), error
    return transfers.Uploaded(file, meta_id=meta_id), None


def _refused(file: transfers.Outbound, error: GraphError) -> transfers.Uploaded:
    if error.is_auth:
        return _later(file, error.info.meaning, file.refusals)
    refusals = file.refusals + 1
    if error.retry in (Retry.RETRY, Retry.WAIT) and refusals < _MAX_REFUSALS:
        return _later(file, error.info.meaning, refusals)
    return transfers.Uploaded(file, error=error.details or error.message or error.info.meaning)


def _later(file: transfers.Outbound, why: str, refusals: int) -> transfers.Uploaded:
    wait = backoff(file.attempt + 1, cap_seconds=_NETWORK_CAP_SECONDS)
    return transfers.Uploaded(file, error=why, refusals=refusals, retry_at=utcnow() + wait)
