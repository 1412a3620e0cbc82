"""Events about messages: what came in, what became of what we sent, what the phone app did."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from ..error_codes import ErrorInfo, explain
from ..reading import JsonObject
from .content import MessageContent


@dataclass(frozen=True, slots=True)
class EventError:
    """An error inside a webhook. The same codes as in answers of the API; -1 when there was none."""

    code: int
    title: str = ""
    message: str = ""
    details: str = ""
    href: str | None = None

    @property
    def info(self) -> ErrorInfo:
        """The code in plain words."""
        return explain(self.code)


@dataclass(frozen=True, slots=True)
class Sender:
    """A WhatsApp user, by every name Meta gave.

    Since April 2026 a user may be known by the business-scoped `user_id` alone, so any field can be None;
    at least one of `wa_id` and `user_id` is there in sane payloads.

    Attributes:
        wa_id: Phone number as digits, without `+`.
        user_id: Business-scoped user id (`US.1349…`), different for every business portfolio.
        parent_user_id: The same for a group of portfolios.
        profile_name: Name the user chose; anything, never unique.
        username: WhatsApp user name.
    """

    wa_id: str | None = None
    user_id: str | None = None
    parent_user_id: str | None = None
    profile_name: str | None = None
    username: str | None = None


@dataclass(frozen=True, slots=True)
class MessageContext:
    """What a message refers to.

    Attributes:
        reply_to: wamid of the quoted message, or of the template whose button was tapped. We may never have
            stored it.
        reply_to_sender: Who wrote that message.
        forwarded: Forwarded at least once.
        frequently_forwarded: Forwarded more than five times.
        catalog_id: Catalog of the product the question is about.
        product_retailer_id: That product.
    """

    reply_to: str | None = None
    reply_to_sender: str | None = None
    forwarded: bool = False
    frequently_forwarded: bool = False
    catalog_id: str | None = None
    product_retailer_id: str | None = None


@dataclass(frozen=True, slots=True)
class Referral:
    """The ad or post that brought the user. Meta: opens 72 free hours if we answer within 24.

    `source_type` is `ad` or `post`; `ctwa_clid` is the click id for conversion reports.
    """

    source_type: str | None = None
    source_id: str | None = None
    source_url: str | None = None
    headline: str = ""
    body: str = ""
    media_type: str | None = None
    media_url: str | None = None
    thumbnail_url: str | None = None
    ctwa_clid: str | None = None
    welcome_text: str = ""


@dataclass(frozen=True, slots=True)
class InboundMessage:
    """A user wrote to us.

    Attributes:
        wamid: Id of the message; Meta delivers at least once, so deduplicate by it.
        sender: Who wrote.
        timestamp: When it was written (UTC); the 24-hour window counts from here, not from arrival.
        type: Meta's type, or `unsupported` for anything that cannot be read.
        text: A line for display: body, caption, title of the tapped button …; may be empty.
        content: The message in its normal form.
        context: Quoted message and forwarding marks.
        referral: The ad it came from.
        errors: Why the message, or its file, is not usable.
        group_id: Set when written in a group.
        raw: Meta's object.
    """

    wamid: str
    sender: Sender
    timestamp: datetime
    type: str
    text: str
    content: MessageContent
    context: MessageContext | None = None
    referral: Referral | None = None
    errors: tuple[EventError, ...] = ()
    group_id: str | None = None
    raw: JsonObject = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Pricing:
    """What a message costs. Bill from `type == "regular"` and `category`; the rate is not told.

    Attributes:
        billable: Whether it is charged.
        model: `PMP` (per message) since July 2025.
        type: `regular`, `free_customer_service` or `free_entry_point`.
        category: `marketing`, `utility`, `authentication`, `service` …
    """

    billable: bool | None = None
    model: str | None = None
    type: str | None = None
    category: str | None = None


@dataclass(frozen=True, slots=True)
class StatusUpdate:
    """What became of a message we sent. Unordered and repeated: never move a message backwards.

    Attributes:
        wamid: The message.
        status: `sent`, `delivered`, `read`, `played`, `failed` or `deleted`, in lower case.
        timestamp: When it happened (UTC).
        recipient: Who it was sent to.
        recipient_type: `group` for groups.
        group_id: The group it was sent to; `recipient` is then the member this status is about.
        participant_id: That member's id.
        callback_data: Our own `biz_opaque_callback_data`.
        pricing: In one of the statuses of a message only.
        conversation_type: Legacy conversation category.
        errors: Why it failed.
        raw: Meta's object.
    """

    wamid: str
    status: str
    timestamp: datetime
    recipient: Sender = field(default_factory=Sender)
    recipient_type: str | None = None
    group_id: str | None = None
    participant_id: str | None = None
    callback_data: str | None = None
    pricing: Pricing | None = None
    conversation_type: str | None = None
    errors: tuple[EventError, ...] = ()
    raw: JsonObject = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class ChannelError:
    """Meta reports trouble of a number as a whole, without a message (also: history sharing declined)."""

    errors: tuple[EventError, ...]
    raw: JsonObject = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class MessageEcho:
    """Coexistence: the business wrote from its phone app. Opens no 24-hour window.

    `recipient` is the customer; the other fields are as in `InboundMessage`.
    """

    wamid: str
    recipient: Sender
    timestamp: datetime
    type: str
    text: str
    content: MessageContent
    context: MessageContext | None = None
    raw: JsonObject = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class HistoryMessage:
    """Coexistence: an old message of the phone app. Not unread, opens no window, triggers nothing.

    Attributes:
        customer: The other side of the chat.
        from_me: Whether the business wrote it; None when that cannot be told.
        status: `READ`, `DELIVERED`, `SENT`, `PLAYED`, `PENDING` or `ERROR`.
        phase: 0 (last day), 1 (90 days), 2 (180 days); None when the message only brings the file of a
            placeholder that came before.
        chunk_order: Order within the phase.
    """

    wamid: str
    customer: Sender
    from_me: bool | None
    timestamp: datetime
    type: str
    text: str
    content: MessageContent
    status: str | None = None
    context: MessageContext | None = None
    phase: int | None = None
    chunk_order: int | None = None
    raw: JsonObject = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class HistoryProgress:
    """Coexistence: one portion of the history has arrived; comes after its messages. Percent of the whole."""

    phase: int | None
    chunk_order: int | None
    percent: int | None
    raw: JsonObject = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class ContactSync:
    """Coexistence: the phone's address book changed. `action` is `add` (also for a change) or `remove`."""

    action: str
    full_name: str = ""
    first_name: str = ""
    phone_number: str | None = None
    user_id: str | None = None
    timestamp: datetime | None = None
    raw: JsonObject = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class UserPreference:
    """A user stopped or resumed marketing in WhatsApp itself; sending anyway fails with 131050.

    Attributes:
        user: Who.
        category: `marketing_messages`.
        value: `stop` or `resume`.
        detail: Meta's sentence.
        timestamp: When.
    """

    user: Sender
    category: str
    value: str
    detail: str = ""
    timestamp: datetime | None = None
    raw: JsonObject = field(default_factory=dict, repr=False)

    @property
    def stops(self) -> bool:
        """Whether the user wants no more of this category."""
        return self.value == "stop"


@dataclass(frozen=True, slots=True)
class CallEvent:
    """A voice call. `event` is `connect`, `terminate` …; `status` is there at its end; seconds of talk."""

    call_id: str | None
    event: str
    caller: str | None = None
    callee: str | None = None
    direction: str | None = None
    status: str | None = None
    duration: int | None = None
    timestamp: datetime | None = None
    errors: tuple[EventError, ...] = ()
    raw: JsonObject = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class GroupEvent:
    """Something changed in a group: `group_create`, `group_participants_add`, `group_suspend` …"""

    type: str
    group_id: str | None = None
    subject: str | None = None
    invite_link: str | None = None
    request_id: str | None = None
    added: tuple[Sender, ...] = ()
    removed: tuple[Sender, ...] = ()
    timestamp: datetime | None = None
    errors: tuple[EventError, ...] = ()
    raw: JsonObject = field(default_factory=dict, repr=False)
