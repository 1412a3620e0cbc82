"""The media library of ``wapto run --demo``: a few drawings and a price list, made on the spot."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path

from PIL import Image, ImageDraw

from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services import library
from wapto_app.services.library.keep import new_temporary

_SKIES = (
    ("Harbour Street 12.jpg", (247, 178, 103), (92, 117, 153)),
    ("Lake view.jpg", (164, 207, 236), (62, 120, 133)),
    ("Garden flat.jpg", (207, 232, 186), (84, 130, 84)),
)
_PRICES = (
    "Wapto Homes: price list\n\n"
    "Harbour Street 12   3 rooms   1,450 a month\n"
    "Lake Road 4         2 rooms   1,120 a month\n"
    "Garden Lane 9       4 rooms   1,890 a month\n"
)


async def fill(runtime: Runtime) -> None:
    """Files in two folders, with words to find them by."""
    async with runtime.db.write() as session:
        flats = await library.create_folder(session, Actor.system(), "Flats")
        plans = await library.create_folder(session, Actor.system(), "Floor plans", flats)
    for name, sky, ground in _SKIES:
        await _add(runtime, name, _view(sky, ground), ("flat",), flats)
    await _add(runtime, "Harbour Street 12, plan.png", _plan(), ("flat", "plan"), plans)
    await _add(runtime, "Price list.txt", _PRICES.encode(), ("prices",), library.TOP)
    await _add(runtime, "Thank you.webp", _sticker(), ("thanks",), library.TOP)


async def _add(runtime: Runtime, name: str, content: bytes, words: tuple[str, ...], folder_id: int) -> None:
    media_dir = runtime.settings.media_dir
    temporary = await asyncio.to_thread(_written, media_dir, content)
    try:
        kept = await library.keep(runtime.db, Actor.system(), media_dir, temporary, name, folder_id=folder_id)
    finally:
        await asyncio.to_thread(temporary.unlink, missing_ok=True)
    async with runtime.db.write() as session:
        await library.set_words(session, Actor.system(), [kept["file"]["key"]], add=words)


def _written(media_dir: Path, content: bytes) -> Path:
    path = new_temporary(media_dir)
    path.write_bytes(content)
    return path


def _view(sky: tuple[int, int, int], ground: tuple[int, int, int]) -> bytes:
    """A house between hills."""
    picture = Image.new("RGB", (1600, 1200), sky)
    draw = ImageDraw.Draw(picture)
    draw.ellipse((1150, 130, 1370, 350), fill=(255, 244, 214))
    draw.ellipse((-500, 620, 1100, 1900), fill=_mixed(sky, ground, 0.55))
    draw.ellipse((500, 700, 2300, 2000), fill=_mixed(sky, ground, 0.8))
    draw.rectangle((0, 1040, 1600, 1200), fill=ground)
    draw.rectangle((560, 640, 1040, 1060), fill=(250, 247, 240))
    draw.polygon(((500, 640), (800, 430), (1100, 640)), fill=(150, 74, 62))
    draw.rectangle((750, 840, 850, 1060), fill=(104, 78, 60))
    for x in (620, 890):
        draw.rectangle((x, 720, x + 90, 820), fill=(132, 176, 204), outline=(90, 90, 90), width=6)
    return _saved(picture, "JPEG", quality=88)


def _mixed(one: tuple[int, int, int], other: tuple[int, int, int], share: float) -> tuple[int, int, int]:
    red, green, blue = (round(a * (1 - share) + b * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _plan() -> bytes:
    """Three rooms and a bath."""
    picture = Image.new("RGB", (1200, 900), "white")
    draw = ImageDraw.Draw(picture)
    for box in ((80, 80, 1120, 820), (80, 80, 620, 480), (620, 80, 1120, 480), (80, 480, 420, 820)):
        draw.rectangle(box, outline=(40, 48, 44), width=12)
    for box in ((300, 472, 400, 492), (800, 472, 900, 492), (520, 812, 640, 832)):
        draw.rectangle(box, fill="white")
    return _saved(picture, "PNG", optimize=True)


def _sticker() -> bytes:
    """A heart."""
    picture = Image.new("RGBA", (512, 512), (0, 0, 0, 0))
    draw = ImageDraw.Draw(picture)
    for left in (56, 246):
        draw.ellipse((left, 70, left + 210, 280), fill=(18, 121, 74, 255))
    draw.polygon(((76, 232), (256, 150), (436, 232), (256, 450)), fill=(18, 121, 74, 255))
    return _saved(picture, "WEBP", quality=85)


def _saved(picture: Image.Image, kind: str, **options: int | bool) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()
