"""Templates with cards in a campaign: their gaps, their files and their messages; offers and codes beside them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from tests import campaigns as desk
from tests.services.campaign_desk import (
    campaign_of,
    fixed,
    make_campaign,
    make_person,
    make_template,
    of_contact,
    say,
    variant,
)
from tests.services.conftest import message_of
from tests.services.crowd import make_field
from tests.services.library import added, photo, put
from tests.services.test_campaign_lifecycle import BID
from wapto_app.models import (
    Campaign,
    CampaignState,
    CampaignVariant,
    FieldKind,
    MediaFile,
    MessageFile,
    RecipientState,
)
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import fields, leases, library
from wapto_app.services.campaigns import (
    drafts,
    mapping,
    queueing,
    reasons,
    starting,
    template_files,
    testing,
)
from wapto_app.services.campaigns.compiled import Compiled
from wapto_app.services.campaigns.filler import Filler
from wapto_app.services.campaigns.queueing import Portion, Ready
from wapto_app.services.errors import Conflict, Invalid
from wapto_app.services.outbox.payloads import build

S = CampaignState


def card(text: str, kind: str = "IMAGE") -> dict[str, Any]:
    return {
        "components": [
            {"type": "HEADER", "format": kind, "example": {"header_handle": ["4::abc"]}},
            {"type": "BODY", "text": text},
            {
                "type": "BUTTONS",
                "buttons": [
                    {"type": "QUICK_REPLY", "text": "Book"},
                    {"type": "URL", "text": "See", "url": "https://example.com/{{1}}"},
                ],
            },
        ]
    }


CAROUSEL = [
    {"type": "BODY", "text": "Hi {{1}}, look:"},
    {"type": "CAROUSEL", "cards": [card("For {{1}}"), card("Only {{1}} in {{2}}")]},
]
RULES = {
    "body.1": of_contact("first_name", "friend"),
    "cards.0.body.1": of_contact("company", "you"),
    "cards.0.button.1": fixed("one"),
    "cards.1.body.1": fixed("today"),
    "cards.1.body.2": {"source": "field", "name": "city", "fallback": "Lisbon"},
    "cards.1.button.1": of_contact("first_name", "all"),
}
Keys = tuple[str, str]


@pytest.fixture
async def keys(runtime: Runtime, owner: Actor) -> Keys:
    """Two pictures of the library."""
    first, second = [await added(runtime, owner, photo(seed=seed)) for seed in (1, 2)]
    return first["key"], second["key"]


@pytest.fixture
async def campaign_id(runtime: Runtime, owner: Actor, channel_id: int, keys: Keys) -> int:
    """A draft with two cards that lacks nothing, for Ada and Bob."""
    await make_field(runtime, owner, "City")
    ada = await make_person(runtime, "Ada Lovelace", company="Engines")
    await make_person(runtime, "Bob")
    async with runtime.db.write() as session:
        await fields.set_values(session, owner, ada, {"city": "Faro"})
    template_id = await make_template(runtime, "homes", components=CAROUSEL)
    made = await make_campaign(runtime, owner, channel_id, template_id)
    await say(runtime, owner, made, channel_id, with_cards(template_id, keys))
    return made


def with_cards(template_id: int, keys: Keys, **more: Any) -> Any:
    files = {"cards.0": keys[0], "cards.1": keys[1]}
    return variant(template_id, **{"mapping": RULES, "card_files": files, **more})


async def content(runtime: Runtime, owner: Actor, campaign_id: int) -> dict[str, str]:
    async with runtime.db.read() as session:
        return (await drafts.problems(session, owner, campaign_id)).get("content", {})


async def template_of(runtime: Runtime, campaign_id: int) -> int:
    async with runtime.db.read() as session:
        query = select(CampaignVariant.template_id).where(CampaignVariant.campaign_id == campaign_id)
        return (await session.exec(query)).first() or 0


# --- choosing


async def test_what_is_missing_names_the_card_and_the_field(
    runtime: Runtime, owner: Actor, channel_id: int, campaign_id: int, keys: Keys
) -> None:
    assert await content(runtime, owner, campaign_id) == {}
    template_id = await template_of(runtime, campaign_id)
    bill = await added(runtime, owner, b"%PDF-1.7\n%%EOF\n", "bill.pdf")
    rules = {key: rule for key, rule in RULES.items() if key != "cards.1.body.2"}
    wrong = with_cards(template_id, keys, mapping=rules, card_files={"cards.1": bill["key"]})
    await say(runtime, owner, campaign_id, channel_id, wrong)
    found = await content(runtime, owner, campaign_id)
    assert found == {
        "A.cards.0.media": "Choose the picture of card 1.",
        "A.cards.1.media": "The file of card 2 is of another kind than WhatsApp approved. Choose another.",
        "A.cards.1.body.2": "Choose what stands here.",
    }
    await say(runtime, owner, campaign_id, channel_id, with_cards(template_id, (keys[0], "0" * 32)))
    found = await content(runtime, owner, campaign_id)
    assert found == {"A.cards.1.media": "The file of card 2 was deleted from the library. Choose another."}


async def test_a_card_whose_text_is_too_long_for_everybody_is_said_at_once(
    runtime: Runtime, owner: Actor, channel_id: int, campaign_id: int, keys: Keys
) -> None:
    long = {**RULES, "cards.1.body.1": fixed("x" * 155)}
    shown = with_cards(await template_of(runtime, campaign_id), keys, mapping=long)
    await say(runtime, owner, campaign_id, channel_id, shown)
    found = await content(runtime, owner, campaign_id)
    assert set(found) == {"A.template"}
    assert "card 2" in found["A.template"]


@pytest.mark.parametrize(
    "files", [{"header": "a"}, {"cards.10": "a"}, {"cards.1": "a" * 33}, {"cards.x": "a"}, {"cards.0\n": "a"}]
)
async def test_only_cards_have_files_of_cards(
    runtime: Runtime, owner: Actor, channel_id: int, campaign_id: int, keys: Keys, files: dict[str, str]
) -> None:
    wrong = with_cards(await template_of(runtime, campaign_id), keys, card_files=files)
    with pytest.raises(Invalid):
        await say(runtime, owner, campaign_id, channel_id, wrong)


async def test_it_begins_with_the_files_that_whatsapp_was_shown(
    runtime: Runtime, owner: Actor, channel_id: int, keys: Keys
) -> None:
    header = {"type": "HEADER", "format": "IMAGE"}
    samples = {"header": keys[0], "cards.0": keys[1], "cards.1": "0" * 32}
    template_id = await make_template(runtime, "begin", components=[header, *CAROUSEL], sample_files=samples)
    async with runtime.db.write() as session:
        found = await template_files.samples(session, owner, template_id)
        begun = await starting.start(session, owner, template=template_id)
        [form] = (await drafts.draft(session, owner, begun))["variants"]
    assert found == {"header": keys[0], "cards.0": keys[1]}
    assert (form["file_key"], form["card_files"]) == (keys[0], {"cards.0": keys[1]})
    async with runtime.db.read() as session:
        places: Any = [{"place": f"cards.{at}", "kind": "image", "sample": ""} for at in (0, 1)]
        shown = await template_files.placed(session, owner, places, form["card_files"])
    assert [(each["place"], each["key"], each["name"], each["preview"]) for each in shown] == [
        ("cards.0", keys[1], "view.jpg", True),
        ("cards.1", "", "", False),
    ]


async def test_the_preview_shows_each_card_as_the_person_gets_it(
    runtime: Runtime, owner: Actor, campaign_id: int, keys: Keys
) -> None:
    async with runtime.db.read() as session:
        people = [await mapping.preview(session, owner, campaign_id, "A", each) for each in (1, 2)]
    first, second = people
    assert (first["body"], first["problem"]) == ("Hi Ada, look:", "")
    assert [each["body"] for each in first["cards"]] == ["For Engines", "Only today in Faro"]
    assert [each["body"] for each in second["cards"]] == ["For you", "Only today in Lisbon"]
    assert [each["file_key"] for each in first["cards"]] == list(keys)
    assert first["cards"][1]["buttons"][1]["url"] == "https://example.com/Ada"
    assert {each["key"] for each in first["values"]} == set(RULES)


async def test_hidden_numbers_stay_hidden_on_cards(
    runtime: Runtime, owner: Actor, channel_id: int, campaign_id: int, keys: Keys
) -> None:
    rules = {**RULES, "cards.0.body.1": of_contact("phone")}
    template_id = await template_of(runtime, campaign_id)
    await say(runtime, owner, campaign_id, channel_id, with_cards(template_id, keys, mapping=rules))
    async with runtime.db.read() as session:
        open_eyes = await mapping.preview(session, owner, campaign_id, "A", 1)
        shown = await mapping.preview(session, replace(owner, hide_phone=True), campaign_id, "A", 1)
    assert "16505550001" in str(open_eyes)
    assert "5550001" not in str(shown)


async def test_a_test_message_has_the_files_of_its_cards(
    runtime: Runtime, owner: Actor, channel_id: int, campaign_id: int, keys: Keys
) -> None:
    same = with_cards(await template_of(runtime, campaign_id), (keys[1], keys[1]))
    await say(runtime, owner, campaign_id, channel_id, same)
    async with runtime.db.write() as session:
        message_id = await testing.send_test(
            session, owner, campaign_id, "A", "+49 151 12345678", like=(1, 0)
        )
    message = await message_of(runtime, message_id)
    assert [each["body"] for each in message.content["shown"]["cards"]] == [
        "For Engines",
        "Only today in Faro",
    ]
    async with runtime.db.read() as session:
        rows = (await session.exec(select(MessageFile).order_by(MessageFile.place))).all()
        files = (await session.exec(select(MediaFile))).all()
    assert [(each.message_id, each.place) for each in rows] == [
        (message_id, "cards.0"),
        (message_id, "cards.1"),
    ]
    assert len(files) == 1  # one upload for two cards
    assert {each["file"] for each in message.content["shown"]["cards"]} == {files[0].key}


async def test_a_copy_keeps_the_files_of_the_cards(
    runtime: Runtime, owner: Actor, channel_id: int, campaign_id: int, keys: Keys
) -> None:
    async with runtime.db.write() as session:
        copy_id = await drafts.duplicate(session, owner, campaign_id)
    assert await content(runtime, owner, copy_id) == {}
    other = with_cards(await template_of(runtime, copy_id), (keys[1], keys[0]))
    await say(runtime, owner, copy_id, channel_id, other)
    async with runtime.db.read() as session:
        first, second = [
            (await drafts.draft(session, owner, each))["variants"][0]["card_files"]
            for each in (campaign_id, copy_id)
        ]
    assert first == {"cards.0": keys[0], "cards.1": keys[1]}
    assert second == {"cards.0": keys[1], "cards.1": keys[0]}


# --- the library


@pytest.mark.parametrize("state", list(S))
async def test_a_file_that_a_campaign_still_sends_cannot_be_deleted(
    runtime: Runtime, owner: Actor, campaign_id: int, keys: Keys, state: S
) -> None:
    async with runtime.db.write() as session:
        await session.exec(sa.update(Campaign).values(state=state))
        usage = await library.used_in(session, owner, [keys[1]])
        blind = replace(owner, permissions=owner.permissions - {Permission.CAMPAIGNS_SEE})
        unseen = await library.used_in(session, blind, [keys[1]])
    is_over, is_draft = state in (S.FINISHED, S.CANCELLED), state is S.DRAFT
    assert usage["campaigns"] == ([] if is_over else ["Spring"])
    assert usage["needed"] is unseen["needed"] is not (is_over or is_draft)
    assert unseen["campaigns"] == []
    if is_over or is_draft:
        assert await library.delete(runtime.db, owner, runtime.settings.media_dir, [keys[1]]) == 1
        return
    with pytest.raises(Conflict, match="Spring"):
        await library.delete(runtime.db, owner, runtime.settings.media_dir, list(keys))
    assert (await put(runtime, owner, photo(seed=2)))["existing"]


# --- sending


async def fed(runtime: Runtime, channel_id: int, count: int, files: dict[str, int] | None) -> queueing.Fed:
    template_id = await desk.new_template(runtime, channel_id)
    made = await desk.new_campaign(runtime, channel_id, template_id, await desk.new_people(runtime, count))
    await runtime.writer.run(leases.acquire, BID)
    ready = [
        Ready(each.id or 0, each.contact_id or 0, desk.phone(1), "Hi", {"kind": "template"}, None, files)
        for each in await desk.recipients(runtime, made)
    ]
    return await runtime.writer.run(queueing.feed, Portion(made, channel_id, BID, ready))


async def new_media(runtime: Runtime, channel_id: int, letter: str) -> int:
    file = MediaFile(
        key=letter * 32, state="stored", mime_type="image/png", channel_id=channel_id, path=letter
    )
    async with runtime.db.write() as session:
        session.add(file)
    return file.id or 0


async def test_each_message_names_the_files_of_its_cards(runtime: Runtime, channel_id: int) -> None:
    files = {f"cards.{at}": await new_media(runtime, channel_id, "ab"[at]) for at in (0, 1)}
    assert (await fed(runtime, channel_id, 3, files)).queued == 3
    async with runtime.db.read() as session:
        rows = (await session.exec(select(MessageFile))).all()
    named = {(each.message_id, each.place, each.media_id) for each in rows}
    messages = [each.id for each in await desk.messages(runtime)]
    assert named == {(each, place, media) for each in messages for place, media in files.items()}


async def test_messages_and_the_files_of_their_cards_are_written_together_or_not_at_all(
    runtime: Runtime, channel_id: int
) -> None:
    with pytest.raises(IntegrityError):
        await fed(runtime, channel_id, 3, {"cards.0": 4_711})
    assert await desk.messages(runtime) == []
    async with runtime.db.read() as session:
        states = (
            await session.exec(sa.text("SELECT state, count(*) FROM campaign_recipient GROUP BY state"))
        ).all()  # type: ignore[call-overload]
    assert [tuple(row) for row in states] == [(RecipientState.WAITING.value, 3)]


async def test_without_cards_nothing_is_written_about_cards(runtime: Runtime, channel_id: int) -> None:
    seen: list[str] = []

    def look(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(sa.Engine, "before_cursor_execute", look)
    try:
        assert (await fed(runtime, channel_id, 3, None)).queued == 3
    finally:
        event.remove(sa.Engine, "before_cursor_execute", look)
    assert any("INSERT INTO message " in each for each in seen)
    assert not [each for each in seen if "message_file" in each]


async def test_a_filled_message_is_what_whatsapp_wants(
    runtime: Runtime, owner: Actor, campaign_id: int
) -> None:
    async with runtime.db.read() as session:
        [row] = (await session.exec(select(CampaignVariant))).all()
        shown = {row.id or 0: {"cards.0": "1" * 32, "cards.1": "2" * 32}}
        filler = await Filler.of(session, campaign_id, shown)
        found = await filler.fill(session, [_Person(each, each, row.id or 0) for each in (1, 2)])
    first = found[1]
    assert not isinstance(first, str)
    assert [each["file"] for each in first.content["shown"]["cards"]] == ["1" * 32, "2" * 32]
    payload = build(
        "template",
        first.body,
        first.content,
        recipient="+16505550001",
        files={"cards.0": "71", "cards.1": "72"},
    )
    assert payload["template"]["components"] == [
        {"type": "body", "parameters": [{"type": "text", "text": "Ada"}]},
        {
            "type": "carousel",
            "cards": [
                _wanted(0, "71", ["Engines"], "one"),
                _wanted(1, "72", ["today", "Faro"], "Ada"),
            ],
        },
    ]
    second = found[2]
    assert not isinstance(second, str)
    assert [each["body"] for each in second.content["shown"]["cards"]] == ["For you", "Only today in Lisbon"]


class _Person:
    def __init__(self, number: int, contact_id: int, variant_id: int) -> None:
        self.id, self.contact_id, self.variant_id = number, contact_id, variant_id
        self.columns: dict[str, str] = {}


def _wanted(index: int, media: str, texts: list[str], link: str) -> dict[str, Any]:
    """Meta's example of a card, cloud-api.md 3.7."""
    return {
        "card_index": index,
        "components": [
            {"type": "header", "parameters": [{"type": "image", "image": {"id": media}}]},
            {"type": "body", "parameters": [{"type": "text", "text": text} for text in texts]},
            {
                "type": "button",
                "sub_type": "quick_reply",
                "index": "0",
                "parameters": [{"type": "payload", "payload": f"Card {index + 1}: Book"}],
            },
            {
                "type": "button",
                "sub_type": "url",
                "index": "1",
                "parameters": [{"type": "text", "text": link}],
            },
        ],
    }


