"""Files: what they really are, where they lie, and that no name leads anywhere else."""

from __future__ import annotations

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from wapto_app.models import MediaFile, MediaState
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import media
from wapto_app.services.errors import Forbidden, Invalid, NotFound
from wapto_app.services.media.files import clean_name
from wapto_app.services.media.sniff import UNKNOWN_TYPE, by_content

MEGABYTE = 1024 * 1024
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!DOCTYPE html><html><script>alert(1)</script></html>"
Write = Callable[[bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def make(content: bytes) -> Path:
        path = tmp_path / "upload"
        path.write_bytes(content)
        return path

    return make


def picture(kind: str, size: tuple[int, int] = (8, 8)) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, "red").save(file, kind)
    return file.getvalue()


def noise(side: int) -> bytes:
    """A picture that does not get smaller by packing."""
    file = io.BytesIO()
    Image.frombytes("RGB", (side, side), random.Random(1).randbytes(3 * side * side)).save(file, "PNG")
    return file.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A small PNG that claims to be enormous."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(1000)))
        + chunk(b"IEND", b"")
    )


def archive() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("word/document.xml", "<w/>")
    return file.getvalue()


# --- what a file is


@pytest.mark.parametrize(
    ("content", "name", "kind", "mime_type"),
    [
        (picture("JPEG"), "a.jpg", "image", "image/jpeg"),
        (picture("PNG"), "a.png", "image", "image/png"),
        (picture("PNG"), "lies.txt", "image", "image/png"),
        (picture("WEBP", (512, 512)), "a.webp", "sticker", "image/webp"),
        (picture("GIF"), "a.gif", "document", "image/gif"),
        (b"%PDF-1.7\n%abc\n", "a.pdf", "document", "application/pdf"),
        (b"hello", "a.txt", "document", "text/plain"),
        (b"a,b\n1,2\n", "a.csv", "document", "text/plain"),
        (
            archive(),
            "a.docx",
            "document",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ),
        (
            archive(),
            "a.xlsx",
            "document",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ),
        (archive(), "a.zip", "document", "application/zip"),
        (archive(), "noname", "document", "application/zip"),
        (b"ID3\x03\x00\x00\x00\x00\x00\x00" + bytes(200), "a.mp3", "audio", "audio/mpeg"),
        (b"#!AMR\n" + bytes(50), "a.amr", "audio", "audio/amr"),
        (b"OggS\x00\x02" + bytes(22) + b"\x01\x13OpusHead" + bytes(40), "a.ogg", "audio", "audio/ogg"),
        (b"\x00\x00\x00\x1cftypM4A \x00\x00\x00\x00M4A mp42isom" + bytes(100), "a.m4a", "audio", "audio/mp4"),
        (b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + bytes(100), "a.mp4", "video", "video/mp4"),
        (b"\x00\x00\x00\x14ftyp3gp4\x00\x00\x00\x003gp4" + bytes(100), "a.3gp", "video", "video/3gpp"),
    ],
)
def test_the_content_decides(write: Write, content: bytes, name: str, kind: str, mime_type: str) -> None:
    assert media.sniff(write(content), name) == media.Sniffed(kind, mime_type)


@pytest.mark.parametrize("name", ["cat.png", "cat.jpg", "page.html", "x.svg", "x", "x.pdf"])
@pytest.mark.parametrize("content", [SVG, b'<?xml version="1.0"?>\n' + SVG, HTML, b"  \n" + HTML])
def test_what_a_browser_could_run_is_never_shown_in_place(write: Write, content: bytes, name: str) -> None:
    sniffed = media.sniff(write(content), name)
    assert sniffed.kind == "document"
    assert not media.is_inline(sniffed.mime_type)
    assert sniffed.mime_type not in ("text/html", "image/svg+xml", "application/pdf")


def test_a_picture_with_a_script_behind_it_stays_a_picture(write: Write) -> None:
    """Served as image/png with nosniff and a sandbox, its second half is never looked at."""
    assert media.sniff(write(picture("PNG") + HTML), "a.png").mime_type == "image/png"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\x89PNG\r\n\x1a\n" + HTML, "damaged"),
        (b"\xff\xd8\xff\xe0 not a picture", "damaged"),
        (picture("JPEG")[:200], "damaged"),
        (bomb(60_000, 60_000), "damaged|pixels"),
        (bomb(12_000, 8_000), "pixels"),
        (picture("WEBP", (100, 100)), "512"),
        (noise(1400), "at most 5 MB"),
    ],
)
def test_what_whatsapp_would_refuse_is_refused_with_the_reason(
    write: Write, content: bytes, words: str
) -> None:
    with pytest.raises(Invalid, match=words):
        media.sniff(write(content), "a.png")


def test_a_large_document_is_refused_without_being_read(tmp_path: Path) -> None:
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.write(b"%PDF-1.7\n")
        file.truncate(media.MAX_BYTES + 1)
    with pytest.raises(Invalid, match="at most 100 MB"):
        media.sniff(path, "a.pdf")


