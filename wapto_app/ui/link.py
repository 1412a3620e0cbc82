"""Links that change the page without loading it anew."""

from __future__ import annotations

from typing import Any

import reflex as rx
from reflex_components_core.el.elements.inline import A
from reflex_components_core.react_router.dom import ReactRouterLink

from wapto_app.ui.i18n import Text
from wapto_app.ui.tokens import classes

RouteLink = ReactRouterLink
"""The bare link to a page of ours, for components that look like something else; ``to`` is the address."""

INLINE = "font-medium text-accent-ink underline decoration-accent-ink/40 underline-offset-2 hover:decoration-current"


def link(
    text: Text | rx.Component, href: str | rx.Var[str], *, class_name: str = INLINE, **props: Any
) -> rx.Component:
    """A link to a page of ours."""
    return RouteLink.create(text, to=href, class_name=class_name, **props)


def outside_link(
    text: Text, href: str | rx.Var[str], *, class_name: str = INLINE, **props: Any
) -> rx.Component:
    """A link that leaves Wapto; it opens beside it and says so with an arrow."""
    return rx.el.a(
        text,
        rx.icon("arrow-up-right", size=14, class_name="inline-block align-[-2px] mirror", aria_hidden=True),
        href=href,
        target="_blank",
        rel="noopener noreferrer",
        class_name=classes(class_name),
        **props,
    )


def file_link(
    *children: rx.Component,
    href: str | rx.Var[str],
    class_name: str = "",
    beside: bool = False,
    **props: Any,
) -> rx.Component:
    """A link to a file of ours: saved, or with ``beside`` shown in a tab beside this one.

    ``rx.el.a`` would take its address for that of a page.
    """
    way: dict[str, Any] = {"target": "_blank", "rel": "noreferrer"} if beside else {"download": True}
    return A.create(*children, href=href, class_name=classes(class_name), **way, **props)


class NavLink(ReactRouterLink):
    """Marks itself ``aria-current="page"`` while its page or one below it is shown."""

    tag = "NavLink"
    alias = "ReactRouterNavLink"

    end: rx.Var[bool]