# --- offers and codes

OFFER = [
    {"type": "LIMITED_TIME_OFFER", "limited_time_offer": {"text": "10 % off", "has_expiration": True}},
    {"type": "BODY", "text": "Hi {{1}}, use it."},
    {
        "type": "BUTTONS",
        "buttons": [
            {"type": "COPY_CODE", "example": "SAVE10"},
            {"type": "URL", "text": "Sign", "url": "https://example.com/{{1}}"},
        ],
    },
]


async def with_offer(runtime: Runtime, owner: Actor, channel_id: int, **changed: Any) -> int:
    template_id = await make_template(runtime, "offer", components=OFFER)
    made = await make_campaign(runtime, owner, channel_id, template_id)
    rules: dict[str, Any] = {
        "offer": fixed("2030-05-01T10:00:00.000Z"),
        "body.1": of_contact("first_name", "you"),
        "button.0": fixed("SAVE10"),
        "button.1": fixed("now"),
    }
    rules |= {key.replace("_", "."): rule for key, rule in changed.items()}
    await say(runtime, owner, made, channel_id, variant(template_id, mapping=rules))
    return made


async def sent(runtime: Runtime, campaign_id: int, **columns: str) -> Any:
    """What the first contact gets: the components, or the word of the reason."""
    async with runtime.db.read() as session:
        filler = await Filler.of(session, campaign_id)
        person = _Person(1, 1, next(iter(filler.variants)))
        person.columns = columns
        found = (await filler.fill(session, [person]))[1]
    return found if isinstance(found, str) else found.content["template"]["components"]


