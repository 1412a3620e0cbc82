"""Two-factor login over HTTP: set-up, the code after the password, recovery codes, and every way around it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pyotp
import pytest
import sqlalchemy as sa
import time_machine
from sqlmodel import col, select

from tests.web.account_steps import PASSWORD, Make, NewClient, login, refusal, signed_in_as
from wapto_app.db import Database
from wapto_app.models import (
    Account,
    AuditEntry,
    LinkPurpose,
    LoginSession,
    RecoveryCode,
    Role,
    Team,
    TwoFactor,
)
from wapto_app.runtime import Runtime
from wapto_app.security import cookies, tickets
from wapto_app.security.permissions import EVERYBODY, Actor, Duty
from wapto_app.services import links, rules, two_factor
from wapto_app.web import auth
from wapto_app.web import two_factor as routes

NOON = datetime(2030, 5, 17, 12, 0, 5, tzinfo=UTC)
OLGA, BEN = "olga@example.com", "ben@example.com"
NEW_PASSWORD = "brass kettle meadow"


def code_at(secret: str, **ahead: float) -> str:
    return pyotp.TOTP(secret.replace(" ", "")).at(datetime.now(UTC) + timedelta(**ahead))


async def post(client: httpx.AsyncClient, path: str, **form: str) -> httpx.Response:
    return await client.post(f"/auth/{path}", json=form)


async def set_up(client: httpx.AsyncClient) -> tuple[str, list[str]]:
    """Switch it on for whoever is signed in; secret and recovery codes."""
    started = (await post(client, "two-factor/start", password=PASSWORD)).json()
    confirmed = await post(client, "two-factor/confirm", code=code_at(started["secret"]))
    assert confirmed.status_code == 200, confirmed.text
    return started["secret"], confirmed.json()["codes"]


@pytest.fixture
def clock() -> Any:
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
async def secured(visitor: httpx.AsyncClient, make: Make, clock: Any) -> tuple[str, list[str]]:
    """Olga uses two-factor login and is signed out; it is a minute later, so that no code is used up."""
    await make(OLGA)
    assert (await login(visitor)).status_code == 200
    found = await set_up(visitor)
    await visitor.post("/auth/logout")
    visitor.cookies.clear()
    clock.shift(120)
    return found


async def signed_out_but_asked(client: httpx.AsyncClient) -> None:
    """The password is right, and nobody is in yet."""
    response = await login(client)
    assert response.json() == {"go": "/login/code"}
    assert cookies.COOKIE not in client.cookies
    assert tickets.COOKIE in client.cookies


async def test_set_up_shows_the_secret_once_and_the_picture_holds_it(
    visitor: httpx.AsyncClient, make: Make, db: Database, runtime: Runtime
) -> None:
    account_id = await make(OLGA)
    await login(visitor)
    answer = await post(visitor, "two-factor/start", password=PASSWORD)
    body = answer.json()
    assert body["picture"].startswith("data:image/svg+xml")
    assert answer.headers["cache-control"] == "no-store"
    async with db.read() as session:
        own = await session.get_one(TwoFactor, account_id)
        assert not await two_factor.is_on(session, account_id)
    assert body["secret"].replace(" ", "") not in own.secret
    assert runtime.secrets.open(own.secret) == body["secret"].replace(" ", "")


@pytest.mark.parametrize("path", ["two-factor/start", "two-factor/codes", "two-factor/off"])
async def test_every_change_asks_for_the_password_and_counts_the_tries(
    visitor: httpx.AsyncClient, make: Make, path: str
) -> None:
    await make(OLGA)
    await login(visitor)
    for _ in range(10):
        assert refusal(await post(visitor, path, password="wrong")) == {
            "password": "This is not your current password."
        }
    response = await post(visitor, path, password=PASSWORD)
    assert response.status_code == 429


@pytest.mark.parametrize("path", ["start", "codes", "off", "confirm"])
async def test_strangers_change_nothing(visitor: httpx.AsyncClient, make: Make, path: str) -> None:
    await make(OLGA)
    form = {"code": "123456"} if path == "confirm" else {"password": PASSWORD}
    assert (await post(visitor, f"two-factor/{path}", **form)).status_code == 401


async def test_without_a_first_code_nothing_is_on(visitor: httpx.AsyncClient, make: Make) -> None:
    await make(OLGA)
    await login(visitor)
    secret = (await post(visitor, "two-factor/start", password=PASSWORD)).json()["secret"]
    wrong = code_at(secret, hours=3)
    assert "code" in refusal(await post(visitor, "two-factor/confirm", code=wrong))
    visitor.cookies.clear()
    assert (await login(visitor)).json() == {"go": "/inbox"}


async def test_a_code_is_asked_for_after_the_password(
    visitor: httpx.AsyncClient, secured: tuple[str, list[str]]
) -> None:
    await signed_out_but_asked(visitor)
    assert await signed_in_as(visitor) is None
    response = await post(visitor, "code", code=f" {code_at(secured[0])[:3]} {code_at(secured[0])[3:]} ")
    assert response.json() == {"go": "/inbox"}
    assert await signed_in_as(visitor) is not None
    assert tickets.COOKIE not in visitor.cookies


async def test_the_wanted_page_is_kept_and_never_leads_elsewhere(
    visitor: httpx.AsyncClient, secured: tuple[str, list[str]], clock: Any
) -> None:
    assert (await login(visitor, next="/admin/accounts")).json()["go"] == "/login/code?next=/admin/accounts"
    response = await post(visitor, "code", code=code_at(secured[0]), next="/admin/accounts")
    assert response.json() == {"go": "/admin/accounts"}
    clock.shift(60)
    assert (await login(visitor, next="//evil.example")).json()["go"] == "/login/code"
    response = await post(visitor, "code", code=code_at(secured[0]), next="https://evil.example")
    assert response.json() == {"go": "/inbox"}


async def test_the_ticket_is_for_the_account_routes_alone_and_for_no_script(
    visitor: httpx.AsyncClient, secured: tuple[str, list[str]]
) -> None:
    response = await login(visitor)
    [header] = response.headers.get_list("set-cookie")
    attributes = {part.strip().lower() for part in header.split(";")[1:]}
    assert attributes == {"httponly", "max-age=300", "path=/auth", "samesite=strict"}
    ticket = visitor.cookies[tickets.COOKIE]
    assert await cookies.actor_of(f"{cookies.COOKIE}={ticket}") is None


@pytest.mark.parametrize(
    ("seconds", "is_in"), [(-31, True), (31, True), (0, True), (-95, False), (95, False)]
)
async def test_a_clock_may_differ_by_a_step_and_no_more(
    visitor: httpx.AsyncClient, secured: tuple[str, list[str]], seconds: int, is_in: bool
) -> None:
    await signed_out_but_asked(visitor)
    response = await post(visitor, "code", code=code_at(secured[0], seconds=seconds))
    assert (response.status_code == 200) == is_in


async def test_a_code_works_once_and_so_does_none_before_it(
    visitor: httpx.AsyncClient, secured: tuple[str, list[str]], new_client: NewClient
) -> None:
    await signed_out_but_asked(visitor)
    used, earlier = code_at(secured[0]), code_at(secured[0], seconds=-30)
    assert (await post(visitor, "code", code=used)).status_code == 200
    thief = new_client([*auth.routes, *routes.routes])
    await signed_out_but_asked(thief)
    for code in (used, earlier):
        assert "code" in refusal(await post(thief, "code", code=code))
    assert (await post(thief, "code", code=code_at(secured[0], seconds=30))).status_code == 200


async def test_the_code_of_the_set_up_is_used_up(visitor: httpx.AsyncClient, make: Make, clock: Any) -> None:
    await make(OLGA)
    await login(visitor)
    secret, _codes = await set_up(visitor)
    visitor.cookies.clear()
    await signed_out_but_asked(visitor)
    assert "code" in refusal(await post(visitor, "code", code=code_at(secret)))


async def test_a_recovery_code_works_once_and_says_how_many_are_left(
    visitor: httpx.AsyncClient, secured: tuple[str, list[str]], new_client: NewClient, db: Database
) -> None:
    codes = secured[1]
    assert len(set(codes)) == 10
    await signed_out_but_asked(visitor)
    response = await post(visitor, "code", code=codes[3].upper().replace("-", " "))
    assert response.json() == {"done": True, "left": 9, "next": "/inbox"}
    assert await signed_in_as(visitor) is not None
    other = new_client([*auth.routes, *routes.routes])
    await signed_out_but_asked(other)
    assert "code" in refusal(await post(other, "code", code=codes[3]))
    assert (await post(other, "code", code=codes[4])).json()["left"] == 8
    async with db.read() as session:
        stored = (await session.exec(select(RecoveryCode.code_hash))).all()
    assert not any(code.replace("-", "") in str(stored) for code in codes)


async def test_guessing_is_slowed_down_and_the_right_password_does_not_reset_it(
    visitor: httpx.AsyncClient, secured: tuple[str, list[str]]
) -> None:
    await signed_out_but_asked(visitor)
    for _ in range(5):
        assert (await post(visitor, "code", code="000000")).status_code == 400
    await signed_out_but_asked(visitor)
    for _ in range(5):
        assert (await post(visitor, "code", code="000000")).status_code == 400
    response = await post(visitor, "code", code=code_at(secured[0]))
    assert response.status_code == 429
    assert int(response.headers["retry-after"]) > 0


@pytest.mark.sqlite_only  # the clock of Redis, which counts on the other run, cannot be moved
async def test_guessing_for_days_is_slowed_down_too(
    visitor: httpx.AsyncClient, secured: tuple[str, list[str]], clock: Any
) -> None:
    """Ten tries every ten minutes would be 1,440 a day."""
    tried = 0
    for _ in range(12):
        await login(visitor)
        while (await post(visitor, "code", code="000000")).status_code == 400:
            tried += 1
        clock.shift(601)
    assert tried == 60 - 1  # the code of the set-up was one


@pytest.mark.parametrize(
    "code", ["", "0", "12345", "1234567", "١٢٣٤٥٦", "000000\n000000", "' OR 1=1 --", "x" * 1000, "-", "🔑"]
)
async def test_odd_codes_are_refused(
    visitor: httpx.AsyncClient, secured: tuple[str, list[str]], code: str
) -> None:
    await signed_out_but_asked(visitor)
    assert refusal(await post(visitor, "code", code=code))
    assert await signed_in_as(visitor) is None


async def test_without_a_ticket_no_code_is_heard(
    visitor: httpx.AsyncClient, secured: tuple[str, list[str]], runtime: Runtime
) -> None:
    sealed = runtime.secrets.seal(json.dumps(["other purpose", 1, "x", 9e12]))
    for ticket in ("", "x", sealed, runtime.secrets.seal("[]"), runtime.secrets.seal("{")):
        visitor.cookies.set(tickets.COOKIE, ticket, path="/auth")
        assert "sign in again" in refusal(await post(visitor, "code", code=code_at(secured[0])))[""]


async def test_a_ticket_of_another_account_opens_nothing(
    visitor: httpx.AsyncClient, secured: tuple[str, list[str]], make: Make, runtime: Runtime, db: Database
) -> None:
    """Ben knows his own password and Olga's code; or forges who his ticket is for."""
    ben = await make(BEN)
    ticket = tickets.issue(runtime.secrets, ben, "his hash")
    visitor.cookies.set(tickets.COOKIE, ticket, path="/auth")
    refusal(await post(visitor, "code", code=code_at(secured[0])))
    async with db.read() as session:
        olga = (await session.exec(select(Account.id).where(Account.email == OLGA))).one()
    assert not tickets.fits(runtime.secrets, ticket, olga or 0, "his hash")
    assert await signed_in_as(visitor) is None


