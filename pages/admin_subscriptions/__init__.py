"""The admin's side of the subscription, in tabs."""

from __future__ import annotations

import reflex as rx

from pages.admin_subscriptions.dialogs import dialogs
from pages.admin_subscriptions.money import billing, invoices, payments, taxes
from pages.admin_subscriptions.standing import standing
from pages.frame import frame
from wapto_app.security.permissions import Permission
from wapto_app.ui.card import page_body, page_header
from wapto_app.ui.i18n import t
from wapto_app.ui.tabs import Tab, tabs


def admin_subscriptions() -> rx.Component:
    return frame(t("Subscriptions"), page_body(_page()), permission=Permission.ADMIN)


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
