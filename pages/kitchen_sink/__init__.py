"""Every component in every state, for whoever works on the design. Registered in development only."""

from __future__ import annotations

import reflex as rx

from pages.frame import frame
from pages.kitchen_sink import controls, displays, known
from wapto_app.security.permissions import Permission
from wapto_app.ui.button import button
from wapto_app.ui.card import page_body, page_header, stack


def kitchen_sink() -> rx.Component:
    page = page_body(
        page_header(
            "Kitchen sink",
            button("Secondary"),
            button("Primary", variant="primary", icon="plus"),
            description="Every component in every state.",
        ),
        stack(
            controls.buttons(),
            controls.form_controls(),
            controls.menus(),
            known.known_of_customers(),
            displays.words(),
            displays.feedback(),
            displays.states(),
            displays.table_sample(),
            displays.navigation(),
            displays.chat(),
            gap="gap-6",
        ),
    )
    return frame("Kitchen sink", page, permission=Permission.SIGNED_IN)
