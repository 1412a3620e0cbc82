"""A tab that looks through somebody else's eyes: what it shows, what it refuses, and that it leaves no trace."""

from __future__ import annotations

from contextlib import suppress

import pytest
import stamina
from reflex.utils.format import json_dumps
from sqlalchemy.exc import DataError

from state.accounts import Accounts
from state.base import Feedback
from state.inbox import InboxList, OpenConversation
from state.shell import Shell
from state.viewing import Viewing
from tests.conftest import NewClient
from tests.pipeline.conftest import OpenTab
from tests.pipeline.harness import NewTab, Tab
from tests.pipeline.rows import workspace
from tests.pipeline.test_policy import fire, guarded, notices, sample_payload
from tests.writes import heard
from wapto_app.db import Database, touch
from wapto_app.models import Account, Conversation, Role, Team
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import LOOKING, MATRIX, Actor, Permission
from wapto_app.security.policy import HYDRATE, policy_of
from wapto_app.services import accounts
from wapto_app.services.errors import DomainError
from wapto_app.web.auth import routes as auth_routes
from wapto_app.web.media import routes as media_routes


@pytest.fixture
async def viewer(open_tab: OpenTab, owner: Actor, agent: Actor, runtime: Runtime) -> Tab:
    """A tab of the owner that looks through the eyes of an agent who may do everything; one chat is unread."""
    await (await workspace(runtime)).conversation()
    async with runtime.db.write() as session:
        (await session.get_one(Team, agent.team_id)).permissions = sorted(MATRIX)
    tab = await open_tab(owner, "/agents")
    await tab.send(Viewing.start(agent.account_id))
    assert tab.redirects == ["/inbox"]
    await tab.open("/inbox/1")
    await tab.until(lambda: tab.vars(Shell).get("viewed") == agent.name)
    tab.clear()
    return tab


async def test_the_frame_says_through_whose_eyes_one_looks_until_one_stops(
    open_tab: OpenTab, owner: Actor, agent: Actor
) -> None:
    tab = await open_tab(owner, "/agents")
    await tab.send(Shell.load)
    assert (tab.vars(Shell)["viewed"], tab.vars(Shell)["role"]) == ("", "owner")
    await tab.send(Viewing.start(agent.account_id))
    await tab.open("/inbox")
    seen = tab.vars(Shell)
    assert (seen["viewed"], seen["name"], seen["role"]) == (agent.name, agent.name, "agent")
    assert set(seen["permissions"]) == agent.permissions & LOOKING
    tab.clear()
    await tab.send(Viewing.stop)
    assert tab.redirects == ["/agents"]
    await tab.open("/agents")
    seen = tab.vars(Shell)
    assert (seen["viewed"], seen["name"], seen["role"]) == ("", owner.name, "owner")


async def test_the_owners_other_tabs_are_emptied_and_follow(
    open_tab: OpenTab, new_tab: NewTab, owner: Actor, agent: Actor, db: Database, runtime: Runtime
) -> None:
    await (await workspace(runtime)).conversation()
    async with db.write() as session:
        team = await session.get_one(Team, agent.team_id)
        team.permissions = []
        touch(session, f"account:{agent.account_id}")
    tab = await open_tab(owner, "/agents")
    other = new_tab(path="/inbox", cookie=tab._cookie)
    await other.open("/inbox")
    await other.until(lambda: len(other.vars(InboxList).get("rows", [])) == 1)
    other.clear()
    await tab.send(Viewing.start(agent.account_id))
    assert tab.redirects == ["/profile"]
    await other.until(lambda: HYDRATE in [event.name for event in other.frontend_events])
    await other.until(lambda: other.vars(InboxList).get("rows") == [])


async def test_no_handler_changes_anything(viewer: Tab, db: Database) -> None:
    for name, handler in guarded().items():
        if name == f"{Viewing.get_full_name()}.stop":
            continue
        viewer.clear()
        with heard(db) as written, stamina.set_testing(True, attempts=1), suppress(DomainError):
            await fire(viewer, name, sample_payload(handler))
        assert written == [], name
        if policy_of(handler) not in LOOKING:
            assert "Stop viewing to change anything" in notices(viewer)[-1], name
            assert set().union(*(update.delta or {} for update in viewer.updates)) == {
                Feedback.get_full_name()
            }, name


