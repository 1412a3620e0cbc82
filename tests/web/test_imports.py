"""``/imports``: who may hand a file over, what is refused, and the file of what went wrong."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from sqlmodel import select

from tests.services.imports_desk import Desk
from wapto_app.models import ContactImport
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.web import imports

NewClient = Callable[..., httpx.AsyncClient]
SignIn = Callable[[Actor], Awaitable[str]]
FILE = b"Name,Phone\nAda,+4915112345671\nBob,none\n"


@pytest.fixture
async def client(new_client: NewClient, sign_in: SignIn, owner: Actor) -> httpx.AsyncClient:
    return new_client(imports.routes, cookie=await sign_in(owner))


async def upload(client: httpx.AsyncClient, content: Any = FILE, **headers: str) -> httpx.Response:
    return await client.post("/imports", content=content, headers=headers)


def left_behind(runtime: Runtime) -> list[str]:
    return [path.name for path in runtime.settings.media_dir.rglob("*") if path.is_file()]


async def test_a_file_becomes_an_import(client: httpx.AsyncClient, runtime: Runtime, owner: Actor) -> None:
    answer = await upload(client, **{"x-filename": "..%2F%C3%91and%C3%BA%20list.csv"})
    assert answer.status_code == 200
    shown = await Desk(runtime, owner).head(answer.json()["id"])
    assert (shown["filename"], shown["total"], shown["state"]) == ("Ñandú list.csv", 2, "uploaded")
    assert len(left_behind(runtime)) == 2


@pytest.mark.parametrize(
    "content", [b"", b"\n\n\n", b"PK\x03\x04 is no spreadsheet", b"\xd0\xcf\x11\xe0 neither"]
)
async def test_what_is_no_table_is_refused_and_leaves_nothing(
    client: httpx.AsyncClient, runtime: Runtime, content: bytes
) -> None:
    answer = await upload(client, content)
    assert answer.status_code == 422
    assert answer.json()["field"] == "file"
    assert left_behind(runtime) == []
    async with runtime.db.read() as session:
        assert (await session.exec(select(ContactImport))).all() == []


async def test_a_file_that_is_too_large_is_refused_by_what_it_says_and_by_what_comes(
    client: httpx.AsyncClient, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "MOST_BYTES", 100)
    assert (await upload(client, b"x" * 101)).status_code == 422

    async def parts() -> Any:
        for _part in range(5):
            yield b"name,phone\n" * 5

    assert (await upload(client, parts())).status_code == 422
    assert left_behind(runtime) == []


async def test_strangers_and_agents_without_the_permission_are_refused(
    new_client: NewClient, sign_in: SignIn, agent: Actor, runtime: Runtime, client: httpx.AsyncClient
) -> None:
    import_id = (await upload(client)).json()["id"]
    stranger = new_client(imports.routes)
    assert (await upload(stranger)).status_code == 401
    assert (await stranger.get(f"/imports/{import_id}/problems.csv")).status_code == 401
    theirs = new_client(imports.routes, cookie=await sign_in(agent))
    without = await upload(theirs)
    assert without.status_code in (200, 403)  # the test team may change contacts; visibility decides below
    for number in (999, 2**31, 10**30):
        assert (await client.get(f"/imports/{number}/problems.csv")).status_code == 404


async def test_the_wrong_rows_come_as_they_were_with_the_reason(
    client: httpx.AsyncClient, runtime: Runtime, owner: Actor
) -> None:
    content = b"Name,Phone\nAda,+4915112345671\n=cmd|' /C calc'!A0,none\n\"Bo, b\",\n"
    import_id = (await upload(client, content, **{"x-filename": "people.csv"})).json()["id"]
    await Desk(runtime, owner).check(import_id)
    answer = await client.get(f"/imports/{import_id}/problems.csv")
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''people%20-%20problems.csv"
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.text.lstrip("\ufeff").splitlines() == [
        "Problem,Name,Phone",
        "Row 3: This is no phone number that exists.,'=cmd|' /C calc'!A0,none",
        'Row 4: There is no phone number.,"Bo, b",',
    ]
