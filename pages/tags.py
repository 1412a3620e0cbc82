"""Tags: what kinds of customers there are."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.frame import frame
from pages.tag_dialogs import tag_dialogs
from state.shell import Shell
from state.tags import TagDialog, Tags
from wapto_app.security.permissions import Permission
from wapto_app.ui.button import button, icon_button
from wapto_app.ui.card import page_body, page_header, room_of_plan
from wapto_app.ui.empty import empty_state
from wapto_app.ui.form import search_input
from wapto_app.ui.i18n import t
from wapto_app.ui.keys import shortcut
from wapto_app.ui.link import RouteLink
from wapto_app.ui.menu import menu, menu_item, menu_separator
from wapto_app.ui.table import Column, table
from wapto_app.ui.tags import chip

_MAY_WRITE = Shell.permissions.contains(Permission.TAGS_DO.value)
_MAY_SEND = Shell.permissions.contains(Permission.CAMPAIGNS_DO.value)
_SEES_CONTACTS = Shell.permissions.contains(Permission.CONTACTS_SEE.value)


def tags() -> rx.Component:
    return frame(
        t("Tags"),
        page_body(
            page_header(
                t("Tags"),
                rx.cond(_MAY_WRITE, _new(), rx.fragment()),
                description=t(
                    "What kinds of customers there are: to find them again, and to write to them together."
                ),
            ),
            rx.cond(
                Tags.limit >= 0, rx.el.p(_room(), class_name="-mt-3 pb-4 text-sm text-muted"), rx.fragment()
            ),
            rx.el.div(
                search_input("find-tag", t("Find a tag"), value=Tags.search, on_change=Tags.find),
                class_name="pb-4 sm:max-w-xs",
            ),
            _table(),
            width="max-w-3xl",
        ),
        rx.cond(_MAY_WRITE, shortcut("n", TagDialog.start, t("New tag")), rx.fragment()),
        tag_dialogs(),
        permission=Permission.TAGS_SEE,
    )


def _room() -> rx.Component:
    words = t("{used} of {limit} tags of your plan", used=Tags.used, limit=Tags.limit)
    return room_of_plan(words, Tags.used, Tags.limit)


def _new() -> rx.Component:
    return button(t("New tag"), icon="plus", variant="primary", on_click=TagDialog.start)


def _table() -> rx.Component:
    return table(
        Tags.rows,
        Column(t("Tag"), _name, width="w-full max-w-0"),
        Column(t("Contacts"), _contacts, number=True, width="w-28"),
        label=t("Tags"),
        row_actions=lambda row: rx.cond(_MAY_WRITE, _actions(row), rx.fragment()),
        loading=~Tags.loaded,
        empty=rx.cond(Tags.search != "", _not_found(), _nothing()),
    )


def _nothing() -> rx.Component:
    return empty_state(
        "tags",
        t("No tags yet"),
        t("Make a few for the kinds of customers you have: VIP, tenant, waiting for an offer."),
        rx.cond(_MAY_WRITE, _new(), rx.fragment()),
    )


def _not_found() -> rx.Component:
    return empty_state("search", t("Nothing found"), t("No tag has this in its name."))


def _name(row: Any) -> rx.Component:
    shown = chip(row["name"], row["colour"])
    press = rx.el.button(
        shown,
        type="button",
        aria_label=t("Edit {name}", name=row["name"]),
        on_click=TagDialog.edit(row["id"], row["name"], row["colour"]),
        class_name="flex max-w-full min-w-0 rounded after:absolute after:inset-0 after:content-['']",
    )
    return rx.cond(_MAY_WRITE, press, rx.el.span(shown, class_name="flex max-w-full min-w-0"))


def _contacts(row: Any) -> rx.Component:
    number = row["contacts"].to_string()
    link = RouteLink.create(
        number,
        to="/contacts?tag=" + row["id"].to_string(),
        aria_label=t("Contacts with the tag {name}", name=row["name"]),
        class_name="relative rounded px-1 hover:underline underline-offset-2",
    )
    return rx.cond(
        _SEES_CONTACTS & (row["contacts"].to(int) > 0), link, rx.el.span(number, class_name="px-1")
    )


def _actions(row: Any) -> rx.Component:
    label = t("Actions for {name}", name=row["name"])
    return menu(
        icon_button("ellipsis", label),
        menu_item(t("Edit"), icon="pencil", on_click=TagDialog.edit(row["id"], row["name"], row["colour"])),
        menu_item(
            t("Merge into another"), icon="merge", on_click=TagDialog.ask_to_merge(row["id"], row["name"])
        ),
        rx.cond(
            _MAY_SEND,
            menu_item(
                t("Send a campaign"),
                icon="megaphone",
                href="/campaigns/new?tag=" + row["id"].to(int).to_string(),
            ),
            rx.fragment(),
        ),
        menu_separator(),
        menu_item(
            t("Delete"), icon="trash-2", danger=True, on_click=TagDialog.ask_to_delete(row["id"], row["name"])
        ),
        label=label,
        align="end",
    )
