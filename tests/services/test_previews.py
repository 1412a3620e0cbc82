"""One line that stands for a message."""

from __future__ import annotations

import pytest

from wapto_app.services.previews import PREVIEW_MAX, preview_of


@pytest.mark.parametrize(
    ("kind", "body", "content", "shown"),
    [
        ("text", " one \n\n two\t three ", {"kind": "text"}, "one two three"),
        ("text", "", {"kind": "text"}, "Message"),
        ("image", "", {"kind": "media"}, "📷 Photo"),
        ("image", "the view", {"kind": "media"}, "📷 Photo · the view"),
        ("audio", "", {"kind": "media", "voice": True}, "🎤 Voice message"),
        ("audio", "", {"kind": "media", "voice": False}, "🎵 Audio"),
        ("location", "", {"kind": "location"}, "📍 Location"),
        ("location", "Pier 4", {"kind": "location"}, "📍 Pier 4"),
        ("text", "gone", {"kind": "revoked"}, "This message was deleted"),
        ("unsupported", "", {"kind": "unsupported"}, "Unsupported message"),
        ("something_new", "", {}, "Message"),
        ("template", "", {"kind": "template"}, "Template"),
    ],
)
def test_the_text_itself_or_what_was_sent(
    kind: str, body: str, content: dict[str, object], shown: str
) -> None:
    assert preview_of(kind, body, content) == shown


def test_a_preview_fits_its_column() -> None:
    assert len(preview_of("image", "x" * 5000, {"kind": "media"})) == PREVIEW_MAX


def test_a_preview_has_no_formatting_marks_but_keeps_what_only_looks_like_them() -> None:
    assert preview_of("text", "Is it *still* _free_, ~maybe~ `A-12`?", {}) == "Is it still free, maybe A-12?"
    assert preview_of("text", "*_both_*", {}) == "both"
    assert preview_of("text", "2 * 3 * 4 and snake_case_name", {}) == "2 * 3 * 4 and snake_case_name"
