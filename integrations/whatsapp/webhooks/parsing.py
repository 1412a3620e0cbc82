"""From a webhook body to a flat list of events."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias

import orjson

from ..reading import JsonObject, as_list, as_object, as_text, as_time
from . import account_events as account
from . import account_reader, message_reader
from . import message_events as message
from .change import Change, digits_or_id, each
from .decoding import decode

Event: TypeAlias = (
    message.InboundMessage
    | message.StatusUpdate
    | message.MessageEcho
    | message.HistoryMessage
    | message.HistoryProgress
    | message.ContactSync
    | message.UserPreference
    | message.ChannelError
    | message.CallEvent
    | message.GroupEvent
    | account.TemplateStatusUpdate
    | account.TemplateQualityUpdate
    | account.TemplateCategoryUpdate
    | account.TemplateComponentsUpdate
    | account.PhoneNumberQualityUpdate
    | account.PhoneNumberNameUpdate
    | account.BusinessCapabilityUpdate
    | account.AccountUpdate
    | account.AccountReview
    | account.AccountAlert
    | account.AccountSettingsUpdate
    | account.SecurityEvent
    | account.FlowEvent
    | account.UnknownField
    | account.Malformed
)


@dataclass(frozen=True, slots=True)
class WebhookItem:
    """One event and the envelope it came in.

    Attributes:
        waba_id: Id of the entry; for some `account_update` events it is the business portfolio.
        entry_time: When Meta made the entry; not given for messages.
        field: The webhook field.
        phone_number_id: Our number, the first thing to route by; None for account and template events.
        display_phone_number: Our number as Meta shows it.
        event: What happened.
    """

    waba_id: str | None
    entry_time: datetime | None
    field: str
    phone_number_id: str | None
    display_phone_number: str | None
    event: Event

    @property
    def key(self) -> str:
        """The same for every repetition of this event: Meta delivers at least once.

        Messages go by wamid (the history apart), statuses by wamid, status and group member, the rest by a
        digest that includes the entry's time, so that a template may be approved, paused and approved again.
        """
        event = self.event
        if isinstance(event, message.StatusUpdate):
            return f"status:{event.wamid}:{event.status}:{event.participant_id or ''}"
        if isinstance(event, message.InboundMessage | message.MessageEcho):
            return f"message:{event.wamid}"
        if isinstance(event, message.HistoryMessage):
            return f"history:{event.wamid}:{'file' if event.phase is None else 'text'}"
        moment = self.entry_time.isoformat() if self.entry_time else ""
        return f"{self.field}:{self.waba_id or ''}:{moment}:{_digest(event.raw)}"


def parse(body: bytes | Mapping[str, Any], *, received_at: datetime | None = None) -> list[WebhookItem]:
    """Read a webhook body: every entry, change, message and status becomes one item, in Meta's order.

    Nothing in a body can make this fail half-way: an element that cannot be read becomes `Malformed`, a field
    that is not known becomes `UnknownField`, a message of an unknown type becomes an `InboundMessage` of type
    `unsupported`. Texts are clean enough for PostgreSQL.

    Args:
        body: The raw body, or the object that was parsed from it.
        received_at: When it arrived (aware); stands in for a missing time of a message. Default: now.

    Raises:
        InvalidPayload: The body is not JSON, or not an object.
    """
    document = decode(body)
    now = received_at or datetime.now(UTC)
    return [item for entry in as_list(document.get("entry")) for item in _entry(entry, now)]


def _entry(entry: Any, now: datetime) -> Iterator[WebhookItem]:
    if not isinstance(entry, dict):
        yield _item(
            {}, None, Change("", {}, now), account.Malformed(reason="an entry is not an object", raw=entry)
        )
        return
    for change in as_list(entry.get("changes")):
        yield from _change(entry, change, now)


def _change(entry: JsonObject, raw: Any, now: datetime) -> Iterator[WebhookItem]:
    parts = as_object(raw)
    value = parts.get("value")
    entry_time = as_time(entry.get("time"))
    change = Change(as_text(parts.get("field")) or "", as_object(value), entry_time or now)
    for event in _events(change, raw, value):
        yield _item(entry, entry_time, change, event)


def _events(change: Change, raw: Any, value: Any) -> Iterator[Event]:
    if not isinstance(raw, dict) or not isinstance(value, dict):
        yield account.Malformed(reason="a change without a value", raw=raw)
        return
    if reader := _LISTS.get(change.field):
        yield from _guarded(reader, change)
    elif single := _SINGLES.get(change.field):
        yield from each([value], single)
    else:
        yield account.UnknownField(field=change.field, raw=value)


def _guarded(reader: Callable[[Change], Iterator[Event]], change: Change) -> Iterator[Event]:
    try:
        yield from reader(change)
    except Exception as exc:  # as in `each`: nothing Meta sends may stop the rest
        yield account.Malformed(reason=f"{type(exc).__name__}: {exc}", raw=change.value)


def _item(entry: JsonObject, entry_time: datetime | None, change: Change, event: Event) -> WebhookItem:
    metadata = change.metadata
    display = metadata.get("display_phone_number") or change.value.get("display_phone_number")
    number_id = metadata.get("phone_number_id")
    if isinstance(event, account.AccountSettingsUpdate):
        number_id = event.phone_number_id
    return WebhookItem(
        waba_id=as_text(entry.get("id")),
        entry_time=entry_time,
        field=change.field,
        phone_number_id=as_text(number_id),
        display_phone_number=digits_or_id(display),
        event=event,
    )


def _digest(raw: object) -> str:
    return hashlib.sha256(orjson.dumps(raw, option=orjson.OPT_SORT_KEYS)).hexdigest()


_LISTS: dict[str, Callable[[Change], Iterator[Any]]] = {
    "messages": message_reader.read_messages,
    "smb_message_echoes": message_reader.read_echoes,
    "history": message_reader.read_history,
    "smb_app_state_sync": message_reader.read_contact_sync,
    "user_preferences": message_reader.read_preferences,
    "calls": message_reader.read_calls,
    "group_lifecycle_update": message_reader.read_groups,
    "group_participants_update": message_reader.read_groups,
    "group_settings_update": message_reader.read_groups,
    "group_status_update": message_reader.read_groups,
}

_SINGLES: dict[str, Callable[[JsonObject], Event]] = {
    "message_template_status_update": account_reader.template_status,
    "message_template_quality_update": account_reader.template_quality,
    "template_category_update": account_reader.template_category,
    "message_template_components_update": account_reader.template_components,
    "phone_number_quality_update": account_reader.number_quality,
    "phone_number_name_update": account_reader.number_name,
    "business_capability_update": account_reader.capability,
    "account_update": account_reader.account_update,
    "account_review_update": account_reader.account_review,
    "account_alerts": account_reader.account_alert,
    "account_settings_update": account_reader.account_settings,
    "security": account_reader.security,
    "flows": account_reader.flow,
}

KNOWN_FIELDS = frozenset(_LISTS) | frozenset(_SINGLES)
"""Webhook fields this package reads; subscribe the app to these."""
