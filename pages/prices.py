"""What Meta takes for a message: the owner's own table, empty until somebody fills it."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.frame import frame
from state.base import Feedback
from state.prices import Prices
from wapto_app.security.permissions import Permission
from wapto_app.services.campaigns.prices import WHERE_META_SAYS
from wapto_app.ui.banner import banner
from wapto_app.ui.button import button, icon_button
from wapto_app.ui.card import page_body, page_header, section, stack
from wapto_app.ui.combobox import combobox_field
from wapto_app.ui.dialog import confirm_dialog, dialog
from wapto_app.ui.empty import empty_state
from wapto_app.ui.form import form, form_actions, select, submit_button, text_field
from wapto_app.ui.i18n import Text, t
from wapto_app.ui.menu import menu, menu_item, menu_separator
from wapto_app.ui.table import Column, table
from wapto_app.ui.table_upload import TableUpload

_ACCEPT = ".csv,.tsv,.txt,.xlsx,.xls,.ods,text/csv"
_MOST_BYTES = 2 * 1024 * 1024


def prices() -> rx.Component:
    return frame(
        t("Message prices"),
        page_body(
            page_header(
                t("Message prices"),
                button(t("Add country"), icon="plus", variant="primary", on_click=Prices.add),
                description=t(
                    "What Meta takes for each template that is delivered. Estimates of campaigns use this table: "
                    "Wapto knows no prices by itself."
                ),
            ),
            stack(_unknown(), _table(), _upload()),
            _edit(),
            _remove(),
            width="max-w-3xl",
        ),
        permission=Permission.SETTINGS_DO,
    )


def _meta() -> rx.Component:
    return rx.el.a(
        t("Meta's page about prices"),
        href=WHERE_META_SAYS,
        target="_blank",
        rel="noopener noreferrer",
        class_name="text-sm text-accent-ink underline underline-offset-2",
    )


def _unknown() -> rx.Component:
    text = t(
        "Not understood: “{names}”. These are no countries: whoever lives there has the price of all other countries.",
        names=Prices.unknown.join("”, “"),
    )
    return rx.cond(Prices.unknown.length() > 0, banner(text, tone="warning"), rx.fragment())


def _table() -> rx.Component:
    head = rx.el.div(
        rx.el.label(t("Currency"), html_for="currency", class_name="text-sm font-medium"),
        rx.el.div(
            select(
                "currency",
                Prices.currencies,
                id="currency",
                value=Prices.currency,
                on_change=Prices.choose_currency,
            ),
            class_name="w-28",
        ),
        rx.el.div(_meta(), class_name="ms-auto"),
        class_name="flex flex-wrap items-center gap-3",
    )
    rows = table(
        Prices.rows,
        Column(t("Country"), _name, width="w-full max-w-0"),
        Column(t("Marketing"), _price("marketing"), number=True, width="w-24"),
        Column(t("Utility"), _price("utility"), number=True, width="w-24"),
        Column(t("Authentication"), _price("authentication"), number=True, width="w-28", hide=True),
        label=t("Message prices"),
        key="market",
        row_actions=_actions,
        loading=~Prices.loaded,
        empty=_empty(),
    )
    return stack(head, rows, gap="gap-3")


def _empty() -> rx.Component:
    return empty_state(
        "coins",
        t("No prices yet"),
        t(
            "Meta publishes its rates by country and category. Upload that table below, or add the countries that your "
            "customers live in."
        ),
    )


def _name(row: Any) -> rx.Component:
    return rx.el.button(
        row["name"],
        type="button",
        aria_label=t("Edit {name}", name=row["name"]),
        on_click=Prices.edit(row["market"]),
        class_name="block w-full truncate text-start font-medium after:absolute after:inset-0 after:content-['']",
    )


def _price(category: str) -> Any:
    def cell(row: Any) -> rx.Component:
        empty = rx.el.span("–", aria_label=t("No price"), class_name="text-muted")
        return rx.cond(row[category] != "", rx.el.span(row[category], class_name="tabular-nums"), empty)

    return cell


def _actions(row: Any) -> rx.Component:
    label = t("Actions for {name}", name=row["name"])
    return menu(
        icon_button("ellipsis", label),
        menu_item(t("Edit"), icon="pencil", on_click=Prices.edit(row["market"])),
        menu_separator(),
        menu_item(t("Remove"), icon="trash-2", danger=True, on_click=Prices.ask_to_remove(row["market"])),
        label=label,
        align="end",
    )


def _upload() -> rx.Component:
    return section(
        t("Upload a table"),
        TableUpload.create(
            action="/message-prices",
            accept=_ACCEPT,
            most=_MOST_BYTES,
            small=True,
            note=t("It replaces the prices above. CSV or Excel, up to 2 MB."),
            on_key=Prices.uploaded,
        ),
        description=t(
            "One column is called Market or Country, the others Marketing, Utility and Authentication, as in the "
            "tables that Meta publishes; or one Category and one Price."
        ),
    )


def _edit() -> rx.Component:
    inside = form(
        combobox_field(
            "market",
            t("Country"),
            Prices.markets,
            value=rx.cond(
                Prices.is_new, "", rx.cond(Prices.row["market"] == "", "others", Prices.row["market"])
            ),
            errors=Feedback.errors,
        ),
        _amount("marketing", t("Marketing")),
        _amount("utility", t("Utility")),
        _amount("authentication", t("Authentication")),
        form_actions(button(t("Cancel"), on_click=Prices.close), submit_button(t("Save prices"))),
        on_submit=Prices.save,
    )
    return dialog(
        inside,
        title=rx.cond(Prices.is_new, t("Add country"), t("Prices of {name}", name=Prices.row["name"])),
        open=Prices.what == "edit",
        on_close=Prices.close,
        width="sm",
    )


def _amount(name: str, label: Text) -> rx.Component:
    return text_field(
        name,
        label,
        id=f"price-{name}",
        default_value=Prices.row[name],
        input_mode="decimal",
        max_length=20,
        auto_complete="off",
        optional=True,
        errors=Feedback.errors,
    )


def _remove() -> rx.Component:
    return confirm_dialog(
        title=t("Remove the prices of {name}?", name=Prices.row["name"]),
        text=t("Estimates for people there use the price of all other countries then, or none."),
        confirm=t("Remove"),
        on_confirm=Prices.remove,
        open=Prices.what == "remove",
        on_close=Prices.close,
    )
