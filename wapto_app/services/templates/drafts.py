"""Templates that are being written here: new ones, and edits of those that Meta has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.clock import utcnow
from wapto_app.db import take_turns, touch
from wapto_app.models import Channel, ChannelStatus, LibraryFile, Template
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services.errors import Conflict, Invalid, NotConnected, NotFound
from wapto_app.services.plans import Limit, count_with, ensure_room
from wapto_app.services.templates.restoring import restored
from wapto_app.services.templates.rules import FILES, TemplateForm, in_words, plain, problems
from wapto_app.services.templates.rules.shape import Json, objects_in, parts_by_kind, text_in
from wapto_app.services.templates.topic import TOPIC
from wapto_app.services.templates.words import say

DRAFT = "DRAFT"
EDITABLE = frozenset({DRAFT, "APPROVED", "REJECTED", "PAUSED"})
"""Meta: what is under review, disabled or being deleted cannot be edited."""
IN_HAND = timedelta(minutes=5)
"""How long a submission may take; after that somebody may press the button again."""
NAME_BLOCKED = timedelta(days=30)
"""Meta: how long nobody can use the name of a deleted template."""
# Any number that nothing else locks.
_LOCK = 0x746D706C


def _all() -> sa.Select[Any]:
    return sa.select(sa.func.count()).select_from(Template).where(col(Template.gone_at).is_(None))


count_with(Limit.TEMPLATES, _all)


@dataclass(frozen=True, slots=True)
class FilePlace:
    """Where a template shows a file: ``header`` or ``cards.0``; ``kind`` is image, video or document."""

    place: str
    kind: str


def file_places(components: Sequence[Json]) -> list[FilePlace]:
    """The places that need a file, in the order of the message."""
    parts = parts_by_kind(list(components))
    found = [("header", parts.get("HEADER", {}))]
    for place, card in enumerate(objects_in(parts.get("CAROUSEL", {}), "cards")):
        header = parts_by_kind(objects_in(card, "components")).get("HEADER", {})
        found.append((f"cards.{place}", header))
    shown = [(place, text_in(header, "format").upper()) for place, header in found]
    return [FilePlace(place, kind.lower()) for place, kind in shown if kind in FILES]


async def create(session: AsyncSession, actor: Actor, form: TemplateForm) -> int:
    """Keep a new template as a draft and return its id. It need not be complete, but has a name and a language.

    Raises:
        NotConnected: there is no number whose account it could belong to.
        Invalid: ``name`` or ``language`` is missing, wrong or taken; or a file of another kind.
        LimitReached: the plan allows no more templates.
    """
    actor.require(Permission.TEMPLATES_DO)
    given = plain(form)
    given["waba_id"] = await account_of(session, given["waba_id"])
    await take_turns(session, _LOCK)
    await _ensure_free(session, given)
    await _ensure_files(session, given)
    await ensure_room(session, Limit.TEMPLATES)
    old = await _named(session, given)
    template = old or Template(waba_id=given["waba_id"], name="", language="")
    _write_draft(template, given)
    template.author_id, template.meta_id, template.gone_at = actor.account_id, "", None
    template.status, template.quality, template.rejected_reason = DRAFT, "", ""
    template.previous_category = template.correct_category = ""
    template.paused_until = template.submitted_at = template.synced_at = template.submitting_at = None
    session.add(template)
    await session.flush()
    touch(session, TOPIC)
    assert template.id is not None
    return template.id


async def save(session: AsyncSession, actor: Actor, template_id: int, form: TemplateForm) -> None:
    """Keep what was written: a draft as it is, of a template that Meta has as an edit that waits to be submitted.

    Raises:
        NotFound: it is gone.
        Conflict: Meta is at work on it, or it can no longer be edited.
        Invalid: as in ``create``; Meta lets nobody change the name or the language of what it has.
    """
    actor.require(Permission.TEMPLATES_DO)
    template, given = await locked(session, template_id), plain(form)
    given["waba_id"] = template.waba_id
    ensure_editable(template)
    ensure_not_in_hand(template, utcnow())
    await _ensure_files(session, given)
    if template.status == DRAFT:
        await take_turns(session, _LOCK)
        await _ensure_free(session, given, template.id)
        _write_draft(template, given)
    else:
        _ensure_same(template, given)
        template.draft_components, template.sample_files = given["components"], given["sample_files"]
        template.draft_category = given["category"] if given["category"] != template.category else ""
    session.add(template)
    touch(session, TOPIC)


async def forget_edit(session: AsyncSession, actor: Actor, template_id: int) -> None:
    """Throw away the edit of a template that Meta has. Raises NotFound."""
    actor.require(Permission.TEMPLATES_DO)
    template = await locked(session, template_id)
    ensure_not_in_hand(template, utcnow())
    template.draft_components, template.draft_category = None, ""
    session.add(template)
    touch(session, TOPIC)


async def duplicate(session: AsyncSession, actor: Actor, template_id: int, language: str = "") -> int:
    """A draft with the same content; in another language under the same name, which Meta takes for a translation.

    Raises:
        NotFound: it is gone.
        Invalid: ``language`` is none of Meta's, or there is a template in it already.
        LimitReached: the plan allows no more templates.
    """
    actor.require(Permission.TEMPLATES_DO)
    form = await form_of_draft(session, actor, template_id)
    if language and language != form["language"]:
        form["language"] = language
    else:
        form["name"] = await _other_name(session, form, f"{form['name'][:500]}_copy")
    known = select(LibraryFile.key).where(col(LibraryFile.key).in_(form["sample_files"].values()))
    there = set(await session.exec(known))
    form["sample_files"] = {place: key for place, key in form["sample_files"].items() if key in there}
    try:
        return await create(session, actor, form)
    except Invalid as error:
        raise Invalid("language" if error.field == "name" else error.field, error.message) from None


async def form_of_draft(session: AsyncSession, actor: Actor, template_id: int) -> TemplateForm:
    """What the editor begins with: the draft or the edit that waits, otherwise what Meta has. Raises NotFound."""
    actor.require(Permission.TEMPLATES_DO)
    template = await session.get(Template, template_id)
    if template is None:
        raise NotFound("template")
    return form_in(template)


def form_in(template: Template) -> TemplateForm:
    """The form of a row: its edit when there is one."""
    category = template.draft_category or template.category
    edited = template.draft_components
    return TemplateForm(
        name=template.name,
        language=template.language,
        category=category,
        parameter_format=template.parameter_format or "POSITIONAL",
        components=list(edited) if edited is not None else restored(template.components, template.category),
        sample_files=dict(template.sample_files),
        waba_id=template.waba_id,
    )


async def account_of(session: AsyncSession, waba_id: str) -> str:
    """The account that a new template belongs to: the named one, or the first that is connected.

    Raises:
        NotConnected: it is not, or none is.
    """
    query = select(Channel.waba_id).where(Channel.status == ChannelStatus.CONNECTED)
    connected = list(await session.exec(query.order_by(col(Channel.id))))
    if waba_id not in connected and (waba_id or not connected):
        raise NotConnected
    return waba_id or connected[0]


async def locked(session: AsyncSession, template_id: int) -> Template:
    """The row, ours until the end of the transaction. Raises NotFound, also for one that Meta deleted."""
    query = select(Template).where(Template.id == template_id, col(Template.gone_at).is_(None))
    template = (await session.exec(query.with_for_update())).first()
    if template is None:
        raise NotFound("template")
    return template


def ensure_editable(template: Template) -> None:
    """Raises Conflict with the reason why nobody can edit it now."""
    if template.status not in EDITABLE:
        raise Conflict(why_not_editable(template.status))


def ensure_not_in_hand(template: Template, now: datetime) -> None:
    """Raises Conflict while it is on its way to Meta."""
    if template.submitting_at is not None and now - template.submitting_at < IN_HAND:
        raise Conflict("This template is being submitted. Wait a moment.")


def why_not_editable(status: str) -> str:
    """A sentence; empty when it can be edited."""
    if status in EDITABLE:
        return ""
    if status in ("PENDING", "IN_APPEAL"):
        return say("WhatsApp is reviewing this template. You can edit it when it has decided.")
    return say("WhatsApp lets nobody edit this template any more. Duplicate it and edit the copy.")


def _write_draft(template: Template, given: TemplateForm) -> None:
    template.name, template.language = given["name"], given["language"]
    template.category, template.parameter_format = given["category"][:32], given["parameter_format"]
    template.components, template.sample_files = given["components"], given["sample_files"]
    template.draft_components, template.draft_category = None, ""
    template.updated_at = utcnow()


def _ensure_same(template: Template, given: TemplateForm) -> None:
    if given["name"] != template.name:
        raise Invalid("name", "WhatsApp lets nobody change the name of a template. Duplicate it instead.")
    if given["language"] != template.language:
        raise Invalid(
            "language", "WhatsApp lets nobody change the language of a template. Duplicate it instead."
        )
    if template.status == "APPROVED" and given["category"] != template.category:
        raise Invalid(
            "category",
            "The category of an approved template cannot change. Duplicate it to choose another one.",
        )
    if given["parameter_format"] != template.parameter_format:
        raise Invalid(
            "body", "Variables keep their kind, numbers or names. Duplicate the template to change it."
        )


async def _named(session: AsyncSession, given: Mapping[str, object]) -> Template | None:
    query = select(Template).where(
        Template.waba_id == given["waba_id"],
        Template.name == given["name"],
        Template.language == given["language"],
    )
    return (await session.exec(query)).first()


async def _ensure_free(session: AsyncSession, given: TemplateForm, own_id: int | None = None) -> None:
    """Name and language are right and nobody else's. Raises Invalid."""
    wrong = problems(given)
    for field in ("name", "language"):
        if field in wrong:
            raise Invalid(field, wrong[field])
    other = await _named(session, given)
    if other is None or other.id == own_id:
        return
    if other.gone_at is None:
        words = in_words(given["language"])
        raise Invalid(
            "name", f"There is a template “{given['name']}” in {words} already. Choose another name."
        )
    if own_id is not None:
        raise Invalid("name", f"A template “{given['name']}” was deleted. Choose another name.")
    free_at = other.gone_at + NAME_BLOCKED
    if other.meta_id and utcnow() < free_at:
        raise Invalid(
            "name",
            f"WhatsApp blocks the name of a deleted template for 30 days, this one until {free_at:%Y-%m-%d}. "
            "Choose another name.",
        )


