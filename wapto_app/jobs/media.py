"""Fetches customers' files from Meta: at once, since their links live five minutes and their ids seven days."""

from __future__ import annotations

import asyncio
import hashlib
import os
from pathlib import Path

from sqlmodel import select

from integrations.whatsapp.errors import GraphError, MediaTooLarge, NoAnswer, WhatsAppError
from wapto_app.clock import utcnow
from wapto_app.jobs.pacing import backoff
from wapto_app.log import get_logger
from wapto_app.models import Channel, MediaState
from wapto_app.runtime import Runtime
from wapto_app.services import media
from wapto_app.services.gateway import Number
from wapto_app.services.media import transfers
from wapto_app.services.media.files import relative_path
from wapto_app.services.media.sniff import by_content

log = get_logger(__name__)

TOPIC = "media"
_AT_ONCE = 4
_MAX_TRIES = 8
_IDLE_SECONDS = 5.0


async def run(runtime: Runtime) -> None:
    """Fetch until cancelled."""
    wake = asyncio.Event()
    runtime.hub.listen(lambda topics: wake.set() if TOPIC in topics else None)
    while True:
        wake.clear()
        try:
            while files := await runtime.writer.run(transfers.inbound_due, _AT_ONCE):
                await asyncio.gather(*(_fetch_one(runtime, file) for file in files))
        except Exception:
            log.exception("media.fetch_failed")
        try:
            await asyncio.wait_for(wake.wait(), _IDLE_SECONDS)
        except TimeoutError:
            continue


async def _fetch_one(runtime: Runtime, file: transfers.Inbound) -> None:
    fetched = await _fetch(runtime, file)
    shown_in = await runtime.writer.run(transfers.settle_inbound, fetched)
    runtime.hub.publish(frozenset(f"conversation:{conversation_id}" for conversation_id in shown_in))


async def _fetch(runtime: Runtime, file: transfers.Inbound) -> transfers.Fetched:
    async with runtime.db.read() as session:
        channel = (await session.exec(select(Channel).where(Channel.id == file.channel_id))).one()
    target = media.absolute(runtime.settings.media_dir, relative_path(file.key))
    try:
        size, sha256 = await _download(runtime.gateway.number(channel), file.meta_id, target)
    except MediaTooLarge:
        return transfers.Fetched(file, MediaState.FAILED, error="The file is larger than 100 MB.")
    except OSError as error:
        return _later(file, f"The file could not be written: {error.strerror or error}")
    except (NoAnswer, GraphError, WhatsAppError) as error:
        return _later(file, str(error))
    return transfers.Fetched(
        file,
        MediaState.STORED,
        path=relative_path(file.key),
        mime_type=await asyncio.to_thread(_checked_type, target, file.mime_type),
        size=size,
        sha256=sha256,
    )


def _later(file: transfers.Inbound, why: str) -> transfers.Fetched:
    if file.attempt + 1 >= _MAX_TRIES:
        return transfers.Fetched(file, MediaState.FAILED, error=why)
    return transfers.Fetched(
        file, MediaState.PENDING, error=why, retry_at=utcnow() + backoff(file.attempt + 1)
    )


async def _download(number: Number, meta_id: str, target: Path) -> tuple[int, str]:
    info = await number.media_info(meta_id)
    digest, size = hashlib.sha256(), 0
    partial = target.with_suffix(".part")
    await asyncio.to_thread(target.parent.mkdir, parents=True, exist_ok=True)
    async with number.graph.download_media(info.url, max_bytes=media.MAX_BYTES) as stream:
        file = await asyncio.to_thread(partial.open, "wb")
        try:
            async for chunk in stream:
                digest.update(chunk)
                size += len(chunk)
                await asyncio.to_thread(file.write, chunk)
            await asyncio.to_thread(_settle, file)
        finally:
            await asyncio.to_thread(file.close)
    await asyncio.to_thread(partial.replace, target)
    return size, digest.hexdigest()


def _settle(file: object) -> None:
    file.flush()  # type: ignore[attr-defined]
    os.fsync(file.fileno())  # type: ignore[attr-defined]


def _checked_type(path: Path, claimed: str) -> str:
    """The type that Meta says, unless the content is something a browser could run."""
    found = by_content(path)
    return claimed if media.is_inline(claimed) and found.split("/")[0] == claimed.split("/")[0] else found
