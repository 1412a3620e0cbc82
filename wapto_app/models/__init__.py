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
from wapto_app.models.notifications import Notification, NotificationKind
from wapto_app.models.system import EventState, Lease, Preference, WebhookEvent
from wapto_app.models.tasks import Task, TaskPriority
from wapto_app.models.teams import AssignmentStrategy, Team, Visibility
from wapto_app.models.two_factor import RecoveryCode, TwoFactor
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
    "Notification",
    "NotificationKind",
    "OneTimeLink",
    "OnlineSpan",
    "Preference",
    "Reaction",
    "RecoveryCode",
    "Review",
    "Role",
    "SessionView",
    "StatusEvent",
    "Task",
    "TaskPriority",
    "Team",
    "TwoFactor",
    "Visibility",
    "WebhookEvent",
]
