"""Files: uploads in both forms, guarded downloads, and where the access token may go."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from pathlib import Path

import httpx
import pytest

from integrations.whatsapp import (
    Ambiguous,
    GraphClient,
    GraphError,
    MediaExpired,
    MediaTooLarge,
    digest,
    same_digest,
)
from tests.integrations.whatsapp.fake_meta import TOKEN, FakeMeta, answer, break_off, hang_up, refusal


async def test_bytes_are_uploaded_as_a_form(meta: FakeMeta, graph: GraphClient) -> None:
    meta.script = [answer({"id": 99})]
    assert await graph.upload_media("106", b"\x89PNG", "image/png", "a.png") == "99"
    assert meta.last.path == "/v25.0/106/media"
    assert meta.last.headers["content-type"].startswith("multipart/form-data")
    for part in (b'name="messaging_product"', b"whatsapp", b'filename="a.png"', b"image/png", b"\x89PNG"):
        assert part in meta.last.body


async def test_a_file_is_uploaded_from_disk(meta: FakeMeta, graph: GraphClient, tmp_path: Path) -> None:
    meta.script = [answer({"id": "99"})]
    path = tmp_path / "big.bin"
    path.write_bytes(b"x" * 300_000)
    assert await graph.upload_media("106", path, "application/pdf", "big.pdf") == "99"
    assert b"x" * 300_000 in meta.last.body


async def test_a_refused_upload_says_why(meta: FakeMeta, graph: GraphClient) -> None:
    meta.script = [refusal(131053)]
    with pytest.raises(GraphError) as caught:
        await graph.upload_media("106", b"x", "image/png", "a.png")
    assert caught.value.code == 131053


async def test_a_fresh_link_is_looked_up(meta: FakeMeta, graph: GraphClient) -> None:
    meta.script = [answer({"id": "9", "url": "https://l", "mime_type": "image/jpeg", "file_size": "303833"})]
    info = await graph.media_info("9", "106")
    assert (info.url, info.file_size, info.sha256) == ("https://l", 303833, None)
    assert meta.last.query == {"phone_number_id": "106"}
    meta.script = [answer({"success": True})]
    assert await graph.delete_media("9")


async def test_a_download_brings_bytes_type_and_size(meta: FakeMeta, graph: GraphClient) -> None:
    meta.script = [answer(b"y" * 50_000, Content_Type="image/jpeg")]
    async with graph.download_media(f"{meta.url}/file?mid=1") as file:
        assert (file.mime_type, file.size) == ("image/jpeg", 50_000)
        assert await file.read() == b"y" * 50_000
    assert meta.last.headers["authorization"] == f"Bearer {TOKEN}"


async def test_an_announced_size_above_the_limit_stops_at_once(meta: FakeMeta, graph: GraphClient) -> None:
    meta.script = [answer(b"y" * 101)]
    with pytest.raises(MediaTooLarge):
        async with graph.download_media(f"{meta.url}/file", max_bytes=100):
            raise AssertionError("must not open")


async def test_a_size_that_was_not_announced_is_guarded_too(meta: FakeMeta, graph: GraphClient) -> None:
    async def endless(writer: object) -> None:
        writer.write(b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n")  # type: ignore[attr-defined]
        for _ in range(50):
            writer.write(b"3e8\r\n" + b"z" * 1000 + b"\r\n")  # type: ignore[attr-defined]

    meta.script = [endless]
    with pytest.raises(MediaTooLarge):
        async with graph.download_media(f"{meta.url}/file", max_bytes=10_000) as file:
            await file.read()


async def test_an_old_link_has_expired(meta: FakeMeta, graph: GraphClient) -> None:
    meta.script = [answer(b"gone", 404)]
    with pytest.raises(MediaExpired):
        async with graph.download_media(f"{meta.url}/file"):
            pass


async def test_a_refused_download_keeps_its_code(meta: FakeMeta, graph: GraphClient) -> None:
    meta.script = [refusal(190, status=401)]
    with pytest.raises(GraphError) as caught:
        async with graph.download_media(f"{meta.url}/file"):
            pass
    assert caught.value.is_auth


async def test_a_broken_download_is_no_complete_file(meta: FakeMeta, graph: GraphClient) -> None:
    meta.script = [break_off]
    with pytest.raises(Ambiguous):
        async with graph.download_media(f"{meta.url}/file") as file:
            await file.read()


async def test_the_token_never_goes_to_a_foreign_host(meta: FakeMeta, http: httpx.AsyncClient) -> None:
    graph = GraphClient(TOKEN, http=http, base_url="https://graph.facebook.com")
    meta.script = [answer(b"data")]
    async with graph.download_media(f"{meta.url}/file") as file:
        assert await file.read() == b"data"
    assert "authorization" not in meta.last.headers


async def test_the_token_does_not_follow_a_redirect_abroad(meta: FakeMeta, graph: GraphClient) -> None:
    foreign = f"http://localhost:{meta.port}/elsewhere"
    meta.script = [answer(b"", 302, Location=foreign), answer(b"data")]
    async with graph.download_media(f"{meta.url}/file") as file:
        assert await file.read() == b"data"
    assert "authorization" in meta.asked[0].headers
    assert "authorization" not in meta.asked[1].headers


async def test_endless_redirects_end(meta: FakeMeta, graph: GraphClient) -> None:
    meta.script = [answer(b"", 302, Location="/again")]
    with pytest.raises(Ambiguous):
        async with graph.download_media(f"{meta.url}/file"):
            pass


@pytest.mark.parametrize(
    ("url", "trusted"),
    [
        ("https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1", True),
        ("https://graph.facebook.com/v25.0/1", True),
        ("https://media.whatsapp.net/x", True),
        ("http://lookaside.fbsbx.com/x", False),
        ("https://evilfbsbx.com/x", False),
        ("https://lookaside.fbsbx.com.evil.example/x", False),
        ("https://evil.example/?u=.fbsbx.com", False),
        ("https://user@evil.example/x", False),
    ],
)
async def test_only_meta_hosts_are_trusted(http: httpx.AsyncClient, url: str, trusted: bool) -> None:
    headers = GraphClient(TOKEN, http=http)._download_headers(httpx.URL(url))
    assert ("Authorization" in headers) is trusted


async def test_a_handle_is_uploaded_with_the_oauth_scheme(meta: FakeMeta, graph: GraphClient) -> None:
    meta.script = [answer({"id": "upload:MTph?sig=ARZq"}), answer({"h": "4::aW1:\nARa"})]
    assert await graph.upload_handle(b"sample", "image/png", "a.png") == "4::aW1:\nARa"
    opened, sent = meta.asked
    assert opened.path == "/v25.0/app/uploads"
    assert opened.query == {"file_length": "6", "file_type": "image/png", "file_name": "a.png"}
    assert sent.target == "/v25.0/upload:MTph?sig=ARZq"
    assert (sent.headers["authorization"], sent.headers["file_offset"]) == (f"OAuth {TOKEN}", "0")
    assert sent.body == b"sample"


async def test_an_interrupted_handle_upload_continues(meta: FakeMeta, graph: GraphClient) -> None:
    meta.script = [
        answer({"id": "upload:A"}),
        hang_up,
        answer({"id": "upload:A", "file_offset": 4}),
        answer({"h": "handle"}),
    ]
    assert await graph.upload_handle(b"sample", "image/png", "a.png") == "handle"
    assert (meta.last.headers["file_offset"], meta.last.body) == ("4", b"le")


def test_a_digest_is_compared_in_both_encodings() -> None:
    raw = hashlib.sha256(b"file").digest()
    assert digest(b"file") == raw
    assert same_digest(raw, raw.hex())
    assert same_digest(raw, b64encode(raw).decode())
    assert not same_digest(raw, "0" * 64)
