"""Invoices, payments, taxes, and who sells."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.plan_words import invoice_badge
from pages.subscription import party_fields
from state.base import Feedback
from state.subscriptions import Subscriptions
from wapto_app.ui.badge import badge, status_badge
from wapto_app.ui.button import button, icon_button
from wapto_app.ui.card import section, stack
from wapto_app.ui.empty import empty_state
from wapto_app.ui.form import form, form_actions, number_field, submit_button, textarea_field
from wapto_app.ui.i18n import t
from wapto_app.ui.menu import menu, menu_item
from wapto_app.ui.skeleton import skeleton_lines
from wapto_app.ui.table import Column, table
from wapto_app.ui.time import date_only, exact_time


def _link(line: Any) -> rx.Component:
    return rx.el.a(
        line["number"],
        href=line["url"],
        target="_blank",
        rel="noopener",
        class_name="font-medium whitespace-nowrap underline-offset-2 hover:underline",
    )


def invoices() -> rx.Component:
    return stack(
        table(
            Subscriptions.invoices,
            Column(t("Number"), _link),
            Column(t("For"), lambda line: line["title"], hide=True),
            Column(
                t("Issued"),
                lambda line: date_only(line["issued_at"], class_name="whitespace-nowrap"),
                hide=True,
            ),
            Column(
                t("Due"), lambda line: date_only(line["due_at"], class_name="whitespace-nowrap"), hide=True
            ),
            Column(t("Status"), lambda line: invoice_badge(line["status"])),
            Column(t("Amount"), lambda line: line["total"], number=True),
            label=t("Invoices"),
            row_actions=_invoice_actions,
            loading=~Subscriptions.loaded,
            empty=empty_state(
                "receipt", t("No invoices yet"), t("They are written when a plan is approved and renewed.")
            ),
        ),
        class_name="pt-2",
    )


def _invoice_actions(line: Any) -> rx.Component:
    def item(words: Any, icon: str, name: str, **more: Any) -> rx.Component:
        opens = Subscriptions.open_dialog(name, line["id"], line["number"])
        return menu_item(words, icon=icon, on_click=opens, **more)

    waits = (line["status"] == "open") | (line["status"] == "overdue")
    items = rx.cond(
        waits,
        rx.fragment(
            item(t("Mark as paid"), "check", "paid"),
            item(t("Void"), "ban", "void", danger=True),
        ),
        item(t("Note a refund"), "undo-2", "refund"),
    )
    actions = menu(
        icon_button("ellipsis", t("Actions for {name}", name=line["number"])),
        items,
        label=t("Actions for {name}", name=line["number"]),
        align="end",
    )
    by_card = menu(
        icon_button("ellipsis", t("Actions for {name}", name=line["number"])),
        item(t("Refund to the card"), "undo-2", "refund_card"),
        label=t("Actions for {name}", name=line["number"]),
        align="end",
    )
    is_paid = line["status"] == "paid"
    return rx.cond(
        line["is_ours"],
        rx.cond(waits | is_paid, actions, rx.fragment()),
        rx.cond(is_paid, by_card, rx.fragment()),
    )


def payments() -> rx.Component:
    def status(line: Any) -> rx.Component:
        return status_badge(
            line["status"],
            {
                "succeeded": (t("Received"), "accent"),
                "failed": (t("Failed"), "danger"),
                "refunded": (t("Refunded"), "neutral"),
                "disputed": (t("Disputed"), "danger"),
            },
        )

    def amount(line: Any) -> rx.Component:
        back = rx.el.span(
            t("{amount} refunded", amount=line["refunded"]), class_name="block text-xs text-muted"
        )
        return rx.el.span(line["amount"], rx.cond(line["refunded"] == "", rx.fragment(), back))

    def method(line: Any) -> rx.Component:
        return rx.cond(line["method"] == "manual", rx.el.span(t("By hand")), rx.el.span(line["method"]))

    return stack(
        table(
            Subscriptions.payments,
            Column(t("Invoice"), lambda line: rx.el.span(line["number"], class_name="font-medium")),
            Column(t("When"), lambda line: exact_time(line["at"]), hide=True),
            Column(t("How"), method, hide=True),
            Column(t("Note"), lambda line: rx.el.span(line["note"], class_name="wrap-anywhere"), hide=True),
            Column(t("Status"), status),
            Column(t("Amount"), amount, number=True),
            label=t("Payments"),
            loading=~Subscriptions.loaded,
            empty=empty_state(
                "banknote", t("No payments yet"), t("Mark an invoice as paid, and it is here.")
            ),
        ),
        class_name="pt-2",
    )


def taxes() -> rx.Component:
    def actions(line: Any) -> rx.Component:
        switch = rx.cond(
            line["is_active"],
            menu_item(
                t("Do not charge"), icon="pause", on_click=Subscriptions.set_tax_active(line["id"], False)
            ),
            menu_item(t("Charge"), icon="play", on_click=Subscriptions.set_tax_active(line["id"], True)),
        )
        remove = menu_item(
            t("Remove"),
            icon="trash-2",
            danger=True,
            on_click=Subscriptions.open_dialog("remove_tax", line["id"], line["name"]),
        )
        return menu(
            icon_button("ellipsis", t("Actions for {name}", name=line["name"])),
            switch,
            remove,
            label=t("Actions for {name}", name=line["name"]),
            align="end",
        )

    def country(line: Any) -> rx.Component:
        return rx.cond(
            line["country"] == "", rx.el.span(t("All countries")), rx.el.span(line["country_name"])
        )

    return stack(
        rx.el.div(
            rx.el.p(
                t("Added on top of the price, by the country in the owner's billing details."),
                class_name="min-w-0 flex-1 text-sm text-muted",
            ),
            button(t("Add tax"), icon="plus", on_click=Subscriptions.open_dialog("tax", 0, "")),
            class_name="flex flex-wrap items-center gap-4",
        ),
        table(
            Subscriptions.taxes,
            Column(t("Name"), lambda line: rx.el.span(line["name"], class_name="font-medium wrap-anywhere")),
            Column(t("Country"), country, hide=True),
            Column(
                t("Status"),
                lambda line: rx.cond(
                    line["is_active"], badge(t("Charged"), tone="accent"), badge(t("Not charged"))
                ),
            ),
            Column(t("Rate"), lambda line: line["percent"], number=True),
            label=t("Taxes"),
            row_actions=actions,
            loading=~Subscriptions.loaded,
            empty=empty_state("percent", t("No taxes"), t("Prices are charged as they are.")),
        ),
        class_name="pt-2",
    )


def billing() -> rx.Component:
    fields = form(
        *party_fields(Subscriptions.seller, Feedback.errors),
        textarea_field(
            "footer",
            t("Below every invoice"),
            default_value=Subscriptions.footer,
            help=t("How to pay, such as your bank account."),
            max_length=500,
            optional=True,
            errors=Feedback.errors,
        ),
        number_field(
            "grace_days",
            t("Days to pay"),
            default_value=Subscriptions.grace_days.to(str),
            min="0",
            max="90",
            help=t("The workspace stays open that long with an unpaid invoice, then it is locked."),
            errors=Feedback.errors,
        ),
        form_actions(submit_button(t("Save"))),
        on_submit=Subscriptions.save_seller,
    )
    return stack(
        section(
            t("Seller"),
            rx.cond(Subscriptions.loaded, fields, skeleton_lines(6)),
            description=t("Stands on every invoice that is written from now on."),
        ),
        class_name="pt-2",
    )
