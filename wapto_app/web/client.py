"""Who is at the other end, also through a reverse proxy on this machine."""

from __future__ import annotations

import ipaddress

from starlette.requests import Request


def address_of(request: Request) -> str:
    """The browser's network address; an empty text when the server does not tell.

    ``X-Forwarded-For`` can be written by anybody, so only its last entry counts, and only when a proxy on this
    machine passed it on.
    """
    peer = request.client.host if request.client else ""
    if not _is_this_machine(peer):
        return peer
    passed_on = ",".join(request.headers.getlist("x-forwarded-for")).rpartition(",")[2].strip()
    return passed_on if _is_address(passed_on) else peer


def is_https(request: Request) -> bool:
    """Whether the browser speaks TLS, to us or to a proxy on this machine."""
    if request.scope.get("scheme") == "https":
        return True
    peer = request.client.host if request.client else ""
    return _is_this_machine(peer) and request.headers.get("x-forwarded-proto", "") == "https"


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_this_machine(address: str) -> bool:
    return _is_address(address) and ipaddress.ip_address(address).is_loopback
