"""Files of inbound messages: noted at once, fetched by ``jobs.media``."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from wapto_app.clock import utcnow
from wapto_app.models import MediaFile, MediaState
from wapto_app.models.base import table_of
from wapto_app.services.ingest.context import Batch

if TYPE_CHECKING:
    from wapto_app.services.ingest.messages import Arrival

media_file = table_of(MediaFile)


def register_files(batch: Batch, arrivals: list[Arrival]) -> None:
    """Give every message with a file its ``media_file`` row."""
    with_files = [arrival for arrival in arrivals if arrival.kind == "media"]
    if not with_files:
        return
    rows = [_row(arrival) for arrival in with_files]
    inserted = batch.connection.execute(
        media_file.insert().returning(media_file.c.key, media_file.c.id), rows
    )
    ids: dict[str, int] = dict(inserted.tuples().all())
    for arrival, row in zip(with_files, rows, strict=True):
        arrival.media_id = ids[row["key"]]
    batch.topics.add("media")


def _row(arrival: Arrival) -> dict[str, Any]:
    content: dict[str, Any] = dict(arrival.parsed.content)
    meta_id = str(content.get("id") or "")
    return {
        "key": secrets.token_hex(16),
        "channel_id": arrival.channel_id,
        "meta_id": meta_id[:64],
        "state": MediaState.PENDING if meta_id else MediaState.FAILED,
        "mime_type": str(content.get("mime_type") or "").split(";")[0].strip()[:127],
        "filename": str(content.get("filename") or "")[:255],
        "size": 0,
        "sha256": "",
        "path": "",
        "attempt": 0,
        "error": "" if meta_id else "WhatsApp could not hand over this file.",
        "created_at": utcnow(),
    }
