"""Read receipts that WhatsApp still has to get."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from wapto_app.models import Conversation
from wapto_app.models.base import table_of

conversation = table_of(Conversation)

_AT_ONCE = 50
# Spelled exactly as in the partial index, or SQLite does not use it.
_IS_DUE = sa.text("receipt_wamid <> ''")


@dataclass(frozen=True, slots=True)
class Receipt:
    conversation_id: int
    wamid: str


def due(connection: sa.Connection, channel_ids: list[int]) -> Sequence[list[Receipt]]:
    """Writer operation: the receipts of each number."""
    return [_due(connection, channel_id) for channel_id in channel_ids]


def _due(connection: sa.Connection, channel_id: int) -> list[Receipt]:
    query = (
        sa.select(conversation.c.id, conversation.c.receipt_wamid)
        .where(conversation.c.channel_id == channel_id, _IS_DUE)
        .limit(_AT_ONCE)
    )
    return [Receipt(conversation_id, wamid) for conversation_id, wamid in connection.execute(query)]


def settle(connection: sa.Connection, receipts: list[Receipt]) -> Sequence[None]:
    """Writer operation: these were handed over; a newer one that came meanwhile stays due."""
    for receipt in receipts:
        connection.execute(
            conversation.update()
            .where(
                conversation.c.id == receipt.conversation_id, conversation.c.receipt_wamid == receipt.wamid
            )
            .values(receipt_wamid="")
        )
    return [None] * len(receipts)
