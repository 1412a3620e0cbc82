"""``/campaign-uploads`` and ``/message-prices``: who may hand a file over, what is refused, and what is given back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services.campaigns import prices, uploads
from wapto_app.web import campaign_uploads, message_prices

NewClient = Callable[..., httpx.AsyncClient]
SignIn = Callable[[Actor], Awaitable[str]]
FILE = b"Phone,Name\n+4915112345671,Ada\nnone,Bob\n"
UPLOADS = "/campaign-uploads?opted_in=yes"


@pytest.fixture
async def client(new_client: NewClient, sign_in: SignIn, owner: Actor) -> httpx.AsyncClient:
    return new_client([*campaign_uploads.routes, *message_prices.routes], cookie=await sign_in(owner))


def left_behind(runtime: Runtime) -> list[str]:
    return [path.name for path in runtime.settings.media_dir.rglob("*") if path.is_file()]


async def test_a_file_becomes_an_upload_and_its_problems_come_back(
    client: httpx.AsyncClient, runtime: Runtime, owner: Actor
) -> None:
    answer = await client.post(UPLOADS, content=FILE, headers={"x-filename": "..%2F%C3%91and%C3%BA.csv"})
    assert answer.status_code == 200
    key = answer.json()["key"]
    async with runtime.db.read() as session:
        (row,) = await uploads.rows(session, owner, [key])
    assert (row["filename"], row["usable"], row["bad_rows"]) == ("Ñandú.csv", 1, 1)
    assert left_behind(runtime) == []
    problems = await client.get(f"/campaign-uploads/{key}/problems.csv")
    assert problems.headers["content-disposition"].endswith("%20-%20problems.csv")
    assert problems.headers["cache-control"] == "private, no-store"
    assert "Row 3: " in problems.text
    assert "Ada" not in problems.text


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 is no spreadsheet", b"\x00\x01\x02"])
async def test_what_is_no_table_is_refused_and_leaves_nothing(
    client: httpx.AsyncClient, runtime: Runtime, content: bytes
) -> None:
    for path in (UPLOADS, "/message-prices"):
        answer = await client.post(path, content=content)
        assert (answer.status_code, answer.json()["field"]) == (422, "file")
    assert left_behind(runtime) == []


async def test_without_consent_nothing_is_taken(client: httpx.AsyncClient) -> None:
    answer = await client.post("/campaign-uploads", content=FILE)
    assert (answer.status_code, answer.json()["field"]) == (422, "opted_in")


async def test_files_that_are_too_large_are_refused(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(campaign_uploads, "MOST_BYTES", 10)
    monkeypatch.setattr(message_prices, "MOST_BYTES", 10)
    for path in (UPLOADS, "/message-prices"):
        answer = await client.post(path, content=FILE)
        assert (answer.status_code, answer.json()["field"]) == (422, "file")


async def test_a_table_of_prices_replaces_the_old_one_and_a_wrong_one_does_not(
    client: httpx.AsyncClient, runtime: Runtime, owner: Actor
) -> None:
    table = b"Market,Currency,Marketing\nDE,EUR,0.1\nRest of Africa,EUR,0.2\n"
    answer = await client.post("/message-prices", content=table)
    assert (answer.status_code, answer.json()) == (200, {"key": "1"})
    assert (await client.post("/message-prices", content=b"Market,Marketing\nDE,free\n")).status_code == 422
    async with runtime.db.read() as session:
        found = await prices.prices(session, owner)
    assert (found["currency"], found["unknown"]) == ("EUR", ["Rest of Africa"])
    assert [row["marketing"] for row in found["rows"]] == ["0.1"]


async def test_strangers_and_agents_without_the_right_are_sent_away(
    new_client: NewClient, sign_in: SignIn, agent: Actor
) -> None:
    routes: Any = [*campaign_uploads.routes, *message_prices.routes]
    for client, status in ((new_client(routes), 401), (new_client(routes, cookie=await sign_in(agent)), 403)):
        for path in (UPLOADS, "/message-prices"):
            assert (await client.post(path, content=FILE)).status_code == status
        answer = await client.get(f"/campaign-uploads/{'0' * 32}/problems.csv")
        assert answer.status_code == status


async def test_a_key_that_is_none_finds_nothing(client: httpx.AsyncClient) -> None:
    assert (await client.get(f"/campaign-uploads/{'0' * 32}/problems.csv")).status_code == 404
