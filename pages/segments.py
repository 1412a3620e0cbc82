"""Segments: contacts that fit saved rules."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.frame import frame
from state.base import Feedback
from state.segments import Segments
from state.shell import Shell
from wapto_app.security.permissions import Permission
from wapto_app.ui.badge import badge
from wapto_app.ui.button import button, button_link, icon_button
from wapto_app.ui.card import page_body, page_header
from wapto_app.ui.dialog import confirm_dialog, dialog
from wapto_app.ui.empty import empty_state
from wapto_app.ui.form import form, form_actions, search_input, submit_button, text_field
from wapto_app.ui.i18n import from_server, t
from wapto_app.ui.menu import menu, menu_item, menu_separator
from wapto_app.ui.rules import rule_words
from wapto_app.ui.skeleton import skeleton
from wapto_app.ui.table import Column, table
from wapto_app.ui.time import relative_time

MAY_WRITE = Shell.permissions.contains(Permission.CONTACTS_DO.value)
MAY_SEND = Shell.permissions.contains(Permission.CAMPAIGNS_DO.value)


def segments() -> rx.Component:
    return frame(
        t("Segments"),
        page_body(
            page_header(
                t("Segments"),
                rx.cond(MAY_WRITE, _new(), rx.fragment()),
                description=t(
                    "Contacts that fit rules of yours. Who is in one is found anew whenever you look."
                ),
            ),
            rx.el.div(
                search_input(
                    "find-segment", t("Find a segment"), value=Segments.search, on_change=Segments.find
                ),
                class_name="pb-4 sm:max-w-xs",
            ),
            _table(),
        ),
        _rename_dialog(),
        _delete_dialog(),
        permission=Permission.CONTACTS_SEE,
    )


def _new() -> rx.Component:
    return button_link(t("New segment"), "/segments/new", icon="plus", variant="primary")


def _table() -> rx.Component:
    nothing = empty_state(
        "chart-pie",
        t("No segments yet"),
        t("Gather contacts by rules: tagged VIP, wrote in the last 30 days, live in Lagos."),
        rx.cond(MAY_WRITE, _new(), rx.fragment()),
    )
    not_found = empty_state("search", t("Nothing found"), t("No segment has this in its name."))
    return table(
        Segments.rows,
        Column(t("Segment"), _name),
        Column(t("Contacts"), _count, number=True, width="w-24"),
        Column(t("Changed"), lambda row: relative_time(row["updated_at"]), hide=True, width="w-32"),
        label=t("Segments"),
        row_href=lambda row: "/contacts?segment=" + row["id"].to_string(),
        row_actions=_actions,
        loading=~Segments.loaded,
        empty=rx.cond(Segments.search != "", not_found, nothing),
    )


def _name(row: Any) -> rx.Component:
    problem = badge(from_server(row["problem"]), tone="warning", icon="triangle-alert")
    about = rule_words(
        row["rules"],
        Segments.words,
        class_name="mt-0.5 line-clamp-2 max-w-xl text-xs font-normal wrap-anywhere text-muted",
    )
    head = rx.el.span(row["name"], dir="auto", class_name="block wrap-anywhere")
    broken = rx.el.span(
        problem,
        class_name="mt-1 flex max-w-full min-w-0 [&>span]:h-auto [&>span]:shrink [&>span]:whitespace-normal",
    )
    return rx.el.span(
        head, about, rx.cond(row["problem"] != "", broken, rx.fragment()), class_name="block min-w-0 py-2"
    )


def _count(row: Any) -> rx.Component:
    key = row["id"].to_string()
    return rx.cond(
        Segments.counts.contains(key),
        rx.el.span(t("{n}", n=Segments.counts[key])),
        rx.el.span(skeleton("h-3.5 w-10"), class_name="inline-block align-middle"),
    )


def _actions(row: Any) -> rx.Component:
    label = t("Actions for {name}", name=row["name"])
    address = "/segments/" + row["id"].to_string()
    writing = rx.fragment(
        menu_item(t("Edit the rules"), icon="sliders-horizontal", href=address),
        menu_item(t("Rename"), icon="pencil", on_click=Segments.ask("rename", row["id"], row["name"])),
        menu_item(t("Duplicate"), icon="copy", on_click=Segments.duplicate(row["id"])),
        menu_separator(),
        menu_item(
            t("Delete"), icon="trash-2", danger=True, on_click=Segments.ask("delete", row["id"], row["name"])
        ),
    )
    return menu(
        icon_button("ellipsis", label),
        menu_item(t("Show its contacts"), icon="users", href="/contacts?segment=" + row["id"].to_string()),
        rx.cond(
            MAY_SEND,
            menu_item(
                t("Send a campaign"), icon="megaphone", href="/campaigns/new?segment=" + row["id"].to_string()
            ),
            rx.fragment(),
        ),
        rx.cond(MAY_WRITE, writing, menu_item(t("See the rules"), icon="sliders-horizontal", href=address)),
        label=label,
        align="end",
    )


def _rename_dialog() -> rx.Component:
    inside = form(
        text_field(
            "name",
            t("Name"),
            id="segment-name",
            default_value=Segments.name,
            max_length=80,
            auto_complete="off",
            dir="auto",
            custom_attrs={"data-autofocus": "true"},
            errors=Feedback.errors,
        ),
        form_actions(button(t("Cancel"), on_click=Segments.close), submit_button(t("Rename"))),
        on_submit=Segments.rename,
    )
    return dialog(
        inside,
        title=t("Rename “{name}”", name=Segments.name),
        open=Segments.what == "rename",
        on_close=Segments.close,
        width="sm",
    )


def _delete_dialog() -> rx.Component:
    text = t("Only the rules are deleted. The contacts stay as they are.")
    asked = t(
        "These campaigns ask for it and wait until somebody has looked at them: “{names}”.",
        names=Segments.campaigns.join("”, “"),
    )
    return confirm_dialog(
        title=t("Delete “{title}”?", title=Segments.name),
        text=rx.cond(Segments.campaigns.length() > 0, text + " " + asked, text),
        confirm=t("Delete segment"),
        on_confirm=Segments.delete,
        open=Segments.what == "delete",
        on_close=Segments.close,
    )
