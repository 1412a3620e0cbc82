"""Files drawn and composed at run time, so that a demo needs no downloads."""

from __future__ import annotations

import io
import struct
import zlib
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

_SIZE = (960, 640)
_SKIES = (
    ((255, 214, 165), (120, 170, 200)),
    ((186, 225, 255), (88, 150, 190)),
    ((250, 200, 210), (110, 130, 180)),
    ((210, 236, 210), (90, 160, 150)),
)


@lru_cache(maxsize=16)
def sample_image(name: str) -> bytes:
    """A small harbour scene as JPEG; the name picks colours and roofs."""
    seed = zlib.crc32(name.encode())
    top, bottom = _SKIES[seed % len(_SKIES)]
    image = _gradient(top, bottom)
    draw = ImageDraw.Draw(image)
    draw.ellipse((680, 90, 800, 210), fill=(255, 246, 214))
    for index in range(5):
        _house(draw, 60 + index * 172, 300 - (seed >> index * 3) % 5 * 22, (seed >> index * 2) % 4)
    draw.rectangle((0, 470, 960, 640), fill=(62, 118, 140))
    for row in range(6):
        draw.line((0, 490 + row * 26, 960, 484 + row * 26), fill=(92, 148, 168), width=3)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=86)
    return buffer.getvalue()


def _gradient(top: tuple[int, int, int], bottom: tuple[int, int, int]) -> Image.Image:
    mask = Image.linear_gradient("L").resize(_SIZE)
    return Image.composite(Image.new("RGB", _SIZE, bottom), Image.new("RGB", _SIZE, top), mask)


def _house(draw: ImageDraw.ImageDraw, left: int, top: int, tint: int) -> None:
    walls = ((196, 92, 78), (226, 190, 120), (120, 150, 120), (232, 226, 214))
    width = 150
    draw.rectangle((left, top, left + width, 476), fill=walls[tint])
    draw.polygon(
        ((left - 10, top), (left + width // 2, top - 74), (left + width + 10, top)), fill=(84, 62, 58)
    )
    for floor in range((470 - top) // 62):
        for column in range(2):
            x, y = left + 26 + column * 62, top + 22 + floor * 62
            draw.rectangle((x, y, x + 36, y + 38), fill=(252, 240, 200), outline=(84, 62, 58), width=3)


@lru_cache(maxsize=1)
def sample_sticker() -> bytes:
    """A smiling sun, 512 by 512, as WebP."""
    image = Image.new("RGBA", (512, 512), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    draw.ellipse((56, 56, 456, 456), fill=(255, 205, 70, 255), outline=(255, 255, 255, 255), width=16)
    draw.ellipse((170, 190, 212, 240), fill=(70, 50, 30, 255))
    draw.ellipse((300, 190, 342, 240), fill=(70, 50, 30, 255))
    draw.arc((160, 210, 352, 370), 20, 160, fill=(70, 50, 30, 255), width=16)
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=80)
    return buffer.getvalue()


@lru_cache(maxsize=1)
def sample_document() -> bytes:
    """A one-page PDF."""
    page = Image.new("RGB", (620, 877), "white")
    draw = ImageDraw.Draw(page)
    title, plain = ImageFont.load_default(34), ImageFont.load_default(18)
    draw.text((60, 70), "Viewing request", fill=(20, 60, 50), font=title)
    lines = ("Home: Quay Street 12", "Wanted: two rooms, from next month", "Pets: one calm cat")
    for row, line in enumerate(lines):
        draw.text((60, 150 + row * 36), line, fill=(60, 60, 60), font=plain)
    buffer = io.BytesIO()
    page.save(buffer, "PDF", resolution=75)
    return buffer.getvalue()


@lru_cache(maxsize=1)
def sample_voice() -> bytes:
    """Two quiet seconds as OGG/Opus: valid and playable, made without an encoder."""
    head = b"OpusHead" + struct.pack("<BBHIhB", 1, 1, 312, 48_000, 0, 0)
    tags = b"OpusTags" + struct.pack("<I", 7) + b"sandbox" + struct.pack("<I", 0)
    # One 20 ms frame of silence, as the reference encoder writes it.
    frames = [b"\xf8\xff\xfe"] * 100
    pages = [_ogg_page([head], 0, 0, 2), _ogg_page([tags], 0, 1, 0)]
    pages.append(_ogg_page(frames, len(frames) * 960, 2, 4))
    return b"".join(pages)


def _ogg_page(packets: list[bytes], granule: int, sequence: int, flags: int) -> bytes:
    lengths = bytes(len(packet) for packet in packets)
    header = struct.pack("<4sBBqIII", b"OggS", 0, flags, granule, 0x57617074, sequence, 0)
    page = header + bytes((len(lengths),)) + lengths + b"".join(packets)
    return page[:22] + struct.pack("<I", _ogg_crc(page)) + page[26:]


def _ogg_crc(page: bytes) -> int:
    crc = 0
    for byte in page:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1) ^ 0x04C11DB7 if crc & 0x80000000 else crc << 1
        crc &= 0xFFFFFFFF
    return crc
