"""What is done with contacts: writing them down, merging, deleting, blocking, exporting, and what is told of it."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa
import stamina
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import col, select

from integrations.sandbox.sandbox import Sandbox
from tests import meta
from tests.jobs.conftest import Network, Phone, form_of
from tests.services.conftest import Book, Meta
from tests.services.plans import limited
from tests.services.test_contact_list import NOBODY, new
from wapto_app.clock import utcnow
from wapto_app.jobs import search
from wapto_app.models import (
    AddressKind,
    ContactTag,
    Conversation,
    CustomField,
    FieldKind,
    FieldValue,
    LibraryFile,
    MediaFile,
    MediaState,
    Message,
    OptOutMemory,
    ScheduledMessage,
    Tag,
    Task,
)
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor, Permission, Visibility
from wapto_app.services import channels, contacts, inbox, tags
from wapto_app.services.contacts import EVERYONE, bulk, deleting, editing, export, privacy, region, starting
from wapto_app.services.contacts.bulk import Deed
from wapto_app.services.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from wapto_app.services.media.files import relative_path


class Work:
    """The owner's hands."""

    def __init__(self, runtime: Runtime, owner: Actor) -> None:
        self.runtime, self.owner = runtime, owner

    async def add(self, phone: str = "", **values: str) -> int:
        async with self.runtime.db.write() as session:
            return await contacts.create(session, self.owner, new(phone, **values))

    async def run(self, service: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        async with self.runtime.db.write() as session:
            return await service(session, named.pop("actor", self.owner), *arguments, **named)

    async def meets(self, phone: str) -> int:
        async with self.runtime.db.write() as session:
            return (await contacts.find_or_create(session, phone=phone)).id

    async def kinds(self, contact_id: int) -> list[str]:
        return [row["kind"] for row in await self.run(contacts.timeline, contact_id)]


@pytest.fixture
def work(runtime: Runtime, owner: Actor) -> Work:
    return Work(runtime, owner)


@pytest.fixture(autouse=True)
def without_pauses() -> Iterator[None]:
    with stamina.set_testing(True, attempts=1):
        yield


# Numbers and identity


@pytest.mark.parametrize(
    ("typed", "wa_id"),
    [
        ("+55 31 8888-7777", "5531988887777"),
        ("+55 31 98888-7777", "553188887777"),
        ("+52 55 1234 5678", "5215512345678"),
        ("+54 11 2345-6789", "5491123456789"),
        ("+54 11 15 2345-6789", "5491123456789"),
    ],
)
async def test_spellings_of_a_number_meet_one_contact_from_either_side(
    work: Work, meta_says: Meta, book: Book, channel_id: int, typed: str, wa_id: str
) -> None:
    contact_id = await work.add(typed, name="Ada")
    await meta_says.says(meta.inbound(meta.message("wamid.1", wa_id=wa_id)))
    found = await book.only("contact")
    assert (found["id"], found["name"], found["profile_name"]) == (contact_id, "Ada", "Ada")
    with pytest.raises(Invalid) as refused:
        await work.add(f"+{wa_id}")
    assert refused.value.field == "phone"


async def test_two_at_once_meet_one_contact_also_when_the_customer_writes_meanwhile(
    work: Work, meta_says: Meta, book: Book, channel_id: int
) -> None:
    hello = meta.inbound(meta.message("wamid.1", wa_id="553188887777"))
    ids = [work.meets("+5531988887777") for _ in range(8)]
    found = await asyncio.gather(
        *ids, meta_says.says(hello), *[work.meets("+5531988887777") for _ in range(8)]
    )
    assert {each for each in found if isinstance(each, int)} == {(await book.only("contact"))["id"]}
    assert [row["kind"] for row in await book.rows("address")].count(AddressKind.PHONE) == 1


async def test_a_number_is_read_in_the_country_of_the_workspace(
    work: Work, book: Book, channel_id: int
) -> None:
    await work.add("(650) 555-1234")
    await work.run(region.choose_country, "DE")
    await work.add("0171 1234567")
    assert {row["value"] for row in await book.rows("address")} == {"+16505551234", "+491711234567"}
    with pytest.raises(Invalid):
        await work.run(region.choose_country, "XX")


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"phone": "hello"}, "phone"),
        ({"phone": ""}, "phone"),
        ({"phone": "+1650555000" + "1" * 60}, "phone"),
        ({"phone": "+16505550001", "email": "nobody"}, "email"),
        ({"phone": "+16505550001", "name": "x" * 121}, "name"),
        ({"phone": "+16505550001", "language": "not a language"}, "language"),
        ({"phone": "+16505550001", "source": "x" * 65}, "source"),
        ({"username": "a b"}, "username"),
        ({"username": "ab"}, "username"),
    ],
)
async def test_what_cannot_be_is_refused_beside_its_field(
    work: Work, book: Book, values: dict[str, str], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        await work.add(**{"phone": "", **values})
    assert refused.value.field == field
    assert await book.count("contact") == 0


@given(st.text(max_size=80))
def test_a_username_is_clean_or_refused(text: str) -> None:
    try:
        found = editing.clean_username(text)
    except Invalid:
        return
    assert found == "" or (3 <= len(found) <= 35 and editing.clean_username(f"@{found}") == found)


async def test_a_contact_may_have_only_a_username(work: Work, book: Book) -> None:
    await work.add(username="@Ada.L")
    assert (await book.only("contact"))["username"] == "ada.l"
    with pytest.raises(Invalid) as refused:
        await work.add(username="ADA.L")
    assert refused.value.field == "username"


async def test_the_plan_limits_what_is_written_down_but_not_who_writes(
    work: Work, meta_says: Meta, book: Book, channel_id: int, admin: Actor
) -> None:
    await limited(work.runtime.db, admin, contacts=1)
    await work.add("+16505550001")
    with pytest.raises(DomainError, match="1 contacts"):
        await work.add("+16505550002")
    assert await book.count("contact") == 1
    await meta_says.says(meta.inbound(meta.message("wamid.1")))
    assert await book.count("contact") == 2


async def test_numbers_are_added_and_taken_away_with_their_spellings(
    work: Work, meta_says: Meta, book: Book, channel_id: int
) -> None:
    await meta_says.says(meta.inbound(meta.message("wamid.1", wa_id="5215512345678")))
    contact_id = (await book.only("contact"))["id"]
    [address] = await work.run(contacts.addresses, contact_id)
    with pytest.raises(Invalid, match="only way"):
        await work.run(contacts.remove_address, contact_id, address["id"])
    await work.run(contacts.add_phone, contact_id, "+1 650 555 0001")
    assert [each["value"] for each in await work.run(contacts.addresses, contact_id)] == [
        "+16505550001",
        "+525512345678",
    ]
    other = await work.add("+16505550002")
    with pytest.raises(Conflict):
        await work.run(contacts.add_phone, other, "+16505550001")
    await work.run(contacts.remove_address, contact_id, address["id"])
    assert [row["value"] for row in await book.rows("address")] == ["+16505550001", "+16505550002"]
    assert (await work.kinds(contact_id))[:2] == ["address_removed", "address_added"]
    with pytest.raises(NotFound):
        await work.run(contacts.remove_address, other, address["id"])


async def test_what_hides_a_number_does_not_lose_it(work: Work, agent: Actor, book: Book) -> None:
    contact_id = await work.add("+491711234567", name="Call +49 171 1234567", company="Ada 0171 1234567")
    hidden = replace(agent, hide_phone=True)
    shown = await work.run(contacts.details, contact_id, actor=hidden)
    assert "1234567" not in repr(shown)
    form = {name: shown[name] for name in ("name", "company", "email", "language", "source", "notes")}
    await work.run(contacts.edit, contact_id, {**form, "notes": "new"}, actor=hidden)
    found = await book.only("contact")
    assert (found["name"], found["company"], found["notes"]) == (
        "Call +49 171 1234567",
        "Ada 0171 1234567",
        "new",
    )


# Consent


async def test_who_opted_somebody_out_and_when_is_known(work: Work) -> None:
    contact_id = await work.add("+16505550001")
    assert await work.run(contacts.opt_out, [contact_id]) == 1
    assert await work.run(contacts.opt_out, [contact_id]) == 0
    found = await work.run(contacts.details, contact_id)
    assert (found["opt"], found["opt_by"]) == ("out", work.owner.name)
    assert found["opt_at"]
    await work.run(contacts.opt_in, [contact_id])
    assert (await work.run(contacts.details, contact_id))["opt"] == "in"
    assert await work.kinds(contact_id) == ["opted_in", "opted_out", "created"]


# Merging


async def test_merging_keeps_everything_of_both(
    work: Work, meta_says: Meta, book: Book, channel_id: int, runtime: Runtime
) -> None:
    for number, at in (("16505550001", 5), ("16505550002", 1)):
        await meta_says.says(
            meta.inbound(meta.message(f"wamid.{number}", wa_id=number, at=meta.ago(minutes=at)))
        )
    keep, goes = [row["id"] for row in await book.rows("contact")]
    talks = {row["contact_id"]: row["id"] for row in await book.rows("conversation")}
    async with runtime.db.write() as session:
        session.add_all([Tag(id=each, name=f"t{each}", key=f"t{each}") for each in (1, 2)])
        session.add(CustomField(id=1, key="city", label="City", kind=FieldKind.TEXT))
        session.add(CustomField(id=2, key="plan", label="Plan", kind=FieldKind.TEXT))
        await session.flush()
        session.add_all([ContactTag(contact_id=keep, tag_id=1), ContactTag(contact_id=goes, tag_id=1)])
        session.add_all([ContactTag(contact_id=goes, tag_id=2)])
        session.add(FieldValue(contact_id=keep, field_id=1, value="Bonn", key="bonn"))
        session.add(FieldValue(contact_id=goes, field_id=1, value="Köln", key="köln"))
        session.add(FieldValue(contact_id=goes, field_id=2, value="A", key="a"))
        session.add(Task(title="Call", conversation_id=talks[goes]))
    await work.run(contacts.opt_out, [goes])
    await work.run(contacts.edit, keep, {**_form(), "name": "Ada", "company": "Old"})
    await work.run(
        contacts.edit, goes, {**_form(), "name": "Bea", "company": "New", "email": "b@example.com"}
    )
    await work.run(contacts.merge, keep, goes, ["company"])
    found = await book.only("contact")
    assert (found["name"], found["company"], found["email"]) == ("Ada", "New", "b@example.com")
    assert found["opted_out_at"] is not None
    assert len(await book.rows("message")) == 2
    assert [row["contact_id"] for row in await book.rows("address")] == [keep] * 4
    async with runtime.db.read() as session:
        assert [tag["id"] for tag in (await tags.chips(session, [keep]))[keep]] == [1, 2]
        values = {row.field_id: row.value for row in await session.exec(select(FieldValue))}
        assert values == {1: "Bonn", 2: "A"}
        assert (await session.exec(select(Task.conversation_id))).one() == talks[keep]
    assert (await work.kinds(keep))[0] == "merged"


def _form() -> dict[str, str]:
    return {name: "" for name in NOBODY if name not in ("phone", "username")}


async def test_merging_asks_for_two_that_the_actor_may_see(work: Work, agent: Actor) -> None:
    one, other = await work.add("+16505550001"), await work.add("+16505550002")
    own = replace(agent, visibility=Visibility.OWN)
    for pair, error in (((one, one), Invalid), ((one, 99), NotFound)):
        with pytest.raises(error):
            await work.run(contacts.merge, *pair)
    with pytest.raises(NotFound):
        await work.run(contacts.merge, one, other, actor=own)


async def test_two_who_merge_the_same_pair_do_it_once(work: Work, book: Book) -> None:
    one, other = await work.add("+16505550001"), await work.add("+16505550002")
    tries = [work.run(contacts.merge, *pair) for pair in ((one, other), (other, one))]
    outcome = await asyncio.gather(*tries, return_exceptions=True)
    assert sorted(type(each).__name__ for each in outcome) == ["NoneType", "NotFound"]
    assert await book.count("contact") == 1


async def test_duplicates_are_suggested_until_somebody_says_otherwise(work: Work) -> None:
    a = await work.add("+16505550001", name="Ada", email="ada@example.com")
    b = await work.add("+16505550002", name="A. L.", email="ADA@example.com")
    c = await work.add("+491623456789", name="Cy", company="Acme")
    d = await work.add("+441623456789", name="Dee")
    e = await work.add("+16505550005", name="cy", company="ACME")
    f = await work.add("+16505550006", name="Cy")
    g = await work.add(username="ada.l", name="Dee")

    async def pairs() -> list[tuple[str, int, int]]:
        found = await work.run(contacts.duplicates)
        return [(each["reason"], each["first"]["id"], each["second"]["id"]) for each in found]

    assert await pairs() == [("email", a, b), ("number", c, d), ("name", c, e), ("name", d, g)]
    assert f not in {each for pair in await pairs() for each in pair[1:]}
    await work.run(contacts.keep_apart, b, a)
    await work.run(contacts.keep_apart, a, b)
    assert ("email", a, b) not in await pairs()


# Deleting


async def test_deleting_takes_conversations_messages_and_files_and_nothing_of_others(
    work: Work, meta_says: Meta, book: Book, channel_id: int, runtime: Runtime
) -> None:
    for number in ("16505550001", "16505550002"):
        await meta_says.says(meta.inbound(meta.message(f"wamid.{number}", wa_id=number)))
    goes, stays = [row["id"] for row in await book.rows("contact")]
    theirs, other = [row["id"] for row in await book.rows("message")]
    keys = ["a" * 32, "b" * 32, "c" * 32]
    async with runtime.db.write() as session:
        files = [
            MediaFile(key=key, path=relative_path(key), state=MediaState.STORED, filename=f"{key}.png")
            for key in keys
        ]
        session.add_all(files)
        # The library shares the bytes of the second one.
        session.add(
            LibraryFile(
                key="d" * 32,
                name="x",
                kind="image",
                mime_type="image/png",
                size=1,
                original_size=1,
                sha256="e" * 64,
                path=relative_path(keys[1]),
            )
        )
        await session.flush()
        await session.exec(sa.update(Message).where(col(Message.id) == theirs).values(media_id=files[0].id))
        await session.exec(sa.update(Message).where(col(Message.id) == other).values(media_id=files[2].id))
        second = (await session.exec(select(Message).where(Message.id == theirs))).one()
        session.add(
            Message(
                **second.model_dump(exclude={"id", "wamid", "media_id"}),
                wamid="wamid.2",
                media_id=files[1].id,
            )
        )
    media_dir = runtime.settings.media_dir
    for key in keys:
        path = media_dir / relative_path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    assert await work.run(deleting.preview, [goes]) == {"contacts": 1, "conversations": 1, "messages": 2}
    assert await contacts.delete(runtime.db, work.owner, media_dir, [goes, 999]) == 1
    assert [row["id"] for row in await book.rows("contact")] == [stays]
    assert [row["id"] for row in await book.rows("message")] == [other]
    assert [row["key"] for row in await book.rows("media")] == [keys[2]]
    assert [(media_dir / relative_path(key)).exists() for key in keys] == [False, True, True]


async def test_bytes_that_two_contacts_share_go_with_the_last_of_them(
    work: Work, meta_says: Meta, book: Book, channel_id: int, runtime: Runtime
) -> None:
    for number in ("16505550001", "16505550002"):
        await meta_says.says(meta.inbound(meta.message(f"wamid.{number}", wa_id=number)))
    path = runtime.settings.media_dir / relative_path("a" * 32)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    async with runtime.db.write() as session:
        for number, message in enumerate((await session.exec(select(Message))).all()):
            file = MediaFile(key=f"{number}" * 32, path=relative_path("a" * 32), state=MediaState.STORED)
            session.add(file)
            await session.flush()
            message.media_id = file.id
    tries = [
        contacts.delete(runtime.db, work.owner, runtime.settings.media_dir, [row["id"]])
        for row in await book.rows("contact")
    ]
    assert await asyncio.gather(*tries) == [1, 1]
    assert not path.exists()


async def test_an_agent_deletes_only_whom_they_see(
    work: Work, agent: Actor, book: Book, runtime: Runtime
) -> None:
    contact_id = await work.add("+16505550001")
    own = replace(agent, visibility=Visibility.OWN)
    assert await contacts.delete(runtime.db, own, runtime.settings.media_dir, [contact_id]) == 0
    reader = replace(agent, permissions=frozenset({Permission.CONTACTS_SEE}))
    with pytest.raises(Forbidden):
        await contacts.delete(runtime.db, reader, runtime.settings.media_dir, [contact_id])
    assert await book.count("contact") == 1


@pytest.fixture
async def half_seen(
    work: Work, agent: Actor, conversation_id: int, book: Book, new_channel: Any
) -> tuple[Actor, int]:
    """An agent who sees only their own, and Ada: the agent talks to her under one number, others under another."""
    second = await new_channel("999")
    contact_id = (await book.only("contact"))["id"]
    async with work.runtime.db.write() as session:
        session.add(Conversation(contact_id=contact_id, channel_id=second, assignee_id=agent.account_id))
    return replace(agent, visibility=Visibility.OWN), contact_id


async def test_merging_opens_no_conversation_of_others(
    work: Work, half_seen: tuple[Actor, int], conversation_id: int, channel_id: int
) -> None:
    own, ada = half_seen
    mine = await work.run(contacts.create, new("+16505550009"), actor=own)
    await work.run(starting.start_chat, mine, channel_id, actor=own)
    for pair in ((mine, ada), (ada, mine)):
        with pytest.raises(Conflict, match="others"):
            await work.run(contacts.merge, *pair, actor=own)
    async with work.runtime.db.read() as session:
        message = (await session.exec(select(Message))).one()
        assert message.conversation_id == conversation_id
        with pytest.raises(NotFound):
            await inbox.header(session, own, conversation_id)


async def test_deleting_takes_no_conversation_that_the_actor_does_not_see(
    work: Work, half_seen: tuple[Actor, int], book: Book
) -> None:
    own, ada = half_seen
    mine = await work.run(contacts.create, new("+16505550009"), actor=own)
    media_dir = work.runtime.settings.media_dir
    assert (await work.run(deleting.preview, [ada, mine], actor=own))["contacts"] == 1
    with pytest.raises(Conflict, match="others"):
        await contacts.delete(work.runtime.db, own, media_dir, [ada])
    assert await contacts.delete(work.runtime.db, own, media_dir, [ada, mine]) == 1
    assert [row["id"] for row in await book.rows("contact")] == [ada]
    assert await book.count("conversation") == 2


# Deeds on many


async def test_all_that_match_are_reached_also_while_the_deed_changes_who_matches(
    work: Work, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "AT_ONCE", 2)
    ids = [await work.add(f"+1650555000{n}") for n in range(5)]
    [vip] = await work.run(tags.ensure, ["VIP"])
    await work.run(tags.apply, ids[:1], [vip])
    wanted = {**EVERYONE, "tags": [vip], "tags_way": "none"}
    changed = 0
    async for some in bulk.some(runtime.db, work.owner, wanted, None):  # type: ignore[arg-type]
        changed += await bulk.do(runtime.db, work.owner, Path(), Deed.TAG, some, [vip])
    assert changed == 4
    async with runtime.db.read() as session:
        assert set(await tags.chips(session, ids)) == set(ids)


# Blocking


@pytest.fixture
async def connected(runtime: Runtime, sandbox: Sandbox, network: Network, owner: Actor) -> int:
    return await channels.connect(runtime.db, owner, runtime.gateway, form_of(sandbox))


@pytest.fixture
async def customer(connected: int, phones: list[Phone], meta_says: Meta, book: Book) -> int:
    """A phone of the sandbox has just written."""
    await phones[0].says("Hello")
    while await book.count("message") == 0:
        await asyncio.sleep(0.01)
        await meta_says.apply()
    return int((await book.only("contact"))["id"])


async def test_blocking_is_done_by_whatsapp_and_taken_back(
    work: Work, sandbox: Sandbox, customer: int, runtime: Runtime
) -> None:
    number = sandbox.store.numbers[sandbox.config.phone_number_id]
    assert (await work.run(contacts.details, customer))["may_block"] is True
    later = utcnow() + timedelta(hours=1)
    async with runtime.db.write() as session:
        (conversation_id,) = await session.exec(select(Conversation.id))
        session.add(ScheduledMessage(conversation_id=conversation_id, due_at=later, content={"text": "Hi"}))
    await contacts.block(runtime.db, work.owner, runtime.gateway, customer)
    assert len(number.blocked) == 1
    async with runtime.db.read() as session:
        (scheduled,) = await session.exec(select(ScheduledMessage))
    assert (scheduled.state, "blocked" in scheduled.error) == ("cancelled", True)
    assert (await work.run(contacts.details, customer))["blocked_at"]
    await contacts.unblock(runtime.db, work.owner, runtime.gateway, customer)
    assert number.blocked == []
    assert (await work.run(contacts.details, customer))["blocked_at"] == ""
    assert (await work.kinds(customer))[:2] == ["unblocked", "blocked"]


async def test_who_wrote_long_ago_cannot_be_blocked(work: Work, customer: int, runtime: Runtime) -> None:
    async with runtime.db.write() as session:
        await session.exec(sa.update(Conversation).values(last_inbound_at=utcnow() - timedelta(hours=25)))
    assert (await work.run(contacts.details, customer))["may_block"] is False
    with pytest.raises(Conflict, match="24 hours"):
        await contacts.block(runtime.db, work.owner, runtime.gateway, customer)
    assert (await work.run(contacts.details, customer))["blocked_at"] == ""


async def test_when_whatsapp_refuses_nothing_has_changed(
    work: Work, connected: int, runtime: Runtime
) -> None:
    stranger = await work.add("+16505550001")
    async with runtime.db.write() as session:
        session.add(Conversation(contact_id=stranger, channel_id=connected, last_inbound_at=utcnow()))
    with pytest.raises(Conflict, match="WhatsApp refused"):
        await contacts.block(runtime.db, work.owner, runtime.gateway, stranger)
    assert (await work.run(contacts.details, stranger))["blocked_at"] == ""


# Files


async def _csv(work: Work, actor: Actor | None = None, **filters: Any) -> list[list[str]]:
    wanted: Any = {**EVERYONE, **filters}
    parts = [part async for part in await export.csv(work.runtime.db, actor or work.owner, wanted)]
    return list(csv.reader(io.StringIO("".join(parts).removeprefix("\ufeff"))))


async def test_a_file_holds_the_filter_and_runs_no_formula(work: Work, agent: Actor) -> None:
    await work.add("+16505550001", name="=1+1", company="@cmd")
    await work.add("+16505550002", name="Bea")
    await search.follow(work.runtime)
    head, *rows = await _csv(work, search="@cmd")
    assert head[:4] == ["Name", "Phone", "Username", "Company"]
    assert [row[:4] for row in rows] == [["'=1+1", "'+16505550001", "", "'@cmd"]]
    may = replace(agent, permissions=agent.permissions | {Permission.EXPORT_DO})
    masked = await _csv(work, replace(may, hide_phone=True))
    assert len(masked) == 3
    assert all("5550001" not in "".join(row) for row in masked)
    for lacking in (Permission.EXPORT_DO, Permission.CONTACTS_SEE):
        with pytest.raises(Forbidden):
            await _csv(work, replace(may, permissions=may.permissions - {lacking}))


async def test_a_workbook_keeps_text_as_text(work: Work, tmp_path: Path) -> None:
    await work.add("+16505550001", name='=HYPERLINK("x")\x0b', company="007")
    path = tmp_path / "contacts.xlsx"
    await export.xlsx(work.runtime.db, work.owner, EVERYONE, path)
    sheet = openpyxl.load_workbook(path).active
    assert sheet is not None
    cells = next(iter(sheet.iter_rows(min_row=2)))
    assert [(cell.value, cell.data_type) for cell in cells[:2]] == [
        ('=HYPERLINK("x")', "s"),
        ("+16505550001", "s"),
    ]
    assert (cells[3].value, cells[3].data_type) == ("007", "s")


async def test_everything_about_one_is_handed_over(
    work: Work, meta_says: Meta, book: Book, channel_id: int, runtime: Runtime, tmp_path: Path, agent: Actor
) -> None:
    await meta_says.says(meta.inbound(meta.message("wamid.1")))
    contact_id, message_id = (await book.only("contact"))["id"], (await book.only("message"))["id"]
    key = "a" * 32
    async with runtime.db.write() as session:
        file = MediaFile(key=key, path=relative_path(key), state=MediaState.STORED, filename="../me.png")
        session.add(file)
        await session.flush()
        await session.exec(sa.update(Message).where(col(Message.id) == message_id).values(media_id=file.id))
    path = runtime.settings.media_dir / relative_path(key)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"picture")
    zipped = tmp_path / "all.zip"
    await privacy.export_one(runtime.db, work.owner, runtime.settings.media_dir, contact_id, zipped)
    with zipfile.ZipFile(zipped) as archive:
        assert sorted(archive.namelist()) == ["contact.json", "files/1-me.png", "messages.json"]
        about = json.loads(archive.read("contact.json"))
        [message] = json.loads(archive.read("messages.json"))
    assert (about["contact"]["phone"], message["direction"]) == (f"+{meta.ADA}", "in")
    own = replace(work.owner, account_id=agent.account_id, visibility=Visibility.OWN)
    with pytest.raises(NotFound):
        await privacy.export_one(runtime.db, own, runtime.settings.media_dir, contact_id, zipped)


