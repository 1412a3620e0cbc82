"""Webhook bodies are told apart, and lie in the order of the times that they name."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wapto_app.services.ingest import digest_of


@pytest.mark.parametrize(
    ("body", "seconds"),
    [
        (b'{"messages":[{"timestamp":"1750263773"}]}', 1_750_263_773),
        (b'{"statuses": [{"timestamp": "1750263773", "id": "x"}]}', 1_750_263_773),
        (b'{"entry":[{"time":1739321024,"changes":[{"timestamp":"1750263773"}]}]}', 1_739_321_024),
        (b'{"text":"\\"timestamp\\":\\"1750263773\\""}', 0),
        (b'{"timestamp":"1750263773000"}', 0),
        (b'{"timestamp":"9999999999"}', 0),
        (b'{"timestamp":"3999999999"}', 3_999_999_999),
        (b"", 0),
        (b"\xff\x00", 0),
    ],
)
def test_the_first_time_comes_first(body: bytes, seconds: int) -> None:
    assert digest_of(body) == seconds.to_bytes(4, "big") + hashlib.sha256(body).digest()[:28]


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_only_the_same_body_has_the_same_digest(one: bytes, other: bytes) -> None:
    assert (digest_of(one) == digest_of(other)) == (one == other)
    assert len(digest_of(one)) == 32
