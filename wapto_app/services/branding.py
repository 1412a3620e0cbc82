"""The install's own name, logo and accent colour."""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
import re
import secrets
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.db import touch
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import audit, colours, preferences
from wapto_app.services.errors import Invalid, NotFound

TOPIC = "branding"
NAME, ACCENT = "Wapto", "#12794a"
NAME_LENGTH = 40
ACCENTS = (
    ("#12794a", "Green"),
    ("#0f766e", "Teal"),
    ("#1d5fc2", "Blue"),
    ("#4f46c8", "Indigo"),
    ("#7c3aa8", "Purple"),
    ("#b3245d", "Pink"),
    ("#b42318", "Red"),
    ("#a04a06", "Orange"),
    ("#475467", "Slate"),
)
"""Colours on which white text is easy to read, and their names."""
LOGO_BYTES = 2 * 1024 * 1024
LOGO_PIXELS = 25_000_000
LOGO_SIDE = 512
"""Longest side of the stored logo, in pixels: sharp at four times the size at which it is shown."""

_NAME = "branding"
_KEY = re.compile("[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Branding:
    """``logo`` is the key of the stored picture; empty for Wapto's own mark."""

    name: str = NAME
    accent: str = ACCENT
    logo: str = ""

    @property
    def logo_path(self) -> str:
        """Where the logo is served, whether anybody is signed in or not."""
        return f"/brand/logo/{self.logo}.png" if self.logo else "/brand/logo"


async def load(session: AsyncSession) -> Branding:
    """What everybody sees, before the sign-in too."""
    stored = await preferences.read(session, _NAME)
    return Branding(stored.get("name") or NAME, stored.get("accent") or ACCENT, stored.get("logo") or "")


async def save(session: AsyncSession, actor: Actor, *, name: str, accent: str) -> None:
    """Choose name and colour; an empty name is ours again.

    Raises:
        Invalid: naming the field.
    """
    actor.require(Permission.ADMIN)
    now = await load(session)
    await _write(session, actor, Branding(_clean_name(name) or NAME, clean_accent(accent), now.logo))


async def set_logo(session: AsyncSession, actor: Actor, key: str) -> None:
    """Show the picture that ``keep_logo`` has stored; an empty key takes the logo away."""
    actor.require(Permission.ADMIN)
    now = await load(session)
    await _write(session, actor, Branding(now.name, now.accent, key))


async def _write(session: AsyncSession, actor: Actor, chosen: Branding) -> None:
    value = {"name": chosen.name, "accent": chosen.accent, "logo": chosen.logo}
    await preferences.write(session, _NAME, value)
    audit.record(session, actor, "branding.changed", **value)
    touch(session, TOPIC)


async def keep_logo(actor: Actor, media_dir: Path, picture: bytes) -> str:
    """Check the picture, draw it anew without whatever else it holds, and store it; returns its key.

    Raises:
        Invalid: when it is no picture that can be used.
    """
    actor.require(Permission.ADMIN)
    return await asyncio.to_thread(_store_logo, media_dir, picture)


def logo_file(media_dir: Path, key: str) -> Path:
    """The stored picture. Raises NotFound for what cannot be a key."""
    if not _KEY.fullmatch(key):
        raise NotFound("picture")
    return media_dir / "branding" / f"{key}.png"


def _store_logo(media_dir: Path, picture: bytes) -> str:
    drawn = _drawn_anew(picture)
    key = hashlib.sha256(drawn).hexdigest()[:32]
    path = logo_file(media_dir, key)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{secrets.token_hex(4)}")
    try:
        with partial.open("wb") as file:
            file.write(drawn)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return key


def _drawn_anew(picture: bytes) -> bytes:
    if len(picture) > LOGO_BYTES:
        raise Invalid("logo", f"A logo has at most {LOGO_BYTES // 2**20} MB.")
    try:
        with Image.open(io.BytesIO(picture), formats=("PNG", "JPEG", "WEBP", "GIF")) as opened:
            if opened.width * opened.height > LOGO_PIXELS:
                raise Invalid("logo", "This picture has too many pixels. Make it smaller.")
            drawn = ImageOps.exif_transpose(opened).convert("RGBA")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise Invalid("logo", "This is not a PNG, JPEG, WebP or GIF picture. Choose another file.") from None
    if min(drawn.size) < 16 or max(drawn.size) > 8 * min(drawn.size):
        raise Invalid("logo", "A logo has at least 16 pixels on each side, and is at most 8 times as wide.")
    drawn.thumbnail((LOGO_SIDE, LOGO_SIDE))
    out = io.BytesIO()
    drawn.save(out, "PNG", optimize=True)
    return out.getvalue()


def _clean_name(text: str) -> str:
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if len(name) > NAME_LENGTH:
        raise Invalid("name", f"The name has at most {NAME_LENGTH} characters.")
    if any(unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Co") for letter in name):
        raise Invalid("name", "This name holds characters that cannot be shown.")
    return name


def clean_accent(text: str) -> str:
    """The colour as ``#rrggbb``.

    Raises:
        Invalid: when it is no colour, or white text on it would be hard to read (WCAG 2.2, 1.4.3).
    """
    colour = colours.parse(text)
    if colour is None:
        raise Invalid("accent", "Write the colour as #rrggbb, such as #12794a.")
    contrast = colours.contrast(colour, colours.WHITE)
    if contrast < colours.READABLE:
        better = colours.to_hex(colours.readable(colour, colours.WHITE, darker=True))
        # Rounded down: 4.47 must not read as if it were enough.
        shown = f"{int(contrast * 10) / 10:.1f}"
        raise Invalid("accent", f"White text on it is hard to read ({shown} to 1, not 4.5). Try {better}.")
    return colours.to_hex(colour)
