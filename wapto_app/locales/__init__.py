"""Message catalogs, one JSON file per language: English text → its translation."""

from __future__ import annotations

from pathlib import Path

import reflex as rx

_URLS = {
    path.stem: str(rx.asset(path.name, shared=True)) for path in sorted(Path(__file__).parent.glob("*.json"))
}


def urls() -> dict[str, str]:
    """Language code → where the browser fetches the catalog."""
    return dict(_URLS)
