"""The install's own name and logo."""

from __future__ import annotations

import reflex as rx

from wapto_app.ui.browser import imported, source
from wapto_app.ui.tokens import Classes

LOGO = "/brand/logo"
"""Where the logo of the moment is served."""


class BrandName(rx.Component):
    """See ``brand.jsx``."""

    library = source("brand.jsx")
    tag = "BrandName"


def brand_name(class_name: Classes = "") -> rx.Component:
    """The name as words on the page."""
    return BrandName.create(class_name=class_name)


def brand_text() -> rx.Var[str]:
    """The name inside of what is drawn only in the browser (a dialog's title)."""
    return rx.Var("brandName()", _var_type=str, _var_data=imported("brand.jsx", "brandName")).guess_type()
