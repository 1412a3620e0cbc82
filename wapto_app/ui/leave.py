"""Leaving the app for a page of somebody else's, such as where one pays."""

from __future__ import annotations

import reflex as rx

from wapto_app.ui.browser import source


class Leave(rx.Component):
    """Goes there once ``to`` is an address; empties stay."""

    library = source("leave.jsx")
    tag = "Leave"

    to: rx.Var[str]


def leave(to: rx.Var[str]) -> rx.Component:
    """Part of a page whose state may send the browser away."""
    return Leave.create(to=to)
