"""The edge: keys, errors, idempotency, pages, expansion. All through the real library over a socket."""

from __future__ import annotations

import pytest
import stripe

from integrations.sandbox.stripe.errors import StripeError
from integrations.sandbox.stripe.forms import decode
from tests.integrations.stripe.conftest import Till


async def test_customers_are_made_changed_and_listed_in_pages(till: Till) -> None:
    made = [await till.v1.customers.create_async({"email": f"{n}@example.com"}) for n in range(5)]
    first = await till.v1.customers.list_async({"limit": 2})
    assert [each.id for each in first.data] == [made[4].id, made[3].id]
    assert first.has_more
    walked = [each.id async for each in first.auto_paging_iter()]
    assert walked == [each.id for each in reversed(made)]
    changed = await till.v1.customers.update_async(
        made[0].id, {"name": "Ada", "metadata": {"a": "1", "b": "2"}}
    )
    assert changed.name == "Ada"
    changed = await till.v1.customers.update_async(made[0].id, {"metadata": {"a": "", "c": "3"}})
    assert changed.metadata is not None
    assert changed.metadata.to_dict() == {"b": "2", "c": "3"}


async def test_the_same_key_gives_the_same_answer_and_other_parameters_are_refused(till: Till) -> None:
    once = await till.v1.customers.create_async({"name": "Ada"}, {"idempotency_key": "k1"})
    twice = await till.v1.customers.create_async({"name": "Ada"}, {"idempotency_key": "k1"})
    assert once.id == twice.id
    assert twice.last_response is not None
    assert twice.last_response.headers["idempotent-replayed"] == "true"
    with pytest.raises(stripe.IdempotencyError, match="same parameters"):
        await till.v1.customers.create_async({"name": "Grace"}, {"idempotency_key": "k1"})
    assert len((await till.v1.customers.list_async()).data) == 1


async def test_a_lost_answer_is_found_again_by_its_key(till: Till) -> None:
    await till.control("faults", lost_answer_next=1)
    with pytest.raises(stripe.APIConnectionError):
        await till.v1.customers.create_async({"name": "Ada"}, {"idempotency_key": "k1"})
    again = await till.v1.customers.create_async({"name": "Ada"}, {"idempotency_key": "k1"})
    assert [each.id for each in (await till.v1.customers.list_async()).data] == [again.id]


async def test_keys_are_checked(till: Till) -> None:
    stranger = stripe.StripeClient(
        "sk_test_wrong", base_addresses={"api": till.url}, http_client=stripe.HTTPXClient()
    )
    with pytest.raises(stripe.AuthenticationError, match="Invalid API Key"):
        await stranger.v1.customers.list_async()
    await till.control("faults", revoked_key=True)
    with pytest.raises(stripe.AuthenticationError, match="Expired") as caught:
        await till.v1.customers.list_async()
    assert caught.value.error is not None
    assert caught.value.error.code == "api_key_expired"
    assert till.sandbox.config.secret_key not in str(caught.value)


async def test_what_stripe_would_refuse_is_refused(till: Till) -> None:
    for wrong, param in (
        ({"name": "Pro", "colour": "red"}, "colour"),
        ({"description": "no name"}, "name"),
    ):
        with pytest.raises(stripe.InvalidRequestError) as caught:
            await till.v1.products.create_async(wrong)  # type: ignore[arg-type]
        assert caught.value.param == param
    with pytest.raises(stripe.InvalidRequestError) as caught:
        await till.v1.subscriptions.retrieve_async("sub_nothing")
    assert (caught.value.http_status, caught.value.code) == (404, "resource_missing")


async def test_references_can_be_expanded(till: Till) -> None:
    subscription = await till.subscribed(await till.price())
    found = await till.v1.subscriptions.retrieve_async(
        subscription.id, {"expand": ["latest_invoice.payments", "customer"]}
    )
    assert isinstance(found.latest_invoice, stripe.Invoice)
    assert isinstance(found.customer, stripe.Customer)
    assert found.latest_invoice.payments is not None
    assert found.latest_invoice.payments.data[0].status == "paid"
    with pytest.raises(stripe.InvalidRequestError, match="cannot be expanded"):
        await till.v1.subscriptions.retrieve_async(subscription.id, {"expand": ["nothing"]})


async def test_trouble_has_the_shape_of_stripes(till: Till) -> None:
    await till.control("faults", down=True)
    with pytest.raises(stripe.APIError) as caught:
        await till.v1.customers.list_async()
    assert caught.value.http_status == 503
    await till.control("faults", down=False, throttle_next=1)
    with pytest.raises(stripe.RateLimitError):
        await till.v1.customers.list_async()
    assert (await till.v1.customers.list_async()).data == []


async def test_a_version_is_echoed(till: Till) -> None:
    found = await till.v1.customers.list_async()
    assert found.last_response is not None
    assert found.last_response.headers["stripe-version"] == stripe.api_version == till.sandbox.version


def test_nested_forms_are_read() -> None:
    assert decode("items[0][price]=p&items[0][quantity]=2&expand[]=a&expand[]=b&metadata[k]=v&empty=") == {
        "items": [{"price": "p", "quantity": "2"}],
        "expand": ["a", "b"],
        "metadata": {"k": "v"},
        "empty": "",
    }


@pytest.mark.parametrize(
    "text", ["a[b=1", "[a]=1", "a=1&a[b]=2", "a" + "[b]" * 9 + "=1", "&".join(["a[]=1"] * 2001)]
)
def test_forms_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(StripeError):
        decode(text)
