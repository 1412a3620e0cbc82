"""From stored webhooks to conversations: everything once, in whatever order, nothing lost."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from sqlmodel import col

from tests import meta
from tests.meta import ago, change, inbound, message, status, statuses, webhook
from tests.services.conftest import Book, Meta, NewChannel
from wapto_app.models import Channel, ChannelStatus, Conversation, WebhookEvent
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services import inbox, ingest
from wapto_app.services.ingest import apply as apply_module
from wapto_app.services.ingest import messages

pytestmark = pytest.mark.usefixtures("channel_id")


# --- once


async def test_a_text_becomes_a_contact_a_conversation_and_an_unread_message(
    meta_says: Meta, book: Book
) -> None:
    assert await meta_says.says(inbound(message("wamid.1", body="Is it free?"), username="ada.l")) == (1, 0)
    contact, conversation, text = [await book.only(name) for name in ("contact", "conversation", "message")]
    assert (contact["profile_name"], contact["username"]) == ("Ada", "ada.l")
    assert (conversation["unread"], conversation["preview"]) == (1, "Is it free?")
    assert conversation["last_message_id"] == text["id"]
    assert text["status"] == "received"


async def test_the_same_bytes_are_one_event(meta_says: Meta, book: Book) -> None:
    document = inbound(message("wamid.1"))
    await meta_says.store(document, document)
    await asyncio.gather(*(meta_says.store(document) for _ in range(20)))
    assert await book.count("webhook") == 1
    assert await meta_says.apply() == (1, 0)
    await meta_says.store(document)
    assert await meta_says.apply() == (0, 0)


async def test_the_same_message_twice_in_one_webhook_counts_once(meta_says: Meta, book: Book) -> None:
    document = inbound(message("wamid.1", at=ago(seconds=3)))
    element = document["entry"][0]["changes"][0]["value"]["messages"][0]
    document["entry"][0]["changes"][0]["value"]["messages"] = [element, element]
    await meta_says.says(document)
    assert (await book.only("conversation"))["unread"] == 1
    assert await book.count("message") == 1


async def test_the_same_message_in_two_webhooks_counts_once(meta_says: Meta, book: Book) -> None:
    document = inbound(message("wamid.1"))
    await meta_says.says(meta.another(document), meta.another(document))
    await meta_says.says(meta.another(document))
    assert await book.count("webhook") == 3
    assert (await book.only("conversation"))["unread"] == 1
    assert await book.count("message") == 1


async def test_replaying_changes_nothing(meta_says: Meta, book: Book, runtime: Runtime) -> None:
    photo = message("wamid.2", "image", {"id": "M1", "mime_type": "image/jpeg"})
    await meta_says.says(inbound(message("wamid.1")), inbound(photo))
    before = [await book.rows(name) for name in ("contact", "conversation", "message", "media")]
    async with runtime.db.write() as session:
        await session.exec(sa.update(WebhookEvent).values(state="failed"))
    assert await meta_says.replays() == (2, 0)
    assert [await book.rows(name) for name in ("contact", "conversation", "message", "media")] == before


# --- everything that Meta documents


A1 = inbound(
    message(
        "wamid.IN1", body="yes please", user_id=meta.ADA_ID, context={"from": meta.NUMBER, "id": "wamid.OUT1"}
    )
)
A2 = inbound(
    message(
        "wamid.IN2",
        "image",
        {"id": "1003383421387256", "mime_type": "image/jpeg", "sha256": "MS+=", "caption": "look"},
        wa_id=None,
        user_id=meta.ADA_ID,
    )
)


async def test_the_same_user_is_recognised_without_a_number(meta_says: Meta, book: Book) -> None:
    """Appendix A.1 and A.2."""
    assert await meta_says.says(A1, A2) == (2, 0)
    assert await book.count("contact") == 1
    first, second = await book.rows("message")
    assert first["reply_to_wamid"] == "wamid.OUT1"
    assert (second["type"], second["body"], second["media_id"]) == (
        "image",
        "look",
        (await book.only("media"))["id"],
    )
    assert (await book.only("conversation"))["preview"] == "📷 Photo · look"


async def test_a_batch_for_two_numbers_reaches_both(
    meta_says: Meta, book: Book, new_channel: NewChannel
) -> None:
    """Appendix A.3."""
    one, two = await new_channel("P1"), await new_channel("P2")
    document: dict[str, Any] = {"object": "whatsapp_business_account", "entry": []}
    first = change(
        "messages",
        "P1",
        contacts=[meta.person("111", name="A"), meta.person("222", name="B")],
        messages=[
            message("wamid.a", body="1", wa_id="111"),
            message("wamid.b", "reaction", {"message_id": "wamid.x", "emoji": "👍"}, wa_id="222"),
        ],
    )
    second = change("messages", "P2", statuses=[status("wamid.c", "read"), status("wamid.c", "delivered")])
    document["entry"] = [{"id": "W1", "changes": [first]}, {"id": "W2", "changes": [second]}]
    assert await meta_says.says(document) == (1, 0)
    assert [row["profile_name"] for row in await book.rows("contact")] == ["A", "B"]
    assert {row["channel_id"] for row in await book.rows("conversation")} == {one}
    assert (await book.only("reaction"))["target_wamid"] == "wamid.x"
    heard = {row["id"]: row["last_webhook_at"] for row in await book.rows("channel")}
    assert heard[one]
    assert heard[two]


async def test_replies_and_taps_show_what_was_chosen(meta_says: Meta, book: Book) -> None:
    """Appendix A.5."""
    flow = {
        "type": "nfm_reply",
        "nfm_reply": {"name": "flow", "body": "Sent", "response_json": '{"email":"a@b.co"}'},
    }
    row = {
        "type": "list_reply",
        "list_reply": {"id": "row-2", "title": "Priority", "description": "1-2 days"},
    }
    tap = {"payload": "STOP-PROMO", "text": "Stop promotions"}
    await meta_says.says(
        inbound(message("wamid.e", "interactive", flow)),
        inbound(message("wamid.f", "interactive", row)),
        inbound(message("wamid.g", "button", tap)),
    )
    assert await book.texts() == ["Sent", "Priority", "Stop promotions"]
    assert (await book.rows("message"))[0]["content"]["response"] == {"email": "a@b.co"}


async def test_every_type_has_a_bubble_and_a_preview(meta_says: Meta, book: Book) -> None:
    kinds: list[tuple[str, Any, str]] = [
        ("video", {"id": "1", "mime_type": "video/mp4"}, "🎥 Video"),
        ("audio", {"id": "2", "mime_type": "audio/ogg; codecs=opus", "voice": True}, "🎤 Voice message"),
        ("document", {"id": "3", "mime_type": "application/pdf", "filename": "a.pdf"}, "📄 Document · a.pdf"),
        ("sticker", {"id": "4", "mime_type": "image/webp"}, "Sticker"),
        ("location", {"latitude": 40.7, "longitude": -73.9, "name": "Pier 4"}, "📍 Pier 4"),
        ("contacts", [{"name": {"formatted_name": "Bob"}, "phones": [{"phone": "+1 650"}]}], "Bob"),
        ("order", {"catalog_id": "1", "product_items": [{"product_retailer_id": "x"}]}, "🛒 Order"),
        ("poll_of_the_future", {"question": "?"}, "Unsupported message"),
    ]
    for number, (kind, body, preview) in enumerate(kinds):
        assert await meta_says.says(inbound(message(f"wamid.{number}", kind, body))) == (1, 0)
        assert (await book.only("conversation"))["preview"] == preview
    assert (await book.only("conversation"))["unread"] == len(kinds)
    assert [row["mime_type"] for row in await book.rows("media")] == [
        "video/mp4",
        "audio/ogg",
        "application/pdf",
        "image/webp",
    ]


async def test_an_unknown_type_keeps_what_meta_sent(meta_says: Meta, book: Book) -> None:
    """Appendix A.6."""
    errors = [{"code": 131051, "title": "Message type unknown", "error_data": {"details": "not supported"}}]
    poll = message("wamid.h", "unsupported", {"type": "poll"}, errors=errors)
    await meta_says.says(inbound(poll))
    kept = await book.only("message")
    assert (kept["type"], kept["content"]["original_type"], kept["error_code"]) == (
        "unsupported",
        "poll",
        131051,
    )
    assert kept["content"]["raw"]["errors"][0]["title"] == "Message type unknown"


async def test_media_that_whatsapp_could_not_take_over_is_shown_as_failed(
    meta_says: Meta, book: Book
) -> None:
    await meta_says.says(
        inbound(message("wamid.1", "video", None, errors=[{"code": 131052, "title": "Too large"}]))
    )
    assert (await book.only("media"))["state"] == "failed"
    assert (await book.only("message"))["error_code"] == 131052


async def test_account_news_reach_the_health_of_the_number(meta_says: Meta, book: Book) -> None:
    """Appendix A.7 and the number fields."""
    disabled = {
        "event": "DISABLED_UPDATE",
        "ban_info": {"waba_ban_state": "DISABLE", "waba_ban_date": "April 17, 2026"},
    }
    quality = {
        "display_phone_number": meta.NUMBER,
        "event": "ONBOARDING",
        "max_daily_conversations_per_business": "TIER_10K",
    }
    name = {
        "display_phone_number": meta.NUMBER,
        "decision": "REJECTED",
        "requested_verified_name": "X",
        "rejection_reason": "NAME_NOT_CONSISTENT",
    }
    fields = {
        "account_update": disabled,
        "phone_number_quality_update": quality,
        "phone_number_name_update": name,
        "account_review_update": {"decision": "APPROVED"},
        "message_template_status_update": {
            "event": "REJECTED",
            "message_template_id": 1,
            "message_template_name": "promo",
        },
        "a_field_of_next_year": {"anything": [1, 2]},
    }
    for field, value in fields.items():
        assert await meta_says.says(webhook({"field": field, "value": value})) == (1, 0), field
    channel = await book.only("channel")
    known = channel["health"]
    assert (known["ban_state"], known["messaging_limit"], known["name_decision"]) == (
        "DISABLE",
        "TIER_10000",
        "REJECTED",
    )
    assert known["account_review"] == "APPROVED"
    assert channel["status"] == ChannelStatus.CONNECTED


async def test_a_removed_partner_ends_the_connection(meta_says: Meta, book: Book) -> None:
    removed = {"event": "PARTNER_REMOVED", "waba_info": {"waba_id": meta.WABA, "owner_business_id": "9"}}
    await meta_says.says(
        webhook({"field": "account_update", "value": removed}, waba="9", time=ago(seconds=-5))
    )
    assert (await book.only("channel"))["status"] == ChannelStatus.DISCONNECTED


async def test_a_late_removal_does_not_end_a_new_connection(meta_says: Meta, book: Book) -> None:
    removed = {"event": "PARTNER_REMOVED", "waba_info": {"waba_id": meta.WABA}}
    await meta_says.says(webhook({"field": "account_update", "value": removed}, time=ago(hours=2)))
    assert (await book.only("channel"))["status"] == ChannelStatus.CONNECTED


async def test_an_error_of_the_number_is_shown_on_the_number(meta_says: Meta, book: Book) -> None:
    errors = [{"code": 130429, "title": "Rate limit hit", "error_data": {"details": "Too many"}}]
    await meta_says.says(webhook(change("messages", errors=errors)))
    assert (await book.only("channel"))["last_error"] == "Too many"


# --- what changes messages


async def test_a_reaction_may_come_before_its_message(
    meta_says: Meta, book: Book, runtime: Runtime, owner: Actor
) -> None:
    reaction = message("wamid.2", "reaction", {"message_id": "wamid.1", "emoji": "😮"})
    await meta_says.says(inbound(reaction))
    await meta_says.says(inbound(message("wamid.1", body="Look", at=ago(minutes=5))))
    conversation = await book.only("conversation")
    assert (conversation["preview"], conversation["unread"]) == ("Look", 1)
    async with runtime.db.read() as session:
        (row,) = (await inbox.recent(session, owner, conversation["id"]))["messages"]
    assert row["reactions"] == ["😮"]


async def test_the_newer_of_two_reactions_stays_whichever_comes_first(meta_says: Meta, book: Book) -> None:
    thumb = inbound(
        message("wamid.2", "reaction", {"message_id": "wamid.1", "emoji": "👍"}, at=ago(minutes=2))
    )
    gone = inbound(message("wamid.3", "reaction", {"message_id": "wamid.1"}, at=ago(minutes=1)))
    await meta_says.says(gone, thumb)
    assert (await book.only("reaction"))["emoji"] == ""
    await meta_says.says(meta.another(thumb))
    assert (await book.only("reaction"))["emoji"] == ""


EDIT = {"original_message_id": "wamid.1", "message": {"type": "text", "text": {"body": "one"}}}


async def test_an_edit_shows_the_new_words_and_keeps_the_first(meta_says: Meta, book: Book) -> None:
    await meta_says.says(inbound(message("wamid.1", body="wun")), inbound(message("wamid.2", "edit", EDIT)))
    text = await book.only("message")
    assert (text["body"], text["content"]["first_body"], text["content"]["edited"]) == ("one", "wun", True)
    assert (await book.only("conversation"))["preview"] == "one"
    assert (await book.only("conversation"))["unread"] == 1


async def test_of_two_edits_the_newer_one_stays(meta_says: Meta, book: Book) -> None:
    newer = EDIT | {"message": {"type": "text", "text": {"body": "won"}}}
    await meta_says.says(
        inbound(message("wamid.1", body="wun", at=ago(minutes=5))),
        inbound(message("wamid.3", "edit", newer, at=ago(minutes=1))),
        inbound(message("wamid.2", "edit", EDIT, at=ago(minutes=2))),
    )
    text = await book.only("message")
    assert (text["body"], text["content"]["first_body"]) == ("won", "wun")


async def test_an_edit_before_its_original_waits_for_it(meta_says: Meta, book: Book) -> None:
    assert await meta_says.says(inbound(message("wamid.2", "edit", EDIT))) == (0, 1)
    failed = await book.only("webhook")
    assert "OriginalMissing" in failed["error"]
    assert failed["retry_at"] > datetime.now(UTC)
    await meta_says.says(inbound(message("wamid.1", body="wun")))
    assert await meta_says.replays() == (1, 0)
    assert (await book.only("message"))["body"] == "one"


async def test_an_edit_of_a_message_from_before_the_connection_is_let_go(meta_says: Meta, book: Book) -> None:
    await meta_says.says(inbound(message("wamid.2", "edit", EDIT)))
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=11), tick=True):
        assert await meta_says.replays() == (1, 0)
    assert await book.count("message") == 0


async def test_a_deleted_message_is_gone_even_when_an_edit_comes_later(meta_says: Meta, book: Book) -> None:
    revoke = message("wamid.3", "revoke", {"original_message_id": "wamid.1"})
    await meta_says.says(inbound(message("wamid.1", body="secret")), inbound(revoke))
    await meta_says.says(inbound(message("wamid.2", "edit", EDIT)))
    text, conversation = await book.only("message"), await book.only("conversation")
    assert (text["body"], text["content"]) == ("", {"kind": "revoked"})
    assert conversation["preview"] == "This message was deleted"


# --- the customer service window


async def test_the_window_counts_from_metas_time(meta_says: Meta, book: Book) -> None:
    written = ago(hours=2).replace(microsecond=0)
    await meta_says.says(inbound(message("wamid.1", at=written)))
    assert (await book.only("conversation"))["last_inbound_at"] == written


async def test_a_late_older_message_does_not_move_the_window_back(meta_says: Meta, book: Book) -> None:
    newer = ago(hours=1).replace(microsecond=0)
    await meta_says.says(inbound(message("wamid.2", at=newer)))
    await meta_says.says(inbound(message("wamid.1", body="older", at=ago(hours=5))))
    conversation = await book.only("conversation")
    assert conversation["last_inbound_at"] == newer
    assert (conversation["preview"], conversation["unread"]) == ("Hello", 2)


async def test_a_message_of_last_week_opens_no_window(
    meta_says: Meta, book: Book, runtime: Runtime, owner: Actor
) -> None:
    await meta_says.says(inbound(message("wamid.1", at=ago(days=6))))
    conversation = await book.only("conversation")
    assert conversation["unread"] == 1
    async with runtime.db.write() as session:
        with pytest.raises(Exception, match="24 hours"):
            await inbox.send_text(session, owner, conversation["id"], "Too late")


async def test_a_clock_that_is_ahead_does_not_stretch_the_window(meta_says: Meta, book: Book) -> None:
    await meta_says.says(inbound(message("wamid.1", at=ago(days=-3))))
    assert (await book.only("conversation"))["last_inbound_at"] <= datetime.now(UTC)


async def test_a_reaction_opens_the_window_and_is_not_unread(meta_says: Meta, book: Book) -> None:
    await meta_says.says(inbound(message("wamid.2", "reaction", {"message_id": "wamid.1", "emoji": "👍"})))
    conversation = await book.only("conversation")
    assert conversation["unread"] == 0
    assert conversation["last_inbound_at"]


async def test_what_whatsapp_itself_reports_opens_no_window(meta_says: Meta, book: Book) -> None:
    changed = {"type": "user_changed_number", "wa_id": "16505559999", "body": "Ada changed"}
    await meta_says.says(inbound(message("wamid.1", "system", changed)))
    conversation = await book.only("conversation")
    assert (conversation["last_inbound_at"], conversation["unread"]) == (None, 0)
    assert await book.count("message") == 1


# --- the business's own phone


async def test_echoes_and_history_are_neither_unread_nor_open_a_window(meta_says: Meta, book: Book) -> None:
    """Appendix A.8."""
    old = message("wamid.l", body="old", wa_id=meta.NUMBER, at=ago(days=30)) | {
        "to": meta.ADA,
        "history_context": {"status": "READ"},
    }
    theirs = message("wamid.k", body="hi", at=ago(days=31)) | {"history_context": {"status": "READ"}}
    await meta_says.says(meta.history(theirs, old), meta.echo("wamid.m", body="typed on the phone"))
    conversation = await book.only("conversation")
    assert (conversation["unread"], conversation["last_inbound_at"]) == (0, None)
    assert (conversation["preview"], conversation["preview_outbound"]) == ("typed on the phone", True)
    assert {row["body"]: (row["direction"], row["status"]) for row in await book.rows("message")} == {
        "hi": ("in", "received"),
        "old": ("out", "read"),
        "typed on the phone": ("out", "sent"),
    }


async def test_the_report_about_an_echo_may_come_first(meta_says: Meta, book: Book) -> None:
    await meta_says.says(statuses(status("wamid.m", "delivered")))
    await meta_says.says(meta.echo("wamid.m"))
    assert (await book.only("message"))["status"] == "delivered"
    assert (await book.only("conversation"))["preview_status"] == "delivered"


async def test_what_the_business_changes_on_its_phone_is_followed(meta_says: Meta, book: Book) -> None:
    edit = {"original_message_id": "wamid.m", "message": {"type": "text", "text": {"body": "Friday"}}}
    await meta_says.says(
        inbound(message("wamid.1")),
        meta.echo("wamid.m", body="Fryday"),
        meta.echo("wamid.n", "edit", edit),
        meta.echo("wamid.o", "reaction", {"message_id": "wamid.1", "emoji": "🙏"}),
    )
    assert sorted(await book.texts()) == ["Friday", "Hello"]
    assert (await book.only("reaction"))["from_customer"] is False


async def test_the_file_of_an_old_message_comes_after_its_placeholder(meta_says: Meta, book: Book) -> None:
    await meta_says.says(meta.history(message("wamid.p", "media_placeholder", None, at=ago(days=3))))
    photo = message("wamid.p", "image", {"id": "M9", "mime_type": "image/png"}, at=ago(days=3))
    await meta_says.says(webhook(change("history", messages=[photo])))
    shown = await book.only("message")
    assert (shown["type"], shown["media_id"]) == ("image", (await book.only("media"))["id"])
    assert (await book.only("conversation"))["preview"] == "📷 Photo"


# --- what cannot be applied


async def test_a_message_of_an_unknown_number_waits_until_it_is_connected(
    meta_says: Meta, book: Book, new_channel: NewChannel
) -> None:
    assert await meta_says.says(inbound(message("wamid.1"), pnid="999"), inbound(message("wamid.2"))) == (
        1,
        1,
    )
    failed = (await book.rows("webhook"))[0]
    assert failed["state"] == "failed"
    assert "999" in failed["error"]
    await new_channel("999")
    assert await meta_says.replays() == (1, 0)
    assert await book.count("message") == 2
    assert {row["state"] for row in await book.rows("webhook")} == {"done"}


async def test_what_failed_is_tried_again_after_growing_pauses(
    meta_says: Meta, book: Book, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def poisoned(_arrival: Any) -> Any:
        raise RuntimeError("no")

    monkeypatch.setattr(messages, "_row", poisoned)
    await meta_says.says(inbound(message("wamid.1")))
    assert await runtime.writer.run(ingest.retry_due, None) == 0
    pauses = []
    now = datetime.now(UTC)
    for _ in range(30):
        event = await book.only("webhook")
        if event["retry_at"] is None:
            break
        pauses.append((event["retry_at"] - now).total_seconds())
        now = event["retry_at"] + timedelta(seconds=1)
        with time_machine.travel(now, tick=False):
            assert await runtime.writer.run(ingest.retry_due, None) == 1
            await meta_says.apply()
    assert pauses[:4] == pytest.approx([2, 4, 8, 16], abs=1.5)
    assert 3600 < sum(pauses) < 4 * 3600
    assert (await book.only("webhook"))["state"] == "failed"


async def test_what_cannot_succeed_by_waiting_is_not_tried_again_by_itself(
    meta_says: Meta, book: Book
) -> None:
    """An unknown number waits for its connection, an unreadable body for a better reader."""
    await meta_says.says(inbound(message("wamid.1"), pnid="999"), b"{")
    assert [(row["state"], row["retry_at"]) for row in await book.rows("webhook")] == [("failed", None)] * 2


async def test_a_message_of_nobody_is_kept_as_failed_and_makes_no_contact(
    meta_says: Meta, book: Book
) -> None:
    nobody = message("wamid.1", wa_id=None)
    document = webhook(change("messages", messages=[nobody, message("wamid.2", body="fine")]))
    assert await meta_says.says(document, meta.another(document)) == (0, 2)
    assert await book.texts() == ["fine"]
    assert await book.count("contact") == 1


async def test_a_group_message_is_kept_but_shown_nowhere(meta_says: Meta, book: Book) -> None:
    assert await meta_says.says(inbound(message("wamid.1", group_id="G1"))) == (1, 0)
    assert await book.count("message") == 0
    assert await book.count("webhook") == 1


@pytest.mark.parametrize(
    "poison", ["text", None, 5, {"id": 7}, {"type": "text"}, [], {"id": None, "type": "image"}]
)
async def test_a_poisoned_element_does_not_lose_the_others(meta_says: Meta, book: Book, poison: Any) -> None:
    document = inbound(message("wamid.1", body="before"))
    elements = document["entry"][0]["changes"][0]["value"]["messages"]
    elements += [poison, message("wamid.2", body="after")]
    applied, failed = await meta_says.says(document)
    assert applied + failed == 1
    assert (await book.texts())[:1] + (await book.texts())[-1:] == ["before", "after"]


async def test_an_element_that_breaks_its_applier_harms_neither_its_webhook_nor_others(
    meta_says: Meta, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = messages._row

    def poisoned(arrival: Any) -> dict[str, Any]:
        if arrival.parsed.text == "poison":
            raise RuntimeError("no")
        return whole(arrival)

    monkeypatch.setattr(messages, "_row", poisoned)
    mixed = inbound(
        message("wamid.1", body="a"), message("wamid.2", body="poison"), message("wamid.3", body="b")
    )
    assert await meta_says.says(mixed, inbound(message("wamid.4", body="c"))) == (1, 1)
    assert await book.texts() == ["a", "b", "c"]
    assert (await book.only("conversation"))["unread"] == 3
    monkeypatch.undo()
    assert await meta_says.replays() == (1, 0)
    assert (await book.only("conversation"))["unread"] == 4


async def test_a_body_that_breaks_the_parser_does_not_stop_the_rest(
    meta_says: Meta, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = apply_module.webhooks.parse

    def broken(body: bytes, **more: Any) -> Any:
        if b"poison" in body:
            raise RecursionError("too deep")
        return whole(body, **more)

    monkeypatch.setattr(apply_module.webhooks, "parse", broken)
    assert await meta_says.says(inbound(message("wamid.1", body="poison")), inbound(message("wamid.2"))) == (
        1,
        1,
    )
    assert await book.count("message") == 1


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'{"entry":[{"changes":[{"field"', b"\xff\xfe\x00", b"[" * 5000]
)
async def test_a_body_that_is_no_webhook_is_kept_as_failed(meta_says: Meta, book: Book, body: bytes) -> None:
    assert await meta_says.says(body) == (0, 1)
    kept = await book.only("webhook")
    assert (kept["body"], kept["state"]) == (body, "failed")
    assert kept["error"]


# --- what people can type


@pytest.mark.parametrize(
    "text",
    [
        "مرحبا " * 682 + "ابتث",
        "👨‍👩‍👧‍👦🏳️‍🌈🇩🇪",
        "'; DROP TABLE message; --",
        "<script>alert(1)</script><img src=x onerror=alert(1)>",
        "‮gnp.exe",
        "a\tb\r\nc",
        "{{constructor}}",
    ],
)
async def test_whatever_a_customer_types_arrives_as_typed(meta_says: Meta, book: Book, text: str) -> None:
    assert await meta_says.says(inbound(message("wamid.1", body=text), name=text[:255])) == (1, 0)
    assert await book.texts() == [text]
    assert (await book.only("contact"))["profile_name"] == text[:255]
    assert len((await book.only("conversation"))["preview"]) <= 160


async def test_what_no_database_can_store_is_cleaned(meta_says: Meta, book: Book) -> None:
    body = meta.raw(inbound(message("wamid.1", body="a\x00b\ud800c"), name="N\x00\udfff"))
    assert await meta_says.says(body) == (1, 0)
    assert await book.texts() == ["ab\ufffdc"]
    assert (await book.only("contact"))["profile_name"] == "N\ufffd"


async def test_ids_and_names_of_absurd_length_lose_no_other_message(meta_says: Meta, book: Book) -> None:
    long = "x" * 5000
    odd = message("wamid.1", context={"id": long, "from": long})
    await meta_says.says(inbound(odd, name=long, username=long), inbound(message("wamid.2", wa_id="9" * 300)))
    await meta_says.says(inbound(message("wamid." + long)), inbound(message("wamid.3", body="last")))
    texts = await book.texts()
    assert texts[0] == "Hello"
    assert texts[-1] == "last"


async def test_a_file_name_cannot_lie_about_itself(meta_says: Meta, book: Book) -> None:
    name = "../../etc/invoice\u202efdp.exe\n"
    await meta_says.says(
        inbound(message("wamid.1", "document", {"id": "1", "filename": name, "mime_type": "x/y"}))
    )
    assert (await book.only("media"))["filename"] == "invoicefdp.exe"


# --- in batches


async def test_a_large_backlog_is_applied_in_batches_of_bounded_size(
    meta_says: Meta, book: Book, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apply_module, "BATCH", 10)
    await asyncio.gather(*(meta_says.store(inbound(message(f"wamid.{i}"))) for i in range(25)))
    outcomes = [await runtime.writer.run(ingest.apply_pending, None) for _ in range(3)]
    assert [(one.applied, one.more) for one in outcomes] == [(10, True), (10, True), (5, False)]
    assert (await book.only("conversation"))["unread"] == 25


async def test_large_bodies_make_small_batches(meta_says: Meta, runtime: Runtime) -> None:
    big = [inbound(message(f"wamid.{i}", body="x" * 4096, pad="y" * 700_000)) for i in range(3)]
    await meta_says.store(*big)
    outcomes = [await runtime.writer.run(ingest.apply_pending, None) for _ in range(3)]
    assert [(one.applied, one.more) for one in outcomes] == [(1, True), (1, True), (1, False)]


async def test_a_thousand_updates_in_one_body_are_all_applied(meta_says: Meta, book: Book) -> None:
    people = [f"1650{number:07d}" for number in range(500)]
    contacts = [meta.person(who, name=who) for who in people]
    messages = [message(f"wamid.{who}", wa_id=who) for who in people]
    reports = [status(f"wamid.out{number}", "sent") for number in range(500)]
    assert await meta_says.says(
        webhook(change("messages", contacts=contacts, messages=messages, statuses=reports))
    ) == (1, 0)
    assert await book.count("conversation") == 500
    assert {row["unread"] for row in await book.rows("conversation")} == {1}


async def test_a_batch_asks_the_database_a_bounded_number_of_questions(
    meta_says: Meta, runtime: Runtime
) -> None:
    people = [f"1650{number:07d}" for number in range(200)]

    async def cost(prefix: str) -> int:
        await asyncio.gather(
            *(
                meta_says.store(inbound(message(f"wamid.{prefix}{who}", wa_id=who), name=who))
                for who in people
            )
        )
        asked: list[str] = []
        engine = runtime.writer._engine
        listener = lambda *arguments: asked.append(arguments[2])  # noqa: E731
        sa.event.listen(engine, "before_cursor_execute", listener)
        try:
            assert await meta_says.apply() == (200, 0)
        finally:
            sa.event.remove(engine, "before_cursor_execute", listener)
        return len(asked)

    # Whatever their number, the same few statements for all of them.
    assert await cost("first") < 40
    assert await cost("again") < 30


async def test_the_state_of_a_disconnected_number_still_follows_its_customers(
    meta_says: Meta, book: Book, runtime: Runtime, channel_id: int
) -> None:
    async with runtime.db.write() as session:
        await session.exec(
            sa.update(Channel).where(col(Channel.id) == channel_id).values(status=ChannelStatus.DISCONNECTED)
        )
    await meta_says.says(inbound(message("wamid.1")))
    assert (await book.only("conversation"))["unread"] == 1


async def test_a_resolved_conversation_opens_again_when_the_customer_writes(
    meta_says: Meta, book: Book, runtime: Runtime
) -> None:
    await meta_says.says(inbound(message("wamid.1")))
    async with runtime.db.write() as session:
        await session.exec(sa.update(Conversation).values(status="resolved"))
    await meta_says.says(meta.echo("wamid.2"))
    assert (await book.only("conversation"))["status"] == "resolved"
    await meta_says.says(inbound(message("wamid.3")))
    assert (await book.only("conversation"))["status"] == "open"
