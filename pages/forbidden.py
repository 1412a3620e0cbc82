"""What stands in the place of a page that its reader may not see, or of which that is not known yet."""

from __future__ import annotations

import reflex as rx

from state.shell import Shell
from wapto_app.security.permissions import MATRIX, Permission
from wapto_app.ui.button import button_link
from wapto_app.ui.card import SURFACE, page_body
from wapto_app.ui.empty import empty_state
from wapto_app.ui.i18n import Text, t
from wapto_app.ui.skeleton import skeleton, skeleton_lines


def forbidden(title: Text, permission: Permission) -> rx.Component:
    """Says what cannot be seen, whom to ask, and where to go instead."""
    back = button_link(t("Go to your start page"), Shell.home, variant="primary")
    return page_body(
        rx.el.h1(title, class_name="sr-only"),
        empty_state(
            "lock",
            t("You cannot see “{page}”", page=title),
            _whom_to_ask(permission),
            back,
            class_name="py-24",
        ),
    )


def _whom_to_ask(permission: Permission) -> rx.Var[str]:
    if permission is Permission.ADMIN:
        return t("Only an admin sees this. Ask the person who runs this Wapto.")
    if permission not in MATRIX:
        return t("Only an owner of this workspace sees this.")
    return t("Ask the owner of this workspace to let your team see it.")


def page_skeleton(title: Text) -> rx.Component:
    """The shape of an ordinary page; its name is there for who cannot see the shape."""
    return page_body(
        rx.el.h1(title, class_name="sr-only"),
        rx.el.div(
            skeleton("h-6 w-40"), skeleton("h-4 w-64 max-w-full"), class_name="flex flex-col gap-2.5 pb-6"
        ),
        rx.el.div(skeleton_lines(5), class_name=f"p-5 {SURFACE}"),
    )
