"""The page for addresses that lead nowhere."""

from __future__ import annotations

import reflex as rx

from pages.frame import auth_frame
from wapto_app.ui.button import button_link
from wapto_app.ui.i18n import t


def not_found() -> rx.Component:
    return auth_frame(
        t("There is nothing here"),
        button_link(t("Go to the start page"), "/", variant="primary"),
        text=t("The address may be mistyped, or what was here has been deleted or moved."),
    )
