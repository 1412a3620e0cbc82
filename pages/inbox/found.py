"""What a search finds: people first, then messages with the words around what was found."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.contacts.new import chat_dialog
from state.contacts import StartChat
from state.inbox import InboxList, OpenConversation
from state.inbox.search import InboxSearch
from state.shell import Shell
from wapto_app.security.permissions import Permission
from wapto_app.ui.avatar import avatar
from wapto_app.ui.button import button
from wapto_app.ui.empty import empty_state
from wapto_app.ui.i18n import Text, t
from wapto_app.ui.link import ReactRouterLink
from wapto_app.ui.time import list_time

_MAY_WRITE = Shell.permissions.contains(Permission.INBOX_DO.value)
_ROW = "flex items-center gap-3 px-4 py-2.5 -outline-offset-2 hover:bg-hover aria-[current=true]:bg-hover"


@rx.memo(wrapper=None)
def found() -> rx.Component:
    """In the place of the list, as long as something is searched for."""
    has_people, has_messages = InboxSearch.people.length() > 0, InboxSearch.messages.length() > 0
    has_silent = InboxSearch.silent.length() > 0
    nothing = rx.cond(
        InboxSearch.asked.length() < 2,
        empty_state("search", t("Write a little more"), t("A search needs at least two letters.")),
        empty_state(
            "search-x",
            t("Nothing found"),
            t("No name, number or message has “{words}” in it.", words=InboxSearch.asked),
        ),
    )
    results = rx.el.div(
        rx.cond(has_people, _people(), rx.fragment()),
        rx.cond(has_silent, _silent(), rx.fragment()),
        rx.cond(has_messages, _messages(), rx.fragment()),
        rx.cond(has_people | has_silent | has_messages, rx.fragment(), nothing),
        rx.cond(_MAY_WRITE, chat_dialog(), rx.fragment()),
        data_testid="found",
        class_name="scroll-thin min-h-0 flex-1 overflow-y-auto border-t",
    )
    return rx.cond(InboxSearch.asked != "", results, rx.fragment())


def _group(label: Text, rows: rx.Component, has_more: rx.Var[bool], on_more: Any) -> rx.Component:
    more = rx.el.div(
        button(t("Show more"), variant="ghost", size="sm", on_click=on_more),
        class_name="flex justify-center py-2",
    )
    return rx.el.section(
        rx.el.h2(label, class_name="px-4 pt-3 pb-1 text-xs font-medium text-muted"),
        rows,
        rx.cond(has_more, more, rx.fragment()),
        aria_label=label,
    )


def _people() -> rx.Component:
    def row(item: Any) -> rx.Component:
        link = ReactRouterLink.create(
            avatar(item["name"], size=32, class_name="flex-none"),
            rx.el.div(
                rx.el.div(item["name"], dir="auto", class_name="truncate text-sm font-medium"),
                rx.el.div(item["preview"], dir="auto", class_name="truncate text-xs text-muted"),
                class_name="min-w-0 flex-1",
            ),
            list_time(item["at"], class_name="flex-none text-xs text-muted"),
            to=f"/inbox/{item['id']}{InboxList.query}",
            aria_current=rx.cond(OpenConversation.selected == item["id"], "true", "false"),
            data_testid="found-person",
            class_name=_ROW,
        )
        return rx.el.li(link, key=item["id"].to_string())

    rows = rx.el.ul(rx.foreach(InboxSearch.people, row))
    return _group(t("People"), rows, InboxSearch.more_people, InboxSearch.all_people)


def _silent() -> rx.Component:
    """Contacts with whom there is no conversation yet."""

    def row(item: Any) -> rx.Component:
        start = button(t("Start chat"), size="sm", on_click=StartChat.start(item["id"], item["name"]))
        return rx.el.li(
            avatar(item["name"], size=32, class_name="flex-none"),
            rx.el.span(item["name"], dir="auto", class_name="min-w-0 flex-1 truncate text-sm font-medium"),
            rx.cond(_MAY_WRITE, start, rx.fragment()),
            data_testid="found-silent",
            key=item["id"].to_string(),
            class_name="flex items-center gap-3 px-4 py-2",
        )

    rows = rx.el.ul(rx.foreach(InboxSearch.silent, row))
    return rx.el.section(
        rx.el.h2(
            t("Contacts without a conversation"), class_name="px-4 pt-3 pb-1 text-xs font-medium text-muted"
        ),
        rows,
        aria_label=t("Contacts without a conversation"),
    )


def _messages() -> rx.Component:
    def row(item: Any) -> rx.Component:
        mark = rx.el.mark(item["match"], class_name="rounded-sm bg-accent-soft px-0.5 text-accent-ink")
        who = rx.cond(
            item["outbound"], rx.icon("corner-up-right", size=13, class_name="mirror flex-none"), ""
        )
        link = ReactRouterLink.create(
            rx.el.div(
                rx.el.span(
                    item["name"], dir="auto", class_name="min-w-0 flex-1 truncate text-sm font-medium"
                ),
                rx.cond(item["note"], rx.icon("sticky-note", size=13, class_name="text-warning-ink"), who),
                list_time(item["at"], class_name="flex-none text-xs text-muted"),
                class_name="flex items-center gap-2",
            ),
            rx.el.p(
                item["before"],
                mark,
                item["after"],
                dir="auto",
                class_name="line-clamp-2 text-sm text-muted",
            ),
            to=f"/inbox/{item['conversation_id']}?message={item['id']}{InboxList.query.replace('?', '&')}",
            data_testid="found-message",
            class_name="block px-4 py-2.5 -outline-offset-2 hover:bg-hover",
        )
        return rx.el.li(link, key=item["id"].to_string())

    rows = rx.el.ul(rx.foreach(InboxSearch.messages, row), class_name="divide-y divide-line")
    return _group(t("Messages"), rows, InboxSearch.more_messages, InboxSearch.more)
