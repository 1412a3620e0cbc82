"""Where the workspace stands, what its owner asked for, and the trial."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.plan_words import per_cycle, subscription_badge, usage_meter
from state.base import Feedback
from state.subscriptions import Subscriptions
from wapto_app.ui.badge import status_badge
from wapto_app.ui.banner import banner
from wapto_app.ui.button import button
from wapto_app.ui.card import section, stack
from wapto_app.ui.empty import empty_state
from wapto_app.ui.form import checkbox, form, form_actions, number_field, select_field, submit_button
from wapto_app.ui.i18n import t
from wapto_app.ui.skeleton import skeleton_lines
from wapto_app.ui.table import Column, table
from wapto_app.ui.time import date_only, exact_time, relative_time

row = Subscriptions.row


def standing() -> rx.Component:
    nobody = banner(
        t("Invoices do not say yet who they are from. Fill in the seller under Billing details."),
        tone="warning",
    )
    return stack(
        rx.cond(Subscriptions.loaded & (Subscriptions.seller["name"] == ""), nobody, rx.fragment()),
        rx.el.div(
            _current(),
            section(
                t("Usage"),
                rx.cond(
                    Subscriptions.loaded,
                    rx.el.div(
                        rx.foreach(Subscriptions.meters, usage_meter), class_name="flex flex-col gap-5"
                    ),
                    skeleton_lines(4),
                ),
            ),
            class_name="grid items-start gap-6 lg:grid-cols-2",
        ),
        _requests(),
        _trial(),
        class_name="pt-2",
    )


def _current() -> rx.Component:
    price = rx.cond(row["cycle"] == "", t("Free"), rx.el.span(row["price"], " ", per_cycle(row["cycle"])))
    source = rx.match(
        row["source"],
        ("free", t("Free plan")),
        ("trial", t("Trial")),
        ("manual", t("Paid by hand")),
        t("Paid through Stripe"),
    )

    def date(name: str, label: Any) -> rx.Component:
        return rx.cond(row[name] != "", rx.el.li(label, " ", date_only(row[name])), rx.fragment())

    facts = rx.el.div(
        rx.el.div(
            rx.el.p(row["plan"], dir="auto", class_name="min-w-0 text-lg font-semibold wrap-anywhere"),
            subscription_badge(row["status"]),
            class_name="flex flex-wrap items-center gap-2",
        ),
        rx.el.p(
            rx.cond(row["source"] == "free", source, rx.fragment(source, " · ", price)),
            class_name="mt-1 text-sm text-muted",
        ),
        rx.el.ul(
            rx.cond(row["source"] == "trial", date("trial_ends_at", t("Trial until")), rx.fragment()),
            date("period_end", rx.cond(row["canceling"], t("Ends on"), t("Renews on"))),
            date("grace_until", t("Pay until")),
            rx.cond(row["next_plan"] != "", rx.el.li(t("Then"), " ", row["next_plan"]), rx.fragment()),
            rx.cond(row["credit"] != "", rx.el.li(t("Credit"), " ", row["credit"]), rx.fragment()),
            class_name="mt-3 flex flex-col gap-1 text-sm",
        ),
        rx.el.div(
            button(t("Change plan"), on_click=Subscriptions.open_dialog("assign", 0, "")),
            rx.cond(
                row["source"] == "trial",
                button(t("Extend trial"), on_click=Subscriptions.open_dialog("extend", 0, "")),
                rx.fragment(),
            ),
            class_name="mt-4 flex flex-wrap gap-2",
        ),
    )
    return section(
        t("Current plan"),
        rx.cond(Subscriptions.loaded & (row != None), facts, skeleton_lines(4)),  # noqa: E711
    )


def _requests() -> rx.Component:
    def what(line: Any) -> rx.Component:
        return rx.el.div(
            rx.el.p(line["plan"], " · ", line["price"], class_name="font-medium wrap-anywhere"),
            rx.cond(
                line["message"] == "",
                rx.fragment(),
                rx.el.p("“", line["message"], "”", class_name="text-xs wrap-anywhere text-muted"),
            ),
            rx.cond(
                line["note"] == "",
                rx.fragment(),
                rx.el.p(line["note"], class_name="text-xs wrap-anywhere text-muted"),
            ),
            class_name="py-2",
        )

    def answer(line: Any) -> rx.Component:
        buttons = rx.el.div(
            button(
                t("Reject"),
                size="sm",
                on_click=Subscriptions.open_dialog("reject", line["id"], line["plan"]),
            ),
            button(
                t("Approve"),
                size="sm",
                variant="primary",
                on_click=Subscriptions.open_dialog("approve", line["id"], line["plan"]),
            ),
            class_name="flex justify-end gap-2",
        )
        state = status_badge(
            line["state"],
            {
                "approved": (t("Approved"), "accent"),
                "rejected": (t("Rejected"), "danger"),
                "withdrawn": (t("Withdrawn"), "neutral"),
            },
        )
        return rx.cond(line["state"] == "open", buttons, state)

    return section(
        t("Requests"),
        table(
            Subscriptions.requests,
            Column(t("Plan"), what),
            Column(t("From"), lambda line: line["asked_by"], hide=True),
            Column(t("Asked"), lambda line: relative_time(line["asked_at"]), hide=True),
            Column(t("Answer"), answer, number=True),
            label=t("Requests"),
            loading=~Subscriptions.loaded,
            empty=empty_state(
                "inbox",
                t("No requests"),
                t("When the owner asks for a plan that is paid by hand, you decide here."),
            ),
        ),
    )


def _trial() -> rx.Component:
    fields = form(
        checkbox(
            "enabled",
            t("Whoever registers first tries a plan for free"),
            default_checked=Subscriptions.trial_on,
            help=t(
                "When the time is over, the workspace is locked until its owner chooses a plan. "
                "Deactivate the free plans that they should not choose then, such as Self-hosted."
            ),
        ),
        rx.el.div(
            number_field(
                "days",
                t("Days"),
                default_value=Subscriptions.trial_days.to(str),
                min="1",
                max="365",
                id="trial-length",
                errors=Feedback.errors,
            ),
            select_field(
                "plan_id",
                t("Plan to try"),
                Subscriptions.plans,
                placeholder=t("The recommended one"),
                default_value=Subscriptions.trial_plan,
                id="trial-plan",
                optional=True,
                errors=Feedback.errors,
            ),
            class_name="grid gap-5 sm:grid-cols-2",
        ),
        form_actions(submit_button(t("Save trial"))),
        on_submit=Subscriptions.save_trial,
    )
    over = rx.cond(
        row["source"] == "trial",
        rx.el.p(
            t("The trial that runs ends on"),
            " ",
            exact_time(row["trial_ends_at"]),
            ".",
            class_name="mb-4 text-sm text-muted",
        ),
        rx.fragment(),
    )
    return section(
        t("Trial"),
        rx.cond(Subscriptions.loaded, rx.fragment(over, fields), skeleton_lines(4)),
        description=t("For the first owner who registers or joins by invitation."),
    )
