"""What the keys do in the inbox."""

from __future__ import annotations

import reflex as rx

from state.inbox import ContactPanel, OpenConversation
from state.inbox.bulk import InboxBulk
from state.shell import Shell
from wapto_app.security.permissions import Permission
from wapto_app.ui.i18n import t
from wapto_app.ui.keys import focus_on, press_on, shortcut, step


def inbox_keys() -> rx.Component:
    """A key whose button the page does not show does nothing; see ``data_key`` of the buttons."""
    may_write = Shell.permissions.contains(Permission.INBOX_DO.value)
    here, there = t("Open conversation"), t("Conversations")
    opened = rx.fragment(
        rx.cond(
            may_write,
            rx.fragment(
                shortcut("r", focus_on("[data-testid=composer-text]"), t("Reply"), here),
                shortcut("n", press_on("n"), t("Write a note"), here),
                shortcut("e", press_on("e"), t("Resolve or reopen"), here),
                shortcut("a", press_on("a"), t("Assign"), here),
                shortcut("s", press_on("s"), t("Snooze"), here),
                shortcut("u", OpenConversation.mark_unread, t("Mark as unread"), here),
            ),
            rx.fragment(),
        ),
        rx.cond(
            Shell.permissions.contains(Permission.CONTACTS_DO.value),
            shortcut("t", [ContactPanel.show(True), press_on("t")], t("Tags of the contact"), here),
            rx.fragment(),
        ),
    )
    return rx.fragment(
        shortcut("j", step(1), t("Next conversation"), there),
        shortcut("k", step(-1), t("Previous conversation"), there),
        shortcut("x", InboxBulk.start, t("Select conversations"), there),
        shortcut("/", focus_on("section input[type=search]"), t("Search the conversations"), there),
        rx.cond(OpenConversation.header["id"] > 0, opened, rx.fragment()),
    )
