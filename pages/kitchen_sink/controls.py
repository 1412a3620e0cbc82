"""What is pressed and filled in."""

from __future__ import annotations

import reflex as rx

from pages.kitchen_sink.samples import VARIANTS, Sink
from state.base import Feedback
from wapto_app.ui.button import button, button_link, icon_button
from wapto_app.ui.card import details, section, stack
from wapto_app.ui.copy import copy_button
from wapto_app.ui.dialog import close_dialog, confirm_dialog, dialog, drawer, open_dialog
from wapto_app.ui.form import (
    checkbox,
    date_field,
    form,
    form_actions,
    number_field,
    password_field,
    radio_group,
    select_field,
    submit_button,
    switch,
    text_field,
    textarea_field,
)
from wapto_app.ui.keys import kbd
from wapto_app.ui.link import link, outside_link
from wapto_app.ui.menu import context_menu, menu, menu_item, menu_label, menu_separator, popover
from wapto_app.ui.tooltip import tooltip


def row(*children: rx.Component) -> rx.Component:
    return rx.el.div(*children, class_name="flex flex-wrap items-center gap-3")


def buttons() -> rx.Component:
    return section(
        "Buttons",
        stack(
            row(*[button(name.capitalize(), variant=name) for name in VARIANTS]),
            row(*[button(name.capitalize(), variant=name, icon="plus", size="sm") for name in VARIANTS]),
            row(*[button("Not now", variant=name, disabled=True) for name in VARIANTS]),
            row(
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


def form_controls() -> rx.Component:
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


def menus() -> rx.Component:
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
        row(
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
