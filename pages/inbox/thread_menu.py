"""What can be done with the open conversation as a whole."""

from __future__ import annotations

import reflex as rx

from pages.inbox.transcript import transcript_form
from state.inbox import ContactPanel, OpenConversation
from state.shell import Shell
from state.tasks import TaskDialog
from wapto_app.security.permissions import Permission
from wapto_app.ui.button import icon_button
from wapto_app.ui.dialog import confirm_dialog, dialog, open_dialog
from wapto_app.ui.i18n import t
from wapto_app.ui.lazy import later
from wapto_app.ui.menu import menu, menu_item, menu_separator

_TRANSCRIPT, _BLOCK = "transcript", "block-contact"


def _may(permission: Permission) -> rx.Var[bool]:
    return Shell.permissions.contains(permission.value)


def thread_menu() -> rx.Component:
    """The button, its menu, and the dialogs that it opens."""
    header = OpenConversation.header
    write = rx.fragment(
        menu_item(t("New task"), icon="list-todo", on_click=TaskDialog.start(header["id"])),
        menu_item(t("Mark as unread"), icon="mail", shortcut="u", on_click=OpenConversation.mark_unread),
    )
    export = menu_item(t("Export the conversation"), icon="download", on_click=open_dialog(_TRANSCRIPT))
    block = rx.fragment(
        menu_separator(),
        rx.cond(
            header["blocked"],
            menu_item(t("Unblock the contact"), icon="circle-check", on_click=ContactPanel.unblock),
            menu_item(t("Block the contact"), icon="ban", danger=True, on_click=open_dialog(_BLOCK)),
        ),
    )
    may_any = _may(Permission.INBOX_DO) | _may(Permission.EXPORT_DO) | _may(Permission.CONTACTS_DO)
    return rx.cond(
        may_any,
        rx.fragment(
            menu(
                icon_button("ellipsis-vertical", t("More")),
                rx.cond(_may(Permission.INBOX_DO), write, rx.fragment()),
                rx.cond(_may(Permission.EXPORT_DO), export, rx.fragment()),
                rx.cond(_may(Permission.CONTACTS_DO), block, rx.fragment()),
                label=t("More"),
                align="end",
            ),
            dialog(later(transcript_form), id=_TRANSCRIPT, title=t("Export the conversation"), width="sm"),
            confirm_dialog(
                id=_BLOCK,
                title=t("Block {name}?", name=header["name"]),
                text=t(
                    "What they write no longer arrives, and nothing can be sent to them. WhatsApp allows this within "
                    "24 hours of their last message. You can unblock them at any time."
                ),
                confirm=t("Block the contact"),
                on_confirm=ContactPanel.block,
            ),
        ),
        rx.fragment(),
    )
