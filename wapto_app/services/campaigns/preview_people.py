"""Whose message can be looked at before anything is sent: anybody of the audience."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from typing_extensions import TypedDict

from wapto_app.db import fetch
from wapto_app.models import Campaign, CampaignUploadRow, CampaignVariant, Contact
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services.campaigns import audience as audiences
from wapto_app.services.campaigns import strangers
from wapto_app.services.campaigns.standing import reason_of
from wapto_app.services.contact_names import name_columns, name_of
from wapto_app.services.contacts import filters
from wapto_app.services.errors import NotFound
from wapto_app.services.masking import Mask, masks

MOST = 10


class PreviewPerson(TypedDict):
    """``contact_id`` is 0 for a number of a file that is no contact yet: ``row_id`` is then its line there."""

    contact_id: int
    row_id: int
    name: str
    phone: str


async def find(
    session: AsyncSession, actor: Actor, campaign_id: int, search: str = ""
) -> list[PreviewPerson]:
    """Some of those who get the campaign and whom the text fits, the newest contacts first.

    Raises:
        NotFound: the campaign is gone.
    """
    actor.require(Permission.CAMPAIGNS_SEE)
    campaign = await session.get(Campaign, campaign_id)
    if campaign is None:
        raise NotFound("campaign")
    audience, text = audiences.read(campaign.audience or {}), search.strip()[: filters.SEARCH_MAX]
    found = await _contacts(session, actor, campaign_id, audience, text)
    uploads = await audiences.upload_ids(session, audience)
    # From whom numbers are hidden could try digits until one of the file fits.
    if len(found) < MOST and uploads and not (text and actor.hide_phone):
        found += await _strangers(session, actor, uploads, text, MOST - len(found))
    return found


async def _contacts(
    session: AsyncSession, actor: Actor, campaign_id: int, audience: audiences.Audience, text: str
) -> list[PreviewPerson]:
    if text and not actor.may(Permission.CONTACTS_SEE):
        return []
    of = select(CampaignVariant.template_id).where(CampaignVariant.campaign_id == campaign_id)
    needs = await audiences.needs_of(session, audience, [each for each in await session.exec(of) if each])
    query = (await audiences.chosen(session, audience, actor)).where(reason_of(needs) == "")
    if text:
        query = query.where(*await filters.conditions(session, actor, {**filters.EVERYONE, "search": text}))
    newest = query.with_only_columns(*name_columns()).order_by(col(Contact.id).desc()).limit(MOST)
    rows = await fetch(session, newest)
    hidden = await masks(session, actor, [row.contact_id for row in rows])
    return [_contact(hidden.of(row.contact_id), row) for row in rows]


def _contact(mask: Any, row: Any) -> PreviewPerson:
    name, phone = name_of(mask, row), mask.phone(row.phone)
    return PreviewPerson(contact_id=row.contact_id, row_id=0, name=name, phone=phone if phone != name else "")


async def _strangers(
    session: AsyncSession, actor: Actor, uploads: list[int], text: str, most: int
) -> list[PreviewPerson]:
    r = CampaignUploadRow
    lines = sa.select(sa.func.min(col(r.id))).where(*strangers.unknown(uploads))
    if text:
        digits = "".join(each for each in text if each.isdigit())
        fits = sa.cast(col(r.cells), sa.Text).icontains(text, autoescape=True)
        lines = lines.where(sa.or_(fits, col(r.number).contains(digits)) if digits else fits)
    first = lines.group_by(col(r.number)).order_by(sa.func.min(col(r.id))).limit(most)
    query = sa.select(col(r.id), col(r.number), col(r.cells)).where(col(r.id).in_(first)).order_by(col(r.id))
    column = strangers.name_column(await strangers.headings(session, uploads))
    mask = Mask(hides=actor.hide_phone)
    found = []
    for row in await fetch(session, query):
        name, phone = mask.every(strangers.name_in(row.cells, column)), mask.phone(row.number)
        found.append(
            PreviewPerson(contact_id=0, row_id=row.id, name=name or phone, phone=phone if name else "")
        )
    return found
