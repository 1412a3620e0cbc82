"""Every table. Importing this package registers all of them."""

from wapto_app.models.accounts import (
    Account,
    AccountPreference,
    AuditEntry,
    LinkPurpose,
    LoginSession,
    OneTimeLink,
    Role,
)
from wapto_app.models.billing import Invoice, InvoiceStatus, Payment, PaymentStatus, TaxRule
from wapto_app.models.channels import Channel, ChannelKind, ChannelStatus
from wapto_app.models.contacts import (
    AddressKind,
    Contact,
    ContactAddress,
    ContactApart,
    ContactEvent,
    ContactEventKind,
    ContactMerge,
    OptOutMemory,
)
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
from wapto_app.models.fields import CustomField, FieldKind, FieldValue
from wapto_app.models.imports import ContactImport, ImportChange, ImportProblem, ImportState
from wapto_app.models.library import LibraryFile, LibraryFolder, LibraryTag
from wapto_app.models.mail import MailLog, MailStatus
from wapto_app.models.notifications import Notification, NotificationKind
from wapto_app.models.plans import (
    Cycle,
    LimitWarning,
    Plan,
    PlanRequest,
    RequestState,
    Subscription,
    SubscriptionSource,
    SubscriptionStatus,
    UsageCounter,
)
from wapto_app.models.search import ContactSearch, MessageSearch, SearchAgain, SearchCursor
from wapto_app.models.segments import Segment
from wapto_app.models.stripe import CheckoutState, StripeCheckout, StripeEvent, StripeRead
from wapto_app.models.system import EventState, Lease, Preference, WebhookEvent
from wapto_app.models.tags import ContactTag, Tag
from wapto_app.models.tasks import Task, TaskPriority
from wapto_app.models.teams import AssignmentStrategy, Team, Visibility
from wapto_app.models.templates import Template
from wapto_app.models.two_factor import RecoveryCode, TwoFactor
from wapto_app.models.viewing import SessionView
from wapto_app.models.writing import (
    ComposerChoice,
    DraftFile,
    MessageDraft,
    QuickReply,
    SavedView,
    ScheduledMessage,
    ScheduledState,
)

__all__ = [
    "Account",
    "AccountPreference",
    "AddressKind",
    "AssignmentStrategy",
    "AuditEntry",
    "Channel",
    "ChannelKind",
    "ChannelStatus",
    "CheckoutState",
    "ComposerChoice",
    "Contact",
    "ContactAddress",
    "ContactApart",
    "ContactEvent",
    "ContactEventKind",
    "ContactImport",
    "ContactMerge",
    "ContactSearch",
    "ContactTag",
    "Conversation",
    "ConversationStatus",
    "CustomField",
    "Cycle",
    "DeskEvent",
    "DeskKind",
    "DeskState",
    "Direction",
    "DraftFile",
    "EventState",
    "FieldKind",
    "FieldValue",
    "ImportChange",
    "ImportProblem",
    "ImportState",
    "Invoice",
    "InvoiceStatus",
    "Lease",
    "LibraryFile",
    "LibraryFolder",
    "LibraryTag",
    "LimitWarning",
    "LinkPurpose",
    "LoginSession",
    "MailLog",
    "MailStatus",
    "MediaFile",
    "MediaState",
    "Message",
    "MessageDraft",
    "MessageSearch",
    "MessageStatus",
    "Notification",
    "NotificationKind",
    "OneTimeLink",
    "OnlineSpan",
    "OptOutMemory",
    "Payment",
    "PaymentStatus",
    "Plan",
    "PlanRequest",
    "Preference",
    "QuickReply",
    "Reaction",
    "RecoveryCode",
    "RequestState",
    "Review",
    "Role",
    "SavedView",
    "ScheduledMessage",
    "ScheduledState",
    "SearchAgain",
    "SearchCursor",
    "Segment",
    "SessionView",
    "StatusEvent",
    "StripeCheckout",
    "StripeEvent",
    "StripeRead",
    "Subscription",
    "SubscriptionSource",
    "SubscriptionStatus",
    "Tag",
    "Task",
    "TaskPriority",
    "TaxRule",
    "Team",
    "Template",
    "TwoFactor",
    "UsageCounter",
    "Visibility",
    "WebhookEvent",
]
