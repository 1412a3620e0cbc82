"""The questions that an admin is asked before something about money is done."""

from __future__ import annotations

from typing import Any

import reflex as rx

from state.base import Feedback
from state.subscriptions import Subscriptions
from wapto_app.services.invoices import countries
from wapto_app.ui.button import button
from wapto_app.ui.dialog import confirm_dialog, dialog
from wapto_app.ui.form import (
    checkbox,
    form,
    form_actions,
    number_field,
    select_field,
    submit_button,
    text_field,
    textarea_field,
)
from wapto_app.ui.i18n import Text, t

_COUNTRIES: list[tuple[str, Text]] = [("", t("All countries")), *countries().items()]


def dialogs() -> rx.Component:
    name = Subscriptions.target_name
    return rx.fragment(
        _ask(
            "approve",
            t("Approve {plan}?", plan=name),
            t("It begins at once, and its invoice is written. What is left of a paid plan is taken off it."),
            _paid(),
            _note(t("Note to the owner")),
            submit=submit_button(t("Approve")),
            on_submit=Subscriptions.approve,
        ),
        _ask(
            "reject",
            t("Reject {plan}?", plan=name),
            t("The owner reads your note. Nothing else changes."),
            _note(t("Note to the owner")),
            submit=submit_button(t("Reject"), variant="danger"),
            on_submit=Subscriptions.reject,
        ),
        _ask(
            "assign",
            t("Change plan"),
            t(
                "It begins at once, without a request. What is left of a paid plan is taken off the new invoice."
            ),
            select_field("plan_id", t("Plan"), Subscriptions.plans, errors=Feedback.errors),
            _paid(),
            submit=submit_button(t("Change plan")),
            on_submit=Subscriptions.assign,
        ),
        _ask(
            "extend",
            t("Extend the trial"),
            t("A trial that is over begins again, and the workspace opens at once."),
            number_field(
                "days", t("More days"), default_value="7", min="1", max="365", errors=Feedback.errors
            ),
            submit=submit_button(t("Extend trial")),
            on_submit=Subscriptions.extend_trial,
        ),
        *_invoice_dialogs(name),
        *_tax_dialogs(name),
    )


def _invoice_dialogs(number: rx.Var[str]) -> list[rx.Component]:
    return [
        _ask(
            "paid",
            t("Is invoice {number} paid?", number=number),
            t("The subscription goes on at once if it waited for this."),
            _note(t("Reference"), help=t("Such as the bank's reference.")),
            submit=submit_button(t("Mark as paid")),
            on_submit=Subscriptions.pay,
        ),
        _ask(
            "void",
            t("Void invoice {number}?", number=number),
            t("It is not owed any more. Its number stays in the books. This cannot be undone."),
            _note(t("Reason")),
            submit=submit_button(t("Void invoice"), variant="danger"),
            on_submit=Subscriptions.void,
        ),
        _ask(
            "refund",
            t("Note a refund of invoice {number}", number=number),
            t("Send the money back yourself, then note it here. The subscription is not changed by it."),
            text_field("amount", t("Amount"), input_mode="decimal", errors=Feedback.errors),
            _note(t("Reason")),
            submit=submit_button(t("Note refund")),
            on_submit=Subscriptions.refund,
        ),
        _ask(
            "refund_card",
            t("Refund invoice {number} to the card?", number=number),
            t("Stripe sends the money back. The subscription is not changed by it."),
            text_field(
                "amount",
                t("Amount"),
                input_mode="decimal",
                optional=True,
                help=t("Empty: everything that is left."),
                errors=Feedback.errors,
            ),
            submit=submit_button(t("Refund"), variant="danger"),
            on_submit=Subscriptions.refund_card,
        ),
    ]


def _tax_dialogs(name: rx.Var[str]) -> list[rx.Component]:
    return [
        _ask(
            "tax",
            t("Add a tax"),
            t("It stands on invoices that are written from now on."),
            text_field("name", t("Name"), placeholder=t("VAT"), max_length=80, errors=Feedback.errors),
            text_field(
                "percent", t("Percent"), input_mode="decimal", placeholder="19", errors=Feedback.errors
            ),
            select_field("country", t("Country"), _COUNTRIES, required=False, errors=Feedback.errors),
            submit=submit_button(t("Add tax")),
            on_submit=Subscriptions.add_tax,
        ),
        confirm_dialog(
            title=t("Remove {name}?", name=name),
            text=t("New invoices are written without it. Earlier ones keep it."),
            confirm=t("Remove tax"),
            on_confirm=Subscriptions.remove_tax,
            open=Subscriptions.dialog == "remove_tax",
            on_close=Subscriptions.close_dialog,
        ),
    ]


def _ask(
    id: str, title: Text, text: Text, *fields: rx.Component, submit: rx.Component, on_submit: Any
) -> rx.Component:
    return dialog(
        form(
            *fields,
            form_actions(button(t("Cancel"), on_click=Subscriptions.close_dialog), submit),
            on_submit=on_submit,
        ),
        title=title,
        description=text,
        open=Subscriptions.dialog == id,
        on_close=Subscriptions.close_dialog,
    )


def _paid() -> rx.Component:
    return checkbox(
        "paid",
        t("It is paid already"),
        help=t("Otherwise an invoice is open for as many days as your billing details say."),
    )


def _note(label: Text, help: Text = "") -> rx.Component:
    return textarea_field("note", label, optional=True, max_length=500, help=help, errors=Feedback.errors)
