"""Words that the pages of contacts share."""

from __future__ import annotations

from typing import Any

import reflex as rx

from state.shell import Shell
from wapto_app.security.permissions import Permission
from wapto_app.ui.badge import status_badge
from wapto_app.ui.i18n import t

MAY_WRITE = Shell.permissions.contains(Permission.CONTACTS_DO.value)
MAY_EXPORT = Shell.permissions.contains(Permission.EXPORT_DO.value)
MAY_SEND = Shell.permissions.contains(Permission.CAMPAIGNS_DO.value)
MAY_CHAT = Shell.permissions.contains(Permission.INBOX_DO.value)
LANGUAGES = ("en", "es", "pt", "pt-BR", "fr", "de", "it", "nl", "ar", "hi", "id", "tr", "ru", "zh", "ja")


def opt_badge(state: Any) -> rx.Component:
    """Whether somebody may be written to."""
    return status_badge(
        state,
        {
            "in": (t("Opted in"), "neutral"),
            "marketing": (t("No marketing"), "warning"),
            "out": (t("Opted out"), "danger"),
        },
    )


def field_word(name: Any) -> rx.Var[str]:
    """The label of a built-in field of a contact."""
    return rx.match(
        name,
        ("name", t("Name")),
        ("company", t("Company")),
        ("email", t("E-mail")),
        ("language", t("Language")),
        ("source", t("Source")),
        ("username", t("Username")),
        name,
    )