async def free_name(session: AsyncSession, form: TemplateForm) -> str:
    """The name of the form if nobody has it in its language, otherwise one with a number behind it."""
    if await _named(session, form) is None:
        return form["name"]
    return await _other_name(session, form, form["name"][:500])


async def _other_name(session: AsyncSession, form: TemplateForm, stem: str) -> str:
    """The stem, or the first of stem_2, stem_3 … that stands in no language."""
    query = select(Template.name).where(
        Template.waba_id == form["waba_id"], col(Template.name).startswith(stem, autoescape=True)
    )
    taken = set(await session.exec(query))
    names = [stem, *(f"{stem}_{number}" for number in range(2, len(taken) + 3))]
    return next(name for name in names if name not in taken)


async def _ensure_files(session: AsyncSession, given: TemplateForm) -> None:
    """The samples are there and of the kind that their place shows. Raises Invalid."""
    places = {each.place: each.kind for each in file_places(given["components"])}
    given["sample_files"] = {place: key for place, key in given["sample_files"].items() if place in places}
    query = select(LibraryFile.key, LibraryFile.mime_type).where(
        col(LibraryFile.key).in_(given["sample_files"].values())
    )
    known = dict((await session.exec(query)).all())
    for place, key in given["sample_files"].items():
        field = f"{place}.file" if place == "header" else f"{place}.header.file"
        if key not in known:
            raise Invalid(field, "This file is no longer in the library. Choose another one.")
        if known[key] not in SAMPLE_TYPES[places[place]]:
            raise Invalid(field, _WANTED[places[place]])


SAMPLE_TYPES = {
    "image": frozenset({"image/jpeg", "image/png"}),
    "video": frozenset({"video/mp4"}),
    "document": frozenset({"application/pdf"}),
}
"""Meta: what the resumable upload takes as a sample."""
_WANTED = {
    "image": say("WhatsApp takes JPEG and PNG pictures here. Choose another file."),
    "video": say("WhatsApp takes MP4 videos here. Choose another file."),
    "document": say("WhatsApp takes PDF documents here. Choose another file."),
}
