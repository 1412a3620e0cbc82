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
    ConversationHeader,
    ConversationRow,
    header,
    unread_total,
)
from wapto_app.services.inbox.filters import InboxFilter
from wapto_app.services.inbox.gallery import Gallery, GalleryItem, gallery
from wapto_app.services.inbox.interactive import Interactive, send_interactive
from wapto_app.services.inbox.listing import (
    PAGE,
    TabCounts,
    Workload,
    counts_of,
    drafted,
    listing,
    matching_ids,
    place_of,
    workload,
)
from wapto_app.services.inbox.map_links import Place, read_place
from wapto_app.services.inbox.outgoing import Outgoing, OutgoingPlace, deliver
from wapto_app.services.inbox.people import people
from wapto_app.services.inbox.status import set_pending, snooze
from wapto_app.services.inbox.templates import send_template
from wapto_app.services.inbox.thread import MessageRow, Thread, around, arrived_since, newer, older, recent

__all__ = [
    "PAGE",
    "ConversationHeader",
    "ConversationRow",
    "Gallery",
    "GalleryItem",
    "InboxFilter",
    "Interactive",
    "MessageRow",
    "Outgoing",
    "OutgoingCard",
    "OutgoingFile",
    "OutgoingPlace",
    "Place",
    "ShareableContact",
    "TabCounts",
    "Thread",
    "Workload",
    "around",
    "arrived_since",
    "counts_of",
    "deliver",
    "drafted",
    "gallery",
    "header",
    "listing",
    "mark_unread",
    "matching_ids",
    "newer",
    "older",
    "open_conversation",
    "people",
    "place_of",
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
    "set_pending",
    "shareable",
    "snooze",
    "take_back",
    "unread_total",
    "workload",
]
