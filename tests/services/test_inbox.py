"""The list and the thread: what an actor may see, page by page, and by which index it is found."""

from __future__ import annotations

import base64
import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import col

from tests import meta
from tests.meta import ADA, ago, inbound, message
from tests.services.conftest import Book, Meta
from wapto_app.clock import utcnow
from wapto_app.models import (
    Account,
    AssignmentStrategy,
    Channel,
    ChannelStatus,
    Contact,
    Conversation,
    Direction,
    MediaFile,
    MediaState,
    Message,
    MessageStatus,
    Team,
)
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor, Permission, Visibility
from wapto_app.services import assignment, inbox, ingest, leases
from wapto_app.services.errors import Conflict, Forbidden, Invalid, NotFound
from wapto_app.services.inbox.filters import EVERYTHING
from wapto_app.services.inbox.thread import PAGE
from wapto_app.services.media import transfers
from wapto_app.services.outbox import claims, receipts

UNREAD = replace(EVERYTHING, unread=True)
Send = Callable[[str], Awaitable[int]]


@pytest.fixture
def hiding(agent: Actor) -> Actor:
    return replace(agent, hide_phone=True)


async def listing(runtime: Runtime, actor: Actor, **more: Any) -> list[inbox.ConversationRow]:
    async with runtime.db.read() as session:
        return await inbox.listing(session, actor, **more)


async def thread(runtime: Runtime, actor: Actor, conversation_id: int, **more: Any) -> inbox.Thread:
    async with runtime.db.read() as session:
        return await inbox.recent(session, actor, conversation_id, **more)


async def change(runtime: Runtime, table: Any, **values: Any) -> None:
    async with runtime.db.write() as session:
        await session.exec(sa.update(table).values(**values))


# --- the list


async def test_the_newest_conversation_is_on_top(
    runtime: Runtime, owner: Actor, channel_id: int, meta_says: Meta
) -> None:
    for number in (2, 0, 1):
        await meta_says.says(
            inbound(
                message(f"wamid.{number}", wa_id=f"1650555000{number}", at=ago(hours=number + 1)),
                name=f"N{number}",
            )
        )
    assert [row["name"] for row in await listing(runtime, owner)] == ["N0", "N1", "N2"]
    assert [row["name"] for row in await listing(runtime, owner, limit=2)] == ["N0", "N1"]


async def test_a_row_says_all_that_the_list_shows(runtime: Runtime, owner: Actor, sends: Send) -> None:
    (row,) = await listing(runtime, owner)
    assert (row["name"], row["preview"], row["unread"], row["outbound"], row["tick"]) == (
        "Ada",
        "Hello",
        1,
        False,
        "",
    )
    assert row["window_closes_at"]
    await sends("On Friday")
    (row,) = await listing(runtime, owner)
    assert (row["preview"], row["outbound"], row["tick"]) == ("On Friday", True, "queued")


async def test_the_unread_filter_and_badge(
    runtime: Runtime, owner: Actor, conversation_id: int, meta_says: Meta
) -> None:
    await meta_says.says(inbound(message("wamid.b", wa_id="16505550001"), name="Ben"))
    async with runtime.db.write() as session:
        await inbox.open_conversation(session, owner, conversation_id)
    assert [row["name"] for row in await listing(runtime, owner, wanted=UNREAD)] == ["Ben"]
    async with runtime.db.read() as session:
        assert await inbox.unread_total(session, owner) == 1
    async with runtime.db.write() as session:
        await inbox.mark_unread(session, owner, conversation_id)
    assert {row["name"]: row["unread"] for row in await listing(runtime, owner)} == {"Ada": 1, "Ben": 1}


async def test_the_name_falls_back_to_what_may_be_seen(
    runtime: Runtime, owner: Actor, hiding: Actor, channel_id: int, meta_says: Meta
) -> None:
    await meta_says.says(inbound(message("wamid.1"), name=""))
    assert (await listing(runtime, owner))[0]["name"] == f"+{ADA}"
    assert (await listing(runtime, hiding))[0]["name"] == "+16•••••34"


