"""The choices of something that is chosen from a list."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wapto_app.ui.browser import source


class OptionList(rx.Component):
    """Rows of ``{"was", "now", "contacts"}``; the form receives JSON of the first two. See ``option_list.jsx``."""

    library = source("option_list.jsx")
    tag = "OptionList"
    _is_form_control = True

    name: rx.Var[str]
    options: rx.Var[list[dict[str, Any]]]
    label: rx.Var[str]
    described_by: rx.Var[str]
