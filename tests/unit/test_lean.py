"""What Reflex brings along and the page does not need."""

from __future__ import annotations

from pathlib import Path

import pytest

from wapto_app.lean import with_alias

ROOT = Path(__file__).parents[2]


def test_emotion_is_replaced_once_however_often_the_page_is_built() -> None:
    config = "export default {\n  resolve: {\n    alias: [\n      { find: '$' },\n    ],\n  },\n};\n"
    once = with_alias(config)
    assert once.index("@emotion/react") < once.index("'$'")
    assert with_alias(once) == once


def test_an_unknown_bundler_is_said_aloud() -> None:
    with pytest.raises(ValueError, match="not the one we know"):
        with_alias("export default {};\n")


@pytest.mark.parametrize("selector", ["_hover", "_focus", "_dark", "&:", "@media"])
def test_no_style_needs_more_than_plain_properties(selector: str) -> None:
    """``style={"_hover": …}`` was Emotion's part; Tailwind's ``hover:`` does it."""
    files = [*(ROOT / "pages").rglob("*.py"), *(ROOT / "wapto_app" / "ui").rglob("*.py")]
    assert files
    assert [file.name for file in files if f'"{selector}' in file.read_text()] == []
