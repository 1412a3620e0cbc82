"""The owner registers; afterwards the page says whom to ask."""

from __future__ import annotations

import reflex as rx

from pages.frame import auth_frame
from pages.login import setup_hint
from state.access import Access
from wapto_app.ui.auth_form import answers, auth_form
from wapto_app.ui.banner import banner
from wapto_app.ui.form import password_field, text_field
from wapto_app.ui.i18n import t
from wapto_app.ui.link import link
from wapto_app.ui.skeleton import skeleton_lines

_ID = "register"


def register() -> rx.Component:
    return auth_frame(
        t("Register"),
        rx.cond(
            Access.checked,
            rx.cond(Access.registration_open, _form(), _closed()),
            skeleton_lines(5),
        ),
        footer=rx.el.p(t("Already registered?"), " ", link(t("Sign in"), "/login")),
    )


def _form() -> rx.Component:
    return auth_form(
        rx.el.p(
            t("Whoever registers becomes the owner of this workspace. It is open once."),
            class_name="text-sm text-muted text-pretty",
        ),
        *person_fields(_ID),
        id=_ID,
        action="/auth/register",
        zone=True,
        submit=t("Register"),
    )


def person_fields(id: str) -> tuple[rx.Component, ...]:
    """Name, address and a new password: what everybody who joins is asked for."""
    errors = answers(id).errors
    return (
        text_field("name", t("Your name"), auto_complete="name", max_length=120, errors=errors),
        text_field(
            "email",
            t("E-mail"),
            type="email",
            auto_complete="email",
            input_mode="email",
            help=t("You sign in with it."),
            errors=errors,
        ),
        new_password_field(id),
    )


def new_password_field(id: str) -> rx.Component:
    """A password that somebody chooses."""
    return password_field(
        "password",
        t("Password"),
        auto_complete="new-password",
        help=t("At least 10 characters. A few unrelated words are easy to remember and hard to guess."),
        errors=answers(id).errors,
    )


def _closed() -> rx.Component:
    return rx.cond(
        Access.setup_needed,
        setup_hint(),
        banner(
            t("This workspace has an owner. Ask them for an invitation: it comes as a link."),
            title=t("Registration is closed"),
        ),
    )
