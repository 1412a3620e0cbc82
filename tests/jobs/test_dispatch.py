"""Sending against a Meta that has bad days: everything leaves once, in order, or says why not."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from integrations.sandbox.sandbox import Sandbox
from tests.jobs.conftest import META, Desk, Eventually, Network, Phone, at_work, form_of
from wapto_app.clock import utcnow
from wapto_app.jobs import dispatch, sending
from wapto_app.models import Channel, ChannelStatus, Contact, Conversation, Lease, Message, MessageStatus
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services import channels, inbox, leases, outbox
from wapto_app.services.outbox import Draft, claims

S = MessageStatus
DONE = (S.SENT, S.DELIVERED, S.READ)


def accepted_once(sandbox: Sandbox, count: int) -> None:
    store = sandbox.store
    assert store.duplicates == {}
    assert (store.accepted_count, len(store.by_callback)) == (count, count)


async def test_a_burst_arrives_once_and_in_order(
    sandbox: Sandbox, desk: Desk, phone: Phone, eventually: Eventually
) -> None:
    texts = [f"line {number}" for number in range(12)]
    await desk.writes(*texts)
    await eventually(lambda: desk.all_are(S.DELIVERED))
    assert await phone.received() == texts
    accepted_once(sandbox, 12)


@pytest.mark.usefixtures("impatient")
async def test_server_errors_are_tried_again(
    sandbox: Sandbox, desk: Desk, phone: Phone, eventually: Eventually
) -> None:
    sandbox.faults.change({"error_next": 3})
    await desk.writes("one", "two")
    await eventually(lambda: desk.all_are(*DONE))
    assert await phone.received() == ["one", "two"]
    accepted_once(sandbox, 2)
    assert [message.attempt for message in await desk.messages()] == [4, 1]


@pytest.mark.usefixtures("impatient")
async def test_after_five_refusals_a_message_fails_with_its_reason_and_the_next_goes_on(
    sandbox: Sandbox, desk: Desk, phone: Phone, eventually: Eventually
) -> None:
    sandbox.faults.change({"error_next": sending.MAX_REFUSALS})
    await desk.writes("one", "two")
    await eventually(lambda: desk.all_are(S.FAILED, *DONE))
    first, second = await desk.messages()
    assert (first.status, first.error_code, first.attempt) == (S.FAILED, 131000, 5)
    assert first.error_detail
    assert second.status in DONE
    assert await phone.received() == ["two"]


@pytest.mark.usefixtures("impatient")
async def test_being_too_fast_slows_down_and_loses_nothing(
    sandbox: Sandbox, desk: Desk, phones: list[Phone], runtime: Runtime, owner: Actor, eventually: Eventually
) -> None:
    for phone in phones[1:3]:
        await phone.says("Hi")

    async def everybody() -> Any:
        async with runtime.db.read() as session:
            found = await inbox.listing(session, owner)
        return found if len(found) == 3 else None

    conversations = await eventually(everybody)
    sandbox.faults.change({"throttle_every": 5})
    for conversation in conversations:
        for number in range(5):
            async with runtime.db.write() as session:
                await inbox.send_text(session, owner, conversation["id"], f"{number}")
    async with asyncio.timeout(60):
        while not await desk.all_are(*DONE):
            await asyncio.sleep(0.1)
    accepted_once(sandbox, 15)
    assert all([await phone.received() == [str(n) for n in range(5)] for phone in phones[:3]])
    assert all(message.refusals == 0 for message in await desk.messages())


@pytest.mark.usefixtures("impatient")
async def test_too_many_messages_to_one_customer_wait_for_that_customer_only(
    sandbox: Sandbox, desk: Desk, phones: list[Phone], runtime: Runtime, owner: Actor, eventually: Eventually
) -> None:
    await phones[1].says("Hi")

    async def both() -> Any:
        async with runtime.db.read() as session:
            found = await inbox.listing(session, owner)
        return found if len(found) == 2 else None

    other = next(row["id"] for row in await eventually(both) if row["id"] != desk.conversation_id)
    sandbox.faults.change({"send_errors": [131056]})
    (slow,) = await desk.writes("to Ada")
    async with runtime.db.write() as session:
        await inbox.send_text(session, owner, other, "to Ben")
    await eventually(lambda: desk.all_are(*DONE))
    first, second = await desk.messages()
    assert (first.id, first.attempt, second.attempt) == (slow, 2, 1)
    accepted_once(sandbox, 2)


@pytest.mark.usefixtures("impatient")
async def test_a_network_that_is_away_costs_nothing_but_time(
    sandbox: Sandbox, desk: Desk, network: Network, phone: Phone, eventually: Eventually
) -> None:
    network.is_down = True
    await desk.writes("one", "two")

    async def tried_often() -> bool:
        return (await desk.messages())[0].attempt > 8

    await eventually(tried_often)
    assert await desk.all_are(S.QUEUED, S.SENDING)
    network.is_down = False
    await eventually(lambda: desk.all_are(*DONE))
    assert await phone.received() == ["one", "two"]
    accepted_once(sandbox, 2)


async def test_a_lost_answer_is_never_repeated_and_settled_by_the_webhook(
    sandbox: Sandbox, desk: Desk, phone: Phone, eventually: Eventually
) -> None:
    sandbox.faults.change({"timeout_after_accept_next": 1, "delay_webhooks_ms": 400})
    await desk.writes("one")
    await eventually(lambda: desk.all_are(S.UNCONFIRMED))
    (message,) = await desk.messages()
    assert message.wamid is None
    assert "may have received" in message.error_detail
    await eventually(lambda: desk.all_are(*DONE))
    (message,) = await desk.messages()
    assert message.wamid
    assert message.error_detail == ""
    accepted_once(sandbox, 1)


async def test_when_meta_stops_answering_the_queue_is_not_drained_into_doubt(
    sandbox: Sandbox, desk: Desk, eventually: Eventually
) -> None:
    sandbox.faults.change({"error_kind": "html", "error_rate": 1})
    await desk.writes(*(f"{number}" for number in range(40)))

    async def some_in_doubt() -> bool:
        return (await desk.statuses()).count(S.UNCONFIRMED) >= 5

    await eventually(some_in_doubt)
    await asyncio.sleep(1.0)
    statuses = await desk.statuses()
    assert statuses.count(S.UNCONFIRMED) < 12
    assert statuses.count(S.QUEUED) > 25


async def test_a_reaction_that_whatsapp_refuses_is_taken_back(
    sandbox: Sandbox, desk: Desk, runtime: Runtime, eventually: Eventually
) -> None:
    async def shown() -> list[str]:
        async with runtime.db.read() as session:
            rows = (await inbox.recent(session, desk.actor, desk.conversation_id))["messages"]
        return rows[0]["reactions"]

    async with runtime.db.read() as session:
        first = (await inbox.recent(session, desk.actor, desk.conversation_id))["messages"][0]["id"]
    async with runtime.db.write() as session:
        await inbox.react(session, desk.actor, desk.conversation_id, first, "👍")
    await eventually(lambda: desk.all_are(*DONE))
    assert await shown() == ["👍"]
    sandbox.faults.change({"send_errors": [131009]})
    async with runtime.db.write() as session:
        await inbox.react(session, desk.actor, desk.conversation_id, first, "🎉")
    await eventually(lambda: desk.all_are(S.FAILED, *DONE))

    async def gone() -> bool:
        return await shown() == []

    await eventually(gone)


async def test_what_was_lost_on_the_way_stays_unconfirmed_until_a_person_decides(
    sandbox: Sandbox, desk: Desk, phone: Phone, runtime: Runtime, owner: Actor, eventually: Eventually
) -> None:
    sandbox.faults.change({"drop_before_accept_next": 1})
    first, _second = await desk.writes("one", "two")
    await eventually(lambda: desk.all_are(S.UNCONFIRMED, *DONE))
    await asyncio.sleep(0.3)
    assert [message.status is S.UNCONFIRMED for message in await desk.messages()] == [True, False]
    async with runtime.db.write() as session:
        await outbox.retry(session, owner, first)
    await eventually(lambda: desk.all_are(*DONE))
    assert sorted(await phone.received()) == ["one", "two"]
    accepted_once(sandbox, 2)


@pytest.mark.usefixtures("impatient")
async def test_a_revoked_token_keeps_messages_waiting_until_the_number_is_connected_again(
    sandbox: Sandbox, desk: Desk, phone: Phone, runtime: Runtime, owner: Actor, eventually: Eventually
) -> None:
    sandbox.faults.change({"revoked_token": True})
    await desk.writes(*(f"{number}" for number in range(6)))

    async def asks_for_reconnection() -> bool:
        return (await desk.channel()).status is ChannelStatus.RECONNECT

    await eventually(asks_for_reconnection)
    await asyncio.sleep(0.3)
    assert await desk.all_are(S.QUEUED)
    assert (await desk.channel()).last_error
    assert sum(message.attempt for message in await desk.messages()) < 6
    sandbox.faults.change({"revoked_token": False})
    await channels.connect(
        runtime.db, owner, runtime.gateway, form_of(sandbox, access_token=sandbox.rotate_token())
    )
    await eventually(lambda: desk.all_are(*DONE))
    assert await phone.received() == [f"{number}" for number in range(6)]
    accepted_once(sandbox, 6)


@pytest.mark.usefixtures("impatient")
async def test_trouble_of_the_account_does_not_drain_the_queue_into_failures(
    sandbox: Sandbox, desk: Desk, runtime: Runtime, monkeypatch: pytest.MonkeyPatch, eventually: Eventually
) -> None:
    monkeypatch.setattr(dispatch, "_PAUSE_IN_TROUBLE", 30.0)
    sandbox.faults.change({"send_errors": [131042] * 50})
    await desk.writes(*(f"{number}" for number in range(10)))

    async def one_failed() -> bool:
        return S.FAILED in await desk.statuses()

    await eventually(one_failed)
    await asyncio.sleep(0.5)
    statuses = await desk.statuses()
    assert statuses.count(S.FAILED) == 1
    assert statuses.count(S.QUEUED) == 9
    assert "131042" in (await desk.channel()).last_error
    assert (await desk.channel()).status is ChannelStatus.CONNECTED


async def test_a_refused_message_says_why_and_a_person_can_try_again(
    sandbox: Sandbox, desk: Desk, runtime: Runtime, owner: Actor, eventually: Eventually
) -> None:
    sandbox.faults.change({"send_errors": [131026]})
    (message_id,) = await desk.writes("one")
    await eventually(lambda: desk.all_are(S.FAILED))
    async with runtime.db.read() as session:
        row = (await inbox.recent(session, owner, desk.conversation_id))["messages"][-1]
    assert row["error"] == "The message cannot reach this number."
    assert row["advice"]
    async with runtime.db.write() as session:
        await outbox.retry(session, owner, message_id)
    await eventually(lambda: desk.all_are(*DONE))
    accepted_once(sandbox, 1)


async def test_a_failure_that_comes_later_by_webhook_is_shown(
    sandbox: Sandbox, desk: Desk, eventually: Eventually
) -> None:
    sandbox.faults.change({"status_errors": [131049]})
    await desk.writes("one")
    await eventually(lambda: desk.all_are(S.FAILED))
    assert (await desk.messages())[0].error_code == 131049


async def test_repeated_and_shuffled_webhooks_change_nothing(
    sandbox: Sandbox, desk: Desk, phone: Phone, eventually: Eventually
) -> None:
    sandbox.faults.change(
        {"duplicate_webhooks": 1, "reorder_webhooks": 0.5, "reorder_hold_ms": 60, "auto_read": True}
    )
    await desk.writes(*(f"{number}" for number in range(8)))
    await eventually(lambda: desk.all_are(S.READ))
    await sandbox.settle()
    await asyncio.sleep(0.2)
    assert await desk.all_are(S.READ)
    accepted_once(sandbox, 8)


async def test_a_window_that_closes_while_a_message_waits_stops_it(
    sandbox: Sandbox, desk: Desk, runtime: Runtime, network: Network, eventually: Eventually
) -> None:
    network.is_down = True
    (message_id,) = await desk.writes("too late")

    async def tried() -> bool:
        return (await desk.messages())[0].attempt == 1 and await desk.all_are(S.QUEUED)

    await eventually(tried)
    async with runtime.db.write() as session:
        old = utcnow().replace(year=utcnow().year - 1)
        await session.exec(sa.update(Conversation).values(last_inbound_at=old))
        await session.exec(sa.update(Message).where(col(Message.id) == message_id).values(not_before=None))
    await eventually(lambda: desk.all_are(S.FAILED))
    assert "24 hours" in (await desk.messages())[0].error_detail
    assert sandbox.store.accepted_count == 0


async def test_a_contact_who_opts_out_meanwhile_gets_nothing(
    sandbox: Sandbox, desk: Desk, runtime: Runtime, eventually: Eventually
) -> None:
    async with runtime.db.write() as session:
        await outbox.enqueue(session, desk.actor, desk.conversation_id, Draft("text", "hi", {"kind": "text"}))
        await session.exec(sa.update(Contact).values(opted_out_at=utcnow()))
    await eventually(lambda: desk.all_are(S.FAILED))
    assert sandbox.store.accepted_count == 0


async def test_a_message_that_breaks_while_it_is_built_fails_and_frees_the_next(
    sandbox: Sandbox, desk: Desk, runtime: Runtime, phone: Phone, eventually: Eventually
) -> None:
    async with runtime.db.write() as session:
        session.add(
            Message(
                conversation_id=desk.conversation_id,
                channel_id=(await desk.channel()).id,
                direction="out",
                type="location",
                content={"kind": "location"},
                recipient="+16505551234",
                status=S.QUEUED,
            )
        )
    await desk.writes("after it")
    await eventually(lambda: desk.all_are(S.FAILED, *DONE))
    assert [message.status is S.FAILED for message in await desk.messages()] == [True, False]


async def test_results_are_written_down_even_when_the_database_hesitates(
    sandbox: Sandbox, desk: Desk, monkeypatch: pytest.MonkeyPatch, eventually: Eventually
) -> None:
    monkeypatch.setattr(dispatch, "_RECORD_AGAIN_SECONDS", (0.01,) * 5)
    sandbox.config.sent_delay_ms = 60_000
    failures = iter((True, True, True))
    record = claims.record

    def hesitant(connection: Any, outcomes: Any) -> Any:
        if next(failures, False):
            raise RuntimeError("disk is busy")
        return record(connection, outcomes)

    monkeypatch.setattr(claims, "record", hesitant)
    await desk.writes("one", "two")
    await eventually(lambda: desk.all_are(S.SENT))
    accepted_once(sandbox, 2)


async def test_read_receipts_are_sent_once(
    sandbox: Sandbox, desk: Desk, phone: Phone, runtime: Runtime, network: Network, eventually: Eventually
) -> None:
    async def ticks() -> list[str]:
        return [each["status"] for each in await phone.messages() if each["direction"] == "in"]

    assert await ticks() == ["delivered"]
    for _ in range(3):
        async with runtime.db.write() as session:
            await inbox.open_conversation(session, desk.actor, desk.conversation_id)

    async def blue() -> bool:
        return await ticks() == ["read"]

    await eventually(blue)
    await asyncio.sleep(0.1)
    before = network.requests
    await asyncio.sleep(1.2)
    assert network.requests == before


async def test_a_receipt_waits_for_the_network_but_not_for_a_refusal(
    sandbox: Sandbox, desk: Desk, phone: Phone, runtime: Runtime, network: Network, eventually: Eventually
) -> None:
    async def due() -> str:
        async with runtime.db.read() as session:
            return (await session.exec(select(Conversation.receipt_wamid))).one()

    network.is_down = True
    async with runtime.db.write() as session:
        await inbox.open_conversation(session, desk.actor, desk.conversation_id)
    requests = network.requests

    async def tried() -> bool:
        return network.requests > requests

    await eventually(tried)
    assert await due()
    network.is_down = False

    async def gone() -> bool:
        return not await due()

    await eventually(gone)
    async with runtime.db.write() as session:
        await session.exec(sa.update(Conversation).values(receipt_wamid="wamid.never.existed"))
    await eventually(gone)


# --- one sender at a time


async def test_a_second_process_does_not_send_while_the_first_lives(
    sandbox: Sandbox, desk: Desk, runtime: Runtime, monkeypatch: pytest.MonkeyPatch, eventually: Eventually
) -> None:
    other = replace(runtime, process_id="another:1:aa")
    async with at_work(other):
        await desk.writes(*(f"{number}" for number in range(10)))
        await eventually(lambda: desk.all_are(*DONE))
    accepted_once(sandbox, 10)
    async with runtime.db.read() as session:
        lease = (await session.exec(select(Lease).where(col(Lease.name).like("sender:%")))).one()
    assert lease.holder == runtime.process_id


async def test_a_lost_lease_stops_the_sender_and_the_next_holder_takes_over(
    sandbox: Sandbox, desk: Desk, runtime: Runtime, eventually: Eventually
) -> None:
    stolen = leases.Bid(f"sender:{(await desk.channel()).id}", "thief")
    async with runtime.db.write() as session:
        await session.exec(sa.update(Lease).values(expires_at=utcnow()))
    assert await runtime.writer.run(leases.acquire, stolen)
    await desk.writes("waits")
    await asyncio.sleep(0.5)
    assert await desk.all_are(S.QUEUED)
    await runtime.writer.run(leases.release, stolen)
    await eventually(lambda: desk.all_are(*DONE))
    accepted_once(sandbox, 1)


async def test_stopping_finishes_what_is_on_its_way_and_gives_the_lease_back(
    sandbox: Sandbox,
    network: Network,
    runtime: Runtime,
    owner: Actor,
    channel_id: int,
    phone: Phone,
    eventually: Eventually,
) -> None:
    async with at_work(runtime):
        await phone.says("Hello?")

        async def first() -> Any:
            async with runtime.db.read() as session:
                return await inbox.listing(session, owner)

        desk = Desk(runtime, owner, (await eventually(first))[0]["id"])
        sandbox.faults.change({"latency_ms": 300})
        await desk.writes("one", "two", "three")

        async def on_its_way() -> bool:
            return S.SENDING in await desk.statuses()

        await eventually(on_its_way)
    statuses = await desk.statuses()
    assert S.SENDING not in statuses
    assert S.UNCONFIRMED not in statuses
    accepted_once(sandbox, sum(1 for status in statuses if status in DONE))
    async with runtime.db.read() as session:
        assert (await session.exec(select(Lease))).all() == []


async def test_stopping_between_claim_and_send_loses_nothing(
    sandbox: Sandbox,
    network: Network,
    runtime: Runtime,
    owner: Actor,
    channel_id: int,
    phone: Phone,
    eventually: Eventually,
) -> None:
    """However often the process is stopped, no message is left half-way."""
    async with at_work(runtime):
        await phone.says("Hello?")

        async def first() -> Any:
            async with runtime.db.read() as session:
                return await inbox.listing(session, owner)

        desk = Desk(runtime, owner, (await eventually(first))[0]["id"])
    texts = [f"{number}" for number in range(15)]
    await desk.writes(*texts)
    for number in range(12):
        async with at_work(runtime):
            await asyncio.sleep(0.03 + 0.007 * number)
        assert not {S.SENDING, S.UNCONFIRMED} & set(await desk.statuses())
    async with at_work(runtime):
        await eventually(lambda: desk.all_are(*DONE))
    assert await phone.received() == texts
    accepted_once(sandbox, 15)


async def test_a_number_whose_secrets_cannot_be_read_does_not_stop_the_others(
    sandbox: Sandbox, desk: Desk, runtime: Runtime, owner: Actor, eventually: Eventually
) -> None:
    async with runtime.db.write() as session:
        session.add(
            Channel(
                phone_number_id="1", waba_id="1", access_token="gAAAAsealed-with-another-key", base_url=META
            )
        )
    runtime.hub.publish(frozenset({"channels"}))
    await asyncio.sleep(0.1)
    await desk.writes("still goes out")
    await eventually(lambda: desk.all_are(*DONE))


async def test_a_number_connected_later_starts_to_send(
    sandbox: Sandbox,
    network: Network,
    runtime: Runtime,
    owner: Actor,
    jobs: None,
    phone: Phone,
    eventually: Eventually,
) -> None:
    await channels.connect(runtime.db, owner, runtime.gateway, form_of(sandbox))
    await phone.says("Hello?")

    async def first() -> Any:
        async with runtime.db.read() as session:
            return await inbox.listing(session, owner)

    desk = Desk(runtime, owner, (await eventually(first))[0]["id"])
    await desk.writes("Here we are")
    await eventually(lambda: desk.all_are(*DONE))
