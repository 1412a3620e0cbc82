"""Parts of a page that come when the rest stands."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wapto_app.ui.browser import source


def later(part: Any, **props: Any) -> rx.Component:
    """Show an ``@rx.memo(wrapper=None)`` that the browser fetches by itself after the page has been painted.

    Until then nothing is there, so it suits what opens on demand (a dialog, a panel, a picker) and what stands in a
    place of fixed size. The part must live in a module of its own which the page imports for nothing else: what is
    imported in the ordinary way as well comes with the page, and nothing is gained.
    """
    component = part(**props)
    kind = type(
        f"Later{component.tag}",
        (rx.NoSSRComponent,),
        {"library": str(component.library), "tag": str(component.tag), "__module__": __name__},
    )
    shown: rx.Component = kind.create()
    return shown


class Once(rx.Component):
    """See ``lazy.jsx``."""

    library = source("lazy.jsx")
    tag = "Once"

    wanted: rx.Var[bool]


def on_demand(wanted: Any, part: Any, **props: Any) -> rx.Component:
    """The same, fetched only when ``wanted`` becomes true for the first time: for what most visits never open."""
    return Once.create(later(part, **props), wanted=wanted)
