"""The files of the cards of a template: each is brought to Meta before the message leaves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from wapto_app.models import MediaFile, Message, MessageFile
from wapto_app.models.base import table_of

message = table_of(Message)
media_file = table_of(MediaFile)
message_file = table_of(MessageFile)


def missing(now: sa.BindParameter[Any]) -> sa.ScalarSelect[Any]:
    """How many files of a message's cards Meta does not have, for a query over messages.

    A number and not "there is one": PostgreSQL makes a join of that, and goes through the whole queue.
    """
    return (
        sa.select(sa.func.count())
        .select_from(message_file)
        .join(media_file, media_file.c.id == message_file.c.media_id)
        .where(
            message_file.c.message_id == message.c.id,
            ~sa.and_(media_file.c.meta_id != "", media_file.c.meta_expires_at > now),
        )
        .correlate(message)
        .scalar_subquery()
    )


def of_messages(connection: sa.Connection, rows: Iterable[Any]) -> dict[int, dict[str, str]]:
    """Meta's ids of the files by their places, of those that have cards: one query, none when there are no such."""
    ids = [row.id for row in rows if row.content.get("files")]
    if not ids:
        return {}
    query = (
        sa.select(message_file.c.message_id, message_file.c.place, media_file.c.meta_id)
        .join(media_file, media_file.c.id == message_file.c.media_id)
        .where(message_file.c.message_id.in_(ids))
    )
    found: dict[int, dict[str, str]] = {}
    for row in connection.execute(query):
        found.setdefault(row.message_id, {})[row.place] = row.meta_id
    return found
