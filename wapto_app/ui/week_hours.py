"""The times of a week, and holidays."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wapto_app.ui.browser import source


class WeekHours(rx.Component):
    """``week``: for Monday to Sunday rows of ``{"start", "end"}``; ``holidays``: rows of ``{"day", "name"}``.

    The form receives JSON of both under ``name``. ``errors`` are those of the form; the fields are ``day.0`` to
    ``day.6`` and ``holidays``. See ``week_hours.jsx``.
    """

    library = source("week_hours.jsx")
    tag = "WeekHours"
    _is_form_control = True

    name: rx.Var[str]
    week: rx.Var[list[list[dict[str, Any]]]]
    holidays: rx.Var[list[dict[str, Any]]]
    errors: rx.Var[dict[str, str]]
    disabled: rx.Var[bool]
