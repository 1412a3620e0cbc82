"""The bell of the top bar: a panel below it, or a drawer on a phone."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.bell_panel import DRAWER, bell_drawer, bell_panel
from state.notifications import Desktop, Notifications
from wapto_app.ui.alerts import desktop_alerts
from wapto_app.ui.badge import count
from wapto_app.ui.dialog import drawer, open_dialog
from wapto_app.ui.i18n import t
from wapto_app.ui.lazy import later
from wapto_app.ui.menu import popover
from wapto_app.ui.tokens import ICON_BUTTON


def bell() -> rx.Component:
    """With the number of unread ones."""
    return rx.fragment(
        popover(
            _button(class_name="max-sm:hidden"),
            rx.el.div(later(bell_panel), class_name="-m-3"),
            label=t("Notifications"),
            align="end",
            class_name="w-96 max-h-[min(32rem,80dvh)] overflow-x-hidden overflow-y-auto scroll-thin",
            on_open_change=Notifications.show,
        ),
        _button(class_name="sm:hidden", on_click=[open_dialog(DRAWER), Notifications.show(True)]),
        desktop_alerts(Desktop.alerts, sound=Desktop.sound),
    )


def notifications_drawer() -> rx.Component:
    """Stands beside the page, not within the bar: what is in there is drawn over by nothing."""
    return drawer(
        rx.el.div(later(bell_drawer), class_name="-mx-5 -mt-1"),
        id=DRAWER,
        title=t("Notifications"),
        on_close=Notifications.show(False),
    )


def _button(class_name: str, **props: Any) -> rx.Component:
    number = rx.el.span(
        count(Notifications.unread, label=t("unread")),
        class_name="pointer-events-none absolute -end-1 -top-1 scale-[0.8]",
    )
    return rx.el.button(
        rx.icon("bell", size=18, aria_hidden=True),
        rx.el.span(t("Notifications"), class_name="sr-only"),
        number,
        type="button",
        data_tip=t("Notifications"),
        class_name=f"relative {ICON_BUTTON} {class_name}",
        **props,
    )