def expiration(components: Any) -> datetime:
    [offer] = [each for each in components if each["type"] == "limited_time_offer"]
    millis = offer["parameters"][0]["limited_time_offer"]["expiration_time_ms"]
    return datetime.fromtimestamp(millis / 1000, UTC)


async def test_an_offer_and_a_code_go_out_as_whatsapp_wants_them(
    runtime: Runtime, owner: Actor, channel_id: int
) -> None:
    await make_person(runtime, "Ada", company="AB-12")
    made = await with_offer(runtime, owner, channel_id, button_0=of_contact("company", "SAVE10"))
    assert await content(runtime, owner, made) == {}
    found = await sent(runtime, made)
    assert expiration(found) == datetime(2030, 5, 1, 10, tzinfo=UTC)
    assert [each for each in found if each["type"] == "button"] == [
        {
            "type": "button",
            "sub_type": "copy_code",
            "index": "0",
            "parameters": [{"type": "coupon_code", "coupon_code": "AB-12"}],
        },
        {"type": "button", "sub_type": "url", "index": "1", "parameters": [{"type": "text", "text": "now"}]},
    ]
    async with runtime.db.read() as session:
        shown = await mapping.preview(session, replace(owner, hide_phone=True), made, "A")
    assert (shown["offer"], shown["offer_ends"]) == ("10 % off", "2030-05-01T10:00:00+00:00")


