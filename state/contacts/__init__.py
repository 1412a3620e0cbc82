"""Contacts: the table, the page of one, and what is done with them."""

from state.contacts.bulk import ContactBulk
from state.contacts.detail import ContactPage
from state.contacts.listing import ContactList
from state.contacts.merging import Duplicates, MergeContacts
from state.contacts.new import NewContact, StartChat
from state.contacts.templates import SendTemplate

__all__ = [
    "ContactBulk",
    "ContactList",
    "ContactPage",
    "Duplicates",
    "MergeContacts",
    "NewContact",
    "SendTemplate",
    "StartChat",
]