# Starting a chat


async def test_a_chat_is_begun_once_and_seen_by_who_began_it(
    work: Work, agent: Actor, channel_id: int, book: Book
) -> None:
    own = replace(agent, visibility=Visibility.OWN)
    contact_id = await work.run(contacts.create, new("+16505550001"), actor=own)
    first = await work.run(starting.start_chat, contact_id, channel_id, actor=own)
    assert await work.run(starting.start_chat, contact_id, channel_id, actor=own) == first
    assert (await book.only("conversation"))["assignee_id"] == agent.account_id
    with pytest.raises(NotFound):
        await work.run(starting.start_chat, contact_id, 999)
    nameless = await work.add(username="ada.l")
    with pytest.raises(Invalid, match="no way"):
        await work.run(starting.start_chat, nameless, channel_id)


async def test_a_chat_of_another_team_is_not_taken_over(
    work: Work,
    agent: Actor,
    conversation_id: int,
    others_take_all: Any,
    channel_id: int,
    book: Book,
    new_channel: Any,
) -> None:
    second = await new_channel("999")
    contact_id = (await book.only("contact"))["id"]
    async with work.runtime.db.write() as session:
        session.add(Conversation(contact_id=contact_id, channel_id=second, assignee_id=agent.account_id))
        await session.exec(
            sa.update(Conversation).where(col(Conversation.id) == conversation_id).values(team_id=None)
        )
    own = replace(agent, visibility=Visibility.OWN)
    with pytest.raises(Conflict):
        await work.run(starting.start_chat, contact_id, channel_id, actor=own)


