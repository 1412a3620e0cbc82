"""Leaving the app for a page of somebody else's, such as where one pays."""

from __future__ import annotations

import reflex as rx

from wapto_app.ui.browser import source


class Leave(rx.Component):
    """Goes to the address ``to``, once for each ``mark``."""

    library = source("leave.jsx")
    tag = "Leave"

    to: rx.Var[str]
    mark: rx.Var[str]


def leave(to: rx.Var[str], mark: rx.Var[str]) -> rx.Component:
    """Part of a page whose state may send the browser away: with an address, and a mark that is new each time."""
    return Leave.create(to=to, mark=mark)
