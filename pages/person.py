"""Somebody in a table: agents and accounts show people alike."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wapto_app.ui.avatar import avatar
from wapto_app.ui.badge import badge
from wapto_app.ui.i18n import t


def person_cell(row: Any, on_phone: rx.Component) -> rx.Component:
    """Name and e-mail address of the row; ``on_phone`` stands below them where its own column is hidden."""
    about = rx.el.div(
        rx.el.p(
            rx.el.span(row["name"], dir="auto", class_name="min-w-0 font-medium wrap-anywhere"),
            rx.cond(row["is_me"], badge(t("You")), rx.fragment()),
            class_name="flex items-center gap-2",
        ),
        rx.cond(
            row["name"] == row["email"],
            rx.fragment(),
            rx.el.p(row["email"], class_name="text-xs wrap-anywhere text-muted"),
        ),
        rx.el.div(on_phone, class_name="mt-1.5 md:hidden"),
        class_name="min-w-0",
    )
    return rx.el.div(
        avatar(row["name"], size=32, class_name="flex-none max-sm:hidden"),
        about,
        class_name="flex items-center gap-3 py-2",
    )
