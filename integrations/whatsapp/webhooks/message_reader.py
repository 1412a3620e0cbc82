"""Reading the webhook fields about messages and chats."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from ..reading import JsonObject, as_bool, as_int, as_list, as_object, as_text, as_time, objects
from .account_events import UnknownField
from .change import Change, digits_or_id, each, read_errors, required
from .content_reader import read_body
from .message_events import (
    CallEvent,
    ChannelError,
    ContactSync,
    GroupEvent,
    HistoryMessage,
    HistoryProgress,
    InboundMessage,
    MessageContext,
    MessageEcho,
    Pricing,
    Referral,
    Sender,
    StatusUpdate,
    UserPreference,
)


def read_messages(change: Change) -> Iterator[Any]:
    """Read the field `messages`: inbound messages, statuses, and errors of the number."""
    value = change.value
    if not value.keys() & {"messages", "statuses", "errors"}:
        yield UnknownField(field=change.field, raw=value)
        return
    yield from each(value.get("messages"), partial(_inbound, change))
    yield from each(value.get("statuses"), partial(_status, change))
    if errors := read_errors(value.get("errors")):
        yield ChannelError(errors, value)


def _inbound(change: Change, message: JsonObject) -> InboundMessage:
    body = read_body(message)
    return InboundMessage(
        wamid=required(message, "id"),
        sender=change.people.find(
            message.get("from"), message.get("from_user_id"), message.get("from_parent_user_id")
        ),
        timestamp=change.time(message.get("timestamp")),
        type=body.type,
        text=body.text,
        content=body.content,
        context=_context(message.get("context")),
        referral=_referral(message.get("referral")),
        errors=read_errors(message.get("errors")),
        group_id=as_text(message.get("group_id")),
        raw=message,
    )


def _context(value: Any) -> MessageContext | None:
    context = as_object(value)
    if not context:
        return None
    product = as_object(context.get("referred_product"))
    often = as_bool(context.get("frequently_forwarded")) or False
    return MessageContext(
        reply_to=as_text(context.get("id")),
        reply_to_sender=digits_or_id(context.get("from")),
        forwarded=often or as_bool(context.get("forwarded")) or False,
        frequently_forwarded=often,
        catalog_id=as_text(product.get("catalog_id")),
        product_retailer_id=as_text(product.get("product_retailer_id")),
    )


def _referral(value: Any) -> Referral | None:
    referral = as_object(value)
    if not referral:
        return None
    return Referral(
        source_type=as_text(referral.get("source_type")),
        source_id=as_text(referral.get("source_id")),
        source_url=as_text(referral.get("source_url")),
        headline=as_text(referral.get("headline")) or "",
        body=as_text(referral.get("body")) or "",
        media_type=as_text(referral.get("media_type")),
        media_url=as_text(referral.get("image_url")) or as_text(referral.get("video_url")),
        thumbnail_url=as_text(referral.get("thumbnail_url")),
        ctwa_clid=as_text(referral.get("ctwa_clid")),
        welcome_text=as_text(as_object(referral.get("welcome_message")).get("text")) or "",
    )


def _status(change: Change, status: JsonObject) -> StatusUpdate | None:
    # Calls report in the same list with states of their own (RINGING …); they are no message statuses.
    if status.get("type") == "call":
        return None
    recipient_type = as_text(status.get("recipient_type"))
    participant = digits_or_id(status.get("recipient_participant_id"))
    recipient_id = participant if recipient_type == "group" else status.get("recipient_id")
    return StatusUpdate(
        wamid=required(status, "id"),
        status=required(status, "status").lower(),
        timestamp=change.time(status.get("timestamp")),
        recipient=change.people.find(recipient_id, status.get("recipient_user_id")),
        recipient_type=recipient_type,
        group_id=as_text(status.get("recipient_id")) if recipient_type == "group" else None,
        participant_id=participant,
        callback_data=as_text(status.get("biz_opaque_callback_data")),
        pricing=_pricing(status.get("pricing")),
        conversation_type=_conversation_type(status.get("conversation")),
        errors=read_errors(status.get("errors")),
        raw=status,
    )


def _pricing(value: Any) -> Pricing | None:
    pricing = as_object(value)
    if not pricing:
        return None
    return Pricing(
        billable=as_bool(pricing.get("billable")),
        model=as_text(pricing.get("pricing_model")),
        type=as_text(pricing.get("type")),
        category=as_text(pricing.get("category")),
    )


def _conversation_type(value: Any) -> str | None:
    return as_text(as_object(as_object(value).get("origin")).get("type"))


def read_echoes(change: Change) -> Iterator[Any]:
    """Read `smb_message_echoes`: what the business wrote from its phone app."""
    return each(change.value.get("message_echoes"), partial(_echo, change))


def _echo(change: Change, message: JsonObject) -> MessageEcho:
    body = read_body(message)
    return MessageEcho(
        wamid=required(message, "id"),
        recipient=change.people.find(
            message.get("to"), message.get("to_user_id"), message.get("to_parent_user_id")
        ),
        timestamp=change.time(message.get("timestamp")),
        type=body.type,
        text=body.text,
        content=body.content,
        context=_context(message.get("context")),
        raw=message,
    )


def read_history(change: Change) -> Iterator[Any]:
    """Read `history`: portions of old chats, files that follow later, or the refusal to share."""
    for portion in as_list(change.value.get("history")):
        yield from _portion(change, portion)
    yield from each(change.value.get("messages"), partial(_late_media, change))
    if errors := read_errors(change.value.get("errors")):
        yield ChannelError(errors, change.value)


def _portion(change: Change, portion: Any) -> Iterator[Any]:
    chunk = as_object(as_object(portion).get("metadata"))
    for thread in objects(as_object(portion).get("threads")):
        customer = _thread_customer(change, thread)
        yield from each(thread.get("messages"), partial(_history_message, change, chunk, customer))
    yield from each(portion, _portion_end)


def _portion_end(portion: JsonObject) -> HistoryProgress | ChannelError:
    if errors := read_errors(portion.get("errors")):
        return ChannelError(errors, portion)
    chunk = as_object(portion.get("metadata"))
    return HistoryProgress(
        phase=as_int(chunk.get("phase")),
        chunk_order=as_int(chunk.get("chunk_order")),
        percent=as_int(chunk.get("progress")),
        raw={"metadata": chunk},
    )


def _thread_customer(change: Change, thread: JsonObject) -> Sender:
    context = as_object(thread.get("context"))
    found = change.people.find(context.get("wa_id") or thread.get("id"), context.get("user_id"))
    return Sender(
        found.wa_id,
        found.user_id,
        found.parent_user_id,
        found.profile_name,
        as_text(context.get("username")) or found.username,
    )


def _history_message(
    change: Change, chunk: JsonObject, customer: Sender, message: JsonObject
) -> HistoryMessage:
    body = read_body(message)
    context = as_object(message.get("history_context"))
    told = as_bool(context.get("from_me"))
    return HistoryMessage(
        wamid=required(message, "id"),
        customer=customer,
        from_me=_is_from_business(change, customer, message) if told is None else told,
        timestamp=change.time(message.get("timestamp")),
        type=body.type,
        text=body.text,
        content=body.content,
        status=as_text(context.get("status")),
        context=_context(message.get("context")),
        phase=as_int(chunk.get("phase")),
        chunk_order=as_int(chunk.get("chunk_order")),
        raw=message,
    )


def _late_media(change: Change, message: JsonObject) -> HistoryMessage:
    ours = digits_or_id(message.get("from")) == change.business_digits
    names = ("to", "to_user_id") if ours else ("from", "from_user_id")
    customer = change.people.find(*(message.get(name) for name in names))
    return _history_message(change, {}, customer, message)


def _is_from_business(change: Change, customer: Sender, message: JsonObject) -> bool | None:
    author = digits_or_id(message.get("from"))
    if author is None:
        return None
    if author == change.business_digits:
        return True
    return False if author == customer.wa_id else None


def read_contact_sync(change: Change) -> Iterator[Any]:
    """Read `smb_app_state_sync`: the phone app's address book."""
    return each(change.value.get("state_sync"), _contact_sync)


