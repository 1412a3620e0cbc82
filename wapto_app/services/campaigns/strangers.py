"""Numbers of a campaign's files that are no contacts yet. They become contacts when it starts (``newcomers``)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.models import AddressKind, CampaignUpload, CampaignUploadRow, ContactAddress
from wapto_app.services.imports import cells
from wapto_app.services.imports.targets import guess


def numbers(upload_ids: Collection[int]) -> sa.Select[Any]:
    """Each once."""
    return sa.select(col(CampaignUploadRow.number)).where(*unknown(upload_ids)).distinct()


def unknown(upload_ids: Collection[int]) -> tuple[sa.ColumnElement[bool], ...]:
    """What a line of one of the files must fulfil to hold the number of nobody whom we know."""
    known = sa.select(sa.literal(1)).where(
        col(ContactAddress.kind) == AddressKind.PHONE,
        col(ContactAddress.value) == col(CampaignUploadRow.number),
    )
    return (
        col(CampaignUploadRow.upload_id).in_(upload_ids),
        col(CampaignUploadRow.number) != "",
        ~known.exists(),
    )


async def headings(session: AsyncSession, upload_ids: Collection[int]) -> list[str]:
    """Those of the files, each once."""
    found = await session.exec(select(CampaignUpload).where(col(CampaignUpload.id).in_(upload_ids)))
    return list(dict.fromkeys(heading for upload in found for heading in upload.headings))


def name_column(headings: Sequence[str]) -> str:
    """The heading that seems to be a person's name; empty when none does."""
    targets = [each["target"] for each in guess(headings, [], {}, None)]
    return next((headings[targets.index(each)] for each in ("name", "first_name") if each in targets), "")


def name_in(row: Mapping[str, Any], column: str) -> str:
    """The name that a contact made of this line gets."""
    try:
        return cells.words("name", str(row.get(column) or ""))
    except ValueError:
        return ""
