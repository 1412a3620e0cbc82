"""Finding people and messages: over what, how words are folded, and how the index follows what is written."""

from wapto_app.services.search.following import changed, index_contacts
from wapto_app.services.search.queries import FoundMessage, FoundMessages, contact_ids, messages

__all__ = ["FoundMessage", "FoundMessages", "changed", "contact_ids", "index_contacts", "messages"]
