"""Badges, counts and status dots."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wapto_app.ui.i18n import Text
from wapto_app.ui.tokens import SOFT_TONES, Classes, Tone, classes

_DOTS: dict[Tone, str] = {
    "neutral": "bg-line-strong",
    "accent": "bg-accent",
    "info": "bg-info",
    "warning": "bg-warning",
    "danger": "bg-danger",
}


def badge(
    text: Text, *, tone: Tone = "neutral", icon: str = "", class_name: Classes = "", **props: Any
) -> rx.Component:
    """A word about the thing beside it: a status, a tag, a category."""
    look = classes(
        "inline-flex h-5 flex-none items-center gap-1 rounded px-1.5 text-xs font-medium whitespace-nowrap",
        SOFT_TONES[tone],
        class_name,
    )
    mark = rx.icon(icon, size=12, aria_hidden=True) if icon else rx.fragment()
    return rx.el.span(mark, text, class_name=look, **props)


def status_badge(value: rx.Var[str], words: dict[str, tuple[Text, Tone]]) -> rx.Component:
    """The badge that belongs to a value: ``{"approved": (t("Approved"), "accent"), …}``."""
    return rx.match(
        value, *[(key, badge(text, tone=tone)) for key, (text, tone) in words.items()], badge(value)
    )


def count(n: int | rx.Var[int], *, label: Text = "", class_name: Classes = "") -> rx.Component:
    """A number that asks for attention; nothing at zero, "99+" above that. ``label`` says what is counted."""
    number = rx.Var.create(n).to(int)
    words = (
        rx.fragment()
        if isinstance(label, str) and not label
        else rx.el.span(" ", label, class_name="sr-only")
    )
    look = classes(
        "grid h-5 min-w-5 flex-none place-items-center rounded-full bg-accent px-1.5 text-xs font-semibold "
        "text-on-accent tabular-nums",
        class_name,
    )
    shown = rx.el.span(rx.el.span(rx.cond(number > 99, "99+", number.to(str)), words), class_name=look)
    return rx.cond(number > 0, shown, rx.fragment())


def dot(tone: Tone = "neutral", *, class_name: Classes = "") -> rx.Component:
    """A coloured point. Colour alone says nothing to many: put a word beside it."""
    return rx.el.span(
        aria_hidden=True, class_name=classes("size-2 flex-none rounded-full", _DOTS[tone], class_name)
    )
