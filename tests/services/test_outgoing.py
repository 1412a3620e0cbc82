"""What the composer hands over: files with captions, voice, something to tap, places, contact cards."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests import meta
from tests.services.conftest import Book, Meta
from wapto_app.jobs.search import follow
from wapto_app.models import MediaFile, MediaState
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import inbox
from wapto_app.services.errors import Conflict, Forbidden, Invalid, NotFound, WindowClosed
from wapto_app.services.inbox import Interactive, Outgoing, OutgoingCard, OutgoingFile

KEY, SOUND = "a" * 32, "b" * 32


@pytest.fixture(autouse=True)
async def files(runtime: Runtime) -> None:
    async with runtime.db.write() as session:
        session.add(MediaFile(key=KEY, state=MediaState.STORED, mime_type="image/png"))
        session.add(MediaFile(key=SOUND, state=MediaState.STORED, mime_type="audio/ogg"))


def asked(kind: str, **parts: Any) -> Interactive:
    empty = Interactive(
        kind=kind,
        body="Does Friday suit you?",
        header="",
        footer="",
        buttons=[],
        button="",
        url="",
        sections=[],
    )
    return empty | parts  # type: ignore[return-value]


def typed(**parts: Any) -> OutgoingCard:
    card = OutgoingCard(contact_id=0, name="Bo Lee", phone="+44 20 7946 0018", email="", company="")
    return card | parts  # type: ignore[return-value]


def file(key: str = KEY, caption: str = "", *, voice: bool = False) -> OutgoingFile:
    return OutgoingFile(key=key, caption=caption, voice=voice)


async def deliver(runtime: Runtime, actor: Actor, conversation_id: int, message: Outgoing) -> list[int]:
    async with runtime.db.write() as session:
        return await inbox.deliver(session, actor, conversation_id, message)


async def sent(book: Book) -> list[dict[str, Any]]:
    return [row for row in await book.rows("message") if row["direction"] == "out"]


async def test_each_file_has_its_caption_and_the_text_goes_below_the_last_one(
    runtime: Runtime, owner: Actor, conversation_id: int, book: Book
) -> None:
    message = Outgoing(text=" See you ", files=[file(caption="Kitchen"), file()], reply_to=0)
    ids = await deliver(runtime, owner, conversation_id, message)
    rows = await sent(book)
    assert [row["body"] for row in rows] == ["Kitchen", "See you"]
    assert ids == [row["id"] for row in rows]


@pytest.mark.parametrize("last", [file(caption="Bath"), file(SOUND)])
async def test_a_text_that_cannot_be_a_caption_follows_as_a_message(
    runtime: Runtime, owner: Actor, conversation_id: int, book: Book, last: OutgoingFile
) -> None:
    ids = await deliver(runtime, owner, conversation_id, Outgoing(reply_to=0, text="See you", files=[last]))
    rows = await sent(book)
    assert [(row["type"], row["body"]) for row in rows][1:] == [("text", "See you")]
    assert ids == [row["id"] for row in rows]


async def test_a_text_too_long_for_a_caption_is_no_error(
    runtime: Runtime, owner: Actor, conversation_id: int, book: Book
) -> None:
    await deliver(runtime, owner, conversation_id, Outgoing(reply_to=0, text="x" * 2000, files=[file()]))
    assert [len(row["body"]) for row in await sent(book)] == [0, 2000]


async def test_only_what_whatsapp_plays_as_voice_is_a_voice_message(
    runtime: Runtime, owner: Actor, conversation_id: int, book: Book
) -> None:
    message = Outgoing(
        reply_to=0, text="", files=[file(SOUND, voice=True), file(KEY, voice=True), file(SOUND)]
    )
    await deliver(runtime, owner, conversation_id, message)
    assert [row["content"].get("voice") for row in await sent(book)] == [True, None, None]
    assert (await book.rows("conversation"))[0]["preview"] == "🎵 Audio"


async def test_reply_buttons(runtime: Runtime, owner: Actor, conversation_id: int, book: Book) -> None:
    question = (await book.only("message"))["id"]
    message = Outgoing(
        interactive=asked("buttons", buttons=["Yes", " ", "No"], header="Visit"),
        reply_to=question,
    )
    await deliver(runtime, owner, conversation_id, message)
    (row,) = await sent(book)
    interactive = row["content"]["interactive"]
    assert (row["type"], row["body"], row["reply_to_wamid"]) == (
        "interactive",
        "Does Friday suit you?",
        "wamid.first",
    )
    assert interactive["header"] == {"type": "text", "text": "Visit"}
    assert [button["reply"] for button in interactive["action"]["buttons"]] == [
        {"id": "reply-1", "title": "Yes"},
        {"id": "reply-2", "title": "No"},
    ]


async def test_a_list(runtime: Runtime, owner: Actor, conversation_id: int, book: Book) -> None:
    rows = [{"title": "Flat 1", "description": "2 rooms"}, {"title": "Flat 2", "description": ""}]
    sections = [{"title": "Harbour", "rows": rows}, {"title": "Park", "rows": rows[:1]}]
    message = Outgoing(reply_to=0, interactive=asked("list", button="Choose", sections=sections))
    await deliver(runtime, owner, conversation_id, message)
    action = (await sent(book))[0]["content"]["interactive"]["action"]
    assert [row["id"] for section in action["sections"] for row in section["rows"]] == [
        "row-1",
        "row-2",
        "row-3",
    ]
    assert "description" not in action["sections"][0]["rows"][1]


async def test_a_link_and_the_request_for_a_place(
    runtime: Runtime, owner: Actor, conversation_id: int, book: Book
) -> None:
    link = asked("link", button="See the flat", url=" https://example.com/flat ")
    await deliver(runtime, owner, conversation_id, Outgoing(reply_to=0, interactive=link))
    await deliver(runtime, owner, conversation_id, Outgoing(reply_to=0, interactive=asked("ask_location")))
    kinds = [row["content"]["interactive"]["type"] for row in await sent(book)]
    assert kinds == ["cta_url", "location_request_message"]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (asked("buttons"), "buttons"),
        (asked("buttons", buttons=["a", "b", "c", "d"]), "buttons"),
        (asked("buttons", buttons=["a", "a"]), "buttons"),
        (asked("buttons", buttons=["x" * 21]), "buttons"),
        (asked("buttons", buttons=["a"], body=" "), "body"),
        (asked("buttons", buttons=["a"], footer="x" * 61), "footer"),
        (asked("buttons", buttons=["a"], header="x" * 61), "header"),
        (asked("list", button="Choose"), "sections"),
        (asked("list", button="Choose", sections=[{"title": "", "rows": []}]), "sections"),
        (asked("list", sections=[{"title": "", "rows": [{"title": "a", "description": ""}]}]), "button"),
        (asked("link", button="Go", url="javascript:alert(1)"), "url"),
        (asked("link", url="https://example.com"), "button"),
        (asked("dance"), "kind"),
    ],
)
async def test_what_whatsapp_would_refuse_is_named_and_not_sent(
    runtime: Runtime, owner: Actor, conversation_id: int, book: Book, wrong: Interactive, field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        await deliver(runtime, owner, conversation_id, Outgoing(reply_to=0, interactive=wrong))
    assert refused.value.field == f"interactive.{field}"
    assert await sent(book) == []


async def test_a_place_with_its_name_and_address(
    runtime: Runtime, owner: Actor, conversation_id: int, book: Book
) -> None:
    place = inbox.OutgoingPlace(latitude=48.8584, longitude=2.2945, name="Tower", address="Paris")
    await deliver(runtime, owner, conversation_id, Outgoing(reply_to=0, place=place))
    (row,) = await sent(book)
    assert (row["type"], row["body"], row["content"]["address"]) == ("location", "Tower", "Paris")


async def test_a_card_is_typed_or_one_of_our_contacts(
    runtime: Runtime, owner: Actor, conversation_id: int, book: Book
) -> None:
    ada = (await book.only("contact"))["id"]
    cards = [typed(email="bo@example.com", company="Lee & Sons"), typed(contact_id=ada, name="", phone="")]
    await deliver(runtime, owner, conversation_id, Outgoing(reply_to=0, cards=cards))
    (row,) = await sent(book)
    assert row["body"] == "Bo Lee, Ada"
    assert [card["phones"][0]["phone"] for card in row["content"]["cards"]] == [
        "+442079460018",
        f"+{meta.ADA}",
    ]
    assert row["content"]["contacts"][0]["org"] == {"company": "Lee & Sons"}


@pytest.mark.parametrize(
    ("card", "field"),
    [
        (typed(name=" "), "cards.0.name"),
        (typed(name="x" * 121), "cards.0.name"),
        (typed(phone="020 7946 0018"), "cards.0.phone"),
        (typed(phone="+1"), "cards.0.phone"),
    ],
)
async def test_a_wrong_card_is_named(
    runtime: Runtime, owner: Actor, conversation_id: int, card: OutgoingCard, field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        await deliver(runtime, owner, conversation_id, Outgoing(reply_to=0, cards=[card]))
    assert refused.value.field == field


async def test_whoever_may_not_see_numbers_cannot_send_them_to_a_phone_of_theirs(
    runtime: Runtime, agent: Actor, conversation_id: int, book: Book
) -> None:
    hiding = replace(agent, hide_phone=True)
    ada = (await book.only("contact"))["id"]
    with pytest.raises(Conflict):
        await deliver(runtime, hiding, conversation_id, Outgoing(reply_to=0, cards=[typed(contact_id=ada)]))
    async with runtime.db.read() as session:
        assert await inbox.shareable(session, hiding, "") == []
    await deliver(runtime, hiding, conversation_id, Outgoing(reply_to=0, cards=[typed()]))


async def test_a_card_called_by_its_number_is_hidden_like_the_number(
    runtime: Runtime, owner: Actor, agent: Actor, conversation_id: int
) -> None:
    card = typed(name="+44 20 7946 0018", phone="+44 20 7946 0018")
    await deliver(runtime, owner, conversation_id, Outgoing(reply_to=0, cards=[card]))
    hiding = replace(agent, hide_phone=True)
    async with runtime.db.read() as session:
        seen = [
            await inbox.recent(session, hiding, conversation_id),
            await inbox.listing(session, hiding),
        ]
        shown = await inbox.recent(session, owner, conversation_id)
    for digits in ("7946", "79460018", "0018"):
        assert digits not in str(seen)
    assert "+44 20 7946 0018" in str(shown)


async def test_cards_of_contacts_that_one_may_not_see_are_not_there(
    runtime: Runtime, owner: Actor, agent: Actor, conversation_id: int, meta_says: Meta, book: Book
) -> None:
    bare = replace(owner, permissions=frozenset({Permission.INBOX_SEE, Permission.INBOX_DO}))
    with pytest.raises(Forbidden):
        await deliver(runtime, bare, conversation_id, Outgoing(reply_to=0, cards=[typed(contact_id=1)]))
    with pytest.raises(NotFound):
        await deliver(runtime, owner, conversation_id, Outgoing(reply_to=0, cards=[typed(contact_id=999)]))


async def test_contacts_are_found_by_name_and_number(
    runtime: Runtime, owner: Actor, conversation_id: int, meta_says: Meta
) -> None:
    await meta_says.says(meta.inbound(meta.message("wamid.b", wa_id="16505550001"), name="Ben 100%"))
    await follow(runtime)
    async with runtime.db.read() as session:
        found = {
            words: [row["name"] for row in await inbox.shareable(session, owner, words)]
            for words in ("", "ada", "100", "650-555-0001", "nobody")
        }
    assert found == {
        "": ["Ben 100%", "Ada"],
        "ada": ["Ada"],
        "100": ["Ben 100%"],
        "650-555-0001": ["Ben 100%"],
        "nobody": [],
    }


@pytest.mark.parametrize(
    "message",
    [
        Outgoing(reply_to=0, text="x"),
        Outgoing(reply_to=0, text="", files=[file()]),
        Outgoing(reply_to=0, interactive=asked("ask_location")),
        Outgoing(reply_to=0, place=inbox.OutgoingPlace(latitude=1, longitude=1, name="", address="")),
        Outgoing(reply_to=0, cards=[typed()]),
    ],
)
async def test_nothing_leaves_through_a_closed_window(
    runtime: Runtime, owner: Actor, channel_id: int, meta_says: Meta, book: Book, message: Outgoing
) -> None:
    await meta_says.says(meta.inbound(meta.message("wamid.old", at=meta.ago(hours=25))))
    conversation = (await book.only("conversation"))["id"]
    with pytest.raises(WindowClosed):
        await deliver(runtime, owner, conversation, message)
    assert await sent(book) == []
