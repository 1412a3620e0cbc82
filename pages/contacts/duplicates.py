"""Contacts that look like the same person twice."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.contacts.merge import merge_dialog
from pages.frame import frame
from state.contacts import Duplicates, MergeContacts
from wapto_app.security.permissions import Permission
from wapto_app.ui.avatar import avatar
from wapto_app.ui.badge import status_badge
from wapto_app.ui.button import button, button_link
from wapto_app.ui.card import card, page_body, page_header
from wapto_app.ui.empty import empty_state
from wapto_app.ui.i18n import t
from wapto_app.ui.link import RouteLink
from wapto_app.ui.skeleton import skeleton_lines


def duplicates() -> rx.Component:
    nothing = empty_state(
        "users-round",
        t("No duplicates"),
        t(
            "Nobody looks like the same person twice. You can also mark two contacts in the table and merge them."
        ),
    )
    pairs = rx.el.ul(rx.foreach(Duplicates.pairs, _pair), class_name="divide-y divide-line")
    shown = rx.cond(Duplicates.pairs.length() > 0, pairs, nothing)
    return frame(
        t("Duplicates"),
        page_body(
            page_header(
                t("Duplicates"),
                button_link(t("All contacts"), "/contacts", icon="arrow-left"),
                description=t("Contacts that may be one person. Look at both before you merge them."),
            ),
            card(
                rx.cond(Duplicates.loaded, shown, rx.el.div(skeleton_lines(6), class_name="p-5")),
                class_name="overflow-hidden",
            ),
            width="max-w-4xl",
        ),
        merge_dialog(),
        permission=Permission.CONTACTS_DO,
    )


def _pair(pair: Any) -> rx.Component:
    first, second = pair["first"], pair["second"]
    reason = status_badge(
        pair["reason"],
        {
            "email": (t("Same e-mail"), "info"),
            "number": (t("Similar number"), "info"),
            "username": (t("Same username"), "info"),
            "name": (t("Same name"), "neutral"),
        },
    )
    return rx.el.li(
        rx.el.div(
            _person(first),
            _person(second),
            class_name="grid min-w-0 flex-1 basis-72 gap-3 sm:grid-cols-2",
        ),
        rx.el.div(
            reason,
            button(
                t("Two people"),
                size="sm",
                variant="ghost",
                on_click=Duplicates.keep_apart(first["id"], second["id"]),
            ),
            button(t("Compare"), size="sm", on_click=MergeContacts.compare(first["id"], second["id"])),
            class_name="flex flex-none flex-wrap items-center gap-2",
        ),
        key=first["id"].to(int).to_string() + "-" + second["id"].to(int).to_string(),
        class_name="flex flex-wrap items-center gap-x-6 gap-y-3 p-4",
    )


def _person(row: Any) -> rx.Component:
    return rx.el.div(
        avatar(row["name"], size=32, class_name="flex-none"),
        rx.el.div(
            RouteLink.create(
                row["name"],
                to="/contacts/" + row["id"].to(int).to_string(),
                dir="auto",
                class_name="block truncate rounded text-sm font-medium hover:underline",
            ),
            rx.el.p(row["phone"], class_name="truncate text-xs text-muted"),
            rx.el.p(row["email"], class_name="truncate text-xs text-muted"),
            class_name="min-w-0",
        ),
        class_name="flex min-w-0 items-center gap-3",
    )
