"""Stripe's keys, and the address that Stripe must know."""

from __future__ import annotations

import reflex as rx

from pages.admin_settings.frame import settings_page
from pages.admin_settings.secret_field import secret_field
from state.admin_settings.provider_keys import StripeSettings
from wapto_app.ui.auth_form import auth_form
from wapto_app.ui.badge import badge
from wapto_app.ui.button import button
from wapto_app.ui.card import section
from wapto_app.ui.copy import copy_field
from wapto_app.ui.dialog import confirm_dialog
from wapto_app.ui.i18n import t
from wapto_app.ui.link import outside_link
from wapto_app.ui.skeleton import skeleton_lines

_ID = "stripe-form"
_KEYS = StripeSettings.keys


def payments() -> rx.Component:
    return settings_page(t("Payments"), _keys(), _webhook())


def _keys() -> rx.Component:
    has_any = (_KEYS["secret_key"] != "") | (_KEYS["webhook_secret"] != "")
    state = rx.cond(
        _KEYS["secret_key"] != "",
        rx.cond(
            _KEYS["is_test"],
            badge(t("Test mode"), tone="warning"),
            badge(t("Live"), tone="accent"),
        ),
        rx.fragment(),
    )
    remove = button(t("Remove"), variant="ghost", on_click=StripeSettings.ask_to_remove(True))
    form = auth_form(
        secret_field(
            _ID,
            "secret_key",
            t("Secret key"),
            _KEYS["secret_key"],
            t("In Stripe under Developers → API keys. It starts with sk_ or rk_."),
        ),
        secret_field(
            _ID,
            "webhook_secret",
            t("Signing secret"),
            _KEYS["webhook_secret"],
            t("Of the webhook below. It starts with whsec_."),
        ),
        id=_ID,
        action="/admin/save/stripe",
        submit=t("Save"),
        whole_page=False,
        primary=True,
        on_done=StripeSettings.saved,
    )
    return section(
        t("Stripe"),
        rx.cond(StripeSettings.loaded, form, skeleton_lines(4)),
        confirm_dialog(
            title=t("Remove the Stripe keys?"),
            text=t("Nobody can pay by card until new ones are saved. Subscriptions at Stripe go on."),
            confirm=t("Remove keys"),
            on_confirm=StripeSettings.remove,
            open=StripeSettings.removing,
            on_close=StripeSettings.ask_to_remove(False),
        ),
        description=t(
            "Only needed to take money for plans. The keys are stored encrypted and not shown again."
        ),
        action=rx.el.div(
            state, rx.cond(has_any, remove, rx.fragment()), class_name="flex items-center gap-2"
        ),
    )


def _webhook() -> rx.Component:
    return section(
        t("Webhook"),
        copy_field(t("Endpoint address"), StripeSettings.webhook_url),
        rx.el.p(
            outside_link(t("Webhooks at Stripe"), "https://dashboard.stripe.com/webhooks"),
            class_name="mt-4 text-sm",
        ),
        description=t(
            "Add this address at Stripe, so that Wapto hears of payments. Then copy its signing secret."
        ),
    )
