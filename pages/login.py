"""Sign in, through one of two tabs."""

from __future__ import annotations

import reflex as rx

from pages.frame import auth_frame
from state.access import Access
from wapto_app.ui.auth_form import answers, auth_form
from wapto_app.ui.banner import banner
from wapto_app.ui.form import password_field, text_field
from wapto_app.ui.i18n import t
from wapto_app.ui.link import link
from wapto_app.ui.tabs import Tab, tabs


def login() -> rx.Component:
    way_in = tabs(
        Tab("user", t("User login"), _form("user")),
        Tab("agent", t("Agent login"), _form("agent")),
        label=t("Kind of account"),
    )
    return auth_frame(
        t("Sign in"),
        rx.cond(Access.setup_needed, setup_hint(), way_in),
        footer=rx.cond(Access.setup_needed, rx.fragment(), _no_account()),
    )


def _no_account() -> rx.Component:
    return rx.cond(
        Access.registration_open,
        rx.el.p(t("No account yet?"), " ", link(t("Register"), "/register")),
        rx.el.p(
            t("No account yet? Ask the owner of this workspace for an invitation."),
            class_name="text-balance",
        ),
    )


def _form(door: str) -> rx.Component:
    id = f"login-{door}"
    errors = answers(id).errors
    return auth_form(
        text_field(
            "email",
            t("E-mail"),
            type="email",
            auto_complete="username",
            input_mode="email",
            id=f"{id}-email",
            errors=errors,
        ),
        rx.el.div(
            password_field(
                "password",
                t("Password"),
                auto_complete="current-password",
                id=f"{id}-password",
                errors=errors,
            ),
            rx.el.p(link(t("Forgot your password?"), "/reset"), class_name="text-sm"),
            class_name="flex flex-col gap-2",
        ),
        id=id,
        action="/auth/login",
        extra={"door": door},
        submit=t("Sign in"),
    )


def setup_hint() -> rx.Component:
    """Nobody has an account, so there is nothing to sign in with."""
    return banner(
        t("Open the link that the server printed when it started. It makes the first account."),
        title=t("This Wapto is not set up yet"),
    )
