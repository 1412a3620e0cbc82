"""Copying to the clipboard."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wapto_app.ui.browser import source
from wapto_app.ui.i18n import Text
from wapto_app.ui.tokens import ICON_BUTTON


class CopyButton(rx.Component):
    """See ``controls.jsx``."""

    library = source("controls.jsx")
    tag = "CopyButton"

    text: rx.Var[str]
    label: rx.Var[str]


def copy_button(text: Text, *, label: Text = "") -> rx.Component:
    """An icon that copies the text and says that it did. ``label`` names what is copied."""
    props: dict[str, Any] = {} if isinstance(label, str) and not label else {"label": label}
    return CopyButton.create(text=text, class_name=ICON_BUTTON, **props)


def copy_field(label: Text, text: Text, *, help: Text = "") -> rx.Component:
    """A value to be pasted elsewhere (an address, a token), with its button."""
    note = (
        rx.fragment()
        if isinstance(help, str) and not help
        else rx.el.p(help, class_name="text-xs text-muted")
    )
    return rx.el.div(
        rx.el.span(label, class_name="text-sm font-medium"),
        rx.el.div(
            rx.el.code(text, class_name="min-h-9 min-w-0 flex-1 truncate py-2 font-mono text-sm select-all"),
            copy_button(text, label=label),
            class_name="flex items-center gap-2 rounded-md border border-line bg-sunken ps-3 pe-1",
        ),
        note,
        class_name="flex min-w-0 flex-col gap-1.5",
    )
