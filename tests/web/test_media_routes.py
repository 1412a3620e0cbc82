"""Uploads and private files over HTTP."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from PIL import Image

from tests.unit.test_voice import SILENCE, block, webm
from wapto_app.models import MediaFile, MediaState, Role
from wapto_app.runtime import Runtime
from wapto_app.security import cookies
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import media as media_service
from wapto_app.web import media

NewClient = Callable[..., httpx.AsyncClient]
SignIn = Callable[[Actor], Awaitable[str]]
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def png() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(file, "PNG")
    return file.getvalue()


@pytest.fixture
async def client(runtime: Runtime, agent: Actor, sign_in: SignIn, new_client: NewClient) -> httpx.AsyncClient:
    return new_client(media.routes, cookie=await sign_in(agent))


@pytest.fixture
def stranger(runtime: Runtime, new_client: NewClient) -> httpx.AsyncClient:
    return new_client(media.routes)


async def upload(client: httpx.AsyncClient, content: Any, name: str = "view.png") -> httpx.Response:
    return await client.post("/media", content=content, headers={"x-filename": quote(name)})


def files_of(runtime: Runtime) -> list[Path]:
    return [path for path in runtime.settings.media_dir.rglob("*") if path.is_file()]


async def served(client: httpx.AsyncClient, content: bytes, name: str) -> httpx.Response:
    row = (await upload(client, content, name)).json()
    return await client.get(f"/media/{row['key']}")


# --- uploading


async def test_an_upload_can_be_looked_at(client: httpx.AsyncClient, runtime: Runtime) -> None:
    answer = await upload(client, png(), "die Aussicht 🌊.png")
    row = answer.json()
    assert (answer.status_code, row["kind"], row["filename"]) == (200, "image", "die Aussicht 🌊.png")
    shown = await client.get(f"/media/{row['key']}")
    assert (shown.status_code, shown.content) == (200, png())
    assert shown.headers["content-type"] == "image/png"
    assert shown.headers["content-disposition"].startswith("inline")
    assert [path.name for path in files_of(runtime)] == [row["key"]]


async def test_a_recording_becomes_what_whatsapp_plays(client: httpx.AsyncClient, runtime: Runtime) -> None:
    recorded = webm(block(SILENCE), block(SILENCE))
    headers = {"x-filename": "voice.ogg", "x-voice": "1"}
    row = (await client.post("/media", content=recorded, headers=headers)).json()
    assert (row["kind"], row["mime_type"]) == ("audio", "audio/ogg")
    assert (await client.get(f"/media/{row['key']}")).content.startswith(b"OggS")
    damaged = await client.post("/media", content=recorded[:60], headers=headers)
    assert (damaged.status_code, damaged.json()["field"]) == (422, "file")
    assert len(files_of(runtime)) == 1


async def test_without_a_session_nothing_is_taken_or_shown(
    client: httpx.AsyncClient, stranger: httpx.AsyncClient, runtime: Runtime
) -> None:
    row = (await upload(client, png())).json()
    assert (await upload(stranger, png())).status_code == 401
    assert (await stranger.get(f"/media/{row['key']}")).status_code == 401
    forged = {"cookie": f"{cookies.COOKIE}=guess"}
    assert (await stranger.get(f"/media/{row['key']}", headers=forged)).status_code == 401
    assert len(files_of(runtime)) == 1


async def test_without_the_permission_nothing_is_taken_or_shown(
    client: httpx.AsyncClient, runtime: Runtime, new_account: Any, sign_in: SignIn, new_client: NewClient
) -> None:
    operator = await new_account("Otto Operator", Role.OPERATOR)
    other = new_client(media.routes, cookie=await sign_in(operator))
    row = (await upload(client, png())).json()
    assert (await upload(other, png())).status_code == 403
    assert (await other.get(f"/media/{row['key']}")).status_code == 403


async def test_a_reader_may_look_but_not_upload(
    client: httpx.AsyncClient, agent: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = (await upload(client, png())).json()
    reader = replace(agent, permissions=frozenset({Permission.INBOX_SEE}))

    async def reading(_cookie: str) -> Actor:
        return reader

    monkeypatch.setattr(cookies, "actor_of", reading)
    assert (await client.get(f"/media/{row['key']}")).status_code == 200
    assert (await upload(client, png())).status_code == 403


@pytest.mark.parametrize(
    ("content", "status"), [(b"", 422), (b"\x89PNG\r\n\x1a\n<html>", 422), (b"\xff\xd8\xff broken", 422)]
)
async def test_what_whatsapp_does_not_take_is_refused_with_words(
    client: httpx.AsyncClient, runtime: Runtime, content: bytes, status: int
) -> None:
    answer = await upload(client, content)
    assert answer.status_code == status
    assert answer.json()["field"] == "file"
    assert answer.json()["error"]
    assert files_of(runtime) == []


@pytest.mark.parametrize("length", ["²", "9" * 5000, "-5", "x"])
async def test_an_absurd_length_is_refused(client: httpx.AsyncClient, runtime: Runtime, length: str) -> None:
    headers = {"cookie": client.headers["cookie"], "content-length": length.encode("latin-1")}
    request = httpx.Request("POST", "http://testserver/media", content=png(), headers=headers)  # type: ignore[arg-type]
    assert (await client.send(request)).status_code == 422
    assert files_of(runtime) == []


async def test_too_large_a_file_is_refused_announced_or_not(
    client: httpx.AsyncClient, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(media_service, "MAX_BYTES", 10_000)

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * 1000

    assert (await upload(client, b"x" * 20_000)).status_code == 422
    assert (await upload(client, pieces())).status_code == 422
    assert files_of(runtime) == []


@pytest.mark.parametrize("where", ["write", "move"])
async def test_a_full_disk_is_said_and_leaves_nothing(
    client: httpx.AsyncClient, runtime: Runtime, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    async def cannot_write(*_arguments: Any) -> None:
        raise full

    def cannot_move(*_arguments: Any) -> Any:
        raise full

    before = (await upload(client, png())).json()
    if where == "write":
        monkeypatch.setattr(media, "_write_stream", cannot_write)
    else:
        monkeypatch.setattr(media_service.uploads, "_move", cannot_move)
    answer = await upload(client, png())
    assert answer.status_code == 507
    assert "disk" in answer.json()["error"]
    monkeypatch.undo()
    assert [path.name for path in files_of(runtime)] == [before["key"]]
    assert (await client.get(f"/media/{before['key']}")).status_code == 200


async def test_an_upload_that_breaks_off_leaves_nothing(
    client: httpx.AsyncClient, runtime: Runtime, sign_in: SignIn, agent: Actor
) -> None:
    from starlette.applications import Starlette

    sent: list[Any] = []
    messages = iter(
        [{"type": "http.request", "body": b"half", "more_body": True}, {"type": "http.disconnect"}]
    )

    async def receive() -> Any:
        return next(messages)

    async def send(event: Any) -> None:
        sent.append(event)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/media",
        "headers": [(b"cookie", (await sign_in(agent)).encode())],
        "query_string": b"",
        "http_version": "1.1",
        "scheme": "http",
    }
    await Starlette(routes=media.routes)(scope, receive, send)
    assert [event["status"] for event in sent if "status" in event] == [400]
    assert files_of(runtime) == []


@pytest.mark.parametrize(
    "name",
    [
        "../../../evil.png",
        "/etc/cron.d/evil.png",
        "a\x00b.png",
        "x" * 3000 + ".png",
        "\u202egnp.png",
        "a\r\nset-cookie: b.png",
        "",
    ],
)
async def test_a_hostile_name_neither_leaves_the_folder_nor_the_header(
    client: httpx.AsyncClient, runtime: Runtime, name: str
) -> None:
    answer = await upload(client, png(), name)
    assert answer.status_code == 200
    row = answer.json()
    shown = await client.get(f"/media/{row['key']}?download")
    assert shown.status_code == 200
    assert "set-cookie" not in shown.headers
    disposition = shown.headers["content-disposition"]
    assert disposition.startswith("attachment")
    assert ".." not in disposition
    assert "202e" not in disposition.lower()
    assert "E2%80%AE" not in disposition
    assert all(path.is_relative_to(runtime.settings.media_dir) for path in files_of(runtime))
    assert len(files_of(runtime)) == 1


# --- serving


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (SVG, "cat.png"),
        (SVG, "cat.svg"),
        (b"<!DOCTYPE html><script>alert(1)</script>", "cat.jpg"),
        (b"%PDF-1.7\n%abc", "a.pdf"),
        (b"hello", "a.txt"),
        (b"<script>alert(1)</script>", "a.html"),
    ],
)
async def test_only_pictures_sound_and_film_are_shown_in_place(
    client: httpx.AsyncClient, content: bytes, name: str
) -> None:
    shown = await served(client, content, name)
    assert shown.headers["content-type"] == "application/octet-stream"
    assert shown.headers["content-disposition"].startswith("attachment")


async def test_a_polyglot_is_fenced_in(client: httpx.AsyncClient) -> None:
    shown = await served(client, png() + b"<html><script>alert(1)</script>", "a.png")
    assert shown.headers["content-type"] == "image/png"
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in shown.headers["content-security-policy"]
    assert "default-src 'none'" in shown.headers["content-security-policy"]
    assert shown.headers["cache-control"].startswith("private")


@pytest.mark.parametrize(
    "key",
    ["0" * 32, "x", "..%2f..%2fsecret.key", "%00", "..", "%2e%2e%2fsecret.key", "0" * 5000, "incoming"],
)
async def test_an_unknown_key_is_not_found(client: httpx.AsyncClient, runtime: Runtime, key: str) -> None:
    (runtime.settings.data_dir / "secret.key").write_text("secret")
    answer = await client.get(f"/media/{key}")
    assert answer.status_code in (404, 405)
    assert "secret" not in answer.text


async def test_a_file_missing_on_the_disk_is_not_found(client: httpx.AsyncClient, runtime: Runtime) -> None:
    row = (await upload(client, png())).json()
    files_of(runtime)[0].unlink()
    answer = await client.get(f"/media/{row['key']}")
    assert answer.status_code == 404
    assert "missing" in answer.json()["error"]


async def test_a_file_still_on_its_way_is_not_found(client: httpx.AsyncClient, runtime: Runtime) -> None:
    async with runtime.db.write() as session:
        session.add(MediaFile(key="a" * 32, state=MediaState.PENDING, mime_type="image/png"))
    assert (await client.get(f"/media/{'a' * 32}")).status_code == 404


async def test_part_of_a_film_can_be_asked_for(client: httpx.AsyncClient) -> None:
    film = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + bytes(range(256)) * 40
    row = (await upload(client, film, "a.mp4")).json()
    part = await client.get(f"/media/{row['key']}", headers={"range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, film[100:200])
    assert part.headers["content-type"] == "video/mp4"
