"""Notes of campaigns' messages that moved.

Outside the package ``campaigns``, because the outbox and the ingest write them, which know nothing else of campaigns.
``campaigns.following`` takes them away.
"""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from wapto_app.bulk import Bulk
from wapto_app.models import CampaignChange
from wapto_app.models.base import table_of

change = table_of(CampaignChange)
_NOTE = Bulk(lambda _dialect: change.insert())


def note(connection: sa.Connection, recipient_ids: Iterable[int | None]) -> None:
    """The messages of these recipients moved: part of the transaction that moves them. None for no campaign's."""
    rows = [{"recipient_id": each} for each in dict.fromkeys(recipient_ids) if each is not None]
    _NOTE.run(connection, rows)
