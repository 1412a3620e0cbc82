"""What a file really is, by its content; the name and the sender's word count for nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import puremagic
from PIL import Image

from wapto_app.services.errors import Invalid

_MEGABYTE = 1024 * 1024
MAX_BYTES = 100 * _MEGABYTE
"""Meta: the largest file it takes (a document)."""

# Meta: what each kind may be and weigh.
_KINDS: dict[str, tuple[frozenset[str], int]] = {
    "image": (frozenset({"image/jpeg", "image/png"}), 5 * _MEGABYTE),
    "sticker": (frozenset({"image/webp"}), 500 * 1024),
    "video": (frozenset({"video/mp4", "video/3gpp"}), 16 * _MEGABYTE),
    "audio": (
        frozenset({"audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"}),
        16 * _MEGABYTE,
    ),
}
UNKNOWN_TYPE = "application/octet-stream"
# Sounds that puremagic does not know for sure.
_SIGNATURES = (
    (0, b"ID3", "audio/mpeg"),
    (0, b"#!AMR", "audio/amr"),
    (4, b"ftypM4A", "audio/mp4"),
)
_ALIASES = {
    "audio/mp3": "audio/mpeg",
    "audio/x-m4a": "audio/mp4",
    "audio/m4a": "audio/mp4",
    "audio/x-aac": "audio/aac",
    "application/ogg": "audio/ogg",
    "audio/opus": "audio/ogg",
    "video/x-m4v": "video/mp4",
    "image/jpg": "image/jpeg",
}
_BY_EXTENSION = {
    ".pdf": "application/pdf",
    ".txt": "text/plain",
    ".csv": "text/plain",
    ".doc": "application/msword",
    ".xls": "application/vnd.ms-excel",
    ".ppt": "application/vnd.ms-powerpoint",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}
_OFFICE_CONTAINERS = (
    "application/zip",
    "application/vnd.openxmlformats",
    "application/x-ole",
    "application/msword",
)
STICKER_SIDE = 512
STILL_STICKER_BYTES = 100 * 1024
"""Meta: what a sticker that does not move may weigh."""
IMAGE_BYTES = 5 * _MEGABYTE
"""Meta: what an image may weigh."""
# A picture that unpacks to more pixels than this is an attack, not a photo.
MAX_PIXELS = 80_000_000
_TOO_MANY_PIXELS = "This picture has too many pixels."


class CanShrink(Invalid):
    """WhatsApp does not take this picture as it is, but would if it were made smaller (``pictures.shrink``)."""


@dataclass(frozen=True, slots=True)
class Sniffed:
    """``kind`` is WhatsApp's message type for the file."""

    kind: str
    mime_type: str


def kind_of(mime_type: str) -> str:
    """WhatsApp's message type for a file of this type."""
    return next((kind for kind, (types, _limit) in _KINDS.items() if mime_type in types), "document")


def sniff(path: Path, filename: str) -> Sniffed:
    """Decide kind and type, and check WhatsApp's limits. Blocking: call it in a thread.

    Raises:
        CanShrink: a picture that is only too large, or a WebP that is no sticker.
        Invalid: the file is empty, broken, of a type that WhatsApp does not take, or too large.
    """
    size = path.stat().st_size
    if size == 0:
        raise Invalid("file", "This file is empty.")
    mime_type = _mime_type(path, Path(filename).suffix.lower())
    kind = kind_of(mime_type)
    if kind in ("image", "sticker"):
        _check_picture(path, kind, size)
    else:
        _check_size(kind, size, _KINDS[kind][1] if kind in _KINDS else MAX_BYTES)
    return Sniffed(kind, mime_type)


def _mime_type(path: Path, extension: str) -> str:
    found = by_content(path)
    named = _BY_EXTENSION.get(extension)
    if named and (found == named or found.startswith(_OFFICE_CONTAINERS) or _is_text(path, named)):
        return named
    if found.startswith(_OFFICE_CONTAINERS):
        # Any archive looks like an Office file from inside; only the name says that it is one.
        return "application/zip" if _head(path).startswith(b"PK") else UNKNOWN_TYPE
    if found.startswith(("text/html", "image/svg", "text/xml", "application/xml", "application/javascript")):
        # Never by its own name: nothing we serve may be run by a browser.
        return UNKNOWN_TYPE
    return found


def by_content(path: Path) -> str:
    """The type that the content shows; ``UNKNOWN_TYPE`` when it shows none."""
    head = _head(path)
    for offset, signature, mime_type in _SIGNATURES:
        if head.startswith(signature, offset):
            return mime_type
    try:
        found = puremagic.from_file(str(path), mime=True).lower()
    except (puremagic.PureError, ValueError):
        return UNKNOWN_TYPE
    return _ALIASES.get(found, found) or UNKNOWN_TYPE


def _is_text(path: Path, named: str) -> bool:
    return named == "text/plain" and b"\0" not in _head(path)


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(4096)


def _check_size(kind: str, size: int, limit: int) -> None:
    if size > limit:
        shown = f"{limit // _MEGABYTE} MB" if limit >= _MEGABYTE else f"{limit // 1024} KB"
        has = f"{size / _MEGABYTE:.1f} MB" if size >= _MEGABYTE else f"{size // 1024} KB"
        raise Invalid("file", f"WhatsApp takes a {kind} of at most {shown}; this one has {has}.")


def _check_picture(path: Path, kind: str, size: int) -> None:
    try:
        with Image.open(path) as picture:
            measures = picture.size
            moves = bool(getattr(picture, "is_animated", False))
            if measures[0] * measures[1] > MAX_PIXELS:
                raise Invalid("file", _TOO_MANY_PIXELS)
            picture.verify()
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Invalid("file", _TOO_MANY_PIXELS) from None
    except (OSError, SyntaxError, ValueError):
        raise Invalid("file", "This picture is damaged and cannot be opened.") from None
    try:
        _check_fits(kind, size, measures, moves=moves)
    except Invalid as error:
        # Made smaller, what moves would stand still.
        raise error if moves else CanShrink(error.field, error.message) from None


def _check_fits(kind: str, size: int, measures: tuple[int, int], *, moves: bool) -> None:
    if kind == "sticker" and measures != (STICKER_SIDE, STICKER_SIDE):
        raise Invalid(
            "file",
            "WhatsApp takes WebP pictures only as stickers of 512 × 512 pixels. Save it as JPEG or PNG.",
        )
    _check_size(kind, size, STILL_STICKER_BYTES if kind == "sticker" and not moves else _KINDS[kind][1])
