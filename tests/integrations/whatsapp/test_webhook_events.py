"""Every field of the webhooks, and every known pitfall."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from integrations.whatsapp import webhooks as w
from tests.integrations.whatsapp.webhook_cases import METADATA, NOW, message, one, parse_value, typed


def test_a_declined_history_is_an_error_of_the_number() -> None:
    event = one("history", {"metadata": METADATA, "history": [{"errors": [{"code": 2593109}]}]})
    assert isinstance(event, w.ChannelError)
    assert event.errors[0].code == 2593109


def test_a_late_file_of_the_history_is_no_new_message() -> None:
    element = {
        "from": "111",
        "id": "wamid.l",
        "timestamp": "1789990000",
        "type": "image",
        "image": {"id": "77"},
    }
    (item,) = parse_value("history", {"metadata": METADATA, "messages": [element]})
    assert isinstance(item.event, w.HistoryMessage)
    assert (item.event.phase, item.event.from_me, item.event.customer.wa_id) == (None, False, "111")
    assert item.key == "history:wamid.l:file"


def test_the_address_book_of_the_phone_is_synced() -> None:
    event = one(
        "smb_app_state_sync",
        {
            "state_sync": [
                {
                    "type": "contact",
                    "contact": {"full_name": "Ada L", "phone_number": 111},
                    "action": "add",
                    "metadata": {"timestamp": "1790000000000"},
                }
            ]
        },
    )
    assert (event.action, event.full_name, event.phone_number) == ("add", "Ada L", "111")
    assert event.timestamp == datetime.fromtimestamp(1790000000, UTC)


@pytest.mark.parametrize("emoji", [{}, {"emoji": ""}, {"emoji": None}])
def test_a_reaction_without_emoji_is_taken_back(emoji: dict[str, str | None]) -> None:
    assert typed("reaction", {"message_id": "wamid.x", **emoji}).content["emoji"] is None


def test_an_order_keeps_every_cent() -> None:
    items = [
        {"product_retailer_id": "a", "quantity": "2", "item_price": "7.10", "currency": "USD"},
        {"product_retailer_id": 5, "quantity": 1, "item_price": 7.99},
        {"product_retailer_id": "c", "item_price": "free"},
    ]
    content = typed("order", {"catalog_id": 9, "product_items": items}).content
    assert [(item["quantity"], item["item_price"]) for item in content["items"]] == [
        (2, "7.10"),
        (1, "7.99"),
        (1, None),
    ]


def test_the_old_form_of_a_number_change_is_translated() -> None:
    content = typed("system", {"type": "customer_changed_number", "new_wa_id": "999", "body": "b"}).content
    assert (content["event"], content["new_wa_id"]) == ("user_changed_number", "999")


def test_a_changed_identity_is_no_changed_number() -> None:
    event = typed(
        "system", {"type": "customer_identity_changed", "wa_id": "111", "body": "b"}, identity={"hash": "h1"}
    )
    assert (event.content["new_wa_id"], event.content["identity_hash"]) == (None, "h1")


@pytest.mark.parametrize("kind", ["media_placeholder", "errors", "ephemeral", "poll_creation", "unknown"])
def test_an_unknown_type_is_kept_as_unsupported(kind: str) -> None:
    event = typed(kind, {"x": 1})
    assert (event.type, event.content["original_type"], event.raw["type"]) == ("unsupported", kind, kind)


@pytest.mark.parametrize("part", [None, "text", [], 5])
def test_a_type_without_its_object_is_unsupported(part: object) -> None:
    assert typed("text", part).type == "unsupported"
    assert typed("interactive", part).type == "unsupported"


def test_a_file_that_meta_could_not_take_over_has_no_id() -> None:
    event = typed("document", {"filename": "big.zip"}, errors=[{"code": 131052, "error_data": "too big"}])
    assert (event.content["id"], event.text, event.errors[0].details) == (None, "big.zip", "too big")


def test_a_voice_note_and_a_place_and_a_card() -> None:
    assert typed("audio", {"id": 5, "voice": True}).content["voice"] is True
    place = typed("location", {"latitude": "40.78", "longitude": -73.95, "name": "Museum"})
    assert (place.content["latitude"], place.text) == (40.78, "Museum")
    cards = typed(
        "contacts", [{"phones": [{"wa_id": "1650"}]}, {"name": {"first_name": "B", "last_name": "J"}}]
    )
    assert [card["name"] for card in cards.content["cards"]] == ["", "B J"]
    assert cards.content["cards"][0]["phones"][0]["phone"] == "+1650"


def test_the_ad_that_brought_a_user_is_kept() -> None:
    event = typed(
        "text",
        {"body": "hi"},
        referral={"source_type": "ad", "source_id": 12, "ctwa_clid": "c", "video_url": "https://v"},
    )
    assert (event.referral.source_id, event.referral.media_url, event.referral.ctwa_clid) == (
        "12",
        "https://v",
        "c",
    )


def test_frequently_forwarded_is_forwarded() -> None:
    context = typed("text", {"body": "x"}, context={"frequently_forwarded": True}).context
    assert (context.forwarded, context.frequently_forwarded, context.reply_to) == (True, True, None)


def test_a_sender_with_other_ids_gets_no_foreign_name() -> None:
    event = message(
        {"from": "222", "id": "wamid.x", "timestamp": 1, "type": "text", "text": {"body": "x"}},
        [{"wa_id": "111", "profile": {"name": "A"}}],
    )
    assert event.sender == w.Sender("222")


def test_a_message_without_a_readable_time_came_when_it_was_received() -> None:
    assert typed("text", {"body": "x"}, timestamp="soon").timestamp == NOW


def test_statuses_of_calls_are_skipped() -> None:
    status = {"id": "wacid.1", "type": "call", "status": "RINGING", "timestamp": "1"}
    assert parse_value("messages", {"metadata": METADATA, "statuses": [status]}) == []


def test_a_group_status_is_about_a_member() -> None:
    status = {
        "id": "wamid.1",
        "status": "delivered",
        "timestamp": 1,
        "recipient_id": "G1",
        "recipient_type": "group",
        "recipient_participant_id": "111",
    }
    (item,) = parse_value("messages", {"metadata": METADATA, "statuses": [status]})
    assert isinstance(item.event, w.StatusUpdate)
    assert (item.event.group_id, item.event.recipient.wa_id) == ("G1", "111")
    assert item.key == "status:wamid.1:delivered:111"


def test_errors_of_a_number_come_without_a_message() -> None:
    event = one("messages", {"metadata": METADATA, "errors": [{"code": "130429", "title": "Rate limit hit"}]})
    assert isinstance(event, w.ChannelError)
    assert event.errors[0].code == 130429


def test_a_quality_update_under_the_wrong_field_is_recognised() -> None:
    value = {
        "previous_quality_score": "GREEN",
        "new_quality_score": "YELLOW",
        "message_template_id": 1,
        "message_template_name": "n",
        "message_template_language": "de",
    }
    for field in ("message_template_status_update", "message_template_quality_update"):
        event = one(field, value)
        assert isinstance(event, w.TemplateQualityUpdate)
        assert (event.previous, event.current, event.template_id) == ("GREEN", "YELLOW", "1")


def test_a_paused_template_tells_which_pause() -> None:
    value = {
        "event": "PAUSED",
        "message_template_id": 1,
        "message_template_name": "n",
        "reason": "NONE",
        "other_info": {"title": "FIRST_PAUSE", "description": "3 hours"},
    }
    event = one("message_template_status_update", value)
    assert (event.reason, event.title, event.description) == (None, "FIRST_PAUSE", "3 hours")


def test_an_edited_template_brings_its_new_texts() -> None:
    button = {"message_template_button_type": "URL", "message_template_button_text": "Go"}
    event = one(
        "message_template_components_update",
        {
            "message_template_id": 1,
            "message_template_name": "n",
            "message_template_element": "Body",
            "message_template_buttons": [button],
        },
    )
    assert (event.body, event.header, event.buttons[0].text) == ("Body", None, "Go")


@pytest.mark.parametrize(
    ("told", "limit"),
    [("TIER_2K", 2000), (2000, 2000), ("250", 250), ("TIER_UNLIMITED", -1), (-1, -1), ("TIER_NOT_SET", None)],
)
def test_limits_come_as_tiers_or_numbers(told: object, limit: int | None) -> None:
    assert (
        one("business_capability_update", {"max_daily_conversations_per_business": told}).daily_limit == limit
    )


def test_number_events_carry_the_number_in_the_envelope() -> None:
    value = {
        "display_phone_number": "15550783881",
        "event": "THROUGHPUT_UPGRADE",
        "current_limit": "TIER_10K",
    }
    (item,) = parse_value("phone_number_quality_update", value, time=1739321024)
    assert item.display_phone_number == "15550783881"
    assert item.entry_time == datetime.fromtimestamp(1739321024, UTC)
    assert isinstance(item.event, w.PhoneNumberQualityUpdate)
    assert item.event.daily_limit == 10_000


def test_the_remaining_account_fields_are_read() -> None:
    name = one("phone_number_name_update", {"decision": "rejected", "rejection_reason": "NAME_X"})
    assert (name.decision, name.rejection_reason) == ("REJECTED", "NAME_X")
    assert one("account_review_update", {"decision": "APPROVED"}).decision == "APPROVED"
    alert = one("account_alerts", {"entity_id": 5, "alert_info": {"alert_type": "OBA_APPROVED"}})
    assert (alert.alert_type, alert.entity_id) == ("OBA_APPROVED", "5")
    assert one("security", {"event": "PIN_CHANGED"}).event == "PIN_CHANGED"
    flow = one("flows", {"event": "FLOW_STATUS_CHANGE", "flow_id": 3, "new_status": "BLOCKED"})
    assert (flow.flow_id, flow.new_status) == ("3", "BLOCKED")
    (settings,) = parse_value(
        "account_settings_update",
        {"type": "phone_number_settings", "phone_number_settings": {"phone_number_id": 106}},
    )
    assert settings.phone_number_id == "106"
    restricted = one(
        "account_update",
        {
            "event": "ACCOUNT_RESTRICTION",
            "restriction_info": [{"restriction_type": "RESTRICTED_X", "expiration": 1790000000}],
        },
    )
    assert restricted.restrictions[0].type == "RESTRICTED_X"
    assert restricted.stops_sending


def test_a_reinstated_account_may_send() -> None:
    event = one("account_update", {"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "REINSTATE"}})
    assert not event.stops_sending


def test_calls_and_groups_are_events() -> None:
    call = one("calls", {"calls": [{"id": "wacid.1", "event": "terminate", "duration": "12"}]})
    assert (call.call_id, call.duration) == ("wacid.1", 12)
    group = one(
        "group_participants_update",
        {
            "groups": [
                {"type": "group_participants_add", "group_id": "G", "added_participants": [{"wa_id": "1"}]}
            ]
        },
    )
    assert (group.group_id, group.added) == ("G", (w.Sender("1"),))


def test_unknown_fields_are_kept() -> None:
    event = one("payment_configuration_update", {"x": 1})
    assert event == w.UnknownField(field="payment_configuration_update", raw={"x": 1})
    assert isinstance(one("messages", {"metadata": METADATA, "news": []}), w.UnknownField)


def test_the_same_template_event_at_another_time_is_another_event() -> None:
    value = {"event": "APPROVED", "message_template_id": 1, "message_template_name": "n"}
    keys = [parse_value("message_template_status_update", value, time=time)[0].key for time in (1, 2, 1)]
    assert keys[0] == keys[2] != keys[1]
