"""A template changed at Meta: written down, kept as an event, and told to whoever wrote it.

Webhooks and syncs both come through here, so that a change is told once, whoever brings it first.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import col

from wapto_app.models import Account, NotificationKind, Role, Template, TemplateEvent, TemplateEventKind
from wapto_app.models.base import table_of
from wapto_app.services.notifications import News, notify_many, topic
from wapto_app.services.templates.advice import reason_in_words
from wapto_app.services.templates.topic import TOPIC

template = table_of(Template)
template_event = table_of(TemplateEvent)
K = TemplateEventKind

_NO_QUALITY = {"", "UNKNOWN"}
_WATCHED = {"status": K.STATUS, "quality": K.QUALITY, "category": K.CATEGORY}
# What the owners are told of when nobody here wrote the template: campaigns and automations may stand still.
_CONCERNS_ALL = frozenset({"PAUSED", "DISABLED"})
_TOLD = {
    K.STATUS: frozenset(
        {"APPROVED", "REJECTED", "PAUSED", "DISABLED", "FLAGGED", "ARCHIVED", "LIMIT_EXCEEDED"}
    ),
    K.QUALITY: frozenset({"RED", "YELLOW"}),
}


def apply(
    connection: sa.Connection, row: Any, values: Mapping[str, Any], at: datetime, detail: str = ""
) -> set[str]:
    """Write new values of a template's row, with an event for each that people follow; the topics to publish.

    ``at`` is when Meta said so. ``detail`` goes with a change of the status.
    """
    changed = {name: value for name, value in values.items() if getattr(row, name) != value}
    if not changed:
        return set()
    connection.execute(template.update().where(template.c.id == row.id).values(**changed))
    topics = {TOPIC}
    for name, kind in _WATCHED.items():
        if name in changed and {getattr(row, name), changed[name]} != _NO_QUALITY:
            why = detail if kind is K.STATUS else ""
            topics |= note(connection, row, kind, getattr(row, name), changed[name], at, why)
    return topics


def note(
    connection: sa.Connection,
    row: Any,
    kind: TemplateEventKind,
    before: str,
    after: str,
    at: datetime,
    detail: str = "",
) -> set[str]:
    """Keep an event that Meta told of, and tell people; the topics to publish."""
    event = {
        "template_id": row.id,
        "kind": kind,
        "before": before[:32],
        "after": after[:32],
        "detail": detail[:500],
        "author_id": None,
        "at": at,
    }
    connection.execute(template_event.insert().values(**event))
    return {TOPIC} | _tell(connection, row, kind, after, at, detail)


def newest(connection: sa.Connection, template_id: int, kind: TemplateEventKind) -> datetime | None:
    """When the last change of this kind happened that we know of."""
    found: datetime | None = connection.execute(
        sa.select(template_event.c.at)
        .where(template_event.c.template_id == template_id, template_event.c.kind == kind)
        .order_by(template_event.c.at.desc())
        .limit(1)
    ).scalar()
    return found


def _tell(
    connection: sa.Connection, row: Any, kind: TemplateEventKind, after: str, at: datetime, detail: str
) -> set[str]:
    if kind is not K.CATEGORY and after not in _TOLD.get(kind, frozenset()):
        return set()
    people = [row.author_id] if row.author_id else []
    if not people and (after in _CONCERNS_ALL or kind is K.CATEGORY):
        people = _owners(connection)
    why = reason_in_words(detail)[0] if after == "REJECTED" else ""
    news = [
        News(
            account_id,
            NotificationKind.TEMPLATE_NEWS,
            href=f"/templates/{row.id}",
            key=f"template:{row.id}:{kind}:{after}:{at:%Y%m%d%H%M%S}",
            args={"name": row.name, "what": f"{kind}.{after}".lower(), "why": why},
        )
        for account_id in people
    ]
    return {topic(account_id) for account_id in notify_many(connection, news)}


def _owners(connection: sa.Connection) -> list[int]:
    found = connection.execute(
        sa.select(col(Account.id)).where(col(Account.role) == Role.OWNER, col(Account.is_active).is_(True))
    )
    return [account_id for account_id in found.scalars() if account_id is not None]
