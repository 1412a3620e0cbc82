"""What the owner asks of everybody who signs in."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.frame import frame
from pages.profile import role_badge
from state.security_rules import SecurityRules
from wapto_app.security.permissions import Permission
from wapto_app.ui.avatar import avatar
from wapto_app.ui.badge import badge
from wapto_app.ui.card import page_body, page_header, section, stack
from wapto_app.ui.empty import empty_state
from wapto_app.ui.form import switch
from wapto_app.ui.i18n import t
from wapto_app.ui.skeleton import skeleton_lines
from wapto_app.ui.table import Column, table


def security_rules() -> rx.Component:
    return frame(
        t("Sign-in rules"),
        page_body(
            page_header(t("Sign-in rules"), description=t("How your people prove who they are.")),
            stack(_rule(), _people()),
            width="max-w-3xl",
        ),
        permission=Permission.SETTINGS_DO,
    )


def _rule() -> rx.Component:
    return section(
        t("Two-factor login"),
        rx.cond(
            SecurityRules.loaded,
            switch(
                "agents_two_factor",
                t("Agents must use two-factor login"),
                help=t(
                    "Whoever has not set it up can do nothing else until it is done, also where they are signed in now."
                ),
                checked=SecurityRules.agents_two_factor,
                on_change=SecurityRules.ask_agents,
            ),
            skeleton_lines(2),
        ),
        description=t("A code from the phone, asked for after the password."),
    )


def _people() -> rx.Component:
    return table(
        SecurityRules.people,
        Column(t("Name"), _person),
        Column(t("Role"), lambda row: role_badge(row["role"]), hide=True),
        Column(t("Two-factor login"), _state),
        label=t("Who uses two-factor login"),
        loading=~SecurityRules.loaded,
        empty=empty_state("users", t("Nobody is here yet")),
    )


def _person(row: Any) -> rx.Component:
    about = rx.el.div(
        rx.el.p(row["name"], dir="auto", class_name="font-medium wrap-anywhere"),
        rx.el.p(row["email"], class_name="text-xs wrap-anywhere text-muted"),
        class_name="min-w-0",
    )
    return rx.el.div(
        avatar(row["name"], size=32, class_name="flex-none max-sm:hidden"),
        about,
        class_name="flex items-center gap-3 py-2",
    )


def _state(row: Any) -> rx.Component:
    return rx.cond(
        row["two_factor"], badge(t("On"), tone="accent", icon="shield-check"), badge(t("Off"), tone="neutral")
    )
