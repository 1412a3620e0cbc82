"""The values of many recipients at once: two queries for a batch, then no more than putting words into a message."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from babel.core import UnknownLocaleError
from babel.dates import format_date
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.db import fetch, in_parts
from wapto_app.models import (
    Campaign,
    CampaignVariant,
    Contact,
    CustomField,
    FieldKind,
    FieldValue,
    Template,
)
from wapto_app.services.campaigns import offers, reasons
from wapto_app.services.campaigns.compiled import Compiled
from wapto_app.services.campaigns.rules import COLUMN, CONTACT, FIELD, FIXED, TIME, Rule, Rules, plain
from wapto_app.services.campaigns.timing import zone_of_name
from wapto_app.services.contact_names import phone_column
from wapto_app.services.quick_replies.variables import first_name
from wapto_app.services.templates import Filled
from wapto_app.services.templates.anatomy import slots

Known = Mapping[str, str]
_DAY = "day"
"""A date of a custom field as it is stored: somewhere it is said in words, an offer calculates with it."""
_UTC = ZoneInfo("UTC")


class Recipient(Protocol):
    """What a row of ``campaign_recipient`` has, or a selection of its columns."""

    @property
    def id(self) -> Any: ...
    @property
    def contact_id(self) -> Any: ...
    @property
    def variant_id(self) -> Any: ...
    @property
    def columns(self) -> Any: ...


class Part:
    """A variant with its template, ready to be filled.

    ``files`` are those of the cards (``templates.fill``). Clocks without an offset are read in ``zone``.
    """

    def __init__(
        self,
        template: Template,
        rules: Rules,
        *,
        has_file: bool,
        files: Mapping[str, str] | None = None,
        zone: ZoneInfo = _UTC,
    ) -> None:
        times = {slot["key"] for slot in slots(template) if slot["kind"] == TIME}
        fixed = {key: plain(rule["name"]) for key, rule in rules.items() if rule["source"] == FIXED}
        self.fixed = {
            key: offers.said(value, zone) if key in times else value for key, value in fixed.items() if value
        }
        self.compiled = Compiled(template, self.fixed, has_file=has_file, files=files)
        self.language = template.language
        empty = Rule(source=FIXED, name="", fallback="")
        used = [rules.get(slot["key"], empty) for slot in self.compiled.varying]
        self.fields = {rule["name"] for rule in used if rule["source"] == FIELD}
        self.needs_phone = any(rule["source"] == CONTACT and rule["name"] == "phone" for rule in used)
        self._getters = [
            _time_getter(rule, zone) if slot["key"] in times else _getter(rule)
            for slot, rule in zip(self.compiled.varying, used, strict=True)
        ]

    def values(self, contact: Known, columns: Known) -> list[str]:
        """One for each slot that varies; empty where there is neither a value nor a fallback."""
        return [get(contact, columns) for get in self._getters]


class Filler:
    """Fills the templates of a campaign. Make one for a batch or for a while; it does not follow later changes."""

    def __init__(self, parts: Mapping[int, Part]) -> None:
        self._parts = parts
        self.variants = frozenset(parts)
        self._languages = {part.language for part in parts.values()}
        self._fields = frozenset[str]().union(*(part.fields for part in parts.values()))
        self._needs_phone = any(part.needs_phone for part in parts.values())

    @classmethod
    async def of(
        cls, session: AsyncSession, campaign_id: int, files: Mapping[int, Mapping[str, str]] | None = None
    ) -> Filler:
        """That of a campaign as it is stored. A variant whose template is gone fills nobody.

        ``files``: by variant and card the keys of the files that the thread will show.
        """
        query = (
            select(CampaignVariant, Template, Campaign.time_zone)
            .join(Template, col(Template.id) == col(CampaignVariant.template_id))
            .join(Campaign, col(Campaign.id) == col(CampaignVariant.campaign_id))
            .where(CampaignVariant.campaign_id == campaign_id)
        )
        return cls(
            {
                variant.id or 0: _part(variant, template, zone, (files or {}).get(variant.id or 0, {}))
                for variant, template, zone in await session.exec(query)
            }
        )

    async def fill(self, session: AsyncSession, recipients: Sequence[Recipient]) -> dict[int, Filled | str]:
        """The message of each recipient by its id, or the word of ``reasons`` why it cannot have one."""
        ids = {each.contact_id for each in recipients if each.contact_id}
        known = await contacts(session, ids, self._fields, self._languages, phones=self._needs_phone)
        return {each.id: self._one(each, known) for each in recipients}

    def _one(self, recipient: Recipient, known: Mapping[int, Mapping[str, Known]]) -> Filled | str:
        part = self._parts.get(recipient.variant_id)
        contact = known.get(recipient.contact_id)
        if part is None or contact is None:
            return reasons.BAD_VALUE if part is None else reasons.NO_NUMBER
        return part.compiled.fill(part.values(contact[part.language], recipient.columns))


def _part(variant: CampaignVariant, template: Template, time_zone: str, shown: Mapping[str, str]) -> Part:
    files = {place: shown.get(place, "") for place, key in variant.card_files.items() if key}
    zone = zone_of_name(time_zone)
    return Part(template, variant.mapping, has_file=bool(variant.file_key), files=files, zone=zone)


def _time_getter(rule: Rule, zone: ZoneInfo) -> Callable[[Known, Known], str]:
    """The end of an offer."""
    get, key = _getter(rule), f"{_DAY}:{rule['name']}"
    if rule["source"] == FIELD:
        return lambda contact, columns: offers.said(contact.get(key) or get(contact, columns), zone)
    return lambda contact, columns: offers.said(get(contact, columns), zone)


def _getter(rule: Rule) -> Callable[[Known, Known], str]:
    name, fallback = rule["name"], plain(rule["fallback"])
    if rule["source"] == COLUMN:
        return lambda _contact, columns: plain(columns.get(name) or "") or fallback
    key = f"{FIELD}:{name}" if rule["source"] == FIELD else name
    if rule["source"] == FIXED:
        return lambda _contact, _columns: fallback
    return lambda contact, _columns: contact.get(key) or fallback


async def contacts(
    session: AsyncSession,
    ids: Collection[int],
    fields: Collection[str],
    languages: Collection[str],
    *,
    phones: bool = True,
) -> dict[int, dict[str, dict[str, str]]]:
    """What is known of contacts, by language of the template: names of ``CONTACT_NAMES``, and ``field:<key>``."""
    phone: Any = phone_column() if phones else sa.literal("")
    known: dict[int, dict[str, str]] = {}
    for some in in_parts(sorted(ids)):
        query = sa.select(
            *(col(each) for each in (Contact.id, Contact.name, Contact.profile_name, Contact.company)),
            *(col(each) for each in (Contact.email, Contact.language)),
            phone.label("phone"),
        ).where(col(Contact.id).in_(some))
        for row in await fetch(session, query):
            known[row.id] = _contact(row)
    found = {each: dict.fromkeys(languages, values) for each, values in known.items()}
    if fields:
        await _add_fields(session, found, fields)
    return found


def _contact(row: Any) -> dict[str, str]:
    name = plain(row.name or row.profile_name)
    return {
        "name": name,
        "first_name": first_name(name),
        "company": plain(row.company),
        "email": row.email,
        "language": row.language,
        "phone": row.phone or "",
    }


async def _add_fields(
    session: AsyncSession, found: dict[int, dict[str, dict[str, str]]], keys: Collection[str]
) -> None:
    for some in in_parts(sorted(found)):
        query = (
            sa.select(
                col(FieldValue.contact_id),
                col(CustomField.key),
                col(CustomField.kind),
                col(FieldValue.value),
            )
            .join(CustomField, col(CustomField.id) == col(FieldValue.field_id))
            .where(col(FieldValue.contact_id).in_(some), col(CustomField.key).in_(keys))
        )
        for contact_id, key, kind, value in await fetch(session, query):
            for language, values in found[contact_id].items():
                # Shared by the languages until here, when a date is not written alike in all of them.
                spoken = {**values, f"{FIELD}:{key}": said(kind, value, language)}
                if kind == FieldKind.DATE:
                    spoken[f"{_DAY}:{key}"] = value
                found[contact_id][language] = spoken


def said(kind: FieldKind, value: str, language: str) -> str:
    """The value of a custom field as one would write it to a customer in this language."""
    if kind != FieldKind.DATE:
        return plain(value)
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return plain(value)
    try:
        return plain(format_date(day, "long", locale=language.replace("-", "_")))
    except (UnknownLocaleError, ValueError):
        return plain(format_date(day, "long", locale="en"))
