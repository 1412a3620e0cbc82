"""Webhooks of the WhatsApp Business Platform: prove the sender, then read every event.

```python
if not verify_signature(raw, request.headers.get("x-hub-signature-256"), [app_secret]):
    return 401
for item in parse(raw):
    match item.event:
        case InboundMessage(type="text", text=text, sender=sender):
            ...
        case StatusUpdate(status="failed", errors=errors):
            ...
        case Malformed(reason=reason):
            ...
```

Answer 200 as soon as the raw body is stored (Meta: median 250 ms), and parse afterwards. Events come at
least once and in any order; `WebhookItem.key` is the same for repetitions.
"""

from ..errors import InvalidPayload
from .account_events import (
    UNLIMITED,
    AccountAlert,
    AccountReview,
    AccountSettingsUpdate,
    AccountUpdate,
    BusinessCapabilityUpdate,
    FlowEvent,
    Malformed,
    PhoneNumberNameUpdate,
    PhoneNumberQualityUpdate,
    Restriction,
    SecurityEvent,
    TemplateButton,
    TemplateCategoryUpdate,
    TemplateComponentsUpdate,
    TemplateQualityUpdate,
    TemplateStatusUpdate,
    UnknownField,
)
from .account_reader import tier_limit
from .content import (
    ButtonContent,
    CallPermissionContent,
    ContactCard,
    ContactsContent,
    EditContent,
    FlowReplyContent,
    LocationContent,
    MediaContent,
    MessageContent,
    OrderContent,
    OrderItem,
    ReactionContent,
    ReplyContent,
    RevokeContent,
    SystemContent,
    TextContent,
    UnsupportedContent,
    WelcomeContent,
)
from .decoding import clean_text
from .message_events import (
    CallEvent,
    ChannelError,
    ContactSync,
    EventError,
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
from .parsing import KNOWN_FIELDS, Event, WebhookItem, parse
from .signature import sign, verify_signature

__all__ = [
    "KNOWN_FIELDS",
    "UNLIMITED",
    "AccountAlert",
    "AccountReview",
    "AccountSettingsUpdate",
    "AccountUpdate",
    "BusinessCapabilityUpdate",
    "ButtonContent",
    "CallEvent",
    "CallPermissionContent",
    "ChannelError",
    "ContactCard",
    "ContactSync",
    "ContactsContent",
    "EditContent",
    "Event",
    "EventError",
    "FlowEvent",
    "FlowReplyContent",
    "GroupEvent",
    "HistoryMessage",
    "HistoryProgress",
    "InboundMessage",
    "InvalidPayload",
    "LocationContent",
    "Malformed",
    "MediaContent",
    "MessageContent",
    "MessageContext",
    "MessageEcho",
    "OrderContent",
    "OrderItem",
    "PhoneNumberNameUpdate",
    "PhoneNumberQualityUpdate",
    "Pricing",
    "ReactionContent",
    "Referral",
    "ReplyContent",
    "Restriction",
    "RevokeContent",
    "SecurityEvent",
    "Sender",
    "StatusUpdate",
    "SystemContent",
    "TemplateButton",
    "TemplateCategoryUpdate",
    "TemplateComponentsUpdate",
    "TemplateQualityUpdate",
    "TemplateStatusUpdate",
    "TextContent",
    "UnknownField",
    "UnsupportedContent",
    "UserPreference",
    "WebhookItem",
    "WelcomeContent",
    "clean_text",
    "parse",
    "sign",
    "tier_limit",
    "verify_signature",
]
