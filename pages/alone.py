"""A page behind the sign-in on which only one thing can be done: a centred card, and the way out."""

from __future__ import annotations

import reflex as rx

from state.base import Feedback
from state.shell import Shell
from wapto_app.ui import shell
from wapto_app.ui.banner import offline_banner
from wapto_app.ui.button import button
from wapto_app.ui.form import post_form
from wapto_app.ui.i18n import Text, locale_sync, t
from wapto_app.ui.link import link
from wapto_app.ui.notice import notices
from wapto_app.ui.tooltip import tooltip_host


def alone(title: Text, *body: rx.Component, text: Text = "") -> rx.Component:
    """Back to the profile for who came by choice; to sign out for who must do this first."""
    leave = post_form(
        button(t("Sign out"), type="submit", variant="ghost", size="sm", icon="log-out"),
        action="/auth/logout",
    )
    way_out = rx.cond(Shell.duty == "", link(t("Back to the profile"), "/profile"), leave)
    return rx.fragment(
        locale_sync(Shell.locale),
        shell.page_title(title),
        offline_banner(),
        shell.auth_shell(
            title,
            *body,
            text=text,
            footer=rx.el.div(rx.cond(Shell.loaded, way_out, rx.fragment()), class_name="flex justify-center"),
        ),
        notices(Feedback.notices),
        tooltip_host(),
    )
