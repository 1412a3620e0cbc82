"""Whatever accent an admin chooses, text stays readable in light and dark."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wapto_app import bundle
from wapto_app.services import colours
from wapto_app.services.branding import ACCENTS, clean_accent
from wapto_app.services.errors import Invalid
from wapto_app.services.tags import COLOURS
from wapto_app.ui.tokens import STYLESHEETS

_part = st.integers(0, 255)


def test_contrast_is_that_of_the_standard() -> None:
    assert colours.contrast(colours.WHITE, colours.BLACK) == pytest.approx(21)
    assert colours.contrast((118, 118, 118), colours.WHITE) == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize(
    ("text", "meant"), [("#12794a", (18, 121, 74)), ("FFF", (255, 255, 255)), (" #abc ", (170, 187, 204))]
)
def test_colours_are_read_in_all_their_forms(text: str, meant: colours.Colour) -> None:
    assert colours.parse(text) == meant


@pytest.mark.parametrize("text", ["", "#12", "red", "#12794g", "#12794a;}", "url(x)"])
def test_what_is_no_colour_is_none(text: str) -> None:
    assert colours.parse(text) is None
    with pytest.raises(Invalid, match="#rrggbb"):
        clean_accent(text)


def test_the_colours_of_the_list_pass_the_check() -> None:
    assert [clean_accent(colour) for colour, _name in ACCENTS] == [colour for colour, _name in ACCENTS]


def test_a_light_colour_is_refused_with_a_darker_one_that_passes() -> None:
    with pytest.raises(Invalid) as refused:
        clean_accent("#ffd54a")
    assert "hard to read (1.4 to 1, not 4.5)" in refused.value.message
    better = refused.value.message.partition("Try ")[2].rstrip(".")
    assert clean_accent(better) == better


@given(st.tuples(_part, _part, _part))
def test_shades_are_readable_on_their_grounds(colour: colours.Colour) -> None:
    if colours.contrast(colour, colours.WHITE) < colours.READABLE:
        return
    for shades, surface in zip(colours.shades(colour), ((255, 255, 255), (20, 24, 23)), strict=True):
        accent, soft, ink, hover = (
            colours.parse(shades[name]) for name in ("accent", "accent-soft", "accent-ink", "accent-hover")
        )
        assert accent is not None
        assert soft is not None
        assert ink is not None
        assert hover is not None
        assert colours.contrast(accent, colours.WHITE) >= colours.READABLE - 0.02
        assert colours.contrast(hover, colours.WHITE) >= colours.READABLE - 0.02
        assert colours.contrast(ink, soft) >= colours.READABLE - 0.02
        assert colours.contrast(accent, surface) >= colours.VISIBLE - 0.02


def test_every_tag_can_be_read_in_light_and_dark() -> None:
    """WCAG AA: the ink on its own ground; the dot, which is drawn in the ink, on the ground of menus and tables."""
    sheet = (bundle.ROOT / "assets" / STYLESHEETS[0]).read_text()
    light, dark = sheet.split("  .dark {", 1)
    for theme in (light, dark):
        named = dict(re.findall(r"--color-([a-z-]+): (#[0-9a-f]{6});", theme))
        value = {name: colours.parse(each) or colours.BLACK for name, each in named.items()}
        assert {name.removeprefix("tag-") for name in named if name.startswith("tag-")} >= set(COLOURS)
        for colour in COLOURS:
            ground, ink = value[f"tag-{colour}"], value[f"tag-{colour}-ink"]
            assert colours.contrast(ink, ground) >= colours.READABLE, colour
            for surface in ("surface", "raised", "hover"):
                assert colours.contrast(ink, value[surface]) >= colours.VISIBLE, (colour, surface)