# --- what may be seen


async def test_without_the_permission_nothing_is_seen(
    runtime: Runtime, agent: Actor, conversation_id: int
) -> None:
    nobody = replace(agent, permissions=frozenset({Permission.SIGNED_IN}))
    async with runtime.db.write() as session:
        for query in (
            inbox.listing(session, nobody),
            inbox.unread_total(session, nobody),
            inbox.header(session, nobody, conversation_id),
            inbox.recent(session, nobody, conversation_id),
            inbox.older(session, nobody, conversation_id, before_id=1),
            inbox.open_conversation(session, nobody, conversation_id),
            inbox.mark_unread(session, nobody, conversation_id),
            inbox.send_text(session, nobody, conversation_id, "Hi"),
            inbox.send_file(session, nobody, conversation_id, "0" * 32),
            inbox.send_location(session, nobody, conversation_id, 1, 1),
            inbox.react(session, nobody, conversation_id, 1, "👍"),
        ):
            with pytest.raises(Forbidden):
                await query


async def test_who_may_only_read_cannot_write(runtime: Runtime, agent: Actor, conversation_id: int) -> None:
    reader = replace(agent, permissions=frozenset({Permission.INBOX_SEE}))
    async with runtime.db.write() as session:
        await inbox.open_conversation(session, reader, conversation_id)
        for deed in (
            inbox.mark_unread(session, reader, conversation_id),
            inbox.send_text(session, reader, conversation_id, "Hi"),
            inbox.react(session, reader, conversation_id, 1, "👍"),
        ):
            with pytest.raises(Forbidden):
                await deed


@pytest.mark.parametrize("visibility", [Visibility.OWN, Visibility.TEAM])
async def test_conversations_of_others_can_be_neither_listed_nor_guessed(
    runtime: Runtime,
    agent: Actor,
    conversation_id: int,
    visibility: Visibility,
    book: Book,
    others_take_all: Callable[[], Awaitable[None]],
) -> None:
    narrow, first = replace(agent, visibility=visibility), (await book.only("message"))["id"]
    await others_take_all()
    assert await listing(runtime, narrow) == []
    assert (await thread(runtime, narrow, conversation_id))["messages"] == []
    async with runtime.db.write() as session:
        assert await inbox.unread_total(session, narrow) == 0
        older = await inbox.older(session, narrow, conversation_id, before_id=first + 1)
        assert older == {"messages": [], "has_older": False, "has_newer": False}
        for deed in (
            inbox.header(session, narrow, conversation_id),
            inbox.open_conversation(session, narrow, conversation_id),
            inbox.mark_unread(session, narrow, conversation_id),
            inbox.send_text(session, narrow, conversation_id, "Hi"),
            inbox.send_location(session, narrow, conversation_id, 1, 1),
            inbox.react(session, narrow, conversation_id, first, "👍"),
        ):
            with pytest.raises(NotFound):
                await deed
        await session.exec(sa.update(Conversation).values(assignee_id=agent.account_id))
    assert len(await listing(runtime, narrow)) == 1
    assert len((await thread(runtime, narrow, conversation_id))["messages"]) == 1


async def test_a_hidden_number_appears_nowhere(
    runtime: Runtime, hiding: Actor, owner: Actor, channel_id: int, meta_says: Meta, book: Book
) -> None:
    wamid = "wamid." + base64.b64encode(b"\x1d\x04\x10\x0b" + ADA.encode() + b"\x15\x02").decode()
    card = {
        "name": {"formatted_name": "Bob"},
        "phones": [{"phone": "+1 650-555-7777", "wa_id": "16505557777"}],
        "vcard": "TEL:+16505557777",
    }
    changed = {
        "type": "user_changed_number",
        "body": f"User Ada changed from {ADA} to 16505559999",
        "wa_id": "16505559999",
    }
    await meta_says.says(
        inbound(message(wamid, body="Hi"), name=""),
        inbound(message("wamid.2", "contacts", [card], context={"id": wamid})),
        inbound(message("wamid.3", context={"id": "wamid.16505551234.unknown"})),
        inbound(message("wamid.4", "system", changed)),
    )
    conversation_id = (await book.only("conversation"))["id"]
    async with runtime.db.read() as session:
        shown = [
            await inbox.listing(session, hiding),
            await inbox.header(session, hiding, conversation_id),
            await inbox.recent(session, hiding, conversation_id),
        ]
    text = repr(shown)
    for secret in (ADA, "16505557777", "650-555-7777", "16505559999", wamid):
        assert secret not in text
    assert shown[0][0]["preview"] == "User Ada changed from 165•••••34 to 165•••••99"  # type: ignore[index]
    last = shown[2]["messages"][0]  # type: ignore[index]
    assert last["wamid"], "the page still knows that WhatsApp knows the message"
    assert ADA in repr(await listing(runtime, owner))


