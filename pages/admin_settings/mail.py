"""The mail server, a test of it, and the log of mails."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.admin_settings.frame import settings_page
from state.admin_settings.mail import MailJournal, MailServerSettings
from state.base import Feedback
from wapto_app.ui.auth_form import answers, auth_form
from wapto_app.ui.badge import status_badge
from wapto_app.ui.banner import banner
from wapto_app.ui.button import button, icon_button
from wapto_app.ui.card import section
from wapto_app.ui.empty import empty_state
from wapto_app.ui.form import form, password_field, search_input, select_field, submit_button, text_field
from wapto_app.ui.i18n import from_server, t
from wapto_app.ui.skeleton import skeleton_lines
from wapto_app.ui.table import Column, pager, table
from wapto_app.ui.time import relative_time

_ID = "mail-form"
_SERVER = MailServerSettings.server
_SCHEMES = [
    ("smtp+starttls", t("STARTTLS (usual, port 587)")),
    ("smtps", t("TLS from the start (port 465)")),
    ("smtp", t("None (only on the same machine, port 25)")),
]


def mail() -> rx.Component:
    return settings_page(t("Mail"), _server(), _trial(), _journal())


def _server() -> rx.Component:
    remove = button(t("Remove"), variant="ghost", on_click=MailServerSettings.forget)
    return section(
        t("Mail server"),
        rx.cond(
            MailServerSettings.loaded,
            rx.el.div(_source(), _server_form(), class_name="flex flex-col gap-5"),
            skeleton_lines(6),
        ),
        description=t("Carries invitations, links to new passwords and news of the subscription."),
        action=rx.cond(_SERVER["source"] == "page", remove, rx.fragment()),
    )


def _source() -> rx.Component:
    none = banner(
        t("No mails go out. Each link can be copied and handed over by an admin instead."),
        title=t("There is no mail server"),
        tone="neutral",
    )
    environment = banner(
        t("It comes from WAPTO_SMTP_URL. What you save here is used in its place."),
        tone="info",
    )
    return rx.match(_SERVER["source"], ("none", none), ("environment", environment), rx.fragment())


def _server_form() -> rx.Component:
    errors = answers(_ID).errors
    kept = rx.cond(
        _SERVER["has_password"],
        t("One is stored. Leave this empty to keep it."),
        t("As your provider gave it to you. It is stored encrypted."),
    )
    return auth_form(
        rx.el.div(
            text_field(
                "host",
                t("Server"),
                default_value=_SERVER["host"],
                placeholder="smtp.example.com",
                auto_complete="off",
                class_name="font-mono",
                errors=errors,
            ),
            text_field(
                "port",
                t("Port"),
                default_value=_SERVER["port"],
                input_mode="numeric",
                auto_complete="off",
                optional=True,
                class_name="tabular-nums",
                errors=errors,
            ),
            class_name="grid gap-5 sm:grid-cols-[1fr_8rem]",
        ),
        rx.el.div(
            select_field("scheme", t("Encryption"), _SCHEMES, default_value=_SERVER["scheme"], errors=errors),
            # A list keeps what was chosen when it was drawn first: another choice is another list.
            key=_SERVER["scheme"],
        ),
        rx.el.div(
            text_field(
                "username",
                t("User name"),
                default_value=_SERVER["username"],
                auto_complete="off",
                optional=True,
                errors=errors,
            ),
            password_field(
                "password",
                t("Password"),
                auto_complete="new-password",
                optional=True,
                help=kept,
                errors=errors,
            ),
            class_name="grid gap-5 sm:grid-cols-2",
        ),
        text_field(
            "sender",
            t("Sender"),
            default_value=_SERVER["sender"],
            placeholder="Your shop <hello@example.com>",
            auto_complete="off",
            help=t("An address that this server may send from, with or without a name."),
            errors=errors,
        ),
        id=_ID,
        action="/admin/save/mail",
        submit=t("Save"),
        whole_page=False,
        primary=True,
        on_done=MailServerSettings.saved,
    )


def _trial() -> rx.Component:
    failed = banner(from_server(MailServerSettings.trial_error), title=t("The test failed"), tone="danger")
    went = banner(
        t("The server took the mail to {to}. Look into that mailbox.", to=MailServerSettings.trial_to),
        tone="accent",
    )
    ask = form(
        rx.el.div(
            text_field(
                "to",
                t("Send a test to"),
                type="email",
                auto_complete="email",
                input_mode="email",
                errors=Feedback.errors,
            ),
            submit_button(
                t("Send"), loading=MailServerSettings.trying, variant="secondary", class_name="mt-6.5"
            ),
            class_name="grid grid-cols-[minmax(0,22rem)_auto] items-start justify-start gap-3",
        ),
        on_submit=MailServerSettings.try_out,
    )
    return section(
        t("Try it out"),
        rx.el.div(
            ask,
            rx.el.div(
                rx.cond(MailServerSettings.trial_error != "", failed, rx.fragment()),
                rx.cond(MailServerSettings.trial_to != "", went, rx.fragment()),
                role="status",
                class_name="empty:hidden",
            ),
            class_name="flex flex-col gap-4",
        ),
        description=t("Sends a mail at once with what is saved, and tells what the server says."),
    )


def _journal() -> rx.Component:
    return rx.el.section(
        rx.el.div(
            rx.el.h2(t("Mails"), class_name="text-base font-semibold"),
            search_input(
                "search",
                t("Search address or subject"),
                value=MailJournal.search,
                on_change=MailJournal.find,
                class_name="max-w-72 flex-1",
            ),
            class_name="mb-3 flex flex-wrap items-center justify-between gap-3",
        ),
        table(
            MailJournal.rows,
            Column(t("To"), _to),
            Column(t("Status"), _status),
            Column(t("When"), lambda row: relative_time(row["created_at"]), hide=True, width="w-36"),
            label=t("Mails"),
            row_actions=_resend,
            loading=~MailJournal.loaded,
            empty=_no_mails(),
            pager=_pages(),
        ),
    )


def _no_mails() -> rx.Component:
    searched = empty_state("search-x", t("No mail fits"), t("Search for another address or subject."))
    none = empty_state(
        "mail", t("No mails yet"), t("Invitations and the like stand here once they are sent.")
    )
    return rx.cond(MailJournal.search != "", searched, none)


def _to(row: Any) -> rx.Component:
    return rx.el.div(
        rx.el.p(row["to"], class_name="font-medium break-all"),
        rx.el.p(row["subject"], dir="auto", class_name="text-xs break-words text-muted"),
        class_name="py-2",
    )


def _status(row: Any) -> rx.Component:
    words = {
        "sent": (t("Sent"), "accent"),
        "queued": (t("Waiting"), "info"),
        "failed": (t("Failed"), "danger"),
    }
    again = rx.el.span(t("Next try"), " ", relative_time(row["next_try_at"]), class_name="block")
    return rx.el.div(
        status_badge(row["status"], words),  # type: ignore[arg-type]
        rx.cond(
            row["error"] != "",
            rx.el.p(
                from_server(row["error"]),
                rx.cond(row["next_try_at"] != "", again, rx.fragment()),
                class_name="mt-1 max-w-36 text-xs break-words text-muted text-pretty sm:max-w-md",
            ),
            rx.fragment(),
        ),
        class_name="py-2",
    )


def _resend(row: Any) -> rx.Component:
    press = icon_button("send", t("Send again to {to}", to=row["to"]), on_click=MailJournal.resend(row["id"]))
    return rx.cond(row["can_send_now"], press, rx.fragment())


def _pages() -> rx.Component:
    several = MailJournal.has_older | MailJournal.has_newer
    bar = pager(
        shown=t("Newest first"),
        has_previous=MailJournal.has_newer,
        has_next=MailJournal.has_older,
        on_previous=MailJournal.newer,
        on_next=MailJournal.older,
    )
    return rx.cond(several, bar, rx.fragment())
