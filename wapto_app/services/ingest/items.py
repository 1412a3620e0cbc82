"""Hands every parsed element to the module that knows it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from integrations.whatsapp import webhooks
from wapto_app.bulk import Bulk
from wapto_app.models import Channel
from wapto_app.models.base import table_of
from wapto_app.services.ingest import account_events, messages, statuses
from wapto_app.services.ingest.context import Batch, Item

channel = table_of(Channel)
_NUMBERS = sa.select(channel.c.phone_number_id, channel.c.id)

Apply = Callable[[Batch, list[Any]], None]

# Messages come before statuses: a status may speak of an echo in the same batch.
_APPLY: tuple[tuple[tuple[type, ...], Apply], ...] = (
    ((webhooks.InboundMessage,), messages.inbound),
    ((webhooks.MessageEcho, webhooks.HistoryMessage), messages.from_elsewhere),
    ((webhooks.StatusUpdate,), statuses.apply),
    ((webhooks.UserPreference,), account_events.preferences),
    ((webhooks.PhoneNumberQualityUpdate,), account_events.quality),
    ((webhooks.PhoneNumberNameUpdate,), account_events.display_name),
    ((webhooks.BusinessCapabilityUpdate,), account_events.capability),
    ((webhooks.AccountUpdate,), account_events.account),
    ((webhooks.AccountReview,), account_events.review),
    ((webhooks.ChannelError,), account_events.channel_errors),
    (
        (
            webhooks.TemplateStatusUpdate,
            webhooks.TemplateQualityUpdate,
            webhooks.TemplateCategoryUpdate,
            webhooks.TemplateComponentsUpdate,
        ),
        account_events.templates,
    ),
)


def apply_items(connection: sa.Connection, items: list[Item], numbers: dict[str, int]) -> set[str]:
    """Apply elements of any number of webhooks; returns the topics to publish.

    Raises:
        UnknownNumber: when an element names a phone number id that was never connected.
        NobodyNamed: when a message names no customer.
        OriginalMissing: when a change overtook the message that it changes.
    """
    batch = Batch(connection, channels=numbers)
    groups: dict[type, list[Item]] = defaultdict(list)
    for item in items:
        groups[type(item.event)].append(item)
    for kinds, apply in _APPLY:
        group = [item for kind in kinds for item in groups.get(kind, ())]
        if group:
            apply(batch, group)
    if items:
        _note_arrival(batch, items)
    return batch.topics


def known_numbers(connection: sa.Connection) -> dict[str, int]:
    """Meta's phone number ids and our channel ids, of disconnected numbers too."""
    return dict(connection.execute(_NUMBERS).tuples().all())


def _note_arrival(batch: Batch, items: list[Item]) -> None:
    """Remember when each number last heard from Meta: the health panel shows it."""
    latest = max(item.received_at for item in items)
    known = {batch.channels[item.number] for item in items if item.number in batch.channels}
    _ARRIVED.run(batch.connection, [{"of": channel_id, "now": latest} for channel_id in sorted(known)])


def _arrived(_dialect: str) -> sa.Update:
    last = channel.c.last_webhook_at
    now = sa.bindparam("now", type_=last.type)
    return (
        channel.update()
        .where(channel.c.id == sa.bindparam("of"), sa.or_(last.is_(None), last < now))
        .values(last_webhook_at=now)
    )


_ARRIVED = Bulk(_arrived)
