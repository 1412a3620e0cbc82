"""The table of contacts."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.contacts.bulk import bulk_actions, bulk_dialogs
from pages.contacts.columns import column_menu, table_columns, written_columns
from pages.contacts.filters import filter_bar, filter_panel
from pages.contacts.merge import merge_dialog
from pages.contacts.new import chat_dialog, new_dialog
from pages.contacts.words import MAY_EXPORT, MAY_WRITE
from pages.frame import frame
from state.contacts import ContactList, NewContact
from wapto_app.security.permissions import Permission
from wapto_app.ui.button import button, button_link, icon_button
from wapto_app.ui.card import page_body, page_header, room_of_plan
from wapto_app.ui.empty import empty_state
from wapto_app.ui.i18n import t
from wapto_app.ui.keys import shortcut
from wapto_app.ui.link import file_link
from wapto_app.ui.menu import menu, menu_item
from wapto_app.ui.table import Selection, Sort, pager, table

_FILE = (
    "flex min-h-8 w-full items-center gap-2.5 rounded-md px-2 py-1 text-start text-sm outline-none select-none "
    "hover:bg-hover focus:bg-hover pointer-coarse:min-h-11"
)


def contacts() -> rx.Component:
    return frame(
        t("Contacts"),
        page_body(
            page_header(t("Contacts"), _actions(), description=_room()),
            filter_bar(column_menu()),
            _table(),
            width="max-w-7xl",
        ),
        rx.cond(MAY_WRITE, shortcut("n", NewContact.start, t("New contact")), rx.fragment()),
        filter_panel(),
        new_dialog(),
        chat_dialog(),
        bulk_dialogs(),
        merge_dialog(),
        permission=Permission.CONTACTS_SEE,
    )


def _actions() -> rx.Component:
    """On a phone what is needed seldom is gathered in a menu."""
    duplicates = button_link(
        t("Find duplicates"), "/contacts/duplicates", icon="merge", class_name="max-sm:hidden"
    )
    imported = button_link(t("Import"), "/contacts/import", icon="file-up", class_name="max-sm:hidden")
    export = export_menu(button(t("Export"), icon="download", class_name="max-sm:hidden"))
    few = rx.fragment(
        rx.cond(
            MAY_WRITE,
            rx.fragment(
                menu_item(t("Find duplicates"), icon="merge", href="/contacts/duplicates"),
                menu_item(t("Import"), icon="file-up", href="/contacts/import"),
            ),
            rx.fragment(),
        ),
        rx.cond(MAY_EXPORT, rx.fragment(*_files()), rx.fragment()),
    )
    more = menu(
        icon_button("ellipsis", t("More actions"), class_name="sm:hidden"),
        few,
        label=t("More actions"),
        align="end",
    )
    new = button(t("New contact"), variant="primary", icon="plus", on_click=NewContact.start)
    return rx.fragment(
        rx.cond(MAY_EXPORT, export, rx.fragment()),
        rx.cond(MAY_WRITE, rx.fragment(duplicates, imported, new), rx.fragment()),
        rx.cond(MAY_WRITE | MAY_EXPORT, more, rx.fragment()),
    )


def _files() -> list[rx.Component]:
    def line(text: rx.Var[str], ending: str) -> rx.Component:
        href = f"/exports/contacts.{ending}" + ContactList.query
        return file_link(text, href=href, class_name=_FILE, role="menuitem", tab_index=-1)

    return [line(t("CSV, for everything"), "csv"), line(t("Excel (XLSX)"), "xlsx")]


def export_menu(trigger: rx.Component) -> rx.Component:
    """Files of the marked contacts, or of all that match."""

    return menu(trigger, *_files(), label=t("Export"), align="end")


def _room() -> rx.Component:
    limited = t("{used} of {limit} contacts of your plan", used=ContactList.used, limit=ContactList.limit)
    anyhow = t("Everybody you talk to on WhatsApp.")
    return room_of_plan(limited, ContactList.used, ContactList.limit, otherwise=anyhow)


def _table() -> rx.Component:
    return table(
        ContactList.rows,
        *table_columns(),
        more=written_columns(),
        label=t("Contacts"),
        row_href=lambda row: "/contacts/" + row["id"].to(int).to_string(),
        row_name=lambda row: row["name"],
        sort=Sort(ContactList.sort, ContactList.sort_by),
        selection=Selection(
            ContactList.marked, ContactList.mark, ContactList.mark_page, bulk_actions(export_menu)
        ),
        loading=~ContactList.loaded,
        empty=_empty(),
        pager=_pager(),
    )


def _empty() -> rx.Component:
    nobody = empty_state(
        "contact",
        t("No contacts yet"),
        t("Everybody who writes to you becomes a contact. You can also write them down yourself."),
        rx.cond(MAY_WRITE, button(t("New contact"), icon="plus", on_click=NewContact.start), rx.fragment()),
    )
    nothing = empty_state(
        "search-x",
        t("Nobody found"),
        t("No contact fits the search and the filters."),
        button(t("Clear filters"), on_click=[ContactList.clear_filters, ContactList.find("")]),
    )
    is_filtered = (ContactList.filters > 0) | (ContactList.filter["search"] != "")
    return rx.cond(is_filtered, nothing, nobody)


def _pager() -> rx.Component:
    first, last = ContactList.page + 1, ContactList.page + ContactList.rows.length()
    words: Any = t("{first}–{last} of {total}", first=first, last=last, total=ContactList.total)
    return rx.cond(
        ContactList.rows.length() > 0,
        pager(
            shown=words,
            has_previous=ContactList.page > 0,
            has_next=ContactList.has_next,
            on_previous=ContactList.previous,
            on_next=ContactList.next,
        ),
        rx.fragment(),
    )
