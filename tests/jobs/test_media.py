"""Files in both directions: fetched from Meta as they come, brought to Meta before their messages leave."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import io
import os
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from PIL import Image
from sqlmodel import col, select

from integrations.sandbox.sandbox import Sandbox
from tests.jobs.conftest import Desk, Eventually, Network, Phone, at_work
from tests.meta import ago
from tests.services.library import put
from wapto_app.jobs import media as media_job
from wapto_app.models import ChannelStatus, MediaFile, MediaState, MessageStatus
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services import inbox, library, media

S = MessageStatus
DONE = (S.SENT, S.DELIVERED, S.READ)


def png(side: int = 8) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (side, side), "red").save(file, "PNG")
    return file.getvalue()


async def upload(runtime: Runtime, actor: Actor, content: bytes, name: str = "view.png") -> str:
    temporary = runtime.settings.data_dir / "upload"
    temporary.write_bytes(content)
    async with runtime.db.write() as session:
        return (await media.keep_upload(session, actor, runtime.settings.media_dir, temporary, name))["key"]


async def sends_file(desk: Desk, key: str, caption: str = "") -> int:
    async with desk.runtime.db.write() as session:
        return await inbox.send_file(session, desk.actor, desk.conversation_id, key, caption)


async def files(runtime: Runtime) -> list[MediaFile]:
    async with runtime.db.read() as session:
        return list((await session.exec(select(MediaFile).order_by(col(MediaFile.id)))).all())


def waiting_for(runtime: Runtime, state: MediaState, count: int = 1) -> Any:
    async def reached() -> Any:
        found = [file for file in await files(runtime) if file.state is state]
        return found if len(found) == count else None

    return reached


async def test_a_file_of_the_library_is_sent_and_outlives_it(
    sandbox: Sandbox, owner: Actor, runtime: Runtime, desk: Desk, jobs: None, eventually: Eventually
) -> None:
    row = (await put(runtime, owner, png(), "plan.png"))["file"]
    async with runtime.db.write() as session:
        (key,) = await library.attach(session, owner, [row["key"]])
    await sends_file(desk, key)
    await library.delete(runtime.db, owner, runtime.settings.media_dir, [row["key"]])
    await eventually(lambda: desk.all_are(*DONE))
    assert png() in [each.data for each in sandbox.store.media.values()]


# --- from the customer


async def test_a_photo_of_the_customer_is_kept_with_its_digest(
    sandbox: Sandbox, runtime: Runtime, channel_id: int, jobs: None, phone: Phone, eventually: Eventually
) -> None:
    await phone.sends({"type": "image", "sample": True, "caption": "the view"})
    (file,) = await eventually(waiting_for(runtime, MediaState.STORED))
    content = (runtime.settings.media_dir / file.path).read_bytes()
    assert content == next(iter(sandbox.store.media.values())).data
    assert (file.size, file.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert (file.mime_type, file.path) == ("image/jpeg", f"{file.key[:2]}/{file.key}")
    assert list(media.incoming(runtime.settings.media_dir).iterdir()) == []


async def test_a_file_that_is_gone_from_the_disk_is_fetched_again(
    owner: Actor, runtime: Runtime, channel_id: int, jobs: None, phone: Phone, eventually: Eventually
) -> None:
    await phone.sends({"type": "image", "sample": True})
    (file,) = await eventually(waiting_for(runtime, MediaState.STORED))
    path = runtime.settings.media_dir / file.path
    content = path.read_bytes()
    path.unlink()
    async with runtime.db.write() as session:
        await media.fetch_again(session, owner, runtime.settings.media_dir, file.key)
    await eventually(waiting_for(runtime, MediaState.STORED))
    assert path.read_bytes() == content


async def test_voice_and_documents_are_kept_too(
    sandbox: Sandbox, runtime: Runtime, channel_id: int, jobs: None, phone: Phone, eventually: Eventually
) -> None:
    for kind in ("audio", "document", "sticker"):
        await phone.sends({"type": kind, "sample": True})
    found = await eventually(waiting_for(runtime, MediaState.STORED, 3))
    assert sorted(file.mime_type for file in found) == ["application/pdf", "audio/ogg", "image/webp"]
    assert [media.is_inline(file.mime_type) for file in sorted(found, key=lambda file: file.mime_type)] == [
        False,
        True,
        True,
    ]


@pytest.mark.parametrize(
    "content",
    [
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        b"<!DOCTYPE html><html><script>alert(1)</script></html>",
        b"%PDF-1.4 not a picture",
    ],
)
async def test_a_page_that_calls_itself_a_picture_is_never_shown_in_place(
    sandbox: Sandbox,
    runtime: Runtime,
    channel_id: int,
    jobs: None,
    phone: Phone,
    eventually: Eventually,
    content: bytes,
) -> None:
    await phone.http.post(
        f"/phone/customers/{phone.customer_id}/messages",
        data={"type": "image", "mime_type": "image/png"},
        files={"file": ("cat.png", content, "image/png")},
    )
    (file,) = await eventually(waiting_for(runtime, MediaState.STORED))
    assert not media.is_inline(file.mime_type)


@pytest.mark.usefixtures("impatient")
async def test_an_expired_link_is_asked_for_again(
    sandbox: Sandbox,
    runtime: Runtime,
    channel_id: int,
    network: Network,
    phone: Phone,
    eventually: Eventually,
) -> None:
    refused: list[int] = []
    whole = network.inner

    class Expiring(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if "lookaside" in request.url.path and len(refused) < 2:
                refused.append(1)
                return httpx.Response(404, text="URL signature expired", request=request)
            return await whole.handle_async_request(request)

    network.inner = Expiring()
    async with at_work(runtime):
        await phone.sends({"type": "image", "sample": True})
        await eventually(waiting_for(runtime, MediaState.STORED))
    assert len(refused) == 2


@pytest.mark.usefixtures("impatient")
async def test_a_file_that_meta_has_lost_is_given_up(
    sandbox: Sandbox,
    runtime: Runtime,
    channel_id: int,
    network: Network,
    phone: Phone,
    eventually: Eventually,
) -> None:
    await phone.sends({"type": "image", "sample": True})
    sandbox.store.media.clear()
    async with at_work(runtime):
        (file,) = await eventually(waiting_for(runtime, MediaState.FAILED))
    assert file.error
    assert file.attempt == media_job._MAX_REFUSALS


@pytest.mark.usefixtures("impatient")
async def test_an_outage_does_not_cost_a_file_but_seven_days_do(
    sandbox: Sandbox,
    runtime: Runtime,
    channel_id: int,
    network: Network,
    phone: Phone,
    eventually: Eventually,
) -> None:
    async with at_work(runtime):
        network.is_down = True
        await phone.sends({"type": "image", "sample": True})
        await phone.sends({"type": "image", "sample": True})

        async def tried_often() -> bool:
            found = await files(runtime)
            return len(found) == 2 and all(file.attempt > media_job._MAX_REFUSALS + 2 for file in found)

        await eventually(tried_often)
        async with runtime.db.write() as session:
            first = sa.select(sa.func.min(MediaFile.id)).scalar_subquery()
            await session.exec(
                sa.update(MediaFile).where(col(MediaFile.id) == first).values(created_at=ago(days=8))
            )
        await eventually(waiting_for(runtime, MediaState.FAILED))
        network.is_down = False
        await eventually(waiting_for(runtime, MediaState.STORED))


@pytest.mark.usefixtures("impatient")
async def test_a_full_disk_does_not_cost_a_file(
    runtime: Runtime,
    channel_id: int,
    network: Network,
    phone: Phone,
    eventually: Eventually,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(_file: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(media_job, "_make_durable", full)
    async with at_work(runtime):
        await phone.sends({"type": "image", "sample": True})

        async def refused() -> Any:
            found = await files(runtime)
            return found if found and found[0].error else None

        (file,) = await eventually(refused)
        assert "No space left" in file.error
        monkeypatch.undo()
        await eventually(waiting_for(runtime, MediaState.STORED))
        # Of none of the attempts; before, the next one may have begun already.
        assert list(media.incoming(runtime.settings.media_dir).iterdir()) == []


async def test_a_file_that_is_too_large_says_so(
    runtime: Runtime,
    channel_id: int,
    network: Network,
    phone: Phone,
    eventually: Eventually,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(media, "MAX_BYTES", 1000)
    async with at_work(runtime):
        await phone.sends({"type": "image", "sample": True})
        (file,) = await eventually(waiting_for(runtime, MediaState.FAILED))
    assert "100 MB" in file.error
    assert not (runtime.settings.media_dir / f"{file.key[:2]}/{file.key}").exists()


@pytest.mark.usefixtures("impatient")
async def test_a_file_that_breaks_its_fetcher_does_not_stop_the_others(
    runtime: Runtime,
    channel_id: int,
    network: Network,
    phone: Phone,
    eventually: Eventually,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole, broken = media_job._fetch, []

    async def sometimes(process: Runtime, file: Any) -> Any:
        if not broken or file.id == broken[0]:
            broken[:] = [file.id]
            raise ValueError("unexpected")
        return await whole(process, file)

    monkeypatch.setattr(media_job, "_fetch", sometimes)
    async with at_work(runtime):
        for _ in range(3):
            await phone.sends({"type": "image", "sample": True})
        await eventually(waiting_for(runtime, MediaState.STORED, 2))
        await eventually(waiting_for(runtime, MediaState.FAILED))


async def test_two_processes_do_not_fetch_the_same_file(
    sandbox: Sandbox,
    runtime: Runtime,
    channel_id: int,
    network: Network,
    phone: Phone,
    eventually: Eventually,
) -> None:
    sandbox.faults.change({"latency_ms": 100})
    seen: list[str] = []
    whole = network.inner

    class Watching(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if "lookaside" in request.url.path:
                seen.append(str(request.url))
            return await whole.handle_async_request(request)

    network.inner = Watching()
    async with at_work(runtime), at_work(runtime):
        for _ in range(4):
            await phone.sends({"type": "image", "sample": True})
        await eventually(waiting_for(runtime, MediaState.STORED, 4))
    assert len(seen) == 4


def test_what_a_dead_process_left_behind_is_removed(tmp_path: Path) -> None:
    old, young = tmp_path / "old", tmp_path / "young"
    for path in (old, young):
        path.write_bytes(b"x")
    os.utime(old, (0, time.time() - 2 * 24 * 3600))
    media_job._remove_abandoned(tmp_path)
    media_job._remove_abandoned(tmp_path / "missing")
    assert not old.exists()
    assert young.exists()


# --- to the customer


async def test_a_picture_is_uploaded_before_its_message_and_keeps_its_place(
    sandbox: Sandbox, desk: Desk, phone: Phone, runtime: Runtime, eventually: Eventually
) -> None:
    key = await upload(runtime, desk.actor, png())
    await desk.writes("before")
    await sends_file(desk, key, "look")
    await desk.writes("after")
    await eventually(lambda: desk.all_are(*DONE))
    shown = [each for each in await phone.messages() if each["direction"] == "out"]
    assert [each["type"] for each in shown] == ["text", "image", "text"]
    assert shown[1]["body"]["caption"] == "look"
    assert sandbox.store.duplicates == {}


async def test_a_file_sent_twice_is_uploaded_once(
    sandbox: Sandbox, desk: Desk, runtime: Runtime, eventually: Eventually
) -> None:
    key, before = await upload(runtime, desk.actor, png()), len(sandbox.store.media)
    for _ in range(3):
        await sends_file(desk, key)
    await eventually(lambda: desk.all_are(*DONE))
    assert len(sandbox.store.media) == before + 1


async def test_a_file_that_meta_refuses_fails_its_message_with_the_reason(
    sandbox: Sandbox, desk: Desk, runtime: Runtime, phone: Phone, eventually: Eventually
) -> None:
    key = await upload(runtime, desk.actor, b"PK\x03\x04" + bytes(100), "things.zip")
    await sends_file(desk, key)
    await desk.writes("after it")
    await eventually(lambda: desk.all_are(S.FAILED, *DONE))
    first, second = await desk.messages()
    assert (first.status, second.status in DONE) == (S.FAILED, True)
    assert "type" in first.error_detail


async def test_a_file_missing_on_the_server_fails_its_message(
    desk: Desk, runtime: Runtime, eventually: Eventually
) -> None:
    key = await upload(runtime, desk.actor, png())
    (runtime.settings.media_dir / key[:2] / key).unlink()
    await sends_file(desk, key)
    await eventually(lambda: desk.all_are(S.FAILED))
    assert "missing" in (await desk.messages())[0].error_detail


@pytest.mark.usefixtures("impatient")
async def test_an_outage_during_the_upload_costs_nothing_but_time(
    sandbox: Sandbox, desk: Desk, network: Network, runtime: Runtime, eventually: Eventually
) -> None:
    key = await upload(runtime, desk.actor, png())
    network.is_down = True
    await sends_file(desk, key)

    async def tried_often() -> bool:
        return (await files(runtime))[0].attempt > 7

    await eventually(tried_often)
    assert await desk.all_are(S.QUEUED)
    network.is_down = False
    await eventually(lambda: desk.all_are(*DONE))


@pytest.mark.usefixtures("impatient")
async def test_a_revoked_token_keeps_the_file_and_its_message_waiting(
    sandbox: Sandbox, desk: Desk, runtime: Runtime, eventually: Eventually
) -> None:
    key = await upload(runtime, desk.actor, png())
    sandbox.faults.change({"revoked_token": True})
    await sends_file(desk, key)

    async def asks_for_reconnection() -> bool:
        return (await desk.channel()).status is ChannelStatus.RECONNECT

    await eventually(asks_for_reconnection)
    assert await desk.all_are(S.QUEUED)
    assert (await files(runtime))[0].refusals == 0


@pytest.mark.usefixtures("impatient")
async def test_a_slow_upload_holds_up_neither_texts_nor_receipts_of_others(
    sandbox: Sandbox,
    desk: Desk,
    runtime: Runtime,
    network: Network,
    phones: list[Phone],
    eventually: Eventually,
) -> None:
    await phones[1].says("Hi")

    async def both() -> Any:
        async with runtime.db.read() as session:
            found = await inbox.listing(session, desk.actor)
        return found if len(found) == 2 else None

    other = next(row["id"] for row in await eventually(both) if row["id"] != desk.conversation_id)
    whole, release = network.inner, asyncio.Event()

    class Slow(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.path.endswith("/media"):
                await release.wait()
            return await whole.handle_async_request(request)

    network.inner = Slow()
    await sends_file(desk, await upload(runtime, desk.actor, png()))
    await asyncio.sleep(0.1)
    async with runtime.db.write() as session:
        await inbox.send_text(session, desk.actor, other, "quick")
        await inbox.open_conversation(session, desk.actor, other)

    async def quick() -> bool:
        read = [each["status"] for each in await phones[1].messages() if each["direction"] == "in"]
        return await phones[1].received() == ["quick"] and read == ["read"]

    await eventually(quick)
    release.set()
    await eventually(lambda: desk.all_are(*DONE))
