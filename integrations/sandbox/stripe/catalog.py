"""The account, customers, products, prices and tax rates."""

from __future__ import annotations

import secrets
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from .config import Json
from .errors import StripeError, invalid
from .forms import Params

if TYPE_CHECKING:
    from .sandbox import StripeSandbox


def account(sandbox: StripeSandbox, params: Params) -> Json:
    config = sandbox.config
    return {
        "id": sandbox.account_id,
        "object": "account",
        "business_profile": {"name": config.account_name, "url": None, "support_email": None},
        "business_type": "company",
        "charges_enabled": True,
        "payouts_enabled": True,
        "details_submitted": True,
        "country": config.country,
        "default_currency": config.currency,
        "email": "owner@example.com",
        "settings": {"dashboard": {"display_name": config.account_name, "timezone": "Etc/UTC"}},
        "type": "standard",
    }


def _address(params: Params) -> Json | None:
    if "address" not in params:
        return None
    inner = params.inner("address")
    found = {
        name: inner.text(name) or None
        for name in ("line1", "line2", "city", "state", "postal_code", "country")
    }
    inner.done()
    return found


def create_customer(sandbox: StripeSandbox, params: Params) -> Json:
    customer = sandbox.store.add(
        "customer",
        sandbox.clock.now(),
        address=_address(params),
        balance=0,
        currency=None,
        default_source=None,
        delinquent=False,
        description=params.text("description") or None,
        discount=None,
        email=params.text("email") or None,
        invoice_prefix=secrets.token_hex(4).upper(),
        invoice_settings={
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        metadata=params.metadata(),
        name=params.text("name") or None,
        next_invoice_sequence=1,
        phone=params.text("phone") or None,
        preferred_locales=params.array("preferred_locales"),
        shipping=None,
        tax_exempt="none",
        test_clock=None,
    )
    sandbox.emit("customer.created", customer)
    return customer


def update_customer(sandbox: StripeSandbox, params: Params, identity: str) -> Json:
    customer = sandbox.store.get("customer", identity)
    for name in ("email", "name", "description", "phone"):
        if name in params:
            customer[name] = params.text(name) or None
    if (address := _address(params)) is not None:
        customer["address"] = address
    customer["metadata"] = params.metadata(customer["metadata"])
    inner = params.inner("invoice_settings")
    if method := inner.text("default_payment_method"):
        sandbox.store.get("payment_method", method, "invoice_settings[default_payment_method]")
        customer["invoice_settings"]["default_payment_method"] = method
    sandbox.emit("customer.updated", customer)
    return customer


def delete_customer(sandbox: StripeSandbox, params: Params, identity: str) -> Json:
    from .subscriptions import end_now

    customer = sandbox.store.get("customer", identity)
    for each in sandbox.store.all("subscription", lambda sub: sub["customer"] == identity):
        if each["status"] not in ("canceled", "incomplete_expired"):
            end_now(sandbox, each, "cancellation_requested")
    customer["deleted"] = True
    sandbox.emit("customer.deleted", customer)
    return {"id": identity, "object": "customer", "deleted": True}


def adjust_balance(sandbox: StripeSandbox, params: Params, identity: str) -> Json:
    """A negative amount is credit: it is taken off the next invoices."""
    customer = sandbox.store.get("customer", identity)
    amount, currency = params.number("amount"), params.required("currency").lower()
    if not amount:
        raise invalid("amount", "Invalid non-zero integer")
    if customer["currency"] not in (None, currency):
        raise invalid("currency", "The customer's balance is in another currency.")
    customer["balance"] += amount
    made = sandbox.store.add(
        "customer_balance_transaction",
        sandbox.clock.now(),
        amount=amount,
        currency=currency,
        customer=identity,
        description=params.text("description") or None,
        ending_balance=customer["balance"],
        invoice=None,
        metadata=params.metadata(),
        type="adjustment",
    )
    sandbox.emit("customer.updated", customer)
    return made


def create_product(sandbox: StripeSandbox, params: Params) -> Json:
    now = sandbox.clock.now()
    product = sandbox.store.add(
        "product",
        now,
        active=params.flag("active", True),
        default_price=None,
        description=params.text("description") or None,
        images=[],
        marketing_features=[],
        metadata=params.metadata(),
        name=params.required("name"),
        package_dimensions=None,
        shippable=None,
        statement_descriptor=params.text("statement_descriptor") or None,
        tax_code=params.text("tax_code") or None,
        type="service",
        unit_label=None,
        updated=now,
        url=None,
    )
    sandbox.emit("product.created", product)
    return product


def update_product(sandbox: StripeSandbox, params: Params, identity: str) -> Json:
    product = sandbox.store.get("product", identity)
    product["name"] = params.text("name", product["name"]) or product["name"]
    if "description" in params:
        product["description"] = params.text("description") or None
    product["active"] = params.flag("active", product["active"])
    product["metadata"] = params.metadata(product["metadata"])
    product["updated"] = sandbox.clock.now()
    sandbox.emit("product.updated", product)
    return product


def create_price(sandbox: StripeSandbox, params: Params) -> Json:
    product = sandbox.store.get("product", params.required("product"), "product")
    amount = params.number("unit_amount")
    if amount is None or amount < 0:
        raise invalid("unit_amount", "Invalid non-negative integer")
    recurring = _recurring(params)
    price = sandbox.store.add(
        "price",
        sandbox.clock.now(),
        active=params.flag("active", True),
        billing_scheme="per_unit",
        currency=params.required("currency").lower(),
        custom_unit_amount=None,
        lookup_key=params.text("lookup_key") or None,
        metadata=params.metadata(),
        nickname=params.text("nickname") or None,
        product=product["id"],
        recurring=recurring,
        tax_behavior=params.text("tax_behavior", "unspecified"),
        tiers_mode=None,
        transform_quantity=None,
        type="recurring" if recurring else "one_time",
        unit_amount=amount,
        unit_amount_decimal=str(amount),
    )
    sandbox.emit("price.created", price)
    return price


def _recurring(params: Params) -> Json | None:
    if "recurring" not in params:
        return None
    inner = params.inner("recurring")
    inner.required("interval")
    recurring: Json = {
        "interval": inner.choice("interval", "day", "week", "month", "year"),
        "interval_count": inner.number("interval_count", 1),
        "meter": None,
        "trial_period_days": None,
        "usage_type": "licensed",
    }
    inner.done()
    return recurring


def update_price(sandbox: StripeSandbox, params: Params, identity: str) -> Json:
    """Stripe: amount, currency and interval of a price never change."""
    price = sandbox.store.get("price", identity)
    price["active"] = params.flag("active", price["active"])
    price["metadata"] = params.metadata(price["metadata"])
    price["nickname"] = params.text("nickname", price["nickname"] or "") or None
    sandbox.emit("price.updated", price)
    return price


def create_tax_rate(sandbox: StripeSandbox, params: Params) -> Json:
    inclusive = params.required("inclusive") == "true"
    params.flag("inclusive")
    try:
        percentage = Decimal(params.required("percentage"))
    except InvalidOperation:
        raise invalid("percentage", "Invalid decimal") from None
    if not 0 <= percentage <= 100:
        raise StripeError("Percentage must be between 0 and 100.", param="percentage")
    rate = sandbox.store.add(
        "tax_rate",
        sandbox.clock.now(),
        active=params.flag("active", True),
        country=params.text("country") or None,
        description=params.text("description") or None,
        display_name=params.required("display_name"),
        effective_percentage=None,
        flat_amount=None,
        inclusive=inclusive,
        jurisdiction=params.text("jurisdiction") or None,
        jurisdiction_level=None,
        metadata=params.metadata(),
        percentage=float(percentage),
        rate_type="percentage",
        state=None,
        tax_type=params.text("tax_type") or None,
    )
    sandbox.emit("tax_rate.created", rate)
    return rate


def update_tax_rate(sandbox: StripeSandbox, params: Params, identity: str) -> Json:
    """Stripe: the percentage of a tax rate never changes."""
    rate = sandbox.store.get("tax_rate", identity)
    rate["active"] = params.flag("active", rate["active"])
    rate["display_name"] = params.text("display_name", rate["display_name"])
    rate["metadata"] = params.metadata(rate["metadata"])
    sandbox.emit("tax_rate.updated", rate)
    return rate
