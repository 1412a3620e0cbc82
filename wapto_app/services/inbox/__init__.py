"""The shared inbox: the list, the thread, and what an agent does in them."""

from wapto_app.services.inbox.commands import (
    mark_unread,
    open_conversation,
    react,
    send,
    send_file,
    send_location,
    send_text,
)
from wapto_app.services.inbox.conversations import (
    PAGE,
    ConversationHeader,
    ConversationRow,
    header,
    listing,
    unread_total,
)
from wapto_app.services.inbox.status import set_pending, snooze
from wapto_app.services.inbox.thread import MessageRow, Thread, arrived_since, newer, older, recent

__all__ = [
    "PAGE",
    "ConversationHeader",
    "ConversationRow",
    "MessageRow",
    "Thread",
    "arrived_since",
    "header",
    "listing",
    "mark_unread",
    "newer",
    "older",
    "open_conversation",
    "react",
    "recent",
    "send",
    "send_file",
    "send_location",
    "send_text",
    "set_pending",
    "snooze",
    "unread_total",
]