async def test_a_ticket_lasts_five_minutes(
    visitor: httpx.AsyncClient, secured: tuple[str, list[str]], clock: Any
) -> None:
    await signed_out_but_asked(visitor)
    ticket = visitor.cookies[tickets.COOKIE]
    clock.shift(301)
    visitor.cookies.clear()
    visitor.cookies.set(tickets.COOKIE, ticket, path="/auth")
    assert "sign in again" in refusal(await post(visitor, "code", code=code_at(secured[0])))[""]


@pytest.mark.parametrize("change", ["password", "inactive", "off"])
async def test_a_ticket_is_dead_once_its_account_changed(
    visitor: httpx.AsyncClient, secured: tuple[str, list[str]], db: Database, change: str
) -> None:
    await signed_out_but_asked(visitor)
    async with db.write() as session:
        if change == "off":
            await session.exec(sa.delete(TwoFactor))
        else:
            values: dict[str, Any] = {"password_hash": "x"} if change == "password" else {"is_active": False}
            await session.exec(sa.update(Account).values(**values))
    assert "sign in again" in refusal(await post(visitor, "code", code=code_at(secured[0])))[""]


async def test_a_reset_link_does_not_skip_it(
    visitor: httpx.AsyncClient, secured: tuple[str, list[str]], db: Database
) -> None:
    async with db.write() as session:
        olga = (await session.exec(select(Account.id).where(Account.email == OLGA))).one()
        token = await links.issue(session, LinkPurpose.RESET, olga)
    response = await post(visitor, "reset", token=token, password=NEW_PASSWORD)
    assert response.json() == {"done": True}
    assert cookies.COOKIE not in visitor.cookies
    assert (await login(visitor, password=NEW_PASSWORD)).json() == {"go": "/login/code"}
    assert await signed_in_as(visitor) is None


