"""Below the thread: where messages are written."""

from __future__ import annotations

import reflex as rx

from state.base import Feedback
from state.inbox import Composer, OpenConversation, ScheduledMessages, TemplatePicker, WritingHelp
from state.library_picker import LibraryPicker
from state.shell import Shell
from wapto_app.security.permissions import Permission
from wapto_app.ui.composer import composer


def _may(permission: Permission) -> rx.Var[bool]:
    return Shell.permissions.contains(permission.value)


def write() -> rx.Component:
    """Text, files and everything else that can be sent in the open conversation."""
    header = OpenConversation.header
    return rx.cond(
        header["id"] > 0,
        composer(
            owner=Shell.email,
            conversation=header["id"],
            closes_at=header["window_closes_at"],
            connected=header["channel_status"] == "connected",
            blocked=header["blocked"],
            opted_out=header["opted_out"],
            may_write=_may(Permission.INBOX_DO),
            may_share=_may(Permission.CONTACTS_SEE),
            may_pick=_may(Permission.MEDIA_SEE),
            answered=Composer.answered,
            accepted=Composer.accepted,
            errors=Feedback.errors,
            quote=OpenConversation.quote,
            draft=Composer.draft,
            undo_seconds=Composer.undo_seconds,
            on_send=Composer.send,
            on_note=Composer.note,
            on_typing=Composer.typing,
            on_undo=Composer.undo,
            on_draft=Composer.save_draft,
            on_cancel_reply=OpenConversation.cancel_reply,
            people=WritingHelp.people,
            contacts=WritingHelp.contacts,
            place=WritingHelp.place,
            on_find_people=WritingHelp.find_people,
            on_find_contacts=WritingHelp.find_contacts,
            on_read_place=WritingHelp.read_place,
            replies=WritingHelp.replies,
            on_find_replies=WritingHelp.find_replies,
            on_use_reply=WritingHelp.use_reply,
            attached=WritingHelp.attached,
            on_library=LibraryPicker.start,
            templates=rx.cond(TemplatePicker.loaded, TemplatePicker.rows, None),
            template=TemplatePicker.form,
            on_find_templates=TemplatePicker.find,
            on_choose_template=TemplatePicker.choose,
            on_sync_templates=TemplatePicker.sync,
            scheduled=ScheduledMessages.waiting,
            opening=ScheduledMessages.opening,
            on_ask_opening=ScheduledMessages.ask_opening,
            on_plan=ScheduledMessages.plan,
            on_cancel_scheduled=ScheduledMessages.cancel,
            on_send_scheduled=ScheduledMessages.send_now,
            on_edit_scheduled=ScheduledMessages.change,
        ),
        rx.fragment(),
    )
