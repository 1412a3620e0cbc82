"""Templates: brought from Meta whole, kept up to date, filled in exactly, and refused when WhatsApp would."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import stamina
import time_machine
from sqlmodel import select

from integrations.sandbox.sandbox import Sandbox
from tests import meta
from tests.jobs.conftest import Network, form_of
from tests.meta import webhook
from tests.services.conftest import Book, Meta, change_message, message_of
from tests.services.test_inbox import plans, scans
from tests.services.test_outbox import new_file
from wapto_app.clock import utcnow
from wapto_app.models import Channel, ChannelStatus, Contact, Conversation, MessageStatus, Template
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services import channels, inbox, leases, outbox, templates
from wapto_app.services.errors import (
    Conflict,
    Invalid,
    MarketingStopped,
    NotConnected,
    NotFound,
    TemplateUnavailable,
)
from wapto_app.services.outbox import claims
from wapto_app.services.outbox.payloads import build

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def without_pauses() -> Iterator[None]:
    with stamina.set_testing(True):
        yield


@pytest.fixture
async def connected(runtime: Runtime, owner: Actor, sandbox: Sandbox, network: Network) -> int:
    return await channels.connect(runtime.db, owner, runtime.gateway, form_of(sandbox))


async def known(runtime: Runtime, *where: Any) -> dict[tuple[str, str], Template]:
    async with runtime.db.read() as session:
        found = await session.exec(select(Template).where(*where))
        return {(each.name, each.language): each for each in found}


NewTemplate = Callable[..., Awaitable[int]]


@pytest.fixture
def new_template(runtime: Runtime) -> NewTemplate:
    async def make(name: str = "order", **more: Any) -> int:
        body = {"type": "BODY", "text": "Hi {{1}}, order {{2}} is here."}
        values = {"waba_id": meta.WABA, "language": "en_US", "status": "APPROVED", "category": "UTILITY"}
        values |= {"components": [body], "updated_at": NOW - timedelta(days=1), "meta_id": name}
        template = Template(**(values | {"name": name} | more))
        async with runtime.db.write() as session:
            session.add(template)
        return template.id or 0

    return make


async def send(
    runtime: Runtime, actor: Actor, conversation_id: int, template_id: int, media: str = "", **values: str
) -> int:
    async with runtime.db.write() as session:
        given = {key.replace("_", ".", 1): value for key, value in values.items()}
        return await inbox.send_template(session, actor, conversation_id, template_id, given, media)


# --- bringing them


async def test_every_page_is_brought_and_what_is_gone_is_marked(
    runtime: Runtime,
    sandbox: Sandbox,
    connected: int,
    owner: Actor,
    network: Network,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from integrations.whatsapp.templates import TemplateCalls

    pages = TemplateCalls.all_templates
    monkeypatch.setattr(
        TemplateCalls, "all_templates", lambda self, waba, limit=3: pages(self, waba, limit=limit)
    )
    seen: list[frozenset[str]] = []
    runtime.hub.listen(seen.append)
    before = network.requests
    synced = await templates.sync(runtime.db, owner, runtime.gateway)
    assert (synced.listed, synced.gone) == (len(sandbox.store.templates), 0)
    assert network.requests - before > 3
    assert seen == [{"templates"}]
    rows = await known(runtime)
    assert {row.status for row in rows.values()} == {"APPROVED", "REJECTED", "PAUSED"}
    assert rows["order_update", "es"].components[1]["text"].startswith("Hola {{1}}")
    assert rows["viewing_reminder", "en"].parameter_format == "NAMED"
    first = {key: row.id for key, row in rows.items()}

    doomed = sandbox.store.find_template("hello_world", "en_US")
    assert doomed is not None
    sandbox.store.remove_template(doomed)
    assert (await templates.sync(runtime.db, owner, runtime.gateway)).gone == 1
    rows = await known(runtime)
    assert rows["hello_world", "en_US"].gone_at is not None
    assert {key: row.id for key, row in rows.items()} == first, "messages show them by their id"
    sandbox.store.add_template(doomed)
    await templates.sync_all(runtime.db, runtime.gateway)
    assert (await known(runtime))["hello_world", "en_US"].gone_at is None


async def test_when_meta_does_not_answer_nothing_is_lost(
    runtime: Runtime, connected: int, owner: Actor, network: Network
) -> None:
    await templates.sync(runtime.db, owner, runtime.gateway)
    network.is_down = True
    with pytest.raises(Conflict, match="could not be reached"):
        await templates.sync(runtime.db, owner, runtime.gateway)
    await templates.sync_all(runtime.db, runtime.gateway)
    assert all(row.gone_at is None for row in (await known(runtime)).values())
    async with runtime.db.write() as session:
        await session.exec(sa.update(Channel).values(status=ChannelStatus.RECONNECT))
    with pytest.raises(NotConnected):
        await templates.sync(runtime.db, owner, runtime.gateway)


async def test_what_a_webhook_said_meanwhile_is_newer_than_the_pages(
    runtime: Runtime, sandbox: Sandbox, connected: int, owner: Actor
) -> None:
    await templates.sync(runtime.db, owner, runtime.gateway)
    paused = {"status": "PAUSED", "updated_at": utcnow() + timedelta(minutes=1)}
    async with runtime.db.write() as session:
        await session.exec(sa.update(Template).where(Template.name == "order_update").values(**paused))  # type: ignore[arg-type]
    await templates.sync(runtime.db, owner, runtime.gateway)
    assert (await known(runtime))["order_update", "es"].status == "PAUSED"
    with time_machine.travel(utcnow() + timedelta(minutes=2), tick=False):
        await templates.sync(runtime.db, owner, runtime.gateway)
    assert (await known(runtime))["order_update", "es"].status == "APPROVED"


async def test_each_account_has_its_own(
    runtime: Runtime, owner: Actor, conversation_id: int, new_template: NewTemplate
) -> None:
    theirs = await new_template(waba_id="999")
    async with runtime.db.read() as session:
        assert await templates.approved(session, owner, conversation_id, "") == []
        with pytest.raises(NotFound):
            await templates.form_of(session, owner, conversation_id, theirs)
    with pytest.raises(NotFound):
        await send(runtime, owner, conversation_id, theirs, body_1="a", body_2="b")


# --- what webhooks say


def news(field: str, **value: Any) -> Any:
    who = {"message_template_id": "order", "message_template_name": "order"}
    who["message_template_language"] = "en-US"
    return webhook({"field": field, "value": {**who, **value}}, time=NOW)


async def test_status_quality_category_and_words_arrive_by_webhook(
    runtime: Runtime, channel_id: int, meta_says: Meta, new_template: NewTemplate
) -> None:
    await new_template()
    say = meta_says.says

    async def row() -> Template:
        return (await known(runtime))["order", "en_US"]

    with time_machine.travel(NOW + timedelta(seconds=1), tick=False):
        await say(news("message_template_status_update", event="PAUSED", reason="NONE"))
        assert (await row()).status == "PAUSED"
        await say(news("message_template_quality_update", new_quality_score="RED"))
        assert (await row()).quality == "RED"
        await say(news("template_category_update", new_category="MARKETING", previous_category="UTILITY"))
        assert (await row()).category == "MARKETING"
        await say(news("message_template_components_update", message_template_element="Bye {{1}} {{2}}"))
        assert (await row()).components == [{"type": "BODY", "text": "Bye {{1}} {{2}}"}]
        await say(news("message_template_status_update", event="FLAGGED"))
        assert (await row()).status == "PAUSED", "a warning changes nothing"
        rejection = {"reason": "Too loud", "recommendation": "Whisper."}
        await say(news("message_template_status_update", event="REJECTED", rejection_info=rejection))
        assert ((await row()).status, (await row()).rejected_reason) == ("REJECTED", "Too loud Whisper.")
        await say(news("message_template_status_update", event="REINSTATED"))
        assert ((await row()).status, (await row()).rejected_reason) == ("APPROVED", "")
        await say(news("message_template_status_update", event="PENDING_DELETION"))
        assert (await row()).gone_at is not None


async def test_old_news_and_news_of_the_unknown_change_nothing(
    runtime: Runtime, channel_id: int, meta_says: Meta, new_template: NewTemplate
) -> None:
    await new_template(synced_at=NOW + timedelta(minutes=1))
    await new_template("other", waba_id="999", meta_id="order")
    assert await meta_says.says(news("message_template_status_update", event="PAUSED")) == (1, 0)
    assert {row.status for row in (await known(runtime)).values()} == {"APPROVED"}


# --- choosing


async def test_the_picker_shows_what_can_be_sent_the_customers_language_first(
    runtime: Runtime, owner: Actor, conversation_id: int, new_template: NewTemplate
) -> None:
    await new_template("hello", components=[{"type": "BODY", "text": "Good morning"}])
    await new_template("order")
    await new_template("order", language="es", components=[{"type": "BODY", "text": "100 % aquí"}])
    await new_template("paused", status="PAUSED")
    await new_template("gone", gone_at=utcnow())
    picture = {"type": "HEADER", "format": "IMAGE"}
    await new_template("promo", components=[picture, {"type": "BODY", "text": "Look"}])
    moving = {"type": "HEADER", "format": "GIF"}
    await new_template("cards", components=[moving, {"type": "BODY", "text": "Three"}])

    async def names(search: str = "") -> list[str]:
        async with runtime.db.read() as session:
            found = await templates.approved(session, owner, conversation_id, search)
        return [f"{each['name']}:{each['language']}" for each in found]

    assert await names() == [
        "cards:en_US",
        "hello:en_US",
        "order:en_US",
        "order:es",
        "promo:en_US",
    ]
    assert await names("MORNING good") == ["hello:en_US"]
    assert await names("0 %") == ["order:es"]
    assert await names("_") == []
    async with runtime.db.write() as session:
        await session.exec(sa.update(Contact).values(language="es_MX"))
        found = await templates.approved(session, owner, conversation_id, "order")
        rows = await templates.approved(session, owner, conversation_id, "")
    assert [each["language"] for each in found] == ["es", "en_US"]
    assert {each["name"]: each["file"] for each in rows}["promo"] == "image"
    assert "GIF" in {each["name"]: each["problem"] for each in rows}["cards"]
    assert [each["gaps"] for each in found] == [0, 2]


async def test_the_form_suggests_what_is_known(
    runtime: Runtime, owner: Actor, conversation_id: int, new_template: NewTemplate
) -> None:
    body = {
        "type": "BODY",
        "text": "Hi {{first_name}}, {{agent}} here: {{day}}",
        "example": {"body_text_named_params": [{"param_name": "day", "example": "Friday"}]},
    }
    template_id = await new_template("named", components=[body], parameter_format="NAMED")
    async with runtime.db.write() as session:
        await session.exec(sa.update(Contact).values(name="Lovelace, Ada"))
        form = await templates.form_of(session, owner, conversation_id, template_id)
    slots = [(each["key"], each["sample"], each["suggestion"]) for each in form["slots"]]
    assert slots == [
        ("body.first_name", "", "Ada"),
        ("body.agent", "", owner.name),
        ("body.day", "Friday", ""),
    ]


# --- filling in and sending


async def test_the_message_holds_what_meta_takes_and_what_we_show(
    runtime: Runtime, owner: Actor, conversation_id: int, new_template: NewTemplate, book: Book
) -> None:
    components = [
        {"type": "HEADER", "format": "TEXT", "text": "For {{1}}"},
        {"type": "BODY", "text": "Hi {{1}}, order {{2}} is here."},
        {"type": "FOOTER", "text": "Harbour Homes"},
        {
            "type": "BUTTONS",
            "buttons": [
                {"type": "QUICK_REPLY", "text": "Thanks"},
                {
                    "type": "URL",
                    "text": "Track",
                    "url": "https://x.example/{{1}}",
                    "example": ["https://x.example/7"],
                },
                {"type": "COPY_CODE", "text": "Copy", "example": "SAVE"},
            ],
        },
    ]
    template_id = await new_template(components=components)
    values = {"header_1": "Ada", "body_1": "Ada", "body_2": "#7", "button_1": "a7", "button_2": "SAVE10"}
    for missing in values:
        with pytest.raises(Invalid) as refused:
            await send(runtime, owner, conversation_id, template_id, **(values | {missing: " "}))
        assert refused.value.field == missing.replace("_", ".", 1)
        assert refused.value.message.startswith("Fill in ")
    with pytest.raises(Invalid):
        await send(runtime, owner, conversation_id, template_id, **(values | {"body_1": "two\nlines"}))
    async with runtime.db.write() as session:
        await session.exec(sa.update(Conversation).values(last_inbound_at=None))
    message_id = await send(runtime, owner, conversation_id, template_id, **values)
    row = await message_of(runtime, message_id)
    assert row.body == "Hi Ada, order #7 is here."
    assert row.content["shown"] == {
        "header": "text",
        "header_text": "For Ada",
        "footer": "Harbour Homes",
        "buttons": [
            {"kind": "quick_reply", "text": "Thanks", "url": ""},
            {"kind": "url", "text": "Track", "url": "https://x.example/a7"},
            {"kind": "copy_code", "text": "Copy", "url": ""},
        ],
    }
    sent = build(row.type, row.body, row.content, recipient=row.recipient)["template"]
    assert sent["language"] == {"code": "en_US"}
    kinds = [(each["type"], each.get("index"), each["parameters"][0]) for each in sent["components"]]
    assert kinds == [
        ("header", None, {"type": "text", "text": "Ada"}),
        ("body", None, {"type": "text", "text": "Ada"}),
        ("button", "1", {"type": "text", "text": "a7"}),
        ("button", "2", {"type": "coupon_code", "coupon_code": "SAVE10"}),
    ]
    assert (await book.only("conversation"))["preview"] == "Hi Ada, order #7 is here."
    assert (await known(runtime))["order", "en_US"].last_used_at is not None


async def test_a_file_stands_in_the_header_under_metas_id(
    runtime: Runtime, owner: Actor, conversation_id: int, new_template: NewTemplate
) -> None:
    header = {"type": "HEADER", "format": "DOCUMENT"}
    template_id = await new_template(components=[header, {"type": "BODY", "text": "Your bill"}])
    bill = await new_file(runtime, key="b" * 32, mime_type="application/pdf", filename="bill.pdf")
    picture = await new_file(runtime, key="c" * 32)
    for key, refusal in (("", Invalid), (picture.key, Invalid), ("d" * 32, NotFound)):
        with pytest.raises(refusal):
            await send(runtime, owner, conversation_id, template_id, key)
    message_id = await send(runtime, owner, conversation_id, template_id, bill.key)
    row = await message_of(runtime, message_id)
    sent = build("template", row.body, row.content, recipient="+16505551234", media="99", filename="bill.pdf")
    assert sent["template"]["components"] == [
        {
            "type": "header",
            "parameters": [{"type": "document", "document": {"id": "99", "filename": "bill.pdf"}}],
        }
    ]
    assert row.media_id is not None


async def test_places_offers_codes_and_forms_are_filled_in(
    new_template: NewTemplate, runtime: Runtime
) -> None:
    body = {"type": "BODY", "text": "Here"}
    place = Template(
        waba_id="1", name="a", language="en", components=[{"type": "HEADER", "format": "LOCATION"}, body]
    )
    given = {"header.latitude": "53,55", "header.longitude": "10", "header.name": "Office"}
    made = templates.fill(place, given)
    [header] = made.content["template"]["components"]
    assert header["parameters"][0]["location"]["name"] == "Office"
    for wrong in ("91", "abc", "nan"):
        with pytest.raises(Invalid) as refused:
            templates.fill(place, given | {"header.latitude": wrong})
        assert refused.value.field == "header.latitude"
    offer = {"type": "LIMITED_TIME_OFFER", "limited_time_offer": {"text": "10 %", "has_expiration": True}}
    sale = Template(waba_id="1", name="b", language="en", components=[offer, body])
    with time_machine.travel(NOW - timedelta(days=1)):
        [part] = templates.fill(sale, {"offer": "2026-03-01T12:00:00+00:00"}).content["template"][
            "components"
        ]
    limited = part["parameters"][0]["limited_time_offer"]
    assert limited == {"expiration_time_ms": int(NOW.timestamp() * 1000)}
    for wrong in ("", "soon", "2026-03-01T12:00:00", (utcnow() - timedelta(hours=1)).isoformat()):
        with pytest.raises(Invalid) as refused:
            templates.fill(sale, {"offer": wrong})
        assert refused.value.field == "offer"
    code = {"type": "BUTTONS", "buttons": [{"type": "URL", "text": "Copy", "url": "https://w/?c={{1}}"}]}
    otp = Template(
        waba_id="1",
        name="c",
        language="en",
        category="AUTHENTICATION",
        components=[{"type": "BODY", "text": "*{{1}}* is your code"}, code],
    )
    assert [slot["key"] for slot in templates.describe(otp)["slots"]] == ["body.1"]
    made = templates.fill(otp, {"body.1": "123456"})
    assert [each["parameters"][0]["text"] for each in made.content["template"]["components"]] == [
        "123456"
    ] * 2
    form = {"type": "BUTTONS", "buttons": [{"type": "FLOW", "text": "Open"}]}
    flow = Template(waba_id="1", name="d", language="en", components=[body, form])
    assert templates.fill(flow, {}).content["template"]["components"][0]["sub_type"] == "flow"
    moving = Template(
        waba_id="1", name="e", language="en", components=[{"type": "HEADER", "format": "GIF"}, body]
    )
    with pytest.raises(Invalid, match="GIF"):
        templates.fill(moving, {}, has_file=True)


async def test_products_are_named_by_their_ids(runtime: Runtime) -> None:
    body = {"type": "BODY", "text": "Look"}

    def made(*components: Any, **values: str) -> Any:
        template = Template(waba_id="1", name="a", language="en", components=[body, *components])
        given = {key.replace("_", "."): value for key, value in values.items()}
        return templates.fill(template, given).content["template"].get("components", [])

    def button(kind: str) -> dict[str, Any]:
        return {"type": "BUTTONS", "buttons": [{"type": kind, "text": "View"}]}

    product = {"type": "HEADER", "format": "PRODUCT"}
    [header] = made(product, button("SPM"), header_catalog="77", header_product="shoe-1")
    assert header["parameters"][0]["product"] == {"catalog_id": "77", "product_retailer_id": "shoe-1"}
    with pytest.raises(Invalid) as refused:
        made(product, button("SPM"), header_product="shoe-1")
    assert refused.value.field == "header.catalog"
    [listed] = made(button("MPM"), button_0="Shoes: a, b ; Hats: c")
    action = listed["parameters"][0]["action"]
    assert action["thumbnail_product_retailer_id"] == "a"
    assert [(each["title"], len(each["product_items"])) for each in action["sections"]] == [
        ("Shoes", 2),
        ("Hats", 1),
    ]
    for wrong in (";", "Shoes:", " , ", ",".join(str(number) for number in range(31))):
        with pytest.raises(Invalid) as refused:
            made(button("MPM"), button_0=wrong)
        assert refused.value.field == "button.0"
    assert made(button("CATALOG")) == []
    [catalog] = made(button("CATALOG"), button_0="shoe-1")
    assert catalog["sub_type"] == "CATALOG"


def _cards(*texts: str) -> list[dict[str, Any]]:
    buttons = [
        {"type": "QUICK_REPLY", "text": "More"},
        {"type": "URL", "text": "Go", "url": "https://x.example/{{1}}"},
    ]
    cards = [
        {
            "components": [
                {"type": "HEADER", "format": "IMAGE"},
                {"type": "BODY", "text": text},
                {"type": "BUTTONS", "buttons": buttons},
            ]
        }
        for text in texts
    ]
    return [{"type": "BODY", "text": "Hi {{1}}, look:"}, {"type": "CAROUSEL", "cards": cards}]


async def test_each_card_is_filled_in_and_has_its_own_file(
    runtime: Runtime, owner: Actor, conversation_id: int, new_template: NewTemplate
) -> None:
    template_id = await new_template(components=_cards("For {{1}}", "Only {{1}} here"))
    async with runtime.db.read() as session:
        form = await templates.form_of(session, owner, conversation_id, template_id)
    assert [(each["key"], each["card"]) for each in form["slots"]] == [
        ("body.1", -1),
        ("cards.0.body.1", 0),
        ("cards.0.button.1", 0),
        ("cards.1.body.1", 1),
        ("cards.1.button.1", 1),
    ]
    assert [(each["place"], each["kind"]) for each in form["files"]] == [
        ("cards.0", "image"),
        ("cards.1", "image"),
    ]
    values = {"body.1": "Ada", "cards.0.body.1": "A", "cards.0.button.1": "a", "cards.1.body.1": "B"}
    values["cards.1.button.1"] = "b"
    keys = [(await new_file(runtime, key=letter * 32)).key for letter in "ab"]
    bill = (await new_file(runtime, key="c" * 32, mime_type="application/pdf")).key

    async def go(*, values: dict[str, str] = values, **files: str) -> int:
        chosen = {f"cards.{place}": key for place, key in zip((0, 1), files.values(), strict=False)}
        async with runtime.db.write() as session:
            return await inbox.send_template(session, owner, conversation_id, template_id, values, "", chosen)

    for field, wrong in (
        ("cards.1.media", go(first=keys[0])),
        ("cards.1.media", go(first=keys[0], second=bill)),
        ("cards.1.body.1", go(values={**values, "cards.1.body.1": " "}, first=keys[0], second=keys[1])),
        ("template", go(values={**values, "cards.0.body.1": "x" * 160}, first=keys[0], second=keys[1])),
    ):
        with pytest.raises(Invalid) as refused:
            await wrong
        assert refused.value.field == field
    row = await message_of(runtime, await go(first=keys[0], second=keys[1]))
    shown = row.content["shown"]["cards"]
    assert [(each["body"], each["file"]) for each in shown] == [("For A", keys[0]), ("Only B here", keys[1])]
    files = {"cards.0": "91", "cards.1": "92"}
    sent = build("template", row.body, row.content, recipient="+16505551234", files=files)["template"]
    body, carousel = sent["components"]
    assert body["parameters"] == [{"type": "text", "text": "Ada"}]
    for place, card in enumerate(carousel["cards"]):
        header, text, tap, link = card["components"]
        assert tap["parameters"] == [{"type": "payload", "payload": f"Card {place + 1}: More"}]
        assert header["parameters"] == [{"type": "image", "image": {"id": f"9{place + 1}"}}]
        assert text["parameters"][0]["text"] == "AB"[place]
        assert link["index"] == "1"
    assert row.template_id == template_id


async def test_numbered_values_go_out_by_number_whatever_their_order_in_the_text(runtime: Runtime) -> None:
    text = {"type": "BODY", "text": "{{2}} before {{1}}, {{10}} after {{2}}"}
    template = Template(waba_id="1", name="a", language="en", components=[text])
    made = templates.fill(template, {"body.1": "one", "body.2": "two", "body.10": "ten"})
    [part] = made.content["template"]["components"]
    assert [each["text"] for each in part["parameters"]] == ["one", "two", "ten"]
    assert made.body == "two before one, ten after two"


# --- the gate


async def change(runtime: Runtime, template_id: int, **values: Any) -> None:
    async with runtime.db.write() as session:
        await session.exec(sa.update(Template).where(Template.id == template_id).values(**values))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"status": "PAUSED"}, "paused"),
        ({"status": "DISABLED"}, "for good"),
        ({"status": "REJECTED"}, "rejected"),
        ({"status": "PENDING"}, "reviewing"),
        ({"status": "IN_APPEAL"}, "does not accept"),
        ({"gone_at": NOW}, "does not exist"),
    ],
)
async def test_what_whatsapp_does_not_accept_is_refused_with_the_reason(
    runtime: Runtime,
    owner: Actor,
    conversation_id: int,
    channel_id: int,
    new_template: NewTemplate,
    values: Any,
    words: str,
) -> None:
    template_id = await new_template()
    waiting = await send(runtime, owner, conversation_id, template_id, body_1="a", body_2="b")
    failed = await send(runtime, owner, conversation_id, template_id, body_1="a", body_2="b")
    await change_message(runtime, failed, status=MessageStatus.FAILED)
    await change(runtime, template_id, **values)
    with pytest.raises(TemplateUnavailable, match=words):
        await send(runtime, owner, conversation_id, template_id, body_1="a", body_2="b")
    async with runtime.db.write() as session:
        with pytest.raises(TemplateUnavailable):
            await outbox.retry(session, owner, failed)
    bid = leases.Bid(f"sender:{channel_id}", "a test")
    await runtime.writer.run(leases.acquire, bid)
    batch = await runtime.writer.run(claims.claim, claims.Claim(channel_id, 10, bid))
    row = await message_of(runtime, waiting)
    assert (batch.claimed, row.status) == ([], MessageStatus.FAILED)
    assert words in row.error_detail


async def test_marketing_is_not_sent_to_who_stopped_it(
    runtime: Runtime, owner: Actor, conversation_id: int, new_template: NewTemplate
) -> None:
    promo = await new_template("promo", category="MARKETING")
    order = await new_template("order")
    async with runtime.db.write() as session:
        await session.exec(sa.update(Contact).values(marketing_stopped_at=utcnow()))
    with pytest.raises(MarketingStopped):
        await send(runtime, owner, conversation_id, promo, body_1="a", body_2="b")
    await send(runtime, owner, conversation_id, order, body_1="a", body_2="b")


async def test_the_sandbox_takes_every_approved_template_that_we_fill_in(
    runtime: Runtime, sandbox: Sandbox, connected: int, owner: Actor, meta_says: Meta, book: Book
) -> None:
    """The stand-in compares each value with the template's own definition, as Meta does."""
    from integrations.sandbox.graph.template_send import check_template

    await templates.sync(runtime.db, owner, runtime.gateway)
    tried, kinds = 0, set[str]()
    for template in (await known(runtime, Template.status == "APPROVED")).values():
        form = templates.describe(template)
        assert form["problem"] == ""
        samples = {"number": "12.5", "time": "2027-01-01T10:00:00+00:00", "code": "SAVE10"}
        values = {slot["key"]: samples.get(slot["kind"], "x1") for slot in form["slots"]}
        files = {each["place"]: "55" for each in templates.file_places(template)}
        made = templates.fill(template, values, has_file="header" in files, files=files)
        media = files.pop("header", "")
        payload = build(
            "template", made.body, made.content, recipient="+16505551234", media=media, files=files
        )
        check_template(sandbox, payload["template"])
        tried += 1
        kinds |= {each["type"] for each in payload["template"].get("components", [])}
    assert tried >= 8
    assert kinds == {"header", "body", "button", "carousel", "limited_time_offer"}


async def test_the_picker_reads_by_an_index(runtime: Runtime, owner: Actor, conversation_id: int) -> None:
    with plans(runtime.db.engine.sync_engine) as found:
        async with runtime.db.read() as session:
            await templates.approved(session, owner, conversation_id, "")
    assert len(found) >= 3
    for plan in found:
        assert scans(plan) == [], plan
