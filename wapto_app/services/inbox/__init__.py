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
    ConversationHeader,
    ConversationRow,
    header,
    unread_total,
)
from wapto_app.services.inbox.filters import InboxFilter
from wapto_app.services.inbox.gallery import Gallery, GalleryItem, gallery
from wapto_app.services.inbox.listing import PAGE, TabCounts, counts, drafted, listing, matching_ids, place_of
from wapto_app.services.inbox.people import people
from wapto_app.services.inbox.status import set_pending, snooze
from wapto_app.services.inbox.thread import MessageRow, Thread, around, arrived_since, newer, older, recent

__all__ = [
    "PAGE",
    "ConversationHeader",
    "ConversationRow",
    "Gallery",
    "GalleryItem",
    "InboxFilter",
    "MessageRow",
    "TabCounts",
    "Thread",
    "around",
    "arrived_since",
    "counts",
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
    "recent",
    "send",
    "send_file",
    "send_location",
    "send_text",
    "set_pending",
    "snooze",
    "unread_total",
]
