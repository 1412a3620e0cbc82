"""Where a contact came from, in words."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wapto_app.ui.i18n import t


def source_words(source: Any) -> rx.Var[str]:
    """What Wapto itself noted gets its words; what somebody wrote stands as it is."""
    return rx.match(
        source,
        ("whatsapp", t("Wrote on WhatsApp")),
        ("manual", t("Entered by hand")),
        ("import", t("Imported")),
        source,
    ).to(str)


def source_was(source: Any) -> rx.Component:
    """Goes with an input that shows ``source_words``: unless they were changed, the source stays what it is."""
    return rx.fragment(
        rx.el.input(type="hidden", name="source_was", value=source, read_only=True),
        rx.el.input(type="hidden", name="source_words", value=source_words(source), read_only=True),
    )
