"""Contacts: who the customers are, what the team knows of them, and everything that is done with them."""

from wapto_app.services.contact_names import (
    TOPIC,
    name_columns,
    name_of,
    phone_column,
    phone_of,
    shown_name,
)
from wapto_app.services.contacts.blocking import block, unblock
from wapto_app.services.contacts.cards import ContactCard, card, of_conversation, update
from wapto_app.services.contacts.consent import opt_in, opt_out
from wapto_app.services.contacts.deleting import delete
from wapto_app.services.contacts.details import ContactDetails, addresses, conversations, details
from wapto_app.services.contacts.editing import (
    ContactForm,
    Met,
    NewContactForm,
    add_phone,
    create,
    edit,
    find_or_create,
    remove_address,
    set_username,
)
from wapto_app.services.contacts.filters import EVERYONE, ContactFilter, FieldRule, conditions
from wapto_app.services.contacts.listing import ContactRow, Cursor, Page, count, listing
from wapto_app.services.contacts.merging import duplicates, keep_apart, merge, sides
from wapto_app.services.contacts.starting import start_chat
from wapto_app.services.contacts.timeline import TimelineRow, timeline
from wapto_app.services.contacts.unmerging import Undoable, undo_merge, undoable

__all__ = [
    "EVERYONE",
    "TOPIC",
    "ContactCard",
    "ContactDetails",
    "ContactFilter",
    "ContactForm",
    "ContactRow",
    "Cursor",
    "FieldRule",
    "Met",
    "NewContactForm",
    "Page",
    "TimelineRow",
    "Undoable",
    "add_phone",
    "addresses",
    "block",
    "card",
    "conditions",
    "conversations",
    "count",
    "create",
    "delete",
    "details",
    "duplicates",
    "edit",
    "find_or_create",
    "keep_apart",
    "listing",
    "merge",
    "name_columns",
    "name_of",
    "of_conversation",
    "opt_in",
    "opt_out",
    "phone_column",
    "phone_of",
    "remove_address",
    "set_username",
    "shown_name",
    "sides",
    "start_chat",
    "timeline",
    "unblock",
    "undo_merge",
    "undoable",
    "update",
]
