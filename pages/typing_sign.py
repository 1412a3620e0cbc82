"""Whether customers see that somebody is typing."""

from __future__ import annotations

import reflex as rx

from pages.frame import frame
from state.typing_sign import TypingSign
from wapto_app.security.permissions import Permission
from wapto_app.ui.card import page_body, page_header, section
from wapto_app.ui.form import switch
from wapto_app.ui.i18n import t
from wapto_app.ui.skeleton import skeleton_lines


def typing_sign() -> rx.Component:
    chosen = switch(
        "typing_sign",
        t("Show customers that somebody is typing"),
        help=t("In conversations in which you may write. Notes to your team are never announced."),
        checked=TypingSign.on,
        on_change=TypingSign.choose,
    )
    return frame(
        t("Typing indicator"),
        page_body(
            page_header(
                t("Typing indicator"),
                description=t("What a customer sees in WhatsApp while one of you writes an answer."),
            ),
            section(
                t("In the chat"),
                rx.cond(TypingSign.loaded, chosen, skeleton_lines(2)),
                description=t(
                    "WhatsApp shows “typing …” until you send, for at most 25 seconds at a time, and marks the "
                    "customer's messages as read."
                ),
            ),
            width="max-w-3xl",
        ),
        permission=Permission.SETTINGS_DO,
    )
