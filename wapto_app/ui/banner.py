"""Bars that stay as long as what they say is true."""

from __future__ import annotations

import reflex as rx

from wapto_app.ui.browser import source
from wapto_app.ui.i18n import Text
from wapto_app.ui.tokens import SOFT_TONES, Classes, Tone, classes

_ICONS: dict[Tone, str] = {
    "neutral": "info",
    "accent": "circle-check",
    "info": "info",
    "warning": "triangle-alert",
    "danger": "circle-alert",
}


_GROUNDS: dict[Tone, str] = {**SOFT_TONES, "neutral": "bg-hover text-muted"}


class OfflineBanner(rx.Component):
    """Says that the server is away, for as long as it is."""

    library = source("shell.jsx")
    tag = "OfflineBanner"


def banner(
    text: Text | rx.Component,
    *,
    tone: Tone = "info",
    title: Text = "",
    action: rx.Component | None = None,
    class_name: Classes = "",
) -> rx.Component:
    """A statement about the page or the part below it, with what to do about it."""
    heading = (
        rx.fragment() if isinstance(title, str) and not title else rx.el.p(title, class_name="font-semibold")
    )
    # Beside the words where there is room, else below them.
    beside = rx.el.div(action, class_name="max-w-full flex-none self-center") if action is not None else None
    words = "min-w-0 flex-1 wrap-anywhere" + (" basis-52" if beside is not None else "")
    return rx.el.div(
        rx.icon(_ICONS[tone], size=18, class_name="mt-px flex-none", aria_hidden=True),
        rx.el.div(heading, rx.el.div(text, class_name="text-pretty"), class_name=words),
        beside if beside is not None else rx.fragment(),
        class_name=classes(
            "flex items-start gap-3 rounded-lg px-4 py-3 text-sm",
            "flex-wrap" if beside is not None else "",
            _GROUNDS[tone],
            class_name,
        ),
    )


def offline_banner() -> rx.Component:
    return OfflineBanner.create()


def viewing_bar(title: Text, text: Text, stop: rx.Component) -> rx.Component:
    """Across the whole page, for as long as somebody looks through another's eyes."""
    return rx.el.div(
        rx.icon("eye", size=18, class_name="flex-none", aria_hidden=True),
        rx.el.div(
            rx.el.p(title, dir="auto", class_name="truncate font-semibold"),
            rx.el.p(text, class_name="flex-none max-sm:text-xs"),
            class_name="flex min-w-0 flex-1 flex-col gap-x-2 sm:flex-row",
        ),
        stop,
        role="status",
        class_name=(
            "flex flex-none items-center gap-3 border-b-2 border-warning bg-warning-soft px-4 py-2 text-sm "
            "text-warning-ink sm:px-5"
        ),
    )
