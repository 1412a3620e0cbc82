"""One contact per person, however WhatsApp names them."""

from __future__ import annotations

import random
import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import col

from tests import meta
from tests.meta import ADA, ADA_ID, ago, inbound, message
from tests.services.conftest import Book, Meta, NewChannel
from wapto_app.clock import utcnow
from wapto_app.db import make_sync_engine
from wapto_app.models import AddressKind, Contact, Conversation
from wapto_app.runtime import Runtime
from wapto_app.services.identity import resolve
from wapto_app.services.person import NobodyNamed, Person

pytestmark = pytest.mark.usefixtures("channel_id")


async def update_contacts(runtime: Runtime, contact_id: int, **values: Any) -> None:
    async with runtime.db.write() as session:
        await session.exec(sa.update(Contact).where(col(Contact.id) == contact_id).values(**values))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("553188887777", "5531988887777"),
        ("5215512345678", "525512345678"),
        ("5491123456789", "541123456789"),
    ],
)
async def test_both_ways_to_write_a_number_meet_one_contact(
    meta_says: Meta, book: Book, first: str, second: str
) -> None:
    """Brazil's ninth digit, Mexico's 1 and Argentina's 9."""
    await meta_says.says(inbound(message("wamid.1", wa_id=first)), inbound(message("wamid.2", wa_id=second)))
    assert await book.count("contact") == 1
    assert (await book.only("conversation"))["unread"] == 2
    addresses = {(row["kind"], row["value"]) for row in await book.rows("address")}
    assert {(AddressKind.WA_ID, first), (AddressKind.WA_ID, second)} < addresses


async def test_a_username_without_number_is_somebody(meta_says: Meta, book: Book) -> None:
    await meta_says.says(inbound(message("wamid.1", wa_id=None, user_id=ADA_ID), username="ada.l", name=""))
    contact = await book.only("contact")
    assert (contact["username"], contact["profile_name"]) == ("ada.l", "")
    assert (await book.only("address"))["kind"] == AddressKind.BSUID


async def test_two_contacts_become_one_when_the_number_is_shown(
    meta_says: Meta, book: Book, runtime: Runtime
) -> None:
    await meta_says.says(
        inbound(message("wamid.p1", body="by number", at=ago(hours=3)), name="Ada"),
        inbound(
            message("wamid.b1", body="by name", wa_id=None, user_id=ADA_ID, at=ago(hours=2)), name="Ada L"
        ),
        inbound(message("wamid.b2", wa_id=None, user_id=ADA_ID, body="again", at=ago(hours=1))),
        inbound(
            message(
                "wamid.r", "reaction", {"message_id": "wamid.x", "emoji": "🙏"}, wa_id=None, user_id=ADA_ID
            )
        ),
    )
    by_number, by_name = await book.rows("contact")
    out = ago(days=3)
    await update_contacts(runtime, by_name["id"], opted_out_at=out, notes="likes boats", email="a@b.co")
    await update_contacts(runtime, by_number["id"], notes="two children")
    await meta_says.says(inbound(message("wamid.both", user_id=ADA_ID, body="me", at=ago(minutes=1))))
    contact, conversation = await book.only("contact"), await book.only("conversation")
    assert contact["id"] == by_number["id"]
    assert contact["opted_out_at"] == out
    assert (contact["email"], set(contact["notes"].splitlines())) == (
        "a@b.co",
        {"likes boats", "two children"},
    )
    assert conversation["unread"] == 4
    assert (conversation["preview"], conversation["last_message_id"]) == (
        "me",
        (await book.rows("message"))[-1]["id"],
    )
    assert {row["conversation_id"] for row in await book.rows("message")} == {conversation["id"]}
    assert (await book.only("reaction"))["conversation_id"] == conversation["id"]
    assert {row["contact_id"] for row in await book.rows("address")} == {contact["id"]}


async def test_a_merge_inside_one_batch_leaves_nobody_behind(meta_says: Meta, book: Book) -> None:
    """The third message shows that the first two come from one person."""
    await meta_says.says(
        inbound(message("wamid.1", body="a", at=ago(minutes=3))),
        inbound(message("wamid.2", body="b", wa_id=None, user_id=ADA_ID, at=ago(minutes=2))),
        inbound(message("wamid.3", body="c", user_id=ADA_ID, at=ago(minutes=1))),
    )
    assert {row["state"] for row in await book.rows("webhook")} == {"done"}
    assert (await book.only("conversation"))["unread"] == 3
    assert await book.count("contact") == 1


