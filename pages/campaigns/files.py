"""Files of people: upload, which column has the numbers, and the lines that cannot be used."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.regions import REGIONS
from state.campaigns.audience import AudienceStep
from wapto_app.ui.button import button, icon_button
from wapto_app.ui.card import section
from wapto_app.ui.dialog import dialog
from wapto_app.ui.form import checkbox
from wapto_app.ui.i18n import from_server, t, tn
from wapto_app.ui.link import file_link
from wapto_app.ui.table_upload import TableUpload

_ACCEPT = ".csv,.tsv,.txt,.xlsx,.xls,.ods,.xlsb,text/csv"


def files_part(most: int) -> rx.Component:
    """``most`` bytes."""
    note = t("Up to 200,000 rows and 50 MB. One column must hold phone numbers.")
    agreed = checkbox(
        "opted_in",
        t("These people agreed to get messages from us"),
        help=t("WhatsApp asks for it, and blocks numbers that write to people who did not."),
        checked=AudienceStep.agreed,
        on_change=AudienceStep.agree,
        class_name="mb-4",
    )
    files = rx.el.ul(
        rx.foreach(AudienceStep.files, _file),
        aria_label=t("Files"),
        class_name="mb-4 flex flex-col gap-3 empty:hidden",
    )
    upload = TableUpload.create(
        action="/campaign-uploads?opted_in=yes",
        accept=_ACCEPT,
        most=most,
        note=note,
        small=True,
        on_key=AudienceStep.uploaded,
    )
    return rx.cond(
        AudienceStep.chosen["everyone"] | ~AudienceStep.may_upload,
        rx.fragment(),
        rx.fragment(
            section(
                t("From a file"),
                files,
                agreed,
                rx.cond(AudienceStep.agreed, upload, rx.fragment()),
                description=t("A CSV or Excel file. Its columns can stand in the message."),
            ),
            _problems(),
        ),
    )


def _file(row: Any) -> rx.Component:
    bad = row["bad_rows"].to(int)
    column = rx.el.label(
        rx.el.span(t("Numbers are in"), class_name="flex-none text-xs text-muted"),
        rx.el.select(
            rx.cond(row["phone_column"] == "", rx.el.option(t("Choose a column"), value=""), rx.fragment()),
            rx.foreach(row["headings"].to(list[str]), lambda name: rx.el.option(name, value=name)),
            value=row["phone_column"].to(str),
            on_change=lambda name: AudienceStep.phone_column(row["key"], name),
            class_name="control h-8 max-w-52",
        ),
        class_name="flex min-w-0 items-center gap-2",
    )
    country = rx.el.label(
        rx.el.span(t("Country of numbers without a country code"), class_name="min-w-0 text-xs text-muted"),
        rx.el.select(
            rx.el.option(t("None: all numbers have their country code"), value=""),
            *[rx.el.option(label, value=code) for code, label in REGIONS],
            value=row["region"].to(str),
            on_change=lambda region: AudienceStep.country(row["key"], region),
            class_name="control h-8 max-w-full sm:max-w-52",
        ),
        class_name="flex min-w-0 flex-wrap items-center gap-x-2 gap-y-1",
    )
    wrong = rx.el.button(
        tn("{n} line cannot be used", "{n} lines cannot be used", bad),
        type="button",
        on_click=AudienceStep.show_problems(row["key"]),
        class_name="rounded text-warning-ink underline underline-offset-2",
    )
    return rx.el.li(
        rx.el.div(
            rx.el.p(row["filename"], dir="auto", class_name="truncate text-sm font-medium"),
            rx.el.p(
                tn("{n} line", "{n} lines", row["rows"]),
                rx.cond(bad > 0, rx.fragment(" · ", wrong), rx.fragment()),
                class_name="mt-0.5 text-xs text-muted",
            ),
            rx.el.div(
                column,
                rx.cond(row["phone_column"] != "", country, rx.fragment()),
                class_name="mt-2 flex flex-wrap items-center gap-x-3 gap-y-2",
            ),
            class_name="min-w-0 flex-1",
        ),
        icon_button(
            "x", t("Take {name} off", name=row["filename"]), on_click=AudienceStep.drop_file(row["key"])
        ),
        key=row["key"],
        class_name="flex items-start gap-2 rounded-lg border border-line p-3",
    )


def _problems() -> rx.Component:
    def line(row: Any) -> rx.Component:
        return rx.el.li(
            rx.el.span(
                t("Line {n}", n=row["line"]), class_name="w-16 flex-none text-muted tabular-nums sm:w-20"
            ),
            rx.el.span(row["text"], dir="auto", class_name="w-20 flex-none truncate sm:w-36"),
            rx.el.span(from_server(row["problem"]), class_name="min-w-0 flex-1 text-pretty"),
            class_name="flex gap-3 py-1.5 text-sm",
        )

    saved = file_link(
        rx.icon("download", size=16, aria_hidden=True),
        t("Download these lines"),
        href="/campaign-uploads/" + AudienceStep.problems_of + "/problems.csv",
        class_name="inline-flex h-9 items-center gap-2 rounded-md border border-line bg-surface px-3.5 text-sm "
        "font-medium shadow-card hover:bg-hover",
    )
    return dialog(
        rx.el.ul(rx.foreach(AudienceStep.problems, line), class_name="divide-y"),
        rx.cond(
            AudienceStep.more_problems,
            button(
                t("Load more"), variant="ghost", class_name="mt-2 w-full", on_click=AudienceStep.next_problems
            ),
            rx.fragment(),
        ),
        title=t("Lines that cannot be used"),
        description=t("They are left out. Correct the file and upload it again."),
        open=AudienceStep.problems_of != "",
        on_close=AudienceStep.show_problems(""),
        footer=rx.fragment(saved, button(t("Close"), on_click=AudienceStep.show_problems(""))),
    )
