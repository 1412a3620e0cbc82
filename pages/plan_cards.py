"""Plans side by side, what makes them different, and the question before one is chosen."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.plan_words import GATES, LIMITS, per_cycle
from state.base import Feedback
from state.subscription import Subscription
from wapto_app.services.plans import Gate, Limit
from wapto_app.ui.badge import badge
from wapto_app.ui.button import button
from wapto_app.ui.card import SURFACE
from wapto_app.ui.dialog import dialog
from wapto_app.ui.form import form, form_actions, submit_button, textarea_field
from wapto_app.ui.i18n import Text, t
from wapto_app.ui.skeleton import skeleton
from wapto_app.ui.time import date_only
from wapto_app.ui.tokens import classes

_FEW = (Limit.MESSAGES, Limit.SEATS, Limit.CONTACTS, Limit.CAMPAIGNS, Limit.FLOWS, Limit.MEDIA_MB)
_MORE = tuple(limit for limit in Limit if limit not in _FEW)


def plan_cards() -> rx.Component:
    shapes = rx.el.div(
        *[skeleton("h-80 w-full") for _ in range(3)], class_name="grid gap-4 sm:grid-cols-2 lg:grid-cols-3"
    )
    cards = rx.el.ul(
        rx.foreach(Subscription.cards, _card),
        class_name="grid items-stretch gap-4 sm:grid-cols-2 lg:grid-cols-3",
    )
    return rx.el.section(
        rx.el.h2(t("Plans"), class_name="mb-4 text-base font-semibold"),
        rx.cond(Subscription.loaded, cards, shapes),
        _question(),
        aria_label=t("Plans"),
    )


def _card(card: Any) -> rx.Component:
    ring = rx.cond(card["is_featured"], "border-accent ring-1 ring-accent", "border-line")
    return rx.el.li(
        rx.el.div(
            rx.el.h3(card["name"], class_name="min-w-0 text-base font-semibold hyphens-auto wrap-anywhere"),
            rx.cond(card["is_featured"], badge(t("Recommended"), tone="accent"), rx.fragment()),
            class_name="flex flex-wrap items-center justify-between gap-2",
        ),
        _price(card),
        rx.cond(
            card["description"] == "",
            rx.fragment(),
            rx.el.p(card["description"], class_name="mt-2 text-sm text-muted text-pretty break-words"),
        ),
        rx.el.ul(
            *[_limit(card, limit.value) for limit in _FEW],
            class_name="mt-4 flex flex-col gap-1.5 border-t pt-4",
        ),
        rx.el.ul(*[_gate(card, gate.value) for gate in Gate], class_name="mt-3 flex flex-col gap-1.5"),
        _all_limits(card),
        rx.el.div(_action(card), class_name="mt-auto pt-5"),
        class_name=classes(SURFACE.replace("border-line", ""), "flex flex-col p-5", ring),
        data_testid="plan-card",
    )


def _price(card: Any) -> rx.Component:
    amount = "text-xl font-semibold tracking-tight tabular-nums"
    paid = rx.el.p(
        rx.el.span(card["price"], class_name=amount),
        rx.el.span(" ", per_cycle(card["cycle"]), class_name="text-sm text-muted"),
        class_name="mt-2",
    )
    return rx.cond(card["price_minor"] == 0, rx.el.p(t("Free"), class_name=f"mt-2 {amount}"), paid)


def _limit(card: Any, name: str) -> rx.Component:
    most = card["limits"][name].to(int)
    return rx.el.li(
        rx.el.span(LIMITS[name], class_name="text-muted"),
        rx.el.span(
            rx.cond(most < 0, t("Unlimited"), t("{n}", n=most)), class_name="font-medium tabular-nums"
        ),
        class_name="flex items-baseline justify-between gap-4 text-sm",
    )


def _gate(card: Any, name: str) -> rx.Component:
    is_open = card["gates"].contains(name)
    mark = rx.cond(
        is_open,
        rx.icon("check", size=16, class_name="flex-none text-accent-ink", aria_hidden=True),
        rx.icon("minus", size=16, class_name="flex-none text-faint", aria_hidden=True),
    )
    return rx.el.li(
        mark,
        rx.el.span(
            GATES[name],
            rx.cond(is_open, rx.fragment(), rx.el.span(" ", t("(not included)"), class_name="sr-only")),
        ),
        class_name=classes("flex items-center gap-2 text-sm", rx.cond(is_open, "", "text-faint")),
    )


def _all_limits(card: Any) -> rx.Component:
    return rx.el.details(
        rx.el.summary(t("All limits"), class_name="cursor-pointer text-sm text-muted hover:text-ink"),
        rx.el.ul(*[_limit(card, limit.value) for limit in _MORE], class_name="mt-2 flex flex-col gap-1.5"),
        class_name="mt-4",
    )


def _action(card: Any) -> rx.Component:
    def choose(words: Text) -> rx.Component:
        return button(
            words,
            variant="primary",
            class_name="w-full",
            disabled=(card["way"] == "request") & Subscription.waiting,
            on_click=Subscription.ask_to_choose(card["id"]),
        )

    ours = button(t("Your plan"), icon="check", disabled=True, class_name="w-full")
    return rx.match(
        card["way"],
        ("current", ours),
        ("request", choose(t("Request this plan"))),
        ("at_period_end", choose(t("Switch at the end of the period"))),
        ("card_later", choose(t("Switch at the end of the period"))),
        choose(t("Choose this plan")),
    )


def _question() -> rx.Component:
    """What choosing the plan does, and when."""
    now = t("It begins at once and costs nothing.")
    price = rx.el.b(Subscription.chosen_price)
    request = rx.el.span(
        t("An admin is asked to put you on this plan for"),
        " ",
        price,
        ". ",
        t(
            "Once it is approved it begins at once, and you get an invoice. "
            "What is left of a paid plan is taken off it."
        ),
    )
    later = rx.el.span(
        t("Your current plan stays until"),
        " ",
        date_only(Subscription.row["period_end"]),
        ". ",
        t("Then the new one begins. What is there above its limits stays, only no more can be added."),
    )
    checkout = rx.el.span(
        t(
            "You pay {price} by card on Stripe's page and come back here. It renews by itself until you cancel.",
            price=Subscription.chosen_price,
        )
    )
    difference = rx.el.span(
        t(
            "It begins at once. What is left of your plan is taken off, "
            "and the rest is charged to your card now."
        )
    )
    message = textarea_field(
        "message",
        t("Message to the admin"),
        optional=True,
        max_length=500,
        errors=Feedback.errors,
    )
    asks = Subscription.chosen_way == "request"
    return dialog(
        form(
            rx.el.p(
                rx.match(
                    Subscription.chosen_way,
                    ("request", request),
                    ("at_period_end", later),
                    ("card_later", later),
                    ("checkout", checkout),
                    ("card_now", difference),
                    rx.el.span(now),
                ),
                class_name="text-sm text-muted",
            ),
            # Always there: a form reads a field that is gone as none at all.
            rx.el.div(message, class_name=rx.cond(asks, "", "hidden")),
            form_actions(
                button(t("Cancel"), on_click=Subscription.do_not_choose),
                rx.match(
                    Subscription.chosen_way,
                    ("request", submit_button(t("Send request"))),
                    ("checkout", submit_button(t("Continue to payment"))),
                    submit_button(t("Choose this plan")),
                ),
            ),
            on_submit=Subscription.choose,
        ),
        title=t("Choose {plan}?", plan=Subscription.chosen_name),
        open=Subscription.chosen_id > 0,
        on_close=Subscription.do_not_choose,
    )
