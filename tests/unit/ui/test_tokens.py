"""The colours are readable: WCAG 2.2 AA, light and dark, on every ground that they stand on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

CSS = (Path(__file__).parents[3] / "assets" / "wapto.css").read_text()
_TOKEN = re.compile(r"--color-([\w-]+):\s*(#[0-9a-f]{6});")
GROUNDS = ("canvas", "surface", "raised", "hover")
TEXT, MARK = 4.5, 3.0


def _palette(block: str) -> dict[str, str]:
    start = CSS.index(block)
    return dict(_TOKEN.findall(CSS[start : CSS.index("\n}", start)]))


LIGHT = _palette("@theme {")
PALETTES = {"light": LIGHT, "dark": LIGHT | _palette("  .dark {")}


def _luminance(color: str) -> float:
    channels = (int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _pairs() -> list[tuple[str, str, float]]:
    inks = ("ink", "muted", "faint", "accent-ink", "danger-ink", "warning-ink", "info-ink")
    pairs = [(ink, ground, TEXT) for ink in inks for ground in GROUNDS]
    pairs += [(f"{tone}-ink", f"{tone}-soft", TEXT) for tone in ("accent", "danger", "warning", "info")]
    pairs += [("on-accent", ground, TEXT) for ground in ("accent", "accent-hover", "danger", "danger-hover")]
    pairs += [
        ("muted", ground, TEXT) for ground in ("line", "sunken", "accent-soft", "bubble-in", "bubble-out")
    ]
    pairs += [
        (text, ground, TEXT) for text in ("ink", "accent-ink") for ground in ("bubble-in", "bubble-out")
    ]
    pairs += [("tick-read", "bubble-out", MARK), ("canvas", "ink", TEXT)]
    return pairs + [("line-strong", ground, MARK) for ground in GROUNDS]


@pytest.mark.parametrize("theme", PALETTES)
@pytest.mark.parametrize(("ink", "ground", "least"), _pairs())
def test_text_and_marks_stand_out_from_their_ground(theme: str, ink: str, ground: str, least: float) -> None:
    palette = PALETTES[theme]
    assert _contrast(palette[ink], palette[ground]) >= least


def test_the_dark_theme_says_every_colour_that_differs() -> None:
    same = {name for name in LIGHT if PALETTES["dark"][name] == LIGHT[name]}
    assert same == {"on-accent"}
