"""The words of plans that several pages share."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wapto_app.ui.badge import status_badge
from wapto_app.ui.i18n import t
from wapto_app.ui.progress import meter

METERS = {
    "messages": t("Messages this month"),
    "seats": t("Agents"),
    "contacts": t("Contacts"),
    "campaigns": t("Campaigns this month"),
    "flows": t("Automations"),
    "forms": t("Forms"),
    "templates": t("Templates"),
    "fields": t("Custom fields"),
    "tags": t("Tags"),
    "widgets": t("Widgets"),
    "links": t("Links"),
    "media_mb": t("Media in MB"),
}
LIMITS = {
    "messages": t("Messages a month"),
    "seats": t("Agents"),
    "contacts": t("Contacts"),
    "campaigns": t("Campaigns a month"),
    "flows": t("Automations"),
    "forms": t("Forms"),
    "templates": t("Templates"),
    "fields": t("Custom fields"),
    "tags": t("Tags"),
    "widgets": t("Widgets"),
    "links": t("Links"),
    "media_mb": t("Media in MB"),
}
GATES = {
    "campaigns": t("Campaigns"),
    "automation": t("Automation"),
    "forms": t("WhatsApp forms"),
    "widget": t("Website widget"),
    "links": t("Links"),
    "api": t("API and webhooks"),
    "qr": t("Connection by QR code"),
    "teams": t("Teams"),
}
CYCLES = {"monthly": t("Monthly"), "quarterly": t("Quarterly"), "yearly": t("Yearly")}


def word(words: dict[str, rx.Var[str]], key: rx.Var[str]) -> rx.Var[str]:
    """The word that belongs to a key in a var."""
    return rx.match(key, *words.items(), key)


def per_cycle(cycle: rx.Var[str]) -> rx.Var[str]:
    """ "a month", behind a price."""
    return rx.match(
        cycle, ("monthly", t("a month")), ("quarterly", t("a quarter")), ("yearly", t("a year")), ""
    )


def usage_meter(row: Any) -> rx.Component:
    """One row of ``overview.usage``."""
    label = word(METERS, row["metric"])
    return rx.cond(row["limit"] < 0, meter(label, row["used"], None), meter(label, row["used"], row["limit"]))


def subscription_badge(status: rx.Var[str]) -> rx.Component:
    return status_badge(
        status,
        {
            "trialing": (t("Trial"), "info"),
            "active": (t("Active"), "accent"),
            "past_due": (t("Payment due"), "warning"),
            "pending": (t("Waiting for payment"), "warning"),
            "canceled": (t("Ended"), "danger"),
            "expired": (t("Expired"), "danger"),
        },
    )


def invoice_badge(status: rx.Var[str]) -> rx.Component:
    return status_badge(
        status,
        {
            "open": (t("Open"), "info"),
            "overdue": (t("Overdue"), "danger"),
            "paid": (t("Paid"), "accent"),
            "void": (t("Void"), "neutral"),
            "uncollectible": (t("Uncollectible"), "danger"),
            "refunded": (t("Refunded"), "neutral"),
        },
    )
