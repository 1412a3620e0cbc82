"""From contacts to the words of a template: what can be chosen, what is wrong with a choice, and how it looks."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, TypedDict

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.db import fetch
from wapto_app.models import (
    Campaign,
    CampaignUploadRow,
    CampaignVariant,
    Contact,
    ContactAddress,
    CustomField,
    Template,
)
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services.campaigns import audience as audiences
from wapto_app.services.campaigns import offers, reasons, strangers
from wapto_app.services.campaigns.filler import Filler, Part, Recipient, contacts
from wapto_app.services.campaigns.rules import (
    COLUMN,
    CONTACT,
    CONTACT_NAMES,
    FIELD,
    FIXED,
    SOURCES,
    TIME,
    Rule,
    Rules,
    plain,
    problems,
    read,
)
from wapto_app.services.campaigns.timing import zone_of_name
from wapto_app.services.contact_names import name_columns, name_of
from wapto_app.services.errors import NotFound
from wapto_app.services.masking import Mask, mask_of
from wapto_app.services.quick_replies.variables import first_name
from wapto_app.services.templates import Button, Filled, Form, describe, file_places
from wapto_app.services.visibility import readable_contact

__all__ = [
    "COLUMN",
    "CONTACT",
    "CONTACT_NAMES",
    "FIELD",
    "FIXED",
    "SOURCES",
    "Choice",
    "Filled",
    "Filler",
    "Preview",
    "Recipient",
    "Rule",
    "Rules",
    "choices",
    "preview",
    "problems",
    "read",
]

_LABELS = {
    "name": "Name",
    "first_name": "First name",
    "company": "Company",
    "email": "E-mail",
    "phone": "Phone number",
    "language": "Language",
}


class Choice(TypedDict):
    """Something that can stand in a gap; ``source`` and ``name`` as in a ``Rule``."""

    source: str
    name: str
    label: str


class ShownValue(TypedDict):
    """What stands in one gap. ``is_fallback``: the contact has nothing there."""

    key: str
    name: str
    value: str
    is_fallback: bool


class PreviewCard(TypedDict):
    """A card of it; ``header`` and ``file_key`` as there."""

    header: str
    file_key: str
    body: str
    buttons: list[Button]


class Preview(TypedDict):
    """The message as one contact gets it; ``contact_id`` 0 is a number of a file that is no contact yet.

    ``header`` is none, text, image, video, document or location; ``file_key`` the file of it. ``offer`` is the text of
    a limited-time offer, ``offer_ends`` its end (ISO 8601). ``problem`` says why this contact would be skipped, and the
    texts still hold their gaps then.
    """

    contact_id: int
    contact: str
    phone: str
    header: str
    header_text: str
    body: str
    footer: str
    buttons: list[Button]
    cards: list[PreviewCard]
    offer: str
    offer_ends: str
    file_key: str
    values: list[ShownValue]
    problem: str


async def choices(session: AsyncSession, actor: Actor, campaign_id: int) -> list[Choice]:
    """What can stand in a gap: of the contact, its custom fields, and the columns of the campaign's files."""
    actor.require(Permission.CAMPAIGNS_SEE)
    campaign = await _campaign(session, campaign_id)
    c = CustomField
    fields = await fetch(session, sa.select(col(c.key), col(c.label)).order_by(col(c.position), col(c.id)))
    columns = await columns_of(session, campaign.audience)
    return [
        *(Choice(source=CONTACT, name=name, label=_LABELS[name]) for name in CONTACT_NAMES),
        *(Choice(source=FIELD, name=row.key, label=row.label) for row in fields),
        *(Choice(source=COLUMN, name=name, label=name) for name in columns),
    ]


async def columns_of(session: AsyncSession, audience: Any) -> list[str]:
    """Headings of the files of an audience, each once."""
    ids = await audiences.upload_ids(session, audiences.read(audience or {}))
    return await strangers.headings(session, ids)


async def preview(
    session: AsyncSession, actor: Actor, campaign_id: int, label: str, contact_id: int = 0, row_id: int = 0
) -> Preview:
    """The message of a variant for a contact, for whom a line of its files stands for, or for the first of the
    audience. Hidden numbers stay hidden.

    Raises:
        NotFound: the campaign, the variant's template, the contact or the line is not there or not visible.
    """
    actor.require(Permission.CAMPAIGNS_SEE)
    campaign = await _campaign(session, campaign_id)
    variant, template = await variant_of(session, campaign_id, label)
    files = dict.fromkeys((each["place"] for each in file_places(template)), "")
    zone = zone_of_name(campaign.time_zone)
    part = Part(template, variant.mapping, has_file=True, files=files, zone=zone)
    audience = audiences.read(campaign.audience or {})
    if not contact_id and not row_id:
        contact_id = await _first(session, actor, audience, template)
    if contact_id:
        who = await _who(session, actor, contact_id, audience, part)
    else:
        who = await _stranger(session, await audiences.upload_ids(session, audience), row_id)
    mask = await mask_of(session, actor, contact_id) if contact_id else Mask(hides=actor.hide_phone)
    return _preview(template, variant, part, who, mask)


class _Who(TypedDict):
    id: int
    name: str
    phone: str
    known: dict[str, str]
    columns: dict[str, str]


