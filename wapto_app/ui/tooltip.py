"""Tooltips. Every element with ``data_tip`` has one; ``tooltip_host`` stands once on the page (the frame has it)."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wapto_app.ui.browser import source
from wapto_app.ui.i18n import Text


class TooltipHost(rx.Component):
    """The one tooltip that all elements share."""

    library = source("tips.jsx")
    tag = "TooltipHost"


def tooltip(child: rx.Component | Text, text: Text, **props: Any) -> rx.Component:
    """Explains a word or a figure to whoever points at it or reaches it by keyboard. Nothing needed may hide in it."""
    return rx.el.span(
        child, data_tip=text, tab_index=0, class_name=props.pop("class_name", "rounded"), **props
    )


def tooltip_host() -> rx.Component:
    return TooltipHost.create()
