"""The file of a message: what ``bubble.py`` shows for the kind "media"."""

from __future__ import annotations

from typing import Any

import reflex as rx

from state.inbox.files import MessageFiles
from state.shell import Shell
from wapto_app.security.permissions import Permission
from wapto_app.services.inbox import MessageRow
from wapto_app.ui.i18n import t
from wapto_app.ui.message_file import message_file
from wapto_app.ui.message_text import message_text


def bubble_file(item: rx.Var[MessageRow], *, may_act: bool = True) -> rx.Component:
    """The file and its caption. The page that shows it holds ``ui.lightbox.lightbox()`` once."""
    file = item["file"].to(dict[str, Any])
    may: Any = Shell.permissions.contains(Permission.INBOX_DO.value) if may_act else False
    shown = message_file(file=file, type=item["type"], may=may, on_again=MessageFiles.fetch_again)
    nothing = rx.el.p(t("This file could not be fetched."), class_name="text-muted")
    caption = rx.cond(item["body"] != "", message_text(item["body"]), rx.fragment())
    return rx.el.div(rx.cond(item["file"], shown, nothing), caption, class_name="flex flex-col gap-1.5")
