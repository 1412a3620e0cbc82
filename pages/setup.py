"""The first account, with the link that the server printed."""

from __future__ import annotations

import reflex as rx

from pages.frame import auth_frame
from pages.register import person_fields
from state.access import Access
from wapto_app.ui.auth_form import auth_form
from wapto_app.ui.banner import banner
from wapto_app.ui.form import checkbox
from wapto_app.ui.i18n import from_server, t

_ID = "setup"


def setup() -> rx.Component:
    return auth_frame(
        t("Set up Wapto"),
        rx.cond(
            Access.link_problem,
            banner(from_server(Access.link_problem), title=t("This link does not work"), tone="warning"),
            _form(),
        ),
        text=t("Make the first account. It administers this install."),
    )


def _form() -> rx.Component:
    return auth_form(
        *person_fields(_ID),
        checkbox(
            "runs_business",
            t("I also run the business"),
            help=t(
                "One sign-in for both. Otherwise the owner registers afterwards, and you do not see their chats."
            ),
            default_checked=True,
        ),
        id=_ID,
        action="/auth/setup",
        token="query",
        zone=True,
        submit=t("Create account"),
    )
