"""How long what piles up is kept."""

from __future__ import annotations

import reflex as rx

from pages.admin_settings.frame import settings_page
from state.admin_settings.retention import RetentionSettings
from state.base import Feedback
from wapto_app.services.retention import SMALLEST
from wapto_app.ui.button import button
from wapto_app.ui.card import section
from wapto_app.ui.dialog import dialog
from wapto_app.ui.form import form, form_actions, number_field, submit_button
from wapto_app.ui.i18n import Text, t, tn
from wapto_app.ui.skeleton import skeleton_lines

_COUNTS = RetentionSettings.counts


def retention() -> rx.Component:
    fields = form(
        rx.el.div(
            _days(
                "media_days",
                t("Files of messages"),
                t("Pictures, sound and documents. The messages stay, and say that the file was removed."),
            ),
            _days("audit_days", t("Audit log"), t("Who did what, at least 30 days.")),
            _days("mail_days", t("Log of mails"), t("To whom, about what, and whether it arrived.")),
            _days(
                "webhooks_days",
                t("Raw messages from Meta"),
                t("At least 7: Meta may deliver again for so long. What could not be applied stays."),
                always=True,
            ),
            class_name="grid gap-x-8 gap-y-6 sm:grid-cols-2",
        ),
        form_actions(submit_button(t("See what would be removed"))),
        on_submit=RetentionSettings.count,
    )
    return settings_page(
        t("Retention"),
        section(
            t("Days to keep"),
            rx.cond(RetentionSettings.loaded, fields, skeleton_lines(6)),
            description=t("Empty keeps it for ever. Messages and contacts are never removed by themselves."),
        ),
        _confirm(),
    )


def _days(name: str, label: Text, help: Text, *, always: bool = False) -> rx.Component:
    days = RetentionSettings.rules[name]
    return number_field(
        name,
        label,
        default_value=rx.cond(days > 0, days.to(str), ""),
        min=str(SMALLEST[name]) if always else "0",
        max="3650",
        placeholder="" if always else t("for ever"),
        class_name="max-w-36",
        required=always,
        help=help,
        errors=Feedback.errors,
    )


def _confirm() -> rx.Component:
    found = rx.el.ul(
        rx.el.li(tn("{n} file", "{n} files", _COUNTS["media"]), " · ", RetentionSettings.media_size),
        rx.el.li(tn("{n} line of the audit log", "{n} lines of the audit log", _COUNTS["audit"])),
        rx.el.li(tn("{n} line of the log of mails", "{n} lines of the log of mails", _COUNTS["mail"])),
        rx.el.li(tn("{n} raw message", "{n} raw messages", _COUNTS["webhooks"])),
        class_name="list-disc ps-5 text-sm tabular-nums",
    )
    return dialog(
        found,
        title=t("Remove what is older?"),
        description=t("Within the next hour this is removed, and cannot be brought back:"),
        open=RetentionSettings.asking,
        on_close=RetentionSettings.stop_asking,
        width="sm",
        footer=rx.fragment(
            button(
                t("Cancel"),
                on_click=RetentionSettings.stop_asking,
                custom_attrs={"data-autofocus": "true"},
            ),
            button(t("Save and remove"), variant="danger", on_click=RetentionSettings.save),
        ),
    )
