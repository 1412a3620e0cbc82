"""The complete examples of the reference (Appendix A) and the events they become."""

from __future__ import annotations

from datetime import UTC, datetime

from integrations.whatsapp import webhooks as w
from tests.integrations.whatsapp.webhook_cases import METADATA, message, one, parse_value, typed


def test_a1_text_with_reply_and_user_id() -> None:
    contact = {
        "profile": {"name": "Ada", "username": "ada.l"},
        "wa_id": "16505551234",
        "user_id": "US.13491208655302741918",
    }
    element = {
        "context": {"from": "15550783881", "id": "wamid.OUT1"},
        "from": "16505551234",
        "from_user_id": "US.13491208655302741918",
        "id": "wamid.IN1",
        "timestamp": "1790000000",
        "type": "text",
        "text": {"body": "yes please"},
    }
    value = {"metadata": METADATA, "contacts": [contact], "messages": [element]}
    (item,) = parse_value("messages", value)
    assert (item.waba_id, item.field, item.phone_number_id) == ("W1", "messages", "106540352242922")
    assert (item.display_phone_number, item.entry_time, item.key) == (
        "15550783881",
        None,
        "message:wamid.IN1",
    )
    event = item.event
    assert isinstance(event, w.InboundMessage)
    assert event.sender == w.Sender("16505551234", "US.13491208655302741918", None, "Ada", "ada.l")
    assert event.timestamp == datetime.fromtimestamp(1790000000, UTC)
    assert (event.type, event.text) == ("text", "yes please")
    assert event.content == {"kind": "text", "body": "yes please"}
    assert event.context is not None
    assert event.context.reply_to == "wamid.OUT1"
    assert event.raw == element


def test_a2_a_user_without_a_phone_number() -> None:
    event = message(
        {
            "from_user_id": "US.1349",
            "id": "wamid.IN2",
            "timestamp": "1790000100",
            "type": "image",
            "image": {
                "id": "1003",
                "mime_type": "image/jpeg",
                "sha256": "MS+=",
                "url": "https://l",
                "caption": "look",
            },
        },
        [{"profile": {"name": "Ada", "username": "ada.l"}, "user_id": "US.1349"}],
    )
    assert event.sender == w.Sender(None, "US.1349", None, "Ada", "ada.l")
    assert (event.text, event.content["id"], event.content["media_type"]) == ("look", "1003", "image")


def test_a3_a_batch_of_two_numbers() -> None:
    body = {
        "object": "whatsapp_business_account",
        "entry": [
            {
                "id": "W1",
                "changes": [
                    {
                        "field": "messages",
                        "value": {
                            "metadata": {"display_phone_number": "1555", "phone_number_id": "P1"},
                            "contacts": [
                                {"profile": {"name": "B"}, "wa_id": "222"},
                                {"profile": {"name": "A"}, "wa_id": "111"},
                            ],
                            "messages": [
                                {
                                    "from": "111",
                                    "id": "wamid.a",
                                    "timestamp": "1790000000",
                                    "type": "text",
                                    "text": {"body": "1"},
                                },
                                {
                                    "from": "222",
                                    "id": "wamid.b",
                                    "timestamp": "1790000001",
                                    "type": "reaction",
                                    "reaction": {"message_id": "wamid.x", "emoji": "👍"},
                                },
                            ],
                        },
                    }
                ],
            },
            {
                "id": "W2",
                "changes": [
                    {
                        "field": "messages",
                        "value": {
                            "metadata": {"display_phone_number": "1666", "phone_number_id": "P2"},
                            "statuses": [
                                {
                                    "id": "wamid.c",
                                    "status": "read",
                                    "timestamp": "1790000003",
                                    "recipient_id": "333",
                                },
                                {
                                    "id": "wamid.c",
                                    "status": "delivered",
                                    "timestamp": "1790000002",
                                    "recipient_id": "333",
                                    "pricing": {
                                        "billable": True,
                                        "pricing_model": "PMP",
                                        "type": "regular",
                                        "category": "marketing",
                                    },
                                },
                            ],
                        },
                    }
                ],
            },
        ],
    }
    items = w.parse(body)
    assert [item.phone_number_id for item in items] == ["P1", "P1", "P2", "P2"]
    first, second, read, delivered = (item.event for item in items)
    assert isinstance(first, w.InboundMessage)
    assert isinstance(second, w.InboundMessage)
    # Contacts are matched by id, not by their place in the list.
    assert (first.sender.profile_name, second.sender.profile_name) == ("A", "B")
    assert second.content == {"kind": "reaction", "message_id": "wamid.x", "emoji": "👍"}
    assert isinstance(read, w.StatusUpdate)
    assert isinstance(delivered, w.StatusUpdate)
    assert (read.status, read.pricing, read.recipient.wa_id) == ("read", None, "333")
    assert delivered.pricing == w.Pricing(True, "PMP", "regular", "marketing")
    assert len({item.key for item in items}) == 4


def test_a4_a_failed_status_brings_its_error_and_our_key() -> None:
    error = {
        "code": 131049,
        "title": "T",
        "message": "M",
        "error_data": {"details": "D"},
        "href": "https://h",
    }
    event = one(
        "messages",
        {
            "metadata": METADATA,
            "statuses": [
                {
                    "id": "wamid.d",
                    "status": "failed",
                    "timestamp": "1790000009",
                    "recipient_id": "444",
                    "biz_opaque_callback_data": "outbox:981",
                    "errors": [error],
                }
            ],
        },
    )
    assert (event.callback_data, event.errors[0].code, event.errors[0].details) == ("outbox:981", 131049, "D")
    assert "24 hours" in event.errors[0].info.advice


