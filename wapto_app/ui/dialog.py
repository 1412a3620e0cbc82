"""Dialogs and side panels on the native ``<dialog>``."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wapto_app.ui.browser import in_browser, source
from wapto_app.ui.button import button
from wapto_app.ui.i18n import Text, t

_WIDTHS = {"xs": "280px", "sm": "400px", "md": "480px", "lg": "640px", "xl": "880px"}


class Dialog(rx.Component):
    """See ``overlay.jsx``. Its content exists only while it is open."""

    library = source("overlay.jsx")
    tag = "Dialog"

    open: rx.Var[bool]
    title: rx.Var[str]
    label: rx.Var[str]
    description: rx.Var[str]
    kind: rx.Var[str]
    side: rx.Var[str]
    width: rx.Var[str]
    locked: rx.Var[bool]
    footer: rx.Component
    on_close: rx.EventHandler[rx.event.no_args_event_spec]


def open_dialog(id: str) -> rx.event.EventSpec:
    """``on_click=open_dialog("rename")``: opens it in the browser, without the server."""
    return in_browser("overlay.jsx", "openDialog", id)


def close_dialog(id: str) -> rx.event.EventSpec:
    return in_browser("overlay.jsx", "closeDialog", id)


def dialog(
    *body: rx.Component,
    title: Text,
    description: Text = "",
    id: str = "",
    open: rx.Var[bool] | None = None,
    on_close: Any = None,
    footer: rx.Component | None = None,
    width: str = "md",
    locked: bool | rx.Var[bool] = False,
) -> rx.Component:
    """A centred box; on a phone it rises from the bottom.

    Either the state rules it (``open`` and ``on_close``, which hears of Escape, the cross and the backdrop), or it
    has an ``id`` and is opened by ``open_dialog(id)``. ``width``: xs, sm, md, lg, xl. ``locked``: only its own
    buttons close it.
    """
    return _dialog("dialog", body, locals())


def drawer(
    *body: rx.Component,
    title: Text,
    description: Text = "",
    id: str = "",
    open: rx.Var[bool] | None = None,
    on_close: Any = None,
    footer: rx.Component | None = None,
    width: str = "sm",
    side: str = "end",
    locked: bool | rx.Var[bool] = False,
) -> rx.Component:
    """A panel at the ``end`` (or ``start``) of the line, over the page; opened like a dialog."""
    return _dialog("drawer", body, locals())


def _dialog(kind: str, body: tuple[rx.Component, ...], given: dict[str, Any]) -> rx.Component:
    props = {
        name: given[name]
        for name in ("title", "locked", "open", "on_close", "footer")
        if given[name] is not None
    }
    props |= {
        name: given[name] for name in ("id", "description", "side") if not _is_empty(given.get(name, ""))
    }
    return Dialog.create(*body, kind=kind, width=_WIDTHS[given["width"]], **props)


def _is_empty(value: Any) -> bool:
    return isinstance(value, str) and not value


def confirm_dialog(
    *,
    title: Text,
    text: Text,
    confirm: Text,
    on_confirm: Any,
    id: str = "",
    open: rx.Var[bool] | None = None,
    on_close: Any = None,
    loading: bool | rx.Var[bool] = False,
    danger: bool = True,
) -> rx.Component:
    """Asks before something that cannot be undone. Name the deed on the button ("Delete template"), never "OK"."""
    dismiss = close_dialog(id) if id else on_close
    return dialog(
        title=title,
        description=text,
        id=id,
        open=open,
        on_close=on_close,
        width="sm",
        footer=rx.fragment(
            button(t("Cancel"), on_click=dismiss, custom_attrs={"data-autofocus": "true"}),
            button(
                confirm,
                variant="danger" if danger else "primary",
                loading=loading,
                on_click=[on_confirm, close_dialog(id)] if id else on_confirm,
            ),
        ),
    )
