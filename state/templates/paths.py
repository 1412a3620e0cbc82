"""Which template the address of the page names."""

from __future__ import annotations

# PostgreSQL refuses to look for a larger one; that many templates do not exist.
_LARGEST_ID = 2**31 - 1


def template_in(path: str) -> int:
    """The id in ``/templates/<id>`` and ``/templates/<id>/edit``; one that nothing has for nonsense."""
    parts = path.strip("/").split("/")
    word = parts[1] if len(parts) > 1 else ""
    is_id = word.isascii() and word.isdecimal() and len(word) < 11
    return min(int(word), _LARGEST_ID) if is_id and int(word) else _LARGEST_ID
