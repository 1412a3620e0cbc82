"""Languages by their names."""

from __future__ import annotations

import reflex as rx

from wapto_app.ui.browser import source
from wapto_app.ui.tokens import Classes


class LanguageName(rx.Component):
    """The name of a language of which the code is known ("pt_BR"), in the language of the reader."""

    library = source("language.jsx")
    tag = "LanguageName"

    code: rx.Var[str]


def language_name(code: str | rx.Var[str], *, class_name: Classes = "") -> rx.Component:
    """See ``LanguageName``."""
    return LanguageName.create(code=code, class_name=class_name)