def test_a5_a_form_a_list_and_a_template_button() -> None:
    response = '{"flow_token":"tok-77","email":"a@b.co"}'
    form = typed(
        "interactive",
        {"type": "nfm_reply", "nfm_reply": {"name": "flow", "body": "Sent", "response_json": response}},
    )
    assert form.content["response"] == {"flow_token": "tok-77", "email": "a@b.co"}
    assert (form.content["flow_token"], form.text) == ("tok-77", "Sent")
    row = typed(
        "interactive",
        {"type": "list_reply", "list_reply": {"id": "row-2", "title": "Priority", "description": "1-2 days"}},
    )
    assert (row.type, row.text, row.content["kind"], row.content["id"]) == (
        "interactive",
        "Priority",
        "list_reply",
        "row-2",
    )
    button = typed(
        "button", {"payload": "STOP-PROMO", "text": "Stop promotions"}, context={"id": "wamid.TPL"}
    )
    assert (button.text, button.content["payload"], button.context.reply_to) == (
        "Stop promotions",
        "STOP-PROMO",
        "wamid.TPL",
    )


def test_a6_unsupported_system_edit_and_revoke() -> None:
    unsupported = typed("unsupported", {"type": "poll"}, errors=[{"code": 131051}])
    assert (unsupported.type, unsupported.content["original_type"]) == ("unsupported", "poll")
    assert unsupported.errors[0].code == 131051
    system = typed(
        "system", {"body": "x", "type": "user_changed_number", "wa_id": "999", "user_id": "US.999"}
    )
    assert (system.content["new_wa_id"], system.content["new_user_id"]) == ("999", "US.999")
    edit = typed(
        "edit", {"original_message_id": "wamid.a", "message": {"type": "text", "text": {"body": "one"}}}
    )
    assert (edit.text, edit.content["original_message_id"], edit.content["type"]) == (
        "one",
        "wamid.a",
        "text",
    )
    revoke = typed("revoke", {"original_message_id": "wamid.a"})
    assert revoke.content == {"kind": "revoke", "original_message_id": "wamid.a"}


def test_a7_templates_and_accounts() -> None:
    rejected = one(
        "message_template_status_update",
        {
            "event": "REJECTED",
            "message_template_id": 1689556908129832,
            "message_template_name": "promo",
            "message_template_language": "en-US",
            "message_template_category": "MARKETING",
            "reason": "INVALID_FORMAT",
            "rejection_info": {"reason": "r", "recommendation": "fix it"},
        },
    )
    assert (rejected.template_id, rejected.language, rejected.status) == (
        "1689556908129832",
        "en_US",
        "REJECTED",
    )
    assert (rejected.reason, rejected.description) == ("INVALID_FORMAT", "r fix it")
    notice = one(
        "template_category_update",
        {
            "message_template_id": 278077987957091,
            "message_template_name": "welcome",
            "message_template_language": "en_US",
            "new_category": "UTILITY",
            "correct_category": "MARKETING",
            "category_update_timestamp": 1790086400,
        },
    )
    assert (notice.category, notice.upcoming, notice.previous) == ("UTILITY", "MARKETING", None)
    assert notice.effective_at == datetime.fromtimestamp(1790086400, UTC)
    disabled = one(
        "account_update",
        {
            "event": "DISABLED_UPDATE",
            "ban_info": {"waba_ban_state": "DISABLE", "waba_ban_date": "April 17, 2026"},
        },
    )
    assert (disabled.ban_state, disabled.stops_sending, disabled.disconnects) == ("DISABLE", True, False)
    removed = one(
        "account_update",
        {"event": "PARTNER_REMOVED", "waba_info": {"waba_id": "4957", "owner_business_id": "9426"}},
    )
    assert (removed.waba_id, removed.owner_business_id, removed.disconnects) == ("4957", "9426", True)


def test_a8_opt_out_history_and_echo() -> None:
    stop = one(
        "user_preferences",
        {
            "metadata": METADATA,
            "contacts": [{"profile": {"name": "A"}, "wa_id": "111"}],
            "user_preferences": [
                {
                    "wa_id": "111",
                    "detail": "d",
                    "category": "marketing_messages",
                    "value": "stop",
                    "timestamp": 1790000020,
                }
            ],
        },
    )
    assert (stop.user.wa_id, stop.user.profile_name, stop.stops) == ("111", "A", True)
    old = {
        "from": "15550783881",
        "to": "111",
        "id": "wamid.l",
        "timestamp": "1789990000",
        "type": "text",
        "text": {"body": "old"},
        "history_context": {"status": "READ"},
    }
    chunk = {
        "metadata": {"phase": 0, "chunk_order": 1, "progress": 55},
        "threads": [{"id": "111", "messages": [old]}],
    }
    first, progress = parse_value("history", {"metadata": METADATA, "history": [chunk]})
    assert isinstance(first.event, w.HistoryMessage)
    assert (first.event.from_me, first.event.customer.wa_id, first.event.status) == (True, "111", "READ")
    assert isinstance(progress.event, w.HistoryProgress)
    assert (progress.event.phase, progress.event.chunk_order, progress.event.percent) == (0, 1, 55)
    echo = one(
        "smb_message_echoes",
        {
            "metadata": METADATA,
            "message_echoes": [
                {
                    "from": "15550783881",
                    "to": "111",
                    "id": "wamid.m",
                    "timestamp": "1790000021",
                    "type": "text",
                    "text": {"body": "typed on the phone"},
                }
            ],
        },
    )
    assert isinstance(echo, w.MessageEcho)
    assert (echo.recipient.wa_id, echo.text) == ("111", "typed on the phone")
