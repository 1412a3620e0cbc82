"""Which conversation the address of the page names."""

from __future__ import annotations

# PostgreSQL refuses to look for a larger one; that many conversations do not exist.
_LARGEST_ID = 2**31 - 1


def selected_in(path: str) -> int:
    """The conversation of ``/inbox/<id>``; 0 when none is named. What may be seen is decided by the service."""
    last = path.rstrip("/").rsplit("/", 1)[-1]
    return min(int(last), _LARGEST_ID) if last.isascii() and last.isdigit() and len(last) < 18 else 0
