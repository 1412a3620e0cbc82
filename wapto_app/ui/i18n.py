"""Text in the reader's language.

The English text is the key; the browser looks it up, so that switching costs no round trip.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import reflex as rx
from reflex.vars import VarData

from wapto_app import locales
from wapto_app.ui.browser import imported, in_browser, source

Text = str | rx.Var[str]
"""What a component accepts where the reader sees words: what ``t()`` gives, a var, or a name as it is."""

LANGUAGES = {"en": "English", "es": "Español"}
"""Codes and names, in their own language, of what the product ships."""


def t(text: str, **values: Any) -> rx.Var[str]:
    """The text in the reader's language, with ``{name}`` filled from the values. Numbers are grouped.

    The first argument must be a literal: ``python -m wapto_app.ui.messages`` gathers them.
    """
    args = rx.Var.create(values)
    call = f"tr({json.dumps(text)}, {args!s})" if values else f"tr({json.dumps(text)})"
    data = VarData.merge(imported("i18n.jsx", "tr"), args._get_all_var_data())
    return rx.Var(call, _var_type=str, _var_data=data).guess_type()


def tn(one: str, many: str, n: int | rx.Var[int], **values: Any) -> rx.Var[str]:
    """``one`` or ``many``, whichever the number ``n`` asks for in the reader's language; ``{n}`` is filled with it."""
    count, args = rx.Var.create(n), rx.Var.create(values)
    data = VarData.merge(imported("i18n.jsx", "trn"), count._get_all_var_data(), args._get_all_var_data())
    call = f"trn({json.dumps(one)}, {json.dumps(many)}, {count!s}, {args!s})"
    return rx.Var(call, _var_type=str, _var_data=data).guess_type()


def from_server(text: rx.Var[str]) -> rx.Var[str]:
    """A finished English sentence out of a state var (an error, a notice) in the reader's language."""
    data = VarData.merge(imported("i18n.jsx", "trServer"), text._get_all_var_data())
    return rx.Var(f"trServer({text!s})", _var_type=str, _var_data=data).guess_type()


def set_locale(code: str | rx.Var[str]) -> rx.event.EventSpec:
    """Switch the language of this browser. Use it on the pages before sign-in; after it, the account's choice rules."""
    return in_browser("i18n.jsx", "setLocale", code)


class LocaleRoot(rx.Component):
    """Around the whole app: draws it anew when the language changes."""

    library = source("i18n.jsx")
    tag = "LocaleRoot"


class LocaleSync(rx.Component):
    """Loads the catalog of the account's language, else of the browser's."""

    library = source("i18n.jsx")
    tag = "LocaleSync"

    catalogs: rx.Var[dict[str, str]]
    account: rx.Var[str]

    @staticmethod
    def _get_app_wrap_components() -> dict[tuple[int, str], rx.Component]:
        # Below the providers of state and events (their numbers are larger), so that these live on.
        return {(1, "LocaleRoot"): LocaleRoot.create()}


def locale_sync(account: rx.Var[str] | None = None) -> rx.Component:
    """Part of every page. ``account`` is the language of who is signed in; leave it out before the sign-in."""
    props = {} if account is None else {"account": account}
    return LocaleSync.create(catalogs=locales.urls(), **props)


def catalog_path(code: str) -> Path:
    return Path(locales.__file__).with_name(f"{code}.json")
