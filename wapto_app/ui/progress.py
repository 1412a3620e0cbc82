"""How far something is, and how much of something is used."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wapto_app.ui.button import button
from wapto_app.ui.dialog import dialog
from wapto_app.ui.i18n import Text, t
from wapto_app.ui.tokens import Classes, classes

_TRACK = "h-1.5 w-full overflow-hidden rounded-full bg-line"


def bar(share: rx.Var[Any], tone: str | rx.Var[str]) -> rx.Component:
    """The bar alone, for a figure that says in its own words what it measures. ``share`` is 0 to 100."""
    width: rx.Var[str] = rx.Var(
        f"`${{Math.max(0, Math.min(100, {share!s}))}}%`", _var_type=str, _var_data=share._get_all_var_data()
    )
    look = classes("h-full rounded-full transition-[width] duration-300", tone)
    return rx.el.div(rx.el.div(class_name=look, style={"width": width}), class_name=_TRACK, aria_hidden=True)


def progress(percent: float | rx.Var[float], *, label: Text, class_name: Classes = "") -> rx.Component:
    """Work that goes on, 0 to 100."""
    share = rx.Var.create(percent).to(float)
    return rx.el.div(
        bar(share, "bg-accent"),
        role="progressbar",
        aria_label=label,
        custom_attrs={"aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": share},
        class_name=class_name,
    )


def progress_dialog(
    title: Text, *, done: rx.Var[int], total: rx.Var[int], open: rx.Var[bool], on_stop: Any
) -> rx.Component:
    """Work on many things that a person waits for, and may stop; what is done stays done."""
    share = rx.cond(total > 0, done / total * 100, 0)
    words = t("{done} of {total}", done=done, total=total)
    return dialog(
        progress(share, label=t("Progress")),
        rx.el.p(words, role="status", class_name="mt-2 text-sm text-muted tabular-nums"),
        title=title,
        description=t("You can stop it; what is done stays done."),
        open=open,
        on_close=on_stop,
        width="sm",
        locked=True,
        footer=button(t("Stop"), on_click=on_stop),
    )


def meter(
    label: Text, used: float | rx.Var[float], limit: float | rx.Var[float] | None, *, class_name: Classes = ""
) -> rx.Component:
    """Used of a limit: green, amber from 80 %, red from 100 %. Without a limit only the number stands there."""
    amount = rx.Var.create(used).to(float)
    if limit is None:
        return _meter_text(label, t("{used} used, no limit", used=amount), class_name)
    most = rx.Var.create(limit).to(float)
    share = rx.cond(most > 0, amount / most * 100, rx.cond(amount > 0, 100, 0)).to(float)
    tone = rx.cond(share >= 100, "bg-danger", rx.cond(share >= 80, "bg-warning", "bg-accent"))
    return rx.el.div(
        _meter_text(label, t("{used} of {limit}", used=amount, limit=most), ""),
        bar(share, tone),
        aria_label=label,
        custom_attrs={"role": "meter", "aria-valuemin": 0, "aria-valuemax": most, "aria-valuenow": amount},
        class_name=classes("flex flex-col gap-2", class_name),
    )


def _meter_text(label: Text, value: Text, class_name: Classes) -> rx.Component:
    return rx.el.div(
        rx.el.span(label, class_name="text-sm"),
        rx.el.span(value, class_name="text-sm text-muted tabular-nums"),
        class_name=classes("flex items-baseline justify-between gap-4", class_name),
    )