async def test_reading_leaves_the_chat_unread(viewer: Tab, db: Database) -> None:
    await viewer.send(OpenConversation.load)
    await viewer.send(OpenConversation.seen)
    async with db.read() as session:
        conversation = await session.get_one(Conversation, 1)
    assert (conversation.unread, conversation.receipt_wamid) == (1, "")


async def test_the_routes_change_nothing_either(viewer: Tab, new_client: NewClient, db: Database) -> None:
    client = new_client([*auth_routes, *media_routes], cookie=viewer._cookie)
    headers = {"content-type": "application/json", "origin": "http://testserver"}
    with heard(db) as written:
        for path, body in (
            ("/auth/email", b'{"email": "x@example.com", "password": "x"}'),
            ("/auth/password", b'{"current": "x", "password": "a long new passphrase"}'),
        ):
            answer = await client.post(path, content=body, headers=headers)
            assert answer.status_code == 400
            assert "Stop viewing" in answer.json()["errors"][""]
        answer = await client.post("/media", content=b"x", headers={"x-filename": "a.txt"})
        assert (answer.status_code, "Stop viewing" in answer.text) == (403, True)
    assert written == []


@pytest.mark.parametrize("how", ["deactivated", "given another team"])
async def test_what_happens_to_the_agent_happens_to_the_view(
    viewer: Tab, admin: Actor, agent: Actor, owner: Actor, db: Database, how: str
) -> None:
    async with db.write() as session:
        if how == "deactivated":
            await accounts.set_active(session, admin, agent.account_id or 0, active=False)
        else:
            account = await session.get_one(Account, agent.account_id)
            account.team_id = None
            touch(session, f"account:{agent.account_id}")
    await viewer.until(lambda: HYDRATE in [event.name for event in viewer.frontend_events])
    viewer.clear()
    await viewer.open("/inbox")
    seen = viewer.vars(Shell)
    if how == "deactivated":
        assert (seen["viewed"], seen["name"]) == ("", owner.name)
    else:
        assert (seen["viewed"], seen["permissions"]) == (agent.name, [Permission.SIGNED_IN])


async def test_an_admin_looks_at_an_owner_but_sees_no_accounts_meanwhile(
    open_tab: OpenTab, admin: Actor, owner: Actor
) -> None:
    tab = await open_tab(admin, "/admin/accounts")
    await tab.send(Viewing.start(owner.account_id))
    await tab.open("/admin/accounts")
    assert tab.vars(Accounts)["rows"] == []
    assert tab.vars(Shell)["viewed"] == owner.name
    assert admin.name not in json_dumps([update.delta for update in tab.updates[-3:]])


@pytest.mark.parametrize("role", [Role.AGENT, Role.OPERATOR])
async def test_who_may_not_look_is_told_so(
    open_tab: OpenTab, new_account: object, agent: Actor, db: Database, role: Role
) -> None:
    someone: Actor = await new_account("Some One", role)  # type: ignore[operator]
    tab = await open_tab(someone, "/profile")
    with heard(db) as written, suppress(DomainError):
        await fire(tab, f"{Viewing.get_full_name()}.start", {"account_id": agent.account_id})
    await tab.until(lambda: "do not have permission" in str(notices(tab)))
    assert written == []


@pytest.mark.parametrize("account_id", [0, -1, 999_999, 2**31, 2**62])
async def test_strange_ids_break_nothing(open_tab: OpenTab, admin: Actor, account_id: int) -> None:
    tab = await open_tab(admin, "/admin/accounts")
    with suppress(DomainError, DataError):
        await fire(tab, f"{Viewing.get_full_name()}.start", {"account_id": account_id})
    await tab.until(lambda: bool(notices(tab)))
    assert tab.redirects == []
    assert "incident" not in notices(tab)[-1]
