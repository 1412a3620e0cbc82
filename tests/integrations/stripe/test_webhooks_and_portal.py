"""Webhooks that come late, twice or not at all, and the portal's page."""

from __future__ import annotations

import re
import subprocess
import sys
import time

import httpx
import pytest
import stripe

from tests.integrations.stripe.conftest import Till
from tests.serving import free_port

_FEATURES = {
    "invoice_history": {"enabled": True},
    "payment_method_update": {"enabled": True},
    "subscription_cancel": {"enabled": True, "mode": "at_period_end"},
}


async def test_a_refused_event_comes_again(till: Till) -> None:
    till.shop.answers = [500, 503]
    await till.v1.customers.create_async({"name": "Ada"})
    assert await till.heard() == ["customer.created"]
    assert [each.attempt for each in till.sandbox.deliveries.log] == [1, 2, 3]


async def test_events_can_come_twice_late_or_never(till: Till) -> None:
    await till.control("faults", duplicate_webhooks=1)
    await till.v1.customers.create_async({"name": "Ada"})
    assert await till.heard() == ["customer.created"] * 2
    assert len({event.id for event in till.shop.events}) == 1
    await till.control("faults", duplicate_webhooks=0, lose_webhooks=1)
    made = await till.v1.customers.create_async({"name": "Ada"})
    assert len(await till.heard()) == 2
    await till.control("faults", lose_webhooks=0, reorder_webhooks=1)
    await till.v1.customers.update_async(made.id, {"name": "B"})
    await till.control("faults", reorder_webhooks=0)
    await till.v1.customers.update_async(made.id, {"name": "C"})
    await till.heard()
    assert [event.data.object["name"] for event in till.shop.events[2:]] == ["C", "B"]


async def test_held_events_come_when_released_and_old_ones_can_be_sent_again(till: Till) -> None:
    await till.control("faults", hold_webhooks=True)
    await till.v1.customers.create_async({"name": "Ada"})
    assert await till.heard() == []
    await till.control("faults", hold_webhooks=False)
    assert await till.heard() == ["customer.created"]
    (event,) = (await till.v1.events.list_async()).data
    assert event.id == till.shop.events[0].id
    await till.control("webhooks/resend", event=event.id)
    assert await till.heard() == ["customer.created"] * 2


async def test_endpoints_hear_what_they_asked_for(till: Till) -> None:
    made = await till.v1.webhook_endpoints.create_async(
        {"url": "http://shop.test/hook", "enabled_events": ["product.created"]}
    )
    assert made.secret is not None
    assert "secret" not in await till.v1.webhook_endpoints.retrieve_async(made.id)
    await till.v1.webhook_endpoints.delete_async(made.id)
    await till.v1.products.create_async({"name": "Pro"})
    assert await till.heard() == ["product.created"]


async def _portal(till: Till, subscription: stripe.Subscription, **update: object) -> str:
    features = _FEATURES | ({"subscription_update": update} if update else {})
    configuration = await till.v1.billing_portal.configurations.create_async(
        {"features": features}  # type: ignore[typeddict-item]
    )
    session = await till.v1.billing_portal.sessions.create_async(
        {
            "customer": str(subscription.customer),
            "configuration": configuration.id,
            "return_url": "http://shop.test/subscription",
        }
    )
    return session.url


async def test_the_portal_cancels_resumes_and_changes_the_card(till: Till) -> None:
    subscription = await till.subscribed(await till.price())
    url, own = await _portal(till, subscription), {"subscription": subscription.id}
    page = await till.browser.get(url)
    assert "Pro (per month)" in page.text
    assert "http://shop.test/subscription" in page.text
    await till.browser.post(url, data={"action": "cancel", **own})
    assert (await till.again(subscription)).cancel_at_period_end
    await till.browser.post(url, data={"action": "resume", **own})
    assert not (await till.again(subscription)).cancel_at_period_end
    refused = await till.browser.post(url, data={"action": "card", "number": "4000000000000002"})
    assert "Your card was declined" in refused.text
    await till.browser.post(url, data={"action": "card", "number": "5555555555554444"})
    method = str((await till.again(subscription)).default_payment_method)
    found = await till.v1.payment_methods.retrieve_async(method)
    assert found.card is not None
    assert found.card.brand == "mastercard"


async def test_the_portal_changes_plans_up_now_and_down_later(till: Till) -> None:
    small, large = await till.price(3000, name="Small"), await till.price(9000, name="Large")
    subscription = await till.subscribed(small)
    products = [
        {"product": str((await till.v1.prices.retrieve_async(price)).product), "prices": [price]}
        for price in (small, large)
    ]
    url = await _portal(
        till,
        subscription,
        enabled=True,
        default_allowed_updates=["price"],
        proration_behavior="always_invoice",
        products=products,
        schedule_at_period_end={"conditions": [{"type": "decreasing_item_amount"}]},
    )
    own = {"action": "change", "subscription": subscription.id}
    await till.browser.post(url, data={**own, "price": large})
    assert (await till.again(subscription))["items"].data[0].price.id == large
    await till.browser.post(url, data={**own, "price": small})
    after = await till.again(subscription)
    assert after["items"].data[0].price.id == large
    assert after.schedule is not None
    foreign = await till.browser.post(url, data={**own, "price": await till.price(1)})
    assert "does not offer" in foreign.text


async def test_a_portal_shows_only_its_own_customer(till: Till) -> None:
    first, second = await till.subscribed(await till.price()), await till.subscribed(await till.price())
    url = await _portal(till, first)
    answer = await till.browser.post(url, data={"action": "cancel", "subscription": second.id})
    assert "No such subscription" in answer.text
    assert not (await till.again(second)).cancel_at_period_end
    with pytest.raises(stripe.InvalidRequestError, match="configuration"):
        await till.v1.billing_portal.sessions.create_async({"customer": str(first.customer)})


async def test_pages_escape_what_they_show(till: Till) -> None:
    session = await till.checkout(
        await till.price(name="<script>alert(1)</script>"), cancel_url="javascript:alert(1)"
    )
    page = await till.browser.get(str(session.url))
    assert "<script>" not in page.text
    assert "javascript:" not in page.text


def test_it_runs_alone() -> None:
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "integrations.sandbox.stripe",
        "--port",
        str(port),
        "--secret-key",
        "sk_test_x",
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        client = stripe.StripeClient(
            "sk_test_x",
            base_addresses={"api": f"http://127.0.0.1:{port}"},
            http_client=stripe.HTTPXClient(allow_sync_methods=True),
            max_network_retries=0,
        )
        deadline = time.monotonic() + 20
        while True:
            try:
                assert client.v1.customers.create({"name": "Ada"}).name == "Ada"
                break
            except stripe.APIConnectionError:
                assert time.monotonic() < deadline
                time.sleep(0.1)
        state = httpx.get(f"http://127.0.0.1:{port}/control/state", trust_env=False).json()
        assert [each["name"] for each in state["customer"]] == ["Ada"]
    finally:
        process.terminate()
        output, _ = process.communicate(timeout=10)
    assert re.search(r"Webhook secret +whsec_", output)