async def test_no_account_route_opens_a_session_of_who_owes_a_code(
    visitor: httpx.AsyncClient, secured: tuple[str, list[str]]
) -> None:
    """Every route, with everything that a thief of the password may have."""
    await signed_out_but_asked(visitor)
    form = {
        "email": OLGA,
        "password": PASSWORD,
        "current": PASSWORD,
        "door": "user",
        "name": "Olga",
        "token": "x",
        "code": "000000",
    }
    paths = [route.path for route in (*auth.routes, *routes.routes) if route.path != "/"]
    for path in paths:
        fields = form if path != "/auth/logout" else {}
        for drop in ([], ["code"], ["token", "name"]):
            body = {name: value for name, value in fields.items() if name not in drop}
            await visitor.post(path, json=body)
            assert await signed_in_as(visitor) is None, path
    for names in (("password",), ("code",), ("email", "password", "door"), ("current", "password")):
        for path in paths:
            await visitor.post(path, json={name: form[name] for name in names})
            assert await signed_in_as(visitor) is None, path


async def test_switching_it_on_signs_the_others_out_and_is_noted(
    visitor: httpx.AsyncClient, make: Make, new_client: NewClient, db: Database
) -> None:
    await make(OLGA)
    other = new_client([*auth.routes, *routes.routes])
    await login(visitor)
    await login(other)
    await set_up(visitor)
    assert await signed_in_as(visitor) is not None
    assert await signed_in_as(other) is None
    async with db.read() as session:
        deeds = (await session.exec(select(AuditEntry.action).order_by(col(AuditEntry.id)))).all()
        assert len((await session.exec(select(LoginSession.id))).all()) == 1
    assert deeds[-1] == "two_factor.switched_on"


