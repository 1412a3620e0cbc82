"""Files of the media library over HTTP."""

from __future__ import annotations

import errno
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.services.library import files_of, noise, photo
from tests.services.plans import limited
from wapto_app.models import Role
from wapto_app.runtime import Runtime
from wapto_app.security import cookies
from wapto_app.security.permissions import Actor, Permission
from wapto_app.web import library, media

NewClient = Callable[..., httpx.AsyncClient]
SignIn = Callable[[Actor], Awaitable[str]]
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!DOCTYPE html><html><script>alert(1)</script></html>"
PDF = b"%PDF-1.7\n%abc\n"


@pytest.fixture
async def client(runtime: Runtime, owner: Actor, sign_in: SignIn, new_client: NewClient) -> httpx.AsyncClient:
    return new_client([*library.routes, *media.routes], cookie=await sign_in(owner))


async def upload(
    client: httpx.AsyncClient, content: Any, name: str = "view.jpg", **query: str
) -> httpx.Response:
    headers = {"x-filename": quote(name)}
    return await client.post("/library", content=content, headers=headers, params=query)


async def test_a_file_comes_in_and_is_shown_with_its_preview(client: httpx.AsyncClient) -> None:
    answer = (await upload(client, photo(), "die Aussicht 🌊.jpg")).json()
    key = answer["file"]["key"]
    assert (answer["existing"], answer["file"]["name"]) == (False, "die Aussicht 🌊.jpg")
    shown = await client.get(f"/library/{key}")
    assert (shown.status_code, shown.content, shown.headers["content-type"]) == (200, photo(), "image/jpeg")
    assert "no-cache" in shown.headers["cache-control"]
    preview = await client.get(f"/library/{key}/thumbnail?v=1")
    assert (preview.status_code, preview.headers["content-type"]) == (200, "image/webp")
    assert "max-age" in preview.headers["cache-control"]
    saved = await client.get(f"/library/{key}?download=1")
    assert saved.headers["content-disposition"].startswith("attachment")
    assert (await upload(client, photo())).json()["existing"] is True


async def test_what_is_too_large_is_offered_to_be_made_smaller(
    client: httpx.AsyncClient, runtime: Runtime
) -> None:
    refused = await upload(client, noise(1500), "big.png")
    assert (refused.status_code, refused.json()["offer"]) == (422, "shrink")
    assert files_of(runtime) == []
    kept = (await upload(client, noise(1500), "big.png", shrink="1")).json()["file"]
    assert kept["size"] < kept["original_size"]
    broken = await upload(client, b"\xff\xd8\xff broken", "a.jpg")
    assert "offer" not in broken.json()


async def test_photos_of_the_composer_can_be_made_smaller_too(
    client: httpx.AsyncClient, runtime: Runtime
) -> None:
    headers = {"x-filename": "big.png"}
    refused = await client.post("/media", content=noise(1500), headers=headers)
    assert (refused.status_code, refused.json()["offer"]) == (422, "shrink")
    kept = (await client.post("/media?shrink=1", content=noise(1500), headers=headers)).json()
    assert (kept["filename"], kept["mime_type"]) == ("big.jpg", "image/jpeg")
    assert len(files_of(runtime)) == 1


async def test_trying_changes_nothing(client: httpx.AsyncClient, runtime: Runtime) -> None:
    key = (await upload(client, photo(900, 600, quality=98))).json()["file"]["key"]
    before = files_of(runtime)
    for what, mime_type in (("smaller", "image/jpeg"), ("sticker", "image/webp")):
        tried = await client.get(f"/library/{key}/{what}")
        assert (tried.status_code, tried.headers["content-type"]) == (200, mime_type)
        assert tried.headers["cache-control"] == "no-store"
    assert files_of(runtime) == before
    small = (await upload(client, photo(quality=10), "small.jpg")).json()["file"]["key"]
    refused = await client.get(f"/library/{small}/smaller")
    assert (refused.status_code, "as small as it can be" in refused.json()["error"]) == (422, True)


