"""Contacts: who the customers are, what the team knows of them, and everything that is done with them."""

from wapto_app.services.contacts.cards import ContactCard, card, of_conversation, update
from wapto_app.services.contacts.consent import opt_in, opt_out
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
from wapto_app.services.contacts.names import TOPIC, name_columns, name_of, phone_column, phone_of, shown_name

__all__ = [
    "EVERYONE",
    "TOPIC",
    "ContactCard",
    "ContactFilter",
    "ContactForm",
    "ContactRow",
    "Cursor",
    "FieldRule",
    "Met",
    "NewContactForm",
    "Page",
    "add_phone",
    "card",
    "conditions",
    "count",
    "create",
    "edit",
    "find_or_create",
    "listing",
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
    "update",
]
