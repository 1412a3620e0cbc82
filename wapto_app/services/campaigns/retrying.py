"""Failed recipients get another message."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import sqlalchemy as sa
from typing_extensions import TypedDict

from wapto_app.clock import utcnow
from wapto_app.models import CampaignRecipient, CampaignVariant, Contact, RecipientState, Template
from wapto_app.models.base import table_of
from wapto_app.services.campaigns import tallying

recipient, contact = table_of(CampaignRecipient), table_of(Contact)
variant, template = table_of(CampaignVariant), table_of(Template)

SPARED = 131049
SPARED_FOR = timedelta(hours=24)
"""Meta, 131049: the customer has got enough marketing; not to be tried again before."""


class Which(TypedDict):
    """Whom: ``recipients`` by id, or everybody who failed with Meta's ``code`` (0 for none) and our ``reason``.

    Of neither given (no recipients, ``everybody`` False) nobody; ``everybody`` is all who failed.
    """

    recipients: list[int]
    everybody: bool
    code: int
    reason: str


class Retried(TypedDict):
    """``again``: get another message. ``left_out``: chosen, but may not be written to (yet)."""

    again: int
    left_out: int


def retry(connection: sa.Connection, campaign_id: int, which: Which, also_unconfirmed: bool) -> Retried:
    """For a campaign whose row the transaction has locked."""
    chosen = _chosen(campaign_id, which, also_unconfirmed=also_unconfirmed)
    total = connection.execute(sa.select(sa.func.count()).where(*chosen)).scalar_one()
    allowed = [*chosen, _may_be_written_to()]
    found = connection.execute(
        sa.select(recipient.c.id, recipient.c.variant_id, recipient.c.state).where(*allowed).with_for_update()
    ).all()
    changes: tallying.Changes = Counter()
    for row in found:
        changes.update(tallying.moved(campaign_id, [row.variant_id], row.state, RecipientState.WAITING))
    _again(connection, [row.id for row in found])
    tallying.apply(connection, changes)
    return Retried(again=len(found), left_out=total - len(found))


def _again(connection: sa.Connection, ids: list[int]) -> None:
    """The old message stays known until there is a new one: it may turn out to have arrived after all."""
    again = (
        recipient.update()
        .where(recipient.c.id == sa.bindparam("of"))
        .values(state=RecipientState.WAITING, due_at=utcnow(), reason="", error_code=None, error_detail="")
    )
    if ids:
        connection.execute(again, [{"of": each} for each in ids])


def _chosen(campaign_id: int, which: Which, *, also_unconfirmed: bool) -> list[sa.ColumnElement[bool]]:
    states = [RecipientState.FAILED] + ([RecipientState.UNCONFIRMED] if also_unconfirmed else [])
    chosen = [recipient.c.campaign_id == campaign_id, recipient.c.state.in_(states)]
    if which["recipients"]:
        chosen.append(recipient.c.id.in_(which["recipients"]))
    elif which["code"]:
        chosen.append(recipient.c.error_code == which["code"])
    elif which["reason"]:
        chosen += [recipient.c.error_code.is_(None), recipient.c.reason == which["reason"]]
    elif not which["everybody"]:
        chosen.append(sa.false())
    return chosen


def _may_be_written_to() -> sa.ColumnElement[bool]:
    """Neither opted out nor blocked, no marketing to who stopped it, and nobody whom WhatsApp spares."""
    is_marketing = (
        sa.select(template.c.id)
        .join(variant, variant.c.template_id == template.c.id)
        .where(variant.c.id == recipient.c.variant_id, template.c.category == "MARKETING")
        .exists()
    )
    person = (
        sa.select(contact.c.id)
        .where(
            contact.c.id == recipient.c.contact_id,
            contact.c.opted_out_at.is_(None),
            contact.c.blocked_at.is_(None),
            sa.or_(contact.c.marketing_stopped_at.is_(None), ~is_marketing),
        )
        .exists()
    )
    is_spared = sa.and_(recipient.c.error_code == SPARED, recipient.c.queued_at > utcnow() - SPARED_FOR)
    return sa.and_(person, sa.or_(recipient.c.error_code.is_(None), ~is_spared))
