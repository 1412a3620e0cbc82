"""Onto a plan, from one to another, and away: requests, credit, cancelling, payments by hand."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from tests.services.plans import invoices_of, offer, put_on, standing_of, subscriptions_of
from wapto_app.db import Database
from wapto_app.models import InvoiceStatus, PaymentStatus, SubscriptionSource, SubscriptionStatus
from wapto_app.security.permissions import Actor
from wapto_app.services import invoices
from wapto_app.services.errors import Conflict, Forbidden, Invalid, NotFound
from wapto_app.services.plans import current_row, overview, payments, renewal, subscribing
from wapto_app.services.plans.subscribing import Way

START = datetime(2027, 4, 1, 9, tzinfo=UTC)


async def choose(db: Database, owner: Actor, plan_id: int, message: str = "") -> Way:
    async with db.write() as session:
        return await subscribing.choose(session, owner, plan_id, message)


async def decide(db: Database, admin: Actor, *, approve: bool, paid: bool = False, note: str = "") -> None:
    async with db.write() as session:
        (request, *_rest) = await overview.requests(session, admin)
        await subscribing.decide(session, admin, request["id"], approve=approve, paid=paid, note=note)


async def test_a_free_plan_acts_at_once(db: Database, admin: Actor, owner: Actor) -> None:
    plan_id = await offer(db, admin, "Starter", "0")
    assert await choose(db, owner, plan_id) is Way.NOW
    standing = await standing_of(db)
    assert (standing.plan_name, standing.source) == ("Starter", SubscriptionSource.FREE)
    assert await choose(db, owner, plan_id) is Way.CURRENT
    before, _now = await subscriptions_of(db)
    assert before.ended_at is not None


async def test_a_paid_plan_is_asked_for_and_approved(db: Database, admin: Actor, owner: Actor) -> None:
    plan_id = await offer(db, admin)
    assert await choose(db, owner, plan_id, "For our second shop") is Way.REQUEST
    assert (await standing_of(db)).plan_name == "Self-hosted"
    with pytest.raises(Conflict, match="asked for a plan already"):
        await choose(db, owner, plan_id)
    with time_machine.travel(START, tick=False):
        await decide(db, admin, approve=True, paid=True, note="Welcome")
    standing = await standing_of(db)
    assert (standing.plan_name, standing.status, standing.source) == ("Pro", "active", "manual")
    assert (standing.period_start, standing.period_end) == (START, datetime(2027, 5, 1, 9, tzinfo=UTC))
    (invoice,) = await invoices_of(db)
    assert (invoice.number, invoice.status, invoice.total_minor) == ("2027-0001", InvoiceStatus.PAID, 3000)
    async with db.read() as session:
        (request,) = await overview.requests(session, owner)
        (payment,) = await invoices.list_payments(session, owner)
    assert (request["state"], request["message"], request["note"]) == (
        "approved", "For our second shop", "Welcome",
    )  # fmt: skip
    assert (payment["amount"], payment["status"]) == ("$30.00", "succeeded")


async def test_a_rejected_request_changes_nothing_and_says_why(
    db: Database, admin: Actor, owner: Actor
) -> None:
    plan_id = await offer(db, admin)
    await choose(db, owner, plan_id)
    await decide(db, admin, approve=False, note="Not for two people")
    assert (await standing_of(db)).plan_name == "Self-hosted"
    assert await invoices_of(db) == []
    async with db.read() as session:
        assert (await overview.requests(session, owner))[0]["note"] == "Not for two people"
    assert await choose(db, owner, plan_id) is Way.REQUEST


async def test_a_withdrawn_request_cannot_be_approved(db: Database, admin: Actor, owner: Actor) -> None:
    await choose(db, owner, await offer(db, admin))
    async with db.write() as session:
        await subscribing.withdraw_request(session, owner)
    with pytest.raises(NotFound):
        await decide(db, admin, approve=True)
    with pytest.raises(NotFound):
        async with db.write() as session:
            await subscribing.withdraw_request(session, owner)


async def test_of_two_admins_only_one_decides(db: Database, admin: Actor, owner: Actor) -> None:
    await choose(db, owner, await offer(db, admin))
    outcomes = await asyncio.gather(
        *(decide(db, admin, approve=True) for _ in range(3)), return_exceptions=True
    )
    assert sum(outcome is None for outcome in outcomes) == 1
    assert len(await invoices_of(db)) == 1


async def test_unpaid_it_works_until_the_days_of_grace_are_over(
    db: Database, admin: Actor, owner: Actor
) -> None:
    plan_id = await offer(db, admin)
    with time_machine.travel(START, tick=False):
        await put_on(db, admin, plan_id, paid=False)
    standing = await standing_of(db)
    assert (standing.status, standing.is_locked) == (SubscriptionStatus.PAST_DUE, False)
    assert standing.grace_until == START + timedelta(days=7)


async def test_an_upgrade_credits_what_is_left(db: Database, admin: Actor, owner: Actor) -> None:
    basic, pro = await offer(db, admin, "Basic", "30"), await offer(db, admin, "Pro", "90")
    with time_machine.travel(START, tick=False):
        await put_on(db, admin, basic)
    with time_machine.travel(START + timedelta(days=10), tick=False):
        assert await choose(db, owner, pro) is Way.REQUEST
        await decide(db, admin, approve=True)
    _first, invoice = await invoices_of(db)
    assert [line["amount_minor"] for line in invoice.lines] == [9000, -2000]
    assert invoice.lines[1]["description"] == "Unused time of Basic"
    assert invoice.total_minor == 7000
    assert (await standing_of(db)).period_start == START + timedelta(days=10)


async def test_what_was_given_back_is_not_credited_as_well(db: Database, admin: Actor, owner: Actor) -> None:
    basic, pro = await offer(db, admin, "Basic", "30"), await offer(db, admin, "Pro", "90")
    with time_machine.travel(START, tick=False):
        await put_on(db, admin, basic)
    (first,) = await invoices_of(db)
    with time_machine.travel(START + timedelta(days=10), tick=False):
        async with db.write() as session:
            await payments.note_refund(session, admin, first.id or 0, "15")
        assert await choose(db, owner, pro) is Way.REQUEST
        await decide(db, admin, approve=True)
    _first, invoice = await invoices_of(db)
    assert [line["amount_minor"] for line in invoice.lines] == [9000, -1000]


async def test_credit_that_is_more_than_the_price_is_kept_for_the_next_invoice(
    db: Database, admin: Actor, owner: Actor
) -> None:
    yearly = await offer(db, admin, "Year", "365", cycle="yearly")
    monthly = await offer(db, admin, "Month", "40")
    with time_machine.travel(START, tick=False):
        await put_on(db, admin, yearly)
    with time_machine.travel(START + timedelta(days=1), tick=False):
        await put_on(db, admin, monthly, paid=False)
    standing, (_first, invoice) = await standing_of(db), await invoices_of(db)
    assert (invoice.total_minor, invoice.status) == (0, InvoiceStatus.PAID)
    assert standing.status is SubscriptionStatus.ACTIVE
    assert standing.credit_minor == 36_400 - 4000  # 365 of 366 days were left: it is a leap year
    with time_machine.travel(START + timedelta(days=40), tick=False):
        async with db.write() as session:
            await renewal.move_on(session)
    *_earlier, renewed = await invoices_of(db)
    assert [line["amount_minor"] for line in renewed.lines] == [4000, -4000]


async def test_a_cheaper_plan_follows_at_the_end_of_what_is_paid(
    db: Database, admin: Actor, owner: Actor
) -> None:
    pro, basic = await offer(db, admin, "Pro", "90"), await offer(db, admin, "Basic", "30")
    with time_machine.travel(START, tick=False):
        await put_on(db, admin, pro)
        assert await choose(db, owner, basic) is Way.AT_PERIOD_END
    assert (await standing_of(db)).plan_name == "Pro"
    async with db.read() as session:
        row = await overview.subscription(session, owner)
    assert row is not None
    assert row["next_plan"] == "Basic"
    async with db.write() as session:
        await subscribing.resume(session, owner)
    assert (await standing_of(db)).next_plan_id is None


async def test_cancelling_says_when_and_can_be_undone(db: Database, admin: Actor, owner: Actor) -> None:
    with pytest.raises(Conflict):
        async with db.write() as session:
            await subscribing.cancel(session, owner)
    with time_machine.travel(START, tick=False):
        await put_on(db, admin, await offer(db, admin))
    async with db.write() as session:
        assert await subscribing.cancel(session, owner) == datetime(2027, 5, 1, 9, tzinfo=UTC)
    standing = await standing_of(db)
    assert standing.cancel_at_period_end
    assert not standing.is_locked
    async with db.write() as session:
        await subscribing.resume(session, owner)
    assert not (await standing_of(db)).cancel_at_period_end


async def test_what_stripe_bills_is_not_changed_by_hand(db: Database, admin: Actor, owner: Actor) -> None:
    pro, basic = await offer(db, admin, "Pro", "90"), await offer(db, admin, "Basic", "30")
    await put_on(db, admin, pro)
    async with db.write() as session:
        row = await current_row(session)
        assert row is not None
        row.source = SubscriptionSource.STRIPE
        session.add(row)
    async with db.write() as session:
        for attempt in (
            subscribing.choose(session, owner, basic),
            subscribing.cancel(session, owner),
            subscribing.assign(session, admin, basic),
        ):
            with pytest.raises(Conflict):
                await attempt


async def test_nobody_but_owner_and_admin(db: Database, admin: Actor, owner: Actor, agent: Actor) -> None:
    plan_id = await offer(db, admin)
    await choose(db, owner, plan_id)
    async with db.write() as session:
        for attempt in (
            subscribing.choose(session, agent, plan_id),
            subscribing.withdraw_request(session, agent),
            subscribing.cancel(session, agent),
            subscribing.resume(session, agent),
            subscribing.decide(session, owner, 1, approve=True),
            subscribing.assign(session, owner, plan_id),
            payments.mark_paid(session, owner, 1),
            payments.void(session, owner, 1),
            payments.note_refund(session, owner, 1, "1"),
            overview.subscription(session, agent),
            overview.usage(session, agent),
            overview.cards(session, agent),
            overview.requests(session, agent),
            invoices.list_invoices(session, agent),
            invoices.list_payments(session, agent),
            invoices.list_taxes(session, owner),
            invoices.load_details(session, agent),
            invoices.save_buyer(session, agent, {}),
            invoices.save_seller(session, owner, {}, grace_days=1, footer=""),
        ):
            with pytest.raises(Forbidden):
                await attempt


async def test_a_plan_that_is_not_offered_cannot_be_chosen(db: Database, admin: Actor, owner: Actor) -> None:
    for plan_id in (0, -1, 999):
        with pytest.raises(NotFound):
            await choose(db, owner, plan_id)
    with pytest.raises(Invalid):
        await choose(db, owner, await offer(db, admin), "x" * 501)


async def test_paying_opens_what_was_locked_and_begins_a_new_period(
    db: Database, admin: Actor, owner: Actor
) -> None:
    with time_machine.travel(START, tick=False):
        await put_on(db, admin, await offer(db, admin), paid=False)
    late = START + timedelta(days=20)
    with time_machine.travel(late, tick=False):
        async with db.write() as session:
            await renewal.move_on(session)
        assert (await standing_of(db)).is_locked
        (invoice,) = await invoices_of(db)
        async with db.write() as session:
            await payments.mark_paid(session, admin, invoice.id or 0, "Bank 77")
    standing = await standing_of(db)
    assert (standing.status, standing.period_start) == (SubscriptionStatus.ACTIVE, late)
    with pytest.raises(Conflict, match="not open"):
        async with db.write() as session:
            await payments.mark_paid(session, admin, invoice.id or 0)


async def test_a_refund_is_noted_once_and_never_more_than_was_paid(db: Database, admin: Actor) -> None:
    await put_on(db, admin, await offer(db, admin))
    (invoice,) = await invoices_of(db)
    for wrong in ("31", "0", "x"):
        with pytest.raises(Invalid):
            async with db.write() as session:
                await payments.note_refund(session, admin, invoice.id or 0, wrong)
    for amount, status in (("10", InvoiceStatus.PAID), ("20", InvoiceStatus.REFUNDED)):
        async with db.write() as session:
            await payments.note_refund(session, admin, invoice.id or 0, amount, "Sorry")
        assert (await invoices_of(db))[0].status is status
    with pytest.raises(Conflict):
        async with db.write() as session:
            await payments.note_refund(session, admin, invoice.id or 0, "1")
    async with db.read() as session:
        (payment,) = await invoices.list_payments(session, admin)
    assert payment["status"] == PaymentStatus.REFUNDED
    assert payment["refunded"] == "$30.00"


async def test_a_new_plan_withdraws_the_open_invoice_of_the_old_one(db: Database, admin: Actor) -> None:
    await put_on(db, admin, await offer(db, admin), paid=False)
    await put_on(db, admin, await offer(db, admin, "Free", "0"))
    (invoice,) = await invoices_of(db)
    assert invoice.status is InvoiceStatus.VOID
