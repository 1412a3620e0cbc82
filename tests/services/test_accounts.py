"""How accounts come to be, and who may use them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.db import Database
from wapto_app.models import Account, AuditEntry, LinkPurpose, Role
from wapto_app.security import cookies
from wapto_app.security.passwords import UNUSABLE
from wapto_app.security.permissions import EVERYBODY, Actor, Permission
from wapto_app.services import account_list, accounts, links, sessions
from wapto_app.services.account_list import AccountRow, Filter
from wapto_app.services.accounts import Person, RegistrationClosed
from wapto_app.services.errors import Conflict, Forbidden, Invalid, NotFound
from wapto_app.services.links import LinkDead

OLGA = Person("Olga Owner", "olga@example.com", "$argon2id$olga")
BEN = Person("Ben Smith", "ben@example.com", "$argon2id$ben")


def token_of(path: str | None) -> str:
    assert path is not None
    return path.rpartition("=")[2].rpartition("/")[2]


async def get(db: Database, account_id: int | None) -> Account:
    async with db.read() as session:
        return await session.get_one(Account, account_id)


async def deeds(db: Database) -> list[str]:
    async with db.read() as session:
        return list(await session.exec(select(AuditEntry.action).order_by(col(AuditEntry.id))))


async def everybody(session: AsyncSession, actor: Actor, search: str = "") -> list[AccountRow]:
    return (await account_list.listing(session, actor, Filter(search)))["rows"]


async def setup_token(db: Database) -> str:
    async with db.write() as session:
        return token_of(await accounts.ensure_setup_link(session))


async def set_up(db: Database, *, runs_business: bool) -> int:
    token = await setup_token(db)
    async with db.write() as session:
        return await accounts.set_up(session, token, OLGA, runs_business=runs_business)


async def access(db: Database) -> accounts.Access:
    async with db.read() as session:
        return await accounts.access(session)


async def test_empty_house_opens_only_by_the_printed_link(db: Database) -> None:
    assert await access(db) == {"setup_needed": True, "registration_open": False}
    async with db.write() as session:
        path = await accounts.ensure_setup_link(session)
        with pytest.raises(RegistrationClosed):
            await accounts.register(session, OLGA)
    assert path is not None
    assert path.startswith("/setup?token=")


async def test_setup_makes_one_person_admin_and_owner(db: Database) -> None:
    account = await get(db, await set_up(db, runs_business=True))
    assert (account.role, account.is_admin, account.is_active) == (Role.OWNER, True, True)
    assert await access(db) == {"setup_needed": False, "registration_open": False}


async def test_operator_leaves_registration_open_for_exactly_one_owner(db: Database) -> None:
    operator = await get(db, await set_up(db, runs_business=False))
    assert (operator.role, operator.is_admin) == (Role.OPERATOR, True)
    assert (await access(db))["registration_open"]
    async with db.write() as session:
        owner_id = await accounts.register(session, BEN)
    owner = await get(db, owner_id)
    assert (owner.role, owner.is_admin) == (Role.OWNER, False)
    async with db.write() as session:
        with pytest.raises(RegistrationClosed):
            await accounts.register(session, Person("Eve", "eve@example.com", "$"))


async def test_operator_sees_nothing_of_the_workspace(db: Database) -> None:
    actor = accounts.as_actor(await get(db, await set_up(db, runs_business=False)))
    assert actor.permissions == EVERYBODY | {Permission.ADMIN}


async def test_two_registrations_at_once_make_one_owner(db: Database) -> None:
    await set_up(db, runs_business=False)

    async def register(number: int) -> int:
        async with db.write() as session:
            return await accounts.register(session, Person("Eve", f"eve{number}@example.com", "$"))

    results = await asyncio.gather(*(register(number) for number in range(6)), return_exceptions=True)
    assert sum(isinstance(result, int) for result in results) == 1
    assert sum(isinstance(result, RegistrationClosed) for result in results) == 5
    async with db.read() as session:
        assert len((await session.exec(select(Account).where(Account.role == Role.OWNER))).all()) == 1


async def test_two_set_ups_at_once_make_one_admin(db: Database) -> None:
    token = await setup_token(db)

    async def attempt(number: int) -> int:
        async with db.write() as session:
            person = Person("Eve", f"eve{number}@example.com", "$")
            return await accounts.set_up(session, token, person, runs_business=True)

    results = await asyncio.gather(*(attempt(number) for number in range(4)), return_exceptions=True)
    assert sum(isinstance(result, int) for result in results) == 1
    assert sum(isinstance(result, Conflict) for result in results) == 3


async def test_setup_link_dies_with_the_next_start_and_with_the_first_account(db: Database) -> None:
    first, second = await setup_token(db), await setup_token(db)
    async with db.write() as session:
        with pytest.raises(LinkDead):
            await accounts.set_up(session, first, OLGA, runs_business=True)
    async with db.write() as session:
        await accounts.create_admin(session, BEN)
    async with db.write() as session:
        assert await accounts.ensure_setup_link(session) is None
        with pytest.raises(LinkDead):
            await accounts.set_up(session, second, OLGA, runs_business=True)


async def test_address_is_unique_whatever_its_case(db: Database) -> None:
    await set_up(db, runs_business=True)
    async with db.write() as session:
        with pytest.raises(Invalid) as refused:
            await accounts.create_admin(session, Person("Other", " OLGA@Example.com", "$"))
    assert refused.value.field == "email"


async def test_hostile_names_are_only_text(db: Database, admin: Actor) -> None:
    name = "Robert'); DROP TABLE account;-- <img src=x onerror=alert(1)>"
    async with db.write() as session:
        await accounts.create_admin(session, Person(name, "robert@example.com", "$"))
        rows = await everybody(session, admin, "DROP TABLE")
    assert [row["name"] for row in rows] == [name]


async def test_search_takes_percent_and_underscore_as_they_are(db: Database, admin: Actor) -> None:
    async with db.write() as session:
        await accounts.create_admin(session, Person("100% Olga", "olga_o@example.com", "$"))
        assert [row["name"] for row in await everybody(session, admin, "0% O")] == ["100% Olga"]
        assert [row["name"] for row in await everybody(session, admin, "a_o@")] == ["100% Olga"]
        assert await everybody(session, admin, "a%example") == []


async def test_invited_person_joins_with_name_and_password(db: Database, admin: Actor) -> None:
    async with db.write() as session:
        path = await accounts.invite(session, admin, "Ben@Example.com")
    assert path.startswith("/invite/")
    token = token_of(path)
    async with db.write() as session:
        assert await accounts.invited(session, token) == "ben@example.com"
        joined = await accounts.accept_invitation(session, token, BEN)
    account = await get(db, joined)
    assert (account.name, account.email, account.role) == ("Ben Smith", "ben@example.com", Role.OWNER)
    assert not account.is_admin
    async with db.write() as session:
        with pytest.raises(LinkDead):
            await accounts.accept_invitation(session, token, BEN)


async def test_inviting_again_replaces_the_link_and_not_the_account(db: Database, admin: Actor) -> None:
    async with db.write() as session:
        first = token_of(await accounts.invite(session, admin, "ben@example.com"))
    async with db.write() as session:
        second = token_of(await accounts.invite(session, admin, "ben@example.com"))
    async with db.write() as session:
        with pytest.raises(LinkDead):
            await accounts.invited(session, first)
        assert await accounts.invited(session, second) == "ben@example.com"
        assert len(await everybody(session, admin, "ben@")) == 1


async def test_who_is_here_cannot_be_invited(db: Database, admin: Actor) -> None:
    async with db.write() as session:
        await accounts.create_admin(session, BEN)
        with pytest.raises(Invalid):
            await accounts.invite(session, admin, "ben@example.com")


async def test_invited_owner_closes_registration(db: Database) -> None:
    operator = accounts.as_actor(await get(db, await set_up(db, runs_business=False)))
    async with db.write() as session:
        await accounts.invite(session, operator, "ben@example.com")
        with pytest.raises(RegistrationClosed):
            await accounts.register(session, Person("Eve", "eve@example.com", "$"))


async def test_withdrawn_invitation_is_dead(db: Database, admin: Actor) -> None:
    async with db.write() as session:
        token = token_of(await accounts.invite(session, admin, "ben@example.com"))
        [row] = await everybody(session, admin, "ben@")
        assert row["status"] == "invited"
    async with db.write() as session:
        await accounts.withdraw_invitation(session, admin, row["id"])
    async with db.write() as session:
        with pytest.raises(LinkDead):
            await accounts.accept_invitation(session, token, BEN)
        assert await everybody(session, admin, "ben@") == []


async def test_invitation_of_who_has_joined_cannot_be_withdrawn(db: Database, admin: Actor) -> None:
    async with db.write() as session:
        ben = await accounts.create_admin(session, BEN)
        with pytest.raises(Conflict):
            await accounts.withdraw_invitation(session, admin, ben)


async def test_who_joins_at_the_moment_of_a_withdrawal_is_not_lost(db: Database, admin: Actor) -> None:
    async with db.write() as session:
        token = token_of(await accounts.invite(session, admin, "ben@example.com"))
        [row] = await everybody(session, admin, "ben@")

    async def withdraw() -> None:
        async with db.write() as session:
            await accounts.withdraw_invitation(session, admin, row["id"])

    async with db.write() as session:
        await accounts.accept_invitation(session, token, BEN)
        withdrawing = asyncio.create_task(withdraw())
        await asyncio.sleep(0.3)
    with pytest.raises(Conflict, match="joined meanwhile"):
        await withdrawing
    async with db.read() as session:
        assert [each["status"] for each in await everybody(session, admin, "ben@")] == ["active"]


async def test_deactivating_ends_sessions_and_links_at_once(
    db: Database, admin: Actor, sign_in: Callable[[Actor], Awaitable[str]]
) -> None:
    async with db.write() as session:
        ben = await accounts.create_admin(session, BEN)
        reset = token_of(await accounts.access_link(session, admin, ben))
    cookie = await sign_in(Actor(ben, Role.OWNER))
    assert await cookies.actor_of(cookie) is not None
    async with db.write() as session:
        await accounts.set_active(session, admin, ben, active=False)
    assert await cookies.actor_of(cookie) is None
    async with db.write() as session:
        with pytest.raises(LinkDead):
            await links.bearer(session, LinkPurpose.RESET, reset)
        with pytest.raises(Conflict):
            await accounts.access_link(session, admin, ben)
        await accounts.set_active(session, admin, ben, active=True)
    assert await cookies.actor_of(cookie) is None


async def test_admin_cannot_lock_themselves_out(db: Database, admin: Actor) -> None:
    async with db.write() as session:
        with pytest.raises(Conflict):
            await accounts.set_active(session, admin, admin.account_id or 0, active=False)


async def test_access_link_fits_the_account(db: Database, admin: Actor) -> None:
    async with db.write() as session:
        ben = await accounts.create_admin(session, BEN)
        assert (await accounts.access_link(session, admin, ben)).startswith("/reset?token=")
        assert (await accounts.access_link_of(session, Actor.system(), "BEN@example.com")).startswith(
            "/reset?"
        )
        await accounts.invite(session, admin, "zoe@example.com")
        assert (await accounts.access_link_of(session, admin, "zoe@example.com")).startswith("/invite/")
        with pytest.raises(NotFound):
            await accounts.access_link_of(session, admin, "nobody@example.com")
        with pytest.raises(NotFound):
            await accounts.access_link(session, admin, 999_999)


async def test_only_an_admin_manages_accounts(db: Database, owner: Actor, agent: Actor) -> None:
    for actor in (owner, agent):
        async with db.write() as session:
            for forbidden in (
                account_list.listing(session, actor),
                accounts.invite(session, actor, "eve@example.com"),
                accounts.access_link(session, actor, 1),
                accounts.access_link_of(session, actor, "eve@example.com"),
                accounts.set_active(session, actor, 1, active=False),
                accounts.set_admin(session, actor, 1, admin=True),
                accounts.withdraw_invitation(session, actor, 1),
            ):
                with pytest.raises(Forbidden):
                    await forbidden


async def test_table_tells_who_is_who(db: Database, admin: Actor, agent: Actor) -> None:
    async with db.write() as session:
        await accounts.invite(session, admin, "zoe@example.com")
        await sessions.open_session(session, agent.account_id or 0, address="192.0.2.1", user_agent="x")
    async with db.read() as session:
        rows = {row["name"]: row for row in await everybody(session, admin)}
    assert rows["Ada Admin"]["is_me"]
    assert rows["Ada Admin"]["is_admin"]
    assert not rows["Ben Agent"]["is_me"]
    assert rows["Ben Agent"]["role"] == "agent"
    assert rows["Ben Agent"]["last_seen_at"].endswith("+00:00")
    assert rows["zoe@example.com"]["status"] == "invited"
    assert rows["zoe@example.com"]["last_seen_at"] == ""
    assert not any("password" in name for name in rows["Ada Admin"])


async def test_everybody_is_found_page_by_page(db: Database, admin: Actor) -> None:
    async with db.write() as session:
        for number in range(account_list.PAGE * 2):
            # Names that are equal, and names that differ by their case only.
            name = f"{'Same' if number % 3 else 'same'} {number % 7}"
            session.add(
                Account(name=name, email=f"p{number}@example.com", password_hash="$", role=Role.AGENT)
            )
    seen: list[int] = []
    after = None
    async with db.read() as session:
        for _page in range(3):
            page = await account_list.listing(session, admin, after=after)
            assert page["total"] == account_list.PAGE * 2 + 1
            seen += [row["id"] for row in page["rows"]]
            after = page["next"]
        assert after is None
    assert len(seen) == len(set(seen)) == account_list.PAGE * 2 + 1


async def test_roles_and_statuses_narrow_the_table(
    db: Database, admin: Actor, agent: Actor, owner: Actor
) -> None:
    async with db.write() as session:
        await accounts.invite(session, admin, "zoe@example.com")
        await accounts.set_active(session, admin, owner.account_id or 0, active=False)

    async def names(**wanted: str) -> list[str]:
        async with db.read() as session:
            found = await account_list.listing(session, admin, Filter(**wanted))
        assert found["total"] == len(found["rows"])
        return [row["name"] for row in found["rows"]]

    assert await names(role="agent") == ["Ben Agent"]
    assert await names(role="admin") == ["Ada Admin"]
    assert await names(role="owner", status="active") == ["Ada Admin"]
    assert await names(status="invited") == ["zoe@example.com"]
    assert await names(status="deactivated") == ["Olga Owner"]
    assert len(await names(role="'; --", status="x")) == 4


async def test_an_admin_makes_another_and_takes_it_back(db: Database, admin: Actor, owner: Actor) -> None:
    async with db.write() as session:
        assert await accounts.set_admin(session, admin, owner.account_id or 0, admin=True) == "Olga Owner"
    assert (await get(db, owner.account_id)).is_admin
    async with db.write() as session:
        await accounts.set_admin(session, admin, owner.account_id or 0, admin=False)
    assert not (await get(db, owner.account_id)).is_admin
    assert (await deeds(db))[-2:] == ["account.made_admin", "account.unmade_admin"]


async def test_nobody_decides_about_themselves_and_nobody_who_cannot_sign_in_becomes_admin(
    db: Database, admin: Actor, owner: Actor
) -> None:
    async with db.write() as session:
        await accounts.invite(session, admin, "zoe@example.com")
        [zoe] = await everybody(session, admin, "zoe@")
        await accounts.set_active(session, admin, owner.account_id or 0, active=False)
        for account_id, wanted in ((admin.account_id, False), (zoe["id"], True), (owner.account_id, True)):
            with pytest.raises(Conflict):
                await accounts.set_admin(session, admin, account_id or 0, admin=wanted)


@pytest.mark.parametrize("how", ["unmade", "deactivated"])
async def test_of_two_admins_who_remove_each_other_one_stays(db: Database, admin: Actor, how: str) -> None:
    async with db.write() as session:
        other = accounts.as_actor(await session.get_one(Account, await accounts.create_admin(session, BEN)))

    async def remove(actor: Actor, account_id: int | None) -> bool:
        async with db.write() as session:
            try:
                if how == "unmade":
                    await accounts.set_admin(session, actor, account_id or 0, admin=False)
                else:
                    await accounts.set_active(session, actor, account_id or 0, active=False)
            except Conflict:
                return False
        return True

    removed = await asyncio.gather(remove(admin, other.account_id), remove(other, admin.account_id))
    assert sorted(removed) == [False, True]


async def test_deeds_are_noted_without_secrets(db: Database) -> None:
    admin = accounts.as_actor(await get(db, await set_up(db, runs_business=True)))
    async with db.write() as session:
        token = token_of(await accounts.invite(session, admin, "ben@example.com"))
        ben = await accounts.accept_invitation(session, token, BEN)
        await accounts.set_active(session, admin, ben, active=False)
    assert await deeds(db) == [
        "account.created",
        "account.invited",
        "account.joined",
        "account.deactivated",
    ]
    async with db.read() as session:
        for entry in await session.exec(select(AuditEntry)):
            assert token not in str(entry)
            assert "argon2" not in str(entry)


async def test_nothing_is_noted_when_the_deed_fails(db: Database, admin: Actor) -> None:
    before = await deeds(db)

    async def fail() -> None:
        async with db.write() as session:
            await accounts.invite(session, admin, "ben@example.com")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    assert await deeds(db) == before


async def test_invited_account_has_no_password(db: Database, admin: Actor) -> None:
    async with db.write() as session:
        await accounts.invite(session, admin, "ben@example.com")
        account = (await session.exec(select(Account).where(Account.email == "ben@example.com"))).one()
    assert account.password_hash == UNUSABLE
