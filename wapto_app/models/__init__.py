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
from wapto_app.models.desk import DeskEvent, DeskKind, DeskState, OnlineSpan, Review
from wapto_app.models.system import EventState, Lease, Preference, WebhookEvent
from wapto_app.models.teams import AssignmentStrategy, Team, Visibility
from wapto_app.models.viewing import SessionView

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
    "DeskEvent",
    "DeskKind",
    "DeskState",
    "Direction",
    "EventState",
    "Lease",
    "LinkPurpose",
    "LoginSession",
    "MediaFile",
    "MediaState",
    "Message",
    "MessageStatus",
    "OneTimeLink",
    "OnlineSpan",
    "Preference",
    "Reaction",
    "Review",
    "Role",
    "SessionView",
    "StatusEvent",
    "Team",
    "Visibility",
    "WebhookEvent",
]
