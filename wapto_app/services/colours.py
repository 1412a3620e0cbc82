"""Arithmetic of colours: contrast as in WCAG 2.2, and the shades that one accent colour needs."""

from __future__ import annotations

import re

Colour = tuple[int, int, int]
"""Red, green and blue from 0 to 255."""

WHITE: Colour = (255, 255, 255)
BLACK: Colour = (0, 0, 0)
READABLE = 4.5
"""WCAG 2.2, 1.4.3: the contrast of text with its ground."""
VISIBLE = 3.0
"""WCAG 2.2, 1.4.11: the contrast of a control with what is beside it."""
# The grounds of assets/wapto.css.
_DARK_SURFACE: Colour = (20, 24, 23)
_HEX = re.compile(r"#?([0-9a-f]{6}|[0-9a-f]{3})", re.I)


def parse(text: str) -> Colour | None:
    """``#rrggbb`` or ``#rgb``, with or without its mark; None for anything else."""
    found = _HEX.fullmatch(text.strip())
    if found is None:
        return None
    digits = found[1] if len(found[1]) == 6 else "".join(digit * 2 for digit in found[1])
    return int(digits[0:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)


def to_hex(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """``share`` of the other colour in the one, 0 to 1."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def contrast(one: Colour, other: Colour) -> float:
    """From 1 (the same) to 21 (black on white)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: Colour) -> float:
    def linear(part: int) -> float:
        share = part / 255
        return share / 12.92 if share <= 0.04045 else float(((share + 0.055) / 1.055) ** 2.4)

    red, green, blue = map(linear, colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def readable(colour: Colour, ground: Colour, *, darker: bool, least: float = READABLE) -> Colour:
    """The colour, made darker or lighter until it stands out from the ground."""
    goal = BLACK if darker else WHITE
    for step in range(101):
        tried = mix(colour, goal, step / 100)
        if contrast(tried, ground) >= least:
            return tried
    return goal


def shades(accent: Colour) -> tuple[dict[str, str], dict[str, str]]:
    """The accent's tokens of ``assets/wapto.css``, for the light and the dark theme."""
    soft = mix(WHITE, accent, 0.12)
    light = {
        "accent": accent,
        "accent-hover": mix(accent, BLACK, 0.18),
        "accent-soft": soft,
        "accent-ink": readable(mix(accent, BLACK, 0.15), soft, darker=True),
        "bubble-out": mix(WHITE, accent, 0.16),
    }
    on_dark = readable(accent, _DARK_SURFACE, darker=False, least=VISIBLE)
    dark_soft = mix(_DARK_SURFACE, on_dark, 0.25)
    dark = {
        "accent": on_dark,
        "accent-hover": mix(on_dark, BLACK, 0.18),
        "accent-soft": dark_soft,
        "accent-ink": readable(mix(on_dark, WHITE, 0.35), dark_soft, darker=False),
        "bubble-out": mix(_DARK_SURFACE, on_dark, 0.32),
    }
    return _as_hex(light), _as_hex(dark)


def _as_hex(named: dict[str, Colour]) -> dict[str, str]:
    return {name: to_hex(colour) for name, colour in named.items()}
