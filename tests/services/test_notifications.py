"""Who is told of what, once, and only as far as they may see it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from sqlmodel import col, select

from integrations.whatsapp.errors import GraphError
from tests.meta import inbound, message
from tests.postbox import postbox
from tests.services.conftest import Meta
from tests.services.test_inbox import plans, scans
from wapto_app.clock import utcnow
from wapto_app.jobs import reminders
from wapto_app.jobs.mail import send_due
from wapto_app.models import (
    Account,
    Channel,
    Conversation,
    MailLog,
    Notification,
    NotificationKind,
    Role,
    Visibility,
)
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import EVERYBODY, Actor
from wapto_app.services import assignment, channels, housekeeping, notification_mails, notifications
from wapto_app.services.channels import problems
from wapto_app.services.errors import Forbidden, Invalid, NotFound
from wapto_app.services.notifications import NotificationRow, Seen

K = NotificationKind
NewAccount = Callable[..., Awaitable[Actor]]


async def tell(runtime: Runtime, *actors: Actor, kind: K = K.TASK_ASSIGNED, **more: Any) -> list[int]:
    async with runtime.db.write() as session:
        return await notifications.notify(session, [actor.account_id for actor in actors], kind, **more)


async def seen_by(runtime: Runtime, actor: Actor) -> list[NotificationRow]:
    async with runtime.db.read() as session:
        return await notifications.listing(session, actor)


async def unread(runtime: Runtime, actor: Actor) -> int:
    async with runtime.db.read() as session:
        return await notifications.unread_count(session, actor)


async def choose(runtime: Runtime, actor: Actor, kind: K, way: str, on: bool) -> None:
    async with runtime.db.write() as session:
        await notifications.save_choice(session, actor, kind.value, way, on=on)


async def test_everybody_named_is_told_in_their_own_list(
    runtime: Runtime, owner: Actor, agent: Actor
) -> None:
    assert sorted(await tell(runtime, owner, agent, by="Zoë", title="Call <b>Ada</b>", href="/tasks")) == [
        owner.account_id,
        agent.account_id,
    ]
    [row] = await seen_by(runtime, agent)
    assert (row["kind"], row["args"]["by"], row["args"]["title"]) == (
        "task_assigned",
        "Zoë",
        "Call <b>Ada</b>",
    )
    assert (row["href"], row["read"], await unread(runtime, agent)) == ("/tasks", False, 1)


async def test_a_key_is_told_once_even_by_two_at_once(runtime: Runtime, owner: Actor) -> None:
    told = await asyncio.gather(*(tell(runtime, owner, key="limit:80") for _ in range(5)))
    assert sorted(told, key=len)[-1] == [owner.account_id]
    assert sum(map(len, told)) == 1
    assert await tell(runtime, owner) == [owner.account_id]
    assert await tell(runtime, owner) == [owner.account_id]
    assert len(await seen_by(runtime, owner)) == 3


async def test_who_switched_a_kind_off_or_is_gone_is_left_out(
    runtime: Runtime, owner: Actor, agent: Actor
) -> None:
    await choose(runtime, agent, K.TASK_DUE, "app", False)
    assert await tell(runtime, agent, kind=K.TASK_DUE) == []
    assert await tell(runtime, agent, kind=K.TASK_ASSIGNED) == [agent.account_id]
    async with runtime.db.write() as session:
        await session.exec(
            sa.update(Account).where(col(Account.id) == owner.account_id).values(is_active=False)
        )
    assert await tell(runtime, owner) == []
    async with runtime.db.write() as session:
        assert await notifications.notify(session, [None, 2**30], K.ASSIGNED) == []


@pytest.mark.parametrize(
    ("kind", "way"),
    [("nonsense", "app"), ("assigned", "pigeon"), ("inbound_message", "app"), ("plan_changed", "mail")],
)
async def test_what_does_not_exist_cannot_be_chosen(
    runtime: Runtime, owner: Actor, kind: str, way: str
) -> None:
    async with runtime.db.write() as session:
        with pytest.raises(Invalid):
            await notifications.save_choice(session, owner, kind, way, on=True)


async def test_only_kinds_that_can_reach_somebody_are_offered(
    runtime: Runtime, owner: Actor, agent: Actor
) -> None:
    async with runtime.db.read() as session:
        owners = {row["kind"] for row in (await notifications.choices_of(session, owner))["rows"]}
        agents = {row["kind"] for row in (await notifications.choices_of(session, agent))["rows"]}
    assert owners == {kind.value for kind in K}
    work = {"assigned", "inbound_message", "task_assigned", "task_due", "review_received"}
    assert agents == work | {"mentioned", "scheduled_failed", "import_ended"}


async def test_somebody_elses_can_neither_be_read_nor_marked(
    runtime: Runtime, owner: Actor, agent: Actor
) -> None:
    await tell(runtime, owner)
    assert await seen_by(runtime, agent) == []
    [row] = await seen_by(runtime, owner)
    async with runtime.db.write() as session:
        with pytest.raises(NotFound):
            await notifications.mark_read(session, agent, row["id"])
        assert await notifications.mark_all_read(session, agent) == 0
    assert await unread(runtime, owner) == 1
    async with runtime.db.write() as session:
        await notifications.mark_read(session, owner, row["id"])
        await notifications.mark_read(session, owner, row["id"])
    assert await unread(runtime, owner) == 0
    assert (await seen_by(runtime, owner))[0]["read"]


async def test_who_only_looks_marks_nothing(runtime: Runtime, agent: Actor) -> None:
    await tell(runtime, agent)
    looking = replace(agent, permissions=agent.permissions - {p for p in EVERYBODY if p.value == "self.do"})
    [row] = await seen_by(runtime, looking)
    async with runtime.db.write() as session:
        for mark in (
            notifications.mark_all_read(session, looking),
            notifications.mark_read(session, looking, row["id"]),
        ):
            with pytest.raises(Forbidden):
                await mark
    assert await unread(runtime, agent) == 1


async def test_a_customer_is_named_only_to_who_may_see_the_conversation(
    runtime: Runtime, owner: Actor, agent: Actor, conversation_id: int
) -> None:
    own_only = replace(agent, visibility=Visibility.OWN)
    await tell(
        runtime,
        owner,
        own_only,
        kind=K.ASSIGNED,
        conversation_id=conversation_id,
        href=f"/inbox/{conversation_id}",
    )
    [mine] = await seen_by(runtime, owner)
    [hidden] = await seen_by(runtime, own_only)
    assert (mine["customer"], mine["href"]) == ("Ada", f"/inbox/{conversation_id}")
    assert (hidden["customer"], hidden["href"]) == ("", "")
    async with runtime.db.write() as session:
        await session.exec(sa.update(Conversation).values(assignee_id=agent.account_id))
    assert (await seen_by(runtime, own_only))[0]["customer"] == "Ada"


async def test_who_is_given_a_conversation_hears_by_whom_and_who_takes_one_does_not(
    runtime: Runtime, owner: Actor, agent: Actor, conversation_id: int
) -> None:
    async with runtime.db.write() as session:
        await assignment.assign(session, agent, conversation_id, agent_id=agent.account_id)
        await assignment.assign(session, owner, conversation_id, agent_id=agent.account_id)
    assert await seen_by(runtime, agent) == []
    async with runtime.db.write() as session:
        await assignment.assign(session, owner, conversation_id)
        await assignment.assign(session, owner, conversation_id, agent_id=agent.account_id)
    [row] = await seen_by(runtime, agent)
    assert (row["kind"], row["args"]["by"], row["customer"]) == ("assigned", "Olga Owner", "Ada")
    assert row["href"] == f"/inbox/{conversation_id}"


async def test_numbers_are_masked_for_who_may_not_see_them(
    runtime: Runtime, agent: Actor, meta_says: Meta, channel_id: int
) -> None:
    await meta_says.says(inbound(message("wamid.n", wa_id="16505550009"), name=""))
    masked = replace(agent, hide_phone=True)
    async with runtime.db.read() as session:
        conversation_id = (await session.exec(select(Conversation.id))).one()
    await tell(runtime, masked, conversation_id=conversation_id, title="Call +16505550009", by="16505550009")
    text = str(await seen_by(runtime, masked))
    assert "6505550009" not in text
    assert "6505550009" in str(await seen_by(runtime, agent))


async def test_owners_hear_once_that_a_number_lost_its_token(
    runtime: Runtime, owner: Actor, agent: Actor, channel_id: int
) -> None:
    refused = GraphError(190, "expired")
    assert refused.is_auth
    for _ in range(3):
        async with runtime.db.write() as session:
            await problems.note(session, channel_id, refused)
    [row] = await seen_by(runtime, owner)
    assert (row["kind"], row["args"]["name"], row["href"]) == (
        "number_problem",
        "Harbour Homes",
        "/integrations",
    )
    assert await seen_by(runtime, agent) == []
    async with runtime.db.read() as session:
        assert (await session.exec(select(Channel.status))).one() == "reconnect"
    assert channels is not None


async def test_old_ones_are_removed_read_or_not(runtime: Runtime, owner: Actor) -> None:
    await tell(runtime, owner, title="old")
    async with runtime.db.write() as session:
        await session.exec(sa.update(Notification).values(created_at=utcnow() - timedelta(days=91)))
    await tell(runtime, owner, title="new")
    await housekeeping.clean_up(runtime.db, runtime.settings.media_dir)
    assert [row["args"]["title"] for row in await seen_by(runtime, owner)] == ["new"]


# --- on the desktop


async def alerts(runtime: Runtime, actor: Actor, seen: Seen) -> tuple[list[Any], Seen]:
    async with runtime.db.read() as session:
        return await notifications.alerts(session, actor, seen)


@pytest.fixture
async def start(runtime: Runtime, agent: Actor) -> Seen:
    async with runtime.db.write() as session:
        await notifications.set_desktop(session, agent, desktop=True, sound=False)
    return Seen(0, utcnow() - timedelta(minutes=5))


async def test_the_desktop_shows_nothing_without_consent(
    runtime: Runtime, agent: Actor, conversation_id: int
) -> None:
    await tell(runtime, agent)
    assert (await alerts(runtime, agent, Seen(0, utcnow() - timedelta(days=1))))[0] == []


async def test_the_desktop_shows_each_thing_once(
    runtime: Runtime, agent: Actor, start: Seen, conversation_id: int
) -> None:
    await tell(runtime, agent, title="Call")
    await tell(runtime, agent, kind=K.PLAN_CHANGED)
    found, seen = await alerts(runtime, agent, start)
    assert [(each["kind"], each["customer"]) for each in found] == [
        ("task_assigned", ""),
        ("inbound_message", "Ada"),
    ]
    assert found[1]["href"] == f"/inbox/{conversation_id}"
    assert (await alerts(runtime, agent, seen))[0] == []


async def test_the_desktop_shows_no_messages_of_others_or_that_are_hidden(
    runtime: Runtime, agent: Actor, owner: Actor, start: Seen, conversation_id: int
) -> None:
    assert (await alerts(runtime, replace(agent, visibility=Visibility.OWN), start))[0] == []
    assert (await alerts(runtime, replace(agent, permissions=EVERYBODY), start))[0] == []
    async with runtime.db.write() as session:
        await session.exec(sa.update(Conversation).values(assignee_id=owner.account_id))
    assert (await alerts(runtime, agent, start))[0] == []
    await choose(runtime, agent, K.INBOUND_MESSAGE, "desktop", False)
    async with runtime.db.write() as session:
        await session.exec(sa.update(Conversation).values(assignee_id=agent.account_id))
    assert (await alerts(runtime, agent, start))[0] == []


# --- by mail


async def test_a_mail_comes_once_to_who_asked_for_it_in_their_language(
    runtime: Runtime, owner: Actor, agent: Actor
) -> None:
    await choose(runtime, agent, K.TASK_ASSIGNED, "mail", True)
    await choose(runtime, agent, K.TASK_ASSIGNED, "app", False)
    async with runtime.db.write() as session:
        await session.exec(sa.update(Account).where(col(Account.id) == agent.account_id).values(locale="es"))
    await tell(runtime, owner, agent, by="Zoë", title="Call\r\nBcc: x@evil.example", href="/tasks?task=1")
    with postbox() as box:
        runtime.settings.smtp_url = SecretStr(box.url)
        for _ in range(2):
            await reminders.mail_notifications(runtime)
            await send_due(runtime)
    [mail] = box.mails
    assert mail["To"].startswith("ben.agent")
    assert mail["Subject"] == "Zoë te dio una tarea: Call Bcc: x@evil.example"
    assert "http://testserver/tasks?task=1" in box.text_of(mail)
    assert await seen_by(runtime, agent) == []
    assert await unread(runtime, agent) == 0


async def test_two_who_mail_at_once_mail_once(runtime: Runtime, owner: Actor) -> None:
    await tell(runtime, owner, kind=K.NUMBER_PROBLEM, name="Main")

    async def queue() -> None:
        async with runtime.db.write() as session:
            await notification_mails.queue(session)

    async with runtime.db.write() as session:
        await notification_mails.queue(session)
        other = asyncio.create_task(queue())
        await asyncio.sleep(0.3)
    await other
    async with runtime.db.read() as session:
        assert len((await session.exec(select(MailLog.id))).all()) == 1


async def test_without_a_mail_server_nothing_is_kept_for_later(
    runtime: Runtime, owner: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    await tell(runtime, owner, kind=K.NUMBER_PROBLEM, name="Main")
    await reminders.mail_notifications(runtime)
    async with runtime.db.read() as session:
        assert (await session.exec(select(Notification.mail_due))).all() == [False]
    assert len(await seen_by(runtime, owner)) == 1


# --- the indexes


async def test_what_is_asked_often_is_found_by_an_index(
    runtime: Runtime, owner: Actor, new_account: NewAccount, start: Seen
) -> None:
    other = await new_account("Zoe", Role.OWNER)
    for _ in range(3):
        async with runtime.db.write() as session:
            connection = await session.connection()
            rows = [
                {"account_id": other.account_id, "kind": K.ASSIGNED, "args": {}, "href": "", "key": ""}
                | {"shown": True, "mail_due": False, "created_at": utcnow()}
                for _ in range(500)
            ]
            await connection.execute(Notification.__table__.insert(), rows)  # type: ignore[attr-defined]
    with plans(runtime.db.engine.sync_engine) as found:
        await unread(runtime, owner)
        await seen_by(runtime, owner)
        await reminders.mail_notifications(runtime)
        async with runtime.db.write() as session:
            await notifications.mark_all_read(session, owner)
            await notifications.delete_old(session)
    assert len(found) >= 5
    for plan in found:
        assert [line for line in scans(plan) if "anon" not in line] == [], plan
    assert "ix_notification_unread" in found[0]
    assert "TEMP B-TREE" not in found[1]
    assert "Sort Key: notification" not in found[1]
    assert "ix_notification_mail_due" in found[2]