async def test_two_set_ups_at_once_leave_one(
    visitor: httpx.AsyncClient, secured: tuple[str, list[str]]
) -> None:
    await signed_out_but_asked(visitor)
    await post(visitor, "code", code=code_at(secured[0]))
    assert "on already" in refusal(await post(visitor, "two-factor/start", password=PASSWORD))[""]
    assert "not open" in refusal(await post(visitor, "two-factor/confirm", code=code_at(secured[0])))[""]


async def test_new_codes_replace_the_old_ones_and_switching_off_ends_it(
    visitor: httpx.AsyncClient, secured: tuple[str, list[str]], clock: Any
) -> None:
    await signed_out_but_asked(visitor)
    await post(visitor, "code", code=code_at(secured[0]))
    renewed = (await post(visitor, "two-factor/codes", password=PASSWORD)).json()["codes"]
    assert not set(renewed) & set(secured[1])
    await signed_out_but_asked_again(visitor)
    assert "code" in refusal(await post(visitor, "code", code=secured[1][0]))
    assert (await post(visitor, "code", code=renewed[0])).status_code == 200
    assert (await post(visitor, "two-factor/off", password=PASSWORD)).json() == {"done": True}
    visitor.cookies.clear()
    assert (await login(visitor)).json() == {"go": "/inbox"}


