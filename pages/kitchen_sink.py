"""Every component in every state, for whoever works on the design. Registered in development only."""

from __future__ import annotations

from datetime import timedelta
from typing import TypedDict

import reflex as rx

from pages.frame import frame
from state.base import Feedback, success
from state.shell import Shell
from wapto_app.clock import utcnow
from wapto_app.security.policy import public
from wapto_app.services.errors import Invalid
from wapto_app.ui.avatar import avatar
from wapto_app.ui.badge import badge, count, dot
from wapto_app.ui.banner import banner
from wapto_app.ui.button import Variant, button, button_link, icon_button
from wapto_app.ui.card import card, details, page_body, page_header, section, stack
from wapto_app.ui.copy import copy_button, copy_field
from wapto_app.ui.dialog import close_dialog, confirm_dialog, dialog, drawer, open_dialog
from wapto_app.ui.empty import empty_state
from wapto_app.ui.form import (
    checkbox,
    date_field,
    form,
    form_actions,
    number_field,
    password_field,
    radio_group,
    search_input,
    select_field,
    submit_button,
    switch,
    text_field,
    textarea_field,
)
from wapto_app.ui.keys import kbd, shortcut
from wapto_app.ui.link import link, outside_link
from wapto_app.ui.menu import context_menu, menu, menu_item, menu_label, menu_separator, popover
from wapto_app.ui.progress import meter, progress
from wapto_app.ui.skeleton import skeleton_lines, skeleton_rows
from wapto_app.ui.stepper import stepper
from wapto_app.ui.table import Column, Selection, Sort, pager, table
from wapto_app.ui.tabs import Tab, link_tabs, tabs
from wapto_app.ui.time import clock_time, countdown, day_label, exact_time, list_time, relative_time
from wapto_app.ui.tokens import SOFT_TONES, Tone
from wapto_app.ui.tooltip import tooltip
from wapto_app.ui.virtual_list import row_of, virtual_list

_VARIANTS: tuple[Variant, ...] = ("primary", "secondary", "ghost", "danger")
_TONES: tuple[Tone, ...] = tuple(SOFT_TONES)
_NAMES = (
    "Amara Okafor",
    "Jonas Weber",
    "李小龙",
    "Zoë García",
    "Ravi",
    "Fatima al-Sayed",
    "Olga Petrova",
    "Ben",
)


class Customer(TypedDict):
    id: int
    name: str
    phone: str
    messages: int
    status: str
    last_seen: str


class Line(TypedDict):
    id: int
    text: str
    mine: bool


class Sink(rx.State):
    """Enough of a state to press every button."""

    customers: list[Customer] = []
    lines: list[Line] = []
    chosen: list[int] = []
    sort: str = "name"
    query: str = ""
    asking: bool = False
    loading: bool = False
    moment: str = ""
    yesterday: str = ""
    last_year: str = ""
    window: str = ""
    last_hour: str = ""

    @rx.event
    @public
    def open(self) -> None:
        now = utcnow()
        self.query = ""
        self.customers = _customers()
        self.lines = [_line(i) for i in range(60)]
        self.moment = (now - timedelta(minutes=5)).isoformat()
        self.yesterday = (now - timedelta(days=1)).isoformat()
        self.last_year = (now - timedelta(days=400)).isoformat()
        self.window = (now + timedelta(hours=23, minutes=41)).isoformat()
        self.last_hour = (now + timedelta(minutes=59)).isoformat()

    @rx.event
    @public
    def order(self, by: str) -> None:
        self.sort = by
        name = "messages" if by.endswith("messages") else "name"
        self.customers = sorted(self.customers, key=lambda row: row[name], reverse=by.startswith("-"))

    @rx.event
    @public
    def toggle(self, customer_id: int) -> None:
        self.chosen = [*{*self.chosen} ^ {customer_id}]

    @rx.event
    @public
    def toggle_all(self, checked: bool) -> None:
        self.chosen = [customer["id"] for customer in self.customers] if checked else []

    @rx.event
    @public
    def search(self, query: str) -> None:
        self.query = query
        self.customers = [row for row in _customers() if query.casefold() in row["name"].casefold()]

    @rx.event
    @public
    def ask(self, asking: bool) -> None:
        self.asking = asking

    @rx.event
    @public
    def load(self) -> None:
        self.loading = not self.loading

    @rx.event
    @public
    def save(self, values: dict[str, object]) -> rx.event.EventSpec:
        if "@" not in str(values.get("email", "")):
            raise Invalid("email", "This is no e-mail address. Write it as name@example.com.")
        return success("Contact saved.")

    @rx.event
    @public
    def older(self) -> None:
        first = self.lines[0]["id"]
        if first > -200:
            self.lines = [*[_line(first - i) for i in range(30, 0, -1)], *self.lines]

    @rx.event
    @public
    def write(self) -> None:
        self.lines = [*self.lines, _line(self.lines[-1]["id"] + 1)]


