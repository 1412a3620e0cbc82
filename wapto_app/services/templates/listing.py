"""The templates of all accounts, and all about one of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypedDict

import sqlalchemy as sa
from pydantic import TypeAdapter, ValidationError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from typing_extensions import TypedDict as Payload

from integrations.whatsapp.webhooks.decoding import clean_text
from wapto_app.db import fetch
from wapto_app.models import Account, CampaignVariant, Channel, Template, TemplateEvent
from wapto_app.models.base import table_of
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services.errors import NotFound
from wapto_app.services.templates.advice import Advice, advise
from wapto_app.services.templates.anatomy import Form, describe
from wapto_app.services.templates.drafts import DRAFT, form_in, why_not_editable
from wapto_app.services.templates.rules import TemplateForm, in_words

template_table = table_of(Template)

PAGE = 50
EVENTS = 100
SORTS = ("name", "newest", "used")


class TemplateFilter(Payload, total=False):
    """Which templates; what is left out or empty does not filter.

    ``statuses``, ``categories`` and ``qualities`` hold Meta's words and ``DRAFT``, ``languages`` codes. ``search`` is
    looked for in name and text. ``sort`` is ``name`` (as it is without one), ``newest`` or ``used``.
    """

    search: str
    statuses: list[str]
    categories: list[str]
    languages: list[str]
    qualities: list[str]
    waba_id: str
    sort: str


class ListedTemplate(TypedDict):
    """A line of the table. Times are ISO 8601 or empty; ``language_name`` is English.

    ``has_edit``: there is an edit that was not submitted. ``preview`` is the text with its variables.
    """

    id: int
    name: str
    language: str
    language_name: str
    category: str
    status: str
    quality: str
    preview: str
    has_edit: bool
    campaigns: int
    last_used: str
    updated: str
    paused_until: str
    account: str


class TemplatePage(TypedDict):
    """``after`` asks for the next page; empty on the last. ``total`` counts all that the filter finds."""

    rows: list[ListedTemplate]
    after: str
    total: int


class EventRow(TypedDict):
    """``kind`` as ``TemplateEventKind``; ``by`` is empty for what Meta told. ``at`` is ISO 8601."""

    id: int
    kind: str
    before: str
    after: str
    detail: str
    by: str
    at: str


class Details(TypedDict):
    """Everything about one. ``form`` is what Meta has, ``draft`` what the editor would begin with."""

    row: ListedTemplate
    form: Form
    draft: TemplateForm
    components: list[dict[str, Any]]
    sample_files: dict[str, str]
    meta_id: str
    author: str
    submitted: str
    created: str
    advice: list[Advice]
    events: list[EventRow]
    is_editable: bool
    why_not_editable: str


_Mark = TypeAdapter(list[str])


async def listing(
    session: AsyncSession, actor: Actor, wanted: TemplateFilter, after: str = ""
) -> TemplatePage:
    """A page of the templates that Meta lists and of the drafts."""
    actor.require(Permission.TEMPLATES_SEE)
    conditions = _conditions(wanted)
    order = _order(wanted.get("sort", ""))
    query = select(Template).where(*conditions)
    if after and (mark := _read_mark(after, order)) is not None:
        query = query.where(_behind(order, mark))
    query = query.order_by(*(each.desc() if down else each.asc() for each, down in order)).limit(PAGE + 1)
    found = list(await session.exec(query))
    total = (await fetch(session, sa.select(sa.func.count()).select_from(Template).where(*conditions)))[0][0]
    shown = found[:PAGE]
    return TemplatePage(
        rows=await _rows(session, shown),
        after=_mark(shown[-1], wanted.get("sort", "")) if len(found) > PAGE else "",
        total=total,
    )


async def details(session: AsyncSession, actor: Actor, template_id: int) -> Details:
    """All about one, also one that Meta does not list any more. Raises NotFound."""
    actor.require(Permission.TEMPLATES_SEE)
    template = await session.get(Template, template_id)
    if template is None:
        raise NotFound("template")
    reason = why_not_editable(template.status)
    if template.gone_at is not None:
        reason = "This template does not exist at WhatsApp any more."
    return Details(
        row=(await _rows(session, [template]))[0],
        form=describe(template),
        draft=form_in(template),
        components=list(template.components),
        sample_files=dict(template.sample_files),
        meta_id=template.meta_id,
        author=await _name_of(session, template.author_id),
        submitted=_iso(template.submitted_at),
        created=_iso(template.created_at),
        advice=advise(template),
        events=await _events(session, template_id),
        is_editable=not reason,
        why_not_editable=reason,
    )


async def languages_used(session: AsyncSession, actor: Actor) -> list[tuple[str, str]]:
    """Codes and names of the languages that there are templates in, by name: the choices of a filter."""
    actor.require(Permission.TEMPLATES_SEE)
    query = select(Template.language).where(col(Template.gone_at).is_(None)).distinct()
    found = [(code, in_words(code)) for code in await session.exec(query)]
    return sorted(found, key=lambda each: each[1].casefold())


def _conditions(wanted: TemplateFilter) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = [col(Template.gone_at).is_(None)]
    for column, name in (
        (col(Template.status), "statuses"),
        (col(Template.category), "categories"),
        (col(Template.language), "languages"),
        (col(Template.quality), "qualities"),
    ):
        if values := wanted.get(name):
            found.append(column.in_([clean_text(str(each)) for each in values][:50]))  # type: ignore[attr-defined]
    if waba_id := wanted.get("waba_id"):
        found.append(col(Template.waba_id) == clean_text(waba_id))
    for word in clean_text(wanted.get("search", "")).casefold().split()[:8]:
        found.append(holds(word))
    return found


def holds(word: str) -> sa.ColumnElement[bool]:
    """Whether the name or a text of a template has this word in it, which is in small letters."""
    text = sa.func.lower(sa.cast(col(Template.components), sa.Text))
    # JSON writes é as \\u00e9 on SQLite and as itself on PostgreSQL.
    escaped = "".join(f"\\u{ord(each):04x}" if ord(each) > 127 else each for each in word)
    name = sa.func.lower(Template.name).contains(word, autoescape=True)
    found = text.contains(word, autoescape=True)
    return (
        sa.or_(name, found, text.contains(escaped, autoescape=True))
        if escaped != word
        else sa.or_(name, found)
    )


Order = list[tuple[Any, bool]]


def _order(sort: str) -> Order:
    if sort == "newest":
        return [(col(Template.updated_at), True), (col(Template.id), True)]
    if sort == "used":
        return [(_used_at(), True), (col(Template.id), True)]
    return [(col(Template.name), False), (col(Template.language), False), (col(Template.id), False)]


def _used_at() -> Any:
    """When it was used last; what never was comes last in the order of its making."""
    return sa.func.coalesce(
        col(Template.last_used_at), sa.literal(_NEVER, type_=template_table.c.created_at.type)
    )


_NEVER = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def _mark(template: Template, sort: str) -> str:
    values = {
        "newest": [template.updated_at.isoformat()],
        "used": [(template.last_used_at or _NEVER).isoformat()],
    }.get(sort, [template.name, template.language])
    return _Mark.dump_json([*values, str(template.id)]).decode()


def _read_mark(text: str, order: Order) -> list[Any] | None:
    """The values to go on behind; None for what somebody made up."""
    try:
        texts = _Mark.validate_json(text)
        last = int(texts[-1])
        values: list[Any] = texts[:-1] if len(order) == 3 else [datetime.fromisoformat(texts[0])]
    except (ValidationError, ValueError, IndexError):
        return None
    mark = [*values, last]
    return mark if len(mark) == len(order) else None


def _behind(order: Order, mark: Sequence[Any]) -> sa.ColumnElement[bool]:
    columns = sa.tuple_(*(each for each, _down in order))
    values = sa.tuple_(
        *(sa.literal(value, type_=each.type) for (each, _down), value in zip(order, mark, strict=True))
    )
    return columns < values if order[0][1] else columns > values


async def _rows(session: AsyncSession, found: Sequence[Template]) -> list[ListedTemplate]:
    ids = [each.id for each in found]
    counting = (
        sa.select(
            col(CampaignVariant.template_id), sa.func.count(sa.distinct(col(CampaignVariant.campaign_id)))
        )
        .where(col(CampaignVariant.template_id).in_(ids))
        .group_by(col(CampaignVariant.template_id))
    )
    campaigns: dict[Any, int] = dict(await fetch(session, counting))
    names = sa.select(col(Channel.waba_id), sa.func.min(col(Channel.verified_name))).group_by(
        col(Channel.waba_id)
    )
    accounts: dict[str, str] = dict(await fetch(session, names))
    return [_row(each, campaigns.get(each.id, 0), accounts.get(each.waba_id) or "") for each in found]


def _row(template: Template, campaigns: int, account: str) -> ListedTemplate:
    return ListedTemplate(
        id=template.id or 0,
        name=template.name,
        language=template.language,
        language_name=in_words(template.language),
        category=template.category,
        status=template.status,
        quality=template.quality,
        preview=describe(template)["body"][:200],
        has_edit=template.status != DRAFT and template.draft_components is not None,
        campaigns=campaigns,
        last_used=_iso(template.last_used_at),
        updated=_iso(template.updated_at),
        paused_until=_iso(template.paused_until),
        account=account,
    )


async def _events(session: AsyncSession, template_id: int) -> list[EventRow]:
    e = TemplateEvent
    columns = [col(each) for each in (e.id, e.kind, e.before, e.after, e.detail, e.at)]
    query = (
        sa.select(*columns, col(Account.name).label("by"))
        .select_from(e)
        .outerjoin(Account, col(Account.id) == col(e.author_id))
        .where(col(e.template_id) == template_id)
        .order_by(col(e.id).desc())
        .limit(EVENTS)
    )
    return [
        EventRow(
            id=row.id,
            kind=row.kind.value,
            before=row.before,
            after=row.after,
            detail=row.detail,
            by=row.by or "",
            at=row.at.isoformat(),
        )
        for row in await fetch(session, query)
    ]


async def _name_of(session: AsyncSession, account_id: int | None) -> str:
    found = await session.exec(select(Account.name).where(Account.id == account_id))
    return found.first() or ""


def _iso(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""