async def test_the_timeline_tells_what_happened(work: Work, conversation_id: int, book: Book) -> None:
    contact_id = (await book.only("contact"))["id"]
    made = await work.run(tags.ensure, ["VIP"])
    await work.run(tags.apply, [contact_id], made)
    rows = {row["kind"]: row for row in await work.run(contacts.timeline, contact_id)}
    assert set(rows) == {"first_seen", "tagged", "first_message", "messages"}
    assert (rows["tagged"]["what"], rows["tagged"]["by"]) == ("VIP", work.owner.name)
    assert (rows["messages"]["n"], rows["messages"]["m"]) == (1, 0)


async def remembered(runtime: Runtime) -> int:
    async with runtime.db.read() as session:
        return (await session.exec(select(sa.func.count()).select_from(OptOutMemory))).one()


async def test_who_opted_out_stays_opted_out_when_the_number_comes_back(work: Work) -> None:
    runtime, media_dir = work.runtime, work.runtime.settings.media_dir
    async with runtime.db.write() as session:
        numbers = ("+447700900123", "+447700900124")
        first, other = [(await contacts.find_or_create(session, phone=number)).id for number in numbers]
        await contacts.opt_out(session, work.owner, [first])
    assert await contacts.delete(runtime.db, work.owner, media_dir, [first, other]) == 2
    assert await remembered(runtime) == 1, "nothing is kept of who had not opted out"

    async with runtime.db.write() as session:
        again = await contacts.find_or_create(session, phone="+447700900123")
        fresh = await contacts.find_or_create(session, phone="+447700900124")
        cards = [await contacts.card(session, work.owner, of.id) for of in (again, fresh)]
    assert [card["opted_out"] for card in cards] == [True, False]
    assert await remembered(runtime) == 0

    async with runtime.db.write() as session:
        await contacts.opt_in(session, work.owner, [again.id])
    assert await contacts.delete(runtime.db, work.owner, media_dir, [again.id]) == 1
    async with runtime.db.write() as session:
        back = await contacts.find_or_create(session, phone="+447700900123")
        card = await contacts.card(session, work.owner, back.id)
    assert card["opted_out"] is False, "the last word counts"