async def test_a_merge_keeps_conversations_on_different_numbers_apart(
    meta_says: Meta, book: Book, new_channel: NewChannel
) -> None:
    await new_channel("P2")
    await meta_says.says(
        inbound(message("wamid.1")), inbound(message("wamid.2", wa_id=None, user_id=ADA_ID), pnid="P2")
    )
    await meta_says.says(inbound(message("wamid.3", user_id=ADA_ID)))
    assert await book.count("contact") == 1
    assert [row["unread"] for row in await book.rows("conversation")] == [2, 1]


async def test_a_merge_keeps_the_receipt_the_assignee_and_the_newest_state(
    meta_says: Meta, book: Book, runtime: Runtime, owner: Any
) -> None:
    await meta_says.says(
        inbound(message("wamid.1", at=ago(hours=1))),
        inbound(message("wamid.2", wa_id=None, user_id=ADA_ID, at=ago(hours=5))),
    )
    first, second = await book.rows("conversation")
    async with runtime.db.write() as session:
        await session.exec(
            sa.update(Conversation)
            .where(col(Conversation.id) == second["id"])
            .values(assignee_id=owner.account_id, receipt_wamid="wamid.2", status="resolved")
        )
    await meta_says.says(
        inbound(message("wamid.3", "reaction", {"message_id": "x", "emoji": "x"}, user_id=ADA_ID))
    )
    conversation = await book.only("conversation")
    assert (conversation["id"], conversation["assignee_id"]) == (first["id"], owner.account_id)
    assert (conversation["receipt_wamid"], conversation["status"]) == ("wamid.2", "open")
    assert conversation["preview"] == "Hello"


@pytest.mark.parametrize("news_first", [True, False])
async def test_a_changed_number_keeps_the_contact(meta_says: Meta, book: Book, news_first: bool) -> None:
    new = "16505559999"
    content = {
        "type": "user_changed_number",
        "body": f"Ada changed to {new}",
        "wa_id": new,
        "user_id": "US.NEW",
    }
    system = inbound(message("wamid.2", "system", content, user_id=ADA_ID, at=ago(minutes=2)))
    after = inbound(message("wamid.3", body="still me", wa_id=new, user_id="US.NEW", at=ago(minutes=1)))
    await meta_says.says(inbound(message("wamid.1", user_id=ADA_ID, at=ago(days=1))))
    for document in (system, after) if news_first else (after, system):
        await meta_says.says(document)
    assert await book.count("contact") == 1
    assert (await book.only("conversation"))["unread"] == 2
    phones = [row["value"] for row in await book.rows("address") if row["kind"] == AddressKind.PHONE]
    assert phones == [f"+{ADA}", f"+{new}"]


async def test_a_recycled_number_does_not_open_the_previous_owners_history(
    meta_says: Meta, book: Book, runtime: Runtime
) -> None:
    new = "16505559999"
    await meta_says.says(
        inbound(message("wamid.old", body="private", wa_id=new, at=ago(days=200)), name="Bob")
    )
    (bob,) = await book.rows("contact")
    await update_contacts(runtime, bob["id"], created_at=ago(days=200))
    content = {"type": "user_changed_number", "body": "", "wa_id": new}
    await meta_says.says(
        inbound(message("wamid.1", body="hi", at=ago(days=1))),
        inbound(message("wamid.2", "system", content, at=ago(hours=1))),
        inbound(message("wamid.3", body="from the new number", wa_id=new, at=ago(minutes=1))),
    )
    rows = await book.rows("message")
    conversation_of = {row["body"]: row["conversation_id"] for row in rows}
    assert conversation_of["hi"] == conversation_of["from the new number"] != conversation_of["private"]


async def test_the_old_form_of_a_number_change_is_understood(meta_says: Meta, book: Book) -> None:
    content = {"type": "customer_changed_number", "body": "x", "new_wa_id": "16505559999", "customer": ADA}
    await meta_says.says(inbound(message("wamid.1", "system", content)))
    await meta_says.says(inbound(message("wamid.2", wa_id="16505559999")))
    assert await book.count("contact") == 1


