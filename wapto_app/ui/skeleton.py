"""Grey shapes in the place of what is being loaded: the page does not jump when it comes."""

from __future__ import annotations

import reflex as rx

from wapto_app.ui.i18n import t
from wapto_app.ui.tokens import Classes, classes

_WIDTHS = ("w-2/3", "w-1/2", "w-4/5", "w-3/5", "w-3/4")


def skeleton(class_name: Classes = "h-4 w-full") -> rx.Component:
    """One shape; say its size in the class names."""
    return rx.el.div(aria_hidden=True, class_name=classes("animate-pulse-soft rounded bg-line", class_name))


def skeleton_lines(lines: int = 3, *, class_name: Classes = "") -> rx.Component:
    """A paragraph that is being loaded."""
    shapes = [skeleton(f"h-3.5 {_WIDTHS[i % len(_WIDTHS)]}") for i in range(lines)]
    return _loading(*shapes, class_name=classes("flex flex-col gap-2.5", class_name))


def skeleton_rows(rows: int = 6, *, avatar: bool = True, class_name: Classes = "") -> rx.Component:
    """A list of people or conversations that is being loaded."""

    def row(i: int) -> rx.Component:
        return rx.el.div(
            skeleton("size-9 flex-none rounded-full") if avatar else rx.fragment(),
            rx.el.div(
                skeleton(f"h-3.5 {_WIDTHS[i % len(_WIDTHS)]}"),
                skeleton(f"h-3 {_WIDTHS[(i + 2) % len(_WIDTHS)]}"),
                class_name="flex flex-1 flex-col gap-2",
            ),
            class_name="flex items-center gap-3 px-4 py-3",
        )

    return _loading(*[row(i) for i in range(rows)], class_name=class_name)


def _loading(*shapes: rx.Component, class_name: Classes) -> rx.Component:
    words = rx.el.span(t("Loading"), class_name="sr-only")
    return rx.el.div(*shapes, words, aria_busy=True, class_name=class_name)
