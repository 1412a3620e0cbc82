"""Buttons."""

from __future__ import annotations

from typing import Any, Literal

import reflex as rx

from wapto_app.ui.i18n import Text
from wapto_app.ui.link import RouteLink
from wapto_app.ui.tokens import ICON_BUTTON, Classes, Size, classes

Variant = Literal["primary", "secondary", "ghost", "danger"]

_BASE = (
    "inline-flex flex-none items-center justify-center gap-2 rounded-md font-medium whitespace-nowrap select-none "
    "transition-colors duration-100 disabled:cursor-not-allowed disabled:opacity-55 aria-busy:cursor-progress"
)
_SIZES: dict[Size, str] = {"sm": "h-8 px-3 text-sm", "md": "h-9 px-3.5 text-sm", "lg": "h-11 px-5 text-base"}
_VARIANTS: dict[Variant, str] = {
    "primary": "bg-accent text-on-accent enabled:hover:bg-accent-hover",
    "secondary": "border border-line bg-surface text-ink shadow-card enabled:hover:bg-hover",
    "ghost": "text-muted enabled:hover:bg-hover enabled:hover:text-ink",
    "danger": "bg-danger text-white enabled:hover:bg-danger-hover",
}
_LINK_VARIANTS: dict[Variant, str] = {name: text.replace("enabled:", "") for name, text in _VARIANTS.items()}


def _look(variants: dict[Variant, str], variant: Variant, size: Size, extra: Classes) -> str | rx.Var[str]:
    return classes(_BASE, _SIZES[size], variants[variant], extra)


def spinner(size: int = 16) -> rx.Component:
    """Only inside a button that was pressed; a part of the page that loads shows a skeleton instead."""
    return rx.icon("loader-circle", size=size, class_name="animate-spin", aria_hidden=True)


def _leading(icon: str, loading: bool | rx.Var[bool]) -> rx.Component:
    still = rx.icon(icon, size=16, aria_hidden=True) if icon else rx.fragment()
    if loading is False:
        return still
    return rx.cond(loading, spinner(), still)


def button(
    *children: Text | rx.Component,
    variant: Variant = "secondary",
    size: Size = "md",
    icon: str = "",
    loading: bool | rx.Var[bool] = False,
    disabled: bool | rx.Var[bool] = False,
    class_name: Classes = "",
    **props: Any,
) -> rx.Component:
    """A button with words. ``loading`` shows a spinner and keeps it from being pressed twice."""
    props.setdefault("type", "button")
    if loading is not False:
        props["aria_busy"] = loading
        disabled = rx.Var.create(loading).to(bool) | rx.Var.create(disabled).to(bool)
    if disabled is not False:
        props["disabled"] = disabled
    return rx.el.button(
        _leading(icon, loading),
        *children,
        class_name=_look(_VARIANTS, variant, size, class_name),
        **props,
    )


def button_link(
    text: Text,
    href: str | rx.Var[str],
    *,
    variant: Variant = "secondary",
    size: Size = "md",
    icon: str = "",
    class_name: Classes = "",
    **props: Any,
) -> rx.Component:
    """A link to a page of ours that looks like a button."""
    return RouteLink.create(
        _leading(icon, False),
        text,
        to=href,
        class_name=_look(_LINK_VARIANTS, variant, size, class_name),
        **props,
    )


def icon_button(
    icon: str,
    label: Text,
    *,
    size: int = 18,
    class_name: Classes = "",
    disabled: bool | rx.Var[bool] = False,
    **props: Any,
) -> rx.Component:
    """A button of which only an icon is seen. The label is its name and its tooltip."""
    props.setdefault("type", "button")
    if disabled is not False:
        props["disabled"] = disabled
    return rx.el.button(
        rx.icon(icon, size=size, aria_hidden=True),
        aria_label=label,
        data_tip=label,
        class_name=classes(ICON_BUTTON, "disabled:cursor-not-allowed disabled:opacity-55", class_name),
        **props,
    )