def _customers() -> list[Customer]:
    return [
        Customer(
            id=i,
            name=name,
            phone=f"+49 151 2345 67{i:02d}",
            messages=i * 1234,
            status=("open", "pending", "resolved")[i % 3],
            last_seen=(utcnow() - timedelta(hours=i * 7)).isoformat(),
        )
        for i, name in enumerate(_NAMES)
    ]


def _line(i: int) -> Line:
    return Line(id=i, text=f"Line {i}. " + "A few more words. " * (i % 5), mine=i % 3 == 0)


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


def _row(*children: rx.Component) -> rx.Component:
    return rx.el.div(*children, class_name="flex flex-wrap items-center gap-3")


def _buttons() -> rx.Component:
    return section(
        "Buttons",
        stack(
            _row(*[button(name.capitalize(), variant=name) for name in _VARIANTS]),
            _row(*[button(name.capitalize(), variant=name, icon="plus", size="sm") for name in _VARIANTS]),
            _row(*[button("Not now", variant=name, disabled=True) for name in _VARIANTS]),
            _row(
                button("Large", variant="primary", size="lg"),
                button("Press to load", loading=Sink.loading, on_click=Sink.load, variant="primary"),
                button("Loading", loading=True),
                button_link("A link", "/inbox", icon="inbox"),
                icon_button("archive", "Archive"),
                icon_button("trash-2", "Delete", disabled=True),
                copy_button("copied text", label="Copy the text"),
                link("A page of ours", "/profile"),
                outside_link("Meta's guide", "https://developers.facebook.com/docs/whatsapp"),
                kbd("mod+k"),
            ),
            gap="gap-4",
        ),
    )


def _form() -> rx.Component:
    errors = Feedback.errors
    return section(
        "Form",
        form(
            rx.el.div(
                text_field("name", "Name", default_value="Amara Okafor", auto_complete="off"),
                text_field(
                    "email",
                    "E-mail",
                    errors=errors,
                    help="Where receipts go.",
                    placeholder="name@example.com",
                ),
                password_field(
                    "secret", "Password", auto_complete="new-password", help="At least 10 characters."
                ),
                select_field("language", "Language", [("en", "English"), ("es", "Español")], optional=True),
                number_field("limit", "Limit", default_value="1500", optional=True),
                date_field("due", "Due", with_time=True, optional=True),
                class_name="grid gap-5 sm:grid-cols-2",
            ),
            textarea_field("note", "Note", optional=True, help="Only your team sees it."),
            text_field("fixed", "Phone number id", default_value="106540352242922", disabled=True),
            radio_group(
                "when", "When", [("now", "At once"), ("later", "At a time of my choice")], default="now"
            ),
            checkbox(
                "agree",
                "The contact agreed to receive messages",
                help="Needed for campaigns.",
                default_checked=True,
            ),
            checkbox("none", "Not available on your plan", disabled=True),
            switch(
                "sound", "Play a sound for new messages", help="In this browser only.", default_checked=True
            ),
            form_actions(button("Cancel", variant="ghost"), submit_button("Save contact")),
            on_submit=Sink.save,
        ),
    )


