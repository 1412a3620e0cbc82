"""Files of contacts: who gets them, of whom, and that it was noted."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import openpyxl
import pytest
import sqlalchemy as sa
from sqlmodel import select

from tests.services.test_contact_list import new
from wapto_app.jobs import search
from wapto_app.models import AuditEntry, Team
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services import contacts
from wapto_app.web import contacts as routes

NewClient = Callable[..., httpx.AsyncClient]
SignIn = Callable[[Actor], Awaitable[str]]
PATHS = ("/exports/contacts.csv", "/exports/contacts.xlsx", "/exports/contact/1.zip")


@pytest.fixture
async def two(runtime: Runtime, owner: Actor) -> list[int]:
    async with runtime.db.write() as session:
        people = (new("+16505550001", name="Ada", company="Acme"), new("+16505550002", name="Bea"))
        ids = [await contacts.create(session, owner, each) for each in people]
    await search.follow(runtime)
    return ids


@pytest.fixture
def get(new_client: NewClient, sign_in: SignIn) -> Callable[..., Awaitable[httpx.Response]]:
    async def fetch(actor: Actor | None, path: str) -> httpx.Response:
        cookie = await sign_in(actor) if actor else ""
        return await new_client(routes.routes, cookie=cookie).get(path)

    return fetch


def filtered(**values: Any) -> str:
    return f"?filter={quote(json.dumps(values))}"


async def test_the_csv_holds_those_who_match(
    runtime: Runtime, get: Any, owner: Actor, two: list[int]
) -> None:
    answer = await get(owner, PATHS[0] + filtered(search="acme"))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["cache-control"] == "private, no-store"
    _head, *rows = csv.reader(io.StringIO(answer.text.removeprefix("\ufeff")))
    assert [row[0] for row in rows] == ["Ada"]
    async with runtime.db.read() as session:
        noted = (await session.exec(select(AuditEntry).where(AuditEntry.action == "contacts.exported"))).one()
    assert (noted.account_id, noted.detail["filter"]["search"]) == (owner.account_id, "acme")


async def test_the_workbook_holds_the_marked_ones(get: Any, owner: Actor, two: list[int]) -> None:
    answer = await get(owner, PATHS[1] + f"?ids={two[1]},999,x,")
    assert answer.status_code == 200
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    assert sheet is not None
    assert [row[0] for row in sheet.iter_rows(min_row=2, values_only=True)] == ["Bea"]


async def test_everything_about_one_is_a_zip(get: Any, owner: Actor, two: list[int]) -> None:
    answer = await get(owner, PATHS[2])
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert json.loads(archive.read("contact.json"))["contact"]["name"] == "Ada"
    assert (await get(owner, "/exports/contact/99999999999999999999.zip")).status_code == 404


@pytest.mark.parametrize("path", PATHS)
async def test_nobody_gets_it_without_the_permission(
    runtime: Runtime, get: Any, agent: Actor, two: list[int], path: str
) -> None:
    assert (await get(None, path)).status_code == 401
    for granted in (["contacts.do"], ["export.do"]):
        async with runtime.db.write() as session:
            await session.exec(sa.update(Team).values(permissions=granted))
        assert (await get(agent, path)).status_code == 403
    async with runtime.db.write() as session:
        await session.exec(sa.update(Team).values(permissions=["contacts.see", "export.do"]))
    assert (await get(agent, path)).status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "?filter=[",
        "?filter=[]",
        "?filter=%221%22",
        filtered(tags="x"),
        filtered(opt="x"),
        filtered(segment="a"),
    ],
)
async def test_a_filter_that_is_none_is_refused(get: Any, owner: Actor, query: str) -> None:
    for path in PATHS[:2]:
        assert (await get(owner, path + query)).status_code == 422


@pytest.mark.parametrize("asked", ["bytes=abc", "bytes=9999999-", "bytes=0-3"])
async def test_a_file_is_gone_from_the_disk_however_it_was_asked_for(
    new_client: NewClient,
    sign_in: SignIn,
    owner: Actor,
    two: list[int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    asked: str,
) -> None:
    (tmp_path / "exports").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "exports"))
    client = new_client(routes.routes, cookie=await sign_in(owner))
    for path in PATHS[1:]:
        await client.get(path, headers={"range": asked})
    assert list((tmp_path / "exports").iterdir()) == []