async def test_the_end_of_an_offer_comes_out_of_a_field_or_a_file(
    runtime: Runtime, owner: Actor, channel_id: int
) -> None:
    ada = await make_person(runtime, "Ada")
    await make_field(runtime, owner, "Until", FieldKind.DATE)
    async with runtime.db.write() as session:
        await fields.set_values(session, owner, ada, {"until": "2030-05-03"})
    field = {"source": "field", "name": "until", "fallback": ""}
    made = await with_offer(runtime, owner, channel_id, offer=field)
    async with runtime.db.write() as session:
        await session.exec(sa.update(Campaign).values(time_zone="Europe/Madrid"))
    assert await content(runtime, owner, made) == {}
    assert expiration(await sent(runtime, made)) == datetime(2030, 5, 3, 21, 59, tzinfo=UTC)
    column = {"source": "column", "name": "Ends", "fallback": "2031-01-01"}
    made = await with_offer(runtime, owner, channel_id, offer=column)
    async with runtime.db.write() as session:
        await session.exec(sa.update(Campaign).values(time_zone="Europe/Madrid"))
    for text, ends in (
        ("2030-06-01 18:30", datetime(2030, 6, 1, 16, 30, tzinfo=UTC)),
        ("2030-06-01T18:30+05:00", datetime(2030, 6, 1, 13, 30, tzinfo=UTC)),
        ("", datetime(2031, 1, 1, 22, 59, tzinfo=UTC)),
    ):
        assert expiration(await sent(runtime, made, Ends=text)) == ends
    assert await sent(runtime, made, Ends="next week") == reasons.BAD_VALUE
    assert await sent(runtime, made, Ends="2020-01-01") == reasons.OFFER_OVER


