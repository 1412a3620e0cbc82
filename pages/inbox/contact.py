"""The right panel: who the customer is."""

from __future__ import annotations

from typing import Any

import reflex as rx

from state.base import Feedback
from state.inbox import ContactPanel, OpenConversation
from state.shell import Shell
from wapto_app.security.permissions import Permission
from wapto_app.ui.avatar import avatar
from wapto_app.ui.badge import badge
from wapto_app.ui.button import icon_button
from wapto_app.ui.copy import copy_button
from wapto_app.ui.form import form, submit_button, text_field, textarea_field
from wapto_app.ui.i18n import t
from wapto_app.ui.time import relative_time
from wapto_app.ui.tokens import classes


@rx.memo(wrapper=None)
def contact_panel() -> rx.Component:
    """Beside the thread on wide screens, over it on others."""
    return rx.cond(
        (OpenConversation.header["id"] > 0) & (ContactPanel.card["id"] > 0),
        rx.el.aside(
            _head(),
            rx.el.div(
                _who(), _form(), _facts(), class_name="scroll-thin flex flex-col gap-6 overflow-y-auto p-5"
            ),
            aria_label=t("Contact"),
            class_name=classes(
                "min-h-0 w-80 flex-none flex-col border-s bg-surface xl:static xl:flex xl:shadow-none "
                "max-xl:absolute max-xl:inset-y-0 max-xl:end-0 max-xl:z-10 max-xl:shadow-dialog max-sm:w-full",
                rx.cond(ContactPanel.shown, "flex", "max-xl:hidden"),
            ),
        ),
        rx.fragment(),
    )


def _head() -> rx.Component:
    return rx.el.header(
        rx.el.h2(t("Contact"), class_name="flex-1 text-sm font-semibold"),
        icon_button(
            "x", t("Close contact details"), on_click=ContactPanel.show(False), class_name="xl:hidden"
        ),
        class_name="flex h-13 flex-none items-center border-b px-5",
    )


def _who() -> rx.Component:
    card = ContactPanel.card
    phone = rx.cond(
        card["phone"] != "",
        rx.el.p(
            rx.el.span(card["phone"], class_name="tabular-nums"),
            copy_button(card["phone"], label=t("Phone number")),
            class_name="flex items-center gap-1 text-sm text-muted",
        ),
        rx.cond(
            card["username"] != "",
            rx.el.p("@", card["username"], class_name="text-sm text-muted"),
            rx.fragment(),
        ),
    )
    return rx.el.div(
        avatar(OpenConversation.header["name"], size=64),
        rx.el.p(OpenConversation.header["name"], dir="auto", class_name="mt-3 text-base font-semibold"),
        phone,
        rx.cond(card["opted_out"], badge(t("Opted out"), tone="warning"), rx.fragment()),
        class_name="flex flex-col items-center text-center",
    )


def _form() -> rx.Component:
    card = ContactPanel.card
    may_edit = Shell.permissions.contains(Permission.CONTACTS_DO.value)
    return form(
        text_field(
            "name",
            t("Name"),
            default_value=card["name"],
            placeholder=card["profile_name"],
            max_length=120,
            required=False,
            read_only=~may_edit,
            errors=Feedback.errors,
        ),
        textarea_field(
            "notes",
            t("Notes"),
            rows=5,
            required=False,
            default_value=card["notes"],
            read_only=~may_edit,
            help=t("Only your team sees this."),
            errors=Feedback.errors,
        ),
        rx.cond(may_edit, submit_button(t("Save"), variant="secondary"), rx.fragment()),
        on_submit=[Feedback.clear, ContactPanel.save],
        reset_on_submit=False,
        # Another contact starts with its own values; a live change of this one must not take what is being typed.
        key=card["id"].to_string(),
    )


def _facts() -> rx.Component:
    card = ContactPanel.card

    def fact(label: rx.Var[str], value: Any) -> rx.Component:
        return rx.el.div(
            rx.el.dt(label, class_name="text-xs text-muted"),
            rx.el.dd(value, dir="auto", class_name="text-sm break-words"),
            class_name="flex flex-col gap-0.5",
        )

    return rx.el.dl(
        fact(t("WhatsApp name"), rx.cond(card["profile_name"] != "", card["profile_name"], "–")),
        fact(t("First contact"), relative_time(card["created_at"])),
        class_name="flex flex-col gap-4 border-t pt-5",
    )
