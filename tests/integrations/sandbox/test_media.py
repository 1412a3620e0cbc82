"""Files: upload, five-minute links, deletion, handles, linked files."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from integrations.sandbox import Sandbox
from integrations.sandbox.samples import sample_document, sample_image, sample_sticker, sample_voice

from .conftest import Bench, quick_config

PICTURE = sample_image("test")


async def upload(bench: Bench, data: bytes = PICTURE, kind: str = "image/jpeg") -> httpx.Response:
    form = {"messaging_product": "whatsapp", "type": kind}
    path = f"{bench.config.phone_number_id}/media"
    return await bench.graph.post(path, data=form, files={"file": ("a.jpg", data, kind)})


async def begin(bench: Bench, params: dict[str, Any]) -> str:
    session = (await bench.graph.post("app/uploads", params=params)).json()["id"]
    # `upload:…` alone would be read as a URL of its own.
    return f"http://sandbox/v25.0/{session}"


async def test_an_upload_can_be_looked_up_downloaded_and_deleted(bench: Bench) -> None:
    media_id = (await upload(bench)).json()["id"]
    info = (await bench.graph.get(media_id)).json()
    assert info["sha256"] == hashlib.sha256(PICTURE).hexdigest()
    assert (info["mime_type"], info["file_size"]) == ("image/jpeg", len(PICTURE))
    assert (await bench.graph.get(info["url"])).content == PICTURE
    assert (await bench.graph.delete(media_id)).json() == {"success": True}
    assert (await bench.graph.get(media_id)).json()["error"]["error_subcode"] == 33
    assert (await bench.graph.get(info["url"])).status_code == 404


async def test_a_download_needs_the_token_and_a_fresh_link(bench: Bench) -> None:
    url = (await bench.graph.get((await upload(bench)).json()["id"])).json()["url"]
    assert (await bench.http.get(url)).json()["error"]["code"] == 2500
    assert (await bench.graph.get(url[:-1] + "x")).status_code == 404
    await bench.faults(clock_offset_seconds=301)
    assert (await bench.graph.get(url)).status_code == 404


async def test_media_of_another_number_is_refused(bench: Bench) -> None:
    media_id = (await upload(bench)).json()["id"]
    other = {"phone_number_id": bench.config.second_phone_number_id}
    assert (await bench.graph.get(media_id, params=other)).json()["error"]["code"] == 100


@pytest.mark.parametrize(
    ("data", "kind", "expected"),
    [
        (b"", "image/jpeg", 131053),
        (b"not an image", "image/jpeg", 131053),
        (PICTURE, "image/png", 131053),
        (PICTURE, "image/tiff", 100),
        (b"x" * (5 * 1024 * 1024 + 1), "image/jpeg", 131053),
    ],
)
async def test_a_wrong_file_is_refused(bench: Bench, data: bytes, kind: str, expected: int) -> None:
    assert (await upload(bench, data, kind)).json()["error"]["code"] == expected


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (sample_sticker(), "image/webp"),
        (sample_document(), "application/pdf"),
        (sample_voice(), "audio/ogg"),
    ],
)
async def test_samples_pass_metas_own_checks(bench: Bench, data: bytes, kind: str) -> None:
    assert (await upload(bench, data, kind)).status_code == 200


async def test_an_uploaded_image_is_sent_and_shown(bench: Bench) -> None:
    await bench.write()
    media_id = (await upload(bench)).json()["id"]
    await bench.send(kind="image", image={"id": media_id, "caption": "See"})
    await bench.settle()
    view = (await bench.thread())[-1]["view"]
    assert view["text"] == "See"
    assert (await bench.http.get(view["media"]["url"])).content == PICTURE
    part = await bench.http.get(view["media"]["url"], headers={"Range": "bytes=2-5"})
    assert (part.status_code, part.content) == (206, PICTURE[2:6])


async def test_a_received_file_can_be_downloaded_with_its_hash(bench: Bench) -> None:
    await bench.graph.get(bench.config.phone_number_id)
    await bench.write(type="image", sample=True, caption="Mine")
    await bench.settle()
    image = bench.business.messages[0]["image"]
    data = (await bench.graph.get(image["url"])).content
    assert base64.b64decode(image["sha256"]) == hashlib.sha256(data).digest()
    assert image["caption"] == "Mine"
    again = (await bench.graph.get(image["id"])).json()
    assert (await bench.graph.get(again["url"])).content == data


async def test_the_phone_sends_files_by_form(bench: Bench) -> None:
    answer = await bench.http.post(
        "phone/customers/c1/messages",
        data={"type": "document", "caption": "Plan"},
        files={"file": ("plan.pdf", sample_document(), "application/pdf")},
    )
    assert answer.status_code == 200
    await bench.settle()
    document = bench.business.messages[0]["document"]
    assert (document["filename"], document["mime_type"], document["caption"]) == (
        "plan.pdf",
        "application/pdf",
        "Plan",
    )


async def test_a_resumable_upload_goes_on_after_a_break(bench: Bench) -> None:
    params = {"file_length": len(PICTURE), "file_type": "image/jpeg", "file_name": "a.jpg"}
    session = await begin(bench, params)
    bearer = await bench.graph.post(session, headers={"file_offset": "0"}, content=PICTURE)
    assert bearer.json()["error"]["code"] == 100
    oauth = {"Authorization": f"OAuth {bench.config.token}"}
    await bench.graph.post(session, headers=oauth | {"file_offset": "0"}, content=PICTURE[:100])
    assert (await bench.graph.get(session, headers=oauth)).json()["file_offset"] == 100
    done = await bench.graph.post(session, headers=oauth | {"file_offset": "100"}, content=PICTURE[100:])
    assert done.json()["h"].startswith("4::")


async def test_a_profile_picture_comes_from_a_handle(bench: Bench) -> None:
    params = {"file_length": len(PICTURE), "file_type": "image/jpeg"}
    session = await begin(bench, params)
    oauth = {"Authorization": f"OAuth {bench.config.token}", "file_offset": "0"}
    handle = (await bench.graph.post(session, headers=oauth, content=PICTURE)).json()["h"]
    path = f"{bench.config.phone_number_id}/whatsapp_business_profile"
    body = {"messaging_product": "whatsapp", "profile_picture_handle": handle, "about": "Open"}
    assert (await bench.graph.post(path, json=body)).json() == {"success": True}
    fields = {"fields": "about,profile_picture_url"}
    profile = (await bench.graph.get(path, params=fields)).json()["data"][0]
    assert profile["about"] == "Open"
    assert (await bench.http.get(profile["profile_picture_url"])).content == PICTURE


async def test_linked_files_are_fetched_once_and_failures_reported() -> None:
    asked: list[str] = []

    async def serve(request: Request) -> Response:
        if request.method == "POST":
            return Response()
        asked.append(request.url.path)
        found = request.url.path == "/good.jpg"
        return Response(PICTURE if found else b"", 200 if found else 404, media_type="image/jpeg")

    web = Starlette(routes=[Route("/{rest:path}", serve, methods=["GET", "POST"])])
    async with Sandbox(quick_config(), transport=httpx.ASGITransport(app=web)) as sandbox:
        bench = Bench(sandbox, None)  # type: ignore[arg-type]
        await bench.write()
        for name in ("good", "good", "bad"):
            link = {"link": f"https://files.example/{name}.jpg"}
            assert (await bench.send(kind="image", image=link)).status_code == 200
            await bench.settle()
        sent = [message for message in await bench.thread() if message["direction"] == "out"]
        assert asked == ["/good.jpg", "/bad.jpg"]
        assert (await bench.http.get(sent[0]["view"]["media"]["url"])).content == PICTURE
        assert sandbox.traffic.counts["failed"] == 1
        assert sent[-1]["error"]["code"] == 131053
