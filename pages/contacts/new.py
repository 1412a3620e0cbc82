"""Dialogs: a new contact, and from which number a chat is begun."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.contacts.words import LANGUAGES
from pages.field_parts import field_inputs
from state.base import Feedback
from state.contacts import NewContact, StartChat
from wapto_app.ui.button import button
from wapto_app.ui.dialog import dialog
from wapto_app.ui.form import (
    form,
    form_actions,
    select_field,
    submit_button,
    text_field,
    textarea_field,
)
from wapto_app.ui.i18n import t


def new_dialog() -> rx.Component:
    errors = Feedback.errors
    return dialog(
        form(
            rx.cond(NewContact.by == "phone", _phone(), _username()),
            text_field("name", t("Name"), max_length=120, auto_complete="off", optional=True, errors=errors),
            text_field(
                "company", t("Company"), max_length=120, auto_complete="off", optional=True, errors=errors
            ),
            text_field("email", t("E-mail"), type="email", auto_complete="off", optional=True, errors=errors),
            language_field(optional=True),
            text_field(
                "source",
                t("Source"),
                max_length=64,
                placeholder=t("Where they come from"),
                optional=True,
                errors=errors,
            ),
            field_inputs(
                NewContact.fields, rx.Var.create({}).to(dict[str, str]), errors=errors, prefix="new-"
            ),
            textarea_field(
                "notes",
                t("Notes"),
                max_length=10_000,
                optional=True,
                help=t("Only your team sees this."),
                errors=errors,
            ),
            form_actions(button(t("Cancel"), on_click=NewContact.close), submit_button(t("Save contact"))),
            on_submit=NewContact.save,
            reset_on_submit=False,
        ),
        title=t("New contact"),
        open=NewContact.is_open,
        on_close=NewContact.close,
    )


def language_field(value: str | rx.Var[str] = "", **props: Any) -> rx.Component:
    """A language tag, with the usual ones offered while typing."""
    return rx.fragment(
        text_field(
            "language",
            t("Language"),
            default_value=value,
            max_length=16,
            placeholder="pt-BR",
            auto_complete="off",
            list="languages",
            errors=Feedback.errors,
            **props,
        ),
        # No id of Reflex's: it would be sent along as if it were an input.
        rx.el.datalist(*[rx.el.option(value=code) for code in LANGUAGES], custom_attrs={"id": "languages"}),
    )


def _phone() -> rx.Component:
    country = rx.cond(
        NewContact.country != "",
        t("Without a country code it is read as a number of {country}.", country=NewContact.country),
        t("With its country code."),
    )
    chosen = rx.el.select(
        rx.foreach(NewContact.countries, lambda each: rx.el.option(each["label"], value=each["value"])),
        value=NewContact.country,
        on_change=NewContact.choose_country,
        aria_label=t("Country of numbers without a country code"),
        class_name="control mt-1.5 h-8 w-auto text-xs",
    )
    return rx.el.div(
        text_field(
            "phone",
            t("Phone number"),
            type="tel",
            auto_complete="off",
            placeholder="+44 20 7946 0018",
            help=country,
            errors=Feedback.errors,
            custom_attrs={"data-autofocus": "true"},
        ),
        rx.el.div(
            rx.cond(NewContact.countries.length() > 0, chosen, rx.fragment()),
            button(
                t("They have only a username"),
                variant="ghost",
                size="sm",
                on_click=NewContact.reach_by("username"),
            ),
            class_name="flex flex-wrap items-center justify-between gap-2",
        ),
    )


def _username() -> rx.Component:
    return rx.el.div(
        text_field(
            "username",
            t("Username"),
            auto_complete="off",
            placeholder="@name",
            help=t("You can write to them once they have written to you, or when you add their number."),
            errors=Feedback.errors,
        ),
        button(
            t("Write a phone number instead"),
            variant="ghost",
            size="sm",
            on_click=NewContact.reach_by("phone"),
        ),
    )


def chat_dialog() -> rx.Component:
    """Only with several numbers."""
    return dialog(
        form(
            select_field("number", t("From your number"), StartChat.numbers),
            form_actions(button(t("Cancel"), on_click=StartChat.close), submit_button(t("Start chat"))),
            on_submit=StartChat.go,
        ),
        title=t("Write to {name}", name=StartChat.name),
        open=StartChat.contact_id > 0,
        on_close=StartChat.close,
        width="sm",
    )
