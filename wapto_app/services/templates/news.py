"""What Meta says about templates between two syncs: their status, quality, category and text."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from integrations.whatsapp import webhooks
from wapto_app.models import Template
from wapto_app.models.base import table_of

template = table_of(Template)

# Meta's events that are no status of their own.
_MEANS = {"REINSTATED": "APPROVED", "UNARCHIVED": "APPROVED", "UNPAUSED": "APPROVED"}
# Warnings: the template can still be sent.
_SAYS_NOTHING = {"FLAGGED", "LOCKED"}
_ENDS = {"DELETED", "PENDING_DELETION"}
# Meta's entries have whole seconds, our clock has microseconds.
_SECOND = timedelta(seconds=1)

News = (
    webhooks.TemplateStatusUpdate
    | webhooks.TemplateQualityUpdate
    | webhooks.TemplateCategoryUpdate
    | webhooks.TemplateComponentsUpdate
)


def apply(connection: sa.Connection, news: News, waba_id: str, said_at: datetime) -> bool:
    """Write it down; False for a template that we do not know (the next sync brings it) and for what is old."""
    which = _which(news, waba_id)
    row = connection.execute(sa.select(template).where(which)).first()
    if row is None or said_at + _SECOND <= row.updated_at:
        return False
    values = _READ[type(news)](news, row, said_at)
    if values:
        # Never back: a webhook that comes late must not make a later sync look older.
        at = max(said_at, row.updated_at)
        connection.execute(template.update().where(template.c.id == row.id).values(**values, updated_at=at))
    return bool(values)


def _which(news: News, waba_id: str) -> sa.ColumnElement[bool]:
    of_account = template.c.waba_id == waba_id
    if news.template_id:
        return sa.and_(of_account, template.c.meta_id == news.template_id)
    return sa.and_(of_account, template.c.name == news.name, template.c.language == news.language)


def _status(news: webhooks.TemplateStatusUpdate, row: Any, said_at: datetime) -> dict[str, Any]:
    if news.status in _SAYS_NOTHING:
        return {}
    if news.status in _ENDS:
        return {"status": news.status, "gone_at": row.gone_at or said_at}
    status = _MEANS.get(news.status, news.status)
    reason = " ".join(filter(None, (news.reason, news.description))) if status == "REJECTED" else ""
    category = {"category": news.category.upper()[:32]} if news.category else {}
    return {"status": status[:32], "rejected_reason": reason[:500], "gone_at": None, **category}


def _quality(news: webhooks.TemplateQualityUpdate, row: Any, said_at: datetime) -> dict[str, Any]:
    return {"quality": news.current[:16]}


def _category(news: webhooks.TemplateCategoryUpdate, row: Any, said_at: datetime) -> dict[str, Any]:
    """The notice of a change tells the category of today as well."""
    return {"category": news.category.upper()[:32]} if news.category else {}


def _components(news: webhooks.TemplateComponentsUpdate, row: Any, said_at: datetime) -> dict[str, Any]:
    """New words in the parts that are there; what Meta does not mention stays."""
    said = {"BODY": news.body or None, "HEADER": news.header, "FOOTER": news.footer}
    components = []
    for component in row.components:
        words = said.get(str(component.get("type", "")).upper())
        components.append({**component, "text": words} if words and "text" in component else component)
    return {"components": components}


_READ: dict[type, Callable[[Any, Any, datetime], dict[str, Any]]] = {
    webhooks.TemplateStatusUpdate: _status,
    webhooks.TemplateQualityUpdate: _quality,
    webhooks.TemplateCategoryUpdate: _category,
    webhooks.TemplateComponentsUpdate: _components,
}
