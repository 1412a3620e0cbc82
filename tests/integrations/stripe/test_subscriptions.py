"""A subscription's life: begun on the pay page, renewed by the clock, changed, failed, saved, ended."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import stripe

from tests.integrations.stripe.conftest import Till

DAY = 86400


def _item(subscription: stripe.Subscription) -> stripe.SubscriptionItem:
    return subscription["items"].data[0]  # type: ignore[no-any-return]


def _day(moment: int) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d}"


async def test_paying_makes_an_active_subscription_and_a_paid_invoice(till: Till) -> None:
    session = await till.checkout(await till.price(), subscription_data={"metadata": {"workspace": "w1"}})
    assert (session.status, session.payment_status, session.amount_total) == ("open", "unpaid", 4900)
    paid = await till.pay(session)
    assert paid.headers["location"] == f"http://shop.test/done?session={session.id}"
    done = await till.v1.checkout.sessions.retrieve_async(session.id, {"expand": ["subscription", "invoice"]})
    assert isinstance(done.subscription, stripe.Subscription)
    assert isinstance(done.invoice, stripe.Invoice)
    assert (done.status, done.payment_status, done.subscription.status) == ("complete", "paid", "active")
    assert done.subscription.metadata.to_dict() == {"workspace": "w1"}
    assert done.invoice.status == "paid"
    parent = done.invoice.parent
    assert parent is not None
    assert parent.subscription_details is not None
    assert parent.subscription_details.subscription == done.subscription.id
    heard = await till.heard()
    assert {"checkout.session.completed", "customer.subscription.created", "invoice.paid"} <= set(heard)


@pytest.mark.parametrize(
    ("number", "words"), [("4000000000000002", "declined"), ("4000000000009995", "insufficient")]
)
async def test_a_refused_card_leaves_the_page_open_and_nothing_begun(
    till: Till, number: str, words: str
) -> None:
    session = await till.checkout(await till.price())
    refused = await till.pay(session, number)
    assert refused.status_code == 402
    assert words in refused.text
    assert (await till.v1.checkout.sessions.retrieve_async(session.id)).status == "open"
    assert (await till.v1.subscriptions.list_async({"status": "all"})).data == []
    assert (await till.pay(session)).status_code == 303


async def test_a_bank_that_asks_can_be_told_yes_or_no(till: Till) -> None:
    session = await till.checkout(await till.price())
    asked = await till.pay(session, "4000002500003155")
    assert "Your bank wants to know" in asked.text
    url = f"/pay/{session.id}/bank"
    no = await till.browser.post(url, data={"number": "4000002500003155", "answer": "no"})
    assert "unable to authenticate" in no.text
    yes = await till.browser.post(url, data={"number": "4000002500003155", "answer": "yes"})
    assert yes.status_code == 303
    assert (await till.v1.checkout.sessions.retrieve_async(session.id)).status == "complete"


async def test_paying_twice_makes_one_subscription(till: Till) -> None:
    session = await till.checkout(await till.price())
    first = await till.pay(session)
    second = await till.pay(session)
    assert first.headers["location"] == second.headers["location"]
    assert len((await till.v1.subscriptions.list_async({"status": "all"})).data) == 1


async def test_a_page_expires(till: Till) -> None:
    session = await till.checkout(await till.price())
    await till.v1.checkout.sessions.expire_async(session.id)
    assert (await till.pay(session)).status_code == 410
    left = await till.checkout(await till.price())
    await till.control("clock/advance", days=1)
    assert (await till.v1.checkout.sessions.retrieve_async(left.id)).status == "expired"


async def test_renewals_follow_the_calendar_from_the_31st(till: Till) -> None:
    at = int(datetime(2027, 1, 31, 9, tzinfo=UTC).timestamp())
    await till.control("clock/advance", to=at)
    subscription = await till.subscribed(await till.price())
    ends = []
    for _ in range(4):
        ends.append(_day(_item(subscription).current_period_end))
        await till.control("clock/advance", to=_item(subscription).current_period_end + 2 * 3600)
        subscription = await till.again(subscription)
        assert subscription.status == "active"
    assert ends == ["2027-02-28", "2027-03-31", "2027-04-30", "2027-05-31"]
    invoices = await till.invoices(subscription)
    assert [each.billing_reason for each in invoices] == ["subscription_cycle"] * 4 + ["subscription_create"]
    assert all(each.status == "paid" and each.total == 4900 for each in invoices)
    assert len({each.number for each in invoices}) == 5


async def test_a_renewal_waits_an_hour_as_a_draft(till: Till) -> None:
    subscription = await till.subscribed(await till.price())
    await till.control("clock/advance", to=_item(subscription).current_period_end + 60)
    assert [each.status for each in await till.invoices(subscription)] == ["draft", "paid"]
    await till.control("clock/advance", seconds=3600)
    assert [each.status for each in await till.invoices(subscription)] == ["paid", "paid"]


async def test_a_failed_renewal_is_tried_again_and_then_cancelled(till: Till) -> None:
    subscription = await till.subscribed(await till.price(), "4000000000000341")
    await till.control("clock/advance", to=_item(subscription).current_period_end + 2 * 3600)
    assert (await till.again(subscription)).status == "past_due"
    (unpaid, _) = await till.invoices(subscription)
    assert (unpaid.status, unpaid.attempt_count, unpaid.amount_remaining) == ("open", 1, 4900)
    assert unpaid.next_payment_attempt is not None
    await till.control("clock/advance", days=16)
    ended = await till.again(subscription)
    assert (ended.status, ended.cancellation_details and ended.cancellation_details.reason) == (
        "canceled",
        "payment_failed",
    )
    assert (await till.heard()).count("invoice.payment_failed") == 4


async def test_paying_the_open_invoice_saves_the_subscription(till: Till) -> None:
    subscription = await till.subscribed(await till.price(), "4000000000000341")
    await till.control("clock/advance", to=_item(subscription).current_period_end + 2 * 3600)
    (unpaid, _) = await till.invoices(subscription)
    assert unpaid.hosted_invoice_url is not None
    page = await till.browser.get(unpaid.hosted_invoice_url)
    assert "Pay USD 49.00" in page.text
    await till.browser.post(unpaid.hosted_invoice_url, data={"number": "4242424242424242"})
    assert (await till.again(subscription)).status == "active"
    assert (await till.invoices(subscription))[0].status == "paid"
    assert (await till.browser.get(str(unpaid.invoice_pdf))).content.startswith(b"%PDF-1.4")


async def test_an_upgrade_charges_the_difference_at_once(till: Till) -> None:
    subscription = await till.subscribed(await till.price(3000))
    item = _item(subscription)
    half = (item.current_period_end - item.current_period_start) // 2
    await till.control("clock/advance", seconds=half)
    await till.v1.subscriptions.update_async(
        subscription.id,
        {
            "items": [{"id": item.id, "price": await till.price(9000)}],
            "proration_behavior": "always_invoice",
            "payment_behavior": "error_if_incomplete",
        },
    )
    (invoice, _) = await till.invoices(subscription)
    assert (invoice.billing_reason, invoice.status) == ("subscription_update", "paid")
    assert sorted(each.amount for each in invoice.lines.data) == pytest.approx([-1500, 4500], abs=2)
    assert all(
        each.parent.subscription_item_details.proration  # type: ignore[union-attr]
        for each in invoice.lines.data
    )
    assert _item(await till.again(subscription)).current_period_end == item.current_period_end


async def test_an_upgrade_that_cannot_be_paid_changes_nothing(till: Till) -> None:
    subscription = await till.subscribed(await till.price(3000), "4000000000000341")
    item = _item(subscription)
    with pytest.raises(stripe.CardError):
        await till.v1.subscriptions.update_async(
            subscription.id,
            {
                "items": [{"id": item.id, "price": await till.price(9000, "year")}],
                "proration_behavior": "always_invoice",
                "payment_behavior": "error_if_incomplete",
            },
        )
    after = await till.again(subscription)
    assert (after.status, _item(after).price.unit_amount) == ("active", 3000)
    assert _item(after).current_period_end == item.current_period_end


async def test_a_longer_interval_begins_a_new_period(till: Till) -> None:
    subscription = await till.subscribed(await till.price(3000))
    await till.control("clock/advance", days=10)
    await till.v1.subscriptions.update_async(
        subscription.id, {"items": [{"id": _item(subscription).id, "price": await till.price(30000, "year")}]}
    )
    item = _item(await till.again(subscription))
    assert 364 * DAY < item.current_period_end - item.current_period_start <= 366 * DAY
    (invoice, _) = await till.invoices(subscription)
    assert 27000 < invoice.total < 29000


async def test_what_a_change_leaves_over_is_taken_off_the_next_invoice(till: Till) -> None:
    subscription = await till.subscribed(await till.price(9000))
    await till.v1.subscriptions.update_async(
        subscription.id,
        {
            "items": [{"id": _item(subscription).id, "price": await till.price(3000)}],
            "proration_behavior": "always_invoice",
        },
    )
    (credit, _) = await till.invoices(subscription)
    assert (credit.status, credit.total, credit.amount_due, credit.ending_balance) == (
        "paid",
        -6000,
        0,
        -6000,
    )
    await till.control("clock/advance", to=_item(subscription).current_period_end + 2 * 3600)
    renewal = (await till.invoices(subscription))[0]
    assert (renewal.total, renewal.amount_due, renewal.ending_balance) == (3000, 0, -3000)


async def test_a_schedule_changes_the_plan_with_the_next_period(till: Till) -> None:
    subscription = await till.subscribed(await till.price(9000))
    item, cheaper = _item(subscription), await till.price(3000, name="Small")
    schedule = await till.v1.subscription_schedules.create_async({"from_subscription": subscription.id})
    phases = [
        {
            "items": [{"price": schedule.phases[0]["items"][0].price, "quantity": 1}],
            "start_date": item.current_period_start,
            "end_date": item.current_period_end,
        },
        {"items": [{"price": cheaper, "quantity": 1}], "proration_behavior": "none"},
    ]
    await till.v1.subscription_schedules.update_async(
        schedule.id,
        {"phases": phases, "end_behavior": "release"},  # type: ignore[typeddict-item]
    )
    assert (await till.again(subscription)).schedule == schedule.id
    assert _item(await till.again(subscription)).price.unit_amount == 9000
    await till.control("clock/advance", to=item.current_period_end + 2 * 3600)
    after = await till.again(subscription)
    assert _item(after).price.id == cheaper
    assert (await till.invoices(subscription))[0].total == 3000
    await till.control("clock/advance", to=_item(after).current_period_end + 2 * 3600)
    assert (await till.again(subscription)).schedule is None


async def test_cancelled_at_the_end_and_resumed(till: Till) -> None:
    subscription = await till.subscribed(await till.price())
    change = till.v1.subscriptions.update_async
    ending = await change(subscription.id, {"cancel_at_period_end": True})
    assert ending.cancel_at == _item(subscription).current_period_end
    going = await change(subscription.id, {"cancel_at_period_end": False})
    assert (going.cancel_at, going.cancel_at_period_end) == (None, False)
    await change(subscription.id, {"cancel_at_period_end": True})
    await till.control("clock/advance", to=_item(subscription).current_period_end)
    assert (await till.again(subscription)).status == "canceled"
    assert len(await till.invoices(subscription)) == 1


async def test_a_trial_is_announced_and_then_charged(till: Till) -> None:
    subscription = await till.subscribed(await till.price(), subscription_data={"trial_period_days": 14})
    assert subscription.status == "trialing"
    assert [each.total for each in await till.invoices(subscription)] == [0]
    await till.control("clock/advance", days=12)
    assert (await till.heard()).count("customer.subscription.trial_will_end") == 1
    await till.control("clock/advance", days=3)
    assert (await till.again(subscription)).status == "active"
    assert [each.total for each in await till.invoices(subscription)] == [4900, 0]


async def test_a_trial_without_a_card_ends(till: Till) -> None:
    session = await till.checkout(
        await till.price(),
        payment_method_collection="if_required",
        subscription_data={
            "trial_period_days": 14,
            "trial_settings": {"end_behavior": {"missing_payment_method": "cancel"}},
        },
    )
    assert (await till.pay(session, "")).status_code == 303
    await till.control("clock/advance", days=15)
    (ended,) = (await till.v1.subscriptions.list_async({"status": "all"})).data
    assert ended.status == "canceled"


async def test_tax_is_added_and_shown_by_rate(till: Till) -> None:
    rate = await till.v1.tax_rates.create_async({"display_name": "VAT", "percentage": 19, "inclusive": False})
    data = {"default_tax_rates": [rate.id]}
    session = await till.checkout(await till.price(), subscription_data=data)
    assert (session.amount_subtotal, session.amount_total) == (4900, 5831)
    await till.pay(session)
    (invoice,) = (await till.v1.invoices.list_async()).data
    assert (invoice.subtotal, invoice.total, invoice.amount_paid) == (4900, 5831, 5831)
    assert invoice.total_taxes is not None
    assert [each.amount for each in invoice.total_taxes] == [931]
    assert invoice.lines.data[0].taxes is not None


async def test_tax_that_is_contained_changes_no_total(till: Till) -> None:
    rate = await till.v1.tax_rates.create_async({"display_name": "VAT", "percentage": 19, "inclusive": True})
    await till.subscribed(await till.price(11900), subscription_data={"default_tax_rates": [rate.id]})
    (invoice,) = (await till.v1.invoices.list_async()).data
    assert (invoice.total, invoice.total_excluding_tax) == (11900, 10000)


async def test_money_goes_back_in_parts_but_never_more_than_came(till: Till) -> None:
    await till.subscribed(await till.price())
    (invoice,) = (await till.v1.invoices.list_async()).data
    (payment,) = (await till.v1.invoice_payments.list_async({"invoice": invoice.id})).data
    intent = str(payment.payment.payment_intent)
    await till.v1.refunds.create_async({"payment_intent": intent, "amount": 1900})
    with pytest.raises(stripe.InvalidRequestError, match="greater than"):
        await till.v1.refunds.create_async({"payment_intent": intent, "amount": 3001})
    await till.v1.refunds.create_async({"payment_intent": intent})
    (charge,) = (await till.v1.charges.list_async({"payment_intent": intent})).data
    assert (charge.amount_refunded, charge.refunded) == (4900, True)
    assert (await till.heard()).count("charge.refunded") == 2


async def test_a_disputed_card_disputes(till: Till) -> None:
    await till.subscribed(await till.price(), "4000000000000259")
    assert "charge.dispute.created" in await till.heard()
    (dispute,) = (await till.v1.disputes.list_async()).data
    await till.control("dispute/close", dispute=dispute.id, won=False)
    assert (await till.v1.disputes.retrieve_async(dispute.id)).status == "lost"
    assert "charge.dispute.closed" in await till.heard()


async def test_a_void_invoice_is_no_longer_collected(till: Till) -> None:
    subscription = await till.subscribed(await till.price(), "4000000000000341")
    await till.control("clock/advance", to=_item(subscription).current_period_end + 2 * 3600)
    (unpaid, _) = await till.invoices(subscription)
    with pytest.raises(stripe.CardError, match="declined"):
        await till.v1.invoices.pay_async(unpaid.id)
    await till.v1.invoices.void_invoice_async(unpaid.id)
    await till.control("clock/advance", days=5)
    assert (await till.invoices(subscription))[0].status == "void"
    assert "invoice.voided" in await till.heard()
