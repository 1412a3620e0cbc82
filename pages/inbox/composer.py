"""Below the thread: where messages are written."""

from __future__ import annotations

import reflex as rx

from state.base import Feedback
from state.inbox import Composer, OpenConversation, WritingHelp
from state.shell import Shell
from wapto_app.security.permissions import Permission
from wapto_app.ui.composer import composer


def write() -> rx.Component:
    """Text, files and everything else that can be sent in the open conversation."""
    header = OpenConversation.header
    return rx.cond(
        header["id"] > 0,
        composer(
            conversation=header["id"],
            closes_at=header["window_closes_at"],
            connected=header["channel_status"] == "connected",
            blocked=header["blocked"],
            opted_out=header["opted_out"],
            may_write=Shell.permissions.contains(Permission.INBOX_DO.value),
            answered=Composer.answered,
            accepted=Composer.accepted,
            errors=Feedback.errors,
            quote=OpenConversation.quote,
            draft=Composer.draft,
            undo_seconds=Composer.undo_seconds,
            on_send=Composer.send,
            on_note=Composer.note,
            on_undo=Composer.undo,
            on_draft=Composer.save_draft,
            on_cancel_reply=OpenConversation.cancel_reply,
            people=WritingHelp.people,
            contacts=WritingHelp.contacts,
            place=WritingHelp.place,
            on_find_people=WritingHelp.find_people,
            on_find_contacts=WritingHelp.find_contacts,
            on_read_place=WritingHelp.read_place,
        ),
        rx.fragment(),
    )