@pytest.mark.parametrize("content", [SVG, HTML])
@pytest.mark.parametrize("name", ["a.svg", "a.html", "a.jpg", "a.pdf"])
async def test_what_a_browser_could_run_is_only_ever_saved(
    client: httpx.AsyncClient, content: bytes, name: str
) -> None:
    key = (await upload(client, content, name)).json()["file"]["key"]
    for query in ("", "?view=1"):
        shown = await client.get(f"/library/{key}{query}")
        assert shown.headers["content-type"] == "application/octet-stream"
        assert shown.headers["content-disposition"].startswith("attachment")
        assert "sandbox" in shown.headers["content-security-policy"]


async def test_a_pdf_is_shown_only_on_request_and_never_as_a_page(client: httpx.AsyncClient) -> None:
    key = (await upload(client, PDF, "a.pdf")).json()["file"]["key"]
    shown = await client.get(f"/library/{key}?view=1")
    assert shown.headers["content-type"] == "application/pdf"
    assert shown.headers["content-disposition"].startswith("inline")
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in shown.headers["content-security-policy"]
    assert (await client.get(f"/library/{key}")).headers["content-disposition"].startswith("attachment")


async def test_part_of_a_film_can_be_asked_for(client: httpx.AsyncClient) -> None:
    film = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + bytes(range(256)) * 40
    key = (await upload(client, film, "a.mp4")).json()["file"]["key"]
    part = await client.get(f"/library/{key}", headers={"range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, film[100:200])


async def test_strangers_and_those_without_the_permission_get_nothing(
    client: httpx.AsyncClient, new_account: Any, sign_in: SignIn, new_client: NewClient
) -> None:
    key = (await upload(client, photo())).json()["file"]["key"]
    operator = await new_account("Otto Operator", Role.OPERATOR)
    paths = [f"/library/{key}{what}" for what in ("", "/thumbnail", "/smaller", "/sticker")]
    for other, status in (
        (new_client(library.routes), 401),
        (new_client(library.routes, cookie=await sign_in(operator)), 403),
    ):
        assert (await upload(other, photo(seed=2))).status_code == status
        assert [(await other.get(path)).status_code for path in paths] == [status] * 4


async def test_a_reader_may_look_but_not_change(
    client: httpx.AsyncClient, owner: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = (await upload(client, photo(900, 600, quality=98))).json()["file"]["key"]
    reader = replace(owner, permissions=frozenset({Permission.MEDIA_SEE}))

    async def reading(_cookie: str) -> Actor:
        return reader

    monkeypatch.setattr(cookies, "actor_of", reading)
    assert (await client.get(f"/library/{key}")).status_code == 200
    assert (await upload(client, PDF, "a.pdf")).status_code == 403
    assert (await client.get(f"/library/{key}/smaller")).status_code == 403


@pytest.mark.parametrize("key", ["0" * 32, "x", "..%2f..%2fsecret.key", "%00", "0" * 5000, "incoming"])
async def test_an_unknown_key_is_not_found(client: httpx.AsyncClient, runtime: Runtime, key: str) -> None:
    (runtime.settings.data_dir / "secret.key").write_text("secret")
    for what in ("", "/thumbnail", "/smaller"):
        answer = await client.get(f"/library/{key}{what}")
        assert answer.status_code in (404, 405)
        assert "secret" not in answer.text


async def test_a_full_disk_and_a_full_plan_are_said_and_leave_nothing(
    client: httpx.AsyncClient, runtime: Runtime, admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(sys.modules["wapto_app.services.library.keep"], "place", full)
    answer = await upload(client, photo())
    assert (answer.status_code, "disk may be full" in answer.json()["error"]) == (507, True)
    monkeypatch.undo()
    await limited(runtime.db, admin, media_mb=0)
    answer = await upload(client, photo())
    assert (answer.status_code, "MB of media" in answer.json()["error"]) == (422, True)
    assert files_of(runtime) == []


@pytest.mark.parametrize("folder", ["999999999999", "-1", "x", "'; --", "99"])
async def test_a_folder_that_is_none_is_no_crash(client: httpx.AsyncClient, folder: str) -> None:
    answer = await upload(client, photo(), folder=folder)
    assert answer.status_code in (200, 404)


async def test_a_missing_file_says_so(client: httpx.AsyncClient, runtime: Runtime) -> None:
    row = (await upload(client, PDF, "a.pdf")).json()["file"]
    for path in files_of(runtime):
        path.unlink()
    answer = await client.get(f"/library/{row['key']}")
    assert (answer.status_code, "missing" in answer.json()["error"]) == (404, True)