async def test_strangers_of_one_batch_are_told_apart_and_told_together(meta_says: Meta, book: Book) -> None:
    """Newcomers are made all at once; whoever of them shares an address with another is not a second person."""
    await meta_says.says(inbound(message("wamid.0", wa_id="5531988887777"), name="Known"))
    await meta_says.says(
        inbound(message("wamid.1", wa_id="16505551001"), name="One"),
        inbound(message("wamid.2", wa_id="16505551002"), name="Two"),
        # The known one by the other spelling, one person under two names, and one by number and by name.
        inbound(message("wamid.3", wa_id="553188887777"), name="Known"),
        inbound(message("wamid.4", wa_id="16505551004"), name="Four"),
        inbound(message("wamid.5", wa_id="16505551004"), name="Fore"),
        inbound(message("wamid.6", wa_id=None, user_id=ADA_ID), name="Six"),
        inbound(message("wamid.7", wa_id="16505551006", user_id=ADA_ID), name="Six"),
    )
    names = sorted(row["profile_name"] for row in await book.rows("contact"))
    assert names == ["Fore", "Known", "One", "Six", "Two"]
    assert sorted(row["unread"] for row in await book.rows("conversation")) == [1, 1, 2, 2, 2]
    addresses = [(row["kind"], row["value"]) for row in await book.rows("address")]
    assert len(addresses) == len(set(addresses)) == 3 + 2 + 2 + 2 + 3


def test_nobody_is_refused(runtime: Runtime) -> None:
    engine = make_sync_engine(runtime.settings.database)
    with engine.begin() as connection, pytest.raises(NobodyNamed):
        resolve(connection, [Person(wa_id="1"), Person(profile_name="Ghost")])
    engine.dispose()


def test_two_writers_at_once_make_one_contact(runtime: Runtime) -> None:
    people = [Person(wa_id=f"1650555{n:04d}", user_id=f"US.{n}", profile_name=f"N{n}") for n in range(20)]
    start, errors, owners = threading.Barrier(4), [], []

    def work(seed: int) -> None:
        engine = make_sync_engine(runtime.settings.database).execution_options(wapto_writes=True)
        order = random.Random(seed).sample(people, len(people))
        try:
            start.wait()
            for person in order:
                with engine.begin() as connection:
                    owners.append((person.wa_id, resolve(connection, [person])[person]))
        except Exception as error:
            errors.append(error)
        finally:
            engine.dispose()

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(set(owners)) == len(people)
    engine = make_sync_engine(runtime.settings.database)
    with engine.begin() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM contact")).scalar_one() == len(people)
        assert connection.execute(sa.text("SELECT count(*) FROM contact_address")).scalar_one() == 3 * len(
            people
        )
    engine.dispose()


# --- any order and duplication leads to the same state

_START = ago(hours=20).replace(microsecond=0)


def _at(minute: int) -> datetime:
    return _START + timedelta(minutes=minute)


_EDIT = {"original_message_id": "wamid.3", "message": {"type": "text", "text": {"body": "three, edited"}}}
_EDIT2 = {"original_message_id": "wamid.3", "message": {"type": "text", "text": {"body": "three, twice"}}}
_MOVE = {"type": "user_changed_number", "body": "moved", "wa_id": "16505559999", "user_id": "US.NEW"}
STORY = [
    inbound(message("wamid.1", body="one", user_id=ADA_ID, at=_at(1))),
    inbound(message("wamid.2", body="two", wa_id=None, user_id=ADA_ID, at=_at(2))),
    inbound(message("wamid.3", body="three", at=_at(3))),
    inbound(
        message("wamid.4", "image", {"id": "M1", "mime_type": "image/png", "caption": "four"}, at=_at(4))
    ),
    inbound(message("wamid.5", "edit", _EDIT, at=_at(5))),
    inbound(message("wamid.6", "edit", _EDIT2, at=_at(6))),
    inbound(message("wamid.7", "reaction", {"message_id": "wamid.m", "emoji": "👍"}, at=_at(7))),
    inbound(message("wamid.8", "reaction", {"message_id": "wamid.m"}, at=_at(8))),
    inbound(message("wamid.9", "revoke", {"original_message_id": "wamid.1"}, at=_at(9))),
    meta.echo("wamid.m", body="from the phone", at=_at(10)),
    meta.statuses(
        meta.status("wamid.m", "delivered", at=_at(11)),
        meta.status("wamid.m", "failed", error=131026, at=_at(11)),
    ),
    meta.statuses(meta.status("wamid.m", "read", at=_at(12))),
    meta.preference("stop", _at(13)),
    meta.preference("resume", _at(14), user_id=ADA_ID),
    inbound(message("wamid.10", body="the last", wa_id=None, user_id=ADA_ID, at=_at(15))),
    inbound(message("wamid.12", "system", _MOVE, at=_at(17))),
    inbound(
        message("wamid.13", body="from the new number", wa_id="16505559999", user_id="US.NEW", at=_at(18))
    ),
    inbound(message("wamid.11", body="another person", wa_id="16505550000", at=_at(16)), name="Bob"),
]


