"""Names that many components share. The values live in ``assets/wapto.css``; utilities read them (``bg-surface``)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import reflex as rx

STYLESHEETS = ["wapto.css"]
"""For ``rx.App(stylesheets=…)``."""

Size = Literal["sm", "md", "lg"]
Tone = Literal["neutral", "accent", "info", "warning", "danger"]
Classes = str | rx.Var[str]

SOFT_TONES: dict[Tone, str] = {
    "neutral": "bg-line text-muted",
    "accent": "bg-accent-soft text-accent-ink",
    "info": "bg-info-soft text-info-ink",
    "warning": "bg-warning-soft text-warning-ink",
    "danger": "bg-danger-soft text-danger-ink",
}
"""A tinted ground and the ink that is readable on it."""

_VIEWPORT = "width=device-width, initial-scale=1, viewport-fit=cover, interactive-widget=resizes-content"

ICON_BUTTON = "grid size-8 flex-none place-items-center rounded-md text-muted hover:bg-hover hover:text-ink"
"""A square button of which only the icon is seen."""


def classes(*parts: Classes | None) -> str | rx.Var[str]:
    """Join class names; a var among them makes the result one."""
    known: Sequence[Classes] = [
        part for part in parts if part is not None and not (isinstance(part, str) and not part)
    ]
    if all(isinstance(part, str) for part in known):
        return " ".join(str(part) for part in known)
    return rx.Var.create(list(known)).to(list[str]).join(" ")


def head() -> list[rx.Component]:
    """For ``rx.App(head_components=…)``: the icon, and what must be known before the first paint."""
    return [
        rx.el.link(rel="icon", href="/brand/logo"),
        rx.el.link(rel="stylesheet", href="/brand.css"),
        # The keyboard of a phone makes the page smaller instead of covering the composer.
        rx.el.meta(name="viewport", content=_VIEWPORT),
        rx.el.meta(name="color-scheme", content="light dark"),
        # In the page itself: fetched, it would wait in line behind the page's libraries, and the first paint with it.
        rx.el.script(Path(__file__).with_name("boot.js").read_text()),
        # No page waits for it: where the name stands it is put as soon as it is known.
        rx.el.script(src="/brand.js", custom_attrs={"async": True}),
    ]
