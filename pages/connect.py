"""Connect a number: the manual way, with the values of a Meta developer app."""

from __future__ import annotations

import reflex as rx

from pages.frame import frame
from state.base import Feedback
from state.integrations import Integrations
from wapto_app.security.permissions import Permission
from wapto_app.ui.button import button, button_link
from wapto_app.ui.card import card, page_body, page_header, section, stack
from wapto_app.ui.copy import copy_field
from wapto_app.ui.form import form, form_actions, password_field, submit_button, text_field
from wapto_app.ui.i18n import t
from wapto_app.ui.link import outside_link
from wapto_app.ui.stepper import stepper


def connect() -> rx.Component:
    return frame(
        t("Connect a number"),
        page_body(
            page_header(
                t("Connect a number"),
                rx.el.span(
                    outside_link(t("Step-by-step guide"), "/guide/connect.md"),
                    class_name="self-center text-sm",
                ),
                button_link(t("Back"), "/integrations", variant="ghost"),
                description=t("With the values of your own app at developers.facebook.com."),
            ),
            stack(
                stepper([t("Method"), t("Values"), t("Webhooks"), t("Connected")], 1, label=t("Steps")),
                rx.cond(Integrations.has_sandbox, _sandbox(), rx.fragment()),
                _values(),
                _webhooks(),
            ),
            width="max-w-3xl",
        ),
        permission=Permission.INTEGRATIONS_DO,
    )


def _sandbox() -> rx.Component:
    return card(
        rx.el.p(
            t("No Meta account at hand? The sandbox is a stand-in with a phone on screen."),
            class_name="min-w-0 flex-1 basis-60 text-sm text-pretty",
        ),
        button(
            t("Use the sandbox"),
            icon="flask-conical",
            loading=Integrations.connecting,
            on_click=Integrations.connect_sandbox,
        ),
        class_name="flex flex-wrap items-center gap-x-6 gap-y-3 p-5",
    )


def _values() -> rx.Component:
    errors = Feedback.errors
    return section(
        t("Values of the number"),
        form(
            text_field(
                "phone_number_id",
                t("Phone number id"),
                help=t("WhatsApp → API Setup. A number of about 15 digits, not the phone number itself."),
                input_mode="numeric",
                auto_complete="off",
                required=True,
                errors=errors,
            ),
            text_field(
                "waba_id",
                t("WhatsApp Business account id"),
                help=t("On the same page, below the phone number id."),
                input_mode="numeric",
                auto_complete="off",
                required=True,
                errors=errors,
            ),
            password_field(
                "access_token",
                t("Access token"),
                help=t("Of a system user, with both WhatsApp permissions. A temporary one ends after a day."),
                auto_complete="off",
                required=True,
                errors=errors,
            ),
            password_field(
                "app_secret",
                t("App secret"),
                help=t("App settings → Basic. It proves that webhooks come from Meta."),
                auto_complete="off",
                required=True,
                errors=errors,
            ),
            text_field(
                "verify_token",
                t("Verify token"),
                help=t("Any text. Left empty, one is made for you and shown with the number."),
                auto_complete="off",
                optional=True,
                errors=errors,
            ),
            form_actions(submit_button(t("Check and connect"), loading=Integrations.connecting)),
            on_submit=[Feedback.clear, Integrations.connect],
            reset_on_submit=False,
        ),
        description=t(
            "Every value is checked with Meta before anything is saved. Secrets are stored encrypted."
        ),
    )


def _webhooks() -> rx.Component:
    return section(
        t("Webhooks"),
        copy_field(t("Callback URL"), Integrations.webhook_url),
        description=t(
            "In the Meta app under WhatsApp → Configuration, paste this URL and the verify token, "
            "and subscribe to the field messages. Meta must be able to reach it over HTTPS."
        ),
    )