# --- the thread


async def test_a_message_shows_its_author_quote_file_and_reactions(
    runtime: Runtime, owner: Actor, conversation_id: int, meta_says: Meta, sends: Send
) -> None:
    await meta_says.says(
        inbound(
            message("wamid.2", "image", {"id": "M", "mime_type": "image/png"}, context={"id": "wamid.first"})
        ),
        inbound(message("wamid.3", "reaction", {"message_id": "wamid.2", "emoji": "😮"})),
        inbound(message("wamid.4", context={"id": "wamid.of.long.ago", "forwarded": True})),
    )
    await sends("Nice")
    first, photo, forwarded, ours = (await thread(runtime, owner, conversation_id))["messages"]
    assert (ours["author"], ours["outbound"], ours["status"]) == ("Olga Owner", True, "queued")
    assert photo["quote"] == {"wamid": "wamid.first", "outbound": False, "text": "Hello"}
    assert photo["file"]
    assert (photo["file"]["state"], photo["reactions"]) == ("pending", ["😮"])
    assert (forwarded["forwarded"], forwarded["quote"]) == (
        True,
        {"wamid": "wamid.of.long.ago", "outbound": False, "text": "An earlier message"},
    )
    assert [first["previous_at"], photo["previous_at"]] == ["", first["at"]]


async def test_a_deleted_message_gives_its_file_away_to_nobody(
    runtime: Runtime, owner: Actor, conversation_id: int, meta_says: Meta
) -> None:
    await meta_says.says(
        inbound(message("wamid.2", "image", {"id": "M", "mime_type": "image/png"})),
        inbound(message("wamid.3", "revoke", {"original_message_id": "wamid.2"})),
    )
    row = (await thread(runtime, owner, conversation_id))["messages"][-1]
    assert (row["kind"], row["file"], row["body"]) == ("revoked", None, "")


async def test_a_quote_cannot_reach_into_another_conversation(
    runtime: Runtime, owner: Actor, conversation_id: int, meta_says: Meta, book: Book
) -> None:
    await meta_says.says(
        inbound(message("wamid.b", wa_id="16505550001", context={"id": "wamid.first"}), name="Ben")
    )
    other = (await book.rows("conversation"))[-1]["id"]
    (row,) = (await thread(runtime, owner, other))["messages"]
    assert row["quote"]
    assert row["quote"]["text"] == "An earlier message"


async def test_the_raw_payload_stays_on_the_server(
    runtime: Runtime, owner: Actor, conversation_id: int, meta_says: Meta
) -> None:
    await meta_says.says(inbound(message("wamid.2", "hologram", {"token": "raw-secret"})))
    assert "raw-secret" not in repr(await thread(runtime, owner, conversation_id))


