"""Agents: who is in which team, how they come in and how they leave."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.frame import frame
from pages.handover import link_dialog
from pages.person import person_cell
from state.agents import Agents
from state.base import Feedback
from state.shell import Shell
from state.viewing import Viewing
from wapto_app.security.permissions import Permission
from wapto_app.ui.auth_form import answers, auth_form
from wapto_app.ui.badge import badge, status_badge
from wapto_app.ui.button import button, button_link, icon_button
from wapto_app.ui.card import page_body, page_header
from wapto_app.ui.dialog import confirm_dialog, dialog
from wapto_app.ui.empty import empty_state
from wapto_app.ui.form import (
    checkbox,
    form,
    form_actions,
    password_field,
    search_input,
    select_field,
    submit_button,
    switch,
    text_field,
    textarea_field,
)
from wapto_app.ui.i18n import t
from wapto_app.ui.menu import menu, menu_item, menu_separator
from wapto_app.ui.table import Column, table
from wapto_app.ui.time import relative_time

_CREATE = "new-agent"


def agents() -> rx.Component:
    buttons = rx.fragment(
        button(t("Create agent"), icon="key-round", on_click=Agents.ask("create", 0)),
        button(t("Invite agent"), variant="primary", icon="plus", on_click=Agents.ask("invite", 0)),
    )
    return frame(
        t("Agents"),
        page_body(
            page_header(
                t("Agents"),
                rx.cond(_may_do(), buttons, rx.fragment()),
                description=t("They answer your customers, and sign in through “Agent login”."),
            ),
            _filters(),
            _table(),
            _invite_dialog(),
            _create_dialog(),
            _edit_dialog(),
            _deactivate_dialog(),
            _withdraw_dialog(),
            link_dialog(
                Agents.link,
                email=Agents.link_for,
                mailed=Agents.link_mailed,
                on_close=Agents.forget_link,
            ),
        ),
        permission=Permission.TEAMS_SEE,
    )


def _may_do() -> rx.Var[bool]:
    return Shell.permissions.contains(Permission.TEAMS_DO.value)


def _filters() -> rx.Component:
    team = rx.el.select(
        rx.el.option(t("All teams"), value="0"),
        rx.foreach(Agents.team_options, lambda option: rx.el.option(option["label"], value=option["value"])),
        value=Agents.team_id.to_string(),
        on_change=lambda value: Agents.choose_team(value.to(int)),
        aria_label=t("Team"),
        id="team-filter",
        class_name="control w-full sm:w-auto sm:max-w-60",
    )
    return rx.el.div(
        search_input(
            "search",
            t("Search name or e-mail"),
            value=Agents.search,
            on_change=Agents.find,
            class_name="w-full sm:w-80",
        ),
        team,
        class_name="mb-4 flex flex-wrap gap-3",
    )


def _table() -> rx.Component:
    is_filtered = (Agents.search != "") | (Agents.team_id > 0)
    nobody = rx.cond(
        is_filtered,
        empty_state("users", t("Nobody found"), t("No agent of this choice holds this text.")),
        empty_state(
            "users",
            t("No agents yet"),
            t("Invite somebody into a team; they join with a link and choose a password."),
        ),
    )
    return table(
        Agents.rows,
        Column(t("Name"), _person),
        Column(t("Team"), _team, hide=True),
        Column(t("Status"), _status),
        Column(
            t("Last seen"),
            lambda row: relative_time(row["last_seen_at"], class_name="whitespace-nowrap"),
            hide=True,
        ),
        label=t("Agents"),
        row_actions=_actions,
        loading=~Agents.loaded,
        empty=nobody,
    )


def _person(row: Any) -> rx.Component:
    return person_cell(row, _team(row))


def _team(row: Any) -> rx.Component:
    none = badge(t("No team"), tone="warning")
    hidden = badge(t("Numbers hidden"), icon="eye-off")
    return rx.el.div(
        rx.cond(
            row["team"] != "", rx.el.span(row["team"], dir="auto", class_name="min-w-0 wrap-anywhere"), none
        ),
        rx.cond(row["hide_phone"], hidden, rx.fragment()),
        class_name="flex flex-wrap items-center gap-x-2 gap-y-1",
    )


def _status(row: Any) -> rx.Component:
    return status_badge(
        row["status"],
        {
            "active": (t("Active"), "accent"),
            "invited": (t("Invited"), "info"),
            "deactivated": (t("Deactivated"), "neutral"),
        },
    )


def _actions(row: Any) -> rx.Component:
    view = menu_item(t("See what they see"), icon="eye", on_click=Viewing.start(row["id"]))
    link = Agents.make_link(row["id"], row["email"])
    edit = menu_item(t("Edit"), icon="pencil", on_click=Agents.ask("edit", row["id"]))
    active = rx.fragment(
        edit,
        rx.cond(Shell.role == "owner", view, rx.fragment()),
        menu_item(t("Get a link for a new password"), icon="key-round", on_click=link),
        menu_separator(),
        menu_item(t("Deactivate"), icon="user-x", danger=True, on_click=Agents.ask("deactivate", row["id"])),
    )
    invited = rx.fragment(
        edit,
        menu_item(t("Get the invitation link"), icon="link", on_click=link),
        menu_separator(),
        menu_item(
            t("Withdraw invitation"),
            icon="trash-2",
            danger=True,
            on_click=Agents.ask("withdraw", row["id"]),
        ),
    )
    gone = rx.fragment(
        edit, menu_item(t("Activate"), icon="user-check", on_click=Agents.set_active(row["id"], True))
    )
    label = t("Actions for {name}", name=row["name"])
    many = menu(
        icon_button("ellipsis", label),
        rx.match(row["status"], ("active", active), ("invited", invited), gone),
        label=label,
        align="end",
    )
    return rx.cond(_may_do() & ~row["is_me"], many, rx.fragment())


def _no_team_yet() -> rx.Component:
    return empty_state(
        "users",
        t("Make a team first"),
        t("Every agent belongs to a team, which says what they may see and do."),
        button_link(t("New team"), "/teams/new", variant="primary"),
    )


def _team_field(errors: rx.Var[dict[str, str]], **props: Any) -> rx.Component:
    return select_field("team_id", t("Team"), Agents.team_options, errors=errors, **props)


def _hide_switch() -> rx.Component:
    return switch(
        "hide_phone",
        t("Hide phone numbers"),
        help=t("They see names, and only the first and last digits of numbers."),
        checked=Agents.hide_phone,
        on_change=Agents.hide_numbers,
    )


def _invite_dialog() -> rx.Component:
    fields = form(
        text_field("email", t("E-mail"), type="email", auto_complete="off", errors=Feedback.errors),
        _team_field(Feedback.errors, placeholder=t("Choose a team")),
        _hide_switch(),
        form_actions(button(t("Cancel"), on_click=Agents.close), submit_button(t("Invite"))),
        on_submit=Agents.invite,
    )
    return dialog(
        rx.cond(Agents.team_options.length() > 0, fields, _no_team_yet()),
        title=t("Invite an agent"),
        description=t("They get a link, and choose their name and password."),
        open=Agents.dialog == "invite",
        on_close=Agents.close,
    )


def _create_dialog() -> rx.Component:
    errors = answers(_CREATE).errors
    fields = auth_form(
        text_field("name", t("Name"), auto_complete="off", max_length=120, errors=errors),
        text_field("email", t("E-mail"), type="email", auto_complete="off", errors=errors),
        password_field(
            "password",
            t("First password"),
            auto_complete="new-password",
            help=t("At least 10 characters. They choose their own when they first sign in."),
            errors=errors,
        ),
        _team_field(errors, placeholder=t("Choose a team")),
        checkbox("hide_phone", t("Hide phone numbers")),
        id=_CREATE,
        action="/auth/agents",
        submit=t("Create agent"),
        on_done=Agents.created,
    )
    return dialog(
        rx.cond(Agents.team_options.length() > 0, fields, _no_team_yet()),
        title=t("Create an agent"),
        description=t("For whoever has no e-mail at hand. Tell them the password in private."),
        open=Agents.dialog == "create",
        on_close=Agents.close,
    )


def _edit_dialog() -> rx.Component:
    chosen = Agents.chosen
    return dialog(
        form(
            _team_field(Feedback.errors, default_value=chosen["team_id"].to_string()),
            text_field(
                "phone",
                t("Phone"),
                default_value=chosen["phone"],
                input_mode="tel",
                auto_complete="off",
                placeholder="+44 20 7946 0018",
                optional=True,
                errors=Feedback.errors,
            ),
            textarea_field(
                "notes",
                t("Notes"),
                default_value=chosen["notes"],
                max_length=2000,
                help=t("Only who manages agents sees them."),
                optional=True,
                errors=Feedback.errors,
            ),
            _hide_switch(),
            form_actions(button(t("Cancel"), on_click=Agents.close), submit_button(t("Save"))),
            on_submit=Agents.save,
        ),
        title=chosen["name"],
        open=(Agents.dialog == "edit") & (chosen["id"] > 0),
        on_close=Agents.close,
    )


def _deactivate_dialog() -> rx.Component:
    return confirm_dialog(
        title=t("Deactivate {name}?", name=Agents.chosen["name"]),
        text=t(
            "They are signed out at once. Their open conversations go to others of the team; "
            "what they wrote stays."
        ),
        confirm=t("Deactivate"),
        on_confirm=Agents.set_active(Agents.chosen["id"], False),
        open=Agents.dialog == "deactivate",
        on_close=Agents.close,
    )


def _withdraw_dialog() -> rx.Component:
    return confirm_dialog(
        title=t("Withdraw the invitation of {name}?", name=Agents.chosen["name"]),
        text=t("The link stops working. You can invite them again."),
        confirm=t("Withdraw invitation"),
        on_confirm=Agents.withdraw(Agents.chosen["id"]),
        open=Agents.dialog == "withdraw",
        on_close=Agents.close,
    )
