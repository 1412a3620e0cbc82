"""Open, pending, snoozed, resolved: who changes it, what the desk notes, and how a snoozed one comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine

from tests.meta import ago
from tests.services.conftest import Meta
from tests.services.desk import Desk
from wapto_app.clock import utcnow
from wapto_app.jobs.reminders import wake_snoozed
from wapto_app.models import Conversation, ConversationStatus, Visibility
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services import inbox
from wapto_app.services.errors import Invalid, NotFound
from wapto_app.services.inbox.status import snooze_choices, snooze_until

TOKYO, MADRID = ZoneInfo("Asia/Tokyo"), ZoneInfo("Europe/Madrid")


@pytest.fixture
def at_the_desk(runtime: Runtime, channel_id: int, meta_says: Meta) -> Desk:
    return Desk(runtime, meta_says)


async def status_of(runtime: Runtime, conversation_id: int) -> tuple[str, int]:
    async with runtime.db.read() as session:
        found = await session.get_one(Conversation, conversation_id)
        return found.status.value, found.unread


async def do(runtime: Runtime, deed: Callable[..., Awaitable[Any]], *arguments: Any) -> Any:
    async with runtime.db.write() as session:
        return await deed(session, *arguments)


async def test_a_snoozed_conversation_wakes_at_its_time_once(
    runtime: Runtime, owner: Actor, at_the_desk: Desk
) -> None:
    of = await at_the_desk.customer(1)
    await do(runtime, inbox.snooze, owner, of, utcnow() + timedelta(hours=1))
    await do(runtime, inbox.open_conversation, owner, of)
    await wake_snoozed(runtime)
    assert await status_of(runtime, of) == ("snoozed", 0)
    with time_machine.travel(utcnow() + timedelta(days=3)):  # a downtime
        await asyncio.gather(wake_snoozed(runtime), wake_snoozed(runtime))
        await wake_snoozed(runtime)
    assert await status_of(runtime, of) == ("open", 1)
    assert await at_the_desk.kinds(of) == ["inbound_started", "snoozed", "woken"]
    snoozed, woken = (await at_the_desk.events(of))[1:]
    assert snoozed["detail"]["by"] == owner.account_id
    assert datetime.fromisoformat(snoozed["detail"]["until"]) > utcnow()
    assert woken["detail"] == {"why": "time"}
    assert (await at_the_desk.state(of))["snoozed_until"] is None


@pytest.mark.parametrize("kind", ["snoozed", "pending"])
async def test_a_reply_wakes_it_and_its_time_passes_unnoticed(
    runtime: Runtime, owner: Actor, at_the_desk: Desk, kind: str
) -> None:
    of = await at_the_desk.customer(1, at=ago(minutes=5))
    if kind == "snoozed":
        await do(runtime, inbox.snooze, owner, of, utcnow() + timedelta(hours=1))
    else:
        await do(runtime, inbox.set_pending, owner, of)
    assert (await status_of(runtime, of))[0] == kind
    await at_the_desk.customer(1)
    assert await status_of(runtime, of) == ("open", 2)
    with time_machine.travel(utcnow() + timedelta(days=1)):
        await wake_snoozed(runtime)
    assert await status_of(runtime, of) == ("open", 2)
    assert await at_the_desk.kinds(of) == ["inbound_started", kind, "woken"]
    assert (await at_the_desk.events(of))[-1]["detail"] == {"why": "reply"}


async def test_each_step_between_statuses_is_noted(runtime: Runtime, owner: Actor, at_the_desk: Desk) -> None:
    of = await at_the_desk.customer(1)
    await do(runtime, inbox.set_pending, owner, of)
    await do(runtime, inbox.set_pending, owner, of)
    await at_the_desk.reopen(owner, of)
    await at_the_desk.resolve(owner, of)
    await do(runtime, inbox.snooze, owner, of, utcnow() + timedelta(hours=1))
    assert (await at_the_desk.state(of))["resolved_at"] is None
    await at_the_desk.resolve(owner, of)
    assert (await at_the_desk.state(of))["snoozed_until"] is None
    with time_machine.travel(utcnow() + timedelta(hours=2)):
        await wake_snoozed(runtime)
    assert (await status_of(runtime, of))[0] == "resolved"
    assert await at_the_desk.kinds(of) == [
        *("inbound_started", "pending", "woken", "resolved", "reopened", "snoozed", "resolved")
    ]
    assert (await at_the_desk.events(of))[2]["detail"] == {"by": owner.account_id, "why": "person"}


async def test_a_conversation_that_was_opened_meanwhile_does_not_wake(
    runtime: Runtime, owner: Actor, at_the_desk: Desk
) -> None:
    of = await at_the_desk.customer(1)
    await do(runtime, inbox.snooze, owner, of, utcnow() + timedelta(hours=1))
    await at_the_desk.change(Conversation, of, status=ConversationStatus.OPEN)
    with time_machine.travel(utcnow() + timedelta(hours=2)):
        await wake_snoozed(runtime)
    assert await at_the_desk.kinds(of) == ["inbound_started", "snoozed"]
    assert (await at_the_desk.state(of))["snoozed_until"] is None


async def test_an_impossible_time_is_refused(runtime: Runtime, owner: Actor, at_the_desk: Desk) -> None:
    of = await at_the_desk.customer(1)
    for until in (utcnow() - timedelta(seconds=1), utcnow() + timedelta(days=400)):
        with pytest.raises(Invalid):
            await do(runtime, inbox.snooze, owner, of, until)
    for text in ("", "yesterday", "2026-13-01T09:00"):
        with pytest.raises(Invalid):
            snooze_until(text, MADRID)


async def test_what_others_have_can_be_put_aside_by_nobody_else(
    runtime: Runtime, agent: Actor, at_the_desk: Desk, others_take_all: Callable[[], Awaitable[None]]
) -> None:
    of = await at_the_desk.customer(1)
    await others_take_all()
    agent = replace(agent, visibility=Visibility.TEAM)
    with pytest.raises(NotFound):
        await do(runtime, inbox.snooze, agent, of, utcnow() + timedelta(hours=1))
    with pytest.raises(NotFound):
        await do(runtime, inbox.set_pending, agent, of)


def test_the_choices_are_meant_in_the_time_zone_of_who_chooses() -> None:
    wednesday = datetime(2026, 11, 25, 7, 30, tzinfo=UTC)
    tokyo = snooze_choices(wednesday, TOKYO)
    assert list(tokyo) == ["1h", "3h", "evening", "tomorrow", "monday"]
    assert tokyo["evening"].isoformat() == "2026-11-25T18:00:00+09:00"
    assert tokyo["tomorrow"].isoformat() == "2026-11-26T09:00:00+09:00"
    assert tokyo["monday"].isoformat() == "2026-11-30T09:00:00+09:00"
    assert "evening" not in snooze_choices(wednesday + timedelta(hours=1), TOKYO)
    monday = snooze_choices(datetime(2026, 11, 30, 7, tzinfo=UTC), MADRID)["monday"]
    assert monday.isoformat() == "2026-12-07T09:00:00+01:00"


def test_a_date_and_time_is_one_of_who_chooses() -> None:
    assert snooze_until("2026-12-01T09:15", TOKYO).astimezone(UTC).isoformat() == "2026-12-01T00:15:00+00:00"
