"""Colleagues in the same conversation."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wapto_app.ui.browser import source

_FILE = source("company.jsx")


def _here(conversation: rx.Var[int], writing: rx.Var[bool]) -> tuple[rx.Var[int], rx.Var[bool]]:
    return conversation, writing


class Beat(rx.Component):
    """``on_beat(conversation, writing)`` every few seconds while somebody looks at the conversation."""

    library = _FILE
    tag = "Beat"

    conversation: rx.Var[int]
    on_beat: rx.EventHandler[_here]


class CompanyLine(rx.Component):
    """Who else is there, in a line; nothing when nobody is."""

    library = _FILE
    tag = "CompanyLine"

    people: rx.Var[list[dict[str, Any]]]


beat = Beat.create
company_line = CompanyLine.create
