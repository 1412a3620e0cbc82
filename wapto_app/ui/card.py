"""Cards, page headers and sections: how a page is laid out."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wapto_app.ui.i18n import Text
from wapto_app.ui.tokens import Classes, classes

SURFACE = "min-w-0 rounded-lg border border-line bg-surface shadow-card"


def card(*children: rx.Component, class_name: Classes = "p-5", **props: Any) -> rx.Component:
    return rx.el.div(*children, class_name=classes(SURFACE, class_name), **props)


def section(
    title: Text, *children: rx.Component, description: Text = "", action: rx.Component | None = None
) -> rx.Component:
    """A card with a heading, as settings pages have them."""
    return rx.el.section(
        rx.el.header(
            rx.el.div(
                rx.el.h2(title, class_name="text-base font-semibold"),
                _description(description),
                class_name="min-w-0 flex-1 basis-60",
            ),
            action if action is not None else rx.fragment(),
            class_name="flex flex-wrap items-start gap-x-4 gap-y-3 px-5 pt-5",
        ),
        rx.el.div(*children, class_name="p-5"),
        class_name=SURFACE,
    )


def page_header(title: Text, *actions: rx.Component, description: Text = "") -> rx.Component:
    """The first thing on a page: its name at the left, what can be done at the right."""
    return rx.el.header(
        rx.el.div(
            rx.el.h1(title, class_name="text-xl font-semibold tracking-tight text-balance"),
            _description(description),
            class_name="min-w-0 flex-1 basis-60",
        ),
        rx.el.div(*actions, class_name="flex max-w-full flex-none flex-wrap gap-2")
        if actions
        else rx.fragment(),
        class_name="flex flex-wrap items-start gap-x-6 gap-y-3 pb-6",
    )


def room_of_plan(words: Text, used: Any, limit: Any, *, otherwise: Text = "") -> rx.Component:
    """How much of the plan is used, for the head of a page; ``otherwise`` where the plan sets no limit (-1)."""
    is_full = used >= limit
    limited = rx.el.span(words, class_name=rx.cond(is_full, "font-medium text-danger-ink", ""))
    return rx.cond(limit >= 0, limited, rx.el.span(otherwise))


def page_body(*children: rx.Component, width: str = "max-w-5xl") -> rx.Component:
    """The scrolling middle of an ordinary page."""
    return rx.el.div(
        rx.el.div(*children, class_name=f"mx-auto w-full {width} px-4 py-6 sm:px-8 sm:py-8"),
        class_name="scroll-thin relative h-full overflow-y-auto",
    )


def stack(*children: rx.Component, gap: str = "gap-6", class_name: Classes = "") -> rx.Component:
    """Things below each other."""
    return rx.el.div(*children, class_name=classes("flex flex-col", gap, class_name))


def details(*rows: tuple[Text, Text | rx.Component], class_name: Classes = "") -> rx.Component:
    """Names and values: name left, value right; below each other on a phone."""

    def row(name: Text, value: Text | rx.Component) -> rx.Component:
        return rx.el.div(
            rx.el.dt(name, class_name="text-sm text-muted sm:w-44 sm:flex-none"),
            rx.el.dd(value, class_name="min-w-0 flex-1 text-sm break-words"),
            class_name="flex flex-col gap-x-4 gap-y-0.5 py-2.5 sm:flex-row",
        )

    return rx.el.dl(*[row(*pair) for pair in rows], class_name=classes("divide-y", class_name))


def _description(text: Text) -> rx.Component:
    if isinstance(text, str) and not text:
        return rx.fragment()
    return rx.el.p(text, class_name="mt-1 text-sm text-muted text-pretty")
