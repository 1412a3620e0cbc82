"""The left panel: what there is to do, newest first unless something else is chosen."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.inbox.bulk import bulk_bar
from pages.inbox.filters import filter_dialogs
from pages.inbox.found import found
from pages.inbox.ticks import tick
from state.inbox import Company, InboxList, OpenConversation
from state.inbox.bulk import InboxBulk
from state.inbox.filters import InboxFilters, InboxViews
from state.inbox.search import InboxSearch
from state.shell import Shell
from wapto_app.security.permissions import Permission
from wapto_app.services.company import Companion
from wapto_app.services.inbox import ConversationRow
from wapto_app.ui.avatar import avatar
from wapto_app.ui.badge import count
from wapto_app.ui.button import button, button_link, icon_button
from wapto_app.ui.chat_list import row_of
from wapto_app.ui.empty import empty_state
from wapto_app.ui.form import search_input
from wapto_app.ui.i18n import Text, t
from wapto_app.ui.lazy import on_demand
from wapto_app.ui.link import ReactRouterLink
from wapto_app.ui.menu import menu, menu_item, menu_label, menu_separator
from wapto_app.ui.skeleton import skeleton_rows
from wapto_app.ui.tags import chip
from wapto_app.ui.time import countdown, list_time
from wapto_app.ui.tokens import classes
from wapto_app.ui.window_list import window_list

SAMPLE: dict[str, Any] = {
    "id": 0,
    "name": "",
    "preview": "",
    "outbound": False,
    "tick": "",
    "at": "",
    "unread": 0,
    "window_closes_at": "",
    "channel": "",
    "status": "",
    "assignee": "",
    "tags": [],
    "more_tags": 0,
    "waiting_since": "",
    "snoozed_until": "",
}
Item = rx.Var[ConversationRow]


@rx.memo(wrapper=None)
def conversation_row(item: rx.Var[ConversationRow]) -> rx.Component:
    return ReactRouterLink.create(
        avatar(item["name"], size=40, class_name="flex-none self-start"),
        rx.el.div(_first_line(item), _second_line(item), _third_line(item), class_name="min-w-0 flex-1"),
        to=f"/inbox/{item['id']}{InboxList.query}",
        aria_current=rx.cond(OpenConversation.selected == item["id"], "true", "false"),
        data_testid="conversation-row",
        class_name=(
            "flex items-center gap-3 px-4 py-3 -outline-offset-2 hover:bg-hover aria-[current=true]:bg-hover"
        ),
    )


def _first_line(item: Item) -> rx.Component:
    return rx.el.div(
        rx.el.span(item["name"], dir="auto", class_name="min-w-0 flex-1 truncate font-medium"),
        _status(item["status"]),
        list_time(item["at"], class_name="flex-none text-xs text-muted"),
        class_name="flex items-center gap-2",
    )


def _status(status: rx.Var[str]) -> rx.Component:
    """A sign for what is not simply open."""

    def sign(icon: str, words: Text) -> rx.Component:
        return rx.el.span(
            rx.icon(icon, size=14, aria_hidden=True),
            role="img",
            aria_label=words,
            data_tip=words,
            data_testid="row-status",
            class_name="grid flex-none text-faint",
        )

    return rx.match(
        status,
        ("pending", sign("circle-pause", t("Pending"))),
        ("snoozed", sign("alarm-clock", t("Snoozed"))),
        ("resolved", sign("circle-check", t("Resolved"))),
        rx.fragment(),
    )


def _second_line(item: Item) -> rx.Component:
    has_draft, here = InboxList.drafts.contains(item["id"]), Company.rows[item["id"].to_string()]
    draft = rx.el.span(
        t("Draft"), data_testid="row-draft", class_name="flex-none font-medium text-accent-ink"
    )
    preview = rx.el.span(
        item["preview"],
        dir="auto",
        class_name=classes("min-w-0 flex-1 truncate", rx.cond(item["unread"] > 0, "text-ink", "text-muted")),
    )
    return rx.el.div(
        rx.cond(has_draft, draft, rx.cond(item["outbound"], tick(item["tick"]), rx.fragment())),
        preview,
        _here(here),
        rx.cond(item["assignee"] != "", _assignee(item["assignee"]), rx.fragment()),
        countdown(item["window_closes_at"], class_name="flex-none text-xs"),
        count(item["unread"], label=t("unread")),
        class_name="flex items-center gap-1.5 text-sm",
    )


def _here(one: rx.Var[Companion]) -> rx.Component:
    """A colleague has it open; a pen when they write."""
    words = rx.cond(
        one["writing"],
        t("{name} is writing", name=one["name"]),
        t("{name} is here too", name=one["name"]),
    )
    sign = rx.el.span(
        rx.cond(
            one["writing"],
            rx.icon("pen-line", size=14, aria_hidden=True),
            rx.icon("eye", size=14, aria_hidden=True),
        ),
        rx.el.span(words, class_name="sr-only"),
        data_tip=words,
        data_testid="row-company",
        class_name="flex-none text-info-ink",
    )
    return rx.cond(one["name"], sign, rx.fragment())


def _assignee(name: rx.Var[str]) -> rx.Component:
    return rx.el.span(
        avatar(name, size=18),
        rx.el.span(t("Assigned to {name}", name=name), class_name="sr-only"),
        data_tip=t("Assigned to {name}", name=name),
        data_testid="row-assignee",
        class_name="grid flex-none",
    )


def _third_line(item: Item) -> rx.Component:
    more = rx.el.span(
        "+",
        item["more_tags"],
        rx.el.span(" ", t("more tags"), class_name="sr-only"),
        class_name="flex-none text-xs text-muted tabular-nums",
    )
    chips = rx.el.div(
        rx.foreach(item["tags"], lambda tag: chip(tag["name"], tag["colour"], class_name="min-w-0")),
        rx.cond(item["more_tags"] > 0, more, rx.fragment()),
        class_name="mt-1.5 flex min-w-0 items-center gap-1",
    )
    return rx.cond(item["tags"].length() > 0, chips, rx.fragment())


def conversation_list() -> rx.Component:
    rows = window_list(
        InboxList.rows,
        row_of(conversation_row, SAMPLE),
        label=t("Conversations"),
        key=InboxList.query,
        has_above=InboxList.has_above,
        has_below=InboxList.has_more,
        picking=InboxBulk.picking,
        picked=InboxBulk.picked,
        on_start_reached=InboxList.earlier,
        on_end_reached=InboxList.more,
        on_pick=InboxBulk.pick,
        class_name="min-h-0 flex-1",
    )
    filled = rx.cond(InboxList.rows.length() > 0, rows, _nothing())
    shown = rx.fragment(
        _tabs(),
        _chips(),
        rx.cond(InboxList.loaded, filled, skeleton_rows(8)),
        on_demand(InboxBulk.picking | (InboxBulk.said.length() > 0), bulk_bar),
    )
    return rx.fragment(
        _head(),
        rx.cond(InboxSearch.asked != "", rx.fragment(), shown),
        on_demand(InboxSearch.asked != "", found),
        on_demand(InboxFilters.is_open | InboxViews.saving | InboxViews.managing, filter_dialogs),
    )


def _head() -> rx.Component:
    narrow = icon_button("sliders-horizontal", t("Filter"), on_click=InboxFilters.start, data_testid="filter")
    return rx.el.header(
        search_input(
            "inbox-search",
            t("Search the inbox"),
            value=InboxSearch.asked,
            on_change=InboxSearch.ask,
            class_name="min-w-0 flex-1",
        ),
        narrow,
        _views(),
        data_keep_clear="true",
        class_name="flex h-13 flex-none items-center gap-1 ps-3 pe-2",
    )


def _views() -> rx.Component:
    """Saved views, orders, and what concerns several."""

    def order(name: str, words: Text) -> rx.Component:
        return menu_item(words, checked=InboxList.sort == name, on_click=InboxList.order(name))

    may_do = Shell.permissions.contains(Permission.INBOX_DO.value)
    views = rx.fragment(
        menu_label(t("Views")),
        rx.foreach(
            InboxViews.rows,
            lambda row: menu_item(
                row["name"],
                icon="bookmark",
                href=f"/inbox{row['query']}",
                key=row["id"].to_string(),
            ),
        ),
        menu_item(t("Manage views"), icon="settings-2", on_click=InboxViews.manage(True)),
        menu_separator(),
    )
    deeds = rx.fragment(
        menu_separator(),
        menu_item(t("Save this view"), icon="bookmark-plus", on_click=InboxViews.name_new),
        menu_item(t("Select conversations"), icon="list-checks", shortcut="x", on_click=InboxBulk.start),
    )
    return menu(
        icon_button("ellipsis-vertical", t("Views and order")),
        rx.cond(InboxViews.rows.length() > 0, views, rx.fragment()),
        menu_label(t("Order")),
        order("newest", t("Newest first")),
        order("waiting", t("Waiting longest")),
        order("closing", t("Window closing soonest")),
        rx.cond(may_do, deeds, rx.fragment()),
        label=t("Views and order"),
        align="end",
        class_name="scroll-thin max-h-112 w-64 overflow-y-auto",
        on_open_change=InboxViews.offer,
    )


def _tabs() -> rx.Component:
    def tab(name: str, words: Text) -> rx.Component:
        number = InboxList.counts[name]
        return rx.el.button(
            words,
            rx.cond(
                number > 0,
                rx.el.span(
                    rx.cond(number > 999, "999+", number.to_string()),
                    data_testid=f"count-{name}",
                    class_name="text-xs text-faint tabular-nums",
                ),
                rx.fragment(),
            ),
            type="button",
            on_click=InboxList.look(name),
            aria_pressed=rx.cond(InboxList.tab == name, "true", "false"),
            class_name=(
                "flex h-9 items-center gap-1.5 border-b-2 border-transparent px-2 text-sm text-muted "
                "hover:text-ink aria-pressed:border-accent aria-pressed:font-medium aria-pressed:text-ink"
            ),
        )

    return rx.el.div(
        tab("mine", t("Mine")),
        tab("unassigned", t("Unassigned")),
        tab("all", t("All")),
        role="group",
        aria_label=t("Whose conversations"),
        class_name="flex flex-none gap-1 border-b px-2",
    )


def _chips() -> rx.Component:
    """Every filter that is on, each with a cross."""

    def one(item: Any) -> rx.Component:
        return rx.el.li(
            rx.el.span(_words(item), dir="auto", class_name="max-w-40 truncate"),
            rx.el.button(
                rx.icon("x", size=12, aria_hidden=True),
                type="button",
                aria_label=t("Remove this filter: {name}", name=_words(item)),
                on_click=InboxList.drop(item["kind"], item["value"]),
                class_name="-me-1 grid size-5 place-items-center rounded-full hover:bg-hover pointer-coarse:size-8",
            ),
            data_testid="filter-chip",
            class_name="flex h-6 items-center gap-1 rounded-full bg-accent-soft ps-2.5 pe-1.5 text-xs text-accent-ink",
        )

    chips = rx.el.div(
        rx.el.ul(
            rx.foreach(InboxList.chips, one),
            aria_label=t("Filters"),
            class_name="flex min-w-0 flex-1 flex-wrap gap-1.5",
        ),
        button(t("Clear"), size="sm", variant="ghost", on_click=InboxList.clear),
        class_name="flex flex-none items-center gap-1 border-b py-1 ps-3 pe-2",
    )
    return rx.cond(InboxList.chips.length() > 0, chips, rx.fragment())


def _words(item: Any) -> rx.Var[Any]:
    """What a chip says. What was deleted since has no name."""
    named = rx.cond(item["name"] != "", item["name"], t("deleted"))
    statuses = rx.match(
        item["value"],
        ("open", t("Open")),
        ("pending", t("Pending")),
        ("snoozed", t("Snoozed")),
        t("Resolved"),
    )
    window = rx.cond(item["value"] == "closing", t("Window closes within 2 h"), t("Window open"))
    return rx.match(
        item["kind"],
        ("unread", t("Unread")),
        ("unreplied", t("Unreplied")),
        ("agent", t("Agent: {name}", name=named)),
        ("team", t("Team: {name}", name=named)),
        ("tags", t("Tag: {name}", name=named)),
        ("number", t("Number: {name}", name=named)),
        ("since", t("From {day}", day=item["value"])),
        ("until", t("Until {day}", day=item["value"])),
        ("window", window),
        statuses,
    ).to(str)


def _nothing() -> rx.Component:
    unconnected = empty_state(
        "plug",
        t("No number connected yet"),
        t("Connect a WhatsApp number, and the messages of your customers appear here."),
        rx.cond(
            Shell.permissions.contains(Permission.INTEGRATIONS_SEE.value),
            button_link(t("Connect a number"), "/integrations", variant="primary"),
            rx.fragment(),
        ),
    )
    narrowed = empty_state(
        "search-x",
        t("Nothing matches"),
        t("No conversation has all of these filters."),
        button(t("Clear filters"), on_click=InboxList.clear),
    )
    mine = empty_state(
        "inbox",
        t("Nothing to do"),
        t("Conversations that are given to you, or that you take, appear here."),
        button(t("Show all"), on_click=InboxList.look("all")),
    )
    free = empty_state("inbox", t("Nothing unassigned"), t("Somebody works on every conversation."))
    nothing = empty_state(
        "inbox",
        t("No conversations yet"),
        t("When a customer writes to your number, the conversation appears here at once."),
    )
    plain = rx.match(InboxList.tab, ("mine", mine), ("unassigned", free), nothing)
    return rx.cond(
        InboxList.chips.length() > 0, narrowed, rx.cond(Shell.numbers.length() > 0, plain, unconnected)
    )
