"""The owner's subscription: where it stands, what is used, which plans there are, what was billed."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.frame import frame
from pages.plan_cards import plan_cards
from pages.plan_words import invoice_badge, per_cycle, subscription_badge, usage_meter
from state.base import Feedback
from state.payment import Payment
from state.subscription import Subscription
from wapto_app.security.permissions import Permission
from wapto_app.services.invoices import countries
from wapto_app.ui.banner import banner
from wapto_app.ui.button import button
from wapto_app.ui.card import details, page_body, page_header, section, stack
from wapto_app.ui.dialog import dialog
from wapto_app.ui.empty import empty_state
from wapto_app.ui.form import (
    Errors,
    form,
    form_actions,
    select_field,
    submit_button,
    text_field,
    textarea_field,
)
from wapto_app.ui.i18n import Text, t
from wapto_app.ui.leave import leave
from wapto_app.ui.skeleton import skeleton_lines
from wapto_app.ui.table import Column, table
from wapto_app.ui.time import date_only, exact_time, relative_time, time_left

_COUNTRIES: list[tuple[str, Text]] = [("", "–"), *countries().items()]
row = Subscription.row


def subscription() -> rx.Component:
    return frame(
        t("Subscription"),
        page_body(_subscription(), width="max-w-6xl"),
        permission=Permission.SUBSCRIPTION_SEE,
    )


def _subscription() -> rx.Component:
    return rx.fragment(
        page_header(t("Subscription"), description=t("Your plan, what is used of it, and your invoices.")),
        stack(
            rx.cond(Subscription.loaded, _notes(), rx.fragment()),
            rx.el.div(_standing(), _usage(), class_name="grid items-start gap-6 lg:grid-cols-2"),
            plan_cards(),
            _invoices(),
            _buyer(),
        ),
        _cancel_dialog(),
        _buyer_dialog(),
        leave(Payment.leaving_to, Payment.leaving_mark),
    )


def _notes() -> rx.Component:
    """What the owner should know first."""
    locked = banner(
        t("Choose a plan to open the workspace again. What customers wrote meanwhile is stored."),
        title=t("The workspace is locked"),
        tone="danger",
    )
    owing = banner(
        t(
            "The last payment failed. Pay or use another card under Manage payment, or the workspace is locked."
        ),
        title=t("A payment is open"),
        tone="warning",
        action=button(t("Manage payment"), size="sm", on_click=Payment.manage),
    )
    owes = (row["source"] == "stripe") & ((row["status"] == "past_due") | (row["status"] == "expired"))
    first = Subscription.requests[0]
    waiting = banner(
        t("You asked for {plan}. An admin decides about it.", plan=first["plan"]),
        tone="info",
        action=button(t("Withdraw"), size="sm", on_click=Subscription.withdraw),
    )
    rejected = banner(
        rx.cond(first["note"] == "", t("Ask the admin why, or choose another plan."), first["note"]),
        title=t("Your request for {plan} was not approved", plan=first["plan"]),
        tone="warning",
    )
    answer = rx.match(first["state"], ("open", waiting), ("rejected", rejected), rx.fragment())
    return rx.fragment(
        rx.cond(row["locked"], locked, rx.fragment()),
        rx.cond(owes & Subscription.may_manage, owing, rx.fragment()),
        rx.cond(Subscription.requests.length() > 0, answer, rx.fragment()),
    )


def _standing() -> rx.Component:
    price = rx.cond(row["cycle"] == "", t("Free"), rx.el.span(row["price"], " ", per_cycle(row["cycle"])))
    facts = rx.el.div(
        rx.el.div(
            rx.el.p(row["plan"], dir="auto", class_name="min-w-0 text-lg font-semibold wrap-anywhere"),
            subscription_badge(row["status"]),
            class_name="flex flex-wrap items-center gap-2",
        ),
        rx.el.p(price, class_name="mt-1 text-sm text-muted"),
        _dates(),
        _changes(),
    )
    return section(
        t("Current plan"),
        rx.cond(Subscription.loaded & (row != None), facts, skeleton_lines(4)),  # noqa: E711
    )


def _dates() -> rx.Component:
    def line(name: str, label: Text, value: rx.Component) -> rx.Component:
        return rx.cond(row[name] != "", details((label, value)), rx.fragment())

    trial = rx.el.span(exact_time(row["trial_ends_at"]), " · ", time_left(row["trial_ends_at"]))
    end = rx.cond(row["canceling"], t("Ends on"), t("Renews on"))
    credit = rx.cond(row["credit"] != "", details((t("Credit"), row["credit"])), rx.fragment())
    return rx.el.div(
        rx.cond(row["source"] == "trial", line("trial_ends_at", t("Trial ends"), trial), rx.fragment()),
        line("period_start", t("Period from"), date_only(row["period_start"])),
        line("period_end", end, date_only(row["period_end"])),
        line("grace_until", t("Pay until"), date_only(row["grace_until"])),
        rx.cond(row["next_plan"] != "", details((t("Then"), row["next_plan"])), rx.fragment()),
        credit,
        class_name="mt-3",
    )


def _changes() -> rx.Component:
    """Cancel and resume; what is paid by card is also managed at Stripe, where open payments are paid."""
    by_card = row["source"] == "stripe"
    runs = ((row["source"] == "manual") | (by_card & (row["status"] != "trialing"))) & ~row["locked"]
    is_changing = row["canceling"] | (row["next_plan"] != "")
    keep = button(t("Keep {plan}", plan=row["plan"]), on_click=Subscription.resume)
    end = button(t("Cancel subscription"), variant="ghost", on_click=Subscription.ask_to_cancel)
    manage = button(t("Manage payment"), icon="credit-card", on_click=Payment.manage)
    changes = rx.fragment(
        rx.cond(is_changing, keep, rx.fragment()),
        rx.cond(row["canceling"], rx.fragment(), end),
    )
    return rx.el.div(
        rx.cond(Subscription.may_manage & by_card, manage, rx.fragment()),
        rx.cond(runs, changes, rx.fragment()),
        class_name="mt-4 flex flex-wrap gap-2 empty:hidden",
    )


def _usage() -> rx.Component:
    meters = rx.el.div(
        rx.foreach(Subscription.meters, usage_meter),
        rx.el.p(
            t("Monthly numbers start anew"),
            " ",
            relative_time(Subscription.resets_at),
            ".",
            class_name="text-xs text-muted",
        ),
        class_name="flex flex-col gap-5",
        data_testid="usage",
    )
    return section(t("Usage"), rx.cond(Subscription.loaded, meters, skeleton_lines(6)))


def _invoices() -> rx.Component:
    def number(line: Any) -> rx.Component:
        return rx.el.a(
            line["number"],
            href=line["url"],
            target="_blank",
            rel="noopener",
            class_name="font-medium whitespace-nowrap underline-offset-2 hover:underline",
        )

    return section(
        t("Invoices"),
        table(
            Subscription.invoices,
            Column(t("Number"), number),
            Column(t("For"), lambda line: line["title"], hide=True),
            Column(t("Date"), lambda line: date_only(line["issued_at"], class_name="whitespace-nowrap")),
            Column(t("Status"), lambda line: invoice_badge(line["status"])),
            Column(t("Amount"), lambda line: line["total"], number=True),
            label=t("Invoices"),
            loading=~Subscription.loaded,
            empty=empty_state(
                "receipt", t("No invoices yet"), t("What you pay for is listed here, ready to print.")
            ),
        ),
    )


def _buyer() -> rx.Component:
    buyer = Subscription.buyer
    filled = details(
        (t("Name"), buyer["name"]),
        (t("Address"), rx.el.span(buyer["address"], class_name="whitespace-pre-line")),
        (t("Tax number"), buyer["tax_id"]),
        (t("E-mail"), buyer["email"]),
    )
    return section(
        t("Billing details"),
        rx.cond(
            buyer["name"] == "",
            rx.el.p(
                t("Nothing is filled in yet. These details stand on your invoices."),
                class_name="text-sm text-muted",
            ),
            filled,
        ),
        action=button(t("Edit"), size="sm", on_click=Subscription.edit_buyer),
    )


def party_fields(party: Any, errors: Errors) -> list[rx.Component]:
    """Name, address, country, tax number and e-mail of who sells or buys."""
    return [
        text_field("name", t("Name"), default_value=party["name"], max_length=120, errors=errors),
        textarea_field(
            "address",
            t("Address"),
            default_value=party["address"],
            optional=True,
            max_length=500,
            errors=errors,
        ),
        rx.el.div(
            select_field(
                "country",
                t("Country"),
                _COUNTRIES,
                default_value=party["country"],
                optional=True,
                errors=errors,
            ),
            text_field(
                "tax_id",
                t("Tax number"),
                default_value=party["tax_id"],
                optional=True,
                max_length=64,
                errors=errors,
            ),
            class_name="grid gap-5 sm:grid-cols-2",
        ),
        text_field(
            "email", t("E-mail"), default_value=party["email"], type="email", optional=True, errors=errors
        ),
    ]


def _buyer_dialog() -> rx.Component:
    return dialog(
        form(
            *party_fields(Subscription.buyer, Feedback.errors),
            form_actions(
                button(t("Cancel"), on_click=Subscription.stop_editing_buyer), submit_button(t("Save"))
            ),
            on_submit=Subscription.save_buyer,
        ),
        title=t("Billing details"),
        description=t("They stand on new invoices; your country decides about taxes."),
        open=Subscription.editing_buyer,
        on_close=Subscription.stop_editing_buyer,
    )


def _cancel_dialog() -> rx.Component:
    text = rx.el.span(
        t("Everything works until"),
        " ",
        date_only(row["period_end"]),
        ". ",
        t(
            "Then the workspace is locked until you choose a plan. Messages of your customers are still stored. "
            "You can change your mind until then."
        ),
        class_name="text-sm text-muted",
    )
    return dialog(
        text,
        title=t("Cancel {plan}?", plan=row["plan"]),
        open=Subscription.leaving,
        on_close=Subscription.do_not_cancel,
        width="sm",
        footer=rx.fragment(
            button(t("Keep it"), on_click=Subscription.do_not_cancel),
            button(t("Cancel subscription"), variant="danger", on_click=Subscription.cancel),
        ),
    )
