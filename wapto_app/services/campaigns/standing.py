"""Whether a contact may get a campaign, as one expression of SQL: the first reason against it, or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import col

from wapto_app.clock import utcnow
from wapto_app.models import AddressKind, CampaignRecipient, Contact, ContactAddress
from wapto_app.services.campaigns import reasons


@dataclass(frozen=True, slots=True)
class Needs:
    """What a campaign asks of a contact. ``needs_number``: Meta sends authentication templates to numbers only.

    ``lacking`` is who has no value for a gap of the template.
    ``besides`` is the campaign itself, whose own recipients do not count as having got a campaign lately.
    """

    is_marketing: bool = False
    needs_number: bool = False
    not_within_days: int = 0
    left_out: sa.ColumnElement[bool] | None = None
    lacking: sa.ColumnElement[bool] | None = None
    besides: int = 0


def reason_of(needs: Needs) -> sa.ColumnElement[str]:
    """A word of ``reasons`` for a row of ``contact``, the first that holds in their order; empty when none does."""
    cases: list[Any] = [
        (col(Contact.blocked_at).is_not(None), reasons.BLOCKED),
        (col(Contact.opted_out_at).is_not(None), reasons.OPTED_OUT),
    ]
    if needs.is_marketing:
        cases.append((col(Contact.marketing_stopped_at).is_not(None), reasons.MARKETING_STOPPED))
    cases.append((~_reachable(needs), reasons.NO_NUMBER))
    if needs.not_within_days:
        cases.append((_got_one(needs), reasons.LATELY))
    if needs.left_out is not None:
        cases.append((needs.left_out, reasons.EXCLUDED))
    if needs.lacking is not None:
        cases.append((needs.lacking, reasons.MISSING_VALUE))
    return sa.case(*cases, else_=sa.literal(""))


def _reachable(needs: Needs) -> sa.ColumnElement[bool]:
    """Whether WhatsApp knows a way; a business-scoped user id is one, except for codes (Meta: 131062)."""
    way = sa.select(sa.literal(1)).where(col(ContactAddress.contact_id) == col(Contact.id))
    if needs.needs_number:
        way = way.where(col(ContactAddress.kind).in_((AddressKind.PHONE, AddressKind.WA_ID)))
    return way.exists()


def _got_one(needs: Needs) -> sa.ColumnElement[bool]:
    since = utcnow() - timedelta(days=needs.not_within_days)
    got = sa.select(sa.literal(1)).where(
        col(CampaignRecipient.contact_id) == col(Contact.id),
        col(CampaignRecipient.queued_at) >= since,
    )
    if needs.besides:
        got = got.where(col(CampaignRecipient.campaign_id) != needs.besides)
    return got.exists()
