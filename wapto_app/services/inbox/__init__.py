"""The shared inbox: the list, the thread, and what an agent does in them."""

from wapto_app.services.inbox.cards import OutgoingCard, ShareableContact, send_cards, shareable
from wapto_app.services.inbox.commands import (
    OutgoingFile,
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
from wapto_app.services.inbox.interactive import Interactive, send_interactive
from wapto_app.services.inbox.map_links import Place, read_place
from wapto_app.services.inbox.outgoing import Outgoing, OutgoingPlace, deliver
from wapto_app.services.inbox.templates import send_template
from wapto_app.services.inbox.thread import MessageRow, Thread, older, recent

__all__ = [
    "PAGE",
    "ConversationHeader",
    "ConversationRow",
    "Interactive",
    "MessageRow",
    "Outgoing",
    "OutgoingCard",
    "OutgoingFile",
    "OutgoingPlace",
    "Place",
    "ShareableContact",
    "Thread",
    "deliver",
    "header",
    "listing",
    "mark_unread",
    "older",
    "open_conversation",
    "react",
    "read_place",
    "recent",
    "send",
    "send_cards",
    "send_file",
    "send_interactive",
    "send_location",
    "send_template",
    "send_text",
    "shareable",
    "take_back",
    "unread_total",
]
