"""Whose address counts."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from wapto_app.web.client import address_of, is_https


def request(peer: str, headers: list[tuple[str, str]] | None = None, scheme: str = "http") -> Request:
    raw = [(name.encode(), value.encode()) for name, value in headers or []]
    return Request({"type": "http", "client": (peer, 1), "headers": raw, "scheme": scheme, "path": "/"})


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("192.0.2.1", [], "192.0.2.1"),
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", ["192.0.2.1"], "192.0.2.1"),
        ("::1", ["2001:db8::1"], "2001:db8::1"),
        ("127.0.0.1", ["203.0.113.9, 192.0.2.1"], "192.0.2.1"),
        ("127.0.0.1", ["203.0.113.9", "192.0.2.1"], "192.0.2.1"),
        ("198.51.100.1", ["192.0.2.1"], "198.51.100.1"),
        ("127.0.0.1", ["<script>"], "127.0.0.1"),
        ("127.0.0.1", [""], "127.0.0.1"),
        ("", [], ""),
    ],
)
def test_forwarded_address_is_believed_only_from_a_proxy_on_this_machine(
    peer: str, forwarded: list[str], address: str
) -> None:
    assert address_of(request(peer, [("x-forwarded-for", value) for value in forwarded])) == address


def test_https_ends_here_or_at_a_proxy_on_this_machine() -> None:
    header = [("x-forwarded-proto", "https")]
    assert is_https(request("192.0.2.1", scheme="https"))
    assert is_https(request("127.0.0.1", header))
    assert not is_https(request("192.0.2.1", header))
    assert not is_https(request("127.0.0.1"))
