"""Outgoing payloads: Meta's shapes, and Meta's limits told to a person before Meta tells the log."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from integrations.whatsapp import InvalidMessage, messages
from integrations.whatsapp.messages import template_parts as parts

TO = "+16505551234"
ROW = {"id": "1", "title": "One"}


def test_a_text_has_metas_shape() -> None:
    assert messages.text("hi", preview_url=True, to=TO, reply_to="wamid.1", callback_data="outbox:1") == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": TO,
        "type": "text",
        "text": {"body": "hi", "preview_url": True},
        "context": {"message_id": "wamid.1"},
        "biz_opaque_callback_data": "outbox:1",
    }


@pytest.mark.parametrize("to", ["16505551234", "+1 (650) 555-1234", "1.650.555.1234"])
def test_a_number_gets_its_plus(to: str) -> None:
    assert messages.text("hi", to=to)["to"] == TO


def test_a_user_id_is_enough() -> None:
    payload = messages.text("hi", recipient="US.13491208655302741918")
    assert payload["recipient"] == "US.13491208655302741918"
    assert "to" not in payload
    assert messages.text("hi", recipient="US.ENT.118abc")["recipient"] == "US.ENT.118abc"


def test_a_group_is_addressed_by_its_id() -> None:
    payload = messages.text("hi", group_id="G1")
    assert (payload["recipient_type"], payload["to"]) == ("group", "G1")
    pin = messages.pin("wamid.1", days=7, group_id="G1")
    assert pin["pin"] == {"type": "pin", "message_id": "wamid.1", "expiration_days": 7}


def test_media_goes_by_id_or_link() -> None:
    image = messages.image(media_id="5", caption="look", to=TO)
    assert image["image"] == {"id": "5", "caption": "look"}
    document = messages.document(link="https://x/a.pdf", filename="a.pdf", to=TO)
    assert document["document"] == {"link": "https://x/a.pdf", "filename": "a.pdf"}
    assert messages.audio(media_id="5", voice=True, to=TO)["audio"] == {"id": "5", "voice": True}
    assert messages.sticker(media_id="5", to=TO)["sticker"] == {"id": "5"}
    assert messages.video(media_id="5", to=TO)["type"] == "video"


def test_a_place_is_sent_as_text_numbers() -> None:
    payload = messages.location(37.48, -122.14, name="HQ", address_text="1 Road", to=TO)
    assert payload["location"] == {
        "latitude": "37.48",
        "longitude": "-122.14",
        "name": "HQ",
        "address": "1 Road",
    }


def test_a_card_always_has_a_second_part_of_the_name() -> None:
    card = messages.contact_card(
        "Barbara", phones=[{"phone": TO, "wa_id": "16505551234"}], birthday="1999-01-23"
    )
    payload = messages.contacts([card], to=TO)
    assert payload["contacts"][0]["name"] == {"formatted_name": "Barbara", "first_name": "Barbara"}
    assert payload["contacts"][0]["birthday"] == "1999-01-23"


def test_a_reaction_is_taken_back_with_an_empty_emoji() -> None:
    assert messages.reaction("wamid.1", None, to=TO)["reaction"] == {"message_id": "wamid.1", "emoji": ""}


def test_buttons_have_header_footer_and_replies() -> None:
    payload = messages.reply_buttons(
        "Sure?",
        [("y", "Yes"), ("n", "No")],
        header=messages.header_media("image", media_id="5"),
        footer="f",
        to=TO,
    )
    assert payload["interactive"] == {
        "type": "button",
        "header": {"type": "image", "image": {"id": "5"}},
        "body": {"text": "Sure?"},
        "footer": {"text": "f"},
        "action": {
            "buttons": [
                {"type": "reply", "reply": {"id": "y", "title": "Yes"}},
                {"type": "reply", "reply": {"id": "n", "title": "No"}},
            ]
        },
    }


def test_a_list_has_sections_and_rows() -> None:
    sections: Any = [{"title": "A", "rows": [ROW]}, {"title": "B", "rows": [{"id": "2", "title": "Two"}]}]
    payload = messages.list_menu("Pick", "Menu", sections, header="Head", to=TO)
    interactive = payload["interactive"]
    assert interactive["header"] == {"type": "text", "text": "Head"}
    assert [section["title"] for section in interactive["action"]["sections"]] == ["A", "B"]


def test_the_remaining_interactive_types_have_metas_names() -> None:
    cta = messages.cta_url("b", "Open", "https://x", to=TO)["interactive"]
    assert cta["action"] == {"name": "cta_url", "parameters": {"display_text": "Open", "url": "https://x"}}
    flow = messages.flow("b", "Start", flow_id="1", flow_token="t", screen="FIRST", data={"k": "v"}, to=TO)
    parameters = flow["interactive"]["action"]["parameters"]
    assert parameters["flow_action_payload"] == {"screen": "FIRST", "data": {"k": "v"}}
    assert (parameters["mode"], parameters["flow_action"]) == ("published", "navigate")
    assert messages.product("c", "p", to=TO)["interactive"]["type"] == "product"
    products = messages.product_list("H", "b", "c", [{"title": "S", "products": ["p"]}], to=TO)["interactive"]
    assert products["header"] == {"type": "text", "text": "H"}
    assert products["action"]["sections"][0]["product_items"] == [{"product_retailer_id": "p"}]
    assert (
        messages.catalog("b", thumbnail_product_id="p", to=TO)["interactive"]["action"]["name"]
        == "catalog_message"
    )
    assert messages.location_request("b", to=TO)["interactive"]["action"] == {"name": "send_location"}
    assert (
        messages.address_request("b", values={"name": "A"}, to=TO)["interactive"]["type"] == "address_message"
    )
    assert messages.call_permission_request("b", to=TO)["interactive"]["type"] == "call_permission_request"
    assert messages.voice_call("b", ttl_minutes=100, to=TO)["interactive"]["action"]["parameters"] == {
        "ttl_minutes": 100
    }
    assert messages.request_contact_info("b", to=TO)["interactive"]["type"] == "request_contact_info"


def test_a_carousel_numbers_its_cards() -> None:
    header = messages.header_media("image", link="https://x/a.png")
    cards = [messages.url_card(header, "Open", f"https://x/{n}", body="b") for n in range(2)]
    action = messages.carousel("b", cards, to=TO)["interactive"]["action"]
    assert [card["card_index"] for card in action["cards"]] == [0, 1]
    assert messages.carousel("b", [messages.product_card("c", "p")] * 2, to=TO)["type"] == "interactive"


def test_a_template_is_filled_part_by_part() -> None:
    components = [
        parts.header_media("image", media_id="5"),
        parts.body("Ada", parts.currency_value("$1", "USD", 1000), parts.date_time_value("1 May")),
        parts.quick_reply(0, "P"),
        parts.url_button(1, "abc"),
    ]
    payload = messages.template("order_update", "en-US", components, to=TO)["template"]
    assert payload["language"] == {"code": "en_US"}
    assert payload["components"][1]["parameters"][0] == {"type": "text", "text": "Ada"}
    assert payload["components"][2] == {
        "type": "button",
        "sub_type": "quick_reply",
        "index": "0",
        "parameters": [{"type": "payload", "payload": "P"}],
    }
    assert "components" not in messages.template("hello_world", "en", to=TO)["template"]


def test_named_values_carry_their_names() -> None:
    assert parts.body(first_name="Ada")["parameters"] == [
        {"type": "text", "text": "Ada", "parameter_name": "first_name"}
    ]
    assert parts.header_text(sale="Summer")["parameters"][0]["parameter_name"] == "sale"


def test_a_one_time_password_fills_body_and_button() -> None:
    filled_body, button = parts.one_time_password("123456")
    assert filled_body["parameters"][0]["text"] == button["parameters"][0]["text"] == "123456"
    assert button["sub_type"] == "url"


def test_the_remaining_template_parts_have_metas_names() -> None:
    offer = parts.limited_time_offer(datetime(2023, 11, 1, tzinfo=UTC))
    assert offer["parameters"][0]["limited_time_offer"] == {"expiration_time_ms": 1698796800000}
    assert parts.copy_code_button(1, "25OFF")["parameters"][0] == {
        "type": "coupon_code",
        "coupon_code": "25OFF",
    }
    assert parts.flow_button(0, flow_token="t")["parameters"][0]["action"] == {"flow_token": "t"}
    assert parts.catalog_button(0, "p")["sub_type"] == "CATALOG"
    assert parts.multi_product_button(0, "p", [("S", ["p"])])["sub_type"] == "mpm"
    assert len(parts.voice_call_button(0, ttl_minutes=5, payload="x")["parameters"]) == 2
    assert parts.header_location(1, 2)["parameters"][0]["type"] == "location"
    assert parts.header_product("c", "p")["parameters"][0]["product"]["catalog_id"] == "c"
    cards = parts.carousel([[parts.body("a")], [parts.body("b")]])["cards"]
    assert [card["card_index"] for card in cards] == [0, 1]
    assert parts.tap_target("https://x", "t")["type"] == "tap_target_configuration"


REFUSED: list[tuple[str, Callable[[], object]]] = [
    ("to", lambda: messages.text("hi")),
    ("to", lambda: messages.text("hi", to="")),
    ("to", lambda: messages.text("hi", to="0123")),
    ("to", lambda: messages.text("hi", to="call me")),
    ("to", lambda: messages.text("hi", to=TO, group_id="G")),
    ("recipient", lambda: messages.text("hi", recipient="16505551234")),
    ("callback_data", lambda: messages.text("hi", to=TO, callback_data="x" * 513)),
    ("reply_to", lambda: messages.reaction("wamid.1", "👍", to=TO, reply_to="wamid.2")),
    ("body", lambda: messages.text("", to=TO)),
    ("body", lambda: messages.text(" \n", to=TO)),
    ("body", lambda: messages.text("x" * 4097, to=TO)),
    ("media", lambda: messages.image(to=TO)),
    ("media", lambda: messages.image(media_id="1", link="https://x", to=TO)),
    ("link", lambda: messages.image(link="http://x", to=TO)),
    ("caption", lambda: messages.image(media_id="1", caption="x" * 1025, to=TO)),
    ("latitude", lambda: messages.location(91, 0, to=TO)),
    ("longitude", lambda: messages.location(0, 181, to=TO)),
    ("latitude", lambda: messages.location(float("nan"), 0, to=TO)),
    ("contacts", lambda: messages.contacts([], to=TO)),
    ("contacts", lambda: messages.contacts([{"name": {"formatted_name": "A"}}], to=TO)),
    ("contacts", lambda: messages.contacts([messages.contact_card("A")] * 258, to=TO)),
    ("message_id", lambda: messages.reaction("", "👍", to=TO)),
    ("emoji", lambda: messages.reaction("wamid.1", "this is text, not an emoji at all", to=TO)),
    ("group_id", lambda: messages.pin("wamid.1", to=TO)),
    ("buttons", lambda: messages.reply_buttons("b", [], to=TO)),
    ("buttons", lambda: messages.reply_buttons("b", [(str(n), str(n)) for n in range(4)], to=TO)),
    ("buttons", lambda: messages.reply_buttons("b", [("1", "Same"), ("2", "Same")], to=TO)),
    ("button title", lambda: messages.reply_buttons("b", [("1", "x" * 21)], to=TO)),
    ("button id", lambda: messages.reply_buttons("b", [("x" * 257, "ok")], to=TO)),
    ("body", lambda: messages.reply_buttons("x" * 1025, [("1", "ok")], to=TO)),
    ("header", lambda: messages.reply_buttons("b", [("1", "ok")], header="x" * 61, to=TO)),
    ("footer", lambda: messages.reply_buttons("b", [("1", "ok")], footer="x" * 61, to=TO)),
    ("button", lambda: messages.list_menu("b", "x" * 21, [{"rows": [{"id": "1", "title": "t"}]}], to=TO)),
    ("body", lambda: messages.list_menu("x" * 4097, "m", [{"rows": [{"id": "1", "title": "t"}]}], to=TO)),
    ("rows", lambda: messages.list_menu("b", "m", [{"rows": []}], to=TO)),
    (
        "rows",
        lambda: messages.list_menu(
            "b", "m", [{"rows": [{"id": str(n), "title": "t"} for n in range(11)]}], to=TO
        ),
    ),
    ("rows", lambda: messages.list_menu("b", "m", [{"rows": [{"id": "1", "title": "t"}] * 2}], to=TO)),
    ("row title", lambda: messages.list_menu("b", "m", [{"rows": [{"id": "1", "title": "x" * 25}]}], to=TO)),
    ("row id", lambda: messages.list_menu("b", "m", [{"rows": [{"id": "x" * 201, "title": "t"}]}], to=TO)),
    (
        "row description",
        lambda: messages.list_menu(
            "b", "m", [{"rows": [{"id": "1", "title": "t", "description": "x" * 73}]}], to=TO
        ),
    ),
    (
        "section title",
        lambda: messages.list_menu(
            "b",
            "m",
            [{"rows": [{"id": "1", "title": "t"}]}, {"title": "B", "rows": [{"id": "2", "title": "t"}]}],
            to=TO,
        ),
    ),
    (
        "header",
        lambda: messages.list_menu(
            "b",
            "m",
            [{"rows": [{"id": "1", "title": "t"}]}],
            header=messages.header_media("image", media_id="1"),
            to=TO,
        ),
    ),
    ("url", lambda: messages.cta_url("b", "Open", "javascript:alert(1)", to=TO)),
    ("display_text", lambda: messages.cta_url("b", "x" * 21, "https://x", to=TO)),
    ("flow", lambda: messages.flow("b", "c", to=TO)),
    ("flow", lambda: messages.flow("b", "c", flow_id="1", flow_name="n", to=TO)),
    ("flow_cta", lambda: messages.flow("b", "Go 🚀", flow_id="1", to=TO)),
    ("flow_cta", lambda: messages.flow("b", "x" * 31, flow_id="1", to=TO)),
    ("screen", lambda: messages.flow("b", "c", flow_id="1", data={"k": 1}, to=TO)),
    ("screen", lambda: messages.flow("b", "c", flow_id="1", screen="S", data_exchange=True, to=TO)),
    ("header", lambda: messages.product("c", "p", header="h", to=TO)),
    (
        "products",
        lambda: messages.product_list("h", "b", "c", [{"title": "s", "products": ["p"] * 31}], to=TO),
    ),
    (
        "sections",
        lambda: messages.product_list("h", "b", "c", [{"title": "s", "products": ["p"]}] * 11, to=TO),
    ),
    ("header", lambda: messages.product_list("", "b", "c", [{"title": "s", "products": ["p"]}], to=TO)),
    ("cards", lambda: messages.carousel("b", [messages.product_card("c", "p")], to=TO)),
    ("cards", lambda: messages.carousel("b", [messages.product_card(c, "p") for c in "ab"], to=TO)),
    ("name", lambda: messages.template("Not A Name", "en", to=TO)),
    ("language", lambda: messages.template("n", "english please", to=TO)),
    ("value", lambda: parts.body("two\nlines")),
    ("value", lambda: parts.body("tab\t")),
    ("value", lambda: parts.body("five     spaces")),
    ("value", lambda: parts.body("")),
    ("values", lambda: parts.body()),
    ("values", lambda: parts.body("a", b="c")),
    ("header", lambda: parts.header_text("a", "b")),
    ("payload", lambda: parts.quick_reply(0, "x" * 257)),
    ("button index", lambda: parts.quick_reply(10, "x")),
    ("code", lambda: parts.copy_code_button(0, "x" * 16)),
    ("code", lambda: parts.one_time_password("x" * 16)),
    ("cards", lambda: parts.carousel([[parts.body("a")]])),
    ("expires_at", lambda: parts.limited_time_offer(datetime(2026, 1, 1))),
]


@pytest.mark.parametrize(
    ("field", "build"), REFUSED, ids=[f"{n}-{field}" for n, (field, _) in enumerate(REFUSED)]
)
def test_what_meta_would_refuse_is_refused_here(field: str, build: Callable[[], object]) -> None:
    with pytest.raises(InvalidMessage) as caught:
        build()
    assert caught.value.field == field
    assert caught.value.message.endswith(".")
