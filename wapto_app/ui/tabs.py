"""Tabs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import reflex as rx

from wapto_app.ui.browser import source
from wapto_app.ui.i18n import Text

_BAR = "scroll-thin flex gap-1 overflow-x-auto shadow-[inset_0_-1px_0_var(--color-line)]"


@dataclass(frozen=True)
class Tab:
    """One tab and what it shows; ``count`` is a number beside its name."""

    id: str
    label: Text
    panel: rx.Component
    count: int | rx.Var[int] = 0


class TabLink(rx.Component):
    """See ``shell.jsx``."""

    library = source("shell.jsx")
    tag = "TabLink"

    to: rx.Var[str]


class Tabs(rx.Component):
    """See ``controls.jsx``."""

    library = source("controls.jsx")
    tag = "Tabs"

    tabs: rx.Var[list[dict[str, Any]]]
    value: rx.Var[str]
    initial: rx.Var[str]
    label: rx.Var[str]
    on_change: rx.EventHandler[rx.event.passthrough_event_spec(str)]


def tabs(
    *items: Tab,
    label: Text,
    value: rx.Var[str] | None = None,
    on_change: Any = None,
    initial: str | rx.Var[str] = "",
) -> rx.Component:
    """Views of the same thing. Without ``value`` the browser alone knows which one is open."""
    rows = [{"id": tab.id, "label": tab.label, "count": tab.count} for tab in items]
    props: dict[str, Any] = {"initial": initial or items[0].id} if value is None else {"value": value}
    if on_change is not None:
        props["on_change"] = on_change
    return Tabs.create(*[tab.panel for tab in items], tabs=rows, label=label, **props)


def link_tabs(*items: tuple[Text, str], label: Text) -> rx.Component:
    """Tabs that are pages of their own."""
    look = (
        "flex h-10 flex-none items-center border-b-2 border-transparent px-3 text-sm font-medium text-muted "
        "-outline-offset-2 hover:text-ink aria-[current=page]:border-accent aria-[current=page]:text-ink"
    )
    links = [TabLink.create(text, to=href, class_name=look) for text, href in items]
    return rx.el.nav(*links, aria_label=label, class_name=_BAR)
