"""The shared inbox: the list, the thread, and what an agent does in them."""

from wapto_app.services.inbox.commands import (
    mark_unread,
    open_conversation,
    react,
    send,
    send_file,
    send_location,
    send_text,
    take_back,
)
from wapto_app.services.inbox.conversations import (
    PAGE,
    ConversationHeader,
    ConversationRow,
    header,
    listing,
    unread_total,
)
from wapto_app.services.inbox.templates import send_template
from wapto_app.services.inbox.thread import MessageRow, Thread, older, recent

__all__ = [
    "PAGE",
    "ConversationHeader",
    "ConversationRow",
    "MessageRow",
    "Thread",
    "header",
    "listing",
    "mark_unread",
    "older",
    "open_conversation",
    "react",
    "recent",
    "send",
    "send_file",
    "send_location",
    "send_template",
    "send_text",
    "take_back",
    "unread_total",
]
