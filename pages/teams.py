"""Teams: who sees and does what."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.frame import frame
from state.shell import Shell
from state.teams import Teams
from wapto_app.security.permissions import Permission
from wapto_app.ui.badge import badge, status_badge
from wapto_app.ui.button import button_link, icon_button
from wapto_app.ui.card import page_body, page_header
from wapto_app.ui.dialog import confirm_dialog
from wapto_app.ui.empty import empty_state
from wapto_app.ui.i18n import t
from wapto_app.ui.menu import menu, menu_item, menu_separator
from wapto_app.ui.table import Column, table

VISIBILITY = {
    "all": t("All conversations"),
    "team": t("Those of the team, and of no team"),
    "own": t("Only their own"),
}
STRATEGY = {
    "manual": t("By hand"),
    "round_robin": t("In turn"),
    "least_busy": t("To the least busy"),
}


def teams() -> rx.Component:
    new = button_link(t("New team"), "/teams/new", variant="primary", icon="plus")
    return frame(
        t("Teams"),
        page_body(
            page_header(
                t("Teams"),
                rx.cond(_may_do(), new, rx.fragment()),
                description=t("Every agent belongs to one team, and sees and does what it allows."),
            ),
            _table(),
            _delete_dialog(),
        ),
        permission=Permission.TEAMS_SEE,
    )


def _may_do() -> rx.Var[bool]:
    return Shell.permissions.contains(Permission.TEAMS_DO.value)


def _table() -> rx.Component:
    nothing = empty_state(
        "users",
        t("No teams yet"),
        t("Make a team, choose what it may see and do, then invite agents into it."),
        rx.cond(
            _may_do(),
            button_link(t("New team"), "/teams/new", variant="primary", icon="plus"),
            rx.fragment(),
        ),
    )
    return table(
        Teams.rows,
        Column(t("Name"), _name),
        Column(t("Status"), lambda row: active_badge(row["is_active"])),
        Column(t("Agents"), lambda row: row["agents"].to_string(), number=True, hide=True),
        Column(t("Sees"), lambda row: words(row["visibility"], VISIBILITY), hide=True),
        Column(t("New conversations"), lambda row: words(row["strategy"], STRATEGY), hide=True),
        label=t("Teams"),
        row_href=lambda row: "/teams/" + row["id"].to_string(),
        row_actions=_actions,
        loading=~Teams.loaded,
        empty=nothing,
    )


def words(value: rx.Var[str], known: dict[str, rx.Var[str]]) -> rx.Component:
    """The text that belongs to a value."""
    return rx.el.span(rx.match(value, *known.items(), value))


def active_badge(is_active: rx.Var[bool]) -> rx.Component:
    return status_badge(
        rx.cond(is_active, "on", "off"),
        {"on": (t("Active"), "accent"), "off": (t("Deactivated"), "neutral")},
    )


def _name(row: Any) -> rx.Component:
    head = rx.el.span(
        rx.el.span(row["name"], dir="auto", class_name="min-w-0 wrap-anywhere"),
        rx.cond(row["takes_new"], badge(t("Takes new customers")), rx.fragment()),
        class_name="flex flex-wrap items-center gap-x-2 gap-y-1",
    )
    about = rx.el.span(
        row["description"],
        dir="auto",
        class_name="mt-0.5 line-clamp-2 max-w-96 text-xs font-normal wrap-anywhere text-muted",
    )
    return rx.el.span(head, rx.cond(row["description"] != "", about, rx.fragment()), class_name="block py-2")


def _actions(row: Any) -> rx.Component:
    label = t("Actions for {name}", name=row["name"])
    many = menu(
        icon_button("ellipsis", label),
        menu_item(t("Edit"), icon="pencil", href="/teams/" + row["id"].to_string()),
        menu_item(t("Show its agents"), icon="users", href="/agents?team=" + row["id"].to_string()),
        menu_separator(),
        menu_item(
            t("Delete"),
            icon="trash-2",
            danger=True,
            on_click=Teams.ask_to_delete(row["id"], row["name"]),
        ),
        label=label,
        align="end",
    )
    return rx.cond(_may_do(), many, rx.fragment())


def _delete_dialog() -> rx.Component:
    return confirm_dialog(
        title=t("Delete {name}?", name=Teams.leaving_name),
        text=t("Its conversations stay; they belong to no team then, and other teams may see them."),
        confirm=t("Delete team"),
        on_confirm=Teams.delete(Teams.leaving_id),
        open=Teams.leaving_id > 0,
        on_close=Teams.do_not_delete,
    )
