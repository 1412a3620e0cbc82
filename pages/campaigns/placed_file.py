"""The file that a header or a card shows."""

from __future__ import annotations

from typing import Any

import reflex as rx

from state.campaigns.content import ContentStep
from wapto_app.ui.button import button
from wapto_app.ui.i18n import from_server, t


def file_row(file: Any) -> rx.Component:
    """One, with a button that opens the library."""
    kind, has_file = file["kind"].to(str), file["key"] != ""
    words = rx.match(kind, ("image", t("Picture")), ("video", t("Video")), t("Document"))
    error, name = from_server(file["error"].to(str)), file["name"].to(str)
    return rx.el.div(
        _picture(file, kind),
        rx.el.div(
            rx.el.p(words, class_name="text-sm font-medium"),
            rx.el.p(name, dir="auto", class_name="mt-0.5 truncate text-xs text-muted empty:hidden"),
            rx.el.p(
                error,
                class_name=rx.cond(
                    has_file,
                    "mt-0.5 text-xs text-danger-ink text-pretty empty:hidden",
                    "mt-0.5 text-xs text-muted text-pretty empty:hidden",
                ),
            ),
            class_name="min-w-0 flex-1",
        ),
        button(
            rx.cond(has_file, t("Change"), t("Choose a file")),
            size="sm",
            icon="images",
            on_click=ContentStep.ask_file(file["place"], kind),
        ),
        key=file["place"].to(str),
        # A card has a frame of its own.
        class_name=rx.cond(
            file["place"] == "header",
            "mt-3 flex items-center gap-3 rounded-lg border border-line p-3",
            "mt-2 flex items-center gap-3",
        ),
    )


def _picture(file: Any, kind: Any) -> rx.Component:
    small = rx.el.img(
        src="/library/" + file["key"].to(str) + "/thumbnail",
        alt="",
        loading="lazy",
        class_name="size-full object-cover",
    )
    sign = rx.match(
        kind,
        ("image", rx.icon("image", size=18, aria_hidden=True)),
        ("video", rx.icon("video", size=18, aria_hidden=True)),
        rx.icon("file-text", size=18, aria_hidden=True),
    )
    return rx.el.span(
        rx.cond(file["preview"], small, sign),
        class_name="grid size-11 flex-none place-items-center overflow-hidden rounded bg-sunken text-muted",
    )
