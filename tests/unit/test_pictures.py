"""Pictures made smaller: upright, without where they were taken, and never at the cost of the server."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.services.library import noise, photo
from tests.services.test_media import bomb
from wapto_app.services.errors import Invalid
from wapto_app.services.media import pictures, sniff
from wapto_app.services.media.sniff import CanShrink

Write = Callable[[bytes], Path]
ORIENTATION, GPS, MAKER = 0x0112, 0x8825, 0x010F


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def make(content: bytes) -> Path:
        path = tmp_path / "picture"
        path.write_bytes(content)
        return path

    return make


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def saved(picture: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def taken_upright(kind: str = "JPEG") -> bytes:
    """A photo of 300 × 100 pixels that was taken with the camera turned: red is at the top when it is looked at."""
    picture = Image.new("RGB", (300, 100), "blue")
    picture.paste("red", (0, 0, 150, 100))
    exif = Image.Exif()
    exif[ORIENTATION], exif[MAKER] = 6, "Camera of Ada"
    exif.get_ifd(GPS)[1] = "N"
    exif.get_ifd(GPS)[2] = (52.0, 31.0, 12.0)
    return saved(picture, kind, exif=exif, quality=95)


@pytest.mark.parametrize("work", [pictures.shrink, pictures.thumbnail, pictures.sticker])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_it_stands_upright_and_does_not_tell_where_it_was_taken(write: Write, work: Any, kind: str) -> None:
    path = write(taken_upright(kind))
    assert pictures.dimensions(path) == (100, 300)
    made = work(path)
    picture = opened(made.content)
    assert not picture.getexif()
    assert b"Camera of Ada" not in made.content
    assert b"Exif" not in made.content
    middle = picture.width // 2
    top, bottom = (picture.convert("RGB").getpixel((middle, y)) for y in (20, picture.height - 20))
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert (top[0] > 180, bottom[2] > 180) == (True, True)


def test_a_photo_becomes_at_most_2048_pixels_and_keeps_its_shape(write: Write) -> None:
    made = pictures.shrink(write(photo(3000, 1500, quality=97)))
    assert (made.width, made.height, made.mime_type) == (2048, 1024, "image/jpeg")
    assert opened(made.content).size == (2048, 1024)


def test_what_is_transparent_stays_so(write: Write) -> None:
    logo = Image.new("RGBA", (400, 400), (0, 0, 0, 0))
    logo.paste((200, 10, 10, 255), (100, 100, 300, 300))
    made = pictures.shrink(write(saved(logo, "PNG")))
    assert made.mime_type == "image/png"
    assert opened(made.content).convert("RGBA").getpixel((5, 5)) == (0, 0, 0, 0)
    palette = saved(logo.quantize(8), "PNG", transparency=0)
    assert opened(pictures.shrink(write(palette)).content).size == (400, 400)


def test_a_drawing_stays_a_drawing_where_that_is_smaller(write: Write) -> None:
    drawing = Image.new("RGB", (800, 600), "white")
    drawing.paste("black", (100, 100, 700, 110))
    assert pictures.shrink(write(saved(drawing, "PNG"))).mime_type == "image/png"
    assert pictures.shrink(write(noise(700))).mime_type == "image/jpeg"


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16", "CMYK"])
def test_every_kind_of_pixel_is_understood(write: Write, mode: str) -> None:
    kind = "JPEG" if mode == "CMYK" else "PNG"
    path = write(saved(Image.new(mode, (30, 20)), kind))
    for work in (pictures.shrink, pictures.thumbnail, pictures.sticker):
        made = work(path)
        assert opened(made.content).size == (made.width, made.height)


def test_a_sticker_is_what_whatsapp_takes(write: Write, tmp_path: Path) -> None:
    for content in (noise(900), photo(1200, 300), photo(20, 20)):
        made = pictures.sticker(write(content))
        (tmp_path / "sticker").write_bytes(made.content)
        assert sniff(tmp_path / "sticker", "a.webp").kind == "sticker"
        assert len(made.content) <= 100_000


def test_a_webp_that_is_no_sticker_can_be_sent_made_smaller(write: Write) -> None:
    path = write(photo(900, 600, kind="WEBP"))
    with pytest.raises(CanShrink, match="512"):
        sniff(path, "a.webp")
    made = pictures.shrink(path)
    assert sniff(write(made.content), "a.jpg").kind == "image"


def test_a_still_sticker_weighs_at_most_100_kb_and_one_that_moves_500(write: Write) -> None:
    heavy = noise(512, kind="WEBP")
    assert 100 * 1024 < len(heavy) < 500 * 1024
    with pytest.raises(CanShrink, match="at most 100 KB"):
        sniff(write(heavy), "a.webp")
    frames = [opened(noise(512, seed=seed)) for seed in (1, 2)]
    moving = saved(frames[0], "WEBP", save_all=True, append_images=frames[1:], quality=20)
    assert 100 * 1024 < len(moving) < 500 * 1024
    assert sniff(write(moving), "a.webp").kind == "sticker"


@pytest.mark.parametrize("size", [(60_000, 60_000), (12_000, 8_000), (8_000, 6_000)])
def test_a_picture_that_unpacks_to_too_much_is_refused_before_it_does(
    write: Write, size: tuple[int, int]
) -> None:
    path = write(bomb(*size))
    for work in (pictures.shrink, pictures.thumbnail, pictures.sticker):
        tracemalloc.start()
        with pytest.raises(Invalid, match=r"pixels|damaged"):
            work(path)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 20 * 2**20
    assert pictures.dimensions(path) in ((0, 0), size)


def test_only_pictures_are_ever_decoded(write: Write) -> None:
    for kind in ("TIFF", "BMP", "GIF", "ICO"):
        path = write(saved(Image.new("RGB", (32, 32)), kind))
        with pytest.raises(Invalid, match="damaged"):
            pictures.shrink(path)


@given(st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_broken_pictures_are_refused_and_never_crash(tmp_path: Path, data: st.DataObject) -> None:
    whole = data.draw(st.sampled_from([photo(64, 48), photo(64, 48, kind="PNG"), photo(64, 48, kind="WEBP")]))
    broken = bytearray(whole[: data.draw(st.integers(8, len(whole)))])
    for _ in range(data.draw(st.integers(0, 6))):
        broken[data.draw(st.integers(8, len(broken) - 1) if len(broken) > 9 else st.just(7))] = data.draw(
            st.integers(0, 255)
        )
    path = tmp_path / "broken"
    path.write_bytes(bytes(broken))
    for work in (pictures.shrink, pictures.thumbnail, pictures.sticker):
        try:
            made = work(path)
        except Invalid:
            continue
        assert opened(made.content).size == (made.width, made.height)
    pictures.dimensions(path)
