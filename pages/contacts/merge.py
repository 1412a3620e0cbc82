"""The dialog that makes one contact of two."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.contacts.words import field_word
from pages.tag_parts import tag_chips
from state.contacts import MergeContacts
from wapto_app.ui.avatar import avatar
from wapto_app.ui.badge import badge
from wapto_app.ui.button import button
from wapto_app.ui.dialog import dialog
from wapto_app.ui.form import search_input
from wapto_app.ui.i18n import t
from wapto_app.ui.time import relative_time


def merge_dialog() -> rx.Component:
    compares = MergeContacts.sides.length() == 2
    confirm = rx.fragment(
        button(t("Cancel"), on_click=MergeContacts.close),
        rx.cond(
            compares,
            button(t("Merge contacts"), variant="primary", on_click=MergeContacts.merge),
            rx.fragment(),
        ),
    )
    return dialog(
        rx.cond(compares, _compare(), _search()),
        title=t("Merge contacts"),
        description=t(
            "Numbers, tags, notes and conversations of both are kept. If either opted out, the one contact is opted "
            "out. You can undo it for ten minutes."
        ),
        open=MergeContacts.is_open,
        on_close=MergeContacts.close,
        footer=confirm,
        width="lg",
    )


def _search() -> rx.Component:
    nothing = rx.el.p(t("Nobody found"), class_name="px-2 py-3 text-sm text-muted")
    return rx.el.div(
        search_input(
            "merge-search",
            t("Search the other contact"),
            value=MergeContacts.search,
            on_change=MergeContacts.find,
        ),
        rx.cond(
            (MergeContacts.search != "") & (MergeContacts.found.length() == 0),
            nothing,
            rx.el.ul(rx.foreach(MergeContacts.found, _found), class_name="mt-2 flex flex-col"),
        ),
        class_name="min-h-48",
    )


def _found(row: Any) -> rx.Component:
    return rx.el.li(
        rx.el.button(
            avatar(row["name"], size=32, class_name="flex-none"),
            rx.el.span(
                rx.el.span(row["name"], dir="auto", class_name="block truncate text-sm font-medium"),
                rx.el.span(row["phone"], " ", row["company"], class_name="block truncate text-xs text-muted"),
                class_name="min-w-0 flex-1",
            ),
            type="button",
            on_click=MergeContacts.choose(row["id"]),
            class_name="flex w-full items-center gap-3 rounded-md p-2 text-start hover:bg-hover",
        ),
        key=row["id"],
    )


def _compare() -> rx.Component:
    differ = rx.el.div(
        rx.el.p(t("Both have a value here. Choose the one to keep:"), class_name="text-sm"),
        rx.foreach(MergeContacts.choices, _choice),
        class_name="mt-5 flex flex-col gap-4",
    )
    return rx.el.div(
        rx.el.div(
            _side(MergeContacts.sides[0], badge(t("Stays"), tone="accent")),
            _side(MergeContacts.sides[1], badge(t("Goes into it"))),
            class_name="grid gap-3 sm:grid-cols-2",
        ),
        rx.el.div(
            button(
                t("Swap"), icon="arrow-left-right", size="sm", variant="ghost", on_click=MergeContacts.swap
            ),
            class_name="mt-2 flex justify-center",
        ),
        rx.cond(MergeContacts.choices.length() > 0, differ, rx.fragment()),
    )


def _side(side: Any, mark: rx.Component) -> rx.Component:
    row = side["row"]

    def line(value: Any) -> rx.Component:
        return rx.cond(value != "", rx.el.p(value, dir="auto", class_name="truncate"), rx.fragment())

    return rx.el.section(
        rx.el.div(
            avatar(row["name"], size=36, class_name="flex-none"),
            rx.el.p(row["name"], dir="auto", class_name="min-w-0 flex-1 truncate font-semibold"),
            mark,
            class_name="flex items-center gap-2.5",
        ),
        rx.el.div(
            line(row["phone"]),
            rx.cond(row["username"] != "", line("@" + row["username"].to(str)), rx.fragment()),
            line(row["company"]),
            line(row["email"]),
            tag_chips(row["tags"], class_name="flex flex-wrap gap-1 empty:hidden"),
            rx.cond(
                side["notes"] != "",
                rx.el.p(side["notes"], dir="auto", class_name="line-clamp-3 break-words whitespace-pre-line"),
                rx.fragment(),
            ),
            rx.el.p(t("Since"), " ", relative_time(row["created_at"])),
            class_name="mt-3 flex flex-col gap-1 text-sm text-muted",
        ),
        class_name="min-w-0 rounded-lg border border-line p-4",
    )


def _choice(choice: Any) -> rx.Component:
    def option(value: Any, keeps: bool) -> rx.Component:
        return rx.el.label(
            rx.el.input(
                type="radio",
                name="merge-" + choice["field"].to(str),
                checked=choice["keeps"] == keeps,
                on_change=lambda _value: MergeContacts.keep(choice["field"], keeps),
                class_name="check mt-0.5",
            ),
            rx.el.span(value, dir="auto", class_name="min-w-0 text-sm break-words"),
            class_name="flex min-w-0 flex-1 items-start gap-2",
        )

    return rx.el.fieldset(
        rx.el.legend(field_word(choice["field"]), class_name="mb-1.5 text-xs text-muted"),
        rx.el.div(
            option(choice["first"], True),
            option(choice["second"], False),
            class_name="grid gap-2 sm:grid-cols-2",
        ),
        key=choice["field"],
    )
