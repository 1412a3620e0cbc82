"""Which conversation, and which message of it, the address of the page names."""

from __future__ import annotations

from collections.abc import Mapping

# PostgreSQL refuses to look for a larger one; that many conversations do not exist.
_LARGEST_ID = 2**31 - 1


def selected_in(path: str) -> int:
    """The conversation of ``/inbox/<id>``; 0 when none is named. What may be seen is decided by the service."""
    last = path.rstrip("/").rsplit("/", 1)[-1]
    return min(int(last), _LARGEST_ID) if last.isascii() and last.isdigit() and len(last) < 18 else 0


def message_in(params: Mapping[str, str]) -> int:
    """The message of ``?message=<id>``; 0 when none is named."""
    text = str(params.get("message") or "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
