"""Who works on the open conversation."""

from __future__ import annotations

from typing import Any

import reflex as rx

from state.assignment import Assignment
from state.inbox import OpenConversation
from state.shell import Shell
from wapto_app.security.permissions import Permission
from wapto_app.ui.avatar import avatar
from wapto_app.ui.i18n import t
from wapto_app.ui.menu import menu, menu_item, menu_label, menu_separator


def _may_do() -> rx.Var[bool]:
    return Shell.permissions.contains(Permission.INBOX_DO.value)


# A memo, because Reflex does not give what stands in a prop (the menu's trigger) the states that it reads.
@rx.memo
def assignee_shown() -> rx.Component:
    header = OpenConversation.header
    name = rx.cond(
        header["assignee"] != "",
        header["assignee"],
        rx.cond(header["team"] != "", header["team"], t("Unassigned")),
    )
    return rx.el.span(
        avatar(header["assignee"], size=22),
        rx.el.span(t("Assigned to"), " ", class_name="sr-only"),
        rx.el.span(name, dir="auto", class_name="max-w-32 truncate max-2xl:sr-only"),
        data_testid="assignee",
        class_name="flex min-w-0 items-center gap-2",
    )


def assignee_menu() -> rx.Component:
    """The agent's initials and name; a menu for whoever may change it."""
    look = "flex h-8 flex-none items-center gap-2 rounded-full bg-hover px-1.5 text-xs text-muted 2xl:pe-3"
    trigger = rx.el.button(
        assignee_shown(),
        rx.icon("chevron-down", size=14, aria_hidden=True, class_name="max-2xl:hidden"),
        type="button",
        data_tip=t("Assign"),
        data_key="a",
        class_name=f"{look} hover:text-ink",
    )
    return rx.cond(_may_do(), _choices(trigger), rx.el.span(assignee_shown(), class_name=look))


def _choices(trigger: rx.Component) -> rx.Component:
    header = OpenConversation.header
    back = rx.fragment(
        menu_item(t("Put back"), icon="undo-2", on_click=Assignment.put_back()), menu_separator()
    )
    return menu(
        trigger,
        rx.cond(header["assignee_id"] > 0, back, rx.fragment()),
        menu_label(t("Agents")),
        rx.foreach(Assignment.agents, _agent),
        rx.cond(
            Assignment.teams.length() > 0,
            rx.fragment(menu_separator(), menu_label(t("Teams")), rx.foreach(Assignment.teams, _team)),
            rx.fragment(),
        ),
        rx.el.div(
            menu_separator(),
            menu_item(t("Mark as unread"), icon="mail", on_click=OpenConversation.mark_unread),
            class_name="sm:hidden",
        ),
        label=t("Assign"),
        align="end",
        class_name="scroll-thin max-h-96 w-64 overflow-y-auto",
        on_open_change=Assignment.offer,
    )


def _agent(row: Any) -> rx.Component:
    words = rx.cond(
        row["is_me"],
        t("{name} (you)", name=row["name"]),
        rx.cond(row["team"] != "", row["name"] + " · " + row["team"], row["name"]),
    )
    return menu_item(
        words,
        checked=OpenConversation.header["assignee_id"] == row["id"],
        on_click=Assignment.to_agent(row["id"]),
        key=row["id"].to_string(),
    )


def _team(row: Any) -> rx.Component:
    header = OpenConversation.header
    return menu_item(
        row["name"],
        checked=(header["assignee_id"] == 0) & (header["team_id"] == row["id"]),
        on_click=Assignment.to_team(row["id"]),
        key=row["id"].to_string(),
    )
