"""The calls. Each that creates something carries an idempotency key of its caller's, so that it happens once."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import stripe

from integrations.billing import objects
from integrations.billing.errors import Missing, plain_words
from integrations.billing.http import PooledHttp
from integrations.billing.objects import Account, Bill, Charge, Checkout, Contract

RETRIES = 2
_DECIDED_FOR_US = frozenset({"won", "warning_closed", "prevented"})
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class PriceTag:
    """What a plan costs. ``interval``: month or year."""

    product_id: str
    amount: int
    currency: str
    interval: str
    count: int
    metadata: dict[str, str]


@dataclass(frozen=True, slots=True)
class TaxTag:
    """A tax on top. ``basis_points``: 19 % is 1900."""

    name: str
    basis_points: int
    country: str
    metadata: dict[str, str]


@dataclass(frozen=True, slots=True)
class Order:
    """What a checkout sells. ``trial_days`` 0: none. ``success_url`` may hold ``{CHECKOUT_SESSION_ID}``."""

    customer_id: str
    price_id: str
    reference: str
    success_url: str
    cancel_url: str
    tax_rate_ids: Sequence[str] = ()
    trial_days: int = 0
    metadata: dict[str, str] = field(default_factory=dict)
    locale: str = "auto"


class Stripe:
    """One Stripe account. Every method raises ``BillingError``."""

    def __init__(self, secret_key: str, *, http: httpx.AsyncClient, api_base: str) -> None:
        self._key = secret_key
        self._client = stripe.StripeClient(
            secret_key,
            base_addresses={"api": api_base},
            http_client=PooledHttp(http),
            max_network_retries=RETRIES,
        )
        self._v1: Any = self._client.v1

    def __repr__(self) -> str:
        return "Stripe(…)"

    async def account(self) -> Account:
        """Whose key this is."""
        return objects.account(await _asked(self._v1.accounts.retrieve_current_async()), self._key)

    async def customer(self, known: str, values: Mapping[str, Any], key: str) -> str:
        """The customer's id: the known one brought up to date, or a new one when there is none (any more)."""
        if known:
            try:
                found = await _asked(self._v1.customers.retrieve_async(known))
                if not found.get("deleted"):
                    await _asked(self._v1.customers.update_async(known, dict(values)))
                    return known
                key = f"{key}-after-{known}"
            except Missing:
                key = f"{key}-after-{known}"
        made = await _asked(self._v1.customers.create_async(dict(values), {"idempotency_key": key}))
        return str(made["id"])

    async def product(self, known: str, values: Mapping[str, Any], key: str) -> str:
        """The product's id: the known one brought up to date, or a new one."""
        if known:
            try:
                await _asked(self._v1.products.update_async(known, dict(values)))
            except Missing:
                key = f"{key}-after-{known}"
            else:
                return known
        made = await _asked(self._v1.products.create_async(dict(values), {"idempotency_key": key}))
        return str(made["id"])

    async def price(self, tag: PriceTag, key: str) -> str:
        """A new price. Stripe: a price never changes."""
        values = {
            "product": tag.product_id,
            "unit_amount": tag.amount,
            "currency": tag.currency.lower(),
            "recurring": {"interval": tag.interval, "interval_count": tag.count},
            "metadata": tag.metadata,
        }
        made = await _asked(self._v1.prices.create_async(values, {"idempotency_key": key}))
        return str(made["id"])

    async def price_metadata(self, price_id: str) -> dict[str, str]:
        found = await _asked(self._v1.prices.retrieve_async(price_id))
        return {str(name): str(value) for name, value in (found.get("metadata") or {}).items()}

    async def tax_rate(self, tag: TaxTag, key: str) -> str:
        """A new tax rate. Stripe: its percentage never changes."""
        values = {
            "display_name": tag.name[:50],
            "percentage": objects.percent(tag.basis_points),
            "inclusive": False,
            "metadata": tag.metadata,
            **({"country": tag.country} if tag.country else {}),
        }
        made = await _asked(self._v1.tax_rates.create_async(values, {"idempotency_key": key}))
        return str(made["id"])

    async def checkout(self, order: Order, key: str) -> Checkout:
        """Open a page to subscribe on."""
        data: Json = {"metadata": order.metadata}
        if order.tax_rate_ids:
            data["default_tax_rates"] = list(order.tax_rate_ids)
        if order.trial_days:
            data["trial_period_days"] = order.trial_days
            data["trial_settings"] = {"end_behavior": {"missing_payment_method": "cancel"}}
        values = {
            "mode": "subscription",
            "customer": order.customer_id,
            "client_reference_id": order.reference,
            "line_items": [{"price": order.price_id, "quantity": 1}],
            "success_url": order.success_url,
            "cancel_url": order.cancel_url,
            "metadata": order.metadata,
            "payment_method_collection": "if_required" if order.trial_days else "always",
            "locale": order.locale,
            "subscription_data": data,
        }
        made = self._v1.checkout.sessions.create_async(values, {"idempotency_key": key})
        return objects.checkout(await _asked(made))

    async def read_checkout(self, checkout_id: str) -> Checkout:
        return objects.checkout(await _asked(self._v1.checkout.sessions.retrieve_async(checkout_id)))

    async def close_checkout(self, checkout_id: str) -> None:
        """Nobody can pay there any more. Raises Refused when it is over already."""
        await _asked(self._v1.checkout.sessions.expire_async(checkout_id))

    async def portal_configuration(self, offers: Mapping[str, Sequence[str]], key: str) -> str:
        """What the portal allows: cards, invoices, cancelling, and a change between ``offers`` (product → prices)."""
        change: Json = {"enabled": False}
        if offers:
            change = {
                "enabled": True,
                "default_allowed_updates": ["price"],
                "proration_behavior": "always_invoice",
                "products": [{"product": one, "prices": list(prices)} for one, prices in offers.items()],
                "schedule_at_period_end": {
                    "conditions": [{"type": "decreasing_item_amount"}, {"type": "shortening_interval"}]
                },
            }
        features = {
            "invoice_history": {"enabled": True},
            "payment_method_update": {"enabled": True},
            "subscription_cancel": {"enabled": True, "mode": "at_period_end"},
            "subscription_update": change,
        }
        create = self._v1.billing_portal.configurations.create_async
        made = await _asked(create({"features": features}, {"idempotency_key": key}))
        return str(made["id"])

    async def portal(self, customer_id: str, configuration: str, return_url: str) -> str:
        """The address of the portal's page, which works for some minutes."""
        values = {"customer": customer_id, "configuration": configuration, "return_url": return_url}
        made = await _asked(self._v1.billing_portal.sessions.create_async(values))
        return str(made["url"])

    async def contract(self, contract_id: str) -> Contract:
        """A subscription as it is now, with what is planned for it."""
        read = self._v1.subscriptions.retrieve_async(contract_id, {"expand": ["schedule"]})
        return objects.contract(await _asked(read))

    async def upgrade(self, contract: Contract, price_id: str, metadata: Mapping[str, str], key: str) -> None:
        """Another price from now on; the difference is charged at once, or nothing changes. Raises CardRefused."""
        await self.drop_schedule(contract)
        values = {
            "items": [{"id": contract.item_id, "price": price_id}],
            "proration_behavior": "always_invoice",
            "payment_behavior": "error_if_incomplete",
            "metadata": dict(metadata),
        }
        await _asked(self._v1.subscriptions.update_async(contract.id, values, {"idempotency_key": key}))
        if contract.ends_with_period:
            await self.set_ending(contract.id, ending=False)

    async def downgrade(self, contract: Contract, price_id: str, tax_rates: Sequence[str], key: str) -> None:
        """Another price with the next period."""
        await self.drop_schedule(contract)
        if contract.ends_with_period:
            await self.set_ending(contract.id, ending=False)
        schedules = self._v1.subscription_schedules
        made = await _asked(
            schedules.create_async({"from_subscription": contract.id}, {"idempotency_key": key})
        )
        current = made["phases"][0]
        kept = {"default_tax_rates": list(tax_rates)} if tax_rates else {}
        phases = [
            {
                "items": [{"price": contract.price_id, "quantity": contract.quantity}],
                "start_date": current["start_date"],
                "end_date": current["end_date"],
                "proration_behavior": "none",
                **kept,
            },
            {"items": [{"price": price_id, "quantity": 1}], "proration_behavior": "none", **kept},
        ]
        values = {"phases": phases, "end_behavior": "release", "proration_behavior": "none"}
        await _asked(schedules.update_async(made["id"], values))

    async def drop_schedule(self, contract: Contract) -> None:
        """What was planned for the next period is not done."""
        if contract.schedule_id:
            await _asked(self._v1.subscription_schedules.release_async(contract.schedule_id))

    async def set_ending(self, contract_id: str, *, ending: bool) -> None:
        """End with the period, or go on after all."""
        values: Json = {"cancel_at_period_end": ending}
        await _asked(self._v1.subscriptions.update_async(contract_id, values))

    async def end(self, contract_id: str) -> None:
        """End at once. One that has ended already is fine."""
        try:
            await _asked(self._v1.subscriptions.cancel_async(contract_id))
        except Missing:
            return

    async def bill(self, bill_id: str) -> Bill:
        return objects.bill(await _asked(self._v1.invoices.retrieve_async(bill_id)))

    async def bills_of(self, customer_id: str, limit: int = 20) -> list[Bill]:
        """The newest first."""
        found = await _asked(self._v1.invoices.list_async({"customer": customer_id, "limit": limit}))
        return [objects.bill(each) for each in found["data"]]

    async def bill_of_intent(self, intent_id: str) -> str:
        """The invoice that a payment was for, or an empty text. Stripe: since 2025 a charge does not name it."""
        wanted = {"payment": {"type": "payment_intent", "payment_intent": intent_id}, "limit": 1}
        found = await _asked(self._v1.invoice_payments.list_async(wanted))
        return str(found["data"][0]["invoice"]) if found["data"] else ""

    async def charges_of(self, bill_id: str) -> list[Charge]:
        """Every try to collect an invoice, oldest first."""
        payments = await _asked(self._v1.invoice_payments.list_async({"invoice": bill_id}))
        intents = [each["payment"].get("payment_intent") for each in payments["data"]]
        charges: list[Charge] = []
        for intent in filter(None, intents):
            found = await _asked(self._v1.charges.list_async({"payment_intent": intent, "limit": 100}))
            charges += [await self._charge(each) for each in reversed(found["data"])]
        return charges

    async def _charge(self, found: Json) -> Charge:
        disputed = False
        if found["disputed"]:
            disputes = await _asked(self._v1.disputes.list_async({"charge": found["id"]}))
            disputed = any(each["status"] not in _DECIDED_FOR_US for each in disputes["data"])
        return objects.charge(found, is_disputed=disputed)

    async def refund(self, bill_id: str, amount: int | None, key: str) -> None:
        """Give back what was paid for an invoice, or a part of it. Raises Refused when nothing (so much) was."""
        paid = [each for each in await self.charges_of(bill_id) if each.status == "succeeded"]
        if not paid:
            raise Missing("Nothing was paid by card for this invoice.")
        values: Json = {"payment_intent": paid[-1].intent_id}
        if amount is not None:
            values["amount"] = amount
        await _asked(self._v1.refunds.create_async(values, {"idempotency_key": key}))

    async def credit(self, customer_id: str, amount: int, currency: str, reason: str, key: str) -> None:
        """Take so much off the customer's next invoices."""
        values = {"amount": -amount, "currency": currency.lower(), "description": reason[:350]}
        create = self._v1.customers.balance_transactions.create_async
        await _asked(create(customer_id, values, {"idempotency_key": key}))


async def _asked(call: Awaitable[Any]) -> Json:
    """The answer as a plain dictionary. Stripe's library: its objects are none any more."""
    with plain_words():
        answer: Json = (await call).to_dict()
    return answer
