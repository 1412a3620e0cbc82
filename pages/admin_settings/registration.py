"""Who may join, and how long an invitation works."""

from __future__ import annotations

import reflex as rx

from pages.admin_settings.frame import settings_page
from state.admin_settings.registration import RegistrationSettings
from state.base import Feedback
from wapto_app.ui.banner import banner
from wapto_app.ui.button import button_link
from wapto_app.ui.card import section
from wapto_app.ui.form import form, form_actions, number_field, submit_button
from wapto_app.ui.i18n import t
from wapto_app.ui.skeleton import skeleton_lines


def registration() -> rx.Component:
    return settings_page(t("Registration"), _who(), _invitations())


def _who() -> rx.Component:
    is_open = banner(
        t("Nobody owns this workspace yet: whoever registers first becomes its owner."),
        title=t("Registration is open"),
        tone="warning",
        action=button_link(t("Invite an owner"), "/admin/accounts"),
    )
    is_closed = banner(
        t(
            "This workspace has an owner. Owners and agents join by invitation only: an open door would show "
            "your customers' words to strangers. It closes by itself and cannot be opened."
        ),
        title=t("Registration is closed"),
        tone="accent",
    )
    return section(
        t("Who may join"),
        rx.cond(
            RegistrationSettings.loaded,
            rx.cond(RegistrationSettings.is_open, is_open, is_closed),
            skeleton_lines(3),
        ),
    )


def _invitations() -> rx.Component:
    fields = form(
        number_field(
            "invite_days",
            t("Days until an invitation expires"),
            default_value=RegistrationSettings.invite_days.to(str),
            min="1",
            max="30",
            class_name="max-w-32",
            help=t("From 1 to 30. Invitations that are out keep their own time."),
            errors=Feedback.errors,
        ),
        form_actions(submit_button(t("Save"))),
        on_submit=RegistrationSettings.save,
    )
    return section(
        t("Invitations"),
        rx.cond(RegistrationSettings.loaded, fields, skeleton_lines(2)),
        description=t("An invitation is a link that works once."),
    )
