"""Limits of the plan, asked for before anything is created."""

from __future__ import annotations

from enum import StrEnum

from sqlmodel.ext.asyncio.session import AsyncSession


class Limit(StrEnum):
    """What a plan counts."""

    MESSAGES = "messages"
    SEATS = "seats"
    CONTACTS = "contacts"
    CAMPAIGNS = "campaigns"
    FLOWS = "flows"
    FORMS = "forms"
    TEMPLATES = "templates"
    FIELDS = "fields"
    TAGS = "tags"
    WIDGETS = "widgets"
    LINKS = "links"
    MEDIA_MB = "media_mb"


async def ensure_room(session: AsyncSession, limit: Limit, adding: int = 1) -> None:
    """Ask before creating. An install without plans is unlimited.

    Raises:
        LimitReached: when the plan does not allow ``adding`` more.
    """
