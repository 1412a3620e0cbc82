"""Integrations: the connected WhatsApp numbers and their health."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.frame import frame
from state.integrations import Integrations
from state.shell import Shell
from wapto_app.security.permissions import Permission
from wapto_app.services.channels import ChannelDetail, HealthRow
from wapto_app.ui.badge import status_badge
from wapto_app.ui.banner import banner
from wapto_app.ui.button import button, button_link
from wapto_app.ui.card import card, page_body, page_header, stack
from wapto_app.ui.copy import copy_field
from wapto_app.ui.dialog import confirm_dialog
from wapto_app.ui.empty import empty_state
from wapto_app.ui.i18n import from_server, t
from wapto_app.ui.skeleton import skeleton_lines
from wapto_app.ui.time import relative_time
from wapto_app.ui.tokens import classes

_STATUS = {
    "connected": (t("Connected"), "accent"),
    "reconnect": (t("Reconnect"), "danger"),
    "disconnected": (t("Disconnected"), "neutral"),
}
_STATE_ICONS = {
    "good": ("circle-check", "text-accent-ink"),
    "warning": ("triangle-alert", "text-warning-ink"),
    "bad": ("circle-x", "text-danger-ink"),
}


def integrations() -> rx.Component:
    may_connect = Shell.permissions.contains(Permission.INTEGRATIONS_DO.value)
    connect = button_link(t("Connect a number"), "/integrations/connect", variant="primary", icon="plus")
    numbers = rx.cond(
        Integrations.numbers.length() > 0,
        stack(rx.foreach(Integrations.numbers, lambda number: _number(number, may_connect))),
        card(_nothing(may_connect)),
    )
    return frame(
        t("Integrations"),
        page_body(
            page_header(
                t("Integrations"),
                rx.cond(may_connect, connect, rx.fragment()),
                description=t("The WhatsApp numbers of your business, and how they are."),
            ),
            rx.cond(Integrations.loaded, numbers, card(skeleton_lines(5))),
            _disconnect_dialog(),
        ),
        permission=Permission.INTEGRATIONS_SEE,
    )


def _disconnect_dialog() -> rx.Component:
    return confirm_dialog(
        open=Integrations.leaving > 0,
        on_close=Integrations.stay_connected,
        title=t("Disconnect this number?"),
        text=t("Nothing can be sent until it is connected again. Conversations and incoming messages stay."),
        confirm=t("Disconnect number"),
        on_confirm=Integrations.disconnect,
    )


def _nothing(may_connect: rx.Var[bool]) -> rx.Component:
    actions = rx.el.div(
        button_link(t("Connect a number"), "/integrations/connect", variant="primary"),
        rx.cond(Integrations.has_sandbox, _sandbox_button(), rx.fragment()),
        class_name="flex flex-wrap justify-center gap-2",
    )
    return empty_state(
        "plug",
        t("No number connected yet"),
        t("Connect a number of the WhatsApp Business Platform to send and receive messages here."),
        rx.cond(may_connect, actions, rx.fragment()),
    )


def _sandbox_button() -> rx.Component:
    return button(
        t("Use the sandbox"),
        icon="flask-conical",
        loading=Integrations.connecting,
        on_click=Integrations.connect_sandbox,
    )


def _number(number: rx.Var[ChannelDetail], may_connect: rx.Var[bool]) -> rx.Component:
    head = rx.el.header(
        rx.el.div(
            rx.el.h2(number["name"], dir="auto", class_name="truncate text-base font-semibold"),
            rx.el.p(number["number"], class_name="text-sm text-muted tabular-nums"),
            class_name="min-w-0 flex-1",
        ),
        status_badge(number["status"], _STATUS),  # type: ignore[arg-type]
        class_name="flex items-start gap-4 px-5 pt-5",
    )
    refused = rx.cond(
        number["status"] == "reconnect",
        banner(
            t("Meta refused the access token. Messages wait until the number is connected again."),
            tone="danger",
            action=button_link(t("Reconnect"), "/integrations/connect"),
        ),
        rx.fragment(),
    )
    return rx.el.section(
        head,
        rx.el.div(
            refused,
            rx.el.ul(rx.foreach(number["health"], _health_row), class_name="divide-y"),
            _last_error(number),
            rx.cond(may_connect, _webhook(number), rx.fragment()),
            _number_actions(number, may_connect),
            class_name="flex flex-col gap-5 p-5",
        ),
        data_testid="number",
        class_name="rounded-lg border border-line bg-surface shadow-card",
    )


def _health_row(row: rx.Var[HealthRow]) -> rx.Component:
    icons: list[Any] = [
        (state, rx.icon(icon, size=18, class_name=look, aria_hidden=True))
        for state, (icon, look) in _STATE_ICONS.items()
    ]
    return rx.el.li(
        rx.el.span(
            rx.match(
                row["state"],
                *icons,
                rx.icon("circle-help", size=18, class_name="text-faint", aria_hidden=True),
            ),
            class_name="mt-px flex-none",
        ),
        rx.el.span(from_server(row["label"]), class_name="w-36 flex-none text-sm text-muted max-sm:w-28"),
        rx.el.span(
            rx.el.span(from_server(row["value"]), class_name="block text-sm"),
            rx.cond(
                row["fix"] != "",
                rx.el.span(from_server(row["fix"]), class_name="mt-0.5 block text-xs text-muted text-pretty"),
                rx.fragment(),
            ),
            class_name="min-w-0 flex-1",
        ),
        data_state=row["state"],
        class_name="flex items-start gap-3 py-2.5",
    )


def _last_error(number: rx.Var[ChannelDetail]) -> rx.Component:
    return rx.cond(
        number["last_error"] != "",
        banner(from_server(number["last_error"]), tone="warning", title=t("Last problem")),
        rx.fragment(),
    )


def _webhook(number: rx.Var[ChannelDetail]) -> rx.Component:
    """What has to be pasted into the Meta app; the sandbox knows it by itself."""
    fields = rx.el.div(
        copy_field(t("Callback URL"), Integrations.webhook_url),
        copy_field(t("Verify token"), number["verify_token"]),
        class_name="grid gap-4 sm:grid-cols-2",
    )
    phone = rx.el.a(
        rx.icon("smartphone", size=16, aria_hidden=True),
        t("Open the customers' phone"),
        href="/sandbox/",
        target="_blank",
        class_name="flex w-fit items-center gap-2 text-sm text-accent-ink underline underline-offset-2",
    )
    return rx.cond(number["kind"] == "cloud", fields, phone)


def _number_actions(number: rx.Var[ChannelDetail], may_connect: rx.Var[bool]) -> rx.Component:
    checked = rx.cond(
        number["last_checked_at"] != "",
        rx.el.p(
            t("Checked"),
            " ",
            relative_time(number["last_checked_at"]),
            class_name="flex-1 text-xs text-muted",
        ),
        rx.el.p(class_name="flex-1"),
    )
    disconnect = button(
        t("Disconnect"),
        variant="ghost",
        size="sm",
        on_click=Integrations.ask_to_disconnect(number["id"]),
        class_name="text-danger-ink",
    )
    can_end = may_connect & (number["status"] != "disconnected")
    return rx.el.footer(
        checked,
        button(
            t("Check now"),
            size="sm",
            icon="refresh-cw",
            loading=Integrations.checking == number["id"],
            on_click=Integrations.check(number["id"]),
        ),
        rx.cond(can_end, disconnect, rx.fragment()),
        class_name=classes("flex flex-wrap items-center gap-2 border-t pt-4"),
    )
