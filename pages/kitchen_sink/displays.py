"""What only shows something, tables and lists among it."""

from __future__ import annotations

import reflex as rx

from pages.kitchen_sink.controls import row
from pages.kitchen_sink.samples import NAMES, TONES, Customer, Line, Sink
from state.base import Feedback
from wapto_app.ui.avatar import avatar
from wapto_app.ui.badge import badge, count, dot
from wapto_app.ui.banner import banner
from wapto_app.ui.button import button, icon_button
from wapto_app.ui.card import card, section, stack
from wapto_app.ui.chat_list import chat_list, row_of
from wapto_app.ui.copy import copy_field
from wapto_app.ui.empty import empty_state
from wapto_app.ui.form import (
    search_input,
)
from wapto_app.ui.keys import shortcut
from wapto_app.ui.menu import menu, menu_item
from wapto_app.ui.progress import meter, progress
from wapto_app.ui.skeleton import skeleton_lines, skeleton_rows
from wapto_app.ui.stepper import stepper
from wapto_app.ui.table import Column, Selection, Sort, pager, table
from wapto_app.ui.tabs import Tab, link_tabs, tabs
from wapto_app.ui.time import (
    clock_time,
    countdown,
    date_only,
    day_label,
    exact_time,
    list_time,
    relative_time,
    time_left,
)
from wapto_app.ui.tokens import Tone


@rx.memo(wrapper=None)
def sink_line(item: rx.Var[Line]) -> rx.Component:
    look = rx.cond(item["mine"], "ms-auto bg-bubble-out", "bg-bubble-in")
    bubble = rx.el.div(
        item["text"],
        class_name=rx.Var.create(["max-w-[75%] rounded-lg px-3 py-2 text-sm shadow-card", look])
        .to(list[str])
        .join(" "),
    )
    return rx.el.div(bubble, class_name="flex px-4 py-1")


def words() -> rx.Component:
    return section(
        "Badges, avatars, times",
        stack(
            row(*[badge(tone.capitalize(), tone=tone) for tone in TONES], badge("With icon", icon="tag")),
            row(
                *[rx.el.span(dot(tone), tone, class_name="flex items-center gap-2 text-sm") for tone in TONES]
            ),
            row(
                count(3, label="unread"),
                count(128),
                *[avatar(name, size=36) for name in NAMES],
                avatar("", size=36),
            ),
            rx.el.div(
                *[
                    rx.el.span(time, class_name="text-sm")
                    for time in (
                        relative_time(Sink.moment),
                        relative_time(Sink.window),
                        list_time(Sink.yesterday),
                        clock_time(Sink.moment),
                        exact_time(Sink.last_year),
                        date_only(Sink.last_year),
                        time_left(Sink.window),
                        day_label(Sink.moment),
                        day_label(Sink.last_year),
                        countdown(Sink.window),
                        countdown(Sink.last_hour),
                        countdown(Sink.yesterday, over="Window closed"),
                    )
                ],
                class_name="flex flex-wrap gap-5",
            ),
            gap="gap-4",
        ),
    )


def states() -> rx.Component:
    tags = button("New tag", variant="primary", icon="plus")
    return rx.el.div(
        card(
            empty_state("tags", "No tags yet", "Tags group contacts for filters and campaigns.", tags),
            class_name="",
        ),
        card(skeleton_rows(4), class_name="py-2"),
        card(skeleton_lines(5)),
        card(
            copy_field(
                "Webhook address", "https://chat.example.com/webhooks/whatsapp", help="Paste it at Meta."
            )
        ),
        card(
            stack(
                progress(62, label="Import"),
                meter("Messages this month", 1840, 5000),
                meter("Contacts", 880, 1000),
                meter("Agents", 5, 5),
                meter("Templates", 12, None),
                gap="gap-5",
            )
        ),
        class_name="grid gap-6 md:grid-cols-2",
    )


