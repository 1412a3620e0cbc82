"""The webhook route: only Meta gets in, and nothing is acknowledged that is not on the disk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from sqlmodel import col, select
from starlette.applications import Starlette

from tests import meta
from tests.meta import APP_SECRET, inbound, message, raw, signed
from wapto_app.db import WriterStopped, touch
from wapto_app.models import Channel, EventState, Message, WebhookEvent
from wapto_app.runtime import Runtime
from wapto_app.services import ingest
from wapto_app.web import webhooks

URL = "/webhooks/whatsapp"
VERIFY = "a-verify-token"
NewClient = Callable[..., httpx.AsyncClient]
NewChannel = Callable[..., Awaitable[int]]


@pytest.fixture
def new_channel(runtime: Runtime) -> NewChannel:
    async def make(pnid: str, *, app_secret: str = APP_SECRET, verify_token: str = VERIFY) -> int:
        channel = Channel(
            phone_number_id=pnid,
            waba_id=meta.WABA,
            app_secret=runtime.secrets.seal(app_secret),
            verify_token=runtime.secrets.seal(verify_token),
        )
        async with runtime.db.write() as session:
            session.add(channel)
            touch(session, "channels")
        assert channel.id is not None
        return channel.id

    return make


@pytest.fixture
async def client(
    runtime: Runtime, new_channel: NewChannel, new_client: NewClient
) -> AsyncIterator[httpx.AsyncClient]:
    webhooks.keys.forget()
    with runtime.hub.listening(webhooks.follow_channels):
        await new_channel(meta.PNID)
        yield new_client(webhooks.routes)
    webhooks.keys.forget()


async def stored(runtime: Runtime) -> list[WebhookEvent]:
    async with runtime.db.read() as session:
        return list((await session.exec(select(WebhookEvent).order_by(col(WebhookEvent.id)))).all())


async def apply(runtime: Runtime) -> tuple[int, int]:
    outcome = await runtime.writer.run(ingest.apply_pending, None)
    return outcome.applied, outcome.failed


async def post(client: httpx.AsyncClient, body: bytes, secret: str = APP_SECRET) -> httpx.Response:
    return await client.post(URL, content=body, headers=signed(body, secret))


# --- the handshake


def challenge(**more: str) -> dict[str, str]:
    return {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": VERIFY} | more


async def test_the_challenge_is_answered_in_plain_text(client: httpx.AsyncClient) -> None:
    answer = await client.get(URL, params=challenge())
    assert (answer.status_code, answer.text) == (200, "1158201444")
    assert answer.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize(
    "params",
    [
        {},
        challenge(**{"hub.verify_token": "wrong"}),
        challenge(**{"hub.verify_token": ""}),
        challenge(**{"hub.verify_token": VERIFY + " "}),
        challenge(**{"hub.verify_token": "\ufffd\u0000é"}),
        challenge(**{"hub.mode": "unsubscribe"}),
        challenge(**{"hub.mode": ""}),
        challenge(**{"hub.challenge": ""}),
        {"hub.challenge": "1", "hub.mode": "subscribe"},
    ],
)
async def test_a_wrong_handshake_is_forbidden(client: httpx.AsyncClient, params: dict[str, str]) -> None:
    answer = await client.get(URL, params=params)
    assert answer.status_code == 403
    assert "1158201444" not in answer.text


async def test_an_empty_verify_token_opens_nothing(
    client: httpx.AsyncClient, new_channel: NewChannel, runtime: Runtime
) -> None:
    await new_channel("2", verify_token="")
    assert (await client.get(URL, params=challenge(**{"hub.verify_token": ""}))).status_code == 403


async def test_the_token_of_every_number_is_known_at_once(
    client: httpx.AsyncClient, new_channel: NewChannel
) -> None:
    other = challenge(**{"hub.verify_token": "another-token"})
    assert (await client.get(URL, params=other)).status_code == 403
    await new_channel("2", verify_token="another-token")
    assert (await client.get(URL, params=other)).status_code == 200
    assert (await client.get(URL, params=challenge())).status_code == 200


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
async def test_other_methods_are_refused(client: httpx.AsyncClient, method: str) -> None:
    assert (await client.request(method, URL)).status_code == 405


# --- the signature


BODY = raw(inbound(message("wamid.1", body="héllo / 👋", at=datetime(2026, 3, 1, tzinfo=UTC))))


async def test_what_meta_signed_is_stored_byte_by_byte(client: httpx.AsyncClient, runtime: Runtime) -> None:
    assert (await post(client, BODY)).status_code == 200
    (event,) = await stored(runtime)
    assert (event.body, event.state) == (BODY, EventState.NEW)


GOOD = signed(BODY)["x-hub-signature-256"]


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "sha256=",
        "sha1=" + GOOD[7:],
        GOOD[7:],
        GOOD[:-1],
        GOOD + "0",
        "sha256=" + "0" * 64,
        GOOD[:-1] + ("0" if GOOD[-1] != "0" else "1"),
        "sha256=" + "é" * 64,
        "sha256=" + "f" * 100_000,
    ],
)
async def test_a_bad_signature_is_refused_and_nothing_is_stored(
    client: httpx.AsyncClient, runtime: Runtime, header: str | None
) -> None:
    headers = {} if header is None else {"x-hub-signature-256": header.encode()}
    answer = await client.post(URL, content=BODY, headers=headers)  # type: ignore[arg-type]
    assert answer.status_code == 401
    assert await stored(runtime) == []


@pytest.mark.parametrize("position", [0, 1, len(BODY) // 2, len(BODY) - 1])
async def test_one_changed_byte_is_noticed(
    client: httpx.AsyncClient, runtime: Runtime, position: int
) -> None:
    changed = bytearray(BODY)
    changed[position] ^= 1
    assert (await client.post(URL, content=bytes(changed), headers=signed(BODY))).status_code == 401
    assert (await client.post(URL, content=BODY + b" ", headers=signed(BODY))).status_code == 401
    assert await stored(runtime) == []


async def test_any_of_several_apps_may_sign(
    client: httpx.AsyncClient, runtime: Runtime, new_channel: NewChannel
) -> None:
    assert (await post(client, BODY, "the secret of another app")).status_code == 401
    await new_channel("2", app_secret="the secret of another app")
    assert (await post(client, BODY, "the secret of another app")).status_code == 200
    assert (await post(client, raw(inbound(message("wamid.2"))), APP_SECRET)).status_code == 200


async def test_a_new_app_secret_counts_without_a_restart_and_the_old_one_no_more(
    client: httpx.AsyncClient, runtime: Runtime
) -> None:
    assert (await post(client, BODY)).status_code == 200
    async with runtime.db.write() as session:
        await session.exec(sa.update(Channel).values(app_secret=runtime.secrets.seal("new")))
    runtime.hub.publish(frozenset({"channels"}))
    assert (await post(client, BODY, "new")).status_code == 200
    assert (await post(client, BODY)).status_code == 401


async def test_a_secret_changed_by_another_process_is_found_after_some_seconds(
    client: httpx.AsyncClient, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await post(client, BODY)).status_code == 200
    async with runtime.db.write() as session:
        await session.exec(sa.update(Channel).values(app_secret=runtime.secrets.seal("new")))
    assert (await post(client, BODY, "new")).status_code == 401
    monkeypatch.setattr(webhooks, "_REREAD_SECONDS", 0.0)
    assert (await post(client, BODY, "new")).status_code == 200


async def test_forged_requests_cost_no_queries(client: httpx.AsyncClient, runtime: Runtime) -> None:
    await post(client, BODY)
    asked: list[str] = []
    engine = runtime.db.engine.sync_engine
    listener = lambda *arguments: asked.append(arguments[2])  # noqa: E731
    sa.event.listen(engine, "before_cursor_execute", listener)
    try:
        answers = await asyncio.gather(*(post(client, BODY, f"guess {n}") for n in range(50)))
    finally:
        sa.event.remove(engine, "before_cursor_execute", listener)
    assert {answer.status_code for answer in answers} == {401}
    assert len(asked) <= 1


async def test_without_any_number_nobody_gets_in(runtime: Runtime, new_client: NewClient) -> None:
    webhooks.keys.forget()
    client = new_client(webhooks.routes)
    for secret in ("", "guess"):
        assert (await post(client, BODY, secret)).status_code == 401
    assert (await client.get(URL, params=challenge())).status_code == 403


async def test_a_number_without_a_secret_opens_nothing(
    client: httpx.AsyncClient, new_channel: NewChannel
) -> None:
    await new_channel("2", app_secret="")
    assert (await post(client, BODY, "")).status_code == 401


# --- the body


def of_size(size: int) -> bytes:
    body = raw(inbound(message("wamid.big", pad="")))
    return body.replace(b'"pad":""', b'"pad":"' + b"x" * (size - len(body)) + b'"')


async def test_three_megabytes_are_accepted_and_applied(client: httpx.AsyncClient, runtime: Runtime) -> None:
    assert (await post(client, of_size(3 * 1024 * 1024))).status_code == 200
    assert await apply(runtime) == (1, 0)


async def chunks(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), 65_536):
        yield body[start : start + 65_536]


async def test_a_body_in_pieces_is_accepted(client: httpx.AsyncClient, runtime: Runtime) -> None:
    body = of_size(1024 * 1024)
    assert (await client.post(URL, content=chunks(body), headers=signed(body))).status_code == 200
    assert (await stored(runtime))[0].body == body


async def test_too_large_a_body_is_refused_announced_or_not(
    client: httpx.AsyncClient, runtime: Runtime
) -> None:
    body = of_size(webhooks.MAX_BYTES + 1)
    assert (await post(client, body)).status_code == 413
    assert (await client.post(URL, content=chunks(body), headers=signed(body))).status_code == 413
    assert await stored(runtime) == []


@pytest.mark.parametrize("length", ["99999999999999999999999", "9" * 5000, "-1", "abc", "²", "1e3", ""])
async def test_an_absurd_length_is_refused(client: httpx.AsyncClient, runtime: Runtime, length: str) -> None:
    headers = {**signed(BODY), "content-length": length.encode("latin-1")}
    request = httpx.Request("POST", f"http://testserver{URL}", content=BODY, headers=headers)  # type: ignore[arg-type]
    assert (await client.send(request)).status_code == 413
    assert await stored(runtime) == []


async def test_reading_stops_at_the_limit(runtime: Runtime, client: httpx.AsyncClient) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 65_536
            yield b"x" * 65_536

    assert (await client.post(URL, content=endless())).status_code == 413
    assert sent < 2 * webhooks.MAX_BYTES


@pytest.mark.parametrize(
    "body",
    [
        b"",
        BODY[:-20],
        b"null",
        b"not json",
        b"\xff\xfe\xfd",
        b'{"entry":' + b"[" * 100 + b"]" * 100 + b"}",
        b"[" * 100_000,
        b'{"object":"whatsapp_business_account","entry":{}}',
    ],
)
async def test_whatever_meta_signs_is_stored_and_never_a_server_error(
    client: httpx.AsyncClient, runtime: Runtime, body: bytes
) -> None:
    assert (await post(client, body)).status_code == 200
    assert (await post(client, BODY)).status_code == 200
    applied, failed = await apply(runtime)
    assert applied + failed == 2
    assert applied >= 1
    kept = await stored(runtime)
    assert kept[0].body == body
    assert EventState.NEW not in {event.state for event in kept}


async def test_a_truncated_delivery_is_marked_failed(client: httpx.AsyncClient, runtime: Runtime) -> None:
    await post(client, BODY[:-20])
    assert await apply(runtime) == (0, 1)
    (event,) = await stored(runtime)
    assert (event.state, bool(event.error)) == (EventState.FAILED, True)


async def test_a_delivery_that_breaks_off_is_not_stored(runtime: Runtime, client: httpx.AsyncClient) -> None:
    app = Starlette(routes=webhooks.routes)
    sent: list[Any] = []
    messages = iter(
        [{"type": "http.request", "body": BODY[:50], "more_body": True}, {"type": "http.disconnect"}]
    )

    async def receive() -> Any:
        return next(messages)

    async def send(event: Any) -> None:
        sent.append(event)

    headers = [(name.encode(), value.encode()) for name, value in signed(BODY).items()]
    scope = {
        "type": "http",
        "method": "POST",
        "path": URL,
        "headers": headers,
        "query_string": b"",
        "http_version": "1.1",
        "scheme": "http",
    }
    await app(scope, receive, send)
    assert [event["status"] for event in sent if "status" in event] == [400]
    assert await stored(runtime) == []


# --- durability


async def test_the_answer_comes_after_the_row_is_on_the_disk(
    client: httpx.AsyncClient, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    run = runtime.writer.run

    async def watched(operation: Any, item: Any) -> Any:
        result = await run(operation, item)
        assert len(await stored(runtime)) == 1
        order.append("durable")
        return result

    monkeypatch.setattr(runtime.writer, "run", watched)
    answer = await post(client, BODY)
    order.append(str(answer.status_code))
    assert order == ["durable", "200"]


@pytest.mark.parametrize(
    "failure", [OSError("disk full"), sa.exc.OperationalError("x", {}, OSError()), WriterStopped()]
)
async def test_what_could_not_be_stored_is_not_acknowledged(
    client: httpx.AsyncClient, runtime: Runtime, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    def fail(_connection: Any, _items: Any) -> Any:
        raise failure

    monkeypatch.setattr(ingest, "store", fail)
    assert (await post(client, BODY)).status_code == 503
    monkeypatch.undo()
    assert (await post(client, BODY)).status_code == 200
    assert len(await stored(runtime)) == 1


async def test_a_stopped_writer_acknowledges_nothing(client: httpx.AsyncClient, runtime: Runtime) -> None:
    await post(client, raw(inbound(message("wamid.0"))))
    await runtime.writer.stop()
    assert (await post(client, BODY)).status_code == 503
    assert len(await stored(runtime)) == 1


async def test_a_repeated_delivery_is_one_event_and_one_message(
    client: httpx.AsyncClient, runtime: Runtime
) -> None:
    answers = await asyncio.gather(*(post(client, BODY) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert len(await stored(runtime)) == 1
    await apply(runtime)
    assert (await post(client, BODY)).status_code == 200
    assert await apply(runtime) == (0, 0)
    async with runtime.db.read() as session:
        assert (await session.exec(select(sa.func.count()).select_from(Message))).one() == 1


async def test_storing_wakes_whoever_applies(
    client: httpx.AsyncClient, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Its own: the span of an earlier test's delivery may not be over.
    monkeypatch.setattr(webhooks, "announce", webhooks.Announcement())
    seen: list[frozenset[str]] = []
    runtime.hub.listen(seen.append)
    await post(client, BODY)
    assert frozenset({ingest.TOPIC}) in seen


async def test_many_deliveries_share_commits(client: httpx.AsyncClient, runtime: Runtime) -> None:
    commits = 0

    def count(_connection: Any) -> None:
        nonlocal commits
        commits += 1

    sa.event.listen(runtime.writer._engine, "commit", count)
    bodies = [raw(inbound(message(f"wamid.{number}"))) for number in range(100)]
    await asyncio.gather(*(post(client, body) for body in bodies))
    assert len(await stored(runtime)) == 100
    assert commits < 50


async def test_many_deliveries_at_once_are_announced_at_once_and_once_more_at_the_end(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[frozenset[str]] = []
    monkeypatch.setattr(webhooks.Announcement, "SPAN_SECONDS", 0.05)
    announce = webhooks.Announcement()
    with runtime.hub.listening(heard.append):
        for _ in range(100):
            announce()
        assert len(heard) == 1
        await asyncio.sleep(0.15)
        assert len(heard) == 2
        announce()
        assert len(heard) == 3
