"""Links work once, for what they were made for, and not for long."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
import time_machine
from sqlmodel import select

from wapto_app.clock import utcnow
from wapto_app.db import Database
from wapto_app.models import LinkPurpose, OneTimeLink
from wapto_app.security.permissions import Actor
from wapto_app.services import links
from wapto_app.services.links import LinkDead


async def issue(db: Database, purpose: LinkPurpose, account_id: int | None = None) -> str:
    async with db.write() as session:
        return await links.issue(session, purpose, account_id)


async def use(db: Database, purpose: LinkPurpose, token: str) -> int | None:
    async with db.write() as session:
        return await links.use(session, purpose, token)


async def test_link_works_once(db: Database, owner: Actor) -> None:
    token = await issue(db, LinkPurpose.RESET, owner.account_id)
    assert await use(db, LinkPurpose.RESET, token) == owner.account_id
    with pytest.raises(LinkDead):
        await use(db, LinkPurpose.RESET, token)


async def test_of_two_at_once_one_succeeds(db: Database, owner: Actor) -> None:
    token = await issue(db, LinkPurpose.RESET, owner.account_id)
    both = await asyncio.gather(
        *(use(db, LinkPurpose.RESET, token) for _ in range(2)), return_exceptions=True
    )
    assert sorted(type(result).__name__ for result in both) == ["ResetLinkDead", "int"]


@pytest.mark.parametrize(
    ("purpose", "lifetime"),
    [
        (LinkPurpose.RESET, timedelta(hours=1)),
        (LinkPurpose.SETUP, timedelta(days=1)),
        (LinkPurpose.INVITE, timedelta(days=7)),
    ],
)
async def test_link_expires(db: Database, purpose: LinkPurpose, lifetime: timedelta) -> None:
    with time_machine.travel(utcnow(), tick=False) as clock:
        token = await issue(db, purpose)
        clock.shift(lifetime - timedelta(seconds=1))
        async with db.read() as session:
            await links.bearer(session, purpose, token)
        clock.shift(2)
        with pytest.raises(LinkDead):
            await use(db, purpose, token)


async def test_newer_link_replaces_the_older(db: Database, owner: Actor, agent: Actor) -> None:
    first = await issue(db, LinkPurpose.RESET, owner.account_id)
    other = await issue(db, LinkPurpose.RESET, agent.account_id)
    second = await issue(db, LinkPurpose.RESET, owner.account_id)
    with pytest.raises(LinkDead):
        await use(db, LinkPurpose.RESET, first)
    assert await use(db, LinkPurpose.RESET, second) == owner.account_id
    assert await use(db, LinkPurpose.RESET, other) == agent.account_id


@pytest.mark.parametrize("token", ["", "guess", "' OR 1=1 --", "x" * 1024, "%00"])
async def test_guessed_token_is_dead(db: Database, owner: Actor, token: str) -> None:
    await issue(db, LinkPurpose.RESET, owner.account_id)
    with pytest.raises(LinkDead):
        await use(db, LinkPurpose.RESET, token)


async def test_link_of_another_purpose_is_dead(db: Database, owner: Actor) -> None:
    token = await issue(db, LinkPurpose.INVITE, owner.account_id)
    with pytest.raises(LinkDead):
        await use(db, LinkPurpose.RESET, token)


async def test_only_the_hash_of_a_token_is_stored(db: Database, owner: Actor) -> None:
    token = await issue(db, LinkPurpose.RESET, owner.account_id)
    async with db.read() as session:
        stored = (await session.exec(select(OneTimeLink))).one()
    assert token not in str(stored)
    assert len(stored.token_hash) == 64


async def test_old_links_are_swept_and_live_ones_kept(db: Database, owner: Actor) -> None:
    with time_machine.travel("2026-01-01T00:00:00Z", tick=False):
        await issue(db, LinkPurpose.RESET, owner.account_id)
    live = await issue(db, LinkPurpose.INVITE, owner.account_id)
    async with db.write() as session:
        await links.delete_expired(session)
    async with db.read() as session:
        assert len((await session.exec(select(OneTimeLink))).all()) == 1
        assert await links.bearer(session, LinkPurpose.INVITE, live) == owner.account_id
