"""Texts that are written while they are fetched, such as exports."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from urllib.parse import quote

from starlette.responses import StreamingResponse

HEADERS = {"cache-control": "private, no-store", "x-content-type-options": "nosniff"}
"""Of whatever is downloaded: it belongs to one person, and no browser guesses what it is."""


def streamed(
    lines: AsyncIterator[str] | Iterator[str], name: str, media_type: str = "text/csv"
) -> StreamingResponse:
    """Always a file, never shown in place: what customers write would be a page of this host."""
    coded = quote(name, safe="")
    called = f'filename="{name}"' if coded == name else f"filename*=UTF-8''{coded}"
    headers = {**HEADERS, "content-disposition": f"attachment; {called}"}
    return StreamingResponse(lines, media_type=f"{media_type}; charset=utf-8", headers=headers)
