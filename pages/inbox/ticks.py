"""The little signs that say how far a message has come."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wapto_app.ui.i18n import t


def tick(status: rx.Var[Any], *, size: int = 15) -> rx.Component:
    """Clock, one tick, two ticks, two blue ticks; a warning for what did not arrive for sure."""

    def sign(icon: str, label: rx.Var[str], look: str = "text-faint") -> rx.Component:
        return rx.el.span(
            rx.icon(icon, size=size, aria_hidden=True),
            role="img",
            aria_label=label,
            data_tip=label,
            data_status=status,
            class_name=f"inline-flex flex-none {look}",
        )

    return rx.match(
        status,
        ("queued", sign("clock", t("Waiting to be sent"))),
        ("sending", sign("clock", t("Being sent"))),
        ("sent", sign("check", t("Sent"))),
        ("delivered", sign("check-check", t("Delivered"))),
        ("read", sign("check-check", t("Read"), "text-tick-read")),
        ("played", sign("check-check", t("Played"), "text-tick-read")),
        ("failed", sign("circle-alert", t("Not sent"), "text-danger-ink")),
        ("unconfirmed", sign("circle-help", t("Not confirmed by WhatsApp"), "text-warning-ink")),
        rx.fragment(),
    )
