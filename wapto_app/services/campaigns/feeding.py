"""Whose turn it is: the campaigns of a number that may send, and their next recipients. ``queueing`` queues them."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from wapto_app.bulk import among
from wapto_app.clock import utcnow
from wapto_app.models import (
    AddressKind,
    Campaign,
    CampaignRecipient,
    CampaignState,
    CampaignVariant,
    Contact,
    ContactAddress,
    Conversation,
    Message,
    Template,
)
from wapto_app.models.base import table_of
from wapto_app.models.conversations import WAITING
from wapto_app.services import sessions
from wapto_app.services.campaigns.template_files import keys_of

campaign, variant = table_of(Campaign), table_of(CampaignVariant)
recipient, template = table_of(CampaignRecipient), table_of(Template)
contact, address = table_of(Contact), table_of(ContactAddress)
conversation, message = table_of(Conversation), table_of(Message)

_USE_NOTED_EVERY = timedelta(minutes=1)
# Spelled exactly as in the partial indexes, or SQLite does not use them.
_IS_DUE_STATE = sa.text("campaign_recipient.state = 'waiting'")
_IS_IN_OUTBOX = sa.text(f"message.{WAITING}")
_IS_OF_CAMPAIGN = sa.text("(message.campaign_recipient_id IS NOT NULL)")


@dataclass(frozen=True, slots=True)
class Running:
    """A campaign that has something to send through a number, as the feeder reads it.

    ``fits``: its variants whose templates may be sent. ``rate`` is its own limit in messages per second. ``files`` are
    keys of the library by variant and place (``template_files``); a variant without any is not among them.
    """

    id: int
    rate: float | None
    quiet: bool
    files: Mapping[int, Mapping[str, str]]
    fits: frozenset[int]
    marketing: frozenset[int]


@dataclass(frozen=True, slots=True)
class Next:
    """A recipient whose turn it is, with what decides whether the message may be written."""

    id: int
    variant_id: int | None
    contact_id: int | None
    columns: Mapping[str, Any]
    opted_out: bool
    blocked: bool
    marketing_stopped: bool


def running(connection: sa.Connection, channel_id: int) -> list[Running]:
    """The campaigns of a number that may send now; none while the workspace has no plan."""
    columns = (campaign.c.id, campaign.c.rate, campaign.c.quiet_from)
    of_variant = (variant.c.id.label("variant_id"), variant.c.file_key, variant.c.card_files)
    of_template = (template.c.status, template.c.category, template.c.gone_at)
    query = (
        sa.select(*columns, *of_variant, *of_template)
        .join(variant, variant.c.campaign_id == campaign.c.id)
        .outerjoin(template, template.c.id == variant.c.template_id)
        .where(
            campaign.c.channel_id == channel_id,
            campaign.c.state == CampaignState.RUNNING,
            sa.or_(campaign.c.waiting_until.is_(None), campaign.c.waiting_until <= utcnow()),
            ~sessions.is_locked(),
        )
        .order_by(campaign.c.id, variant.c.id)
    )
    by_campaign: dict[int, list[Any]] = {}
    for row in connection.execute(query):
        by_campaign.setdefault(row.id, []).append(row)
    return [_running(rows) for rows in by_campaign.values()]


def _running(rows: Sequence[Any]) -> Running:
    first = rows[0]
    return Running(
        first.id,
        first.rate,
        bool(first.quiet_from),
        {row.variant_id: files for row in rows if (files := keys_of(row))},
        frozenset(row.variant_id for row in rows if row.status == "APPROVED" and row.gone_at is None),
        frozenset(row.variant_id for row in rows if row.category == "MARKETING"),
    )


def ahead(connection: sa.Connection, channel_id: int) -> int:
    """Messages of campaigns that are queued on a number and have not left."""
    query = sa.select(sa.func.count()).where(
        message.c.channel_id == channel_id,
        _IS_IN_OUTBOX,
        _IS_OF_CAMPAIGN,
        sa.text("message.status = 'queued'"),
    )
    return int(connection.execute(query).scalar_one())


def upcoming(connection: sa.Connection, campaign_id: int, limit: int) -> list[Next]:
    """The next whose time has come."""
    columns = (recipient.c.id, recipient.c.variant_id, recipient.c.contact_id, recipient.c.columns)
    query = (
        sa.select(
            *columns,
            contact.c.opted_out_at.is_not(None),
            contact.c.blocked_at.is_not(None),
            contact.c.marketing_stopped_at.is_not(None),
        )
        .outerjoin(contact, contact.c.id == recipient.c.contact_id)
        .where(recipient.c.campaign_id == campaign_id, _IS_DUE_STATE, recipient.c.due_at <= utcnow())
        .order_by(recipient.c.due_at, recipient.c.id)
        .limit(limit)
    )
    return [Next(*row) for row in connection.execute(query)]


def addresses(connection: sa.Connection, contact_ids: Sequence[int]) -> dict[int, str]:
    """Where WhatsApp finds each contact: the newest number, else the name under which WhatsApp knows them."""
    rows = connection.execute(_addresses(connection.dialect.name), {"contacts": contact_ids})
    found: dict[int, dict[AddressKind, str]] = {}
    for contact_id, kind, value in rows:
        found.setdefault(contact_id, {})[kind] = value
    return {contact_id: _best(known) for contact_id, known in found.items()}


@functools.cache
def _addresses(dialect: str) -> sa.Select[Any]:
    columns = (address.c.contact_id, address.c.kind, address.c.value)
    of = among(dialect, address.c.contact_id, "contacts")
    return sa.select(*columns).where(of).order_by(address.c.id)


def _best(known: Mapping[AddressKind, str]) -> str:
    if number := known.get(AddressKind.PHONE):
        return number
    if wa_id := known.get(AddressKind.WA_ID):
        return f"+{wa_id.lstrip('+')}"
    return known.get(AddressKind.BSUID, "")


def refusal(person: Next, campaign_now: Running) -> str:
    """The word of why this person does not get it; empty when nothing is known against it."""
    if person.contact_id is None:
        return "deleted"
    if person.blocked:
        return "blocked"
    if person.opted_out:
        return "opted_out"
    if person.marketing_stopped and person.variant_id in campaign_now.marketing:
        return "marketing_stopped"
    return ""
