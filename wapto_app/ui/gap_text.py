"""A text with gaps such as ``{{first_name}}``."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wapto_app.ui.browser import source


class GapText(rx.Component):
    """A text area with a chip for each of ``variables`` (rows of ``{"name", "label"}``), and below how it reads.

    ``examples`` are what stands for what is known, by name; other variables are shown as gaps. See ``gap_text.jsx``.
    """

    library = source("gap_text.jsx")
    tag = "GapText"
    _is_form_control = True

    name: rx.Var[str]
    value: rx.Var[str]
    variables: rx.Var[list[dict[str, Any]]]
    examples: rx.Var[dict[str, str]]
    described_by: rx.Var[str]
    most: rx.Var[int]
    disabled: rx.Var[bool]
