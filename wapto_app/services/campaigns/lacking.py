"""Who of an audience has no value for a gap of the template, counted before anything is sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.models import (
    AddressKind,
    CampaignUploadRow,
    CampaignVariant,
    Contact,
    ContactAddress,
    CustomField,
    FieldValue,
    Template,
)
from wapto_app.services.campaigns.rules import COLUMN, CONTACT, FIELD, FIXED, Rule, read
from wapto_app.services.templates.anatomy import slots

Condition = sa.ColumnElement[bool]
_UNSPEAKABLE = frozenset('"\\')


async def bare_rules(session: AsyncSession, campaign_id: int) -> list[Rule]:
    """What its templates need of a contact and cannot do without: gaps that have no fallback, each once."""
    found: dict[tuple[str, str], Rule] = {}
    query = (
        select(CampaignVariant, Template)
        .join(Template, col(Template.id) == col(CampaignVariant.template_id))
        .where(CampaignVariant.campaign_id == campaign_id)
    )
    for variant, template in await session.exec(query):
        rules = read(variant.mapping)
        for slot in slots(template):
            rule = rules.get(slot["key"])
            if slot["required"] and rule and rule["source"] != FIXED and not rule["fallback"]:
                found[rule["source"], rule["name"]] = rule
    return list(found.values())


def lacks(rules: Sequence[Rule], uploads: Sequence[int]) -> Condition | None:
    """Whether the contact of the row has nothing for one of the rules; None when nobody can lack anything."""
    ways = [each for rule in rules if (each := _lacks(rule, uploads)) is not None]
    return sa.or_(*ways) if ways else None


def _lacks(rule: Rule, uploads: Sequence[int]) -> Condition | None:
    if rule["source"] == CONTACT:
        return _nothing_in(rule["name"])
    if rule["source"] == FIELD:
        filled = (
            sa.select(sa.literal(1))
            .select_from(FieldValue)
            .join(CustomField, col(CustomField.id) == col(FieldValue.field_id))
            .where(col(FieldValue.contact_id) == col(Contact.id), col(CustomField.key) == rule["name"])
        )
        return ~filled.exists()
    return _no_cell(rule["name"], uploads) if rule["source"] == COLUMN else None


def _nothing_in(name: str) -> Condition | None:
    if name in ("name", "first_name"):
        return sa.and_(col(Contact.name) == "", col(Contact.profile_name) == "")
    if name == "phone":
        number = sa.select(sa.literal(1)).where(
            col(ContactAddress.contact_id) == col(Contact.id), col(ContactAddress.kind) == AddressKind.PHONE
        )
        return ~number.exists()
    column: Any = {"company": Contact.company, "email": Contact.email, "language": Contact.language}.get(name)
    return None if column is None else col(column) == ""


def _no_cell(name: str, uploads: Sequence[int]) -> Condition:
    r = CampaignUploadRow
    cell = (
        sa.select(sa.literal(1))
        .select_from(ContactAddress)
        .join(CampaignUploadRow, col(r.number) == col(ContactAddress.value))
        .where(
            col(ContactAddress.contact_id) == col(Contact.id),
            col(ContactAddress.kind) == AddressKind.PHONE,
            col(r.upload_id).in_(uploads),
            _is_filled(r, name),
        )
    )
    return ~cell.exists()


def _is_filled(row: Any, name: str) -> Condition:
    if _UNSPEAKABLE & set(name):  # no heading has them (``upload_files.unique``), and they would end the path
        return sa.false()
    cells = sa.type_coerce(col(row.cells), sa.JSON)
    return sa.func.coalesce(cells[name].as_string(), "") != ""


def strangers_lack(
    rules: Sequence[Rule], numbers: sa.Select[Any], uploads: Sequence[int], name_column: str
) -> sa.Select[Any] | None:
    """Those of the numbers of files, which are no contacts yet, that will have nothing for one of the rules.

    ``name_column`` is the heading that becomes their name, empty when none does.
    """
    ways: list[Condition] = []
    for rule in rules:
        is_name = rule["source"] == CONTACT and rule["name"] in ("name", "first_name")
        column = rule["name"] if rule["source"] == COLUMN else name_column if is_name else ""
        if column:
            ways.append(_no_cell_of_stranger(column, uploads))
        elif rule["source"] == FIELD or rule["name"] != "phone":
            ways.append(sa.true())
    return numbers.where(sa.or_(*ways)) if ways else None


def _no_cell_of_stranger(column: str, uploads: Sequence[int]) -> Condition:
    other = aliased(CampaignUploadRow)
    cell = sa.select(sa.literal(1)).where(
        col(other.number) == col(CampaignUploadRow.number),
        col(other.upload_id).in_(uploads),
        _is_filled(other, column),
    )
    return ~cell.exists()
