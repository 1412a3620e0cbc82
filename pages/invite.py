"""Join with an invitation."""

from __future__ import annotations

import reflex as rx

from pages.frame import auth_frame
from pages.register import new_password_field
from pages.reset import for_account
from state.access import Access
from wapto_app.ui.auth_form import answers, auth_form
from wapto_app.ui.banner import banner
from wapto_app.ui.form import text_field
from wapto_app.ui.i18n import from_server, t
from wapto_app.ui.link import link
from wapto_app.ui.skeleton import skeleton_lines

_ID = "invitation"


def invite() -> rx.Component:
    dead = banner(from_server(Access.link_problem), title=t("This invitation does not work"), tone="warning")
    return auth_frame(
        t("Join this workspace"),
        rx.cond(Access.checked, rx.cond(Access.link_problem, dead, _form()), skeleton_lines(5)),
        footer=rx.el.p(t("Joined already?"), " ", link(t("Sign in"), "/login")),
    )


def _form() -> rx.Component:
    return auth_form(
        for_account(Access.link_email),
        text_field("name", t("Your name"), auto_complete="name", max_length=120, errors=answers(_ID).errors),
        new_password_field(_ID),
        id=_ID,
        action="/auth/invitation",
        token="path",
        zone=True,
        submit=t("Join"),
    )
