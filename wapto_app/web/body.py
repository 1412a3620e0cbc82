"""Reading request bodies with an upper bound."""

from __future__ import annotations

from starlette.requests import Request


class TooLarge(Exception):
    """The body is larger than allowed; reading stopped there."""


def check_announced(request: Request, limit: int) -> None:
    """Raises TooLarge for a length that is too large, or none that a number could be read from."""
    announced = request.headers.get("content-length", "0")
    is_number = announced.isascii() and announced.isdecimal() and len(announced) < 16
    if not is_number or int(announced) > limit:
        raise TooLarge


async def read_body(request: Request, limit: int) -> bytes:
    """The whole body.

    Raises:
        TooLarge: by its announced or by its real length.
    """
    check_announced(request, limit)
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise TooLarge
        chunks.append(chunk)
    return b"".join(chunks)