def test_random_bytes_are_nothing_in_particular(write: Write) -> None:
    for seed in range(200):
        sniffed_type = by_content(write(random.Random(seed).randbytes(300)))
        assert not sniffed_type.startswith("text/html")
    assert by_content(write(b"\x00" * 100)) == UNKNOWN_TYPE


# --- names and places


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\windows\\system.ini", "system.ini"),
        ("/etc/shadow", "shadow"),
        ("C:\\temp\\a.png", "a.png"),
        ("a\x00b.png", "ab.png"),
        ("gpj.\u202eexe", "gpj.exe"),
        ("line\nbreak.png", "linebreak.png"),
        ("....", "file"),
        ("", "file"),
        ("\ud800", "file"),
        ("x" * 5000 + ".pdf", "x" * 196 + ".pdf"),
        ("père noël 🎅.jpg", "père noël 🎅.jpg"),
    ],
)
def test_a_name_is_only_a_name(given: str, kept: str) -> None:
    assert clean_name(given) == kept


@pytest.mark.parametrize("path", ["../secret.key", "/etc/passwd", "aa/../../secret.key", "aa/bb/../../../x"])
def test_no_path_leads_out_of_the_media_folder(tmp_path: Path, path: str) -> None:
    with pytest.raises(NotFound):
        media.absolute(tmp_path / "media", path)


def test_a_link_that_leads_out_is_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / "media"
    folder.mkdir()
    (folder / "out").symlink_to("/etc")
    with pytest.raises(NotFound):
        media.absolute(folder, "out/passwd")


# --- keeping and serving


async def keep(runtime: Runtime, actor: Actor, path: Path, name: str) -> media.MediaRow:
    async with runtime.db.write() as session:
        return await media.keep_upload(session, actor, runtime.settings.media_dir, path, name)


async def test_an_upload_is_kept_under_a_name_of_ours(runtime: Runtime, owner: Actor, write: Write) -> None:
    row = await keep(runtime, owner, write(picture("PNG")), "../../view.png")
    assert (row["kind"], row["filename"]) == ("image", "view.png")
    async with runtime.db.read() as session:
        file = await media.stored_file(session, owner, runtime.settings.media_dir, row["key"])
    assert file.path == runtime.settings.media_dir / row["key"][:2] / row["key"]
    assert file.path.read_bytes() == picture("PNG")
    assert row["key"] not in ("view.png", "view")


async def test_a_refused_upload_leaves_nothing(runtime: Runtime, owner: Actor, write: Write) -> None:
    with pytest.raises(Invalid):
        await keep(runtime, owner, write(b""), "a.png")
    assert not any(path.is_file() for path in runtime.settings.media_dir.rglob("*"))


async def test_a_row_that_cannot_be_written_leaves_no_file(
    runtime: Runtime, owner: Actor, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = replace(owner, account_id=999_999)
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        await keep(runtime, stranger, write(picture("PNG")), "a.png")
    assert not any(path.is_file() for path in runtime.settings.media_dir.rglob("*"))


async def test_permissions_are_required(runtime: Runtime, agent: Actor, write: Write) -> None:
    reader = replace(agent, permissions=frozenset({Permission.INBOX_SEE}))
    nobody = replace(agent, permissions=frozenset({Permission.SIGNED_IN}))
    with pytest.raises(Forbidden):
        await keep(runtime, reader, write(picture("PNG")), "a.png")
    row = await keep(runtime, agent, write(picture("PNG")), "a.png")
    async with runtime.db.read() as session:
        await media.stored_file(session, reader, runtime.settings.media_dir, row["key"])
        with pytest.raises(Forbidden):
            await media.stored_file(session, nobody, runtime.settings.media_dir, row["key"])


@pytest.mark.parametrize(
    "key", ["0" * 32, "", "../../secret.key", "\x00", "A" * 32, "0" * 33, "%2e%2e", "' OR 1=1 --"]
)
async def test_an_unknown_key_is_not_found(runtime: Runtime, owner: Actor, key: str) -> None:
    async with runtime.db.read() as session:
        with pytest.raises(NotFound):
            await media.stored_file(session, owner, runtime.settings.media_dir, key)


@pytest.mark.parametrize("state", [MediaState.PENDING, MediaState.FAILED])
async def test_a_file_that_was_not_fetched_is_not_found(
    runtime: Runtime, owner: Actor, state: MediaState
) -> None:
    async with runtime.db.write() as session:
        session.add(MediaFile(key="a" * 32, state=state, path="aa/x"))
    async with runtime.db.read() as session:
        with pytest.raises(NotFound):
            await media.stored_file(session, owner, runtime.settings.media_dir, "a" * 32)


async def test_even_a_path_of_ours_cannot_lead_out(runtime: Runtime, owner: Actor) -> None:
    async with runtime.db.write() as session:
        session.add(
            MediaFile(key="a" * 32, state=MediaState.STORED, path="../secret.key", mime_type="image/png")
        )
    async with runtime.db.read() as session:
        with pytest.raises(NotFound):
            await media.stored_file(session, owner, runtime.settings.media_dir, "a" * 32)
