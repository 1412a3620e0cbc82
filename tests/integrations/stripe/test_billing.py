"""Our client against the stand-in: what the product asks of Stripe, and what it makes of the answers."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import httpx
import pytest

from integrations import billing
from integrations.billing import Order, PriceTag, Stripe, TaxTag
from integrations.sandbox.stripe.events import signature
from tests.integrations.stripe.conftest import Till

SECRET = "whsec_one"


@pytest.fixture
async def shop(till: Till) -> AsyncIterator[Stripe]:
    async with httpx.AsyncClient(trust_env=False) as http:
        yield Stripe(till.sandbox.config.secret_key, http=http, api_base=till.url)


async def _price(shop: Stripe, amount: int = 4900, interval: str = "month", count: int = 1) -> str:
    product = await shop.product("", {"name": f"Plan {amount}"}, f"product-{amount}")
    tag = PriceTag(product, amount, "USD", interval, count, {"wapto_plan": "7"})
    return await shop.price(tag, f"price-{amount}-{interval}-{count}")


async def _subscribe(
    shop: Stripe, till: Till, price: str, number: str = "4242424242424242", **more: object
) -> str:
    customer = await shop.customer("", {"email": "ada@example.com"}, "customer")
    order = Order(
        customer, price, "w1", "http://shop.test/ok?s={CHECKOUT_SESSION_ID}", "http://shop.test/", **more
    )  # type: ignore[arg-type]
    page = await shop.checkout(order, f"checkout-{price}")
    assert (page.status, page.is_paid, page.reference) == ("open", False, "w1")
    paid = await till.browser.post(page.url, data={"number": number})
    assert paid.status_code == 303, paid.text
    return (await shop.read_checkout(page.id)).contract_id


async def test_the_account_behind_the_key_is_named(shop: Stripe, till: Till) -> None:
    account = await shop.account()
    assert (account.name, account.is_live, account.can_charge) == ("Harbour Homes", False, True)
    assert till.sandbox.config.secret_key not in repr(shop)


async def test_a_known_customer_is_kept_and_a_deleted_one_replaced(shop: Stripe, till: Till) -> None:
    first = await shop.customer("", {"email": "a@example.com"}, "k")
    assert await shop.customer(first, {"email": "b@example.com"}, "k") == first
    assert (await till.v1.customers.retrieve_async(first)).email == "b@example.com"
    await till.v1.customers.delete_async(first)
    second = await shop.customer(first, {"email": "b@example.com"}, "k")
    assert second != first
    assert await shop.customer(first, {"email": "b@example.com"}, "k") == second


async def test_what_was_subscribed_is_read_back(shop: Stripe, till: Till) -> None:
    rate = await shop.tax_rate(TaxTag("VAT", 1900, "DE", {}), "tax")
    contract = await shop.contract(
        await _subscribe(shop, till, await _price(shop), tax_rate_ids=[rate], metadata={"plan": "7"})
    )
    assert (contract.status, contract.price_meta, contract.metadata) == (
        "active",
        {"wapto_plan": "7"},
        {"plan": "7"},
    )
    assert contract.period_start.tzinfo is not None
    bill = await shop.bill(contract.latest_bill_id)
    assert (bill.status, bill.currency, bill.subtotal, bill.total) == ("paid", "USD", 4900, 5831)
    assert [(tax.rate_id, tax.amount) for tax in bill.taxes] == [(rate, 931)]
    (charge,) = await shop.charges_of(bill.id)
    assert (charge.status, charge.amount, charge.card) == ("succeeded", 5831, "Visa •••• 4242")
    assert await shop.bill_of_intent(charge.intent_id) == bill.id
    assert [each.id for each in await shop.bills_of(contract.customer_id)] == [bill.id]


async def test_up_is_now_and_down_is_later_and_up_again_forgets_it(shop: Stripe, till: Till) -> None:
    small, large = await _price(shop, 3000), await _price(shop, 9000)
    contract_id = await _subscribe(shop, till, small)
    await shop.upgrade(await shop.contract(contract_id), large, {}, "up-1")
    assert (await shop.contract(contract_id)).price_id == large
    await shop.downgrade(await shop.contract(contract_id), small, [], "down-1")
    planned = await shop.contract(contract_id)
    assert (planned.price_id, planned.next_price_id) == (large, small)
    await shop.upgrade(planned, await _price(shop, 90000, "year"), {}, "up-2")
    after = await shop.contract(contract_id)
    assert (after.schedule_id, after.next_price_id) == ("", "")


async def test_an_ending_subscription_goes_on_when_another_plan_is_chosen(shop: Stripe, till: Till) -> None:
    contract_id = await _subscribe(shop, till, await _price(shop, 9000))
    await shop.set_ending(contract_id, ending=True)
    ending = await shop.contract(contract_id)
    assert ending.ends_with_period
    await shop.downgrade(ending, await _price(shop, 3000), [], "down")
    assert not (await shop.contract(contract_id)).ends_with_period


async def test_money_goes_back(shop: Stripe, till: Till) -> None:
    contract = await shop.contract(await _subscribe(shop, till, await _price(shop)))
    await shop.refund(contract.latest_bill_id, 900, "r1")
    await shop.refund(contract.latest_bill_id, 900, "r1")
    await shop.refund(contract.latest_bill_id, None, "r2")
    (charge,) = await shop.charges_of(contract.latest_bill_id)
    assert charge.refunded == 4900
    with pytest.raises(billing.Refused, match="already been refunded"):
        await shop.refund(contract.latest_bill_id, None, "r3")


async def test_credit_is_taken_off_the_next_invoice(shop: Stripe, till: Till) -> None:
    contract = await shop.contract(await _subscribe(shop, till, await _price(shop)))
    await shop.credit(contract.customer_id, 1900, "USD", "Unused time", "c1")
    await shop.credit(contract.customer_id, 1900, "USD", "Unused time", "c1")
    await till.control("clock/advance", to=int(contract.period_end.timestamp()) + 7200)
    (newest, _) = await shop.bills_of(contract.customer_id)
    assert (newest.total, newest.amount_paid) == (4900, 3000)


async def test_a_dispute_counts_until_it_is_won(shop: Stripe, till: Till) -> None:
    contract = await shop.contract(await _subscribe(shop, till, await _price(shop), "4000000000000259"))
    (charge,) = await shop.charges_of(contract.latest_bill_id)
    assert charge.is_disputed
    (dispute,) = (await till.v1.disputes.list_async()).data
    await till.control("dispute/close", dispute=dispute.id, won=True)
    (charge,) = await shop.charges_of(contract.latest_bill_id)
    assert not charge.is_disputed


async def test_the_portal_opens(shop: Stripe, till: Till) -> None:
    price = await _price(shop)
    contract = await shop.contract(await _subscribe(shop, till, price))
    configuration = await shop.portal_configuration({contract.product_id: [price]}, "portal")
    url = await shop.portal(contract.customer_id, configuration, "http://shop.test/back")
    assert "http://shop.test/back" in (await till.browser.get(url)).text


async def test_ending_twice_is_fine(shop: Stripe, till: Till) -> None:
    contract_id = await _subscribe(shop, till, await _price(shop))
    await shop.end(contract_id)
    await shop.end(contract_id)
    assert (await shop.contract(contract_id)).has_ended


async def test_trouble_is_told_in_plain_words(shop: Stripe, till: Till) -> None:
    with pytest.raises(billing.Missing):
        await shop.contract("sub_nothing")
    price = await _price(shop, 100)
    contract = await shop.contract(await _subscribe(shop, till, price, "4000000000000341"))
    with pytest.raises(billing.CardRefused, match="declined"):
        await shop.upgrade(contract, await _price(shop, 900), {}, "up")
    await till.control("faults", revoked_key=True)
    with pytest.raises(billing.WrongKey, match="revoked") as caught:
        await shop.account()
    assert till.sandbox.config.secret_key not in str(caught.value)
    assert caught.value.is_lasting
    await till.control("faults", revoked_key=False, down=True)
    with pytest.raises(billing.Unreachable) as away:
        await shop.account()
    assert not away.value.is_lasting


async def test_a_call_whose_answer_is_lost_is_done_once(shop: Stripe, till: Till) -> None:
    await till.control("faults", lost_answer_next=1)
    made = await shop.customer("", {"email": "a@example.com"}, "k")
    assert [each.id for each in (await till.v1.customers.list_async()).data] == [made]


async def test_nobody_there() -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        with pytest.raises(billing.Unreachable):
            await Stripe("sk_test_x", http=http, api_base="http://127.0.0.1:9").account()


_EVENT = (
    b'{"id":"evt_1","object":"event","type":"invoice.paid","data":{"object":{"id":"in_1","object":"invoice",'
    b'"parent":{"subscription_details":{"subscription":"sub_1"}}}}}'
)


def test_a_signature_of_either_secret_is_good() -> None:
    header = signature(_EVENT, SECRET, int(time.time()))
    notice = billing.verify(_EVENT, header, ["whsec_new", SECRET])
    assert (notice.id, notice.type, notice.kind, notice.object_id, notice.contract) == (
        "evt_1",
        "invoice.paid",
        "invoice",
        "in_1",
        "sub_1",
    )


@pytest.mark.parametrize(
    ("raw", "header"),
    [
        (_EVENT + b" ", signature(_EVENT, SECRET, int(time.time()))),
        (_EVENT, signature(_EVENT, "whsec_other", int(time.time()))),
        (_EVENT, signature(_EVENT, SECRET, int(time.time()) - 400)),
        (_EVENT, None),
        (_EVENT, ""),
        (_EVENT, "t=1"),
        (_EVENT, "t=x,v1=y"),
        (b"\xff", signature(b"\xff", SECRET, int(time.time()))),
        (b"[]", signature(b"[]", SECRET, int(time.time()))),
        (b"1", signature(b"1", SECRET, int(time.time()))),
        (b'{"object":"event"}', signature(b'{"object":"event"}', SECRET, int(time.time()))),
    ],
    # Of the place, not of the time in it: two processes must find the same tests.
    ids=map(str, range(11)),
)
def test_everything_else_is_refused(raw: bytes, header: str | None) -> None:
    with pytest.raises(billing.BadSignature):
        billing.verify(raw, header, [SECRET])


def test_without_a_secret_nothing_is_good() -> None:
    with pytest.raises(billing.BadSignature):
        billing.verify(_EVENT, signature(_EVENT, "", int(time.time())), ["", ""])
