"""``/webhooks/stripe``: only what Stripe signed, durable before the answer, once."""

from __future__ import annotations

import time
from collections.abc import Callable

import httpx
import orjson
import pytest
from pydantic import SecretStr
from sqlmodel import select

from integrations.sandbox.stripe.events import signature
from wapto_app.models import EventState, StripeEvent
from wapto_app.runtime import Runtime
from wapto_app.web import stripe

OLD, NEW = "whsec_old", "whsec_new"


def _body(event_id: str = "evt_1", **more: object) -> bytes:
    event = {
        "id": event_id,
        "object": "event",
        "type": "invoice.paid",
        "data": {"object": {"id": "in_1", "object": "invoice"}},
    }
    return orjson.dumps(event | more)


@pytest.fixture
def stripe_says(runtime: Runtime, new_client: Callable[..., httpx.AsyncClient]) -> httpx.AsyncClient:
    runtime.settings.stripe_secret_key = SecretStr("sk_test_1")
    runtime.settings.stripe_webhook_secret = SecretStr(f"{NEW},{OLD}")
    return new_client(stripe.routes)


async def _post(client: httpx.AsyncClient, body: bytes, secret: str = NEW, age: int = 0) -> int:
    headers = {"stripe-signature": signature(body, secret, int(time.time()) - age)}
    return (await client.post("/webhooks/stripe", content=body, headers=headers)).status_code


async def _stored(runtime: Runtime) -> list[StripeEvent]:
    async with runtime.db.read() as session:
        return list(await session.exec(select(StripeEvent)))


async def test_a_signed_event_is_stored_byte_by_byte_before_it_is_answered(
    stripe_says: httpx.AsyncClient, runtime: Runtime
) -> None:
    body = orjson.dumps(orjson.loads(_body()), option=orjson.OPT_INDENT_2)
    assert await _post(stripe_says, body) == 200
    (event,) = await _stored(runtime)
    assert (event.event_id, event.type, event.body, event.state) == (
        "evt_1",
        "invoice.paid",
        body,
        EventState.NEW,
    )


async def test_a_repeated_event_is_kept_once(stripe_says: httpx.AsyncClient, runtime: Runtime) -> None:
    for secret in (NEW, OLD, NEW):
        assert await _post(stripe_says, _body(), secret) == 200
    assert await _post(stripe_says, _body("evt_2")) == 200
    assert [event.event_id for event in await _stored(runtime)] == ["evt_1", "evt_2"]


async def test_what_stripe_did_not_sign_is_refused(stripe_says: httpx.AsyncClient, runtime: Runtime) -> None:
    assert await _post(stripe_says, _body(), "whsec_forged") == 400
    assert await _post(stripe_says, _body(), age=301) == 400
    assert await _post(stripe_says, _body(), age=290) == 200
    unsigned = await stripe_says.post("/webhooks/stripe", content=_body("evt_3"))
    assert unsigned.status_code == 400
    changed = _body("evt_4")
    headers = {"stripe-signature": signature(changed, NEW, int(time.time()))}
    answer = await stripe_says.post("/webhooks/stripe", content=changed + b" ", headers=headers)
    assert answer.status_code == 400
    assert await _post(stripe_says, b"[]") == 400
    assert await _post(stripe_says, b"\xff\xfe") == 400
    assert await _post(stripe_says, _body("e" * 300)) == 400
    assert [event.event_id for event in await _stored(runtime)] == ["evt_1"]


async def test_without_a_secret_nothing_is_taken(stripe_says: httpx.AsyncClient, runtime: Runtime) -> None:
    runtime.settings.stripe_webhook_secret = SecretStr("")
    assert await _post(stripe_says, _body(), "") == 400
    assert await _stored(runtime) == []


async def test_a_body_without_end_is_refused(stripe_says: httpx.AsyncClient) -> None:
    assert await _post(stripe_says, b"x" * (stripe.MAX_BYTES + 1)) == 413


async def test_what_could_not_be_stored_is_asked_for_again(
    stripe_says: httpx.AsyncClient, runtime: Runtime
) -> None:
    await runtime.writer.stop()
    assert await _post(stripe_says, _body()) == 503


async def test_only_post_is_answered(stripe_says: httpx.AsyncClient) -> None:
    assert (await stripe_says.get("/webhooks/stripe")).status_code == 405
