"""What Meta says about templates between two syncs: their status, quality, category and text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from integrations.whatsapp import webhooks
from wapto_app.models import Template, TemplateEventKind
from wapto_app.models.base import table_of
from wapto_app.services.templates import changing

template = table_of(Template)
K = TemplateEventKind

# Meta's events that are no status of their own.
_MEANS = {"REINSTATED": "APPROVED", "UNARCHIVED": "APPROVED", "UNPAUSED": "APPROVED"}
# Warnings: the template can still be sent.
_WARNINGS = {"FLAGGED", "LOCKED"}
_ENDS = {"DELETED", "PENDING_DELETION"}
# Meta: how long the pauses for low quality last; one for its speed ends only when somebody asks.
_PAUSES = {"FIRST_PAUSE": timedelta(hours=3), "SECOND_PAUSE": timedelta(hours=6)}
# Meta's entries have whole seconds, our clock has microseconds.
_SECOND = timedelta(seconds=1)

News = (
    webhooks.TemplateStatusUpdate
    | webhooks.TemplateQualityUpdate
    | webhooks.TemplateCategoryUpdate
    | webhooks.TemplateComponentsUpdate
)


@dataclass(frozen=True, slots=True)
class _Said:
    """New values of the row; ``detail`` explains them, ``warning`` is a status that changes nothing."""

    values: dict[str, Any] = field(default_factory=dict)
    detail: str = ""
    warning: str = ""


def apply(connection: sa.Connection, news: News, waba_id: str, said_at: datetime) -> set[str]:
    """Write it down; the topics to publish. Nothing for a template that we do not know (the next sync brings it), and
    for what is older than what we know of the same thing.
    """
    row = connection.execute(sa.select(template).where(_which(news, waba_id)).with_for_update()).first()
    kind = _KINDS[type(news)]
    if row is None or _is_old(connection, row, kind, said_at):
        return set()
    said = _READ[type(news)](news, row, said_at)
    if said.warning:
        return changing.note(connection, row, kind, row.status, said.warning, said_at, said.detail)
    if not said.values:
        return set()
    # Never back: a webhook that comes late must not make a later sync look older.
    values = {**said.values, "updated_at": max(said_at, row.updated_at)}
    if not row.meta_id and news.template_id:
        # It was faster than our own note of Meta's answer.
        values["meta_id"] = news.template_id
    topics = changing.apply(connection, row, values, said_at, said.detail)
    if kind is K.EDITED:
        topics |= changing.note(connection, row, kind, "", "", said_at)
    return topics


def _which(news: News, waba_id: str) -> sa.ColumnElement[bool]:
    of_account = template.c.waba_id == waba_id
    by_name = sa.and_(template.c.name == news.name, template.c.language == news.language)
    if not news.template_id:
        return sa.and_(of_account, by_name, template.c.status != "DRAFT")
    # A template that is on its way to Meta has no id yet. One that somebody only writes here is another one.
    is_on_its_way = sa.and_(by_name, template.c.meta_id == "", template.c.submitting_at.is_not(None))
    return sa.and_(of_account, sa.or_(template.c.meta_id == news.template_id, is_on_its_way))


def _is_old(connection: sa.Connection, row: Any, kind: TemplateEventKind, said_at: datetime) -> bool:
    """News come late and in any order. What a sync saw, or a later webhook of the same kind said, stays."""
    known = [row.synced_at, changing.newest(connection, row.id, kind)]
    if kind is K.STATUS:
        # The answer to an earlier submission is no answer to this one.
        known.append(row.submitted_at)
    return any(at is not None and said_at + _SECOND <= at for at in known)


def _status(news: webhooks.TemplateStatusUpdate, row: Any, said_at: datetime) -> _Said:
    title = (news.title or "").upper()
    if news.status in _WARNINGS:
        return _Said(warning=news.status, detail=_sentence(news))
    if news.status in _ENDS:
        return _Said({"status": news.status, "gone_at": row.gone_at or said_at})
    status = "APPROVED" if title == "UNPAUSE" else _MEANS.get(news.status, news.status)
    is_rejected = status == "REJECTED"
    reason = " ".join(filter(None, (news.reason, news.description))) if is_rejected else ""
    values: dict[str, Any] = {"status": status[:32], "rejected_reason": reason[:500], "gone_at": None}
    values["paused_until"] = said_at + _PAUSES[title] if status == "PAUSED" and title in _PAUSES else None
    if news.category:
        values["category"] = news.category.upper()[:32]
    return _Said(values, detail=reason or _sentence(news))


def _sentence(news: webhooks.TemplateStatusUpdate) -> str:
    return " ".join(filter(None, (news.title, news.description)))


def _quality(news: webhooks.TemplateQualityUpdate, row: Any, said_at: datetime) -> _Said:
    return _Said({"quality": news.current[:16]})


def _category(news: webhooks.TemplateCategoryUpdate, row: Any, said_at: datetime) -> _Said:
    """A notice tells the category of today and the one to come; the change itself the one of before."""
    values: dict[str, Any] = {"correct_category": (news.upcoming or "").upper()[:32]}
    if news.category:
        values["category"] = news.category.upper()[:32]
    if news.previous:
        values["previous_category"] = news.previous.upper()[:32]
    return _Said(values)


def _components(news: webhooks.TemplateComponentsUpdate, row: Any, said_at: datetime) -> _Said:
    """New words in the parts that are there; what Meta does not mention stays."""
    said = {"BODY": news.body or None, "HEADER": news.header, "FOOTER": news.footer}
    components = []
    for component in row.components:
        kind = str(component.get("type", "")).upper()
        words = said.get(kind)
        if words and "text" in component:
            component = {**component, "text": words}
        elif kind == "BUTTONS" and news.buttons:
            component = {**component, "buttons": _buttons(component.get("buttons") or [], news.buttons)}
        components.append(component)
    return _Said({"components": components} if components != row.components else {})


def _buttons(known: list[Any], said: tuple[webhooks.TemplateButton, ...]) -> list[Any]:
    """Only when they are the same ones: the event leaves out what a new button needs."""
    kinds = [str(each.get("type", "")).upper() for each in known]
    if kinds != [each.type.upper() for each in said]:
        return known
    changed = []
    for button, news in zip(known, said, strict=True):
        words = {"text": news.text, "url": news.url, "phone_number": news.phone_number}
        changed.append({**button, **{name: text for name, text in words.items() if text and name in button}})
    return changed


_READ: dict[type, Callable[[Any, Any, datetime], _Said]] = {
    webhooks.TemplateStatusUpdate: _status,
    webhooks.TemplateQualityUpdate: _quality,
    webhooks.TemplateCategoryUpdate: _category,
    webhooks.TemplateComponentsUpdate: _components,
}
_KINDS: dict[type, TemplateEventKind] = {
    webhooks.TemplateStatusUpdate: K.STATUS,
    webhooks.TemplateQualityUpdate: K.QUALITY,
    webhooks.TemplateCategoryUpdate: K.CATEGORY,
    webhooks.TemplateComponentsUpdate: K.EDITED,
}
