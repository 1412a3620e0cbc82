"""A new password: ask for the link, and use it."""

from __future__ import annotations

import reflex as rx

from pages.frame import auth_frame
from pages.register import new_password_field
from state.access import Access
from wapto_app.ui.auth_form import answers, auth_form
from wapto_app.ui.banner import banner
from wapto_app.ui.button import button_link
from wapto_app.ui.form import text_field
from wapto_app.ui.i18n import from_server, t
from wapto_app.ui.link import link
from wapto_app.ui.skeleton import skeleton_lines

_ASK = "reset-request"
_CHOOSE = "reset"


def reset() -> rx.Component:
    return auth_frame(
        t("New password"),
        rx.cond(
            Access.checked,
            rx.cond(Access.has_link, _choose(), _ask()),
            skeleton_lines(4),
        ),
        footer=link(t("Back to sign in"), "/login"),
    )


def _ask() -> rx.Component:
    no_mail = banner(
        t("Ask the person who runs this Wapto for a link to a new password."),
        title=t("No mail server is set up here"),
    )
    sent = banner(
        t("If somebody here signs in with this address, a link is on its way. It works for an hour."),
        title=t("Look into your mailbox"),
        tone="accent",
    )
    form = auth_form(
        rx.el.p(
            t("Write the address that you sign in with. We mail you a link to choose a new password."),
            class_name="text-sm text-muted text-pretty",
        ),
        text_field(
            "email",
            t("E-mail"),
            type="email",
            auto_complete="username",
            input_mode="email",
            errors=answers(_ASK).errors,
        ),
        id=_ASK,
        action="/auth/reset-request",
        submit=t("Mail me a link"),
    )
    return rx.cond(Access.mail_on, rx.cond(answers(_ASK).done, sent, form), no_mail)


def _choose() -> rx.Component:
    dead = rx.el.div(
        banner(from_server(Access.link_problem), title=t("This link does not work"), tone="warning"),
        button_link(t("Ask for a new link"), "/reset", on_click=Access.open_reset),
        class_name="flex flex-col items-start gap-4",
    )
    changed = rx.el.div(
        banner(t("Your password is changed, and you are signed out everywhere."), tone="accent"),
        button_link(t("Sign in"), "/login", variant="primary", class_name="w-full"),
        class_name="flex flex-col gap-5",
    )
    form = auth_form(
        for_account(Access.link_email),
        new_password_field(_CHOOSE),
        id=_CHOOSE,
        action="/auth/reset",
        token="query",
        submit=t("Change password"),
    )
    return rx.cond(answers(_CHOOSE).done, changed, rx.cond(Access.link_problem, dead, form))


def for_account(email: rx.Var[str]) -> rx.Component:
    """Says whose password it is; password managers read the hidden field."""
    return rx.el.div(
        rx.el.span(t("For {email}", email=email), class_name="break-all"),
        rx.el.input(type="email", value=email, auto_complete="username", read_only=True, hidden=True),
        class_name="text-sm text-muted",
    )