async def test_an_offer_that_would_be_over_is_refused_before_and_said_afterwards(
    runtime: Runtime, owner: Actor, channel_id: int
) -> None:
    await make_person(runtime, "Ada")
    made = await with_offer(runtime, owner, channel_id)
    ends = datetime(2030, 5, 1, 10, tzinfo=UTC)
    async with runtime.db.write() as session:
        await session.exec(sa.update(Campaign).values(run_at=ends + timedelta(minutes=1)))
    late = "The offer would be over before the messages leave. Choose a later end."
    assert await content(runtime, owner, made) == {"A.offer": late}
    assert (await campaign_of(runtime, made)).state is S.DRAFT
    with time_machine.travel(ends + timedelta(seconds=1), tick=False):
        assert await sent(runtime, made) == reasons.OFFER_OVER
    for rule, sentence in (
        (fixed("tomorrow"), "Write the date and the time at which the offer ends."),
        (
            of_contact("name", "x"),
            "Write when the offer ends, or take it out of a field or a file with dates.",
        ),
    ):
        made = await with_offer(runtime, owner, channel_id, offer=rule)
        assert await content(runtime, owner, made) == {"A.offer": sentence}


async def test_a_code_that_is_too_long_is_named(runtime: Runtime, owner: Actor, channel_id: int) -> None:
    await make_person(runtime, "Ada")
    made = await with_offer(runtime, owner, channel_id, button_0=fixed("x" * 16))
    assert await content(runtime, owner, made) == {
        "A.button.0": "At most 15 characters fit here; this has 16."
    }


def test_more_gaps_than_two_digits_count_are_told_apart() -> None:
    from tests.services.test_campaign_filler import template

    text = " ".join(f"{{{{{each}}}}}" for each in range(1, 13))
    made = Compiled(
        template(
            {"type": "BODY", "text": "Look"},
            {"type": "CAROUSEL", "cards": [card(text) for _each in range(10)]},
        ),
        {},
        has_file=False,
        files={f"cards.{at}": "" for at in range(10)},
    )
    assert len(made.varying) == 130
    found = made.fill([str(each) for each in range(130)])
    assert not isinstance(found, str)
    shown = found.content["shown"]["cards"]
    assert shown[0]["body"] == " ".join(str(each) for each in range(12))
    assert shown[9]["body"] == " ".join(str(each) for each in range(117, 129))
    assert shown[9]["buttons"][1]["url"] == "https://example.com/129"
