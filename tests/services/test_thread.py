"""The thread as one line of time, its files and links, the file that is made of it, and who is there."""

from __future__ import annotations

import csv
import importlib
import io
import random
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from tests import meta
from tests.meta import inbound, message
from tests.services.conftest import Meta
from tests.services.desk import Desk
from wapto_app import attention
from wapto_app.attention import Attention
from wapto_app.clock import utcnow
from wapto_app.jobs import search as job
from wapto_app.live import LiveHub
from wapto_app.models import (
    ContactEvent,
    ContactEventKind,
    DeskEvent,
    DeskKind,
    Direction,
    MediaFile,
    MediaState,
    Message,
    MessageStatus,
    Visibility,
)
from wapto_app.models.base import table_of
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import company, contacts, inbox, notes, palette
from wapto_app.services.errors import Forbidden, Invalid, NotFound
from wapto_app.services.inbox import thread
from wapto_app.services.transcript import transcript

Fill = Callable[..., Awaitable[None]]


@pytest.fixture
def desk(runtime: Runtime, channel_id: int, meta_says: Meta) -> Desk:
    return Desk(runtime, meta_says)


async def _insert(runtime: Runtime, model: Any, rows: list[dict[str, Any]]) -> None:
    if rows:
        async with runtime.db.write() as session:
            await session.exec(sa.insert(table_of(model)), params=rows)


def _said(conversation_id: int, channel_id: int, at: datetime, body: str, **more: Any) -> dict[str, Any]:
    row = {
        "conversation_id": conversation_id,
        "channel_id": channel_id,
        "direction": Direction.INBOUND,
        "type": "text",
        "body": body,
        "content": {"kind": "text"},
        "status": MessageStatus.RECEIVED,
        "at": at,
        "created_at": at,
        "media_id": None,
    }
    return row | more


def _event(conversation_id: int, kind: DeskKind, at: datetime, **more: Any) -> dict[str, Any]:
    return {"conversation_id": conversation_id, "kind": kind, "at": at, "detail": {}} | more


async def _upward(runtime: Runtime, actor: Actor, conversation_id: int) -> list[int]:
    async with runtime.db.read() as session:
        page = await inbox.recent(session, actor, conversation_id)
        ids = [row["id"] for row in page["messages"]]
        while page["has_older"]:
            page = await inbox.older(session, actor, conversation_id, before_id=ids[0])
            ids = [*[row["id"] for row in page["messages"]], *ids]
    return ids


async def _downward(runtime: Runtime, actor: Actor, conversation_id: int) -> list[inbox.MessageRow]:
    rows: list[inbox.MessageRow] = []
    async with runtime.db.read() as session:
        while True:
            last = rows[-1]["id"] if rows else 0
            page = await inbox.newer(session, actor, conversation_id, after_id=last)
            rows += page["messages"]
            if not page["has_newer"]:
                return rows


