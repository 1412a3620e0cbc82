"""The middle panel: the open conversation."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.inbox.assignee import assignee_menu, resolve_button
from pages.inbox.bubble import message_row
from pages.inbox.composer import write
from state.inbox import Composer, ContactPanel, OpenConversation
from state.shell import Shell
from state.tasks import TaskDialog
from wapto_app.security.permissions import Permission
from wapto_app.ui.avatar import avatar
from wapto_app.ui.button import button_link, icon_button
from wapto_app.ui.composer import seen
from wapto_app.ui.empty import empty_state
from wapto_app.ui.i18n import t
from wapto_app.ui.link import ReactRouterLink
from wapto_app.ui.menu import menu, menu_item
from wapto_app.ui.skeleton import skeleton
from wapto_app.ui.time import countdown
from wapto_app.ui.tokens import ICON_BUTTON
from wapto_app.ui.virtual_list import row_of, virtual_list

SAMPLE: dict[str, Any] = {
    "id": 0,
    "wamid": "",
    "outbound": False,
    "type": "text",
    "kind": "text",
    "body": "",
    "content": {},
    "status": "",
    "at": "",
    "previous_at": "",
    "author": "",
    "error": "",
    "advice": "",
    "file": None,
    "quote": None,
    "reactions": [],
    "edited": False,
    "forwarded": False,
}


def thread() -> rx.Component:
    missing = empty_state(
        "search-x",
        t("This conversation is not here"),
        t("It may have been deleted, or you may not see it."),
        button_link(t("Back to the inbox"), "/inbox"),
        class_name="h-full",
    )
    nothing_chosen = empty_state(
        "messages-square",
        t("Choose a conversation"),
        t("Its messages appear here."),
        class_name="h-full",
    )
    opened = rx.fragment(_head(), _messages(), write(), _seen())
    return rx.cond(
        OpenConversation.selected > 0, rx.cond(OpenConversation.missing, missing, opened), nothing_chosen
    )


def _head() -> rx.Component:
    header = OpenConversation.header
    back = ReactRouterLink.create(
        rx.icon("arrow-left", size=18, class_name="mirror", aria_hidden=True),
        to="/inbox",
        aria_label=t("Back to the list"),
        class_name=f"{ICON_BUTTON} md:hidden",
    )
    name = rx.el.div(
        rx.cond(
            header["id"] > 0,
            rx.el.h2(
                header["name"],
                dir="auto",
                data_testid="thread-name",
                class_name="truncate text-sm font-semibold",
            ),
            skeleton("h-4 w-32"),
        ),
        rx.el.p(header["channel"], class_name="truncate text-xs text-muted"),
        class_name="min-w-0 flex-1",
    )
    window = rx.cond(
        header["window_closes_at"] != "",
        rx.el.span(
            rx.icon("timer", size=14, aria_hidden=True, class_name="max-sm:hidden"),
            countdown(header["window_closes_at"], over=t("closed")),
            data_tip=t("Time left in which WhatsApp allows free messages"),
            data_testid="window",
            class_name="flex flex-none items-center gap-1 rounded-full bg-hover px-2.5 py-1 text-xs text-muted",
        ),
        rx.fragment(),
    )
    panel = icon_button(
        "panel-right",
        t("Contact details"),
        on_click=ContactPanel.show(~ContactPanel.shown),
        aria_expanded=ContactPanel.shown,
        class_name="mirror xl:hidden",
    )
    may_write = Shell.permissions.contains(Permission.INBOX_DO.value)
    more = menu(
        icon_button("ellipsis-vertical", t("More")),
        menu_item(t("New task"), icon="list-todo", on_click=TaskDialog.start(header["id"])),
        menu_item(t("Mark as unread"), icon="mail", on_click=OpenConversation.mark_unread),
        label=t("More"),
        align="end",
    )
    return rx.el.header(
        back,
        avatar(header["name"], size=32, class_name="max-sm:hidden"),
        name,
        window,
        rx.cond(header["id"] > 0, rx.fragment(assignee_menu(), resolve_button()), rx.fragment()),
        rx.cond(may_write & (header["id"] > 0), more, rx.fragment()),
        panel,
        class_name="flex h-13 flex-none items-center gap-2.5 border-b bg-surface px-4 max-sm:gap-1 max-sm:px-2",
    )


def _messages() -> rx.Component:
    rows = virtual_list(
        OpenConversation.messages,
        row_of(message_row, SAMPLE),
        label=t("Messages"),
        bottom=True,
        jump_on=Composer.accepted,
        key=OpenConversation.selected.to_string(),
        on_start_reached=OpenConversation.load_older,
    )
    waiting = rx.el.div(
        skeleton("h-12 w-56 rounded-lg"),
        skeleton("ms-auto h-12 w-64 rounded-lg"),
        skeleton("h-12 w-40 rounded-lg"),
        class_name="flex flex-col gap-3 p-4",
    )
    return rx.el.div(
        rx.cond(OpenConversation.header["id"] > 0, rows, waiting), class_name="min-h-0 flex-1 overflow-hidden"
    )


def _seen() -> rx.Component:
    header = OpenConversation.header
    return seen(conversation=header["id"], unread=header["unread"], on_seen=OpenConversation.seen)
