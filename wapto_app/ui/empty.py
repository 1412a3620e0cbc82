"""What stands where nothing is yet."""

from __future__ import annotations

import reflex as rx

from wapto_app.ui.i18n import Text
from wapto_app.ui.tokens import Classes, classes


def empty_state(
    icon: str, title: Text, text: Text = "", action: rx.Component | None = None, *, class_name: Classes = ""
) -> rx.Component:
    """Says what would be here, why it is not, and what to do about it."""
    return rx.el.div(
        rx.el.div(
            rx.icon(icon, size=22, aria_hidden=True),
            class_name="grid size-11 place-items-center rounded-full bg-hover text-muted",
        ),
        rx.el.p(title, class_name="mt-4 text-sm font-semibold"),
        rx.el.p(text, class_name="mt-1 max-w-80 text-sm text-muted text-pretty")
        if not _is_blank(text)
        else rx.fragment(),
        rx.el.div(action, class_name="mt-5") if action is not None else rx.fragment(),
        class_name=classes("flex flex-col items-center justify-center px-6 py-12 text-center", class_name),
    )


def _is_blank(text: Text) -> bool:
    return isinstance(text, str) and not text
