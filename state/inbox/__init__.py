"""What one open inbox tab holds: the list, the open conversation, the contact panel."""

from state.inbox.company import Company
from state.inbox.composer import Composer
from state.inbox.contact import ContactPanel
from state.inbox.conversations import InboxList
from state.inbox.paths import selected_in
from state.inbox.scheduled import ScheduledMessages
from state.inbox.template_picker import TemplatePicker
from state.inbox.thread import OpenConversation
from state.inbox.writing_help import WritingHelp

__all__ = [
    "Company",
    "Composer",
    "ContactPanel",
    "InboxList",
    "OpenConversation",
    "ScheduledMessages",
    "TemplatePicker",
    "WritingHelp",
    "selected_in",
]
