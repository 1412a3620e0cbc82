"""The templates of all accounts."""

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
from wapto_app.models import CampaignVariant, Channel, ChannelStatus, Template
from wapto_app.models.base import table_of
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import plans
from wapto_app.services.plans import Limit
from wapto_app.services.templates.advice import reason_in_words
from wapto_app.services.templates.anatomy import describe
from wapto_app.services.templates.drafts import DRAFT
from wapto_app.services.templates.rules import components_of, in_words
from wapto_app.services.templates.rules.shape import Json, parts_by_kind, text_in

template_table = table_of(Template)

PAGE = 50
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
    """A line of the table. Times are ISO 8601 or empty; ``language_words`` is English.

    ``has_edit``: there is an edit that was not submitted. ``body`` is the text with its variables, ``kinds`` what it
    has beside texts: ``image``, ``video``, ``document``, ``location``, ``product``, ``carousel``, ``offer``,
    ``code``. ``rejected_reason`` says in words what a rejection means. ``account`` is empty while there is only one.
    """

    id: int
    waba_id: str
    account: str
    name: str
    language: str
    language_words: str
    category: str
    status: str
    quality: str
    rejected_reason: str
    paused_until: str
    body: str
    kinds: list[str]
    has_edit: bool
    used_by: int
    last_used_at: str
    updated_at: str


class TemplatePage(TypedDict):
    """``end`` is the ``after`` of the next page; empty on the last. ``total`` counts all that the filter finds."""

    rows: list[ListedTemplate]
    end: str
    total: int


class AccountName(TypedDict):
    """A connected account and the name of its first number."""

    waba_id: str
    name: str


class Standing(TypedDict):
    """How it stands with templates as a whole. ``synced_at`` is ISO 8601, empty for never; ``limit`` is what the
    plan allows, -1 for no limit, of which ``used`` are there.
    """

    connected: bool
    accounts: list[AccountName]
    synced_at: str
    total: int
    drafts: int
    used: int
    limit: int


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
        rows=await rows_of(session, shown),
        end=_mark(shown[-1], wanted.get("sort", "")) if len(found) > PAGE else "",
        total=total,
    )


async def standing(session: AsyncSession, actor: Actor) -> Standing:
    """What the page says above its table, and what it shows when there is none."""
    actor.require(Permission.TEMPLATES_SEE)
    t = Template
    counted = sa.select(
        sa.func.count(),
        sa.func.count().filter(col(t.status) == DRAFT),
        sa.func.max(col(t.synced_at)),
    ).where(col(t.gone_at).is_(None))
    total, drafts, synced_at = (await fetch(session, counted))[0]
    names = await account_names(session)
    room = await plans.room(session, Limit.TEMPLATES)
    return Standing(
        connected=bool(names),
        accounts=[AccountName(waba_id=waba_id, name=name) for waba_id, name in names.items()],
        synced_at=_iso(synced_at),
        total=total,
        drafts=drafts,
        used=room.used,
        limit=room.limit,
    )


async def account_names(session: AsyncSession) -> dict[str, str]:
    """The connected accounts, each by the name of its first number."""
    columns = (Channel.waba_id, Channel.verified_name, Channel.display_phone_number)
    query = (
        sa.select(*(col(each) for each in columns))
        .where(col(Channel.status) == ChannelStatus.CONNECTED)
        .order_by(col(Channel.id))
    )
    found: dict[str, str] = {}
    for row in await fetch(session, query):
        found.setdefault(row.waba_id, row.verified_name or row.display_phone_number)
    return found


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


async def rows_of(session: AsyncSession, found: Sequence[Template]) -> list[ListedTemplate]:
    """The lines of these, which the caller may show."""
    ids = [each.id for each in found]
    v = CampaignVariant
    counting = (
        sa.select(col(v.template_id), sa.func.count(sa.distinct(col(v.campaign_id))))
        .where(col(v.template_id).in_(ids))
        .group_by(col(v.template_id))
    )
    campaigns: dict[Any, int] = dict(await fetch(session, counting))
    names = await account_names(session)
    accounts = names if len(names) > 1 else {}
    return [_row(each, campaigns.get(each.id, 0), accounts.get(each.waba_id, "")) for each in found]


def _row(template: Template, campaigns: int, account: str) -> ListedTemplate:
    rejected = reason_in_words(template.rejected_reason)[0] if template.status == "REJECTED" else ""
    return ListedTemplate(
        id=template.id or 0,
        waba_id=template.waba_id,
        account=account,
        name=template.name,
        language=template.language,
        language_words=in_words(template.language),
        category=template.category,
        status=template.status,
        quality=template.quality,
        rejected_reason=rejected,
        paused_until=_iso(template.paused_until),
        body=describe(template)["body"][:200],
        kinds=_kinds(template.components, template.category),
        has_edit=template.status != DRAFT and template.draft_components is not None,
        used_by=campaigns,
        last_used_at=_iso(template.last_used_at),
        updated_at=_iso(template.updated_at),
    )


def _kinds(components: Sequence[Json], category: str) -> list[str]:
    parts = parts_by_kind(components_of(list(components)))
    shape = text_in(parts.get("HEADER", {}), "format").lower()
    found = [shape] if shape not in ("", "text") else []
    found += ["carousel"] if "CAROUSEL" in parts else []
    found += ["offer"] if "LIMITED_TIME_OFFER" in parts else []
    return found + (["code"] if category == "AUTHENTICATION" else [])


def _iso(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""
