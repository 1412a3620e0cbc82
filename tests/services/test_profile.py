"""What people change about themselves."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from sqlmodel import select

from wapto_app.db import Database
from wapto_app.models import Account, AuditEntry, LinkPurpose
from wapto_app.security import cookies
from wapto_app.security.permissions import Actor
from wapto_app.services import links, profile
from wapto_app.services.errors import Forbidden, Invalid, SignedOut
from wapto_app.services.links import LinkDead

SignIn = Callable[[Actor], Awaitable[str]]


async def test_profile_is_loaded_without_the_password(db: Database, owner: Actor) -> None:
    async with db.read() as session:
        loaded = await profile.load(session, owner)
    assert set(loaded) == {"name", "email", "role", "is_admin", "locale", "time_zone"}
    assert (loaded["name"], loaded["locale"], loaded["time_zone"]) == ("Olga Owner", "en", "UTC")


async def test_profile_is_changed(db: Database, agent: Actor) -> None:
    async with db.write() as session:
        await profile.update(session, agent, name=" Ben  B. ", locale="es", time_zone="Europe/Madrid")
    async with db.read() as session:
        loaded = await profile.load(session, agent)
    assert (loaded["name"], loaded["locale"], loaded["time_zone"]) == ("Ben B.", "es", "Europe/Madrid")


@pytest.mark.parametrize(
    ("field", "value"), [("name", " "), ("name", "a\0b"), ("locale", "../x"), ("time_zone", "Mars/Base")]
)
async def test_wrong_value_names_its_field_and_changes_nothing(
    db: Database, owner: Actor, field: str, value: str
) -> None:
    values = {"name": "New", "locale": "en", "time_zone": "UTC"} | {field: value}

    async def change() -> None:
        async with db.write() as session:
            await profile.update(session, owner, **values)

    with pytest.raises(Invalid) as refused:
        await change()
    assert refused.value.field == field
    async with db.read() as session:
        assert (await profile.load(session, owner))["name"] == "Olga Owner"


async def test_address_changes_unless_it_is_somebody_elses(db: Database, owner: Actor, agent: Actor) -> None:
    async with db.write() as session:
        taken = (await profile.load(session, agent))["email"]
        with pytest.raises(Invalid):
            await profile.change_email(session, owner, taken.upper())
        await profile.change_email(session, owner, "New@Example.com")
    async with db.read() as session:
        assert (await profile.load(session, owner))["email"] == "new@example.com"


async def test_changed_address_or_password_kills_reset_links(db: Database, owner: Actor) -> None:
    for change in ("address", "password"):
        async with db.write() as session:
            token = await links.issue(session, LinkPurpose.RESET, owner.account_id)
        async with db.write() as session:
            if change == "address":
                await profile.change_email(session, owner, "new@example.com")
            else:
                await profile.change_password(session, owner, "$argon2id$new")
        async with db.read() as session:
            with pytest.raises(LinkDead):
                await links.bearer(session, LinkPurpose.RESET, token)


async def test_changed_password_ends_the_other_sessions(db: Database, owner: Actor, sign_in: SignIn) -> None:
    here, there = await sign_in(owner), await sign_in(owner)
    actor = await cookies.actor_of(here)
    assert actor is not None
    assert await cookies.actor_of(there) is not None
    async with db.write() as session:
        await profile.change_password(session, actor, "$argon2id$new")
    assert await cookies.actor_of(there) is None
    assert await cookies.actor_of(here) is not None


async def test_changes_are_noted_without_secrets(db: Database, owner: Actor) -> None:
    async with db.write() as session:
        await profile.change_password(session, owner, "$argon2id$new")
        await profile.change_email(session, owner, "new@example.com")
    async with db.read() as session:
        entries = (await session.exec(select(AuditEntry).order_by(AuditEntry.id))).all()  # type: ignore[arg-type]
    assert [entry.action for entry in entries] == ["account.password_changed", "account.email_changed"]
    assert "argon2" not in str(entries)
    assert entries[1].detail["new"] == "new@example.com"


async def test_who_is_gone_has_no_profile(db: Database, owner: Actor) -> None:
    async with db.write() as session:
        await session.delete(await session.get_one(Account, owner.account_id))
    async with db.read() as session:
        with pytest.raises(SignedOut):
            await profile.load(session, owner)
        with pytest.raises(Forbidden):
            await profile.load(session, Actor(None, owner.role))
