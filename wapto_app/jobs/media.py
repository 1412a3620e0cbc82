"""Fetches customers' files from Meta: at once, since their links live five minutes and their ids seven days."""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
import time
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

from sqlmodel import select

from integrations.whatsapp.errors import GraphError, MediaTooLarge, NoAnswer, WhatsAppError
from wapto_app.clock import utcnow
from wapto_app.jobs.pacing import backoff
from wapto_app.jobs.waiting import wait
from wapto_app.log import get_logger
from wapto_app.models import Channel, MediaState
from wapto_app.runtime import Runtime
from wapto_app.services import media
from wapto_app.services.gateway import Number
from wapto_app.services.media import transfers
from wapto_app.services.media.files import incoming, relative_path
from wapto_app.services.media.sniff import UNKNOWN_TYPE, by_content

log = get_logger(__name__)

TOPIC = "media"
_AT_ONCE = 4
_MAX_REFUSALS = 8
_META_KEEPS = timedelta(days=7)
_IDLE_SECONDS = 5.0
# An upload or download takes minutes at most; what is older was left behind by a process that died.
_ABANDONED_SECONDS = 24 * 3600.0


async def run(runtime: Runtime) -> None:
    """Fetch until cancelled."""
    wake = asyncio.Event()
    await asyncio.to_thread(_remove_abandoned, incoming(runtime.settings.media_dir))
    with runtime.hub.listening(lambda topics: wake.set() if TOPIC in topics else None):
        while True:
            wake.clear()
            try:
                while files := await runtime.writer.run(transfers.inbound_due, _AT_ONCE):
                    await asyncio.gather(*(_fetch_one(runtime, file) for file in files))
            except Exception:
                log.exception("media.fetch_failed")
            await wait(wake, _IDLE_SECONDS)


def _remove_abandoned(folder: Path) -> None:
    oldest = time.time() - _ABANDONED_SECONDS
    for path in folder.glob("*"):
        if path.is_file() and path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)


async def _fetch_one(runtime: Runtime, file: transfers.Inbound) -> None:
    try:
        fetched = await _fetch(runtime, file)
    except Exception as error:
        log.exception("media.fetch_broken", file=file.id)
        fetched = _refused(file, type(error).__name__)
    shown_in = await runtime.writer.run(transfers.settle_inbound, fetched)
    runtime.hub.publish(frozenset(f"conversation:{conversation_id}" for conversation_id in shown_in))


async def _fetch(runtime: Runtime, file: transfers.Inbound) -> transfers.Fetched:
    async with runtime.db.read() as session:
        channel = (await session.exec(select(Channel).where(Channel.id == file.channel_id))).one()
    target = media.absolute(runtime.settings.media_dir, relative_path(file.key))
    try:
        size, sha256 = await _download(runtime, runtime.gateway.number(channel), file.meta_id, target)
    except MediaTooLarge:
        return transfers.Fetched(file, MediaState.FAILED, error="The file is larger than 100 MB.")
    except OSError as error:
        return _later(file, f"The file could not be written: {error.strerror or error}")
    except NoAnswer:
        return _later(file, "WhatsApp could not be reached.")
    except GraphError as error:
        return _later(file, error.info.meaning) if error.is_auth else _refused(file, str(error))
    except WhatsAppError as error:
        return _refused(file, str(error))
    return transfers.Fetched(
        file,
        MediaState.STORED,
        path=relative_path(file.key),
        mime_type=await asyncio.to_thread(_checked_type, target, file.mime_type),
        size=size,
        sha256=sha256,
    )


def _later(file: transfers.Inbound, why: str, refusals: int | None = None) -> transfers.Fetched:
    """Again after a while, for as long as Meta keeps the file: a full disk or an outage must not cost it."""
    count = file.refusals if refusals is None else refusals
    if utcnow() - file.created_at > _META_KEEPS:
        return transfers.Fetched(file, MediaState.FAILED, error=why, refusals=count)
    again = utcnow() + backoff(file.attempt + 1)
    return transfers.Fetched(file, MediaState.PENDING, error=why, refusals=count, retry_at=again)


def _refused(file: transfers.Inbound, why: str) -> transfers.Fetched:
    refusals = file.refusals + 1
    if refusals >= _MAX_REFUSALS:
        return transfers.Fetched(file, MediaState.FAILED, error=why, refusals=refusals)
    return _later(file, why, refusals)


async def _download(runtime: Runtime, number: Number, meta_id: str, target: Path) -> tuple[int, str]:
    info = await number.media_info(meta_id)
    partial = incoming(runtime.settings.media_dir) / f"{target.name}.{secrets.token_hex(4)}"
    await asyncio.to_thread(_make_folders, partial, target)
    try:
        async with number.graph.download_media(info.url, max_bytes=media.MAX_BYTES) as stream:
            digest, size = hashlib.sha256(), 0
            file = await asyncio.to_thread(partial.open, "wb")
            try:
                async for chunk in stream:
                    digest.update(chunk)
                    size += len(chunk)
                    await asyncio.to_thread(file.write, chunk)
                await asyncio.to_thread(_make_durable, file)
            finally:
                await asyncio.to_thread(file.close)
        await asyncio.to_thread(partial.replace, target)
    finally:
        await asyncio.to_thread(partial.unlink, missing_ok=True)
    return size, digest.hexdigest()


def _make_folders(*files: Path) -> None:
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)


def _make_durable(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _checked_type(path: Path, claimed: str) -> str:
    """The type that Meta says, unless the content is a page or a drawing that a browser could run."""
    found = by_content(path)
    is_harmless = media.is_inline(found) or found == UNKNOWN_TYPE
    return claimed if is_harmless and media.is_inline(claimed) else found
