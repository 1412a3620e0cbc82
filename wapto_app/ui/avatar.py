"""Avatars."""

from __future__ import annotations

import reflex as rx

from wapto_app.ui.browser import source
from wapto_app.ui.i18n import Text
from wapto_app.ui.tokens import Classes


class Avatar(rx.Component):
    """See ``controls.jsx``."""

    library = source("controls.jsx")
    tag = "Avatar"

    name: rx.Var[str]
    image: rx.Var[str]
    size: rx.Var[int]


def avatar(
    name: Text, *, image: str | rx.Var[str] = "", size: int = 32, class_name: Classes = ""
) -> rx.Component:
    """Initials on a colour that stays with the name; a figure when there is none. ``size`` in px. Decoration only: put
    the name beside it."""
    return Avatar.create(name=name, image=image, size=size, class_name=class_name)