def _menus() -> rx.Component:
    items = (
        menu_label("Conversation"),
        menu_item("Assign", icon="user-plus", shortcut="a"),
        menu_item("Mark as unread", icon="mail"),
        menu_item("Not possible now", icon="clock", disabled=True),
        menu_separator(),
        menu_item("Delete", icon="trash-2", danger=True, on_click=open_dialog("sink-delete")),
    )
    area = rx.el.div(
        "Right-click here",
        class_name="rounded-lg border border-dashed px-6 py-5 text-sm text-muted",
        tab_index=0,
    )
    return section(
        "Menus, dialogs, tooltips",
        _row(
            menu(button("Menu", icon="chevron-down"), *items, label="Conversation"),
            menu(
                button("Choice"),
                menu_item("Newest first", checked=True),
                menu_item("Oldest first", checked=False),
                label="Order",
                align="end",
            ),
            popover(button("Popover"), rx.el.p("Any content.", class_name="text-sm"), label="More"),
            button("Dialog", on_click=open_dialog("sink-dialog")),
            button("Drawer", on_click=open_dialog("sink-drawer")),
            button("From the state", on_click=Sink.ask(True)),
            tooltip("What is this?", "An explanation that fits into a line or two, no longer."),
            context_menu(area, *items, label="Conversation"),
        ),
        confirm_dialog(
            id="sink-delete",
            title="Delete this conversation?",
            text="Its 34 messages and 2 notes are deleted for everybody. This cannot be undone.",
            confirm="Delete conversation",
            on_confirm=Feedback.say("success", "Conversation deleted."),
        ),
        dialog(
            stack(
                text_field("tag", "Name of the tag"),
                text_field("hint", "Description", optional=True),
                gap="gap-5",
            ),
            id="sink-dialog",
            title="New tag",
            description="Tags group contacts for filters and campaigns.",
            footer=rx.fragment(
                button("Cancel", on_click=close_dialog("sink-dialog")),
                button("Create tag", variant="primary", on_click=close_dialog("sink-dialog")),
            ),
        ),
        dialog(
            rx.el.p("The state opened it, and hears when it is closed.", class_name="text-sm"),
            title="From the state",
            open=Sink.asking,
            on_close=Sink.ask(False),
        ),
        drawer(
            details(("Phone", "+49 151 2345 678"), ("Source", "Website")),
            id="sink-drawer",
            title="Amara Okafor",
        ),
    )


def _words() -> rx.Component:
    return section(
        "Badges, avatars, times",
        stack(
            _row(*[badge(tone.capitalize(), tone=tone) for tone in _TONES], badge("With icon", icon="tag")),
            _row(
                *[
                    rx.el.span(dot(tone), tone, class_name="flex items-center gap-2 text-sm")
                    for tone in _TONES
                ]
            ),
            _row(
                count(3, label="unread"),
                count(128),
                *[avatar(name, size=36) for name in _NAMES],
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


def _states() -> rx.Component:
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


def _feedback() -> rx.Component:
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
            _row(
                *[button(level.capitalize(), on_click=Feedback.say(level, says[level])) for level in levels]
            ),
            *[banner(f"A {tone} banner says what is the case.", tone=tone) for tone in _TONES],
            banner(
                "WhatsApp refused the access token.",
                title="Main number is disconnected",
                tone="danger",
                action=button("Reconnect", size="sm"),
            ),
            gap="gap-3",
        ),
    )


def _table() -> rx.Component:
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


def _navigation() -> rx.Component:
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


def _chat() -> rx.Component:
    rows = virtual_list(
        Sink.lines,
        row_of(sink_line, {"id": 0, "text": "", "mine": False}),
        label="Conversation",
        bottom=True,
        on_start_reached=Sink.older,
    )
    return section(
        "Virtual list",
        rx.el.div(rows, class_name="h-80 overflow-hidden rounded-lg bg-chat"),
        action=button("Write a line", size="sm", on_click=Sink.write),
    )


def kitchen_sink() -> rx.Component:
    page = page_body(
        page_header(
            "Kitchen sink",
            button("Secondary"),
            button("Primary", variant="primary", icon="plus"),
            description="Every component in every state.",
        ),
        stack(
            _buttons(),
            _form(),
            _menus(),
            _words(),
            _feedback(),
            _states(),
            _table(),
            _navigation(),
            _chat(),
            gap="gap-6",
        ),
    )
    return frame("Kitchen sink", rx.el.div(page, on_mount=[Shell.load, Sink.open], class_name="h-full"))
