"""What the gate has to know of the templates that messages are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.models import Template
from wapto_app.models.base import table_of
from wapto_app.services.outbox.gate import TemplateFacts

template = table_of(Template)


async def template_facts(session: AsyncSession, content: Mapping[str, Any]) -> TemplateFacts | None:
    """Of one message; None for what is no template of ours."""
    if not id_in(content):
        return None
    connection = await session.connection()
    known = await connection.run_sync(facts_of, [content])
    return known.get(id_in(content))


def facts_of(connection: sa.Connection, contents: Iterable[Mapping[str, Any]]) -> dict[int, TemplateFacts]:
    """By the id of the template, for the messages of a batch: one query, none when there is no template."""
    ids = {found for content in contents if (found := id_in(content))}
    if not ids:
        return {}
    columns = (template.c.id, template.c.name, template.c.status, template.c.category, template.c.gone_at)
    rows = connection.execute(sa.select(*columns).where(template.c.id.in_(ids)))
    return {
        row.id: TemplateFacts(row.name, "GONE" if row.gone_at else row.status, row.category) for row in rows
    }


def id_in(content: Mapping[str, Any]) -> int:
    """Our id of the template that a message is made of; 0 for none."""
    found = content.get("template_id") if content.get("kind") == "template" else None
    return found if isinstance(found, int) else 0
