"""From a stored message to the JSON that Meta takes."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.whatsapp.errors import InvalidMessage
from wapto_app.services.outbox.payloads import build

TO = "+16505551234"


def test_a_text_goes_to_a_number_with_our_note() -> None:
    payload = build(
        "text", "Hi", {"kind": "text"}, recipient=TO, reply_to="wamid.1", callback_data="m1.1.00000000"
    )
    assert payload["to"] == TO
    assert payload["text"] == {"body": "Hi", "preview_url": False}
    assert payload["context"] == {"message_id": "wamid.1"}
    assert payload["biz_opaque_callback_data"] == "m1.1.00000000"


def test_a_person_without_number_is_addressed_by_user_id() -> None:
    payload = build("text", "Hi", {}, recipient="US.1349")
    assert payload["recipient"] == "US.1349"
    assert "to" not in payload


def test_links_ask_for_a_preview() -> None:
    assert build("text", "see https://a.b", {}, recipient=TO)["text"]["preview_url"] is True


@pytest.mark.parametrize(
    ("kind", "content", "body", "expected"),
    [
        ("image", {}, "cap", {"id": "M1", "caption": "cap"}),
        ("video", {}, "", {"id": "M1"}),
        ("audio", {"voice": True}, "ignored", {"id": "M1", "voice": True}),
        ("document", {}, "cap", {"id": "M1", "caption": "cap", "filename": "a.pdf"}),
        ("sticker", {}, "ignored", {"id": "M1"}),
    ],
)
def test_files_go_by_their_id(
    kind: str, content: dict[str, Any], body: str, expected: dict[str, Any]
) -> None:
    assert build(kind, body, content, recipient=TO, media="M1", filename="a.pdf")[kind] == expected


def test_a_place_has_its_degrees() -> None:
    payload = build("location", "", {"latitude": 1.5, "longitude": -2.25, "name": "Pier"}, recipient=TO)
    assert payload["location"] == {"latitude": "1.5", "longitude": "-2.25", "name": "Pier"}


def test_a_reaction_is_taken_back_with_nothing() -> None:
    assert (
        build("reaction", "", {"message_id": "wamid.1", "emoji": ""}, recipient=TO)["reaction"]["emoji"] == ""
    )


@pytest.mark.parametrize("kind", ["interactive", "contacts", "template"])
def test_ready_made_objects_pass_as_they_are(kind: str) -> None:
    assert build(kind, "", {kind: {"any": "thing"}}, recipient=TO)[kind] == {"any": "thing"}


@pytest.mark.parametrize(
    ("kind", "body", "more"),
    [
        ("text", "   ", {"recipient": TO}),
        ("text", "x" * 4097, {"recipient": TO}),
        ("text", "Hi", {"recipient": ""}),
        ("text", "Hi", {"recipient": "+12"}),
        ("text", "Hi", {"recipient": "not a user id"}),
        ("image", "", {"recipient": TO}),
        ("image", "x" * 1025, {"recipient": TO, "media": "M1"}),
        ("hologram", "", {"recipient": TO}),
    ],
)
def test_what_meta_would_refuse_is_refused_here(kind: str, body: str, more: dict[str, str]) -> None:
    with pytest.raises(InvalidMessage):
        build(kind, body, {}, **more)  # type: ignore[arg-type]
