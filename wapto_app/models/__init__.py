"""Every table. Importing this package registers all of them."""

from wapto_app.models.accounts import Account, AuditEntry, LinkPurpose, LoginSession, OneTimeLink, Role
from wapto_app.models.channels import Channel, ChannelKind, ChannelStatus
from wapto_app.models.contacts import AddressKind, Contact, ContactAddress
from wapto_app.models.conversations import (
    Conversation,
    ConversationStatus,
    Direction,
    MediaFile,
    MediaState,
    Message,
    MessageStatus,
    Reaction,
    StatusEvent,
)
from wapto_app.models.mail import MailLog, MailStatus
from wapto_app.models.system import EventState, Lease, Preference, WebhookEvent
from wapto_app.models.teams import AssignmentStrategy, Team, Visibility

__all__ = [
    "Account",
    "AddressKind",
    "AssignmentStrategy",
    "AuditEntry",
    "Channel",
    "ChannelKind",
    "ChannelStatus",
    "Contact",
    "ContactAddress",
    "Conversation",
    "ConversationStatus",
    "Direction",
    "EventState",
    "Lease",
    "LinkPurpose",
    "LoginSession",
    "MailLog",
    "MailStatus",
    "MediaFile",
    "MediaState",
    "Message",
    "MessageStatus",
    "OneTimeLink",
    "Preference",
    "Reaction",
    "Role",
    "StatusEvent",
    "Team",
    "Visibility",
    "WebhookEvent",
]
