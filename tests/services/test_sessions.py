"""Login sessions: who is behind a cookie, where somebody is signed in, and that a revoked one is over at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
import sqlalchemy as sa
import time_machine
from sqlmodel import col, select

from wapto_app.db import Database
from wapto_app.live import LiveHub
from wapto_app.models import Account, LoginSession
from wapto_app.runtime import Runtime
from wapto_app.security import cookies
from wapto_app.security.permissions import Actor
from wapto_app.services import sessions
from wapto_app.services.errors import NotFound

SignIn = Callable[[Actor], Awaitable[str]]


async def acting(cookie: str) -> Actor:
    actor = await cookies.actor_of(cookie)
    assert actor is not None
    return actor


async def test_cookie_leads_to_its_actor(owner: Actor, sign_in: SignIn) -> None:
    actor = await acting(await sign_in(owner))
    assert (actor.account_id, actor.role, actor.permissions) == (
        owner.account_id,
        owner.role,
        owner.permissions,
    )
    assert actor.session_id is not None


@pytest.mark.parametrize(
    "cookie",
    [
        "",
        "wapto_session=",
        "wapto_session=guess",
        "other=1",
        "wapto_session=' OR 1=1",
        "\0",
        "=;=;",
        "x" * 9000,
    ],
)
async def test_strange_cookies_are_nobody(runtime: Runtime, cookie: str) -> None:
    assert await cookies.actor_of(cookie) is None


async def test_only_the_hash_of_a_cookie_is_stored(db: Database, owner: Actor, sign_in: SignIn) -> None:
    token = cookies.token_in(await sign_in(owner))
    async with db.read() as session:
        stored = (await session.exec(select(LoginSession))).one()
    assert token not in str(stored)


async def test_session_ends_after_thirty_days(owner: Actor, sign_in: SignIn) -> None:
    with time_machine.travel("2026-11-01T00:00:00Z", tick=False) as clock:
        cookie = await sign_in(owner)
        clock.move_to("2026-11-30T23:59:00Z")
        await acting(cookie)
        clock.move_to("2026-12-01T00:01:00Z")
        cookies.forget()
        assert await cookies.actor_of(cookie) is None


async def test_changed_rights_are_seen_at_once(db: Database, agent: Actor, sign_in: SignIn) -> None:
    cookie = await sign_in(agent)
    assert not (await acting(cookie)).is_admin
    async with db.write() as session:
        await session.exec(
            sa.update(Account).where(col(Account.id) == agent.account_id).values(is_admin=True)
        )
        sessions.touch(session, sessions.account_topic(agent.account_id))
    assert (await acting(cookie)).is_admin


async def test_change_in_another_process_is_heard(
    db: Database, owner: Actor, agent: Actor, sign_in: SignIn
) -> None:
    mine, other = await sign_in(owner), await sign_in(agent)
    await acting(mine)
    await acting(other)
    async with db.write() as session:
        await session.exec(sa.delete(LoginSession))
    hub = LiveHub()
    cookies.listen(hub)
    hub.receive(frozenset({"inbox", f"account:{owner.account_id}", "account:x", "accounts"}))
    assert await cookies.actor_of(mine) is None
    assert await cookies.actor_of(other) is not None  # remembered for three seconds: nobody told


async def test_session_read_while_it_is_revoked_is_not_remembered(
    db: Database, owner: Actor, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    cookie = await sign_in(owner)
    look_up = sessions.actor_of_cookie

    async def slowly(session: object, token: str) -> Actor | None:
        found = await look_up(session, token)  # type: ignore[arg-type]
        async with db.write() as other:
            await sessions.end_sessions_of(other, owner.account_id or 0)
        return found

    monkeypatch.setattr(sessions, "actor_of_cookie", slowly)
    await cookies.actor_of(cookie)
    monkeypatch.undo()
    assert await cookies.actor_of(cookie) is None


async def test_list_marks_this_browser_and_puts_it_first(db: Database, owner: Actor, sign_in: SignIn) -> None:
    mine = await sign_in(owner)
    async with db.write() as session:
        await sessions.open_session(
            session, owner.account_id or 0, address="192.0.2.7", user_agent="Firefox/1 Linux"
        )
    async with db.read() as session:
        rows = await sessions.list_sessions(session, await acting(mine))
    assert [row["is_this"] for row in rows] == [True, False]
    assert (rows[1]["device"], rows[1]["address"]) == ("Firefox on Linux", "192.0.2.7")
    assert "token_hash" not in rows[0]


async def test_list_holds_only_ones_own_live_sessions(
    db: Database, owner: Actor, agent: Actor, sign_in: SignIn
) -> None:
    with time_machine.travel("2026-01-01T00:00:00Z", tick=False):
        await sign_in(owner)
    mine = await sign_in(owner)
    await sign_in(agent)
    async with db.read() as session:
        assert len(await sessions.list_sessions(session, await acting(mine))) == 1


async def test_one_session_is_ended_and_the_others_stay(db: Database, owner: Actor, sign_in: SignIn) -> None:
    here, there = await sign_in(owner), await sign_in(owner)
    elsewhere = (await acting(there)).session_id or 0
    async with db.write() as session:
        await sessions.end_own_session(session, await acting(here), elsewhere)
    assert await cookies.actor_of(there) is None
    await acting(here)


async def test_somebody_elses_session_cannot_be_ended(
    db: Database, owner: Actor, agent: Actor, sign_in: SignIn
) -> None:
    theirs = await sign_in(owner)
    actor = await acting(await sign_in(agent))
    async with db.write() as session:
        with pytest.raises(NotFound):
            await sessions.end_own_session(session, actor, (await acting(theirs)).session_id or 0)
    await acting(theirs)


async def test_sign_out_everywhere_ends_all_of_ones_own(
    db: Database, owner: Actor, agent: Actor, sign_in: SignIn
) -> None:
    here, there, other = await sign_in(owner), await sign_in(owner), await sign_in(agent)
    async with db.write() as session:
        await sessions.end_own_sessions(session, await acting(here))
    assert await cookies.actor_of(here) is None
    assert await cookies.actor_of(there) is None
    await acting(other)


async def last_seen(db: Database) -> list[str]:
    async with db.read() as session:
        return [str(at) for at in await session.exec(select(LoginSession.last_seen_at))]


async def settle() -> None:
    await asyncio.gather(*cookies._notes)


async def test_last_seen_is_written_at_most_every_five_minutes(
    db: Database, owner: Actor, sign_in: SignIn
) -> None:
    with time_machine.travel("2026-11-20T10:00:00Z", tick=False) as clock:
        cookie = await sign_in(owner)
        for minutes, expected in ((1, "10:00:00"), (6, "10:06:00"), (8, "10:06:00"), (12, "10:12:00")):
            clock.move_to(f"2026-11-20T10:{minutes:02}:00Z")
            cookies.forget()
            cookies._noted.clear()  # as another process would see it
            await acting(cookie)
            await settle()
            assert [expected in at for at in await last_seen(db)] == [True]


async def test_busy_session_is_noted_once(db: Database, owner: Actor, sign_in: SignIn) -> None:
    cookie = await sign_in(owner)
    cookies._noted.clear()
    noted = []
    for _ in range(5):
        cookies.forget()
        await acting(cookie)
        noted.append(len(cookies._notes))
    await settle()
    assert noted[-1] <= 1


async def test_expired_sessions_are_swept(db: Database, owner: Actor, sign_in: SignIn) -> None:
    with time_machine.travel("2026-01-01T00:00:00Z", tick=False):
        await sign_in(owner)
    live = await sign_in(owner)
    async with db.write() as session:
        await sessions.delete_expired(session)
    assert len(await last_seen(db)) == 1
    await acting(live)
