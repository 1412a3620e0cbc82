"""Tasks: whose they are, what is seen of the customer, and when somebody is told."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from sqlmodel import col

from tests.services.test_inbox import plans, scans
from wapto_app.clock import utcnow
from wapto_app.jobs import reminders
from wapto_app.models import Account, Conversation, Role, Task, Visibility
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import notifications, tasks
from wapto_app.services.errors import Forbidden, Invalid, NotFound
from wapto_app.services.tasks import TaskForm, TaskRow

NewAccount = Callable[..., Awaitable[Actor]]


def form(title: str = "Call Ada", *, to: Actor | None = None, **more: str) -> TaskForm:
    person = str(to.account_id) if to else ""
    base = {"title": title, "note": "", "priority": "normal", "due_at": "", "assignee_id": person}
    return TaskForm(**{**base, **more})  # type: ignore[typeddict-item]


async def make(runtime: Runtime, actor: Actor, wish: TaskForm, conversation_id: int | None = None) -> int:
    async with runtime.db.write() as session:
        return await tasks.create(session, actor, wish, conversation_id)


async def shown(runtime: Runtime, actor: Actor, view: str = "all") -> list[TaskRow]:
    async with runtime.db.read() as session:
        return await tasks.listing(session, actor, view)


async def titles(runtime: Runtime, actor: Actor, view: str = "all") -> list[str]:
    return [row["title"] for row in await shown(runtime, actor, view)]


async def told(runtime: Runtime, actor: Actor) -> list[tuple[str, str]]:
    async with runtime.db.read() as session:
        rows = await notifications.listing(session, actor)
    return [(row["kind"], row["args"]["title"]) for row in rows]


@pytest.fixture
async def other(new_account: NewAccount) -> Actor:
    return await new_account("Zoe Agent", Role.AGENT)


async def test_agents_see_theirs_and_owners_see_all(
    runtime: Runtime, owner: Actor, agent: Actor, other: Actor
) -> None:
    await make(runtime, owner, form("for Ben", to=agent))
    await make(runtime, agent, form("by Ben", to=other))
    await make(runtime, owner, form("nobody's"))
    assert set(await titles(runtime, agent)) == {"for Ben", "by Ben"}
    assert await titles(runtime, agent, "mine") == ["for Ben"]
    assert await titles(runtime, other) == ["by Ben"]
    assert len(await titles(runtime, owner)) == 3
    assert await titles(runtime, owner, "mine") == []


async def test_tasks_of_others_can_neither_be_read_nor_changed(
    runtime: Runtime, owner: Actor, agent: Actor
) -> None:
    secret = await make(runtime, owner, form("secret", to=owner))
    for deed in (
        lambda session: tasks.get(session, agent, secret),
        lambda session: tasks.update(session, agent, secret, form("mine now", to=agent)),
        lambda session: tasks.set_done(session, agent, secret, done=True),
        lambda session: tasks.delete(session, agent, secret),
        lambda session: tasks.get(session, agent, 2**31 - 1),
    ):
        async with runtime.db.write() as session:
            with pytest.raises(NotFound):
                await deed(session)
    assert await titles(runtime, owner) == ["secret"]


async def test_without_the_permission_nothing_is_seen_or_done(runtime: Runtime, agent: Actor) -> None:
    blind = replace(agent, permissions=agent.permissions - {Permission.INBOX_SEE, Permission.INBOX_DO})
    reader = replace(agent, permissions=agent.permissions - {Permission.INBOX_DO})
    with pytest.raises(Forbidden):
        await shown(runtime, blind)
    with pytest.raises(Forbidden):
        await make(runtime, reader, form())
    assert await titles(runtime, reader) == []


async def test_a_hidden_conversation_shows_no_customer_and_cannot_be_linked(
    runtime: Runtime, owner: Actor, agent: Actor, conversation_id: int
) -> None:
    own_only = replace(agent, visibility=Visibility.OWN)
    task_id = await make(runtime, owner, form(to=agent), conversation_id)
    [seen] = await shown(runtime, owner)
    [hidden] = await shown(runtime, own_only)
    assert (seen["customer"], seen["conversation_id"]) == ("Ada", conversation_id)
    assert (hidden["customer"], hidden["conversation_id"]) == ("", 0)
    with pytest.raises(NotFound):
        await make(runtime, own_only, form(), conversation_id)
    async with runtime.db.write() as session:
        await tasks.update(session, own_only, task_id, form("Call back", to=agent))
    assert (await shown(runtime, owner))[0]["conversation_id"] == conversation_id


async def test_numbers_are_masked_for_who_may_not_see_them(
    runtime: Runtime, owner: Actor, agent: Actor
) -> None:
    masked = replace(agent, hide_phone=True)
    await make(runtime, owner, form("Call +16505550009", to=agent, note="or 16505550010"))
    assert "65055500" not in str(await shown(runtime, masked))


async def test_an_edit_keeps_the_numbers_that_were_not_seen(
    runtime: Runtime, owner: Actor, agent: Actor, conversation_id: int
) -> None:
    masked = replace(agent, hide_phone=True)
    wish = form("Call 16505550009", to=agent, note="+1 650-555-1234 or 16505550010")
    task_id = await make(runtime, owner, wish, conversation_id)
    [seen] = await shown(runtime, masked)
    assert not any(digits in str(seen) for digits in ("555-1234", "6505550009", "6505550010"))
    async with runtime.db.write() as session:
        edited = form(seen["title"] + " today", to=agent, note=seen["note"])
        await tasks.update(session, masked, task_id, edited)
    [kept] = await shown(runtime, owner)
    assert (kept["title"], kept["note"]) == ("Call 16505550009 today", wish["note"])


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": "  \n "}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"note": "x" * 5001}, "note"),
        ({"priority": "now!"}, "priority"),
        ({"due_at": "tomorrow"}, "due_at"),
        ({"due_at": "9999-12-31T23:59:59-12:00"}, "due_at"),
        ({"due_at": "0001-01-01T00:00:00+14:00"}, "due_at"),
        ({"due_at": "2199-01-01T00:00:00Z"}, "due_at"),
        ({"assignee_id": "99999"}, "assignee_id"),
        ({"assignee_id": "-1"}, "assignee_id"),
        ({"assignee_id": "1 OR 1=1"}, "assignee_id"),
        ({"assignee_id": "٣"}, "assignee_id"),
        ({"assignee_id": "9" * 40}, "assignee_id"),
    ],
)
async def test_a_wrong_value_names_its_field(
    runtime: Runtime, owner: Actor, change: dict[str, str], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        await make(runtime, owner, form(**change))  # type: ignore[arg-type]
    assert refused.value.field == field
    assert await titles(runtime, owner) == []


async def test_operators_and_the_deactivated_get_no_tasks_but_keep_what_they_had(
    runtime: Runtime, owner: Actor, agent: Actor, new_account: NewAccount
) -> None:
    operator = await new_account("Op", Role.OPERATOR)
    with pytest.raises(Invalid):
        await make(runtime, owner, form(to=operator))
    task_id = await make(runtime, owner, form(to=agent))
    async with runtime.db.write() as session:
        await session.exec(
            sa.update(Account).where(col(Account.id) == agent.account_id).values(is_active=False)
        )
    with pytest.raises(Invalid):
        await make(runtime, owner, form("another", to=agent))
    async with runtime.db.write() as session:
        await tasks.update(session, owner, task_id, form("renamed", to=agent))
        assert str(agent.account_id) not in [each["value"] for each in await tasks.people(session, owner)]
    assert (await shown(runtime, owner))[0]["assignee"] == "Ben Agent"


async def test_done_can_be_taken_back_and_stands_in_its_own_list(runtime: Runtime, agent: Actor) -> None:
    task_id = await make(runtime, agent, form("Call"))
    async with runtime.db.write() as session:
        assert await tasks.set_done(session, agent, task_id, done=True) == "Call"
        await tasks.set_done(session, agent, task_id, done=True)
    assert (await titles(runtime, agent), await titles(runtime, agent, "done")) == ([], ["Call"])
    async with runtime.db.write() as session:
        await tasks.set_done(session, agent, task_id, done=False)
    assert (await titles(runtime, agent), await titles(runtime, agent, "done")) == (["Call"], [])


async def test_only_an_owner_or_who_made_it_deletes_a_task(
    runtime: Runtime, owner: Actor, agent: Actor
) -> None:
    given = await make(runtime, owner, form("given", to=agent))
    own = await make(runtime, agent, form("own"))
    async with runtime.db.write() as session:
        with pytest.raises(Invalid):
            await tasks.delete(session, agent, given)
        await tasks.delete(session, agent, own)
    assert await titles(runtime, owner) == ["given"]
    async with runtime.db.write() as session:
        await tasks.delete(session, owner, given)
    assert await titles(runtime, owner) == []


async def test_the_first_due_comes_first_and_the_undated_last(runtime: Runtime, owner: Actor) -> None:
    now = utcnow()
    for title, days in (("later", 3), ("undated", None), ("overdue", -2), ("soon", 1)):
        due = (now + timedelta(days=days)).isoformat() if days is not None else ""
        await make(runtime, owner, form(title, due_at=due))
    assert await titles(runtime, owner) == ["overdue", "soon", "later", "undated"]


async def test_who_is_given_a_task_is_told_and_nobody_tells_themselves(
    runtime: Runtime, owner: Actor, agent: Actor, other: Actor
) -> None:
    task_id = await make(runtime, owner, form(to=agent))
    await make(runtime, agent, form("own", to=agent))
    assert await told(runtime, agent) == [("task_assigned", "Call Ada")]
    async with runtime.db.write() as session:
        await tasks.update(session, owner, task_id, form(note="Changed", to=agent))
        await tasks.update(session, owner, task_id, form(to=other))
    assert len(await told(runtime, agent)) == 1
    assert await told(runtime, other) == [("task_assigned", "Call Ada")]


async def test_a_due_task_reminds_once_its_person_else_who_made_it(
    runtime: Runtime, owner: Actor, agent: Actor
) -> None:
    due = (utcnow() + timedelta(minutes=30)).isoformat()
    await make(runtime, owner, form("given", to=agent, due_at=due))
    await make(runtime, owner, form("nobody's", due_at=due))
    finished = await make(runtime, owner, form("finished", due_at=due))
    async with runtime.db.write() as session:
        await tasks.set_done(session, owner, finished, done=True)
    await reminders.remind(runtime)
    assert await told(runtime, owner) == []
    with time_machine.travel(utcnow() + timedelta(minutes=31)):
        await asyncio.gather(*(reminders.remind(runtime) for _ in range(4)))
        assert ("task_due", "given") in await told(runtime, agent)
        assert await told(runtime, owner) == [("task_due", "nobody's")]
        assert len(await told(runtime, agent)) == 2  # given, and due


async def test_a_new_date_is_reminded_of_anew(runtime: Runtime, agent: Actor) -> None:
    now = utcnow()
    task_id = await make(runtime, agent, form(to=agent, due_at=(now - timedelta(hours=1)).isoformat()))
    await reminders.remind(runtime)
    async with runtime.db.write() as session:
        later = form(to=agent, due_at=(now + timedelta(hours=1)).isoformat())
        await tasks.update(session, agent, task_id, later)
    await reminders.remind(runtime)
    assert len(await told(runtime, agent)) == 1
    with time_machine.travel(now + timedelta(hours=2)):
        await reminders.remind(runtime)
    assert len(await told(runtime, agent)) == 2


async def test_what_belonged_to_somebody_or_something_that_is_gone_stays(
    runtime: Runtime, owner: Actor, agent: Actor, conversation_id: int
) -> None:
    await make(runtime, agent, form(to=agent), conversation_id)
    async with runtime.db.write() as session:
        await session.exec(sa.delete(Conversation))
        await session.exec(sa.delete(Account).where(col(Account.id) == agent.account_id))
    [row] = await shown(runtime, owner)
    assert (row["assignee"], row["creator"], row["customer"], row["conversation_id"]) == ("", "", "", 0)


@pytest.mark.own_database  # what other tests have left would change PostgreSQL's mind
async def test_what_is_asked_often_is_found_by_an_index(runtime: Runtime, owner: Actor, agent: Actor) -> None:
    now = utcnow()
    async with runtime.db.write() as session:
        connection = await session.connection()
        rows: list[dict[str, Any]] = [
            {
                "title": "x",
                "note": "",
                "priority": "normal",
                "assignee_id": owner.account_id,
                "created_at": now,
            }
            | {"due_at": now + timedelta(hours=n), "done_at": now if n % 2 else None}
            for n in range(2000)
        ]
        await connection.execute(Task.__table__.insert(), rows)  # type: ignore[attr-defined]
    with plans(runtime.db.engine.sync_engine) as found:
        async with runtime.db.read() as session:
            await tasks.any_to_remind(session)
            for actor in (owner, agent):
                for view in ("mine", "all", "done"):
                    await tasks.listing(session, actor, view)
        async with runtime.db.write() as session:
            await tasks.remind(session)
    assert "ix_task_to_remind" in found[0]
    # Without statistics PostgreSQL takes one partial index for as good as the other.
    assert ("ix_task_open_assignee_id" if runtime.db.is_sqlite else "ix_task_open_") in found[1]
    for plan in found[:7]:
        assert [line for line in scans(plan) if "account" not in line] == [], plan
