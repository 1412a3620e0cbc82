"""A one-time link for somebody, shown once."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wapto_app.ui.banner import banner
from wapto_app.ui.button import button
from wapto_app.ui.copy import copy_field
from wapto_app.ui.dialog import dialog
from wapto_app.ui.i18n import t


def link_dialog(
    link: rx.Var[str], *, email: rx.Var[str], mailed: rx.Var[bool], on_close: Any
) -> rx.Component:
    """Open while there is a ``link``; says whether it was mailed as well."""
    note = banner(t("It was mailed to {email}.", email=email), tone="accent")
    return dialog(
        rx.el.div(
            rx.cond(mailed, note, rx.fragment()),
            copy_field(
                t("Link"),
                link,
                help=t("It works once. Whoever has it can use it, so hand it over in private."),
            ),
            class_name="flex flex-col gap-4",
        ),
        title=t("Link for {email}", email=email),
        open=link != "",
        on_close=on_close,
        footer=button(t("Done"), variant="primary", on_click=on_close),
    )