async def _state(book: Book) -> Any:
    """What people see, without the numbers of rows."""
    contacts = {row["id"]: row for row in await book.rows("contact")}
    addresses = {row["contact_id"]: set() for row in await book.rows("address")}
    for row in await book.rows("address"):
        addresses[row["contact_id"]].add(row["value"])
    messages = {row["id"]: row for row in await book.rows("message")}
    conversations = {}
    for row in await book.rows("conversation"):
        contact = contacts[row["contact_id"]]
        conversations[contact["profile_name"]] = (
            sorted(addresses[contact["id"]]),
            (contact["marketing_stopped_at"], contact["marketing_choice_at"]),
            (row["unread"], row["preview"], row["preview_outbound"], row["preview_status"], row["status"]),
            (row["last_message_at"], row["last_inbound_at"], messages[row["last_message_id"]]["wamid"]),
            sorted(
                (
                    m["wamid"],
                    m["type"],
                    m["body"],
                    m["status"],
                    m["at"],
                    m["error_code"],
                    m["content"].get("first_body"),
                )
                for m in messages.values()
                if m["conversation_id"] == row["id"]
            ),
        )
    reactions = [
        (row["target_wamid"], row["from_customer"], row["emoji"]) for row in await book.rows("reaction")
    ]
    return [conversations, reactions, len(contacts), len(await book.rows("media"))]


async def _told(runtime: Runtime, meta_says: Meta, book: Book, order: list[int], sizes: list[int]) -> Any:
    async with runtime.db.write() as session:
        for table in (
            "webhook_event",
            "status_event",
            "reaction",
            "message",
            "media_file",
            "conversation",
            "contact_address",
            "contact",
        ):
            await session.exec(sa.text(f"DELETE FROM {table}"))  # type: ignore[call-overload]
    rest = [meta.another(STORY[index]) for index in order]
    for size in sizes:
        portion, rest = rest[:size], rest[size:]
        await meta_says.says(*portion)
    await meta_says.says(*rest)
    while (await meta_says.replays())[1] and any(
        row["state"] == "failed" for row in await book.rows("webhook")
    ):
        pass
    return await _state(book)


_expected: list[Any] = []
orders = st.permutations(range(len(STORY))).flatmap(
    lambda order: st.lists(st.sampled_from(order), max_size=8).map(lambda again: [*order, *again])
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(order=orders, sizes=st.lists(st.integers(1, 6), max_size=6))
async def test_any_order_and_repetition_of_webhooks_ends_in_the_same_state(
    runtime: Runtime, meta_says: Meta, book: Book, order: list[int], sizes: list[int]
) -> None:
    expected = _expected or await _told(runtime, meta_says, book, list(range(len(STORY))), [])
    _expected[:] = expected
    assert expected[0]["Ada"][2][:2] == (6, "from the new number")
    assert expected[2] == 2
    assert (await _told(runtime, meta_says, book, order, sizes)) == expected


async def test_time_of_writing_is_not_the_time_of_arrival(meta_says: Meta, book: Book) -> None:
    await meta_says.says(inbound(message("wamid.1", at=ago(hours=1))))
    assert (utcnow() - (await book.only("message"))["at"]).total_seconds() > 3500
