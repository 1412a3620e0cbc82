"""Menus and popovers on the native popover: top layer, Escape and light dismiss come from the browser."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wapto_app.ui.browser import source
from wapto_app.ui.i18n import Text
from wapto_app.ui.keys import kbd
from wapto_app.ui.link import RouteLink
from wapto_app.ui.tokens import Classes, classes

_ITEM = (
    "flex min-h-8 w-full items-center gap-2.5 rounded-md px-2 py-1 text-start text-sm outline-none select-none "
    "hover:bg-hover focus:bg-hover aria-disabled:cursor-not-allowed aria-disabled:opacity-55 "
    "pointer-coarse:min-h-11"
)


class Popup(rx.Component):
    """See ``menu.jsx``."""

    library = source("menu.jsx")
    tag = "Popup"

    kind: rx.Var[str]
    label: rx.Var[str]
    side: rx.Var[str]
    align: rx.Var[str]
    context: rx.Var[bool]
    trigger: rx.Component
    on_open_change: rx.EventHandler[rx.event.passthrough_event_spec(bool)]


def menu(
    trigger: rx.Component,
    *items: rx.Component,
    label: Text,
    align: str = "start",
    side: str = "bottom",
    class_name: Classes = "",
    **props: Any,
) -> rx.Component:
    """A list of commands under its button. ``align``: start or end; ``side``: bottom, top or end."""
    return Popup.create(
        *items,
        trigger=trigger,
        kind="menu",
        label=label,
        align=align,
        side=side,
        class_name=class_name,
        **props,
    )


def context_menu(target: rx.Component, *items: rx.Component, label: Text) -> rx.Component:
    """The same list at the pointer on a right click or a long press. Offer its commands in plain sight too."""
    return Popup.create(*items, trigger=target, kind="menu", label=label, context=True)


def popover(
    trigger: rx.Component,
    *body: rx.Component,
    label: Text,
    align: str = "start",
    side: str = "bottom",
    class_name: Classes = "",
    **props: Any,
) -> rx.Component:
    """Any content under its button. An element with ``data_close=True`` closes it when pressed."""
    look = classes("p-3", class_name)
    return Popup.create(
        *body, trigger=trigger, kind="dialog", label=label, align=align, side=side, class_name=look, **props
    )


def menu_item(
    text: Text,
    *,
    icon: str = "",
    href: str | rx.Var[str] = "",
    on_click: Any = None,
    danger: bool = False,
    disabled: bool | rx.Var[bool] = False,
    checked: bool | rx.Var[bool] | None = None,
    shortcut: str = "",
    **props: Any,
) -> rx.Component:
    """One command. ``checked`` makes it a choice with a tick; ``href`` makes it a link to a page of ours."""
    tone = "text-danger-ink" if danger else ""
    look = classes(_ITEM, tone, props.pop("class_name", ""))
    parts = [
        _tick(checked) if checked is not None else rx.fragment(),
        rx.icon(icon, size=16, class_name="flex-none" if danger else "flex-none text-muted")
        if icon
        else rx.fragment(),
        rx.el.span(text, class_name="flex-1 truncate"),
        rx.el.span(kbd(shortcut), class_name="pointer-coarse:hidden") if shortcut else rx.fragment(),
    ]
    props = {"role": "menuitem", "tab_index": -1, "class_name": look, **props}
    if checked is not None:
        props |= {"role": "menuitemradio", "aria_checked": checked}
    if isinstance(href, rx.Var) or href:
        return RouteLink.create(*parts, to=href, **props)
    if disabled is not False:
        props |= {"aria_disabled": disabled, "disabled": disabled}
    return rx.el.button(*parts, type=props.pop("type", "button"), on_click=on_click, **props)


def _tick(checked: bool | rx.Var[bool]) -> rx.Component:
    mark = rx.icon("check", size=16, class_name="text-accent-ink")
    return rx.el.span(rx.cond(checked, mark, rx.fragment()), class_name="w-4 flex-none")


def menu_label(text: Text) -> rx.Component:
    return rx.el.div(text, role="presentation", class_name="px-2 pt-2 pb-1 text-xs text-muted")


def menu_separator() -> rx.Component:
    return rx.el.hr(role="separator", class_name="-mx-1 my-1 border-line")
