"""Somebody else chose the first password; this page replaces it before anything else is possible."""

from __future__ import annotations

import reflex as rx

from pages.alone import alone
from state.shell import Shell
from wapto_app.ui.auth_form import answers, auth_form
from wapto_app.ui.banner import banner
from wapto_app.ui.button import button_link
from wapto_app.ui.form import password_field
from wapto_app.ui.i18n import t
from wapto_app.ui.skeleton import skeleton_lines

_ID = "first-password"


def first_password() -> rx.Component:
    nothing_to_do = rx.el.div(
        banner(t("Your password is your own already."), tone="accent"),
        button_link(t("Go on"), Shell.home, variant="primary", class_name="w-full"),
        class_name="flex flex-col gap-5",
    )
    return alone(
        t("Choose your own password"),
        rx.cond(Shell.loaded, rx.cond(Shell.duty == "password", _form(), nothing_to_do), skeleton_lines(4)),
        text=t("The one that you signed in with was chosen by somebody else."),
    )


def _form() -> rx.Component:
    errors = answers(_ID).errors
    return auth_form(
        rx.el.input(type="email", value=Shell.email, auto_complete="username", read_only=True, hidden=True),
        password_field(
            "current",
            t("Password that you were given"),
            auto_complete="current-password",
            errors=errors,
        ),
        password_field(
            "password",
            t("New password"),
            auto_complete="new-password",
            help=t("At least 10 characters. A few unrelated words are easy to remember and hard to guess."),
            errors=errors,
        ),
        id=_ID,
        action="/auth/password",
        submit=t("Save and go on"),
    )