def _contact_sync(entry: JsonObject) -> ContactSync:
    contact = as_object(entry.get("contact"))
    return ContactSync(
        action=required(entry, "action").lower(),
        full_name=as_text(contact.get("full_name")) or "",
        first_name=as_text(contact.get("first_name")) or "",
        phone_number=as_text(contact.get("phone_number")),
        user_id=as_text(contact.get("user_id")),
        timestamp=as_time(as_object(entry.get("metadata")).get("timestamp")),
        raw=entry,
    )


def read_preferences(change: Change) -> Iterator[Any]:
    """Read `user_preferences`: users who stop or resume marketing."""
    return each(change.value.get("user_preferences"), partial(_preference, change))


def _preference(change: Change, entry: JsonObject) -> UserPreference:
    return UserPreference(
        user=change.people.find(entry.get("wa_id"), entry.get("user_id"), entry.get("parent_user_id")),
        category=as_text(entry.get("category")) or "marketing_messages",
        value=required(entry, "value").lower(),
        detail=as_text(entry.get("detail")) or "",
        timestamp=as_time(entry.get("timestamp")),
        raw=entry,
    )


def read_calls(change: Change) -> Iterator[Any]:
    """Read `calls`. Statuses beside them belong to calls, too, and are skipped."""
    yield from each(change.value.get("calls"), _call)
    if errors := read_errors(change.value.get("errors")):
        yield ChannelError(errors, change.value)


def _call(call: JsonObject) -> CallEvent:
    return CallEvent(
        call_id=as_text(call.get("id")),
        event=required(call, "event"),
        caller=digits_or_id(call.get("from")),
        callee=digits_or_id(call.get("to")),
        direction=as_text(call.get("direction")),
        status=as_text(call.get("status")),
        duration=as_int(call.get("duration")),
        timestamp=as_time(call.get("timestamp")),
        errors=read_errors(call.get("errors")),
        raw=call,
    )


def read_groups(change: Change) -> Iterator[Any]:
    """Read the `group_*` fields."""
    return each(change.value.get("groups"), partial(_group, change))


def _group(change: Change, group: JsonObject) -> GroupEvent:
    def members(key: str) -> tuple[Sender, ...]:
        people = objects(group.get(key))
        return tuple(change.people.find(person.get("wa_id"), person.get("user_id")) for person in people)

    return GroupEvent(
        type=required(group, "type"),
        group_id=as_text(group.get("group_id")),
        subject=as_text(group.get("subject")),
        invite_link=as_text(group.get("invite_link")),
        request_id=as_text(group.get("request_id")),
        added=members("added_participants"),
        removed=members("removed_participants"),
        timestamp=as_time(group.get("timestamp")),
        errors=read_errors(group.get("errors")),
        raw=group,
    )
