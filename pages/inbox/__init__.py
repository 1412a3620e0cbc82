"""The shared inbox: list, thread, contact. A phone shows one of them at a time."""

from __future__ import annotations

import reflex as rx

from pages.frame import frame
from pages.inbox.composer_library import composer_library
from pages.inbox.contact import contact_panel
from pages.inbox.conversations import conversation_list
from pages.inbox.keys import inbox_keys
from pages.inbox.thread import thread
from pages.task_dialog import task_dialog
from state.inbox import OpenConversation
from state.library_picker import LibraryPicker
from state.shell import Shell
from state.tasks import TaskDialog
from wapto_app.security.permissions import Permission
from wapto_app.ui.i18n import t
from wapto_app.ui.lazy import later, on_demand
from wapto_app.ui.lightbox import lightbox
from wapto_app.ui.tokens import classes

ROUTE = "/inbox/[[...splat]]"

_MAY_SEE_CONTACTS = Shell.permissions.contains(Permission.CONTACTS_SEE.value)


def inbox() -> rx.Component:
    is_open = OpenConversation.selected > 0
    return frame(
        t("Inbox"),
        # Here and not in the list: a phone shows one panel at a time.
        rx.el.h1(t("Inbox"), class_name="sr-only"),
        rx.el.div(
            rx.el.section(
                conversation_list(),
                aria_label=t("Conversations"),
                class_name=classes(
                    "flex min-h-0 w-full flex-none flex-col border-e bg-surface md:w-80 xl:w-88",
                    rx.cond(is_open, "max-md:hidden", ""),
                ),
            ),
            rx.el.section(
                thread(),
                aria_label=t("Conversation"),
                class_name=classes(
                    "flex min-h-0 min-w-0 flex-1 flex-col bg-chat", rx.cond(is_open, "", "max-md:hidden")
                ),
            ),
            rx.cond(is_open & _MAY_SEE_CONTACTS, _beside(), rx.fragment()),
            class_name="relative flex h-full min-h-0",
        ),
        on_demand(TaskDialog.is_open, task_dialog),
        inbox_keys(),
        on_demand(LibraryPicker.opened != "", composer_library),
        lightbox(),
        permission=Permission.INBOX_SEE,
    )


def _beside() -> rx.Component:
    """The panel comes later; a wide screen keeps its place, so that the messages do not move when it does."""
    return rx.el.div(
        later(contact_panel),
        class_name="max-xl:contents xl:flex xl:min-h-0 xl:w-80 xl:flex-none xl:bg-surface",
    )
