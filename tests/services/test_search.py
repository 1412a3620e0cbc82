"""What search finds: over every script, as somebody may see it, and a moment after it was written."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import col, select

from tests.meta import inbound, message
from tests.services.conftest import Meta
from wapto_app.clock import utcnow
from wapto_app.db import fetch
from wapto_app.jobs import search as job
from wapto_app.models import (
    AddressKind,
    Contact,
    ContactAddress,
    Conversation,
    Message,
    MessageSearch,
    Visibility,
)
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services import notes, search
from wapto_app.services.search import following
from wapto_app.services.search.queries import texts
from wapto_app.services.search.snippets import matches
from wapto_app.services.search.words import digits_of, terms_of, words_of

Says = Callable[..., Awaitable[None]]


@pytest.fixture
def says(runtime: Runtime, channel_id: int, meta_says: Meta) -> Says:
    """A customer writes, and search has followed."""
    count = 0

    async def say(text: str, *, wa_id: str = "16505551234", name: str = "Ada") -> None:
        nonlocal count
        count += 1
        await meta_says.says(inbound(message(f"wamid.s{count}", body=text, wa_id=wa_id), name=name))
        await job.follow(runtime)

    return say


async def found(runtime: Runtime, actor: Actor, text: str, **more: Any) -> list[str]:
    """The whole texts of what is found."""
    async with runtime.db.read() as session:
        rows = (await search.messages(session, actor, text, **more))["messages"]
        ids = [row["id"] for row in rows]
        query = sa.select(col(Message.id), col(Message.body)).where(col(Message.id).in_(ids))
        bodies = {row.id: row.body for row in await fetch(session, query)}
    return [bodies[of] for of in ids]


async def people(runtime: Runtime, text: str, **more: Any) -> set[str]:
    async with runtime.db.read() as session:
        ids = search.contact_ids(text, **more)
        query = sa.select(col(Contact.profile_name)).where(col(Contact.id).in_(ids))
        return {row.profile_name for row in await fetch(session, query)}


async def test_words_in_any_order_prefixes_and_fragments_are_found(
    runtime: Runtime, owner: Actor, says: Says
) -> None:
    await says("Where is my order AB-4711-X, please?")
    await says("The invoice for Café Zoë")
    for query in ("order please", "PLEASE order", "ord", "4711", "ab-4711", "b-4711-x", "711", "where is my"):
        assert await found(runtime, owner, query) == ["Where is my order AB-4711-X, please?"], query
    for query in ("cafe", "CAFÉ zoe", "nvoic"):
        assert len(await found(runtime, owner, query)) == 1, query
    for query in ("order invoice", "rder please", "zzz", "", "  ", "?!", "a"):
        assert await found(runtime, owner, query) == [], query


@pytest.mark.parametrize(
    ("text", "queries"),
    [
        ("你好，我想买三件衬衫", ["你好", "衬衫", "好", "三件衬衫", "想买"]),
        ("予約を確認したいです", ["確認", "予約", "したい"]),
        ("สวัสดีครับ ขอราคา", ["สวัสดี", "ราคา", "ดีครับ"]),
        ("مُحَمَّد يسأل عن الطلب", ["محمد", "الطلب", "مُحَمَّد"]),
        ("नमस्ते, मेरा ऑर्डर कहाँ है", ["नमस्ते", "ऑर्डर", "नमस्"]),
        ("안녕하세요 주문을 했어요", ["안녕하세요", "주문"]),
        ("Où est la Straße?", ["ou est", "strasse", "STRASSE"]),
    ],
)
async def test_every_script_is_found(
    runtime: Runtime, owner: Actor, says: Says, text: str, queries: list[str]
) -> None:
    await says(text)
    await says("nothing of it")
    for query in queries:
        assert await found(runtime, owner, query) == [text], query


async def test_the_newest_come_first_and_the_next_page_follows(
    runtime: Runtime, owner: Actor, says: Says
) -> None:
    for number in range(5):
        await says(f"parcel {number}")
    async with runtime.db.read() as session:
        first = await search.messages(session, owner, "parcel", limit=3)
        rest = await search.messages(session, owner, "parcel", limit=3, before=first["next_before"])
    assert texts(first["messages"]) == ["parcel 4", "parcel 3", "parcel 2"]
    assert texts(rest["messages"]) == ["parcel 1", "parcel 0"]
    assert rest["next_before"] == 0


async def test_a_snippet_shows_what_was_found_in_one_line(runtime: Runtime, owner: Actor, says: Says) -> None:
    await says("word " * 30 + "before the\nPÀRCEL came " + "and went " * 30)
    async with runtime.db.read() as session:
        (row,) = (await search.messages(session, owner, "parcel"))["messages"]
    assert row["match"] == "PÀRCEL"
    assert row["before"].startswith("… ")
    assert row["before"].endswith("before the ")
    assert row["after"].startswith(" came and went")
    assert row["after"].endswith("…")
    assert "\n" not in row["before"] + row["after"]


async def test_an_edited_or_deleted_message_is_found_by_what_it_says_now(
    runtime: Runtime, owner: Actor, says: Says, meta_says: Meta
) -> None:
    await says("the old wording")
    news = {
        "original_message_id": "wamid.s1",
        "message": {"type": "text", "text": {"body": "the new phrase"}},
    }
    await meta_says.says(inbound(message("wamid.edit", "edit", news)))
    assert await found(runtime, owner, "wording") == []
    await job.follow(runtime)
    assert await found(runtime, owner, "phrase") == ["the new phrase"]
    gone = {"original_message_id": "wamid.s1"}
    await meta_says.says(inbound(message("wamid.gone", "revoke", gone)))
    assert await found(runtime, owner, "phrase") == []
    await job.follow(runtime)
    async with runtime.db.read() as session:
        assert [row.words for row in await fetch(session, sa.select(col(MessageSearch.words)))] == [""]


async def test_what_is_deleted_leaves_the_index_too(runtime: Runtime, owner: Actor, says: Says) -> None:
    await says("a secret parcel")
    async with runtime.db.write() as session:
        await session.exec(sa.delete(Message))
        await session.exec(sa.delete(Contact))
    assert await found(runtime, owner, "parcel") == []
    async with runtime.db.read() as session:
        connection = await session.connection()
        tables = ("message_search", "contact_search")
        if runtime.db.is_sqlite:
            tables += ("message_fts", "message_fragment_fts", "contact_fts", "contact_fragment_fts")
        for table, word in product(tables, ("par", "parcel", "ada")):
            if len(word) > 3 and "fragment" in table:
                continue
            where = f" WHERE {table} MATCH '{word}'" if table.endswith("fts") else ""
            found_rows = (await connection.exec_driver_sql(f"SELECT count(*) FROM {table}{where}")).scalar()
            assert found_rows == 0, table


async def test_an_id_that_is_given_again_is_followed_too(runtime: Runtime, owner: Actor, says: Says) -> None:
    """SQLite gives the id of the newest message again after it was deleted."""
    await says("first parcel")
    async with runtime.db.write() as session:
        await session.exec(sa.delete(Message))
    await says("second parcel")
    assert await found(runtime, owner, "parcel") == ["second parcel"]


async def test_a_batch_that_is_undone_is_done_again(
    runtime: Runtime, owner: Actor, says: Says, meta_says: Meta
) -> None:
    """As a kill in the middle of it: words and cursor are one transaction."""
    await meta_says.says(inbound(message("wamid.k", body="a late parcel")))
    async with runtime.db.engine.connect() as connection:
        assert await connection.run_sync(following.follow, [None]) != [0]
        await connection.rollback()
    assert await found(runtime, owner, "parcel") == []
    await job.follow(runtime)
    assert await found(runtime, owner, "parcel") == ["a late parcel"]


async def test_only_what_may_be_seen_is_found(
    runtime: Runtime,
    owner: Actor,
    agent: Actor,
    says: Says,
    others_take_all: Callable[[], Awaitable[None]],
) -> None:
    await says("a parcel")
    await others_take_all()
    assert await found(runtime, owner, "parcel") == ["a parcel"]
    for visibility in (Visibility.TEAM, Visibility.OWN):
        assert await found(runtime, replace(agent, visibility=visibility), "parcel") == []


async def test_whoever_sees_no_numbers_cannot_find_by_them(
    runtime: Runtime, owner: Actor, agent: Actor, says: Says
) -> None:
    await says("call me at +1 650-555-1234, order 4711")
    hiding = replace(agent, hide_phone=True, visibility=Visibility.ALL)
    for query in ("5551234", "650-555", "650 555 1234", "1234"):
        assert len(await found(runtime, owner, query)) == (0 if query == "5551234" else 1), query
        assert await found(runtime, hiding, query) == [], query
    async with runtime.db.read() as session:
        (seen,) = texts((await search.messages(session, hiding, "4711"))["messages"])
    assert "1234" not in seen
    assert await people(runtime, "+1 (650) 555-1234") == {"Ada"}
    assert await people(runtime, "0650 555 1234") == {"Ada"}
    for query in ("16505551234", "+1 (650) 555-1234", "5551"):
        assert await people(runtime, query, numbers=False) == set(), query
    assert await people(runtime, "ada", numbers=False) == {"Ada"}


async def test_a_note_hides_every_number_also_in_what_is_found(
    runtime: Runtime, owner: Actor, agent: Actor, says: Says
) -> None:
    await says("hi")
    async with runtime.db.write() as session:
        conversation_id = (await session.exec(select(Conversation.id))).one() or 0
        await notes.write(session, owner, conversation_id, "his wife is on +44 7400 123456, call her", [])
    await job.follow(runtime)
    hiding = replace(agent, hide_phone=True, visibility=Visibility.ALL)
    for query in ("7400 123456", "7400", "123456"):
        assert len(await found(runtime, owner, query)) == 1, query
        assert await found(runtime, hiding, query) == [], query
    async with runtime.db.read() as session:
        (seen,) = texts((await search.messages(session, hiding, "wife"))["messages"])
    assert "7400" not in seen


async def test_people_are_found_by_all_that_is_known_of_them(runtime: Runtime, says: Says) -> None:
    await says("hi", name="José Martínez")
    await says("hi", wa_id="5511987654321", name="陈大文")
    async with runtime.db.write() as session:
        person = sa.select(sa.func.min(Contact.id)).scalar_subquery()
        known = {"company": "Harbour Homes", "email": "jose@example.com", "updated_at": utcnow()}
        await session.exec(sa.update(Contact).where(col(Contact.id) == person).values(**known))
    await job.follow(runtime)
    for query in ("jose", "martinez jose", "MART", "artine", "harbour", "jose@example", "example.com"):
        assert await people(runtime, query) == {"José Martínez"}, query
    for query in ("大文", "陈", "987654321", "+55 11 98765-4321"):
        assert await people(runtime, query) == {"陈大文"}, query
    assert await people(runtime, "%") == set()
    assert await people(runtime, "_____") == set()


async def test_a_number_that_is_added_later_is_found(runtime: Runtime, says: Says) -> None:
    await says("hi")
    async with runtime.db.write() as session:
        await session.exec(sa.update(Contact).values(created_at=utcnow() - timedelta(days=1)))
        (row,) = await fetch(session, sa.select(col(Contact.id)))
        session.add(ContactAddress(contact_id=row.id, kind=AddressKind.PHONE, value="+4915112345678"))
    await job.follow(runtime)
    assert await people(runtime, "15112345678") == {"Ada"}


_HOSTILE = [
    '"',
    "'",
    '" OR 1=1 --',
    "a* OR b",
    "NEAR(a b)",
    "col:x",
    "-not",
    "a AND",
    "(",
    "^",
    "'':*",
    "\\",
    "%",
    "\x00a",
]


@pytest.mark.parametrize("query", _HOSTILE)
async def test_syntax_means_nothing(runtime: Runtime, owner: Actor, says: Says, query: str) -> None:
    await says("nothing of this kind")
    await found(runtime, owner, query)
    await people(runtime, query)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=st.text(max_size=40))
async def test_any_query_is_harmless(runtime: Runtime, owner: Actor, query: str) -> None:
    await found(runtime, owner, query)
    await people(runtime, query)
    await people(runtime, query, numbers=False)


@given(text=st.text(max_size=200))
def test_words_hold_no_syntax_and_find_themselves(text: str) -> None:
    words = words_of(text)
    assert not set(words) & set("\"'*:&|!()<>^%_\\\x00\n\t")
    terms = terms_of(text)
    assert not any(set(part) & set("\"' ") for part in (*terms.exact, terms.prefix))
    assert bool(terms) == bool(words_of(text[:200]))
    if terms and len(words.split()) < 12:
        assert matches(text, text)


@given(text=st.text(max_size=60))
def test_digits_are_digits(text: str) -> None:
    digits = digits_of(text)
    assert digits == "" or (digits.isascii() and digits.isdecimal())
