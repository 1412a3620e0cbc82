"""Words and marks that the pages of templates share."""

from __future__ import annotations

from typing import Any

import reflex as rx

from state.shell import Shell
from wapto_app.security.permissions import Permission
from wapto_app.ui.badge import badge
from wapto_app.ui.i18n import Text, t
from wapto_app.ui.tokens import Tone

MAY_WRITE = Shell.permissions.contains(Permission.TEMPLATES_DO.value)
MAY_SYNC = Shell.permissions.contains(Permission.INBOX_DO.value)
MAY_CAMPAIGN = Shell.permissions.contains(Permission.CAMPAIGNS_DO.value)
MAY_CONNECT = Shell.permissions.contains(Permission.INTEGRATIONS_DO.value)
MAY_SEND = MAY_SYNC & Shell.permissions.contains(Permission.CONTACTS_SEE.value)

# Icons that other pages have too: each further one would come with the first visit of every page.
STATUSES: dict[str, tuple[Text, Tone, str]] = {
    "DRAFT": (t("Draft"), "neutral", "pencil"),
    "PENDING": (t("In review"), "info", "clock"),
    "APPROVED": (t("Approved"), "accent", "circle-check"),
    "REJECTED": (t("Rejected"), "danger", "circle-alert"),
    "PAUSED": (t("Paused"), "warning", "circle-pause"),
    "DISABLED": (t("Disabled"), "danger", "ban"),
    "IN_APPEAL": (t("In appeal"), "info", "clock"),
    "FLAGGED": (t("Flagged"), "warning", "triangle-alert"),
    "LIMIT_EXCEEDED": (t("Too many"), "danger", "circle-alert"),
    "PENDING_DELETION": (t("Being deleted"), "warning", "trash-2"),
    "DELETED": (t("Deleted"), "neutral", "trash-2"),
    "ARCHIVED": (t("Archived"), "neutral", "clock"),
    "LOCKED": (t("Locked"), "warning", "lock"),
    "REINSTATED": (t("Approved again"), "accent", "circle-check"),
    "UNARCHIVED": (t("Unarchived"), "neutral", "circle-check"),
}
CATEGORIES: dict[str, Text] = {
    "MARKETING": t("Marketing"),
    "UTILITY": t("Utility"),
    "AUTHENTICATION": t("Authentication"),
}
QUALITIES: dict[str, tuple[Text, str]] = {
    "GREEN": (t("High"), "bg-accent"),
    "YELLOW": (t("Medium"), "bg-warning"),
    "RED": (t("Low"), "bg-danger"),
}
SORTS: tuple[tuple[str, Text], ...] = (
    ("", t("By name")),
    ("newest", t("Changed last")),
    ("used", t("Used last")),
)


def status(value: Any) -> rx.Component:
    """With its colour and its sign; a word that Meta has not told of before stands as it is."""
    return rx.match(
        value,
        *[(key, badge(words, tone=tone, icon=icon)) for key, (words, tone, icon) in STATUSES.items()],
        badge(value),
    )


def category(value: Any) -> rx.Component:
    return rx.match(
        value, *[(key, rx.el.span(words)) for key, words in CATEGORIES.items()], rx.el.span(value)
    )


def quality(value: Any, *, unknown: Text | rx.Component = "–") -> rx.Component:
    """Meta gives none before enough people have got it."""
    known = [
        (
            key,
            rx.el.span(
                rx.el.span(aria_hidden=True, class_name=f"size-2 flex-none rounded-full {dot}"),
                words,
                class_name="inline-flex items-center gap-1.5",
            ),
        )
        for key, (words, dot) in QUALITIES.items()
    ]
    return rx.match(value, *known, rx.el.span(unknown, class_name="text-faint"))
