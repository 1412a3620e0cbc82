"""What one open inbox tab holds: the list, the open conversation, the contact panel."""

from state.inbox.company import Company
from state.inbox.contact import ContactPanel
from state.inbox.conversations import InboxList
from state.inbox.paths import selected_in
from state.inbox.thread import OpenConversation

__all__ = ["Company", "ContactPanel", "InboxList", "OpenConversation", "selected_in"]
