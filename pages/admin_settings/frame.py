"""What the pages of the admin's settings share: title, tabs, and who may see them."""

from __future__ import annotations

import reflex as rx

from pages.frame import frame
from wapto_app.security.permissions import Permission
from wapto_app.ui.card import page_body, page_header, stack
from wapto_app.ui.i18n import Text, t
from wapto_app.ui.tabs import link_tabs

ROUTE = "/admin/settings"


def settings_page(title: Text, *sections: rx.Component) -> rx.Component:
    """A page of the settings. ``title`` stands in the window's title."""
    body = rx.fragment(
        page_header(t("Settings"), description=t("How this install looks and works.")),
        rx.el.div(settings_tabs(), class_name="mb-6"),
        stack(*sections),
    )
    return frame(title, page_body(body, width="max-w-4xl"), permission=Permission.ADMIN)


@rx.memo
def settings_tabs() -> rx.Component:
    return link_tabs(
        (t("Branding"), ROUTE),
        (t("Registration"), f"{ROUTE}/registration"),
        (t("Mail"), f"{ROUTE}/mail"),
        (t("Payments"), f"{ROUTE}/payments"),
        (t("Meta app"), f"{ROUTE}/meta-app"),
        (t("Retention"), f"{ROUTE}/retention"),
        (t("Backups"), f"{ROUTE}/backups"),
        label=t("Settings"),
    )
