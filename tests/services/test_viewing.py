"""Looking through somebody else's eyes: who may, what is left of the rights, and how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine
from sqlmodel import col, select

from wapto_app.clock import utcnow
from wapto_app.db import Database
from wapto_app.models import Account, AuditEntry, LoginSession, Role, SessionView
from wapto_app.security import cookies
from wapto_app.security.permissions import LOOKING, Actor, Permission
from wapto_app.services import accounts, inbox, profile, sessions, viewing
from wapto_app.services.errors import Conflict, Forbidden, NotFound, OnlyLooking

SignIn = Callable[[Actor], Awaitable[str]]
NewAccount = Callable[..., Awaitable[Actor]]


async def signed_in(sign_in: SignIn, actor: Actor) -> tuple[str, Actor]:
    """The cookie of a new session, and its actor."""
    cookie = await sign_in(actor)
    found = await cookies.actor_of(cookie)
    assert found is not None
    return cookie, found


async def start(db: Database, actor: Actor, other: Actor, page: str = "/agents") -> None:
    async with db.write() as session:
        await viewing.start(session, actor, other.account_id or 0, return_to=page)


async def deeds(db: Database, prefix: str = "view.") -> list[tuple[str, int | None, str]]:
    async with db.read() as session:
        entries = await session.exec(select(AuditEntry).order_by(col(AuditEntry.id)))
        return [
            (each.action, each.account_id, each.target) for each in entries if each.action.startswith(prefix)
        ]


async def test_an_owner_sees_what_the_agent_sees_and_may_change_nothing(
    db: Database, owner: Actor, agent: Actor, sign_in: SignIn
) -> None:
    _cookie, real = await signed_in(sign_in, agent)
    cookie, me = await signed_in(sign_in, owner)
    await start(db, me, agent)
    seen = await cookies.actor_of(cookie)
    assert seen is not None
    assert (seen.account_id, seen.viewer_id, seen.session_id) == (
        agent.account_id,
        owner.account_id,
        me.session_id,
    )
    assert seen.permissions == real.permissions & LOOKING
    assert (seen.visibility, seen.hide_phone, seen.team_id) == (
        real.visibility,
        real.hide_phone,
        real.team_id,
    )
    assert not seen.is_admin
    assert not any(each.endswith(".do") for each in seen.permissions)
    assert Permission.SELF_DO not in seen.permissions


async def test_stopping_leads_back_to_where_it_began(
    db: Database, owner: Actor, agent: Actor, sign_in: SignIn
) -> None:
    cookie, me = await signed_in(sign_in, owner)
    await start(db, me, agent, "/agents")
    seen = await cookies.actor_of(cookie)
    assert seen is not None
    async with db.write() as session:
        assert await viewing.stop(session, seen) == "/agents"
    assert await cookies.actor_of(cookie) == me
    async with db.write() as session:
        assert await viewing.stop(session, me) == ""
    assert await deeds(db) == [
        ("view.started", owner.account_id, f"account:{agent.account_id}"),
        ("view.stopped", owner.account_id, f"account:{agent.account_id}"),
    ]


async def test_only_this_browser_looks(db: Database, owner: Actor, agent: Actor, sign_in: SignIn) -> None:
    elsewhere, there = await signed_in(sign_in, owner)
    _cookie, me = await signed_in(sign_in, owner)
    await start(db, me, agent)
    assert await cookies.actor_of(elsewhere) == there


@pytest.mark.parametrize(
    ("viewer", "is_admin", "other", "other_is_admin", "allowed"),
    [
        (Role.OWNER, False, Role.AGENT, False, True),
        (Role.OWNER, False, Role.OWNER, False, False),
        (Role.OWNER, False, Role.OPERATOR, True, False),
        (Role.OWNER, False, Role.AGENT, True, False),
        (Role.OWNER, True, Role.OWNER, False, True),
        (Role.OWNER, True, Role.OWNER, True, False),
        (Role.OPERATOR, True, Role.AGENT, False, True),
        (Role.OPERATOR, True, Role.OWNER, False, True),
        (Role.OPERATOR, False, Role.AGENT, False, False),
        (Role.AGENT, False, Role.AGENT, False, False),
    ],
)
async def test_who_may_look_at_whom(
    db: Database,
    new_account: NewAccount,
    sign_in: SignIn,
    viewer: Role,
    is_admin: bool,
    other: Role,
    other_is_admin: bool,
    allowed: bool,
) -> None:
    someone = await new_account("Some One", other, is_admin=other_is_admin)
    cookie, me = await signed_in(sign_in, await new_account("Vera Viewer", viewer, is_admin=is_admin))
    if allowed:
        await start(db, me, someone)
    else:
        with pytest.raises(Forbidden):
            await start(db, me, someone)
    seen = await cookies.actor_of(cookie)
    assert seen is not None
    assert seen.is_looking is allowed
    assert len(await deeds(db)) == allowed


async def test_nobody_looks_at_themselves_at_nobody_or_from_no_session(
    db: Database, admin: Actor, agent: Actor, sign_in: SignIn
) -> None:
    _cookie, me = await signed_in(sign_in, admin)
    with pytest.raises(Forbidden):
        await start(db, me, me)
    with pytest.raises(NotFound):
        await start(db, me, replace(agent, account_id=999_999))
    with pytest.raises(Forbidden):
        await start(db, replace(me, session_id=None), agent)


async def test_nobody_looks_further_from_anothers_eyes(
    db: Database, admin: Actor, owner: Actor, agent: Actor, sign_in: SignIn
) -> None:
    cookie, me = await signed_in(sign_in, admin)
    await start(db, me, owner)
    seen = await cookies.actor_of(cookie)
    assert seen is not None
    with pytest.raises(OnlyLooking) as refusal:
        await start(db, seen, agent)
    assert owner.name in refusal.value.message
    assert "Stop viewing" in refusal.value.message


async def test_it_ends_by_itself_and_the_tick_notes_it(
    db: Database, owner: Actor, agent: Actor, sign_in: SignIn
) -> None:
    cookie, me = await signed_in(sign_in, owner)
    with time_machine.travel(utcnow(), tick=True) as clock:
        await start(db, me, agent)
        clock.shift(viewing.LASTS - timedelta(seconds=10))
        async with db.write() as session:
            assert await viewing.end_expired(session) == 0
        clock.shift(timedelta(seconds=11))
        cookies.forget()
        assert await cookies.actor_of(cookie) == me
        async with db.write() as session:
            assert await viewing.end_expired(session) == 1
        async with db.write() as session:
            assert await viewing.end_expired(session) == 0
    assert (await deeds(db))[-1] == ("view.expired", owner.account_id, f"account:{agent.account_id}")


async def test_starting_again_begins_anew(db: Database, owner: Actor, agent: Actor, sign_in: SignIn) -> None:
    _cookie, me = await signed_in(sign_in, owner)
    await start(db, me, agent)
    with time_machine.travel(utcnow() + timedelta(minutes=20), tick=True):
        await start(db, me, agent)
    async with db.read() as session:
        [view] = await session.exec(select(SessionView))
    assert view.expires_at > utcnow() + timedelta(minutes=45)


async def test_two_who_start_at_once_in_one_session_break_nothing(
    db: Database, owner: Actor, agent: Actor, sign_in: SignIn
) -> None:
    cookie, me = await signed_in(sign_in, owner)
    await asyncio.gather(*(start(db, me, agent) for _ in range(4)))
    seen = await cookies.actor_of(cookie)
    assert seen is not None
    assert seen.account_id == agent.account_id


async def test_whoever_is_deactivated_is_seen_no_more_at_once(
    db: Database, admin: Actor, agent: Actor, sign_in: SignIn
) -> None:
    cookie, me = await signed_in(sign_in, admin)
    await start(db, me, agent)
    async with db.write() as session:
        await accounts.set_active(session, admin, agent.account_id or 0, active=False)
    assert await cookies.actor_of(cookie) == me
    with pytest.raises(Conflict):
        await start(db, me, agent)


async def test_whoever_may_not_look_any_more_is_themselves_at_once(
    db: Database, admin: Actor, owner: Actor, sign_in: SignIn
) -> None:
    cookie, me = await signed_in(sign_in, admin)
    await start(db, me, owner)
    async with db.write() as session:
        (await session.get_one(Account, admin.account_id)).is_admin = False
        (await session.get_one(Account, admin.account_id)).role = Role.OWNER
    cookies.forget(admin.account_id)
    seen = await cookies.actor_of(cookie)
    assert seen is not None
    assert (seen.account_id, seen.is_looking) == (admin.account_id, False)


async def test_whoever_becomes_admin_is_seen_no_more(
    db: Database, admin: Actor, owner: Actor, sign_in: SignIn
) -> None:
    cookie, me = await signed_in(sign_in, admin)
    await start(db, me, owner)
    async with db.write() as session:
        await accounts.set_admin(session, admin, owner.account_id or 0, admin=True)
    assert await cookies.actor_of(cookie) == me


async def test_signing_out_ends_it(db: Database, owner: Actor, agent: Actor, sign_in: SignIn) -> None:
    cookie, me = await signed_in(sign_in, owner)
    await start(db, me, agent)
    async with db.write() as session:
        await sessions.close_session(session, cookies.token_in(cookie))
    assert await cookies.actor_of(cookie) is None
    async with db.read() as session:
        assert (await session.exec(select(sa.func.count()).select_from(SessionView))).one() == 0


async def test_the_viewer_learns_nothing_of_where_the_other_is_and_changes_nothing_of_theirs(
    db: Database, owner: Actor, agent: Actor, sign_in: SignIn
) -> None:
    await sign_in(agent)
    cookie, me = await signed_in(sign_in, owner)
    await start(db, me, agent)
    seen = await cookies.actor_of(cookie)
    assert seen is not None
    async with db.write() as session:
        assert await sessions.list_sessions(session, seen) == []
        for change in (
            profile.update(session, seen, name="X", locale="es", time_zone="UTC"),
            profile.change_email(session, seen, "x@example.com"),
            profile.change_password(session, seen, "$"),
            profile.password_hash(session, seen),
            sessions.end_own_sessions(session, seen),
            sessions.end_own_session(session, seen, 1),
        ):
            with pytest.raises(OnlyLooking):
                await change
        assert len((await session.exec(select(LoginSession))).all()) == 2


async def test_reading_a_chat_leaves_it_unread_and_sends_no_receipt(
    db: Database, owner: Actor, agent: Actor, sign_in: SignIn, conversation_id: int
) -> None:
    cookie, me = await signed_in(sign_in, owner)
    await start(db, me, agent)
    seen = await cookies.actor_of(cookie)
    assert seen is not None
    async with db.write() as session:
        await inbox.open_conversation(session, seen, conversation_id)
    async with db.read() as session:
        assert (await inbox.header(session, seen, conversation_id))["unread"] == 1
    async with db.write() as session:
        await inbox.open_conversation(session, me, conversation_id)
    async with db.read() as session:
        assert (await inbox.header(session, me, conversation_id))["unread"] == 0


async def test_finding_what_has_expired_uses_the_index(db: Database, backend: str) -> None:
    explain = "EXPLAIN QUERY PLAN" if backend == "sqlite" else "EXPLAIN"
    async with db.read() as session:
        if backend == "postgresql":
            await session.exec(sa.text("SET LOCAL enable_seqscan = off"))
        plan = await session.exec(
            sa.text(f"{explain} SELECT session_id FROM session_view WHERE expires_at <= :now LIMIT 500"),
            params={"now": utcnow()},
        )
        assert "ix_session_view_expires_at" in str(plan.all())
