"""Stripe's keys, and the address that Stripe must know."""

from __future__ import annotations

import reflex as rx

from pages.admin_settings.frame import settings_page
from pages.admin_settings.secret_field import secret_field
from state.admin_settings.payments import StripeSettings
from wapto_app.ui.auth_form import auth_form
from wapto_app.ui.badge import badge
from wapto_app.ui.banner import banner
from wapto_app.ui.button import button
from wapto_app.ui.card import section
from wapto_app.ui.copy import copy_field
from wapto_app.ui.dialog import confirm_dialog
from wapto_app.ui.i18n import from_server, t
from wapto_app.ui.link import outside_link
from wapto_app.ui.skeleton import skeleton_lines

_ID = "stripe-form"
_KEYS = StripeSettings.keys


def payments() -> rx.Component:
    return settings_page(t("Payments"), _keys(), _webhook())


def _keys() -> rx.Component:
    is_set = _KEYS["source"] != ""
    mode = rx.cond(_KEYS["is_live"], badge(t("Live"), tone="accent"), badge(t("Test mode"), tone="warning"))
    check = button(
        t("Check with Stripe"), size="sm", on_click=StripeSettings.check, loading=StripeSettings.checking
    )
    remove = button(t("Remove"), size="sm", variant="ghost", on_click=StripeSettings.ask_to_remove(True))
    of_page = rx.cond(_KEYS["source"] == "page", remove, rx.fragment())
    form = auth_form(
        secret_field(
            _ID,
            "secret_key",
            t("Secret key"),
            _KEYS["secret_key_end"],
            t("In Stripe under Developers → API keys. It starts with sk_ or rk_."),
        ),
        secret_field(
            _ID,
            "webhook_secret",
            t("Signing secret"),
            _KEYS["webhook_secret_end"],
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
        rx.cond(StripeSettings.loaded, rx.fragment(_verdict(), form), skeleton_lines(4)),
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
        action=rx.cond(
            is_set,
            rx.el.div(mode, check, of_page, class_name="flex flex-wrap items-center gap-2"),
            rx.fragment(),
        ),
    )


def _verdict() -> rx.Component:
    """What Stripe says of the key, and where it comes from when not from here."""
    checked = StripeSettings.checked
    works = banner(
        t("Stripe knows this key. It belongs to {account}.", account=checked["account"]), tone="accent"
    )
    return rx.el.div(
        rx.cond(
            _KEYS["source"] == "environment",
            banner(
                t("These keys come from the server's settings. Keys that are saved here count instead."),
                tone="info",
            ),
            rx.fragment(),
        ),
        rx.cond(
            checked["problem"] != "", banner(from_server(checked["problem"]), tone="danger"), rx.fragment()
        ),
        rx.cond((checked["account"] != "") & (checked["problem"] == ""), works, rx.fragment()),
        role="status",
        class_name="mb-5 flex flex-col gap-3 empty:hidden",
    )


def _webhook() -> rx.Component:
    return section(
        t("Webhook"),
        copy_field(t("Endpoint address"), _KEYS["webhook_url"]),
        rx.el.p(
            outside_link(t("Webhooks at Stripe"), "https://dashboard.stripe.com/webhooks"),
            class_name="mt-4 text-sm",
        ),
        description=t(
            "Add this address at Stripe, so that Wapto hears of payments. Then copy its signing secret."
        ),
    )
