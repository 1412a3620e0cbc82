"""Second factors, first passwords, rules, notifications and tasks in open tabs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pyotp
import pytest
import sqlalchemy as sa
from reflex.utils.format import json_dumps
from sqlmodel import col, select

from state.accounts import Accounts
from state.base import Feedback
from state.inbox import InboxList
from state.notifications import Desktop, Notifications
from state.security_rules import SecurityRules
from state.shell import Shell
from state.tasks import TaskDialog, Tasks
from state.two_factor import LostFactor, TwoFactor
from tests.pipeline.conftest import OpenTab
from tests.pipeline.harness import Tab
from wapto_app.clock import utcnow
from wapto_app.db import Database
from wapto_app.models import Account, NotificationKind
from wapto_app.models import TwoFactor as TwoFactorRow
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services import notifications, tasks, two_factor
from wapto_app.services.errors import DomainError
from wapto_app.services.tasks import TaskForm

NewAccount = Callable[..., Awaitable[Actor]]


async def tell(db: Database, *actors: Actor, **more: Any) -> None:
    async with db.write() as session:
        to = [actor.account_id for actor in actors]
        await notifications.notify(session, to, NotificationKind.TASK_ASSIGNED, **more)


async def change(db: Database, actor: Actor, **values: Any) -> None:
    async with db.write() as session:
        await session.exec(sa.update(Account).where(col(Account.id) == actor.account_id).values(**values))


async def refused(tab: Tab, name: str, payload: dict[str, Any]) -> None:
    with suppress(DomainError):
        await tab.raw(name, payload)


def as_form(**fields: str) -> dict[str, Any]:
    base = {"title": "Call", "note": "", "priority": "normal", "due_at": "", "assignee_id": ""}
    return {"form": {"__reflex_form_data__": [[name, value] for name, value in (base | fields).items()]}}


SAVE = f"{TaskDialog.get_full_name()}.save"


# --- what must be done first


async def test_with_a_first_password_every_page_leads_to_the_new_one(
    open_tab: OpenTab, agent: Actor, db: Database
) -> None:
    await change(db, agent, must_change_password=True)
    tab = await open_tab(agent, "/inbox")
    await tab.send(Shell.load)
    assert "/profile/password" in tab.redirects
    assert tab.vars(Shell)["duty"] == "password"
    tab.clear()
    with suppress(DomainError):
        await tab.send(InboxList.load)
    assert tab.redirects == ["/profile/password"]
    assert "rows" not in tab.vars(InboxList)
    assert tab.vars(Feedback).get("notices", []) == []


async def test_a_new_rule_reaches_the_agents_who_are_signed_in(
    open_tab: OpenTab, owner: Actor, agent: Actor
) -> None:
    theirs, mine = await open_tab(agent, "/inbox"), await open_tab(owner, "/settings/security")
    await theirs.send(Shell.load)
    await mine.send(SecurityRules.load)
    assert theirs.vars(Shell)["duty"] == ""
    await mine.send(SecurityRules.ask_agents(True))
    assert mine.vars(SecurityRules)["agents_two_factor"] is True
    # Its rights have changed, so the tab loads its page anew.
    await theirs.until(
        lambda: any("hydrate" in event.name for event in theirs.frontend_events) or bool(theirs.redirects)
    )
    await theirs.send(Shell.load)
    assert "/profile/two-factor" in theirs.redirects
    await mine.send(SecurityRules.ask_agents(False))
    theirs.clear()
    await theirs.send(Shell.load)
    assert theirs.redirects == []


async def test_agents_neither_see_nor_change_the_rules(open_tab: OpenTab, agent: Actor) -> None:
    tab = await open_tab(agent)
    for event in (SecurityRules.load, SecurityRules.ask_agents(False)):
        with suppress(DomainError):
            await tab.send(event)
    assert tab.vars(SecurityRules).get("people", []) == []


# --- two-factor login


async def switched_on(runtime: Runtime, actor: Actor) -> tuple[str, list[str]]:
    async with runtime.db.write() as session:
        setup = await two_factor.start(session, actor, runtime.secrets)
        codes = await two_factor.confirm(session, actor, runtime.secrets, pyotp.TOTP(setup.secret).now())
    return setup.secret, codes


async def test_the_profile_shows_the_state_and_never_a_secret(
    open_tab: OpenTab, owner: Actor, runtime: Runtime
) -> None:
    secret, codes = await switched_on(runtime, owner)
    tab = await open_tab(owner, "/profile")
    await tab.send(TwoFactor.load)
    seen = tab.vars(TwoFactor)
    assert (seen["on"], seen["codes_left"], seen["required"]) == (True, 10, False)
    everything = json_dumps([update.delta for update in tab.updates])
    async with runtime.db.read() as session:
        sealed = (await session.exec(select(TwoFactorRow.secret))).one()
    for hidden in (secret, sealed, *codes, codes[0].replace("-", "")):
        assert hidden not in everything


async def test_an_admin_helps_who_lost_both_and_nobody_else_can(
    open_tab: OpenTab, admin: Actor, owner: Actor, agent: Actor, runtime: Runtime
) -> None:
    await switched_on(runtime, agent)
    stranger = await open_tab(owner)
    await refused(stranger, f"{LostFactor.get_full_name()}.switch_off", {"account_id": agent.account_id})
    tab = await open_tab(admin, "/admin/accounts")
    await tab.send(Accounts.load)
    rows = {row["name"]: row for row in tab.vars(Accounts)["rows"]}
    assert (rows["Ben Agent"]["two_factor"], rows["Ada Admin"]["two_factor"]) == (True, False)
    await tab.send(LostFactor.ask(agent.account_id, agent.name))
    await tab.send(LostFactor.switch_off(agent.account_id))
    assert tab.vars(LostFactor)["account_id"] == 0
    await tab.until(lambda: not any(row["two_factor"] for row in tab.vars(Accounts)["rows"]))
    async with runtime.db.read() as session:
        assert not await two_factor.is_on(session, agent.account_id or 0)


# --- notifications


async def test_the_bell_is_live_and_its_list_is_read_when_it_opens(
    open_tab: OpenTab, agent: Actor, owner: Actor, db: Database
) -> None:
    tab, other = await open_tab(agent), await open_tab(owner)
    await tab.send(Shell.load)
    await other.send(Shell.load)
    await tell(db, agent, title="Call", by="Olga")
    await tab.until(lambda: tab.vars(Notifications)["unread"] == 1)
    assert "rows" not in tab.vars(Notifications) or tab.vars(Notifications)["rows"] == []
    await tab.send(Notifications.show(True))
    [row] = tab.vars(Notifications)["rows"]
    assert (row["args"]["title"], row["read"]) == ("Call", False)
    await tell(db, agent, title="Write", by="Olga")
    await tab.until(lambda: len(tab.vars(Notifications)["rows"]) == 2)
    await tab.send(Notifications.read(row["id"]))
    await tab.until(lambda: tab.vars(Notifications)["unread"] == 1)
    await tab.send(Notifications.read_all)
    await tab.until(lambda: tab.vars(Notifications)["unread"] == 0)
    assert other.vars(Notifications)["unread"] == 0


async def test_somebody_elses_notification_cannot_be_marked(
    open_tab: OpenTab, agent: Actor, owner: Actor, db: Database
) -> None:
    await tell(db, owner, title="Call the bank")
    mine, theirs = await open_tab(owner), await open_tab(agent)
    await mine.send(Notifications.show(True))
    [row] = mine.vars(Notifications)["rows"]
    await refused(theirs, f"{Notifications.get_full_name()}.read", {"notification_id": row["id"]})
    await theirs.until(lambda: "does not exist" in str(theirs.vars(Feedback).get("notices")))
    assert "Call the bank" not in json_dumps([update.delta for update in theirs.updates])
    async with db.read() as session:
        assert await notifications.unread_count(session, owner) == 1


async def test_choices_are_kept_and_the_desktop_is_told_only_with_consent(
    open_tab: OpenTab, agent: Actor, db: Database
) -> None:
    tab = await open_tab(agent)
    await tab.send(Shell.load)
    await tell(db, agent, title="before")
    await tab.until(lambda: tab.vars(Notifications)["unread"] == 1)
    assert tab.vars(Desktop)["desktop"] is False
    assert tab.vars(Desktop).get("alerts", []) == []
    await tab.send(Desktop.allow(True))
    await tab.send(Desktop.set_sound(True))
    await tell(db, agent, title="after")
    await tab.until(lambda: len(tab.vars(Desktop).get("alerts", [])) > 0)
    assert "after" in [alert["args"]["title"] for alert in tab.vars(Desktop)["alerts"]]
    await tab.send(Desktop.choose("task_assigned", "app", False))
    rows = {row["kind"]: row for row in tab.vars(Desktop)["choices"]}
    assert (rows["task_assigned"]["app"], tab.vars(Desktop)["sound"]) == (False, True)
    await tell(db, agent, title="unwanted")
    async with db.read() as session:
        titles = [row["args"]["title"] for row in await notifications.listing(session, agent)]
    assert titles == ["after", "before"]


# --- tasks


async def test_a_task_is_made_given_ticked_off_and_taken_back(
    open_tab: OpenTab, owner: Actor, agent: Actor
) -> None:
    mine, theirs = await open_tab(owner, "/tasks"), await open_tab(agent, "/tasks")
    await mine.send(Tasks.load)
    await theirs.send(Tasks.load)
    await mine.send(TaskDialog.start(0))
    assert mine.vars(TaskDialog)["assignee_id"] == str(owner.account_id)
    await mine.raw(SAVE, as_form(assignee_id=str(agent.account_id), due_at=utcnow().isoformat()))
    assert mine.vars(TaskDialog)["is_open"] is False
    await theirs.until(lambda: [row["title"] for row in theirs.vars(Tasks)["rows"]] == ["Call"])
    [row] = theirs.vars(Tasks)["rows"]
    assert (row["mine"], row["may_delete"], row["creator"]) == (True, False, "Olga Owner")
    await theirs.send(Tasks.set_done(row["id"], True))
    assert (theirs.vars(Tasks)["rows"], theirs.vars(Tasks)["undo_title"]) == ([], "Call")
    await theirs.send(Tasks.set_done(row["id"], False))
    assert (len(theirs.vars(Tasks)["rows"]), theirs.vars(Tasks)["undo_id"]) == (1, 0)
    await mine.send(Tasks.look("all"))
    await mine.send(Tasks.ask_to_delete(row["id"], "Call"))
    await mine.send(Tasks.delete(row["id"]))
    await theirs.until(lambda: theirs.vars(Tasks)["rows"] == [])


async def test_a_link_to_a_task_opens_it_and_one_to_a_hidden_task_shows_nothing(
    open_tab: OpenTab, owner: Actor, agent: Actor, db: Database
) -> None:
    form = {"title": "Call the bank", "note": "", "priority": "normal", "due_at": "", "assignee_id": ""}
    async with db.write() as session:
        task_id = await tasks.create(session, owner, TaskForm(**form))  # type: ignore[typeddict-item]
    mine = await open_tab(owner, f"/tasks?task={task_id}")
    await mine.send(Tasks.load)
    assert (mine.vars(TaskDialog)["title"], mine.vars(TaskDialog)["is_open"]) == ("Call the bank", True)
    theirs = await open_tab(agent, f"/tasks?task={task_id}")
    with suppress(DomainError):
        await theirs.send(Tasks.load)
    assert "Call the bank" not in json_dumps([update.delta for update in theirs.updates])
    assert theirs.vars(TaskDialog).get("is_open", False) is False
    for odd in ("x", "-1", "٣", "9" * 30, "1;--"):
        tab = await open_tab(owner, f"/tasks?task={odd}")
        await tab.send(Tasks.load)
        assert tab.vars(TaskDialog).get("is_open", False) is False


@pytest.mark.parametrize(
    ("field", "value"), [("title", " "), ("due_at", "soon"), ("assignee_id", "999"), ("priority", "x")]
)
async def test_a_wrong_value_stands_beside_its_field_and_the_dialog_stays(
    open_tab: OpenTab, owner: Actor, field: str, value: str
) -> None:
    tab = await open_tab(owner, "/tasks")
    await tab.send(TaskDialog.start(0))
    await refused(tab, SAVE, as_form(**{field: value}))
    await tab.until(lambda: set(tab.vars(Feedback).get("errors", {})) == {field})
    assert tab.vars(TaskDialog)["is_open"] is True
