"""Pictures for the documents: small, and only when somebody asks for them (``make shots``)."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Page

FOLDER = os.environ.get("WAPTO_TEST_SHOTS", "")


def take(page: Page, name: str, folder: Path | str = FOLDER, **options: Any) -> Path | None:
    """A PNG with a palette: a third of the size, and no difference to be seen in a page of flat colours.

    Where it lies; nothing is taken, and no time either, when nobody asks for pictures.
    """
    if not folder:
        return None
    taken = Image.open(io.BytesIO(page.screenshot(**options))).convert("RGB")
    small = taken.quantize(256, kmeans=4, dither=Image.Dither.NONE)
    path = Path(folder) / f"{name}.png"
    small.save(path, optimize=True)
    return path


def without_notices(page: Page) -> None:
    """Notices go by themselves, and nothing is pointed at."""
    page.mouse.move(5, 5)
    page.wait_for_timeout(6_000)


def take_in_peace(page: Page, name: str) -> None:
    """Once the notices are gone."""
    if FOLDER:
        without_notices(page)
        take(page, name)
