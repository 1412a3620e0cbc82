"""Backups: one right now, one every day, and those that are there."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.admin_settings.frame import settings_page
from state.admin_settings.backups import Backups
from state.base import Feedback
from wapto_app.services.account_fields import time_zones
from wapto_app.ui.badge import status_badge
from wapto_app.ui.banner import banner
from wapto_app.ui.button import button, icon_button
from wapto_app.ui.card import section
from wapto_app.ui.combobox import combobox_field
from wapto_app.ui.dialog import confirm_dialog
from wapto_app.ui.empty import empty_state
from wapto_app.ui.form import form, form_actions, number_field, select_field, submit_button, text_field
from wapto_app.ui.i18n import from_server, t
from wapto_app.ui.link import file_link
from wapto_app.ui.progress import progress
from wapto_app.ui.skeleton import skeleton_lines
from wapto_app.ui.table import Column, table
from wapto_app.ui.time import exact_time, relative_time
from wapto_app.ui.tokens import ICON_BUTTON

_ZONES = [{"value": name, "label": name.replace("_", " ").replace("/", " / ")} for name in time_zones()]
_NOW, _PLAN = Backups.progress, Backups.plan


def backups() -> rx.Component:
    return settings_page(t("Backups"), _there(), _daily(), _delete_dialog())


def _there() -> rx.Component:
    is_busy = _NOW["what"] != ""
    press = button(
        t("Back up now"), icon="archive", variant="primary", loading=is_busy, on_click=Backups.begin
    )
    head = rx.el.div(
        rx.el.div(
            rx.el.h2(t("Backups"), class_name="text-base font-semibold"),
            rx.el.p(
                t("Database and files in one file, checked. The secret key is not in it: keep it elsewhere."),
                class_name="mt-1 text-sm text-muted text-pretty",
            ),
            class_name="min-w-0 flex-1 basis-60",
        ),
        press,
        class_name="mb-4 flex flex-wrap items-start gap-3",
    )
    rows = table(
        Backups.rows,
        Column(t("Made"), _made),
        Column(
            t("Kind"),
            lambda row: status_badge(
                row["kind"], {"daily": (t("Daily"), "info"), "manual": (t("By hand"), "neutral")}
            ),
            hide=True,
        ),
        Column(t("Size"), lambda row: row["size"], number=True),
        label=t("Backups"),
        key="name",
        row_actions=_actions,
        loading=~Backups.loaded,
        empty=empty_state(
            "archive", t("No backups yet"), t("Make one now, or let Wapto make one every day.")
        ),
    )
    return rx.el.section(head, rx.cond(is_busy, _progress(), rx.fragment()), _problems(), rows)


def _progress() -> rx.Component:
    words = rx.match(
        _NOW["what"],
        ("files", t("Saving the files")),
        ("checking", t("Checking the backup")),
        t("Copying the database"),
    )
    return rx.el.div(
        rx.el.p(words, role="status", class_name="mb-2 text-sm text-muted"),
        progress(_NOW["percent"].to(float), label=t("Backup")),
        class_name="mb-4",
    )


def _problems() -> rx.Component:
    by_hand = banner(from_server(_NOW["error"]), title=t("The backup was not made"), tone="danger")
    daily = banner(
        rx.fragment(
            from_server(Backups.last["error"]), " ", t("Tried"), " ", relative_time(Backups.last["at"])
        ),
        title=t("The daily backup was not made"),
        tone="danger",
    )
    return rx.el.div(
        rx.cond(_NOW["error"] != "", by_hand, rx.fragment()),
        rx.cond(Backups.last["error"] != "", daily, rx.fragment()),
        class_name="mb-4 flex flex-col gap-3 empty:hidden",
    )


def _made(row: Any) -> rx.Component:
    return rx.el.div(
        exact_time(row["made_at"], class_name="font-medium"),
        rx.el.p(row["name"], class_name="text-xs break-all text-muted max-sm:hidden"),
        class_name="py-2",
    )


def _actions(row: Any) -> rx.Component:
    take = file_link(
        rx.icon("download", size=18, aria_hidden=True),
        href="/admin/backups/" + row["name"].to(str),
        aria_label=t("Download {name}", name=row["name"]),
        data_tip=t("Download"),
        class_name=ICON_BUTTON,
    )
    remove = icon_button(
        "trash-2", t("Delete {name}", name=row["name"]), on_click=Backups.ask_to_delete(row["name"])
    )
    return rx.el.div(take, remove, class_name="flex justify-end")


def _daily() -> rx.Component:
    fields = form(
        rx.el.div(
            select_field(
                "daily",
                t("Make a backup"),
                [("yes", t("Every day")), ("no", t("Only when I ask"))],
                default_value=rx.cond(_PLAN["daily"], "yes", "no"),
                errors=Feedback.errors,
            ),
            number_field(
                "keep",
                t("Keep the newest"),
                default_value=_PLAN["keep"].to(str),
                min="1",
                max="365",
                help=t("Older daily ones are deleted. Those made by hand stay."),
                errors=Feedback.errors,
            ),
            text_field(
                "at", t("Time of day"), type="time", default_value=_PLAN["at"], errors=Feedback.errors
            ),
            combobox_field("zone", t("Time zone"), _ZONES, value=_PLAN["zone"], errors=Feedback.errors),
            class_name="grid gap-5 sm:grid-cols-2",
        ),
        form_actions(submit_button(t("Save"))),
        on_submit=Backups.save,
    )
    return section(
        t("Daily backup"),
        rx.cond(Backups.loaded, fields, skeleton_lines(4)),
        description=t("Lies in the data folder. Copy it to another machine: a disk that breaks takes both."),
    )


def _delete_dialog() -> rx.Component:
    return confirm_dialog(
        title=t("Delete this backup?"),
        text=t("{name} is deleted for good.", name=Backups.leaving),
        confirm=t("Delete backup"),
        on_confirm=Backups.delete,
        open=Backups.leaving != "",
        on_close=Backups.ask_to_delete(""),
    )
