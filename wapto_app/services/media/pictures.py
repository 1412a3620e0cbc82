"""Pictures made smaller, made a sticker, made a thumbnail. Blocking work, done by one thread of its own.

One picture at a time: a photo of 80 million pixels takes a quarter of a gigabyte while it is open.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ParamSpec, TypeVar

from PIL import Image, ImageOps

from wapto_app.services.errors import Invalid
from wapto_app.services.media.sniff import IMAGE_BYTES, MAX_PIXELS, STICKER_SIDE

P = ParamSpec("P")
Result = TypeVar("Result")

THUMBNAIL_SIDE = 400
"""Pixels of the longer side: a tile of 200 on a fine screen."""
_SIDES = (2048, 1600, 1280, 1024)
"""WhatsApp itself shows photos with at most 2048 pixels; each smaller one is tried when the last weighs too much."""
_JPEG_QUALITY = 82
_STICKER_QUALITIES = (90, 75, 60, 45, 30, 15)
_STICKER_BYTES = 100_000
# Only what a JPEG decoder can open at a fraction of its size may have more.
_MAX_DECODED = 40_000_000
# No other decoder of Pillow's ever sees a file of a stranger.
_FORMATS = ("JPEG", "PNG", "WEBP")

_workers = ThreadPoolExecutor(max_workers=1, thread_name_prefix="wapto-pictures")


@dataclass(frozen=True, slots=True)
class Made:
    """A picture that was made from another; ``width`` and ``height`` in pixels."""

    content: bytes
    mime_type: str
    width: int
    height: int

    @property
    def extension(self) -> str:
        return {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp"}[self.mime_type]


async def alone(work: Callable[P, Result], *args: P.args, **kwargs: P.kwargs) -> Result:
    """Run it in the thread for pictures, when its turn comes."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_workers, lambda: work(*args, **kwargs))


def dimensions(path: Path) -> tuple[int, int]:
    """Width and height in pixels as the picture is looked at; (0, 0) for what is no picture."""
    try:
        with Image.open(path, formats=_FORMATS) as picture:
            width, height = picture.size
            turned = picture.getexif().get(0x0112, 1) in (5, 6, 7, 8)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return 0, 0
    return (height, width) if turned else (width, height)


def shrink(path: Path) -> Made:
    """The picture as WhatsApp takes it and shows it: turned upright, at most 2048 pixels, without where it was taken.

    JPEG, or PNG when something is transparent or when that is smaller.

    Raises:
        Invalid: it is damaged, or has too many pixels.
    """
    for side in _SIDES:
        with _upright(path, side) as (picture, was):
            made = min(_encoded(picture, drawn=was == "PNG"), key=lambda each: len(each.content))
        if len(made.content) <= IMAGE_BYTES:
            return made
    raise Invalid("file", "This picture cannot be made small enough for WhatsApp.")


def sticker(path: Path) -> Made:
    """WebP of 512 × 512 pixels and at most 100 kB; what is not square stands in the middle of nothing.

    Raises:
        Invalid: it is damaged, or has too many pixels.
    """
    with _upright(path, STICKER_SIDE) as (picture, _was):
        framed = ImageOps.pad(
            picture.convert("RGBA"), (STICKER_SIDE, STICKER_SIDE), Image.Resampling.LANCZOS, (0, 0, 0, 0)
        )
    for quality in _STICKER_QUALITIES:
        content = _saved(framed, "WEBP", quality=quality, method=6)
        if len(content) <= _STICKER_BYTES:
            return Made(content, "image/webp", STICKER_SIDE, STICKER_SIDE)
    raise Invalid("file", "This picture has too many details for a sticker.")


def thumbnail(path: Path) -> Made:
    """A small WebP for lists.

    Raises:
        Invalid: it is damaged, or has too many pixels.
    """
    with _upright(path, THUMBNAIL_SIDE) as (picture, _was):
        small = picture if picture.mode in ("RGB", "RGBA") else picture.convert("RGBA")
        return Made(_saved(small, "WEBP", quality=76, method=4), "image/webp", *small.size)


@contextmanager
def _upright(path: Path, side: int) -> Iterator[tuple[Image.Image, str | None]]:
    """The picture, turned as the camera was held, with ``side`` pixels at most; and what it was stored as."""
    try:
        with Image.open(path, formats=_FORMATS) as opened:
            opened.draft("RGB", (side, side))
            _check_pixels(opened)
            picture = ImageOps.exif_transpose(opened)
            if picture.mode == "P":
                picture = picture.convert("RGBA" if "transparency" in picture.info else "RGB")
            picture.thumbnail((side, side), Image.Resampling.LANCZOS)
            yield picture, opened.format
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Invalid("file", "This picture has too many pixels.") from None
    except (OSError, SyntaxError, ValueError, EOFError):
        raise Invalid("file", "This picture is damaged and cannot be opened.") from None


def _check_pixels(picture: Image.Image) -> None:
    """After ``draft``: ``size`` is what a JPEG will really be decoded to."""
    width, height = picture.size
    if width * height > (MAX_PIXELS if picture.format == "JPEG" else _MAX_DECODED):
        raise Invalid("file", "This picture has too many pixels.")


def _encoded(picture: Image.Image, *, drawn: bool) -> Iterator[Made]:
    """The ways to store it; ``drawn``: a screenshot or a plan, which PNG may hold in less.

    Nothing of the camera goes along, but for the profile of its colours.
    """
    colours = picture.info.get("icc_profile")
    see_through = _is_see_through(picture)
    if see_through or drawn:
        kept = picture.convert("RGBA") if see_through else _plain(picture)
        yield Made(_saved(kept, "PNG", optimize=True, icc_profile=colours), "image/png", *kept.size)
    if not see_through:
        plain = _plain(picture)
        profile = colours if picture.mode == plain.mode else None
        content = _saved(
            plain, "JPEG", quality=_JPEG_QUALITY, optimize=True, progressive=True, icc_profile=profile
        )
        yield Made(content, "image/jpeg", *plain.size)


def _plain(picture: Image.Image) -> Image.Image:
    return picture if picture.mode in ("RGB", "L") else picture.convert("RGB")


def _is_see_through(picture: Image.Image) -> bool:
    if "A" not in picture.getbands() and "transparency" not in picture.info:
        return False
    lowest, _highest = picture.convert("RGBA").getchannel("A").getextrema()
    return isinstance(lowest, int) and lowest < 255


def _saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    picture.info.pop("exif", None)
    given = {name: value for name, value in options.items() if value is not None}
    file = io.BytesIO()
    picture.save(file, kind, **given)
    return file.getvalue()
