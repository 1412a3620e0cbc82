"""The plans that the admin offers, and their editor."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.frame import frame
from pages.plan_words import CYCLES, GATES, LIMITS, word
from state.base import Feedback
from state.plans import Plans
from wapto_app.security.permissions import Permission
from wapto_app.services.money import currencies
from wapto_app.services.plans import Gate, Limit
from wapto_app.ui.badge import badge
from wapto_app.ui.button import button, icon_button
from wapto_app.ui.card import page_body, page_header
from wapto_app.ui.dialog import confirm_dialog, drawer
from wapto_app.ui.empty import empty_state
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
from wapto_app.ui.menu import menu, menu_item, menu_separator
from wapto_app.ui.table import Column, table

_CURRENCIES = [(code, code) for code in currencies()]
plan = Plans.editing


def admin_plans() -> rx.Component:
    return frame(t("Plans"), page_body(_plans()), permission=Permission.ADMIN)


def _plans() -> rx.Component:
    return rx.fragment(
        page_header(
            t("Plans"),
            button(t("New plan"), variant="primary", icon="plus", on_click=Plans.start),
            description=t(
                "What the owner can choose from, in this order. A changed limit or feature acts at once."
            ),
        ),
        table(
            Plans.rows,
            Column(t("Plan"), _name),
            Column(t("Price"), _price, number=True),
            Column(t("Messages"), lambda row: _most(row, Limit.MESSAGES), number=True, hide=True),
            Column(t("Contacts"), lambda row: _most(row, Limit.CONTACTS), number=True, hide=True),
            Column(t("Agents"), lambda row: _most(row, Limit.SEATS), number=True, hide=True),
            Column(t("Status"), _status, hide=True),
            label=t("Plans"),
            on_row_click=lambda row: Plans.edit(row["id"]),
            row_actions=_actions,
            loading=~Plans.loaded,
            empty=empty_state("package", t("No plans yet"), t("Make one, and the owner can choose it.")),
        ),
        _editor(),
        confirm_dialog(
            title=t("Delete {name}?", name=Plans.deleting_name),
            text=t("Nobody was ever on this plan. It cannot be brought back."),
            confirm=t("Delete plan"),
            on_confirm=Plans.delete,
            open=Plans.deleting_id > 0,
            on_close=Plans.do_not_delete,
        ),
    )


def _name(row: Any) -> rx.Component:
    return rx.el.span(
        rx.el.span(row["name"], dir="auto", class_name="font-medium wrap-anywhere"),
        rx.el.span(
            rx.cond(row["is_current"], badge(t("In use"), tone="accent"), rx.fragment()),
            rx.cond(row["is_featured"], badge(t("Recommended"), tone="info"), rx.fragment()),
            rx.cond(row["is_active"], rx.fragment(), badge(t("Not offered"))),
            class_name="flex flex-wrap gap-1.5 empty:hidden",
        ),
        class_name="flex flex-col gap-1 py-2",
    )


def _price(row: Any) -> rx.Component:
    paid = rx.el.span(
        row["price"], rx.el.span(word(CYCLES, row["cycle"]), class_name="block text-xs text-muted")
    )
    return rx.cond(row["price_minor"] == 0, rx.el.span(t("Free")), paid)


def _most(row: Any, limit: Limit) -> rx.Component:
    most = row["limits"][limit.value].to(int)
    return rx.el.span(rx.cond(most < 0, "∞", t("{n}", n=most)))


def _status(row: Any) -> rx.Component:
    return rx.cond(row["is_active"], badge(t("Offered"), tone="accent"), badge(t("Not offered")))


def _actions(row: Any) -> rx.Component:
    featured = rx.cond(
        row["is_featured"],
        menu_item(t("Do not recommend"), icon="star-off", on_click=Plans.feature(row["id"], False)),
        menu_item(t("Recommend"), icon="star", on_click=Plans.feature(row["id"], True)),
    )
    offered = rx.cond(
        row["is_active"],
        menu_item(t("Stop offering"), icon="eye-off", on_click=Plans.set_active(row["id"], False)),
        menu_item(t("Offer"), icon="eye", on_click=Plans.set_active(row["id"], True)),
    )
    delete = menu_item(
        t("Delete"),
        icon="trash-2",
        danger=True,
        on_click=Plans.ask_to_delete(row["id"], row["name"]),
    )
    return menu(
        icon_button("ellipsis", t("Actions for {name}", name=row["name"])),
        menu_item(t("Edit"), icon="pencil", on_click=Plans.edit(row["id"])),
        menu_item(t("Duplicate"), icon="copy", on_click=Plans.duplicate(row["id"])),
        menu_item(t("Move up"), icon="arrow-up", on_click=Plans.move(row["id"], True)),
        menu_item(t("Move down"), icon="arrow-down", on_click=Plans.move(row["id"], False)),
        menu_separator(),
        featured,
        offered,
        rx.cond(row["is_used"], rx.fragment(), delete),
        label=t("Actions for {name}", name=row["name"]),
        align="end",
    )


def _editor() -> rx.Component:
    return drawer(
        form(
            *_words(),
            _money(),
            _limits(),
            _gates(),
            form_actions(button(t("Cancel"), on_click=Plans.close), submit_button(t("Save plan"))),
            on_submit=Plans.save,
        ),
        title=rx.cond(plan["id"] > 0, t("Edit {name}", name=plan["name"]), t("New plan")),
        open=Plans.is_open,
        on_close=Plans.close,
        width="lg",
    )


def _words() -> list[rx.Component]:
    return [
        text_field("name", t("Name"), default_value=plan["name"], max_length=80, errors=Feedback.errors),
        text_field(
            "slug",
            t("Short name"),
            default_value=plan["slug"],
            max_length=64,
            optional=True,
            help=t("For addresses and exports; made from the name when empty."),
            errors=Feedback.errors,
        ),
        textarea_field(
            "description",
            t("Description"),
            default_value=plan["description"],
            max_length=500,
            rows=2,
            optional=True,
            errors=Feedback.errors,
        ),
    ]


def _money() -> rx.Component:
    return rx.el.div(
        text_field(
            "price",
            t("Price"),
            default_value=plan["price_typed"],
            input_mode="decimal",
            optional=True,
            help=t("Empty or 0: free."),
            errors=Feedback.errors,
        ),
        select_field(
            "currency", t("Currency"), _CURRENCIES, default_value=plan["currency"], errors=Feedback.errors
        ),
        select_field(
            "cycle",
            t("Billed"),
            list(CYCLES.items()),
            default_value=plan["cycle"],
            errors=Feedback.errors,
        ),
        number_field(
            "trial_days",
            t("Free days"),
            default_value=rx.cond(plan["trial_days"] > 0, plan["trial_days"].to(str), ""),
            min="0",
            max="365",
            optional=True,
            help=t("Before the first payment by card."),
            errors=Feedback.errors,
        ),
        class_name="grid items-start gap-5 sm:grid-cols-2",
    )


def _group(title: Text, *body: rx.Component) -> rx.Component:
    """Fields under a heading. A browser draws the border of a fieldset through its legend, so the line is around it."""
    legend = rx.el.legend(title, class_name="text-sm font-semibold")
    return rx.el.div(rx.el.fieldset(legend, *body), class_name="border-t pt-5")


def _limits() -> rx.Component:
    def most(limit: Limit) -> rx.Component:
        value = plan["limits"][limit.value].to(int)
        return number_field(
            limit.value,
            LIMITS[limit.value],
            default_value=rx.cond(value < 0, "", value.to(str)),
            min="0",
            placeholder=t("Unlimited"),
            required=False,
            errors=Feedback.errors,
        )

    return _group(
        t("Limits"),
        rx.el.p(t("Empty is unlimited."), class_name="mt-1 text-xs text-muted"),
        rx.el.div(
            *[most(limit) for limit in Limit],
            class_name="mt-3 grid items-start gap-4 sm:grid-cols-3",
        ),
    )


def _gates() -> rx.Component:
    return _group(
        t("Features"),
        rx.el.div(
            *[
                checkbox(
                    f"gate_{gate.value}",
                    GATES[gate.value],
                    default_checked=plan["gates"].contains(gate.value),
                )
                for gate in Gate
            ],
            class_name="mt-3 grid gap-3 sm:grid-cols-2",
        ),
    )
