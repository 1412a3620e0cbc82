"""Only Meta can have sent a webhook that passes."""

from __future__ import annotations

import json

import pytest

from integrations.whatsapp.webhooks import sign, verify_signature

BODY = b'{"object":"whatsapp_business_account","entry":[]}'
HEADER = "sha256=99c9e583df383a49a6a002e426eed3bcf111d832dc72b4b256ae2f00fe909922"
SECRET = "test_secret"


def test_the_reference_signature_is_accepted() -> None:
    assert verify_signature(BODY, HEADER, [SECRET])
    assert sign(BODY, SECRET) == HEADER


@pytest.mark.parametrize("position", [0, 10, len(BODY) - 1])
def test_one_changed_byte_is_refused(position: int) -> None:
    changed = bytearray(BODY)
    changed[position] ^= 1
    assert not verify_signature(bytes(changed), HEADER, [SECRET])


def test_a_body_that_was_written_again_is_refused() -> None:
    assert not verify_signature(json.dumps(json.loads(BODY)).encode(), HEADER, [SECRET])


def test_metas_escapes_are_signed_as_they_are() -> None:
    raw = b'{"text":"\\u00e9\\/"}'
    header = sign(raw, SECRET)
    assert verify_signature(raw, header, [SECRET])
    assert not verify_signature('{"text":"é/"}'.encode(), header, [SECRET])


def test_old_and_new_secret_both_pass_while_rotating() -> None:
    assert verify_signature(BODY, HEADER, ["new", SECRET])
    assert verify_signature(BODY, HEADER, iter([SECRET, "new"]))
    assert not verify_signature(BODY, HEADER, ["new", "other"])


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "sha256=",
        "sha256=é",
        HEADER[7:],
        HEADER.replace("sha256", "sha1"),
        HEADER[:-1],
        HEADER + "0",
    ],
)
def test_a_missing_or_broken_header_is_refused(header: str | None) -> None:
    assert not verify_signature(BODY, header, [SECRET])


def test_without_a_secret_nothing_passes() -> None:
    assert not verify_signature(BODY, sign(BODY, ""), [""])
    assert not verify_signature(BODY, HEADER, [])
