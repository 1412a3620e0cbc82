"""How the open conversation stands: one press resolves it, a menu knows the rest."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.inbox.snooze_date import snooze_date
from pages.inbox.snooze_times import snooze_items
from state.inbox import OpenConversation
from state.inbox.status import StatusMenu
from state.shell import Shell
from wapto_app.security.permissions import Permission
from wapto_app.ui.button import button
from wapto_app.ui.i18n import Text, t
from wapto_app.ui.lazy import on_demand
from wapto_app.ui.menu import menu, menu_item, menu_label, menu_separator


def status_menu() -> rx.Component:
    """For whoever may change it."""
    return rx.cond(
        Shell.permissions.contains(Permission.INBOX_DO.value),
        rx.el.div(_press(), _menu(), on_demand(StatusMenu.dating, snooze_date), class_name="flex flex-none"),
        rx.fragment(),
    )


def _press() -> rx.Component:
    def press(label: Text, icon: str, status: str) -> rx.Component:
        return button(
            rx.el.span(label, class_name="max-lg:sr-only"),
            icon=icon,
            size="sm",
            on_click=StatusMenu.change(status),
            class_name=(
                "rounded-e-none shadow-none pointer-coarse:h-11 max-lg:w-8 max-lg:px-0 "
                "pointer-coarse:max-lg:w-11"
            ),
            data_tip=label,
            data_key="e",
        )

    is_open = OpenConversation.header["status"] == "open"
    is_pending = OpenConversation.header["status"] == "pending"
    is_news = StatusMenu.closed == OpenConversation.selected
    return rx.cond(
        is_open | is_pending,
        press(t("Resolve"), "check", "resolved"),
        rx.cond(
            is_news, press(t("Undo resolving"), "undo-2", "open"), press(t("Reopen"), "rotate-ccw", "open")
        ),
    )


# A memo, because Reflex does not give what stands in a prop (the menu's trigger) the states that it reads.
@rx.memo
def status_shown() -> rx.Component:
    status = OpenConversation.header["status"]
    words = rx.match(
        status,
        ("pending", t("Pending")),
        ("snoozed", t("Snoozed")),
        ("resolved", t("Resolved")),
        t("Open"),
    )
    return rx.el.span(words, data_testid="status", class_name="sr-only")


def _menu() -> rx.Component:
    trigger = rx.el.button(
        status_shown(),
        rx.icon("chevron-down", size=14, aria_hidden=True),
        rx.el.span(" ", t("Change the status"), class_name="sr-only"),
        type="button",
        data_tip=t("Change the status"),
        data_key="s",
        class_name=(
            "grid h-8 w-7 place-items-center rounded-e-md border border-s-0 border-line bg-surface "
            "text-muted hover:bg-hover hover:text-ink pointer-coarse:h-11 pointer-coarse:w-9"
        ),
    )
    return menu(
        trigger,
        _choice(t("Open"), "open"),
        _choice(t("Pending"), "pending"),
        _choice(t("Resolved"), "resolved"),
        menu_separator(),
        menu_label(t("Snooze until")),
        snooze_items(StatusMenu.snooze, StatusMenu.times),
        menu_item(t("Choose date and time"), icon="calendar-clock", on_click=StatusMenu.ask_date(True)),
        label=t("Status"),
        align="end",
        class_name="w-60",
        on_open_change=StatusMenu.offer,
    )


def _choice(words: Text, status: str) -> Any:
    return menu_item(
        words,
        checked=OpenConversation.header["status"] == status,
        on_click=StatusMenu.change(status),
    )
