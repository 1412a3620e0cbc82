"""An admin helps somebody who lost the app and the recovery codes."""

from __future__ import annotations

from typing import Any

import reflex as rx

from state.two_factor import LostFactor
from wapto_app.ui.dialog import confirm_dialog
from wapto_app.ui.i18n import t
from wapto_app.ui.menu import menu_item


def lost_factor_item(row: Any) -> rx.Component:
    """For the menu of somebody who uses two-factor login."""
    return menu_item(
        t("Switch off two-factor login"), icon="shield-off", on_click=LostFactor.ask(row["id"], row["name"])
    )


def lost_factor_dialog() -> rx.Component:
    return confirm_dialog(
        title=t("Switch off two-factor login of {name}?", name=LostFactor.name),
        text=t(
            "Do this only for somebody who lost the app and the recovery codes, and who is really the one who asks. "
            "Their password alone signs them in then."
        ),
        confirm=t("Switch off"),
        on_confirm=LostFactor.switch_off(LostFactor.account_id),
        open=LostFactor.account_id > 0,
        on_close=LostFactor.leave,
    )
