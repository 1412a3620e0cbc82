"""Steps of something that takes several."""

from __future__ import annotations

from collections.abc import Sequence

import reflex as rx

from wapto_app.ui.i18n import Text, t


def stepper(steps: Sequence[Text], current: int | rx.Var[int], *, label: Text) -> rx.Component:
    """Where the reader is; ``current`` counts from 0, and the number of steps means that all are done."""
    at = rx.Var.create(current).to(int)
    return rx.el.ol(
        *[_step(i, text, at, last=i == len(steps) - 1) for i, text in enumerate(steps)],
        aria_label=label,
        class_name="flex flex-col gap-x-2 gap-y-1 sm:flex-row sm:items-center",
    )


def _step(i: int, text: Text, at: rx.Var[int], *, last: bool) -> rx.Component:
    done, here = at > i, at == i
    circle = rx.el.span(
        rx.cond(done, rx.icon("check", size=14), str(i + 1)),
        aria_hidden=True,
        class_name=rx.cond(
            at >= i,
            "grid size-6 flex-none place-items-center rounded-full bg-accent text-xs font-semibold text-on-accent",
            "grid size-6 flex-none place-items-center rounded-full border border-line-strong text-xs text-muted",
        ),
    )
    words = rx.el.span(
        text,
        rx.cond(done, rx.el.span(" ", t("(done)"), class_name="sr-only"), rx.fragment()),
        class_name=rx.cond(here, "text-sm font-medium", "text-sm text-muted"),
    )
    line = (
        rx.fragment()
        if last
        else rx.el.span(aria_hidden=True, class_name="h-px flex-1 bg-line max-sm:hidden")
    )
    return rx.el.li(
        circle,
        words,
        line,
        aria_current=rx.cond(here, "step", "false"),
        class_name="flex items-center gap-2.5 py-1 " + ("" if last else "sm:flex-1"),
    )
