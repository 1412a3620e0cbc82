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
_STICKER_SIDE = 512
# A picture that unpacks to more pixels than this is an attack, not a photo.
_MAX_PIXELS = 80_000_000


@dataclass(frozen=True, slots=True)
class Sniffed:
    """``kind`` is WhatsApp's message type for the file."""

    kind: str
    mime_type: str


def sniff(path: Path, filename: str) -> Sniffed:
    """Decide kind and type, and check WhatsApp's limits. Blocking: call it in a thread.

    Raises:
        Invalid: the file is empty, broken, of a type that WhatsApp does not take, or too large.
    """
    size = path.stat().st_size
    if size == 0:
        raise Invalid("file", "This file is empty.")
    mime_type = _mime_type(path, Path(filename).suffix.lower())
    for kind, (types, limit) in _KINDS.items():
        if mime_type in types:
            _check_size(kind, size, limit)
            if kind in ("image", "sticker"):
                _check_picture(path, kind)
            return Sniffed(kind, mime_type)
    _check_size("document", size, MAX_BYTES)
    return Sniffed("document", mime_type)


def _mime_type(path: Path, extension: str) -> str:
    found = by_content(path)
    named = _BY_EXTENSION.get(extension)
    if named and (found == named or found.startswith(_OFFICE_CONTAINERS) or _is_text(path, named)):
        return named
    if found.startswith(("text/html", "image/svg", "text/xml", "application/xml", "application/javascript")):
        # Never by its own name: nothing we serve may be run by a browser.
        return "application/octet-stream"
    return found


def by_content(path: Path) -> str:
    """The type that the content shows; ``application/octet-stream`` when it shows none."""
    try:
        found = puremagic.from_file(str(path), mime=True).lower()
    except (puremagic.PureError, ValueError):
        return "application/octet-stream"
    return _ALIASES.get(found, found) or "application/octet-stream"


def _is_text(path: Path, named: str) -> bool:
    if named != "text/plain":
        return False
    with path.open("rb") as file:
        head = file.read(4096)
    return b"\0" not in head


def _check_size(kind: str, size: int, limit: int) -> None:
    if size > limit:
        shown = f"{limit // _MEGABYTE} MB" if limit >= _MEGABYTE else f"{limit // 1024} KB"
        raise Invalid(
            "file", f"WhatsApp takes a {kind} of at most {shown}; this one has {size / _MEGABYTE:.1f} MB."
        )


def _check_picture(path: Path, kind: str) -> None:
    try:
        with Image.open(path) as picture:
            width, height = picture.size
            if width * height > _MAX_PIXELS:
                raise Invalid("file", "This picture has too many pixels.")
            picture.verify()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise Invalid("file", "This picture is damaged and cannot be opened.") from None
    if kind == "sticker" and (width, height) != (_STICKER_SIDE, _STICKER_SIDE):
        raise Invalid(
            "file",
            "WhatsApp takes WebP pictures only as stickers of 512 × 512 pixels. Save it as JPEG or PNG.",
        )