async def filled(
    runtime: Runtime, conversation_id: int, channel_id: int, count: int, *, at_once: int
) -> None:
    """``count`` messages, ``at_once`` of them always at the same time."""
    start = utcnow() - timedelta(hours=5)
    async with runtime.db.write() as session:
        session.add_all(
            Message(
                conversation_id=conversation_id,
                channel_id=channel_id,
                direction=Direction.INBOUND,
                type="text",
                body=f"{number}",
                status=MessageStatus.RECEIVED,
                wamid=f"wamid.page.{number}",
                at=start + timedelta(seconds=number // at_once),
            )
            for number in range(count)
        )


@pytest.mark.parametrize("at_once", [1, 7, 1000])
async def test_paging_upward_has_neither_gap_nor_repetition(
    runtime: Runtime, owner: Actor, conversation_id: int, channel_id: int, at_once: int
) -> None:
    await filled(runtime, conversation_id, channel_id, 3 * PAGE + 7, at_once=at_once)
    page = await thread(runtime, owner, conversation_id)
    shown, has_older = page["messages"], page["has_older"]
    rounds = 0
    while has_older:
        async with runtime.db.read() as session:
            page = await inbox.older(session, owner, conversation_id, before_id=shown[0]["id"])
        shown, has_older = [*page["messages"], *shown], page["has_older"]
        rounds += 1
    assert rounds == 3
    texts = [row["body"] for row in shown]
    assert sorted(texts, key=str) == sorted([*(str(n) for n in range(3 * PAGE + 7)), "Hello"], key=str)
    assert [row["at"] for row in shown] == sorted(row["at"] for row in shown)
    numbered = [int(text) for text in texts if text != "Hello"]
    assert numbered == sorted(numbered)


async def test_a_tab_that_scrolled_up_follows_everything_newer(
    runtime: Runtime, owner: Actor, conversation_id: int, channel_id: int, meta_says: Meta
) -> None:
    await filled(runtime, conversation_id, channel_id, 2 * PAGE, at_once=3)
    page = await thread(runtime, owner, conversation_id)
    async with runtime.db.read() as session:
        earlier = (await inbox.older(session, owner, conversation_id, before_id=page["messages"][0]["id"]))[
            "messages"
        ]
    await meta_says.says(inbound(message("wamid.new", body="new")))
    latest = (await thread(runtime, owner, conversation_id, after_id=earlier[-1]["id"]))["messages"]
    assert [row["id"] for row in latest[:-1]] == [row["id"] for row in page["messages"]]
    assert latest[-1]["body"] == "new"


async def test_an_anchor_of_another_conversation_is_ignored(
    runtime: Runtime, owner: Actor, conversation_id: int, meta_says: Meta, book: Book
) -> None:
    await meta_says.says(inbound(message("wamid.b", wa_id="16505550001"), name="Ben"))
    foreign = (await book.rows("message"))[-1]["id"]
    async with runtime.db.read() as session:
        page = await inbox.older(session, owner, conversation_id, before_id=foreign)
    assert page == {"messages": [], "has_older": False, "has_newer": False}
    assert len((await thread(runtime, owner, conversation_id, after_id=foreign))["messages"]) == 1


async def test_a_page_takes_the_same_few_queries_however_long_it_is(
    runtime: Runtime, owner: Actor, conversation_id: int, channel_id: int
) -> None:
    asked: list[str] = []
    engine = runtime.db.engine.sync_engine
    listener = lambda *arguments: asked.append(arguments[2])  # noqa: E731
    await filled(runtime, conversation_id, channel_id, PAGE, at_once=1)
    sa.event.listen(engine, "before_cursor_execute", listener)
    try:
        await thread(runtime, owner, conversation_id)
        await listing(runtime, owner)
    finally:
        sa.event.remove(engine, "before_cursor_execute", listener)
    assert len([query for query in asked if query.startswith("SELECT")]) <= 7


# --- deeds


@pytest.mark.parametrize("text", ["", "   ", "\x00", "x" * 4097])
async def test_an_impossible_text_is_refused(
    runtime: Runtime, owner: Actor, conversation_id: int, text: str
) -> None:
    async with runtime.db.write() as session:
        with pytest.raises(Invalid):
            await inbox.send_text(session, owner, conversation_id, text)


@pytest.mark.parametrize(("latitude", "longitude"), [(91, 0), (0, 181), (float("nan"), 0), (0, float("inf"))])
async def test_a_place_off_the_earth_is_refused(
    runtime: Runtime, owner: Actor, conversation_id: int, latitude: float, longitude: float
) -> None:
    async with runtime.db.write() as session:
        with pytest.raises(Invalid):
            await inbox.send_location(session, owner, conversation_id, latitude, longitude)


async def test_a_caption_that_is_too_long_sends_nothing(
    runtime: Runtime, owner: Actor, conversation_id: int, book: Book
) -> None:
    async with runtime.db.write() as session:
        session.add(MediaFile(key="a" * 32, state=MediaState.STORED, mime_type="image/png"))
    too_long = inbox.OutgoingFile(key="a" * 32, caption="x" * 1025, voice=False)
    fits = inbox.OutgoingFile(key="a" * 32, caption="", voice=False)
    with pytest.raises(Invalid) as refused:
        async with runtime.db.write() as session:
            await inbox.send(session, owner, conversation_id, text="", files=[fits, too_long], reply_to=0)
    assert refused.value.field == "caption.1"
    assert await book.count("message") == 1


async def test_a_message_that_whatsapp_does_not_know_yet_cannot_be_reacted_to(
    runtime: Runtime, owner: Actor, conversation_id: int, sends: Send
) -> None:
    message_id = await sends("on its way")
    async with runtime.db.write() as session:
        with pytest.raises(Conflict):
            await inbox.react(session, owner, conversation_id, message_id, "👍")


async def test_a_reply_quotes_a_message_of_its_own_conversation_only(
    runtime: Runtime, owner: Actor, conversation_id: int, meta_says: Meta, book: Book
) -> None:
    await meta_says.says(inbound(message("wamid.b", wa_id="16505550001"), name="Ben"))
    own, foreign = [row["id"] for row in await book.rows("message")]
    async with runtime.db.write() as session:
        await inbox.send_text(session, owner, conversation_id, "a", reply_to=own)
        await inbox.send_text(session, owner, conversation_id, "b", reply_to=foreign)
    assert [row["reply_to_wamid"] for row in await book.rows("message")][2:] == ["wamid.first", ""]


async def test_the_state_of_the_number_is_in_the_header(
    runtime: Runtime, owner: Actor, conversation_id: int
) -> None:
    await change(runtime, Channel, status=ChannelStatus.RECONNECT)
    await change(runtime, Contact, opted_out_at=utcnow())
    async with runtime.db.read() as session:
        header = await inbox.header(session, owner, conversation_id)
        with pytest.raises(NotFound):
            await inbox.header(session, owner, conversation_id + 99)
    assert (header["channel_status"], header["opted_out"], header["blocked"]) == ("reconnect", True, False)
    assert (header["phone"], header["unread"]) == (f"+{ADA}", 1)


# --- the indexes


@pytest.fixture
async def crowded(runtime: Runtime, channel_id: int, owner: Actor) -> None:
    """Enough rows that PostgreSQL prefers an index."""
    now = utcnow()
    count = 3000
    async with runtime.db.write() as session:
        connection = await session.connection()
        tables = {
            name: model.__table__
            for name, model in {"contact": Contact, "conversation": Conversation, "message": Message}.items()
        }  # type: ignore[attr-defined]

        def fill(sync: sa.Connection) -> None:
            sync.execute(
                tables["contact"].insert(),
                [
                    {
                        "id": n,
                        "name": f"N{n}",
                        "profile_name": "",
                        "username": "",
                        "company": "",
                        "email": "",
                        "language": "",
                        "source": "",
                        "notes": "",
                        "created_at": now,
                        "updated_at": now,
                    }
                    for n in range(1, count + 1)
                ],
            )
            sync.execute(
                tables["conversation"].insert(),
                [
                    {
                        "id": n,
                        "contact_id": n,
                        "channel_id": channel_id,
                        "status": "open",
                        "unread": int(n % 100 == 0),
                        "preview": "",
                        "preview_type": "text",
                        "preview_outbound": False,
                        "preview_status": "",
                        "last_message_at": now - timedelta(minutes=n),
                        "receipt_wamid": "",
                        "created_at": now,
                    }
                    for n in range(1, count + 1)
                ],
            )
            sync.execute(
                tables["message"].insert(),
                [
                    {
                        "id": n,
                        "conversation_id": n % count + 1,
                        "channel_id": channel_id,
                        "direction": "out",
                        "type": "text",
                        "body": "x",
                        "content": {},
                        "wamid": f"w{n}",
                        "reply_to_wamid": "",
                        "recipient": "+1",
                        "status": "delivered",
                        "at": now,
                        "created_at": now,
                        "attempt": 1,
                        "refusals": 0,
                        "error_detail": "",
                    }
                    for n in range(1, 3 * count + 1)
                ],
            )

        await connection.run_sync(fill)
    if not runtime.db.is_sqlite:
        async with runtime.db.engine.connect() as raw:
            await (await raw.execution_options(isolation_level="AUTOCOMMIT")).exec_driver_sql("ANALYZE")


@contextmanager
def plans(engine: sa.Engine) -> Iterator[list[str]]:
    """The plan of every query that is asked within the block.

    PostgreSQL reads small tables from end to end however good their indexes are; told not to, it shows whether it
    could do otherwise.
    """
    found: list[str] = []
    is_sqlite = engine.dialect.name == "sqlite"

    def explain(
        connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool
    ) -> None:
        if many or not statement.startswith(("SELECT", "UPDATE", "DELETE", "WITH")):
            return
        if not is_sqlite:
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        prefix = "EXPLAIN QUERY PLAN" if is_sqlite else "EXPLAIN"
        rows = connection.exec_driver_sql(f"{prefix} {statement}", parameters).all()
        found.append("\n".join(" ".join(str(part) for part in row) for row in rows))

    sa.event.listen(engine, "before_cursor_execute", explain)
    try:
        yield found
    finally:
        sa.event.remove(engine, "before_cursor_execute", explain)


def scans(plan: str) -> list[str]:
    """What is read from end to end, for want of an index; the few channels are meant to be."""
    scan = re.compile(r"SCAN (?!CONSTANT ROW|\(|anon_|.*USING)|Seq Scan on (?!channel )")
    return [line for line in plan.splitlines() if scan.search(line)]


@pytest.mark.usefixtures("crowded")
async def test_what_people_look_at_is_found_by_an_index(runtime: Runtime, owner: Actor) -> None:
    with plans(runtime.db.engine.sync_engine) as found:
        await listing(runtime, owner)
        await listing(runtime, owner, wanted=UNREAD)
        async with runtime.db.read() as session:
            await inbox.unread_total(session, owner)
            await inbox.header(session, owner, 5)
            await inbox.recent(session, owner, 5)
            await inbox.older(session, owner, 5, before_id=3004)
    assert len(found) >= 6
    for plan in found:
        assert scans(plan) == [], plan
    first = found[0]
    assert "ix_conversation_last_message_at_id" in first
    assert "TEMP B-TREE" not in first
    assert "Sort Key: conversation" not in first
    assert sum("ix_conversation_unread_last_message_at" in plan for plan in found) >= 2
    assert any("ix_message_conversation_id_at_id" in plan for plan in found[4:])


@pytest.mark.usefixtures("crowded")
@pytest.mark.parametrize(
    ("visibility", "indexes"),
    [
        (Visibility.ALL, ["ix_conversation_last_message_at_id"]),
        (
            Visibility.TEAM,
            ["ix_conversation_team_id_last_message_at", "ix_conversation_assignee_id_last_message_at"],
        ),
        (Visibility.OWN, ["ix_conversation_assignee_id_last_message_at"]),
    ],
)
async def test_what_an_agent_may_see_is_found_by_an_index(
    runtime: Runtime, agent: Actor, owner: Actor, visibility: Visibility, indexes: list[str]
) -> None:
    async with runtime.db.write() as session:
        other = Team(name="Others")
        session.add(other)
        await session.flush()
        c = Conversation
        await session.exec(sa.update(c).values(team_id=other.id, assignee_id=owner.account_id))
        await session.exec(sa.update(c).where(col(c.id) % 100 == 1).values(team_id=agent.team_id))
        await session.exec(sa.update(c).where(col(c.id) % 100 == 2).values(team_id=None))
        await session.exec(sa.update(c).where(col(c.id) % 100 == 0).values(assignee_id=agent.account_id))
    expected = {
        Visibility.ALL: list(range(1, 3001)),
        Visibility.TEAM: [n for n in range(1, 3001) if n % 100 in (0, 1, 2)],
        Visibility.OWN: [n for n in range(1, 3001) if n % 100 == 0],
    }[visibility]
    viewer = replace(agent, visibility=visibility)
    with plans(runtime.db.engine.sync_engine) as found:
        shown = await listing(runtime, viewer)
        unread = await listing(runtime, viewer, wanted=UNREAD)
        async with runtime.db.read() as session:
            assert await inbox.unread_total(session, viewer) == 30
    assert [row["id"] for row in shown] == expected[:50]
    assert [row["id"] for row in unread] == [n for n in range(1, 3001) if n % 100 == 0]
    for plan in found:
        assert scans(plan) == [], plan
    for index in indexes:
        assert index in found[0], found[0]


@pytest.mark.usefixtures("crowded")
async def test_how_busy_an_agent_is_is_read_from_an_index(runtime: Runtime, agent: Actor) -> None:
    async with runtime.db.write() as session:
        await session.exec(
            sa.update(Team)
            .where(col(Team.id) == agent.team_id)
            .values(strategy=AssignmentStrategy.LEAST_BUSY, takes_new=True)
        )
        await session.exec(sa.update(Conversation).values(team_id=agent.team_id))
        connection = await session.connection()
        with plans(runtime.db.engine.sync_engine) as found:
            assert await connection.run_sync(assignment.team_for_new) == agent.team_id
            (given,) = await connection.run_sync(assignment.bring_in, [7])
            await assignment.requeue_all(session, agent.account_id or 0)
    assert given == (7, agent.account_id)
    for plan in found:
        assert [line for line in scans(plan) if "team" not in line] == [], plan
    assert any("ix_conversation_held" in plan for plan in found)


@pytest.mark.usefixtures("crowded")
async def test_what_the_jobs_look_for_is_found_by_an_index(
    runtime: Runtime, channel_id: int, meta_says: Meta
) -> None:
    bid = leases.Bid("sender:1", "ann")
    await runtime.writer.run(leases.acquire, bid)
    runs: dict[str, str] = {}

    async def run(name: str, operation: Any, item: Any) -> None:
        with plans(runtime.writer._engine) as found:
            await runtime.writer.run(operation, item)
        assert found, name
        runs[name] = "\n".join(found)
        assert scans(runs[name]) == [], f"{name}\n{runs[name]}"

    await run("claim", claims.claim, claims.Claim(channel_id, 20, bid))
    await run("recover", claims.recover, claims.Left(channel_id))
    await run("receipts", receipts.due, channel_id)
    await run("inbound", transfers.inbound_due, 4)
    await run("outbound", transfers.outbound_due, transfers.Wanted(channel_id, 4))
    await run("webhooks", ingest.apply_pending, None)
    await run("retry", ingest.retry_due, None)
    await meta_says.store(meta.statuses(meta.status("w77", "read"), meta.status("w78", "read")))
    await run("status", ingest.apply_pending, None)
    indexes = {
        "claim": "ix_message_waiting",
        "recover": "ix_message_waiting",
        "receipts": "ix_conversation_receipt_due",
        "inbound": "ix_media_file_pending",
        "outbound": "ix_message_waiting",
        "webhooks": "ix_webhook_event_new",
        "retry": "ix_webhook_event_failed",
    }
    for name, index in indexes.items():
        assert index in runs[name], f"{name}\n{runs[name]}"


async def test_an_account_that_is_gone_leaves_its_messages(
    runtime: Runtime, owner: Actor, agent: Actor, conversation_id: int
) -> None:
    async with runtime.db.write() as session:
        await inbox.send_text(session, agent, conversation_id, "Bye")
        await session.exec(sa.delete(Account).where(col(Account.id) == agent.account_id))
    assert (await thread(runtime, owner, conversation_id))["messages"][-1]["author"] == ""
