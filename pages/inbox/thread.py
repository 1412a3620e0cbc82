"""The middle panel: the open conversation."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.inbox.assignee import assignee_menu
from pages.inbox.bubble import message_row
from pages.inbox.composer import write
from pages.inbox.status_menu import status_menu
from pages.inbox.thread_menu import thread_menu
from state.inbox import Company, Composer, ContactPanel, InboxList, OpenConversation
from wapto_app.ui.avatar import avatar
from wapto_app.ui.button import button_link, icon_button
from wapto_app.ui.chat_list import chat_list, row_of
from wapto_app.ui.company import beat, company_line
from wapto_app.ui.composer import seen
from wapto_app.ui.empty import empty_state
from wapto_app.ui.i18n import t
from wapto_app.ui.link import ReactRouterLink
from wapto_app.ui.skeleton import skeleton
from wapto_app.ui.time import countdown
from wapto_app.ui.tokens import ICON_BUTTON

SAMPLE: dict[str, Any] = {
    "id": 0,
    "wamid": "",
    "outbound": False,
    "inbound": False,
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
    "fresh": False,
    "mine": False,
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
    opened = rx.fragment(
        _head(),
        company_line(people=Company.here),
        _messages(),
        write(),
        _seen(),
        beat(conversation=OpenConversation.header["id"], on_beat=Company.beat),
    )
    return rx.cond(
        OpenConversation.selected > 0, rx.cond(OpenConversation.missing, missing, opened), nothing_chosen
    )


def _head() -> rx.Component:
    header = OpenConversation.header
    back = ReactRouterLink.create(
        rx.icon("arrow-left", size=18, class_name="mirror", aria_hidden=True),
        to=f"/inbox{InboxList.query}",
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
        data_key="p",
        class_name="mirror xl:hidden",
    )
    return rx.el.header(
        back,
        avatar(header["name"], size=32, class_name="max-sm:hidden"),
        name,
        window,
        rx.cond(header["id"] > 0, rx.fragment(assignee_menu(), status_menu()), rx.fragment()),
        rx.cond(header["id"] > 0, thread_menu(), rx.fragment()),
        panel,
        data_keep_clear="true",
        class_name="flex h-13 flex-none items-center gap-2.5 border-b bg-surface px-4 max-sm:gap-1 max-sm:px-2",
    )


def _messages() -> rx.Component:
    rows = chat_list(
        OpenConversation.messages,
        row_of(message_row, SAMPLE),
        label=t("Messages"),
        jump_on=Composer.accepted + OpenConversation.jumps,
        has_older=OpenConversation.has_older,
        has_newer=OpenConversation.has_newer,
        arrived=OpenConversation.arrived,
        counted="inbound",
        fresh="fresh",
        key=OpenConversation.selected.to_string(),
        target=OpenConversation.target,
        aims=OpenConversation.aims,
        on_start_reached=OpenConversation.load_older,
        on_end_reached=OpenConversation.load_newer,
        on_jump=OpenConversation.to_latest,
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