@pytest.mark.parametrize("page", [1, 2, 3, 7])
async def test_no_row_is_lost_or_doubled_at_the_edge_of_a_page(
    runtime: Runtime,
    owner: Actor,
    conversation_id: int,
    channel_id: int,
    page: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Many of them in the same moment, events without a message between them, and the other way round."""
    monkeypatch.setattr(thread, "PAGE", page)
    dice, start = random.Random(page), utcnow() - timedelta(days=1)
    moments = [start + timedelta(seconds=dice.randrange(6)) for _ in range(60)]
    said = [_said(conversation_id, channel_id, at, f"m{n}") for n, at in enumerate(moments[:20])]
    kinds = (DeskKind.RESOLVED, DeskKind.REOPENED, DeskKind.REPLY)
    happened = [_event(conversation_id, kinds[n % 3], at) for n, at in enumerate(moments[20:50])]
    async with runtime.db.read() as session:
        contact_id = await contacts.of_conversation(session, owner, conversation_id)
    opted = [
        {"contact_id": contact_id, "kind": ContactEventKind.OPTED_OUT, "at": at, "detail": {}}
        for at in moments[50:]
    ]
    await _insert(runtime, Message, said)
    await _insert(runtime, DeskEvent, happened)
    await _insert(runtime, ContactEvent, opted)
    up = await _upward(runtime, owner, conversation_id)
    down = await _downward(runtime, owner, conversation_id)
    # One message of the fixture, and no line for what a message tells by itself.
    assert len(up) == len(set(up)) == 1 + 20 + 20 + 10
    assert [row["id"] for row in down] == up
    assert [row["at"] for row in down] == sorted(row["at"] for row in down)
    assert [row["previous_at"] for row in down[1:]] == [row["at"] for row in down[:-1]]
    async with runtime.db.read() as session:
        for at in (0, len(up) // 2, len(up) - 1):
            again = await inbox.recent(session, owner, conversation_id, from_id=up[at])
            assert [row["id"] for row in again["messages"]] == up[at:]
            below = await inbox.recent(session, owner, conversation_id, after_id=up[at])
            assert [row["id"] for row in below["messages"]] == up[at + 1 :]


async def test_a_move_is_one_line_that_says_from_whom_to_whom(
    runtime: Runtime, owner: Actor, agent: Actor, desk: Desk
) -> None:
    conversation_id = await desk.customer(1)
    await desk.assign(agent, conversation_id, agent.account_id)
    await desk.assign(owner, conversation_id, owner.account_id)
    await desk.assign(owner, conversation_id, None)
    await desk.resolve(owner, conversation_id)
    await desk.customer(1)
    rows = [row for row in await _downward(runtime, owner, conversation_id) if row["kind"] == "event"]
    said = [
        (row["type"], row["content"]["by"], row["content"]["agent"], row["content"]["from"]) for row in rows
    ]
    assert said == [
        ("assigned", agent.name, agent.name, ""),
        ("assigned", owner.name, owner.name, agent.name),
        ("unassigned", owner.name, owner.name, ""),
        ("resolved", owner.name, owner.name, ""),
        ("reopened", "", owner.name, ""),
    ]


async def test_what_happened_is_hidden_with_its_conversation(
    runtime: Runtime, owner: Actor, agent: Actor, desk: Desk
) -> None:
    conversation_id = await desk.customer(1)
    await desk.resolve(owner, conversation_id)
    narrow = replace(agent, visibility=Visibility.OWN)
    assert await _downward(runtime, narrow, conversation_id) == []


async def test_a_page_of_a_long_thread_is_found_by_its_indexes(
    runtime: Runtime, owner: Actor, conversation_id: int
) -> None:
    asked: list[tuple[str, Any]] = []
    engine = runtime.db.engine.sync_engine

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        asked.append((statement, parameters))

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        async with runtime.db.read() as session:
            page = await inbox.recent(session, owner, conversation_id)
            await inbox.older(session, owner, conversation_id, before_id=page["messages"][0]["id"])
            await inbox.gallery(session, owner, conversation_id, "media")
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)
    if engine.dialect.name != "sqlite":
        return
    plans: list[str] = []
    async with runtime.db.read() as session:
        connection = await session.connection()
        for statement, parameters in asked:
            if "ORDER BY" in statement and "desc" in statement.lower():
                found = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
                plans.append(" | ".join(row[3] for row in found))
    of = {
        name: [plan for plan in plans if name in plan] for name in ("message", "desk_event", "contact_event")
    }
    assert any("ix_message_conversation_id_at_id" in plan for plan in of["message"])
    assert any("ix_message_files" in plan for plan in of["message"])
    assert all("ix_desk_event_thread" in plan for plan in of["desk_event"])
    assert of["desk_event"]
    assert all("ix_contact_event_contact_id_at" in plan for plan in of["contact_event"])
    assert not [plan for plan in plans if "TEMP B-TREE FOR ORDER BY" in plan]


async def test_how_many_came_below(
    runtime: Runtime, owner: Actor, conversation_id: int, channel_id: int
) -> None:
    first = (await _upward(runtime, owner, conversation_id))[-1]
    now = utcnow() + timedelta(minutes=1)
    await _insert(
        runtime,
        Message,
        [
            _said(conversation_id, channel_id, now, "theirs"),
            _said(conversation_id, channel_id, now, "ours", direction=Direction.OUTBOUND),
            _said(conversation_id, channel_id, now, "a note", direction=Direction.NOTE),
        ],
    )
    async with runtime.db.read() as session:
        assert await inbox.arrived_since(session, owner, conversation_id, after_id=first) == 1
        assert await inbox.arrived_since(session, owner, conversation_id, after_id=999_999) == 0


# --- files and links


async def test_the_gallery_pages_through_pictures_files_and_links(
    runtime: Runtime, owner: Actor, conversation_id: int, channel_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = importlib.import_module("wapto_app.services.inbox.gallery")
    monkeypatch.setattr(module, "PAGE", 2)
    now = utcnow()
    files = [
        {
            "key": f"k{n}",
            "state": MediaState.STORED,
            "mime_type": "image/png",
            "filename": f"{n}.png",
            "size": 9,
        }
        for n in range(6)
    ]
    files[5]["state"] = MediaState.FAILED
    await _insert(runtime, MediaFile, [each | {"created_at": now} for each in files])
    types = ["image", "document", "video", "image", "audio", "image"]
    await _insert(
        runtime,
        Message,
        [
            _said(conversation_id, channel_id, now + timedelta(seconds=n), "", type=kind, media_id=n + 1)
            for n, kind in enumerate(types)
        ]
        + [
            _said(conversation_id, channel_id, now, "See https://a.example/x?y=1, or (http://b.example)."),
            _said(conversation_id, channel_id, now, "no link, only http:// as such"),
        ],
    )
    assert await _gallery(runtime, owner, conversation_id, "media") == ["3.png", "2.png", "0.png"]
    assert await _gallery(runtime, owner, conversation_id, "files") == ["4.png", "1.png"]
    links = ["https://a.example/x?y=1", "http://b.example"]
    assert await _gallery(runtime, owner, conversation_id, "links") == links
    # Where nothing is found in a stretch, the next one goes on below it.
    monkeypatch.setattr(module, "_SCANNED", 1)
    assert await _gallery(runtime, owner, conversation_id, "links") == links
    async with runtime.db.read() as session:
        with pytest.raises(Invalid):
            await inbox.gallery(session, owner, conversation_id, "secrets")


async def test_links_of_notes_hide_every_number(
    runtime: Runtime, owner: Actor, agent: Actor, conversation_id: int
) -> None:
    async with runtime.db.write() as session:
        await notes.write(session, owner, conversation_id, "his wife: https://x.example/+447400123456 ok", [])
    hiding = replace(agent, hide_phone=True)
    (seen,) = await _gallery(runtime, hiding, conversation_id, "links")
    assert "7400" not in seen
    async with runtime.db.read() as session:
        (*_others, note) = (await inbox.recent(session, hiding, conversation_id))["messages"]
    assert seen in note["body"]
    assert "7400" in str(await _gallery(runtime, owner, conversation_id, "links"))


async def _gallery(runtime: Runtime, actor: Actor, conversation_id: int, kind: str) -> list[str]:
    found, before = [], 0
    async with runtime.db.read() as session:
        for _page in range(50):
            page = await inbox.gallery(session, actor, conversation_id, kind, before_id=before)
            found += [item["text"] for item in page["items"]]
            before = page["next_before"]
            if not before:
                return found
    raise AssertionError("it never ends")


# --- as a file


async def _taken(runtime: Runtime, actor: Actor, conversation_id: int, form: str, **more: Any) -> str:
    file = await transcript(
        runtime.db, actor, conversation_id, form=form, with_notes=more.get("with_notes", False)
    )
    return "".join([line async for line in file["lines"]])


async def test_a_conversation_is_taken_along_whole_and_harmless(
    runtime: Runtime,
    owner: Actor,
    conversation_id: int,
    channel_id: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(thread, "PAGE", 2)
    at = utcnow() + timedelta(minutes=1)
    said = [f"line {n}" for n in range(5)] + ["=HYPERLINK(1)", "<script>alert(1)</script>"]
    await _insert(
        runtime,
        Message,
        [_said(conversation_id, channel_id, at, body) for body in said]
        + [_said(conversation_id, channel_id, at, "only for us", direction=Direction.NOTE, type="note")],
    )
    text = await _taken(runtime, owner, conversation_id, "txt")
    assert [body in text for body in said] == [True] * 7
    assert "only for us" not in text
    assert "only for us" in await _taken(runtime, owner, conversation_id, "txt", with_notes=True)
    page = await _taken(runtime, owner, conversation_id, "html")
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    rows = list(
        csv.reader(io.StringIO((await _taken(runtime, owner, conversation_id, "csv")).lstrip("\ufeff")))
    )
    assert [row[3] for row in rows][-2:] == ["'=HYPERLINK(1)", "<script>alert(1)</script>"]
    with pytest.raises(Invalid):
        await _taken(runtime, owner, conversation_id, "exe")


async def test_a_file_hides_what_its_reader_may_not_see(
    runtime: Runtime, agent: Actor, meta_says: Meta, conversation_id: int
) -> None:
    await meta_says.says(inbound(message("wamid.n", body=f"Call me: +{meta.ADA}"), name="Ada"))
    may = replace(agent, permissions=agent.permissions | {Permission.EXPORT_DO})
    hiding = replace(may, hide_phone=True)
    text = await _taken(runtime, hiding, conversation_id, "txt")
    assert "Call me" in text
    assert meta.ADA not in text
    with pytest.raises(Forbidden):
        await _taken(runtime, agent, conversation_id, "txt")
    with pytest.raises(NotFound):
        await _taken(runtime, replace(may, visibility=Visibility.OWN), conversation_id, "txt")


# --- who is there


async def _company(runtime: Runtime, actor: Actor, *ids: int) -> dict[int, list[company.Companion]]:
    async with runtime.db.read() as session:
        return await company.company(session, actor, runtime.attention, list(ids))


async def _note(runtime: Runtime, actor: Actor, conversation_id: int, *, writing: bool = False) -> bool:
    async with runtime.db.read() as session:
        return await company.note(session, actor, runtime.attention, conversation_id, writing=writing)


async def test_others_are_seen_and_oneself_is_not(
    runtime: Runtime, owner: Actor, agent: Actor, conversation_id: int
) -> None:
    assert await _note(runtime, agent, conversation_id)
    assert await _note(runtime, owner, conversation_id)
    assert await _company(runtime, owner, conversation_id) == {
        conversation_id: [{"name": agent.name, "writing": False}]
    }
    await _note(runtime, agent, conversation_id, writing=True)
    await _note(runtime, agent, conversation_id)  # the other tab of the same person
    assert await _company(runtime, owner, conversation_id) == {
        conversation_id: [{"name": agent.name, "writing": True}]
    }
    assert await _company(runtime, agent, conversation_id) == {
        conversation_id: [{"name": owner.name, "writing": False}]
    }


async def test_who_may_not_see_it_neither_leaves_nor_finds_a_trace(
    runtime: Runtime, owner: Actor, agent: Actor, conversation_id: int
) -> None:
    narrow = replace(agent, visibility=Visibility.OWN)
    assert not await _note(runtime, narrow, conversation_id, writing=True)
    assert not await _note(runtime, replace(owner, viewer_id=5), conversation_id)
    await _note(runtime, owner, conversation_id)
    assert await _company(runtime, narrow, conversation_id) == {}
    assert len(await _company(runtime, agent, conversation_id)) == 1


async def test_who_says_nothing_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(attention.time, "monotonic", lambda: now[0])
    hub = LiveHub()
    heard: list[frozenset[str]] = []
    here = Attention(hub)
    hub.listen(lambda topics: heard.append(topics) if attention.TOPIC in topics else None)
    here.note(1, 7, writing=True)
    here.note(1, 7, writing=False)
    assert here.who(1) == {7: True}
    assert len(heard) == 1, "only what somebody sees is news"
    now[0] += attention.EXPIRES / 2
    here.note(1, 7, writing=False)
    now[0] += attention.EXPIRES / 2 + 1
    here._sweep()
    assert here.who(1) == {7: False}
    now[0] += attention.EXPIRES
    here._sweep()
    assert here.who(1) == {}
    assert len(heard) == 3


# --- the palette


async def test_the_palette_finds_customers_and_words_within_what_one_sees(
    runtime: Runtime, owner: Actor, agent: Actor, meta_says: Meta, conversation_id: int
) -> None:
    await meta_says.says(inbound(message("wamid.p", body="The *pomegranate* is here"), name="Ada"))
    await job.follow(runtime)
    async with runtime.db.read() as session:
        assert [place["id"] for place in await palette.places(session, owner, [conversation_id, 99])] == [
            conversation_id
        ]
        narrow = replace(agent, visibility=Visibility.OWN)
        assert await palette.places(session, narrow, [conversation_id]) == []
        assert await palette.search(session, narrow, "ada") == []
        assert await palette.search(session, owner, "a") == []
        (customer,) = await palette.search(session, owner, "ada")
        assert (customer["kind"], customer["href"]) == ("conversation", f"/inbox/{conversation_id}")
        (word,) = await palette.search(session, owner, "pomegran")
        assert (word["kind"], word["name"]) == ("message", "Ada")
        hiding = replace(agent, hide_phone=True)
        assert len(await palette.search(session, owner, meta.ADA[-7:])) == 1
        assert await palette.search(session, hiding, meta.ADA[-7:]) == []