def feedback() -> rx.Component:
    levels = ("success", "info", "warning", "error")
    says = {
        "success": "Template submitted for review.",
        "info": "Amara Okafor was assigned to you.",
        "warning": "80 % of this month's messages are used.",
        "error": "WhatsApp refused the access token of Main number. Reconnect the number under Integrations.",
    }
    return section(
        "Notices and banners",
        stack(
            row(*[button(level.capitalize(), on_click=Feedback.say(level, says[level])) for level in levels]),
            *[banner(f"A {tone} banner says what is the case.", tone=tone) for tone in TONES],
            banner(
                "WhatsApp refused the access token.",
                title="Main number is disconnected",
                tone="danger",
                action=button("Reconnect", size="sm"),
            ),
            gap="gap-3",
        ),
    )


def table_sample() -> rx.Component:
    tones: dict[str, Tone] = {"open": "accent", "pending": "warning", "resolved": "neutral"}

    def status(row: rx.Var[Customer]) -> rx.Component:
        return rx.match(
            row["status"],
            *[(key, badge(key.capitalize(), tone=tone)) for key, tone in tones.items()],
            badge("?"),
        )

    columns = (
        Column(
            "Name",
            lambda row: rx.el.span(
                avatar(row["name"], size=24), row["name"], class_name="inline-flex items-center gap-2.5"
            ),
            sort="name",
        ),
        Column("Phone", lambda row: row["phone"], hide=True),
        Column("Status", status),
        Column(
            "Messages",
            lambda row: rx.Var(
                f"{row['messages']!s}.toLocaleString()", _var_data=row["messages"]._get_all_var_data()
            ),
            sort="messages",
            number=True,
        ),
        Column("Last seen", lambda row: relative_time(row["last_seen"], class_name="text-muted"), hide=True),
    )
    return stack(
        search_input(
            "sink-search",
            "Search contacts",
            value=Sink.query,
            on_change=Sink.search,
            class_name="w-full sm:w-72",
        ),
        table(
            Sink.customers,
            *columns,
            label="Contacts",
            on_row_click=lambda row: Feedback.say("info", row["name"]),
            row_name=lambda row: row["name"],
            row_actions=lambda row: menu(
                icon_button("ellipsis", "More"),
                menu_item("Edit", icon="pencil"),
                label="Contact",
                align="end",
            ),
            sort=Sort(Sink.sort, Sink.order),
            selection=Selection(
                Sink.chosen, Sink.toggle, Sink.toggle_all, [button("Tag", size="sm", icon="tag")]
            ),
            pager=pager(
                shown="1–8 of 2,410",
                has_previous=rx.Var.create(False),
                has_next=rx.Var.create(True),
                on_previous=Sink.open,
                on_next=Sink.open,
            ),
        ),
        table(
            Sink.chosen.to(list[dict[str, str]]),
            Column("Name", lambda row: row["name"]),
            Column("Phone", lambda row: row["phone"]),
            label="Loading table",
            loading=True,
        ),
        gap="gap-4",
    )


def navigation() -> rx.Component:
    return section(
        "Tabs, steps, keyboard",
        stack(
            tabs(
                Tab("open", "Open", rx.el.p("Open conversations.", class_name="text-sm"), count=12),
                Tab("mine", "Mine", rx.el.p("Mine alone.", class_name="text-sm")),
                Tab("all", "All", rx.el.p("All of them.", class_name="text-sm"), count=2410),
                label="Conversations",
            ),
            link_tabs(("Kitchen sink", "/kitchen-sink"), ("Inbox", "/inbox"), label="Views"),
            stepper(("Method", "Number", "Verification", "Connected"), 2, label="Connect a number"),
            shortcut("w", Sink.write, "Write a line"),
            gap="gap-6",
        ),
    )


def chat() -> rx.Component:
    rows = chat_list(
        Sink.lines,
        row_of(sink_line, {"id": 0, "text": "", "mine": False}),
        label="Conversation",
        on_start_reached=Sink.older,
    )
    return section(
        "Chat list",
        rx.el.div(rows, class_name="h-80 overflow-hidden rounded-lg bg-chat"),
        action=button("Write a line", size="sm", on_click=Sink.write),
    )
