"""Card payments: the owner's clicks, Stripe's webhooks and the clock, in every order. Stripe's stand-in answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
import time_machine

from integrations.billing import Stripe, Unreachable
from tests.stripe_desk import DECLINED, DISPUTED, LATER, OURS, Cycle, Desk, opened
from wapto_app.clock import utcnow
from wapto_app.models import (
    CheckoutState,
    EventState,
    InvoiceStatus,
    PaymentStatus,
    Plan,
    PlanRequest,
    RequestState,
    StripeCheckout,
    StripeEvent,
    Subscription,
    SubscriptionSource,
    SubscriptionStatus,
    TaxRule,
)
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services import billing, plans
from wapto_app.services.billing import Outcome, Step, StripeTrouble
from wapto_app.services.errors import Conflict, Forbidden, Invalid, NotFound
from wapto_app.services.plans import subscribing

ACTIVE, PAST_DUE = SubscriptionStatus.ACTIVE, SubscriptionStatus.PAST_DUE
EXPIRED, CANCELED = SubscriptionStatus.EXPIRED, SubscriptionStatus.CANCELED


@pytest.fixture
async def desk(runtime: Runtime, owner: Actor) -> AsyncIterator[Desk]:
    async with opened(runtime, owner) as made:
        yield made


async def _grace_is_over(desk: Desk) -> None:
    async with desk.runtime.db.write() as session:
        await billing.lock_overdue(session)


async def test_paying_on_stripes_page_activates_the_plan(desk: Desk) -> None:
    pro = await desk.plan()
    chosen = await desk.choose(pro)
    assert (chosen.step, chosen.plan) == (Step.PAY, "Pro")
    location = await desk.pays(chosen.url)
    assert location.startswith(f"{OURS}/subscription?checkout=cs_test_")
    await desk.hears()
    row = await desk.row()
    assert (row.plan_id, row.status, row.source) == (pro, ACTIVE, SubscriptionSource.STRIPE)
    assert row.period_end is not None
    assert row.period_end > utcnow() + timedelta(days=27)
    (invoice,) = await desk.invoices()
    assert (invoice.status, invoice.total_minor, invoice.currency) == (InvoiceStatus.PAID, 4900, "USD")
    assert invoice.subscription_id == row.id
    assert invoice.hosted_url.startswith("http")
    assert invoice.lines[0]["amount_minor"] == 4900
    (payment,) = await desk.payments()
    assert (payment.status, payment.amount_minor, payment.method) == (
        PaymentStatus.SUCCEEDED,
        4900,
        "Visa •••• 4242",
    )
    assert "billing.subscribed" in await desk.deeds()
    assert {event.state for event in await desk.events()} == {EventState.DONE}


async def test_coming_back_before_the_webhook_is_enough(desk: Desk) -> None:
    await desk.control("faults", hold_webhooks=True)
    pro = await desk.plan()
    location = await desk.pays((await desk.choose(pro)).url)
    assert await desk.comes_back(location) is Outcome.PAID
    assert ((await desk.row()).plan_id, len(await desk.invoices())) == (pro, 1)
    await desk.control("faults", hold_webhooks=False)
    await desk.hears()
    assert len(await desk.rows(Subscription)) == 2  # this one, and the free one before it
    assert len(await desk.invoices()) == len(await desk.payments()) == 1


async def test_coming_back_after_the_webhook_changes_nothing(desk: Desk) -> None:
    location = await desk.pays((await desk.choose(await desk.plan())).url)
    await desk.hears()
    before = await desk.row()
    assert await desk.comes_back(location) is Outcome.PAID
    assert (await desk.row()).id == before.id


async def test_coming_back_without_paying_says_so(desk: Desk) -> None:
    chosen = await desk.choose(await desk.plan())
    assert await desk.pays(chosen.url, DECLINED) == ""
    (attempt,) = await desk.rows(StripeCheckout)
    outcome = await billing.returned(desk.runtime.db, desk.owner, desk.runtime.till, attempt.session_id)
    assert outcome is Outcome.OPEN
    assert (await desk.row()).source is SubscriptionSource.FREE
    with pytest.raises(NotFound):
        await billing.returned(desk.runtime.db, desk.owner, desk.runtime.till, "cs_test_of_somebody_else")


async def test_a_double_click_opens_one_page(desk: Desk) -> None:
    pro = await desk.plan()
    first, second = await asyncio.gather(desk.choose(pro), desk.choose(pro))
    third = await desk.choose(pro)
    assert first.url == second.url == third.url
    assert len(desk.at_stripe("checkout.session")) == 1
    assert len(desk.at_stripe("price")) == len(desk.at_stripe("product")) == 1
    assert len(desk.at_stripe("customer")) == 1


async def test_another_plan_closes_the_page_of_the_first(desk: Desk) -> None:
    first = await desk.choose(await desk.plan())
    second = await desk.choose(await desk.plan("Large", 9900))
    assert [each["status"] for each in desk.at_stripe("checkout.session")] == ["expired", "open"]
    assert await desk.pays(first.url) == ""
    assert await desk.pays(second.url)
    await desk.hears()
    assert len(desk.at_stripe("subscription")) == 1
    states = [attempt.state for attempt in await desk.rows(StripeCheckout)]
    assert states == [CheckoutState.CLOSED, CheckoutState.PAID]


async def test_who_has_paid_in_one_tab_is_not_asked_again_in_another(desk: Desk) -> None:
    pro, large = await desk.plan(), await desk.plan("Large", 9900)
    await desk.control("faults", hold_webhooks=True)
    await desk.pays((await desk.choose(pro)).url)
    with pytest.raises(Conflict, match="paid a moment ago"):
        await desk.choose(large)
    assert (await desk.row()).plan_id == pro
    assert len(desk.at_stripe("checkout.session")) == 1


async def test_a_changed_price_is_not_sold_at_the_old_one(desk: Desk) -> None:
    pro = await desk.plan()
    old = await desk.choose(pro)
    await desk.change(Plan, pro, price_minor=5900, stripe_price_id="")
    new = await desk.choose(pro)
    assert old.url != new.url
    assert await desk.pays(old.url) == ""
    await desk.pays(new.url)
    await desk.hears()
    assert [invoice.total_minor for invoice in await desk.invoices()] == [5900]


async def _subscribes_beside_us(desk: Desk, **more: str) -> str:
    """A second subscription of the same customer, made by something else than our page; its status."""
    price, customer = desk.at_stripe("price")[0], desk.at_stripe("customer")[0]
    key = desk.sandbox.config.secret_key
    async with httpx.AsyncClient(transport=desk.network.inner, base_url="http://stripe.test") as stranger:
        answer = await stranger.post(
            "/v1/subscriptions",
            data={"customer": customer["id"], "items[0][price]": price["id"], **more},
            headers={"authorization": f"Bearer {key}"},
        )
    status: str = answer.json()["status"]
    return status


async def test_a_second_subscription_ends_and_its_money_goes_back(desk: Desk) -> None:
    row = await desk.subscribes(await desk.plan())
    assert await _subscribes_beside_us(desk) == "active"
    await desk.hears()
    await desk.hears()
    assert (await desk.row()).id == row.id
    states = {each["id"]: each["status"] for each in desk.at_stripe("subscription")}
    assert sorted(states.values()) == ["active", "canceled"]
    assert states[row.stripe_subscription_id] == "active"
    assert [each["amount"] for each in desk.at_stripe("refund")] == [4900]
    assert "billing.surplus_ended" in await desk.deeds()


@pytest.mark.parametrize("step", ["refund", "end"])
async def test_money_goes_back_even_when_stripe_is_lost_half_way(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    await desk.subscribes(await desk.plan())
    await _subscribes_beside_us(desk)

    async def lost(*_args: object) -> None:
        raise Unreachable("Stripe does not answer.")

    with monkeypatch.context() as patch:
        patch.setattr(Stripe, step, lost)
        await desk.hears()
    for minutes in (1, 2):
        with time_machine.travel(utcnow() + timedelta(minutes=minutes)):
            await desk.hears()
    assert sorted(each["status"] for each in desk.at_stripe("subscription")) == ["active", "canceled"]
    assert [each["amount"] for each in desk.at_stripe("refund")] == [4900]


async def test_events_twice_and_in_any_order_do_no_harm(desk: Desk) -> None:
    await desk.control("faults", duplicate_webhooks=1, reorder_webhooks=0.4, reorder_hold_ms=30)
    row = await desk.subscribes(await desk.plan())
    await desk.period_ends()
    after = await desk.row()
    assert (after.id, after.status) == (row.id, ACTIVE)
    assert len(await desk.invoices()) == len(await desk.payments()) == 2
    ids = [event.event_id for event in await desk.events()]
    assert len(ids) == len(set(ids))


async def test_an_old_event_does_not_bring_back_what_was(desk: Desk) -> None:
    await desk.subscribes(await desk.plan())
    (created,) = [each for each in desk.at_stripe("event") if each["type"] == "customer.subscription.created"]
    await billing.cancel(desk.runtime.db, desk.owner, desk.runtime.till)
    await desk.period_ends()
    assert (await desk.row()).status is CANCELED
    async with desk.runtime.db.write() as session:
        await session.delete(
            (await desk.events())[[event.event_id for event in await desk.events()].index(created["id"])]
        )
    await desk.control("webhooks/resend", event=created["id"])
    await desk.hears()
    assert (await desk.row()).status is CANCELED


async def test_ten_renewals(desk: Desk) -> None:
    row = await desk.subscribes(await desk.plan())
    ends = []
    for _ in range(10):
        ends.append((await desk.row()).period_end)
        await desk.period_ends()
        assert (await desk.row()).status is ACTIVE
    assert len(set(ends)) == 10
    assert (await desk.row()).id == row.id
    invoices = await desk.invoices()
    assert [invoice.status for invoice in invoices] == [InvoiceStatus.PAID] * 11
    assert len({invoice.number for invoice in invoices}) == 11
    assert sum(payment.amount_minor for payment in await desk.payments()) == 11 * 4900


async def test_a_failed_renewal_has_days_of_grace_then_locks_and_a_payment_unlocks(desk: Desk) -> None:
    await desk.subscribes(await desk.plan(), LATER)
    await desk.period_ends()
    row = await desk.row()
    assert row.status is PAST_DUE
    assert row.grace_until is not None
    assert timedelta(days=6) < row.grace_until - utcnow() <= timedelta(days=7)
    await _grace_is_over(desk)
    assert (await desk.row()).status is PAST_DUE
    (invoice,) = [each for each in await desk.invoices() if each.status is InvoiceStatus.OPEN]
    failed = [each for each in await desk.payments() if each.status is PaymentStatus.FAILED]
    assert [each.note for each in failed] == ["Your card was declined."]
    with time_machine.travel(row.grace_until + timedelta(minutes=1)):
        await _grace_is_over(desk)
        assert (await desk.row()).status is EXPIRED
        await desk.hears()
        assert (await desk.row()).status is EXPIRED
        await desk.browser.post(invoice.hosted_url, data={"number": "4242424242424242"})
        await desk.hears()
        row = await desk.row()
        assert (row.status, row.grace_until) == (ACTIVE, None)
    assert {each.status for each in await desk.invoices()} == {InvoiceStatus.PAID}
    assert {"billing.past_due", "billing.locked", "billing.active"} <= set(await desk.deeds())


async def test_another_failure_does_not_prolong_the_grace(desk: Desk) -> None:
    await desk.subscribes(await desk.plan(), LATER)
    await desk.period_ends()
    until = (await desk.row()).grace_until
    await desk.control("clock/advance", days=4)
    await desk.hears()
    assert (await desk.row()).grace_until == until
    assert len([each for each in await desk.payments() if each.status is PaymentStatus.FAILED]) == 2


async def test_what_is_never_paid_ends(desk: Desk) -> None:
    await desk.subscribes(await desk.plan(), LATER)
    await desk.period_ends()
    await desk.control("clock/advance", days=16)
    await desk.hears()
    assert (await desk.row()).status is CANCELED
    chosen = await desk.choose(await desk.plan("Small", 1900))
    await desk.pays(chosen.url)
    await desk.hears()
    assert (await desk.row()).status is ACTIVE


async def test_a_dearer_plan_acts_now_and_costs_the_difference(desk: Desk) -> None:
    await desk.subscribes(await desk.plan())
    large = await desk.plan("Large", 9900)
    chosen = await desk.choose(large)
    assert (chosen.step, chosen.url) == (Step.CHANGED, "")
    assert (await desk.row()).plan_id == large
    assert [invoice.total_minor for invoice in await desk.invoices()] == [4900, 5000]
    assert [line["amount_minor"] for line in (await desk.invoices())[1].lines] == [9900, -4900]
    await desk.hears()
    assert len(await desk.invoices()) == 2


async def test_a_double_click_on_a_dearer_plan_costs_once(desk: Desk) -> None:
    await desk.subscribes(await desk.plan())
    large = await desk.plan("Large", 9900)
    await asyncio.gather(desk.choose(large), desk.choose(large))
    assert [each["total"] for each in desk.at_stripe("invoice")] == [4900, 5000]


async def test_a_refused_card_leaves_the_plan_as_it_is(desk: Desk) -> None:
    pro = await desk.plan()
    await desk.subscribes(pro, LATER)
    with pytest.raises(StripeTrouble, match="has not changed"):
        await desk.choose(await desk.plan("Large", 9900))
    await desk.hears()
    row = await desk.row()
    assert (row.plan_id, row.status) == (pro, ACTIVE)


async def test_a_cheaper_plan_follows_when_what_is_paid_is_used_up(desk: Desk) -> None:
    large = await desk.plan("Large", 9900)
    await desk.subscribes(large)
    small = await desk.plan("Small", 1900)
    chosen = await desk.choose(small)
    assert chosen.step is Step.PLANNED
    row = await desk.row()
    assert (row.plan_id, row.next_plan_id) == (large, small)
    await desk.period_ends()
    row = await desk.row()
    assert (row.plan_id, row.next_plan_id, row.status) == (small, None, ACTIVE)
    assert [invoice.total_minor for invoice in await desk.invoices()] == [9900, 1900]


async def test_a_planned_change_can_be_taken_back(desk: Desk) -> None:
    large = await desk.plan("Large", 9900)
    await desk.subscribes(large)
    await desk.choose(await desk.plan("Small", 1900))
    await billing.resume(desk.runtime.db, desk.owner, desk.runtime.till)
    assert (await desk.row()).next_plan_id is None
    await desk.period_ends()
    assert (await desk.row()).plan_id == large


async def test_from_month_to_year_a_new_period_begins(desk: Desk) -> None:
    await desk.subscribes(await desk.plan())
    year = await desk.plan("Yearly", 49000 * 2, cycle=Cycle.YEARLY)
    await desk.choose(year)
    row = await desk.row()
    assert row.period_end is not None
    assert row.period_end > utcnow() + timedelta(days=360)


async def test_cancelled_it_runs_to_its_end_and_then_locks(desk: Desk) -> None:
    await desk.subscribes(await desk.plan())
    await billing.cancel(desk.runtime.db, desk.owner, desk.runtime.till)
    row = await desk.row()
    assert (row.status, row.cancel_at_period_end) == (ACTIVE, True)
    await desk.period_ends()
    row = await desk.row()
    assert (row.status, row.cancel_at_period_end) == (CANCELED, False)
    async with desk.runtime.db.read() as session:
        standing = await plans.current(session)
    assert standing is not None
    assert standing.is_locked


async def test_cancelled_and_resumed_it_goes_on(desk: Desk) -> None:
    await desk.subscribes(await desk.plan())
    await billing.cancel(desk.runtime.db, desk.owner, desk.runtime.till)
    await billing.resume(desk.runtime.db, desk.owner, desk.runtime.till)
    await desk.period_ends()
    assert (await desk.row()).status is ACTIVE


async def test_cancelled_in_the_portal(desk: Desk) -> None:
    await desk.subscribes(await desk.plan())
    url = await billing.portal(desk.runtime.db, desk.owner, desk.runtime.till, OURS)
    own = {"subscription": (await desk.row()).stripe_subscription_id}
    await desk.browser.post(url, data={"action": "cancel", **own})
    await billing.came_back(desk.runtime.db, desk.owner, desk.runtime.till)
    assert (await desk.row()).cancel_at_period_end
    await desk.browser.post(url, data={"action": "resume", **own})
    await desk.hears()
    assert not (await desk.row()).cancel_at_period_end


async def test_a_change_in_the_portal_is_followed(desk: Desk) -> None:
    await desk.subscribes(await desk.plan())
    large = await desk.plan("Large", 9900)
    url = await billing.portal(desk.runtime.db, desk.owner, desk.runtime.till, OURS)
    again = await billing.portal(desk.runtime.db, desk.owner, desk.runtime.till, OURS)
    assert url != again
    assert len(desk.at_stripe("billing_portal.configuration")) == 1
    (price,) = [each["id"] for each in desk.at_stripe("price") if each["unit_amount"] == 9900]
    own = {"subscription": (await desk.row()).stripe_subscription_id}
    await desk.browser.post(url, data={"action": "change", "price": price, **own})
    await desk.hears()
    assert (await desk.row()).plan_id == large


async def test_to_a_free_plan_when_what_is_paid_is_used_up(desk: Desk) -> None:
    await desk.subscribes(await desk.plan())
    free = await desk.plan("Free", 0)
    assert (await desk.choose(free)).step is Step.PLANNED
    row = await desk.row()
    assert (row.cancel_at_period_end, row.next_plan_id) == (True, free)
    await desk.period_ends()
    row = await desk.row()
    assert (row.plan_id, row.source, row.status) == (free, SubscriptionSource.FREE, ACTIVE)


async def test_from_paid_by_hand_to_card_what_is_left_is_credited(desk: Desk, admin: Actor) -> None:
    pro = await desk.plan()
    async with desk.runtime.db.write() as session:
        await subscribing.assign(session, admin, pro, paid=True)
    await desk.subscribes(await desk.plan("Large", 9900))
    row = await desk.row()
    assert row.source is SubscriptionSource.STRIPE
    assert desk.at_stripe("customer")[0]["balance"] == pytest.approx(-4900, abs=2)
    await desk.hears()
    await desk.period_ends()
    assert (await desk.payments())[-1].amount_minor == pytest.approx(5000, abs=2)
    assert len(desk.at_stripe("customer_balance_transaction")) == 1


async def test_nothing_is_credited_before_the_card_pays(desk: Desk, admin: Actor) -> None:
    pro, large = await desk.plan(), await desk.plan("Large", 9900)
    async with desk.runtime.db.write() as session:
        await subscribing.assign(session, admin, pro, paid=True)
    await desk.choose(large)
    assert await _subscribes_beside_us(desk, payment_behavior="default_incomplete") == "incomplete"
    await desk.hears()
    assert (await desk.row()).source is SubscriptionSource.MANUAL
    assert desk.at_stripe("customer")[0]["balance"] == 0


async def test_what_was_asked_for_by_hand_is_withdrawn_when_the_card_pays(
    desk: Desk, runtime: Runtime
) -> None:
    pro = await desk.plan()
    async with runtime.db.write() as session:
        session.add(PlanRequest(plan_id=pro, asked_by=desk.owner.account_id))
    await desk.subscribes(pro)
    (request,) = await desk.rows(PlanRequest)
    assert request.state is RequestState.WITHDRAWN


async def test_from_card_to_paid_by_hand_stripe_stops_billing(desk: Desk, admin: Actor) -> None:
    pro = await desk.plan()
    await desk.subscribes(pro, LATER)
    async with desk.runtime.db.write() as session:
        with pytest.raises(Conflict):
            await subscribing.assign(session, admin, pro)
    await desk.period_ends()
    await desk.change(Subscription, (await desk.row()).id or 0, status=EXPIRED)
    async with desk.runtime.db.write() as session:
        await subscribing.assign(session, admin, pro, paid=True)
    await billing.reconcile(desk.runtime.db, desk.runtime.till)
    assert [each["status"] for each in desk.at_stripe("subscription")] == ["canceled"]
    row = await desk.row()
    assert (row.source, row.status) == (SubscriptionSource.MANUAL, ACTIVE)
    await desk.hears()
    assert (await desk.row()).id == row.id
    assert desk.at_stripe("refund") == []


async def test_the_first_subscription_can_begin_with_a_trial(desk: Desk) -> None:
    pro = await desk.plan(trial_days=14)
    row = await desk.subscribes(pro)
    assert row.status is SubscriptionStatus.TRIALING
    assert row.trial_ends_at is not None
    assert await desk.invoices() == []
    await desk.control("clock/advance", days=15)
    await desk.hears()
    row = await desk.row()
    assert (row.status, row.trial_ends_at) == (ACTIVE, None)
    await billing.cancel(desk.runtime.db, desk.owner, desk.runtime.till)
    await desk.period_ends()
    assert (await desk.subscribes(pro)).status is ACTIVE


async def test_taxes_stand_on_the_page_and_on_the_invoice(desk: Desk, runtime: Runtime) -> None:
    async with runtime.db.write() as session:
        session.add(TaxRule(name="VAT", basis_points=1900))
        session.add(TaxRule(name="Elsewhere", basis_points=700, country="FR"))
    chosen = await desk.choose(await desk.plan(price=10000))
    assert "VAT 19 %" in (await desk.browser.get(chosen.url)).text
    await desk.pays(chosen.url)
    await desk.hears()
    (invoice,) = await desk.invoices()
    assert (invoice.subtotal_minor, invoice.tax_minor, invoice.total_minor) == (10000, 1900, 11900)
    assert invoice.taxes == [{"name": "VAT", "basis_points": 1900, "amount_minor": 1900}]


async def test_an_admin_gives_money_back(desk: Desk, admin: Actor) -> None:
    await desk.subscribes(await desk.plan())
    (invoice,) = await desk.invoices()
    db, till = desk.runtime.db, desk.runtime.till
    with pytest.raises(Invalid):
        await billing.refund(db, admin, till, invoice.id or 0, "50")
    assert await billing.refund(db, admin, till, invoice.id or 0, "19") == "$19.00"
    (payment,) = await desk.payments()
    assert (payment.refunded_minor, payment.status) == (1900, PaymentStatus.SUCCEEDED)
    assert await billing.refund(db, admin, till, invoice.id or 0) == "$30.00"
    assert (await desk.invoices())[0].status is InvoiceStatus.REFUNDED
    with pytest.raises(Conflict):
        await billing.refund(db, admin, till, invoice.id or 0)
    assert (await desk.row()).status is ACTIVE


async def test_money_given_back_at_stripe_is_noted(desk: Desk) -> None:
    await desk.subscribes(await desk.plan())
    await desk.control("refund", charge=desk.at_stripe("charge")[0]["id"])
    await desk.hears()
    assert (await desk.payments())[0].status is PaymentStatus.REFUNDED
    assert "billing.refunded" in await desk.deeds()


async def test_a_dispute_is_noted_and_what_came_of_it(desk: Desk) -> None:
    await desk.subscribes(await desk.plan(), DISPUTED)
    assert (await desk.payments())[0].status is PaymentStatus.DISPUTED
    assert "billing.disputed" in await desk.deeds()
    await desk.control("dispute/close", dispute=desk.at_stripe("dispute")[0]["id"], won=True)
    await desk.hears()
    assert (await desk.payments())[0].status is PaymentStatus.SUCCEEDED


async def test_when_stripe_is_away_it_is_said_and_nothing_is_lost(desk: Desk) -> None:
    pro = await desk.plan()
    chosen = await desk.choose(pro)
    await desk.pays(chosen.url)
    await desk.sandbox.settle()
    desk.network.is_down = True
    with pytest.raises(StripeTrouble, match="does not answer"):
        await billing.portal(desk.runtime.db, desk.owner, desk.runtime.till, OURS)
    outcome = await billing.apply_due(desk.runtime.db, desk.runtime.till)
    failed = [event for event in await desk.events() if event.state is EventState.FAILED]
    assert outcome.failed == len(failed) > 0
    assert {"checkout.session.completed", "invoice.paid"} <= {event.type for event in failed}
    assert all(event.retry_at and "does not answer" in event.error for event in failed)
    desk.network.is_down = False
    with time_machine.travel(utcnow() + timedelta(minutes=1)):
        await billing.apply_due(desk.runtime.db, desk.runtime.till)
    assert (await desk.row()).plan_id == pro
    assert {event.state for event in await desk.events()} == {EventState.DONE}


async def test_a_revoked_key_is_named_and_events_wait_for_a_new_one(desk: Desk) -> None:
    pro = await desk.plan()
    await desk.pays((await desk.choose(pro)).url)
    await desk.control("faults", revoked_key=True)
    await desk.hears()
    with pytest.raises(StripeTrouble, match="revoked"):
        await desk.choose(pro)
    failed = [event for event in await desk.events() if event.state is EventState.FAILED]
    assert failed
    assert all("revoked" in event.error for event in failed)
    await desk.control("faults", revoked_key=False)
    outcome = await billing.replay(desk.runtime.db, desk.runtime.till)
    assert outcome.failed == 0
    assert (await desk.row()).plan_id == pro


async def test_an_answer_that_is_lost_makes_nothing_twice(desk: Desk) -> None:
    pro = await desk.plan()
    for _ in range(4):
        await desk.control("faults", lost_answer_next=1)
        chosen = await desk.choose(pro)
    assert len(desk.at_stripe("checkout.session")) == 1
    await desk.pays(chosen.url)
    await desk.hears()
    assert len(desk.at_stripe("subscription")) == 1


async def test_without_any_webhook_looking_after_it_is_enough(desk: Desk) -> None:
    await desk.control("faults", lose_webhooks=1)
    pro = await desk.plan()
    await desk.pays((await desk.choose(pro)).url)
    await billing.reconcile(desk.runtime.db, desk.runtime.till)
    row = await desk.row()
    assert (row.plan_id, row.status) == (pro, ACTIVE)
    assert row.period_end is not None
    await desk.control("clock/advance", to=int(row.period_end.timestamp()) + 7200)
    await billing.reconcile(desk.runtime.db, desk.runtime.till)
    assert len(await desk.invoices()) == 2
    assert await desk.events() == []


async def test_stored_and_then_killed_it_is_applied_by_the_next_process(desk: Desk) -> None:
    pro = await desk.plan()
    await desk.pays((await desk.choose(pro)).url)
    await desk.sandbox.settle()
    stored = await desk.events()
    assert {event.state for event in stored} == {EventState.NEW}
    assert (await desk.row()).plan_id != pro
    # Half-way through: the objects are written, the events not yet marked.
    await billing.apply_due(desk.runtime.db, desk.runtime.till)
    for event in stored:
        await desk.change(StripeEvent, event.id or 0, state=EventState.NEW, applied_at=None)
    await billing.apply_due(desk.runtime.db, desk.runtime.till)
    assert len(await desk.rows(Subscription)) == 2
    assert len(await desk.invoices()) == len(await desk.payments()) == 1


async def test_two_who_apply_at_once_write_the_same(desk: Desk) -> None:
    pro = await desk.plan()
    await desk.pays((await desk.choose(pro)).url)
    await desk.sandbox.settle()
    apply = billing.apply_due
    await asyncio.gather(*(apply(desk.runtime.db, desk.runtime.till) for _ in range(3)))
    await apply(desk.runtime.db, desk.runtime.till)
    assert (await desk.row()).plan_id == pro
    assert len(await desk.rows(Subscription)) == 2
    assert len(await desk.invoices()) == len(await desk.payments()) == 1


async def test_what_others_sell_on_the_same_account_is_not_ours(desk: Desk) -> None:
    await desk.subscribes(await desk.plan())
    from integrations.sandbox.stripe import catalog, subscriptions
    from integrations.sandbox.stripe.cards import attach, card_of
    from integrations.sandbox.stripe.forms import Params

    box = desk.sandbox
    customer = catalog.create_customer(box, Params({"email": "else@example.com"}))
    product = catalog.create_product(box, Params({"name": "Shoes"}))
    price = catalog.create_price(
        box,
        Params(
            {
                "product": product["id"],
                "unit_amount": "100",
                "currency": "usd",
                "recurring": {"interval": "month"},
            }
        ),
    )
    attach(box, customer, card_of("4242424242424242"))
    subscriptions.create_subscription(
        box, Params({"customer": customer["id"], "items": [{"price": price["id"]}]})
    )
    await desk.hears()
    assert len(await desk.invoices()) == 1
    assert len(await desk.rows(Subscription)) == 2
    assert {event.state for event in await desk.events()} == {EventState.DONE}


async def test_the_key_of_another_account_forgets_what_was_known(desk: Desk) -> None:
    pro = await desk.plan()
    await desk.choose(pro)
    first = desk.at_stripe("product")[0]["id"]
    async with opened(desk.runtime, desk.owner) as other:
        chosen = await other.choose(pro)
        assert first not in [each["id"] for each in other.at_stripe("product")]
        await other.pays(chosen.url)
        await other.hears()
        assert (await other.row()).plan_id == pro


async def test_a_subscription_of_another_account_is_used_up_and_can_be_replaced(desk: Desk) -> None:
    pro = await desk.plan()
    row = await desk.subscribes(pro)
    async with opened(desk.runtime, desk.owner) as other:
        await billing.reconcile(desk.runtime.db, desk.runtime.till)
        await _grace_is_over(desk)
        kept = await other.row()
        assert (kept.id, kept.status, kept.stripe_subscription_id) == (row.id, ACTIVE, "")
        new = await other.subscribes(await desk.plan("Large", 9900))
        assert (new.status, new.source) == (ACTIVE, SubscriptionSource.STRIPE)
        assert other.at_stripe("refund") == []


async def test_a_subscription_that_nobody_knows_ends_with_what_was_paid(desk: Desk) -> None:
    row = await desk.subscribes(await desk.plan())
    assert row.period_end is not None
    async with opened(desk.runtime, desk.owner):
        await billing.reconcile(desk.runtime.db, desk.runtime.till)
    with time_machine.travel(row.period_end + timedelta(minutes=1)):
        await _grace_is_over(desk)
    assert (await desk.row()).status is EXPIRED


async def test_the_cards_say_what_choosing_does(desk: Desk) -> None:
    from wapto_app.services.plans import overview

    async def ways() -> dict[str, str]:
        async with desk.runtime.db.read() as session:
            rows = await overview.cards(session, desk.owner)
            rows, _ = await billing.with_ways(session, desk.owner, desk.runtime.till, rows)
        return {row["name"]: row["way"] for row in rows}

    pro = await desk.plan()
    await desk.plan("Small", 1900)
    await desk.plan("Yearly", 99000, cycle=Cycle.YEARLY)
    assert (await ways())["Pro"] == "checkout"
    await desk.subscribes(pro)
    assert await ways() == {
        "Self-hosted": "card_later",
        "Pro": "current",
        "Small": "card_later",
        "Yearly": "card_now",
    }


async def test_without_stripe_a_paid_plan_is_asked_for(desk: Desk, runtime: Runtime) -> None:
    from pydantic import SecretStr

    runtime.settings.stripe_secret_key = SecretStr("")
    chosen = await desk.choose(await desk.plan())
    assert (chosen.step, chosen.way) == (Step.BY_HAND, subscribing.Way.REQUEST)
    with pytest.raises(billing.NoStripe):
        await billing.portal(runtime.db, desk.owner, runtime.till, OURS)


async def test_only_who_may_pays_and_only_an_admin_gives_back(desk: Desk, agent: Actor) -> None:
    pro = await desk.plan()
    db, till = desk.runtime.db, desk.runtime.till
    for call in (
        billing.choose(db, agent, till, pro, OURS),
        billing.begin(db, agent, till, pro, OURS),
        billing.portal(db, agent, till, OURS),
        billing.cancel(db, agent, till),
        billing.resume(db, agent, till),
        billing.came_back(db, agent, till),
        billing.returned(db, agent, till, "cs_1"),
        billing.refund(db, desk.owner, till, 1),
    ):
        with pytest.raises(Forbidden):
            await call
    assert desk.network.posts == []
