"""Name, colour and logo of the install."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from wapto_app.db import Database
from wapto_app.security.permissions import Actor
from wapto_app.services import branding
from wapto_app.services.branding import Branding, logo_file
from wapto_app.services.errors import Forbidden, Invalid, NotFound


def picture(kind: str = "PNG", size: tuple[int, int] = (64, 64), **options: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, (200, 30, 30)).save(out, kind, **options)
    return out.getvalue()


async def test_a_fresh_install_is_wapto(db: Database) -> None:
    async with db.read() as session:
        assert await branding.load(session) == Branding("Wapto", "#12794a", "")


async def test_name_and_colour_are_tidied_and_an_empty_name_is_ours_again(db: Database, admin: Actor) -> None:
    async with db.write() as session:
        await branding.save(session, admin, name="  Harbour \n Homes ", accent="1D5FC2")
        assert await branding.load(session) == Branding("Harbour Homes", "#1d5fc2")
        await branding.save(session, admin, name=" ", accent="#1d5fc2")
        assert (await branding.load(session)).name == "Wapto"


@pytest.mark.parametrize("name", ["x" * 41, "a\u202eb", "a\x07b"])
async def test_bad_names_are_refused(db: Database, admin: Actor, name: str) -> None:
    async with db.write() as session:
        with pytest.raises(Invalid) as refused:
            await branding.save(session, admin, name=name, accent="#12794a")
    assert refused.value.field == "name"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
async def test_logo_is_drawn_anew_as_a_small_png(tmp_path: Path, admin: Actor, kind: str) -> None:
    key = await branding.keep_logo(admin, tmp_path, picture(kind, (2000, 500)))
    with Image.open(logo_file(tmp_path, key)) as stored:
        assert (stored.format, stored.size) == ("PNG", (512, 128))
    assert [path.suffix for path in (tmp_path / "branding").iterdir()] == [".png"]


async def test_what_hides_in_a_picture_is_gone(tmp_path: Path, admin: Actor) -> None:
    hostile = picture("PNG") + b"<script>alert(1)</script>"
    key = await branding.keep_logo(admin, tmp_path, hostile)
    assert b"<script" not in logo_file(tmp_path, key).read_bytes()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"GIF89a",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        picture("BMP"),
        picture("PNG")[:80],
        picture("PNG", (8, 8)),
        picture("PNG", (900, 20)),
        picture("PNG", (9000, 9000)),
        b"x" * (branding.LOGO_BYTES + 1),
    ],
    ids=["empty", "cut", "svg", "bmp", "truncated", "tiny", "thin", "bomb", "large"],
)
async def test_what_is_no_usable_picture_is_refused(tmp_path: Path, admin: Actor, content: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        await branding.keep_logo(admin, tmp_path, content)
    assert refused.value.field == "logo"
    assert not (tmp_path / "branding").exists()


@pytest.mark.parametrize("key", ["../secret.key", "", "A" * 32, "0" * 31])
def test_only_a_key_is_a_key(tmp_path: Path, key: str) -> None:
    with pytest.raises(NotFound):
        logo_file(tmp_path, key)


async def test_only_an_admin_may(db: Database, tmp_path: Path, owner: Actor, agent: Actor) -> None:
    for actor in (owner, agent):
        async with db.write() as session:
            with pytest.raises(Forbidden):
                await branding.save(session, actor, name="x", accent="#12794a")
            with pytest.raises(Forbidden):
                await branding.set_logo(session, actor, "")
        with pytest.raises(Forbidden):
            await branding.keep_logo(actor, tmp_path, picture())
