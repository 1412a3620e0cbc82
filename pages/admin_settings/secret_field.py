"""A field for a key that is stored already and never shown again."""

from __future__ import annotations

import reflex as rx

from wapto_app.ui.auth_form import answers
from wapto_app.ui.form import password_field
from wapto_app.ui.i18n import Text, t


def secret_field(form: str, name: str, label: Text, last_four: rx.Var[str], help: Text) -> rx.Component:
    """``last_four`` is all that is shown of the stored one; empty when there is none."""
    stored = t("One that ends with {end} is stored. Leave this empty to keep it.", end=last_four)
    return password_field(
        name,
        label,
        auto_complete="off",
        required=False,
        placeholder=rx.cond(last_four != "", "•••• " + last_four, ""),
        help=rx.cond(last_four != "", stored, help),
        class_name="font-mono",
        errors=answers(form).errors,
    )
