"""How much room all files take, and the switch that saves some."""

from __future__ import annotations

import reflex as rx

from state.library import MediaLibrary
from state.shell import Shell
from wapto_app.security.permissions import Permission
from wapto_app.ui.files import file_size
from wapto_app.ui.form import switch
from wapto_app.ui.i18n import t
from wapto_app.ui.progress import bar
from wapto_app.ui.tokens import classes


def storage() -> rx.Component:
    used, limit = MediaLibrary.storage["used"], MediaLibrary.storage["limit"]
    share = rx.cond(limit > 0, used / limit * 100, 0).to(float)
    tone = rx.cond(share >= 100, "bg-danger", rx.cond(share >= 80, "bg-warning", "bg-accent"))
    amount = rx.cond(
        limit > 0,
        rx.el.span(file_size(used), " / ", file_size(limit)),
        rx.el.span(file_size(used)),
    )
    meter = rx.cond(
        limit > 0,
        rx.el.div(
            bar(share, tone),
            aria_label=t("Storage"),
            custom_attrs={
                "role": "meter",
                "aria-valuemin": 0,
                "aria-valuemax": 100,
                "aria-valuenow": share,
            },
        ),
        rx.fragment(),
    )
    warning = rx.cond(
        share >= 100,
        t("It is full. Delete files, or choose a larger plan."),
        t("Files of messages count too."),
    )
    return rx.el.section(
        rx.el.div(
            rx.el.h2(t("Storage"), class_name="text-xs font-medium text-muted"),
            rx.el.span(amount, class_name="text-xs"),
            class_name="flex items-baseline justify-between gap-2",
        ),
        meter,
        rx.el.p(warning, class_name="text-xs text-muted text-pretty"),
        _switch(),
        class_name=classes("flex flex-col gap-2 border-t px-2 pt-4"),
    )


def _switch() -> rx.Component:
    may_set = Shell.permissions.contains(Permission.SETTINGS_DO.value)
    choice = switch(
        "shrink",
        t("Make pictures smaller when uploading"),
        checked=MediaLibrary.shrinks,
        on_change=MediaLibrary.set_shrinks,
        class_name="pt-3",
    )
    return rx.cond(may_set, choice, rx.fragment())
