"""The admin's side of the subscription, in tabs."""

from __future__ import annotations

import reflex as rx

from pages.admin_subscriptions.dialogs import dialogs
from pages.admin_subscriptions.money import billing, invoices, payments, taxes
from pages.admin_subscriptions.standing import standing
from pages.frame import frame
from state.shell import Shell
from wapto_app.security.permissions import Permission
from wapto_app.ui.card import page_body, page_header
from wapto_app.ui.empty import empty_state
from wapto_app.ui.i18n import t
from wapto_app.ui.tabs import Tab, tabs


def admin_subscriptions() -> rx.Component:
    may_see = ~Shell.loaded | Shell.permissions.contains(Permission.ADMIN)
    return frame(
        t("Subscriptions"),
        page_body(
            rx.cond(
                may_see,
                _page(),
                empty_state(
                    "lock", t("Only an admin sees the billing"), t("Ask the person who runs this Wapto.")
                ),
            )
        ),
    )


def _page() -> rx.Component:
    return rx.fragment(
        page_header(
            t("Subscriptions"),
            description=t("The plan of this workspace, requests, payments, taxes and the trial."),
        ),
        tabs(
            Tab("subscription", t("Subscription"), standing()),
            Tab("invoices", t("Invoices"), invoices()),
            Tab("payments", t("Payments"), payments()),
            Tab("taxes", t("Taxes"), taxes()),
            Tab("billing", t("Billing details"), billing()),
            label=t("Subscriptions"),
        ),
        dialogs(),
    )


__all__ = ["admin_subscriptions"]
