"""The columns of the table, and the menu that chooses them."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.contacts.words import opt_badge
from pages.field_parts import field_value
from pages.source_words import source_words
from pages.tag_parts import tag_chips
from state.contacts import ContactList
from wapto_app.ui.avatar import avatar
from wapto_app.ui.badge import badge
from wapto_app.ui.button import button
from wapto_app.ui.form import Check
from wapto_app.ui.i18n import t
from wapto_app.ui.language import language_name
from wapto_app.ui.menu import popover
from wapto_app.ui.table import Column, MoreColumns
from wapto_app.ui.time import relative_time


def _titles() -> list[tuple[str, rx.Var[str]]]:
    return [
        ("phone", t("Phone")),
        ("username", t("Username")),
        ("company", t("Company")),
        ("email", t("E-mail")),
        ("language", t("Language")),
        ("source", t("Source")),
        ("tags", t("Tags")),
        ("opt", t("Opt-in")),
        ("created", t("Created")),
        ("last", t("Last message")),
    ]


def table_columns() -> list[Column]:
    """The first one is always there."""
    cells: dict[str, Any] = {
        "phone": lambda row: rx.el.span(row["phone"], dir="ltr", class_name="whitespace-nowrap tabular-nums"),
        "username": lambda row: rx.cond(row["username"] != "", "@" + row["username"].to(str), ""),
        "company": lambda row: _text(row["company"]),
        "email": lambda row: _text(row["email"]),
        "language": lambda row: rx.cond(row["language"] != "", language_name(row["language"]), ""),
        "source": lambda row: _text(source_words(row["source"])),
        "tags": lambda row: tag_chips(
            row["tags"], class_name="flex max-w-64 flex-wrap items-center gap-1 py-1"
        ),
        "opt": lambda row: opt_badge(row["opt"]),
        "created": lambda row: relative_time(row["created_at"], class_name="whitespace-nowrap"),
        "last": lambda row: relative_time(row["last_at"], class_name="whitespace-nowrap"),
    }
    sorts = {"company", "created", "last"}
    return [
        Column(t("Name"), _who, sort="name"),
        *(
            Column(
                title,
                cells[name],
                sort=name if name in sorts else "",
                hide=True,
                shown=ContactList.shown.contains(name),
            )
            for name, title in _titles()
        ),
    ]


def written_columns() -> MoreColumns:
    """Custom fields that somebody chose to see."""
    return MoreColumns(
        ContactList.shown_fields,
        lambda field: field["label"],
        lambda field, row: rx.el.div(field_value(field, _value(row, field)), class_name="max-w-48 truncate"),
    )


def _value(row: Any, field: Any) -> rx.Var[str]:
    values = row["fields"].to(dict[str, str])
    return rx.cond(values[field["key"]], values[field["key"]], "").to(str)


def _text(value: Any) -> rx.Component:
    return rx.el.span(value, dir="auto", class_name="block max-w-40 truncate 2xl:max-w-72", title=value)


def _who(row: Any) -> rx.Component:
    below = rx.cond(row["phone"] != "", row["phone"], row["company"])
    return rx.el.span(
        avatar(row["name"], size=28, class_name="flex-none"),
        rx.el.span(
            rx.el.span(
                rx.el.span(row["name"], dir="auto", class_name="min-w-0 truncate"),
                rx.cond(row["blocked"], badge(t("Blocked"), tone="danger"), rx.fragment()),
                class_name="flex min-w-0 items-center gap-2",
            ),
            rx.cond(
                below != "",
                rx.el.span(
                    rx.el.bdi(below, dir=rx.cond(row["phone"] != "", "ltr", "auto")),
                    class_name="block truncate text-xs font-normal text-muted md:hidden",
                ),
                rx.fragment(),
            ),
            class_name="min-w-0 max-w-56 sm:max-w-72",
        ),
        class_name="flex items-center gap-2.5 py-1.5",
    )


def column_menu() -> rx.Component:
    """What is shown is kept for the account."""

    def line(column: Any, title: Any) -> rx.Component:
        box = Check.create(
            checked=ContactList.shown.contains(column),
            on_change=lambda wanted: ContactList.show_column(column, wanted),
            class_name="check",
        )
        return rx.el.label(
            box,
            rx.el.span(title, dir="auto", class_name="min-w-0 flex-1 truncate text-sm"),
            class_name="flex min-h-9 items-center gap-2.5 rounded-md px-2 hover:bg-hover",
        )

    lines = rx.el.div(
        *[line(name, title) for name, title in _titles()],
        rx.foreach(ContactList.fields, lambda field: line("field:" + field["key"].to(str), field["label"])),
        class_name="scroll-thin flex max-h-96 w-60 flex-col overflow-y-auto",
    )
    trigger = button(t("Columns"), icon="columns-3", class_name="max-md:hidden")
    return popover(trigger, lines, label=t("Columns"), align="end")