async def signed_out_but_asked_again(client: httpx.AsyncClient) -> None:
    client.cookies.clear()
    await signed_out_but_asked(client)


async def test_an_agent_who_must_use_it_can_only_set_it_up(
    visitor: httpx.AsyncClient, make: Make, db: Database, owner: Actor, clock: Any
) -> None:
    account_id = await make(BEN, Role.AGENT)
    async with db.write() as session:
        team = Team(name="Sales", permissions=["inbox.see"])
        session.add(team)
        await session.flush()
        (await session.get_one(Account, account_id)).team_id = team.id
        await rules.ask_agents_for_two_factor(session, owner, asked=True)
    response = await login(visitor, BEN, door="agent", next="/inbox/3")
    assert response.json() == {"go": "/profile/two-factor"}
    actor = await cookies.actor_of(f"{cookies.COOKIE}={visitor.cookies[cookies.COOKIE]}")
    assert actor is not None
    assert (actor.duty, actor.permissions) == (Duty.TWO_FACTOR, EVERYBODY)
    started = (await post(visitor, "two-factor/start", password=PASSWORD)).json()
    confirmed = await post(visitor, "two-factor/confirm", code=code_at(started["secret"]))
    assert confirmed.json()["next"] == "/inbox"
    cookies.forget()
    actor = await cookies.actor_of(f"{cookies.COOKIE}={visitor.cookies[cookies.COOKIE]}")
    assert actor is not None
    assert actor.duty == Duty.NONE
    assert len(actor.permissions) > len(EVERYBODY)
    assert "only its owner" in refusal(await post(visitor, "two-factor/off", password=PASSWORD))[""].lower()


async def test_a_first_password_must_be_replaced_by_another(
    visitor: httpx.AsyncClient, make: Make, db: Database
) -> None:
    account_id = await make(BEN)
    async with db.write() as session:
        account = await session.get_one(Account, account_id)
        account.must_change_password = True
    assert (await login(visitor, BEN)).json() == {"go": "/profile/password"}
    actor = await cookies.actor_of(f"{cookies.COOKIE}={visitor.cookies[cookies.COOKIE]}")
    assert actor is not None
    assert (actor.duty, actor.permissions) == (Duty.PASSWORD, EVERYBODY)
    same = await post(visitor, "password", current=PASSWORD, password=PASSWORD)
    assert "another" in refusal(same)["password"]
    changed = await post(visitor, "password", current=PASSWORD, password=NEW_PASSWORD)
    assert changed.json() == {"go": "/inbox"}
    actor = await cookies.actor_of(f"{cookies.COOKIE}={visitor.cookies[cookies.COOKIE]}")
    assert actor is not None
    assert actor.duty == Duty.NONE


async def test_a_reset_link_replaces_a_first_password_too(
    visitor: httpx.AsyncClient, make: Make, db: Database
) -> None:
    account_id = await make(OLGA)
    async with db.write() as session:
        (await session.get_one(Account, account_id)).must_change_password = True
        token = await links.issue(session, LinkPurpose.RESET, account_id)
    await post(visitor, "reset", token=token, password=NEW_PASSWORD)
    assert (await login(visitor, password=NEW_PASSWORD)).json() == {"go": "/inbox"}
