"""Who may sign in: the operator's table."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.frame import frame
from pages.handover import link_dialog
from pages.lost_factor import lost_factor_dialog, lost_factor_item
from pages.person import person_cell
from pages.profile import role_badge
from state.accounts import Accounts
from state.base import Feedback
from state.viewing import Viewing
from wapto_app.security.permissions import Permission
from wapto_app.services.account_list import PAGE
from wapto_app.ui.badge import badge, status_badge
from wapto_app.ui.button import button, icon_button
from wapto_app.ui.card import page_body, page_header
from wapto_app.ui.dialog import confirm_dialog, dialog
from wapto_app.ui.empty import empty_state
from wapto_app.ui.form import form, form_actions, search_input, select, submit_button, text_field
from wapto_app.ui.i18n import Text, t
from wapto_app.ui.menu import menu, menu_item, menu_separator
from wapto_app.ui.table import Column, pager, table
from wapto_app.ui.time import relative_time
from wapto_app.ui.tokens import Tone

_STATUSES: dict[str, tuple[Text, Tone]] = {
    "active": (t("Active"), "accent"),
    "invited": (t("Invited"), "info"),
    "deactivated": (t("Deactivated"), "neutral"),
}


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
        _filters(),
        _table(),
        _invite_dialog(),
        _deactivate_dialog(),
        _admin_dialog(),
        lost_factor_dialog(),
        link_dialog(
            Accounts.link,
            email=Accounts.link_for,
            mailed=Accounts.link_mailed,
            on_close=Accounts.forget_link,
        ),
    )


def _filters() -> rx.Component:
    roles = [
        ("", t("All roles")),
        ("owner", t("Owner")),
        ("agent", t("Agent")),
        ("operator", t("Operator")),
        ("admin", t("Admin")),
    ]
    return rx.el.div(
        search_input(
            "search",
            t("Search name or e-mail"),
            value=Accounts.search,
            on_change=Accounts.find,
            class_name="w-full sm:w-80",
        ),
        select(
            "role",
            roles,
            value=Accounts.role,
            on_change=Accounts.show_role,
            aria_label=t("Role"),
            class_name="min-w-0 flex-1 sm:w-40 sm:flex-none",
        ),
        select(
            "status",
            [("", t("Every status")), *[(status, label) for status, (label, _tone) in _STATUSES.items()]],
            value=Accounts.status,
            on_change=Accounts.show_status,
            aria_label=t("Status"),
            class_name="min-w-0 flex-1 sm:w-40 sm:flex-none",
        ),
        class_name="mb-4 flex flex-wrap gap-3",
    )


def _table() -> rx.Component:
    return table(
        Accounts.rows,
        Column(t("Name"), _person),
        Column(t("Role"), _role, hide=True),
        Column(t("Status"), _status),
        Column(
            t("Last seen"),
            lambda row: relative_time(row["last_seen_at"], class_name="whitespace-nowrap"),
            hide=True,
        ),
        label=t("Accounts"),
        row_actions=_actions,
        loading=~Accounts.loaded,
        empty=empty_state("users", t("Nobody found"), t("Search for something else, or show all of them.")),
        pager=rx.cond(Accounts.total > PAGE, _pager(), rx.fragment()),
    )


def _pager() -> rx.Component:
    before = Accounts.page * PAGE
    return pager(
        shown=t(
            "{first}–{last} of {total}",
            first=before + 1,
            last=before + Accounts.rows.length(),
            total=Accounts.total,
        ),
        has_previous=Accounts.page > 0,
        has_next=Accounts.has_more,
        on_previous=Accounts.previous_page,
        on_next=Accounts.next_page,
    )


def _person(row: Any) -> rx.Component:
    return person_cell(row, _role(row))


def _role(row: Any) -> rx.Component:
    return rx.el.div(
        role_badge(row["role"]),
        rx.cond(row["is_admin"], badge(t("Admin"), tone="warning"), rx.fragment()),
        rx.cond(
            row["team"] != "",
            rx.el.span(row["team"], dir="auto", class_name="min-w-0 wrap-anywhere text-muted"),
            rx.fragment(),
        ),
        class_name="flex flex-wrap items-center gap-1.5",
    )


def _status(row: Any) -> rx.Component:
    return status_badge(row["status"], _STATUSES)


def _actions(row: Any) -> rx.Component:
    make_link = Accounts.make_link(row["id"], row["email"])
    active = rx.fragment(
        _view_as(row),
        menu_item(t("Get a link for a new password"), icon="key-round", on_click=make_link),
        rx.cond(
            row["role"] == "owner",
            menu_item(t("Change plan"), icon="package", href="/admin/subscriptions"),
            rx.fragment(),
        ),
        rx.cond(row["two_factor"] & ~row["is_me"].to(bool), lost_factor_item(row), rx.fragment()),
        rx.cond(
            row["is_me"],
            rx.fragment(),
            rx.fragment(
                _change_admin(row),
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
        _view_as(row),
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


def _view_as(row: Any) -> rx.Component:
    view = menu_item(t("See what they see"), icon="eye", on_click=Viewing.start(row["id"]))
    return rx.cond(row["may_view"], view, rx.fragment())


def _change_admin(row: Any) -> rx.Component:
    def item(text: Text, icon: str, *, admin: bool) -> rx.Component:
        return menu_item(text, icon=icon, on_click=Accounts.ask_about_admin(row["id"], row["name"], admin))

    return rx.cond(
        row["is_admin"],
        item(t("Take the admin right away"), "shield-off", admin=False),
        item(t("Make admin"), "shield", admin=True),
    )


def _admin_dialog() -> rx.Component:
    name = Accounts.crowned_name
    return confirm_dialog(
        title=rx.cond(
            Accounts.crown,
            t("Make {name} an admin?", name=name),
            t("Take the admin right of {name} away?", name=name),
        ),
        text=rx.cond(
            Accounts.crown,
            t("An admin runs this Wapto: the accounts, the plans and the settings of the server."),
            t("They keep their account, and no longer see the pages of the administration."),
        ),
        confirm=rx.cond(Accounts.crown, t("Make admin"), t("Take away")),
        on_confirm=Accounts.set_admin(Accounts.crowned_id, Accounts.crown),
        open=Accounts.crowned_id > 0,
        on_close=Accounts.leave_as_it_is,
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
