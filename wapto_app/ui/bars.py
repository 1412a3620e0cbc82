"""Small bar charts, drawn with boxes: no chart library is loaded for them."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wapto_app.ui.browser import source
from wapto_app.ui.i18n import Text
from wapto_app.ui.tokens import Classes


class Bars(rx.Component):
    """See ``bars.jsx``."""

    library = source("bars.jsx")
    tag = "Bars"

    rows: rx.Var[list[dict[str, Any]]]
    series: rx.Var[list[dict[str, Any]]]
    label: rx.Var[str]


def bar_chart(
    rows: rx.Var[Any], *series: tuple[str, Text, str], label: Text, class_name: Classes = ""
) -> rx.Component:
    """Groups of bars, one for each row; its ``label`` is an ISO date, an ISO moment or a word.

    A series is the row's key, its name and its colour (``bg-accent``).
    """
    drawn = [{"key": key, "label": name, "look": look} for key, name, look in series]
    return Bars.create(rows=rows, series=drawn, label=label, class_name=class_name)
