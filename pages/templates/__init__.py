"""The table of templates."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.contacts.send_template import template_sender
from pages.frame import frame
from pages.templates.dialogs import copy_dialog, delete_dialog
from pages.templates.words import (
    CATEGORIES,
    MAY_CAMPAIGN,
    MAY_CONNECT,
    MAY_SEND,
    MAY_SYNC,
    MAY_WRITE,
    QUALITIES,
    SORTS,
    STATUSES,
    category,
    quality,
    status,
)
from state.contacts import SendTemplate
from state.templates import NewTemplate, TemplateList, TemplateRemoval
from wapto_app.security.permissions import Permission
from wapto_app.services.templates import Standing
from wapto_app.ui.badge import badge
from wapto_app.ui.button import button, button_link, icon_button
from wapto_app.ui.card import page_body, page_header, room_of_plan
from wapto_app.ui.empty import empty_state
from wapto_app.ui.form import search_input
from wapto_app.ui.i18n import Text, from_server, t
from wapto_app.ui.language import language_name
from wapto_app.ui.lazy import later
from wapto_app.ui.menu import menu, menu_item, menu_separator
from wapto_app.ui.table import Column, table
from wapto_app.ui.time import relative_time

_STANDING = TemplateList.overall.to(Standing)


def templates() -> rx.Component:
    return frame(
        t("Templates"),
        page_body(
            page_header(
                t("Templates"), _sync(), rx.cond(MAY_WRITE, _new(), rx.fragment()), description=_about()
            ),
            _filters(),
            _table(),
            width="max-w-7xl",
        ),
        copy_dialog(),
        delete_dialog(),
        later(template_sender),
        permission=Permission.TEMPLATES_SEE,
    )


def _about() -> rx.Component:
    words = t("Messages that WhatsApp has approved: with them you may write first.")
    room = room_of_plan(
        t("{used} of {limit} templates of your plan.", used=_STANDING["used"], limit=_STANDING["limit"]),
        _STANDING["used"],
        _STANDING["limit"],
    )
    return rx.el.span(words, " ", room)


def _new() -> rx.Component:
    return button_link(t("New template"), "/templates/new", icon="plus", variant="primary")


def _sync() -> rx.Component:
    when = rx.cond(
        _STANDING["synced_at"] != "",
        rx.el.span(
            t("Synced"),
            " ",
            relative_time(_STANDING["synced_at"]),
            class_name="self-center text-sm text-muted max-sm:hidden",
        ),
        rx.fragment(),
    )
    press = button(
        rx.cond(TemplateList.syncing, t("Syncing …"), t("Sync")),
        icon="rotate-ccw",
        loading=TemplateList.syncing,
        on_click=TemplateList.sync,
        data_tip=t("Fetch the templates from WhatsApp now"),
    )
    return rx.cond(_STANDING["connected"] & MAY_SYNC, rx.fragment(when, press), rx.fragment())


def _filters() -> rx.Component:
    chosen = TemplateList.filter
    languages = rx.el.select(
        rx.el.option(t("All languages"), value=""),
        rx.foreach(TemplateList.languages, lambda code: rx.el.option(language_name(code), value=code)),
        value=chosen["language"],
        on_change=lambda value: TemplateList.choose("language", value),
        aria_label=t("Language"),
        class_name=_SELECT,
    )
    clear = button(t("Clear filters"), variant="ghost", on_click=TemplateList.clear_filters)
    return rx.el.div(
        search_input(
            "find-template",
            t("Find a template"),
            value=chosen["search"],
            on_change=lambda text: TemplateList.choose("search", text),
            class_name="min-w-0 flex-1 basis-52",
        ),
        _select(
            "status", t("Status"), t("All statuses"), [(key, each[0]) for key, each in STATUSES.items()][:8]
        ),
        _select("category", t("Category"), t("All categories"), list(CATEGORIES.items())),
        languages,
        _select(
            "quality", t("Quality"), t("Any quality"), [(key, each[0]) for key, each in QUALITIES.items()]
        ),
        _select("sort", t("Order"), None, list(SORTS)),
        rx.cond(TemplateList.filters > 0, clear, rx.fragment()),
        class_name="flex flex-wrap gap-2 pb-4",
    )


# Two in a row on a phone, where they would fill the screen before the first template.
_SELECT = "control w-auto max-w-48 max-sm:max-w-none max-sm:min-w-0 max-sm:flex-1 max-sm:basis-36"


def _select(name: str, label: Text, none: Text | None, options: list[tuple[str, Text]]) -> rx.Component:
    first = [] if none is None else [rx.el.option(none, value="")]
    return rx.el.select(
        *first,
        *[rx.el.option(words, value=value) for value, words in options],
        value=TemplateList.filter[name],
        on_change=lambda value: TemplateList.choose(name, value),
        aria_label=label,
        class_name=_SELECT,
    )


def _table() -> rx.Component:
    more = rx.el.div(
        rx.el.span(
            t("{n} of {total}", n=TemplateList.rows.length(), total=TemplateList.total),
            class_name="text-sm text-muted tabular-nums",
        ),
        rx.cond(
            TemplateList.has_more,
            button(t("Show more"), size="sm", on_click=TemplateList.more),
            rx.fragment(),
        ),
        class_name="flex items-center justify-between gap-4 border-t border-line px-4 py-2",
    )
    return table(
        TemplateList.rows,
        Column(t("Template"), _name, width="md:min-w-72"),
        Column(t("Status"), _status, width="w-32"),
        Column(t("Category"), lambda row: category(row["category"]), hide=True, width="w-32"),
        Column(t("Language"), lambda row: language_name(row["language"]), hide=True, width="w-40"),
        Column(t("Quality"), lambda row: quality(row["quality"]), hide=True, width="w-24"),
        Column(t("Campaigns"), _used_by, number=True, hide=True, width="w-24"),
        Column(t("Last used"), _last_used, hide=True, width="w-28"),
        Column(t("Changed"), lambda row: relative_time(row["updated_at"]), hide=True, width="w-28"),
        label=t("Templates"),
        row_href=lambda row: "/templates/" + row["id"].to_string(),
        row_actions=_actions,
        loading=~TemplateList.loaded,
        empty=_empty(),
        pager=rx.cond(TemplateList.total > 0, more, rx.fragment()),
    )


def _empty() -> rx.Component:
    not_found = empty_state(
        "search",
        t("Nothing found"),
        t("No template fits these filters."),
        button(t("Clear filters"), on_click=TemplateList.clear_filters),
    )
    connect = rx.cond(
        MAY_CONNECT, button_link(t("Connect a number"), "/integrations", variant="primary"), rx.fragment()
    )
    not_connected = empty_state(
        "plug",
        t("No WhatsApp number is connected"),
        t(
            "Templates belong to your WhatsApp account. Connect a number first, then they are fetched by themselves."
        ),
        connect,
    )
    begin = rx.el.div(
        button_link(
            t("Choose one of ours"), "/templates/new#starters", variant="primary", icon="layout-template"
        ),
        button_link(t("Write one"), "/templates/new", icon="pencil"),
        class_name="flex flex-wrap justify-center gap-2",
    )
    nothing = empty_state(
        "layout-template",
        t("No templates yet"),
        t("Begin with one of more than 50 that we have written for you, or write your own."),
        rx.cond(MAY_WRITE, begin, rx.fragment()),
    )
    return rx.cond(
        TemplateList.filters > 0, not_found, rx.cond(_STANDING["connected"], nothing, not_connected)
    )


def _name(row: Any) -> rx.Component:
    edited = badge(t("Changes not submitted"), tone="warning")
    head = rx.el.span(
        rx.el.span(row["name"], dir="ltr", class_name="line-clamp-2 min-w-0 wrap-anywhere"),
        rx.cond(row["has_edit"], edited, rx.fragment()),
        class_name="flex flex-wrap items-center gap-x-2 gap-y-1",
    )
    below = rx.el.span(
        row["body"],
        dir="auto",
        class_name="mt-0.5 line-clamp-1 max-w-md text-xs font-normal wrap-anywhere text-muted",
    )
    small = rx.el.span(
        language_name(row["language"]),
        " · ",
        category(row["category"]),
        class_name="mt-0.5 block text-xs font-normal text-muted md:hidden",
    )
    account = rx.cond(
        row["account"] != "",
        rx.el.span(row["account"], class_name="block text-xs font-normal text-faint"),
        rx.fragment(),
    )
    return rx.el.span(head, below, small, account, class_name="block min-w-0 py-2")


def _status(row: Any) -> rx.Component:
    until = rx.el.span(
        t("until"), " ", relative_time(row["paused_until"]), class_name="block text-xs text-muted"
    )
    why = rx.el.span(
        from_server(row["rejected_reason"]),
        class_name="mt-0.5 line-clamp-2 max-w-48 text-xs text-muted max-lg:hidden",
    )
    return rx.el.span(
        status(row["status"]),
        rx.cond(row["paused_until"] != "", until, rx.fragment()),
        rx.cond(row["rejected_reason"] != "", why, rx.fragment()),
        class_name="block py-1",
    )


def _used_by(row: Any) -> rx.Component:
    return rx.cond(row["used_by"] > 0, t("{n}", n=row["used_by"]), rx.el.span("–", class_name="text-faint"))


def _last_used(row: Any) -> rx.Component:
    never = rx.el.span(t("Never"), class_name="text-faint")
    return rx.cond(row["last_used_at"] != "", relative_time(row["last_used_at"]), never)


def _actions(row: Any) -> rx.Component:
    label = t("Actions for {name}", name=row["name"])
    address = "/templates/" + row["id"].to_string()
    approved = row["status"] == "APPROVED"
    write = rx.fragment(
        menu_item(t("Edit"), icon="pencil", href=address + "/edit"),
        menu_item(t("Duplicate"), icon="copy", on_click=NewTemplate.duplicate(row["id"])),
        menu_item(
            t("In another language"),
            icon="languages",
            on_click=NewTemplate.ask_language(row["id"], row["name"]),
        ),
    )
    delete = rx.fragment(
        menu_separator(),
        menu_item(
            t("Delete"),
            icon="trash-2",
            danger=True,
            on_click=TemplateRemoval.ask(row["id"], row["name"]),
        ),
    )
    return menu(
        icon_button("ellipsis", label),
        menu_item(t("Open"), icon="eye", href=address),
        rx.cond(MAY_WRITE, write, rx.fragment()),
        rx.cond(approved & MAY_CAMPAIGN, _campaign(row), rx.fragment()),
        rx.cond(approved & MAY_SEND, _send(row), rx.fragment()),
        rx.cond(MAY_WRITE, delete, rx.fragment()),
        label=label,
        align="end",
    )


def _campaign(row: Any) -> rx.Component:
    address = "/campaigns/new?template=" + row["id"].to_string()
    return menu_item(t("Use in a campaign"), icon="megaphone", href=address)


def _send(row: Any) -> rx.Component:
    return menu_item(t("Send to a contact"), icon="send", on_click=SendTemplate.start(0, "", row["id"]))
