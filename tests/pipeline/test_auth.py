"""The pages before the sign-in, strangers, and what happens to open tabs when a session ends."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from pydantic import SecretStr
from reflex.utils.format import json_dumps
from reflex_base.registry import RegistrationContext

from state.access import Access
from state.accounts import Accounts
from state.base import Feedback
from state.profile import Profile
from state.shell import Shell
from tests.pipeline.conftest import OpenTab
from tests.pipeline.harness import NewTab
from wapto_app.db import Database
from wapto_app.models import LinkPurpose
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.security.policy import PUBLIC, policy_of
from wapto_app.services import accounts, links, sessions
from wapto_app.services.accounts import Person

SignIn = Callable[[Actor], Awaitable[str]]


async def test_house_without_accounts_says_so(new_tab: NewTab) -> None:
    tab = new_tab(path="/login")
    await tab.send(Access.open_login)
    seen = tab.vars(Access)
    assert (seen["setup_needed"], seen["checked"]) == (True, True)
    assert seen.get("registration_open", False) is False


async def test_registration_shows_open_only_while_there_is_no_owner(new_tab: NewTab, db: Database) -> None:
    async with db.write() as session:
        await accounts.create_admin(session, Person("Ada", "ada@example.com", "$"), runs_business=False)
    tab = new_tab(path="/register")
    await tab.send(Access.open_login)
    assert tab.vars(Access)["registration_open"] is True
    async with db.write() as session:
        await accounts.register(session, Person("Olga", "olga@example.com", "$"))
    await tab.send(Access.open_login)
    assert tab.vars(Access)["registration_open"] is False


@pytest.mark.parametrize(
    ("path", "leads_to"),
    [
        ("/login", "/inbox"),
        ("/login?next=/profile", "/profile"),
        ("/login?next=//evil.example", "/inbox"),
        ("/login?next=https://evil.example", "/inbox"),
    ],
)
async def test_who_is_signed_in_does_not_see_the_sign_in_page(
    open_tab: OpenTab, owner: Actor, path: str, leads_to: str
) -> None:
    tab = await open_tab(owner)
    tab.clear()
    tab.path = path
    await tab.send(Access.open_login)
    assert tab.redirects == [leads_to]


async def test_setup_page_is_gone_once_somebody_has_an_account(new_tab: NewTab, owner: Actor) -> None:
    tab = new_tab(path="/setup?token=x")
    await tab.send(Access.open_setup)
    assert set(tab.redirects) == {"/login"}


async def test_setup_page_tells_whether_the_link_works(new_tab: NewTab, db: Database) -> None:
    async with db.write() as session:
        path = await accounts.ensure_setup_link(session)
    assert path is not None
    good, bad = new_tab(path=path), new_tab(path="/setup?token=guess")
    await good.send(Access.open_setup)
    await bad.send(Access.open_setup)
    assert good.vars(Access).get("link_problem", "") == ""
    assert "Restart the server" in bad.vars(Access)["link_problem"]


async def test_reset_page_shows_whose_link_it_is_and_dead_links(
    new_tab: NewTab, db: Database, owner: Actor, runtime: Runtime
) -> None:
    async with db.write() as session:
        token = await links.issue(session, LinkPurpose.RESET, owner.account_id)
    tab = new_tab(path=f"/reset?token={token}")
    await tab.send(Access.open_reset)
    assert tab.vars(Access)["link_email"].startswith("olga.owner.")
    tab.path = "/reset?token=guess"
    await tab.send(Access.open_reset)
    assert tab.vars(Access)["link_email"] == ""
    assert "Ask for a new one" in tab.vars(Access)["link_problem"]
    runtime.settings.smtp_url = SecretStr("smtp://127.0.0.1")
    tab.path = "/reset"
    await tab.send(Access.open_reset)
    seen = tab.vars(Access)
    assert (seen["has_link"], seen["link_problem"], seen["mail_on"]) == (False, "", True)


async def test_invitation_page_shows_for_whom_it_is(new_tab: NewTab, db: Database, admin: Actor) -> None:
    async with db.write() as session:
        path = await accounts.invite(session, admin, "zoe@example.com")
    tab = new_tab(path=path)
    await tab.send(Access.open_invitation)
    assert tab.vars(Access)["link_email"] == "zoe@example.com"


async def test_stranger_gets_nothing_from_any_handler_of_ours(
    new_tab: NewTab, owner: Actor, runtime: Runtime
) -> None:
    stranger = new_tab(path="/profile?tab=x")
    handlers = RegistrationContext.get().event_handlers
    names = [
        name
        for name, registered in handlers.items()
        if any(part in name for part in ("state___profile", "state___accounts"))
        and policy_of(registered.handler) not in (None, PUBLIC)
    ]
    assert len(names) >= 15
    for name in names:
        stranger.clear()
        await stranger.raw(name, {"account_id": owner.account_id or 0, "form": {}, "session_id": 1})
        assert stranger.redirects == ["/login?next=/profile%3Ftab%3Dx"], name
        assert stranger.vars(Profile).get("email", "") == ""
        assert stranger.vars(Accounts).get("rows", []) == []


async def test_handler_without_a_mark_does_not_exist_here() -> None:
    handlers = RegistrationContext.get().event_handlers
    for name, registered in handlers.items():
        if any(part in name for part in ("state___profile", "state___accounts", "state___access")):
            assert policy_of(registered.handler) is not None or name.endswith(".setvar"), name


async def test_agent_cannot_use_the_operators_table(open_tab: OpenTab, agent: Actor, owner: Actor) -> None:
    tab = await open_tab(agent)
    await tab.send(Accounts.load)
    await tab.send(Accounts.make_link(owner.account_id, "x"))
    await tab.send(Accounts.set_active(owner.account_id, False))
    seen = tab.vars(Accounts)
    assert seen.get("rows", []) == []
    assert seen.get("link", "") == ""
    assert {notice["level"] for notice in tab.vars(Feedback)["notices"]} == {"error"}


async def test_open_tab_of_a_deactivated_account_is_sent_away_at_once(
    open_tab: OpenTab, agent: Actor, admin: Actor, db: Database
) -> None:
    tab = await open_tab(agent, "/inbox")
    await tab.send(Shell.load)
    await tab.send(Profile.load)
    assert tab.vars(Profile)["name"] == "Ben Agent"
    tab.clear()
    async with db.write() as session:
        await accounts.set_active(session, admin, agent.account_id or 0, active=False)
    await tab.until(lambda: "/login" in tab.redirects)


async def test_next_click_of_a_deactivated_account_is_refused(
    open_tab: OpenTab, agent: Actor, admin: Actor, db: Database
) -> None:
    tab = await open_tab(agent, "/inbox")
    async with db.write() as session:
        await accounts.set_active(session, admin, agent.account_id or 0, active=False)
    tab.clear()
    await tab.send(Profile.load)
    assert set(tab.redirects) == {"/login"}
    assert tab.vars(Profile).get("loaded", False) is False


async def test_reused_tab_of_somebody_else_shows_nothing_of_theirs(
    open_tab: OpenTab, owner: Actor, agent: Actor, sign_in: SignIn
) -> None:
    tab = await open_tab(owner)
    await tab.send(Profile.load)
    assert tab.vars(Profile)["name"] == "Olga Owner"
    tab._cookie = await sign_in(agent)
    tab.clear()
    await tab.send(Profile.load)
    assert tab.vars(Profile)["name"] == "Ben Agent"
    assert "Olga" not in json_dumps([update.delta for update in tab.updates])


async def test_changed_rights_reach_an_open_tab(open_tab: OpenTab, agent: Actor, db: Database) -> None:
    tab = await open_tab(agent)
    await tab.send(Shell.load)
    tab.clear()
    async with db.write() as session:
        account = await session.get_one(accounts.Account, agent.account_id)
        account.is_admin = True
        sessions.touch(session, sessions.account_topic(agent.account_id))
    await tab.until(lambda: tab.vars(Shell).get("is_admin") is True)
