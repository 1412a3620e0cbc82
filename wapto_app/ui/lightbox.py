"""Pictures of a conversation, large."""

from __future__ import annotations

import reflex as rx

from wapto_app.ui.browser import in_browser, source


class Lightbox(rx.Component):
    """Stands on a page once and shows nothing until a picture is opened; see ``lightbox.jsx``."""

    library = source("lightbox.jsx")
    tag = "Lightbox"


lightbox = Lightbox.create


def open_lightbox(key: str | rx.Var[str]) -> rx.event.EventSpec:
    """``on_click=open_lightbox(file["key"])``: the picture, with those before and after it in its conversation."""
    return in_browser("lightbox.jsx", "openLightbox", key)
