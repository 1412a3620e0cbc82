"""The CSV of the review page: who gets it, of what, and that it was noted."""

from __future__ import annotations

import csv
import io
from collections.abc import Awaitable, Callable

import httpx
import pytest
import sqlalchemy as sa
from sqlmodel import select

from wapto_app.models import Account, AuditEntry, Team
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.web import review

NewClient = Callable[..., httpx.AsyncClient]
SignIn = Callable[[Actor], Awaitable[str]]
PATH = "/exports/review.csv"


async def fetched(new_client: NewClient, cookie: str, query: str = "range=7") -> httpx.Response:
    return await new_client(review.routes, cookie=cookie).get(f"{PATH}?{query}")


async def grant(runtime: Runtime, *permissions: str) -> None:
    async with runtime.db.write() as session:
        await session.exec(sa.update(Team).values(permissions=list(permissions)))  # type: ignore[call-overload]


async def test_the_owner_gets_a_file_with_its_range(
    runtime: Runtime, new_client: NewClient, sign_in: SignIn, owner: Actor, agent: Actor
) -> None:
    async with runtime.db.write() as session:
        (await session.get_one(Account, agent.account_id)).name = "=Ben, Agent"
    answer = await fetched(new_client, await sign_in(owner), "range=custom&first=2026-03-01&last=2026-03-31")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert 'filename="review-agents-2026-03-01-to-2026-03-31.csv"' in answer.headers["content-disposition"]
    assert answer.headers["cache-control"] == "private, no-store"
    head, *rows = csv.reader(io.StringIO(answer.text.removeprefix("\ufeff")))
    assert rows[0][:5] == ["2026-03-01", "2026-03-31", "UTC", "'=Ben, Agent", "Support"]
    assert all(len(row) == len(head) for row in rows)
    async with runtime.db.read() as session:
        noted = (await session.exec(select(AuditEntry).where(AuditEntry.action == "review.exported"))).one()
    assert (noted.account_id, noted.detail) == (
        owner.account_id,
        {"first": "2026-03-01", "last": "2026-03-31"},
    )


async def test_teams_are_a_file_of_their_own(
    new_client: NewClient, sign_in: SignIn, owner: Actor, agent: Actor
) -> None:
    answer = await fetched(new_client, await sign_in(owner), "range=today&by=teams")
    assert "review-teams-" in answer.headers["content-disposition"]
    assert "Support" in answer.text
    assert "Ben" not in answer.text


@pytest.mark.parametrize(
    ("permissions", "status"),
    [((), 403), (("reports.see",), 403), (("export.do",), 403), (("reports.see", "export.do"), 200)],
)
async def test_both_permissions_are_needed(
    runtime: Runtime,
    new_client: NewClient,
    sign_in: SignIn,
    agent: Actor,
    permissions: tuple[str, ...],
    status: int,
) -> None:
    await grant(runtime, *permissions)
    answer = await fetched(new_client, await sign_in(agent))
    assert answer.status_code == status


@pytest.mark.usefixtures("runtime")
async def test_strangers_get_nothing(new_client: NewClient) -> None:
    for cookie in ("", "wapto_session=forged"):
        assert (await fetched(new_client, cookie)).status_code == 401


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 422),
        ("range=everything", 422),
        ("range=custom&first=x&last=y", 422),
        ("range=7&team=99", 404),
        ("range=7&team=abc", 404),
        ("range=7&team=99999999999999999999999999", 404),
        ("range=7&team=²", 404),
        ("range=7&by=passwords", 200),
    ],
)
async def test_a_hostile_address_is_refused_in_plain_words(
    new_client: NewClient, sign_in: SignIn, owner: Actor, query: str, status: int
) -> None:
    answer = await fetched(new_client, await sign_in(owner), query)
    assert answer.status_code == status, answer.text
    if status != 200:
        assert answer.json()["error"]
