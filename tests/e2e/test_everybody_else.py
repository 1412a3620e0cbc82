"""Every handler of a running server, over a raw websocket, by people who have no business there."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pytest
from reflex_base.registry import RegistrationContext

from state.base import Feedback
from state.inbox import InboxList
from state.shell import Shell
from state.viewing import Viewing
from tests.e2e.conftest import Server, started
from tests.e2e.test_guard import CUSTOMER, GUESSES, SECRET_KEY, Install, Tab, apart, opened
from tests.pipeline.rows import ACCESS_TOKEN, APP_SECRET, VERIFY_TOKEN, workspace
from tests.pipeline.test_policy import guarded, sample_payload
from wapto_app import runtime as process
from wapto_app.models import Account, Role, Team
from wapto_app.security import cookies
from wapto_app.security.permissions import LOOKING, MATRIX, Permission
from wapto_app.security.policy import HYDRATE
from wapto_app.services import sessions, viewing
from wapto_app.settings import Settings

OWNER, COLLEAGUE = "Olga Owner", "Cora Colleague"
LAST, ALL_OF_IT = "That was all.", 300.0
SECRETS = (ACCESS_TOKEN, APP_SECRET, VERIFY_TOKEN)


@dataclass
class People:
    """Cookies by person."""

    server: Server
    cookies: dict[str, str]

    def install(self) -> Install:
        return Install(self.server, self.cookies["owner"], self.cookies["powerless"], 1)


async def _fill(server: Server) -> dict[str, str]:
    settings = Settings(_env_file=None, data_dir=server.data_dir, secret_key=SECRET_KEY)  # type: ignore[call-arg]
    async with process.running(settings) as running, running.db.write() as session:
        teams = [Team(name="Idle"), Team(name="Able", permissions=sorted(MATRIX))]
        session.add_all(teams)
        await session.flush()
        found = {
            "owner": await _account(session, OWNER, Role.OWNER),
            "powerless": await _account(session, "Paul Powerless", team_id=teams[0].id),
            "colleague": await _account(session, COLLEAGUE, team_id=teams[1].id),
            "gone": await _account(session, "Gus Gone", team_id=teams[1].id, is_active=False),
            "viewer": await _account(session, "Vera Viewer", Role.OWNER),
        }
        tokens = {name: await _token(session, account.id) for name, account in found.items()}
        [actor] = [await sessions.actor_of_cookie(session, tokens["viewer"])]
        assert actor is not None
        await viewing.start(session, actor, found["colleague"].id or 0)
    async with process.running(settings) as running:
        assert await (await workspace(running)).conversation(CUSTOMER) == 1
    return {name: f"{cookies.COOKIE}={token}" for name, token in tokens.items()}


async def _account(session: Any, name: str, role: Role = Role.AGENT, **values: Any) -> Account:
    email = f"{name.split()[0].lower()}@example.com"
    account = Account(name=name, email=email, password_hash="$", role=role, **values)
    session.add(account)
    await session.flush()
    return account


async def _token(session: Any, account_id: int | None) -> str:
    return await sessions.open_session(session, account_id or 0, address="127.0.0.1", user_agent="tests")


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Iterator[People]:
    with started(tmp_path_factory.mktemp("others") / "data", WAPTO_SECRET_KEY=SECRET_KEY) as server:
        yield People(server, apart(lambda: _fill(server)))


def try_everything(people: People, who: str, path: str = "/inbox/1") -> Tab:
    """A page, every handler with what its page sends, and every handler with guesses; but nobody stops viewing."""
    cookie = people.cookies.get(who, "")
    stop = f"{Viewing.get_full_name()}.stop"
    samples = {name: sample_payload(handler) for name, handler in guarded().items() if name != stop}
    names = [name for name in RegistrationContext.get().event_handlers if name != stop]

    async def work() -> Tab:
        async with opened(people.install(), cookie, path) as tab:
            for name, sample in samples.items():
                await tab.send(name, sample)
            for name in names:
                for guess in GUESSES:
                    await tab.send(name, guess)
            await tab.send(f"{Feedback.get_full_name()}.say", {"level": "info", "text": LAST})
            await tab.until(lambda: LAST in str(tab.updates[-40:]), ALL_OF_IT)
            before = -1
            while before != len(tab.updates):
                before = len(tab.updates)
                await asyncio.sleep(0.7)
            return tab

    return apart(work)


def rows(people: People) -> dict[str, list[Any]]:
    """Everything in the database but who was here when, and what follows messages a moment later: search, answers."""
    passing = {"login_session", "lease", "alembic_version", "campaign_cursor"}
    with closing(sqlite3.connect(people.server.data_dir / "wapto.sqlite3")) as connection:
        tables = [
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        return {
            name: connection.execute(f'SELECT * FROM "{name}"').fetchall()
            for name in tables
            if name not in passing and not re.search(r"^sqlite_|search|_fts", name)
        }


@pytest.mark.parametrize("who", ["nobody", "gone"])
def test_whoever_is_not_or_no_more_signed_in_learns_and_changes_nothing(people: People, who: str) -> None:
    before = rows(people)
    tab = try_everything(people, who)
    assert [text for text in (OWNER, COLLEAGUE, CUSTOMER, "Gus Gone", *SECRETS) if text in tab.told] == []
    assert not tab.vars(Shell).get("loaded")
    assert {event["name"] for event in tab.events} <= {"_redirect", HYDRATE}
    assert rows(people) == before


def test_an_agent_without_permissions_learns_nothing_of_the_workspace(people: People) -> None:
    before = rows(people)
    tab = try_everything(people, "powerless", "/inbox/1")
    assert Permission.SIGNED_IN in tab.told
    assert [each for each in MATRIX if f'"{each}"' in tab.told] == []
    assert [text for text in (OWNER, COLLEAGUE, CUSTOMER, *SECRETS) if text in tab.told] == []
    after = rows(people)
    # Their own profile, and that it was changed, is theirs.
    changed = {name for name in after if after[name] != before.get(name)}
    assert not changed & {
        "conversation",
        "message",
        "contact",
        "channel",
        "team",
        "session_view",
        "media_file",
    }
    others = [row for row in after["account"] if "paul@example.com" not in row]
    assert others == [row for row in before["account"] if "paul@example.com" not in row]


def test_whoever_looks_through_anothers_eyes_sees_theirs_and_changes_nothing(people: People) -> None:
    before = rows(people)
    tab = try_everything(people, "viewer", "/inbox/1")
    assert (tab.vars(Shell)["viewed"], tab.vars(Shell)["role"]) == (COLLEAGUE, "agent")
    assert set(tab.vars(Shell)["permissions"]) <= {each.value for each in LOOKING}
    assert tab.vars(InboxList)["rows"][0]["unread"] == 1
    assert "Stop viewing to change anything" in tab.told
    assert [text for text in SECRETS if text in tab.told] == []
    assert rows(people) == before
