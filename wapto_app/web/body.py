"""Reading request bodies with an upper bound."""

from __future__ import annotations

from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive


class TooLarge(Exception):
    """The body is larger than allowed; reading stopped there."""


def check_announced(request: Request, limit: int) -> None:
    """Raises TooLarge for a length that is too large, or none that a number could be read from."""
    _check(request.headers.get("content-length", "0"), limit)


def _check(announced: str, limit: int) -> None:
    is_number = announced.isascii() and announced.isdecimal() and len(announced) < 16
    if not is_number or int(announced) > limit:
        raise TooLarge


async def read_body(request: Request, limit: int) -> bytes:
    """The whole body.

    Raises:
        TooLarge: by its announced or by its real length.
        ClientDisconnect: it did not come whole.
    """
    return await receive_body(request.headers.get("content-length", "0"), request.receive, limit)


async def receive_body(announced: str, receive: Receive, limit: int) -> bytes:
    """``read_body`` for who has no request object; ``announced`` is the length that was announced."""
    _check(announced, limit)
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        if len(body) > limit:
            raise TooLarge
        more = message.get("more_body", False)
    return bytes(body)