async def variant_of(session: AsyncSession, campaign_id: int, label: str) -> tuple[CampaignVariant, Template]:
    """A variant with its template. Raises NotFound."""
    query = (
        select(CampaignVariant, Template)
        .join(Template, col(Template.id) == col(CampaignVariant.template_id))
        .where(CampaignVariant.campaign_id == campaign_id, CampaignVariant.label == label)
    )
    found = (await session.exec(query)).first()
    if found is None:
        raise NotFound("template")
    return found


async def _first(
    session: AsyncSession, actor: Actor, audience: audiences.Audience, template: Template
) -> int:
    summary = await audiences.summary(session, actor, audience, template.id or 0)
    return summary["sample"][0]["id"] if summary["sample"] else 0


async def _who(
    session: AsyncSession, actor: Actor, contact_id: int, audience: audiences.Audience, part: Part
) -> _Who:
    uploads = await audiences.upload_ids(session, audience)
    query = sa.select(*name_columns()).where(col(Contact.id) == contact_id, readable_contact(actor))
    rows = await fetch(session, query)
    if not rows:
        raise NotFound("contact")
    known = await contacts(session, [contact_id], part.fields, [part.language])
    numbers = select(ContactAddress.value).where(ContactAddress.contact_id == contact_id)
    columns = await cells_of(session, uploads, list(await session.exec(numbers)))
    name = name_of(await mask_of(session, actor, contact_id), rows[0])
    return _Who(
        id=contact_id,
        name=name,
        phone=rows[0].phone or "",
        known=known[contact_id][part.language],
        columns=columns,
    )


async def _stranger(session: AsyncSession, uploads: Collection[int], row_id: int) -> _Who:
    """As the contact that will be made of the line; nobody when there are no strangers and none was asked for."""
    r = CampaignUploadRow
    query = sa.select(col(r.number)).where(*strangers.unknown(uploads))
    query = query.where(col(r.id) == row_id) if row_id else query.order_by(col(r.id))
    rows = await fetch(session, query.limit(1)) if uploads else []
    if row_id and not rows:
        raise NotFound("contact")
    number = rows[0].number if rows else ""
    columns = await cells_of(session, uploads, [number])
    name = strangers.name_in(columns, strangers.name_column(await strangers.headings(session, uploads)))
    known = {"name": plain(name), "first_name": first_name(plain(name)), "phone": number}
    return _Who(id=0, name=name or number, phone=number, known=known, columns=columns)


async def cells_of(
    session: AsyncSession, upload_ids: Collection[int], numbers: Collection[str]
) -> dict[str, str]:
    """What the files say about somebody; of several the first file that has the number."""
    if not upload_ids or not numbers:
        return {}
    r = CampaignUploadRow
    query = sa.select(col(r.upload_id), col(r.cells)).where(
        col(r.upload_id).in_(upload_ids), col(r.number).in_(numbers)
    )
    found: dict[int, dict[str, str]] = {row.upload_id: row.cells for row in await fetch(session, query)}
    return next((found[each] for each in upload_ids if each in found), {})


def _preview(template: Template, variant: CampaignVariant, part: Part, who: _Who, mask: Mask) -> Preview:
    form = describe(template)
    varying = [slot["key"] for slot in part.compiled.varying]
    real = dict(zip(varying, part.values(who["known"], who["columns"]), strict=True))
    empty = dict(zip(varying, part.values({}, {}), strict=True))
    made = part.compiled.fill(list(real.values()))
    times = {slot["key"] for slot in form["slots"] if slot["kind"] == TIME}
    values = {
        key: value if key in times and offers.is_moment(value) else mask.every(value)
        for key, value in (part.fixed | real).items()
    }
    shown: Mapping[str, Any] = form
    body = form["body"]
    if not isinstance(made, str):
        masked = part.compiled.fill([values[key] for key in varying])
        made = masked if not isinstance(masked, str) else made
        shown, body = made.content["shown"], made.body
    return Preview(
        contact_id=who["id"],
        contact=mask.every(who["name"]),
        phone=mask.phone(who["phone"]),
        header=form["header"],
        header_text=shown["header_text"],
        body=body,
        footer=form["footer"],
        buttons=shown["buttons"],
        cards=_cards(shown, variant),
        offer=form["offer"],
        offer_ends=shown["offer"]["ends"] if isinstance(shown.get("offer"), dict) else "",
        file_key=variant.file_key,
        values=_values(form, values, {key for key in empty if real[key] == empty[key] != ""}),
        problem=reasons.words(made) if isinstance(made, str) else "",
    )


def _values(form: Form, values: Mapping[str, str], fallbacks: Collection[str]) -> list[ShownValue]:
    return [
        ShownValue(
            key=slot["key"],
            name=slot["name"],
            value=values.get(slot["key"], ""),
            is_fallback=slot["key"] in fallbacks,
        )
        for slot in form["slots"]
    ]


def _cards(shown: Mapping[str, Any], variant: CampaignVariant) -> list[PreviewCard]:
    return [
        PreviewCard(
            header=card["header"],
            file_key=variant.card_files.get(f"cards.{at}", ""),
            body=card["body"],
            buttons=card["buttons"],
        )
        for at, card in enumerate(shown.get("cards", ()))
    ]


async def _campaign(session: AsyncSession, campaign_id: int) -> Campaign:
    campaign = await session.get(Campaign, campaign_id)
    if campaign is None:
        raise NotFound("campaign")
    return campaign
