"""Figures are for the operator only, and a request can be followed through the logs without its secrets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import structlog
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from wapto_app.log import REQUEST_ID
from wapto_app.models import (
    Channel,
    Contact,
    Conversation,
    Direction,
    Message,
    MessageStatus,
)
from wapto_app.runtime import Runtime
from wapto_app.web import metrics

NewClient = Callable[..., httpx.AsyncClient]


@pytest.fixture(autouse=True)
def _unpublished(runtime: Runtime) -> None:
    runtime.settings.public_url = ""


async def test_from_this_machine_no_token_is_needed(new_client: NewClient) -> None:
    answer = await new_client(metrics.routes).get("/metrics")
    assert answer.status_code == 200
    assert "wapto_event_loop_lag_seconds" in answer.text


async def test_from_elsewhere_it_does_not_exist(new_client: NewClient) -> None:
    client = new_client(metrics.routes, client=("203.0.113.7", 4711))
    assert (await client.get("/metrics")).status_code == 404


@pytest.mark.parametrize("header", ["x-forwarded-for", "forwarded"])
async def test_what_a_proxy_on_this_machine_passes_on_is_from_elsewhere(
    header: str, new_client: NewClient
) -> None:
    answer = await new_client(metrics.routes).get("/metrics", headers={header: "203.0.113.7"})
    assert answer.status_code == 404


async def test_a_published_install_needs_a_token_even_from_this_machine(
    runtime: Runtime, new_client: NewClient
) -> None:
    runtime.settings.public_url = "https://wapto.example.com"
    assert (await new_client(metrics.routes).get("/metrics")).status_code == 404


@pytest.mark.parametrize(
    ("given", "status"),
    [("", 404), ("Bearer wrong", 404), ("Bearer ", 404), ("Bearer tökén", 404), ("Bearer figures", 200)],
)
async def test_with_a_token_set_it_is_what_counts(
    given: str, status: int, runtime: Runtime, new_client: NewClient
) -> None:
    runtime.settings.metrics_token = SecretStr("figures")
    client = new_client(metrics.routes, client=("203.0.113.7", 4711))
    answer = await client.get("/metrics", headers={"authorization": given.encode()} if given else {})
    assert answer.status_code == status


async def test_the_outbox_is_measured_when_asked(runtime: Runtime, new_client: NewClient) -> None:
    async with runtime.db.write() as session:
        channel = Channel(phone_number_id="1", waba_id="2")
        contact = Contact(name="Kim")
        session.add_all([channel, contact])
        await session.flush()
        conversation = Conversation(contact_id=contact.id, channel_id=channel.id)
        session.add(conversation)
        await session.flush()
        common = {"conversation_id": conversation.id, "channel_id": channel.id, "type": "text"}
        for status in (MessageStatus.QUEUED, MessageStatus.QUEUED, MessageStatus.SENT):
            session.add(Message(direction=Direction.OUTBOUND, status=status, **common))
    text = (await new_client(metrics.routes).get("/metrics")).text
    assert 'wapto_outbox_depth{status="queued"} 2.0' in text
    assert 'wapto_outbox_depth{status="sending"} 0.0' in text


async def test_open_tabs_and_their_wake_ups_are_counted(runtime: Runtime, new_client: NewClient) -> None:
    client = new_client(metrics.routes)
    before = figure((await client.get("/metrics")).text, "wapto_live_wake_ups_total")
    runtime.hub.watch(("tab", "inbox.changed"), ["inbox"])
    runtime.hub.watch(("other tab", "inbox.changed"), ["contacts"])
    runtime.hub.publish(frozenset({"inbox"}))
    watching = figure((await client.get("/metrics")).text, "wapto_live_watchers")
    assert watching == 2
    await asyncio.sleep(0.05)
    assert figure((await client.get("/metrics")).text, "wapto_live_wake_ups_total") == before + 1


def figure(text: str, name: str) -> float:
    (line,) = [line for line in text.splitlines() if line.startswith(f"{name} ")]
    return float(line.split()[1])


def observed(handler: Callable[[Request], Any], path: str = "/{rest:path}") -> metrics.Observed:
    return metrics.Observed(Starlette(routes=[Route(path, handler, methods=["GET", "POST"])]))


async def echo_id(_request: Request) -> Response:
    return PlainTextResponse(REQUEST_ID.get())


async def test_every_request_has_an_id_that_its_log_lines_and_its_answer_carry(new_client: NewClient) -> None:
    client = new_client(observed(echo_id))
    first, second = await client.get("/inbox"), await client.get("/inbox")
    assert first.text == first.headers["x-request-id"] != second.text
    assert REQUEST_ID.get() == ""


async def test_the_id_of_a_proxy_is_kept_unless_it_could_forge_log_lines(new_client: NewClient) -> None:
    client = new_client(observed(echo_id))
    assert (await client.get("/", headers={"x-request-id": "proxy-12345678"})).text == "proxy-12345678"
    for forged in ("a b c d e f g h", "x" * 65, "short", 'quote"quote"'):
        assert (await client.get("/", headers={"x-request-id": forged})).text != forged


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/inbox/42", "/inbox/42"),
        ("/reset/one-time-token", "/reset/…"),
        ("/invite/one-time-token", "/invite/…"),
        ("/hooks/secret-slug", "/hooks/…"),
        ("/login", "/login"),
    ],
)
async def test_the_log_shows_the_path_without_query_and_without_one_time_tokens(
    path: str, shown: str, new_client: NewClient
) -> None:
    with structlog.testing.capture_logs() as lines:
        await new_client(observed(echo_id)).get(f"{path}?token=secret-in-the-query")
    assert lines[-1]["path"] == shown
    assert "secret-in-the-query" not in str(lines)


async def test_a_route_that_fails_is_counted_and_logged_as_500(new_client: NewClient) -> None:
    async def broken(_request: Request) -> Response:
        raise RuntimeError("boom")

    client = new_client(observed(broken))
    with structlog.testing.capture_logs() as lines, pytest.raises(RuntimeError, match="boom"):
        await client.get("/media/1")
    assert lines[-1]["status"] == 500
    text = (await new_client(metrics.routes).get("/metrics")).text
    assert 'wapto_http_request_seconds_count{method="GET",route="media",status="500"}' in text


async def test_paths_and_methods_that_somebody_makes_up_do_not_become_series(new_client: NewClient) -> None:
    app = metrics.Observed(PlainTextResponse("ok"))
    client = new_client(app)
    for number in range(5):
        await client.request(f"X{number}", f"/made-up-{number}")
    text = (await new_client(metrics.routes).get("/metrics")).text
    assert "made-up" not in text
    assert 'method="X1"' not in text
    assert 'wapto_http_request_seconds_count{method="other",route="page",status="200"} 5.0' in text
