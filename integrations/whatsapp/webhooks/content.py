"""What a message says, in one normal form per kind. The dicts are plain JSON, ready to be stored."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias, TypedDict


class TextContent(TypedDict):
    """Plain text."""

    kind: Literal["text"]
    body: str


class MediaContent(TypedDict):
    """A file. `id` is None when Meta could not take it over (error 131052)."""

    kind: Literal["media"]
    media_type: str
    id: str | None
    url: str | None
    mime_type: str | None
    sha256: str | None
    caption: str
    filename: str | None
    voice: bool
    animated: bool


class LocationContent(TypedDict):
    """A place on the map, in degrees."""

    kind: Literal["location"]
    latitude: float | None
    longitude: float | None
    name: str
    address: str
    url: str | None


class ContactPhone(TypedDict):
    """A phone number on a contact card."""

    phone: str
    type: str | None
    wa_id: str | None


class ContactEmail(TypedDict):
    """An email address on a contact card."""

    email: str
    type: str | None


class ContactCard(TypedDict):
    """A contact card that was shared. The whole card is in the message's `raw`."""

    name: str
    first_name: str
    last_name: str
    company: str
    phones: list[ContactPhone]
    emails: list[ContactEmail]
    vcard: str | None


class ContactsContent(TypedDict):
    """Contact cards."""

    kind: Literal["contacts"]
    cards: list[ContactCard]


class ReactionContent(TypedDict):
    """A reaction to `message_id`; `emoji` is None when the reaction was taken back."""

    kind: Literal["reaction"]
    message_id: str | None
    emoji: str | None


class ButtonContent(TypedDict):
    """A tapped quick reply of a template; the template is in `context.reply_to`."""

    kind: Literal["button"]
    text: str
    payload: str | None


class ReplyContent(TypedDict):
    """A tapped reply button or list row of an interactive message."""

    kind: Literal["button_reply", "list_reply"]
    id: str
    title: str
    description: str


class FlowReplyContent(TypedDict):
    """A completed form. `response` is what was filled in, parsed from Meta's JSON-in-a-string."""

    kind: Literal["flow_reply"]
    name: str
    body: str
    flow_token: str | None
    response: dict[str, Any]


class CallPermissionContent(TypedDict):
    """An answer to a call permission request; `expires_at` in unix seconds."""

    kind: Literal["call_permission_reply"]
    accepted: bool
    is_permanent: bool
    expires_at: int | None
    source: str | None


class OrderItem(TypedDict):
    """A line of an order. `item_price` is decimal text, so that no cent is lost in a float."""

    product_retailer_id: str
    quantity: int
    item_price: str | None
    currency: str | None


class OrderContent(TypedDict):
    """An order from a catalog."""

    kind: Literal["order"]
    catalog_id: str | None
    text: str
    items: list[OrderItem]


class SystemContent(TypedDict):
    """A change of the contact itself.

    `event` is `user_changed_number`, `user_changed_user_id` or `customer_identity_changed`; older names of
    the same events are translated.
    """

    kind: Literal["system"]
    event: str
    body: str
    new_wa_id: str | None
    new_user_id: str | None
    identity_hash: str | None


class EditContent(TypedDict):
    """A new wording of `original_message_id` (Meta: within 15 minutes)."""

    kind: Literal["edit"]
    original_message_id: str | None
    type: str
    text: str
    content: MessageContent


class RevokeContent(TypedDict):
    """The contact deleted `original_message_id` for everybody."""

    kind: Literal["revoke"]
    original_message_id: str | None


class WelcomeContent(TypedDict):
    """The contact opened the chat for the first time (`request_welcome`); there is no message yet."""

    kind: Literal["welcome"]


class UnsupportedContent(TypedDict):
    """Something WhatsApp or this package cannot read. `original_type` is Meta's name for it."""

    kind: Literal["unsupported"]
    original_type: str


MessageContent: TypeAlias = (
    TextContent
    | MediaContent
    | LocationContent
    | ContactsContent
    | ReactionContent
    | ButtonContent
    | ReplyContent
    | FlowReplyContent
    | CallPermissionContent
    | OrderContent
    | SystemContent
    | EditContent
    | RevokeContent
    | WelcomeContent
    | UnsupportedContent
)
