"""Who may sign in: the operator's table."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.frame import frame
from pages.lost_factor import lost_factor_dialog, lost_factor_item
from pages.profile import role_badge
from state.accounts import Accounts
from state.base import Feedback
from wapto_app.security.permissions import Permission
from wapto_app.ui.badge import badge, status_badge
from wapto_app.ui.banner import banner
from wapto_app.ui.button import button, icon_button
from wapto_app.ui.card import page_body, page_header
from wapto_app.ui.copy import copy_field
from wapto_app.ui.dialog import confirm_dialog, dialog
from wapto_app.ui.empty import empty_state
from wapto_app.ui.form import form, form_actions, search_input, submit_button, text_field
from wapto_app.ui.i18n import t
from wapto_app.ui.menu import menu, menu_item, menu_separator
from wapto_app.ui.table import Column, table
from wapto_app.ui.time import relative_time


def admin_accounts() -> rx.Component:
    return frame(
        t("Accounts"),
        page_body(_accounts()),
        permission=Permission.ADMIN,
    )


def _accounts() -> rx.Component:
    return rx.fragment(
        page_header(
            t("Accounts"),
            button(t("Invite owner"), variant="primary", icon="plus", on_click=Accounts.start_inviting),
            description=t("Everybody who may sign in here."),
        ),
        search_input(
            "search",
            t("Search name or e-mail"),
            value=Accounts.search,
            on_change=Accounts.find,
            class_name="mb-4 max-w-80",
        ),
        _table(),
        _invite_dialog(),
        _deactivate_dialog(),
        lost_factor_dialog(),
        _link_dialog(),
    )


def _table() -> rx.Component:
    return table(
        Accounts.rows,
        Column(t("Name"), _person),
        Column(t("Role"), _role, hide=True),
        Column(t("Status"), _status),
        Column(t("Last seen"), lambda row: relative_time(row["last_seen_at"]), hide=True),
        label=t("Accounts"),
        row_actions=_actions,
        loading=~Accounts.loaded,
        empty=empty_state("users", t("Nobody found"), t("No name or e-mail address holds this text.")),
    )


def _person(row: Any) -> rx.Component:
    return rx.el.div(
        rx.el.p(
            rx.el.span(row["name"], class_name="font-medium break-words"),
            rx.cond(row["is_me"], badge(t("You")), rx.fragment()),
            class_name="flex items-center gap-2",
        ),
        rx.cond(
            row["name"] == row["email"],
            rx.fragment(),
            rx.el.p(row["email"], class_name="text-xs break-all text-muted"),
        ),
        rx.el.div(_role(row), class_name="mt-1.5 md:hidden"),
        class_name="py-2",
    )


def _role(row: Any) -> rx.Component:
    return rx.el.div(
        role_badge(row["role"]),
        rx.cond(row["is_admin"], badge(t("Admin"), tone="warning"), rx.fragment()),
        class_name="flex flex-wrap gap-1.5",
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
    make_link = Accounts.make_link(row["id"], row["email"])
    active = rx.fragment(
        menu_item(t("Get a link for a new password"), icon="key-round", on_click=make_link),
        rx.cond(row["two_factor"] & ~row["is_me"].to(bool), lost_factor_item(row), rx.fragment()),
        rx.cond(
            row["is_me"],
            rx.fragment(),
            rx.fragment(
                menu_separator(),
                menu_item(
                    t("Deactivate"),
                    icon="user-x",
                    danger=True,
                    on_click=Accounts.ask_to_deactivate(row["id"], row["name"]),
                ),
            ),
        ),
    )
    invited = rx.fragment(
        menu_item(t("Get the invitation link"), icon="link", on_click=make_link),
        menu_separator(),
        menu_item(
            t("Withdraw invitation"), icon="trash-2", danger=True, on_click=Accounts.withdraw(row["id"])
        ),
    )
    deactivated = menu_item(t("Activate"), icon="user-check", on_click=Accounts.set_active(row["id"], True))
    return menu(
        icon_button("ellipsis", t("Actions for {name}", name=row["name"])),
        rx.match(row["status"], ("active", active), ("invited", invited), deactivated),
        label=t("Actions for {name}", name=row["name"]),
        align="end",
    )


def _invite_dialog() -> rx.Component:
    return dialog(
        form(
            text_field("email", t("E-mail"), type="email", auto_complete="off", errors=Feedback.errors),
            form_actions(button(t("Cancel"), on_click=Accounts.stop_inviting), submit_button(t("Invite"))),
            on_submit=Accounts.invite,
        ),
        title=t("Invite an owner"),
        description=t("An owner sees and does everything in the workspace."),
        open=Accounts.inviting,
        on_close=Accounts.stop_inviting,
    )


def _deactivate_dialog() -> rx.Component:
    return confirm_dialog(
        title=t("Deactivate {name}?", name=Accounts.leaving_name),
        text=t("They are signed out at once and cannot sign in. Their chats and notes stay."),
        confirm=t("Deactivate"),
        on_confirm=Accounts.set_active(Accounts.leaving_id, False),
        open=Accounts.leaving_id > 0,
        on_close=Accounts.do_not_deactivate,
    )


def _link_dialog() -> rx.Component:
    mailed = banner(t("It was mailed to {email}.", email=Accounts.link_for), tone="accent")
    return dialog(
        rx.el.div(
            rx.cond(Accounts.link_mailed, mailed, rx.fragment()),
            copy_field(
                t("Link"),
                Accounts.link,
                help=t("It works once. Whoever has it can use it, so hand it over in private."),
            ),
            class_name="flex flex-col gap-4",
        ),
        title=t("Link for {email}", email=Accounts.link_for),
        open=Accounts.link != "",
        on_close=Accounts.forget_link,
        footer=button(t("Done"), variant="primary", on_click=Accounts.forget_link),
    )
