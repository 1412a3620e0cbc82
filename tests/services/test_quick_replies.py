"""Quick replies: found by a word, filled with what is known, changed by who may."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from tests.meta import ADA
from wapto_app.models import (
    AuditEntry,
    Contact,
    CustomField,
    FieldKind,
    FieldValue,
    LibraryFile,
    QuickReply,
    Visibility,
)
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import quick_replies
from wapto_app.services.errors import Forbidden, Invalid, NotFound
from wapto_app.services.quick_replies import Match, ReplyForm, ReplyRow

NewAccount = Callable[..., Awaitable[Actor]]
FORM = ReplyForm(shortcut="hours", title="", body="We are open from 9 to 5.", scope="mine", file="")


async def create(runtime: Runtime, actor: Actor, **more: str) -> int:
    async with runtime.db.write() as session:
        return await quick_replies.create(session, actor, ReplyForm(**{**FORM, **more}))  # type: ignore[typeddict-item]


async def listed(runtime: Runtime, actor: Actor, view: str = "all", search: str = "") -> list[str]:
    async with runtime.db.read() as session:
        return [each["shortcut"] for each in await quick_replies.listing(session, actor, view, search)]


async def get(runtime: Runtime, actor: Actor, reply_id: int) -> ReplyRow:
    async with runtime.db.read() as session:
        return await quick_replies.get(session, actor, reply_id)


async def matching(runtime: Runtime, actor: Actor, conversation_id: int, typed: str = "") -> list[Match]:
    async with runtime.db.read() as session:
        return await quick_replies.matching(session, actor, conversation_id, typed)


async def fill(
    runtime: Runtime, actor: Actor, conversation_id: int, reply_id: int, **given: str
) -> quick_replies.Ready:
    async with runtime.db.write() as session:
        return await quick_replies.fill(session, actor, conversation_id, reply_id, given)


@pytest.fixture
async def brochure(runtime: Runtime) -> str:
    file = LibraryFile(
        key="b" * 32,
        name="brochure.pdf",
        kind="document",
        mime_type="application/pdf",
        size=1,
        original_size=1,
        sha256="1",
        path="aa/b",
    )
    async with runtime.db.write() as session:
        session.add(file)
    return file.key


async def test_ones_own_and_shared_ones_are_apart(runtime: Runtime, owner: Actor, agent: Actor) -> None:
    shared = await create(runtime, owner, scope="shared")
    mine = await create(runtime, agent)
    await create(runtime, owner, shortcut="price")
    assert await listed(runtime, agent) == ["hours", "hours"]
    assert (await listed(runtime, agent, "shared"), await listed(runtime, agent, "mine")) == (
        ["hours"],
        ["hours"],
    )
    assert await listed(runtime, owner) == ["hours", "price"]
    assert [(await get(runtime, agent, each))["may_edit"] for each in (shared, mine)] == [False, True]
    with pytest.raises(NotFound):
        await get(runtime, owner, mine)


async def test_who_may_edit_templates_edits_shared_ones(runtime: Runtime, owner: Actor, agent: Actor) -> None:
    shared = await create(runtime, owner, scope="shared")
    mine = await create(runtime, agent, shortcut="mine")
    news: Any = {**FORM, "body": "From 8 to 6."}
    async with runtime.db.write() as session:
        for deed in (
            quick_replies.create(session, agent, {**news, "scope": "shared"}),
            quick_replies.update(session, agent, shared, news),
            quick_replies.update(session, agent, mine, {**news, "scope": "shared"}),
            quick_replies.delete(session, agent, shared),
        ):
            with pytest.raises(Forbidden):
                await deed
        for stranger in (quick_replies.delete, quick_replies.duplicate):
            with pytest.raises(NotFound):
                await stranger(session, owner, mine)
        with pytest.raises(NotFound):
            await quick_replies.update(session, owner, mine, news)
    editor = replace(agent, permissions=agent.permissions | {Permission.TEMPLATES_DO})
    async with runtime.db.write() as session:
        await quick_replies.update(session, editor, shared, {**news, "scope": "shared"})
    async with runtime.db.write() as session:
        assert await quick_replies.delete(session, editor, shared) == "hours"
        entry = (await session.exec(select(AuditEntry))).one()
    assert (entry.action, entry.detail) == ("quick_reply.deleted", {"shortcut": "hours"})


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"shortcut": " / "}, "shortcut"),
        ({"shortcut": "two words"}, "shortcut"),
        ({"shortcut": "a/b"}, "shortcut"),
        ({"shortcut": "x" * 33}, "shortcut"),
        ({"title": "x" * 81}, "title"),
        ({"body": " \n"}, "body"),
        ({"body": "x" * 4097}, "body"),
        ({"scope": "everyone"}, "scope"),
        ({"file": "0" * 32}, "file"),
    ],
)
async def test_what_is_wrong_is_named(
    runtime: Runtime, owner: Actor, more: dict[str, str], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        await create(runtime, owner, **more)
    assert refused.value.field == field


async def test_a_shortcut_is_there_once_for_everybody_and_once_for_each(
    runtime: Runtime, owner: Actor, agent: Actor
) -> None:
    await create(runtime, owner, shortcut="/Öffnung", scope="shared")
    assert await listed(runtime, owner) == ["öffnung"]
    await create(runtime, owner, shortcut="ÖFFNUNG")
    await create(runtime, agent, shortcut="öffnung")
    for scope in ("shared", "mine"):
        with pytest.raises(Invalid) as refused:
            await create(runtime, owner, shortcut="öffnung", scope=scope)
        assert refused.value.field == "shortcut"
    other = await create(runtime, owner, shortcut="other")
    with pytest.raises(Invalid):
        async with runtime.db.write() as session:
            await quick_replies.update(session, owner, other, ReplyForm(**{**FORM, "shortcut": "öffnung"}))  # type: ignore[typeddict-item]


async def test_a_copy_is_ones_own_under_a_free_word(runtime: Runtime, owner: Actor, agent: Actor) -> None:
    shared = await create(runtime, owner, scope="shared", title="Opening hours")
    for expected in ("hours", "hours-2", "hours-3"):
        async with runtime.db.write() as session:
            copy = await quick_replies.duplicate(session, agent, shared)
        row = await get(runtime, agent, copy)
        assert (row["shortcut"], row["shared"], row["title"]) == (expected, False, "Opening hours")


async def test_a_slash_finds_by_beginning_then_by_any_word(
    runtime: Runtime, owner: Actor, agent: Actor, conversation_id: int
) -> None:
    await create(runtime, owner, shortcut="price", body="From 100 %.", scope="shared")
    often = await create(runtime, owner, shortcut="prices", title="Price list", scope="shared")
    await create(runtime, owner, shortcut="thanks", body="The price is right.", scope="shared")
    await create(runtime, agent, shortcut="private")
    async with runtime.db.write() as session:
        await session.exec(sa.update(QuickReply).where(col(QuickReply.id) == often).values(uses=5))

    async def found(typed: str) -> list[str]:
        return [each["shortcut"] for each in await matching(runtime, owner, conversation_id, typed)]

    assert await found("/PRI") == ["prices", "price", "thanks"]
    assert await found("list") == ["prices"]
    assert await found("0 %") == ["price"]
    assert await found("_") == []
    assert await listed(runtime, owner, search="price right") == ["thanks"]


async def test_what_is_known_is_put_in_and_the_gaps_are_named(
    runtime: Runtime, owner: Actor, conversation_id: int
) -> None:
    async with runtime.db.write() as session:
        await session.exec(sa.update(Contact).values(name="Ada Lovelace", company="Engines & Co"))
        contact_id = (await session.exec(select(Contact.id))).one() or 0
        for key, kind, value in (
            ("city", FieldKind.TEXT, "London"),
            ("moved_in", FieldKind.DATE, "2026-03-09"),
        ):
            field = CustomField(key=key, label=key.title(), kind=kind)
            session.add(field)
            await session.flush()
            session.add(FieldValue(contact_id=contact_id, field_id=field.id or 0, value=value))
    body = "Dear {{First_Name}} of {{company}} in {{city}} since {{ moved_in }}: {{order}}. {{agent}}"
    reply_id = await create(runtime, owner, body=body)
    [row] = await matching(runtime, owner, conversation_id)
    start = "Dear Ada of Engines & Co in London since 9 March 2026: "
    assert row["body"] == start + "{{order}}. " + owner.name
    assert row["missing"] == ["order"]
    with pytest.raises(Invalid) as refused:
        await fill(runtime, owner, conversation_id, reply_id, order=" ")
    assert refused.value.field == "order"
    assert (await get(runtime, owner, reply_id))["uses"] == 0
    ready = await fill(runtime, owner, conversation_id, reply_id, order="{{agent}} #7", city="Paris")
    assert ready["text"] == f"{start.replace('London', 'Paris')}{{{{agent}}}} #7. {owner.name}"
    assert (await get(runtime, owner, reply_id))["uses"] == 1
    async with runtime.db.read() as session:
        names = [each["name"] for each in await quick_replies.variables(session, owner)]
    assert names == ["name", "first_name", "agent", "company", "city", "moved_in"]


async def test_a_hidden_number_is_a_gap_not_half_a_number(
    runtime: Runtime, agent: Actor, conversation_id: int
) -> None:
    async with runtime.db.write() as session:
        await session.exec(sa.update(Contact).values(name=f"Ada {ADA}", company="Engines"))
    await create(runtime, agent, body="{{name}} {{company}}")
    [row] = await matching(runtime, replace(agent, hide_phone=True), conversation_id)
    assert (row["body"], row["missing"]) == ("{{name}} Engines", ["name"])


async def test_a_file_goes_along_and_may_go_away(
    runtime: Runtime, owner: Actor, conversation_id: int, brochure: str
) -> None:
    reply_id = await create(runtime, owner, body="", file=brochure)
    with pytest.raises(Invalid):
        await create(runtime, owner, shortcut="long", body="x" * 1025, file=brochure)
    row = await get(runtime, owner, reply_id)
    assert (row["file"], row["file_name"], row["file_kind"]) == (brochure, "brochure.pdf", "document")
    assert (await fill(runtime, owner, conversation_id, reply_id))["file"] == brochure
    async with runtime.db.write() as session:
        await session.exec(sa.delete(LibraryFile))
    assert (await get(runtime, owner, reply_id))["file"] == ""


async def test_only_in_conversations_that_one_sees(
    runtime: Runtime,
    agent: Actor,
    conversation_id: int,
    others_take_all: Callable[[], Awaitable[None]],
) -> None:
    reply_id = await create(runtime, agent)
    await others_take_all()
    stranger = replace(agent, visibility=Visibility.TEAM)
    with pytest.raises(NotFound):
        await matching(runtime, stranger, conversation_id)
    with pytest.raises(NotFound):
        await fill(runtime, stranger, conversation_id, reply_id)
