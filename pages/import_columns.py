"""The step of an import in which every column is given a meaning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import reflex as rx

from integrations.tables import DELIMITERS, ENCODINGS
from state.base import Feedback
from state.imports import Imports
from state.shell import Shell
from wapto_app.security.permissions import Permission
from wapto_app.ui.button import button
from wapto_app.ui.card import section, stack
from wapto_app.ui.form import FieldError, LiveText, select_field, text_field
from wapto_app.ui.i18n import Text, from_server, t

_MAY_MAKE = Shell.permissions.contains(Permission.TAGS_DO.value)
_SHOWN = Imports.shown
_MEANINGS: tuple[tuple[str, Text], ...] = (
    ("", t("Leave out")),
    ("phone", t("Phone number")),
    ("name", t("Name")),
    ("first_name", t("First name")),
    ("last_name", t("Last name")),
    ("company", t("Company")),
    ("email", t("E-mail")),
    ("language", t("Language")),
    ("source", t("Source")),
    ("notes", t("Notes")),
    ("tags", t("Tags")),
    ("opt_in", t("Opt-in (yes or no)")),
)
_KINDS: tuple[tuple[str, Text], ...] = (
    ("text", t("Text")),
    ("long_text", t("Long text")),
    ("number", t("Number")),
    ("date", t("Date")),
    ("yes_no", t("Yes or no")),
)
_POLICIES: tuple[tuple[str, Text], ...] = (
    ("skip", t("Skip them")),
    ("update", t("Update them with what the file says")),
    ("fill", t("Fill in only what is empty")),
)
_DELIMITERS: tuple[tuple[str, Text], ...] = (
    (DELIMITERS["comma"], t("Comma")),
    (DELIMITERS["semicolon"], t("Semicolon")),
    (DELIMITERS["tab"], t("Tab")),
    (DELIMITERS["pipe"], t("Vertical bar")),
)
_ENCODING_NAMES = {
    "utf-8": "Unicode (UTF-8)",
    "utf-16": "Unicode (UTF-16)",
    "cp1252": "Western (Windows-1252)",
    "iso-8859-1": "Western (ISO-8859-1)",
    "cp1250": "Central European (Windows-1250)",
    "cp1251": "Cyrillic (Windows-1251)",
    "cp1253": "Greek (Windows-1253)",
    "cp1254": "Turkish (Windows-1254)",
    "cp1255": "Hebrew (Windows-1255)",
    "cp1256": "Arabic (Windows-1256)",
    "shift_jis": "Japanese (Shift-JIS)",
    "euc_jp": "Japanese (EUC-JP)",
    "gb18030": "Chinese (GB18030)",
    "big5": "Chinese (Big5)",
    "euc_kr": "Korean (EUC-KR)",
    "koi8_r": "Cyrillic (KOI8-R)",
    "mac_roman": "Western (Mac)",
}


def columns_step(regions: Sequence[tuple[str, Text]]) -> rx.Component:
    return stack(
        section(
            t("What is in which column?"),
            rx.el.ul(rx.foreach(Imports.columns, _column), class_name="-m-5 divide-y"),
            FieldError.create(
                control="columns", id="columns-error", text=from_server(Feedback.errors["columns"])
            ),
            description=t(
                "{rows} rows in “{name}”. Correct what was guessed wrong.",
                rows=Imports.head["total"],
                name=Imports.head["filename"],
            ),
        ),
        section(t("For all rows"), _for_all(regions)),
        section(
            t("How the file is read"),
            _reading(),
            description=t("Only if names look broken, or columns are not told apart."),
        ),
        rx.el.div(
            button(t("Discard the file"), variant="ghost", on_click=Imports.discard),
            button(t("Check the rows"), variant="primary", on_click=Imports.check),
            class_name="flex flex-wrap items-center justify-between gap-2",
        ),
    )


def _column(row: Any) -> rx.Component:
    name = "column_" + row["index"].to_string()
    is_new = row["target"].to(str).startswith("new:")
    about = rx.el.div(
        rx.el.p(row["name"], dir="auto", class_name="text-sm font-medium wrap-anywhere"),
        rx.el.p(
            rx.foreach(
                row["samples"].to(list[str]),
                lambda sample: rx.el.span(sample, dir="auto", class_name="block truncate"),
            ),
            class_name="mt-1 text-xs text-muted",
        ),
        class_name="min-w-0",
    )
    chosen = rx.el.select(
        *[rx.el.option(words, value=value) for value, words in _MEANINGS],
        rx.foreach(
            Imports.field_options, lambda option: rx.el.option(option["label"], value=option["value"])
        ),
        rx.cond(_MAY_MAKE, rx.el.option(t("New field …"), value="new"), rx.fragment()),
        value=rx.cond(is_new, "new", row["target"].to(str)),
        on_change=lambda value: Imports.choose(row["index"], value),
        id=name,
        aria_label=t("What “{name}” is", name=row["name"]),
        aria_describedby=name + "-error",
        class_name=rx.cond(row["target"] == "", "control text-muted", "control"),
    )
    new = rx.el.div(
        LiveText.create(
            value=row["label"].to(str),
            on_change=lambda text: Imports.call(row["index"], text),
            aria_label=t("Name of the new field"),
            max_length=80,
            class_name="control",
        ),
        rx.el.select(
            *[rx.el.option(words, value=value) for value, words in _KINDS],
            value=row["kind"].to(str),
            on_change=lambda value: Imports.make(row["index"], value),
            aria_label=t("Kind of the new field"),
            class_name="control",
        ),
        class_name="grid grid-cols-[1fr_8.5rem] gap-2",
    )
    return rx.el.li(
        about,
        rx.el.div(
            chosen,
            rx.cond(is_new, new, rx.fragment()),
            FieldError.create(control=name, id=name + "-error", text=from_server(Feedback.errors[name])),
            class_name="flex min-w-0 flex-col gap-2",
        ),
        key=row["index"],
        class_name="grid gap-x-6 gap-y-3 px-5 py-4 sm:grid-cols-2",
    )


def _for_all(regions: Sequence[tuple[str, Text]]) -> rx.Component:
    errors = Feedback.errors
    return rx.el.div(
        select_field(
            "region",
            t("Country of numbers without a country code"),
            regions,
            placeholder=t("None: all numbers have their country code"),
            value=Imports.region,
            on_change=Imports.choose_region,
            optional=True,
            errors=errors,
        ),
        select_field(
            "policy",
            t("Contacts that are there already"),
            _POLICIES,
            value=Imports.policy,
            on_change=Imports.choose_policy,
            errors=errors,
        ),
        text_field(
            "tags",
            t("Tags for everybody in the file"),
            value=Imports.tags,
            on_change=Imports.write_tags,
            placeholder=t("For example: Fair 2026, Newsletter"),
            auto_complete="off",
            help=t("Between commas. A tag that does not exist yet is made."),
            optional=True,
            errors=errors,
        ),
        class_name="flex flex-col gap-5",
    )


def _reading() -> rx.Component:
    is_text = Imports.shown["encoding"] != ""
    errors = Feedback.errors
    header = select_field(
        "header",
        t("First row"),
        (("yes", t("Names of the columns")), ("no", t("A contact like the others"))),
        value=rx.cond(_SHOWN["header"], "yes", "no"),
        on_change=lambda value: Imports.read_again("header", value),
        errors=errors,
    )
    text = rx.fragment(
        select_field(
            "encoding",
            t("Encoding"),
            tuple((each, _ENCODING_NAMES[each]) for each in ENCODINGS),
            value=_SHOWN["encoding"],
            on_change=lambda value: Imports.read_again("encoding", value),
            errors=errors,
        ),
        select_field(
            "delimiter",
            t("Between columns"),
            _DELIMITERS,
            value=_SHOWN["delimiter"],
            on_change=lambda value: Imports.read_again("delimiter", value),
            errors=errors,
        ),
    )
    sheet = rx.el.div(
        rx.el.label(t("Sheet"), html_for="sheet", class_name="text-sm font-medium"),
        rx.el.select(
            rx.foreach(_SHOWN["sheets"], lambda name: rx.el.option(name, value=name)),
            id="sheet",
            value=_SHOWN["sheet"],
            on_change=lambda value: Imports.read_again("sheet", value),
            class_name="control",
        ),
        class_name="flex min-w-0 flex-col gap-1.5",
    )
    return rx.el.div(rx.cond(is_text, text, sheet), header, class_name="grid gap-5 sm:grid-cols-3")
