"""Short ways to fill the library and to look at it."""

from __future__ import annotations

import io
import random
from functools import cache
from pathlib import Path
from typing import Any

from PIL import Image

from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services import library
from wapto_app.services.library import Kept, LibraryRow, Query


def photo(width: int = 60, height: int = 40, *, seed: int = 1, kind: str = "JPEG", **options: Any) -> bytes:
    """A picture of coarse noise: no two seeds are alike, and it packs as a photo does."""
    dots = Image.frombytes("RGB", (16, 16), random.Random(seed).randbytes(768))
    file = io.BytesIO()
    dots.resize((width, height), Image.Resampling.BICUBIC).save(file, kind, **options)
    return file.getvalue()


@cache
def noise(side: int, *, seed: int = 1, kind: str = "PNG") -> bytes:
    """A picture that does not get smaller by packing: 1,400 pixels weigh more than WhatsApp takes."""
    file = io.BytesIO()
    dots = random.Random(seed).randbytes(3 * side * side)
    Image.frombytes("RGB", (side, side), dots).save(file, kind, quality=100)
    return file.getvalue()


async def put(runtime: Runtime, actor: Actor, content: bytes, name: str = "view.jpg", **options: Any) -> Kept:
    """Upload it, as the route does."""
    folder = runtime.settings.media_dir / "incoming"
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f"upload-{random.getrandbits(64):x}"
    temporary.write_bytes(content)
    try:
        return await library.keep(runtime.db, actor, runtime.settings.media_dir, temporary, name, **options)
    finally:
        temporary.unlink(missing_ok=True)


async def added(
    runtime: Runtime, actor: Actor, content: bytes, name: str = "view.jpg", **more: Any
) -> LibraryRow:
    """Upload what the library does not have."""
    kept = await put(runtime, actor, content, name, **more)
    assert not kept["existing"]
    return kept["file"]


def query(**wanted: Any) -> Query:
    return Query(**({**library.NEWEST, **wanted}))  # type: ignore[typeddict-item]


async def names(runtime: Runtime, actor: Actor, **wanted: Any) -> list[str]:
    async with runtime.db.read() as session:
        page = await library.listing(session, actor, query(**wanted))
    return [row["name"] for row in page.rows]


async def done(runtime: Runtime, deed: Any, *args: Any, **options: Any) -> Any:
    """One deed in a transaction of its own."""
    async with runtime.db.write() as session:
        return await deed(session, *args, **options)


def files_of(runtime: Runtime) -> list[Path]:
    return sorted(path for path in runtime.settings.media_dir.rglob("*") if path.is_file())
