"""What the frame of every page says about the plan: time left, a limit that is near, and the lock."""

from __future__ import annotations

import reflex as rx

from pages.plan_words import METERS, word
from state.shell import Shell
from wapto_app.security.permissions import Permission
from wapto_app.ui.badge import dot
from wapto_app.ui.banner import banner
from wapto_app.ui.button import button_link, icon_button
from wapto_app.ui.card import page_body
from wapto_app.ui.i18n import t
from wapto_app.ui.link import RouteLink
from wapto_app.ui.time import date_only, time_left


def plan_chip() -> rx.Component:
    """How long the trial lasts, in the top bar of who can end it."""
    chip = RouteLink.create(
        dot("info", class_name="max-sm:hidden"),
        rx.el.span(t("Trial:"), class_name="max-sm:sr-only"),
        time_left(Shell.plan["trial_ends_at"]),
        to="/subscription",
        data_testid="trial",
        class_name=(
            "flex h-8 items-center gap-2 rounded-md px-1 text-sm whitespace-nowrap text-muted max-sm:text-xs sm:px-2 "
            "hover:bg-hover hover:text-ink"
        ),
    )
    return rx.cond(
        (Shell.plan["status"] == "trialing") & (Shell.plan["trial_ends_at"] != ""), chip, rx.fragment()
    )


def plan_banner() -> rx.Component:
    """A payment that is due, or a limit that is near; for who may see the subscription."""
    to_plans = button_link(t("See plans"), "/subscription", size="sm")
    due = banner(
        rx.el.span(
            t("An invoice is waiting. The workspace stays open until"),
            " ",
            date_only(Shell.plan["grace_until"]),
        ),
        tone="warning",
        action=button_link(t("See the invoice"), "/subscription", size="sm"),
        class_name="rounded-none sm:items-center!",
    )
    name = word(METERS, Shell.plan["warning"])
    used, limit = Shell.plan["used"], Shell.plan["limit"]
    full = banner(
        t(
            "{name}: {used} of {limit}. No more can be added, nothing is lost.",
            name=name,
            used=used,
            limit=limit,
        ),
        tone="danger",
        action=to_plans,
        class_name="rounded-none sm:items-center!",
    )
    near = banner(
        t("{name}: {used} of {limit} of your plan.", name=name, used=used, limit=limit),
        tone="warning",
        action=rx.el.div(
            to_plans, icon_button("x", t("Hide"), on_click=Shell.hide_warning), class_name="flex gap-1"
        ),
        class_name="rounded-none sm:items-center!",
    )
    level = Shell.plan["level"].to(int)
    is_hidden = Shell.hidden_warning == Shell.warning
    bars = rx.el.div(
        rx.cond(Shell.plan["grace_until"] != "", due, rx.fragment()),
        rx.cond(level >= 100, full, rx.cond((level > 0) & ~is_hidden, near, rx.fragment())),
        data_testid="plan-banner",
    )
    return rx.cond(Shell.at_plans, rx.fragment(), bars)


def lock_panel() -> rx.Component:
    """In the place of a page while there is no plan."""
    may_choose = Shell.permissions.contains(Permission.SUBSCRIPTION_DO)
    title = rx.match(
        Shell.plan["status"],
        ("canceled", t("The subscription has ended")),
        ("pending", t("The first payment is on its way")),
        t("The time of this plan is over"),
    )
    text = rx.cond(
        may_choose,
        t(
            "Choose a plan to go on. Messages of your customers are still stored, and what waits to be sent "
            "leaves then. Nothing is lost."
        ),
        t(
            "Ask the owner of this workspace to choose a plan. Messages of your customers are still stored. "
            "Nothing is lost."
        ),
    )
    action = rx.cond(
        may_choose,
        button_link(t("Choose a plan"), "/subscription", variant="primary"),
        button_link(t("Your profile"), "/profile"),
    )
    return page_body(
        rx.el.div(
            rx.el.div(
                rx.icon("lock", size=22, aria_hidden=True),
                class_name="grid size-11 place-items-center rounded-full bg-line text-muted",
            ),
            rx.el.h1(title, class_name="mt-4 text-xl font-semibold tracking-tight text-balance"),
            rx.el.p(text, class_name="mt-2 max-w-md text-sm text-muted text-pretty"),
            rx.el.div(action, class_name="mt-6"),
            class_name="flex flex-col items-center px-2 py-16 text-center",
            data_testid="locked",
        )
    )
