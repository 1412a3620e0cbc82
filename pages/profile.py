"""One's own account."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.frame import frame
from pages.profile_notifications import notifications_section
from pages.profile_two_factor import two_factor_section
from state.base import Feedback
from state.profile import Profile
from state.shell import Shell
from wapto_app.security.permissions import Permission
from wapto_app.services.account_fields import time_zones
from wapto_app.ui.auth_form import answers, auth_form
from wapto_app.ui.avatar import avatar
from wapto_app.ui.badge import badge, status_badge
from wapto_app.ui.button import button
from wapto_app.ui.card import page_body, page_header, section, stack
from wapto_app.ui.combobox import combobox_field
from wapto_app.ui.dialog import confirm_dialog, open_dialog
from wapto_app.ui.form import (
    form,
    form_actions,
    password_field,
    select_field,
    submit_button,
    switch,
    text_field,
)
from wapto_app.ui.i18n import LANGUAGES, t
from wapto_app.ui.skeleton import skeleton_lines
from wapto_app.ui.time import relative_time

_EVERYWHERE = "sign-out-everywhere"
_ZONES = [{"value": name, "label": name.replace("_", " ").replace("/", " / ")} for name in time_zones()]


def role_badge(role: rx.Var[str]) -> rx.Component:
    """What somebody is here, in a word."""
    return status_badge(
        role,
        {
            "owner": (t("Owner"), "accent"),
            "agent": (t("Agent"), "info"),
            "operator": (t("Operator"), "neutral"),
        },
    )


def profile() -> rx.Component:
    return frame(
        t("Profile"),
        page_body(
            page_header(t("Profile")),
            stack(
                _person(),
                rx.cond(Shell.permissions.contains(Permission.INBOX_DO.value), _writing(), rx.fragment()),
                _email(),
                _password(),
                two_factor_section(),
                _sessions(),
                notifications_section(),
            ),
            width="max-w-3xl",
        ),
        permission=Permission.SIGNED_IN,
    )


def _person() -> rx.Component:
    head = rx.el.div(
        avatar(Profile.name, size=56),
        rx.el.div(
            rx.el.p(Profile.name, class_name="truncate text-base font-semibold"),
            rx.el.div(
                role_badge(Profile.role),
                rx.cond(Profile.is_admin, badge(t("Admin"), tone="warning"), rx.fragment()),
                class_name="mt-1 flex gap-1.5",
            ),
            class_name="min-w-0",
        ),
        class_name="mb-6 flex items-center gap-4",
    )
    return section(
        t("You"),
        rx.cond(Profile.loaded, rx.fragment(head, _person_form()), skeleton_lines(5)),
        description=t("Your colleagues see your name."),
    )


def _person_form() -> rx.Component:
    return form(
        text_field(
            "name",
            t("Name"),
            default_value=Profile.name,
            auto_complete="name",
            max_length=120,
            errors=Feedback.errors,
        ),
        rx.el.div(
            select_field(
                "locale",
                t("Language"),
                list(LANGUAGES.items()),
                default_value=Profile.locale,
                errors=Feedback.errors,
            ),
            combobox_field(
                "time_zone", t("Time zone"), _ZONES, value=Profile.time_zone, errors=Feedback.errors
            ),
            class_name="grid gap-5 sm:grid-cols-2",
        ),
        form_actions(submit_button(t("Save"))),
        on_submit=Profile.save,
    )


def _writing() -> rx.Component:
    return section(
        t("Writing"),
        rx.cond(
            Profile.loaded,
            switch(
                "undo_send",
                t("Undo send"),
                help=t("A message waits five seconds before it leaves. Until then you can take it back."),
                checked=Profile.undo_send,
                disabled=Shell.viewed != "",
                on_change=Profile.choose_undo,
            ),
            skeleton_lines(1),
        ),
    )


def _email() -> rx.Component:
    id = "email-form"
    return section(
        t("E-mail"),
        auth_form(
            rx.el.div(
                text_field(
                    "email",
                    t("New e-mail"),
                    type="email",
                    auto_complete="email",
                    input_mode="email",
                    errors=answers(id).errors,
                ),
                _current_password(id, "password"),
                class_name="grid gap-5 sm:grid-cols-2",
            ),
            id=id,
            action="/auth/email",
            submit=t("Change e-mail"),
            on_done=Profile.email_changed,
            whole_page=False,
        ),
        description=t("You sign in with {email}.", email=Profile.email),
    )


def _password() -> rx.Component:
    id = "password-form"
    return section(
        t("Password"),
        auth_form(
            rx.el.input(
                type="email", value=Profile.email, auto_complete="username", read_only=True, hidden=True
            ),
            rx.el.div(
                _current_password(id, "current"),
                password_field(
                    "password",
                    t("New password"),
                    auto_complete="new-password",
                    id="new-password",
                    help=t("At least 10 characters."),
                    errors=answers(id).errors,
                ),
                class_name="grid gap-5 sm:grid-cols-2",
            ),
            id=id,
            action="/auth/password",
            submit=t("Change password"),
            on_done=Profile.password_changed,
            whole_page=False,
        ),
        description=t("Changing it signs you out on your other devices."),
    )


def _current_password(form_id: str, name: str) -> rx.Component:
    return password_field(
        name,
        t("Current password"),
        auto_complete="current-password",
        id=f"{form_id}-{name}",
        errors=answers(form_id).errors,
    )


def _sessions() -> rx.Component:
    everywhere = button(t("Sign out everywhere"), on_click=open_dialog(_EVERYWHERE))
    return section(
        t("Where you are signed in"),
        rx.cond(
            Profile.loaded,
            rx.el.ul(rx.foreach(Profile.sessions, _session), class_name="-mt-2 divide-y divide-line"),
            skeleton_lines(3),
        ),
        form_actions(everywhere),
        confirm_dialog(
            id=_EVERYWHERE,
            title=t("Sign out everywhere?"),
            text=t("You are signed out on every device, this one included."),
            confirm=t("Sign out everywhere"),
            on_confirm=Profile.end_all_sessions,
        ),
        description=t("Sign out what you do not know, then change your password."),
    )


def _session(row: Any) -> rx.Component:
    here = badge(t("This device"), tone="accent")
    leave = button(
        t("Sign out"),
        size="sm",
        variant="ghost",
        on_click=Profile.end_session(row["id"]),
        aria_label=t("Sign out {device}", device=row["device"]),
    )
    seen = rx.cond(
        row["is_this"],
        t("Active now"),
        rx.fragment(t("Last seen"), " ", relative_time(row["last_seen_at"])),
    )
    return rx.el.li(
        rx.el.div(
            rx.el.p(
                rx.el.span(row["device"], class_name="text-sm font-medium"),
                rx.cond(row["is_this"], here, rx.fragment()),
                class_name="flex flex-wrap items-center gap-2",
            ),
            rx.el.p(
                rx.el.span(row["address"], class_name="break-all"),
                rx.el.span("·", aria_hidden=True),
                rx.el.span(seen),
                class_name="flex flex-wrap gap-x-1.5 text-xs text-muted",
            ),
            class_name="min-w-0 flex-1",
        ),
        rx.cond(row["is_this"], rx.fragment(), leave),
        key=row["id"],
        class_name="flex min-h-14 items-center gap-4 py-2",
    )
