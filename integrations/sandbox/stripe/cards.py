"""Test cards (https://docs.stripe.com/testing) and what they do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .config import Json
from .errors import invalid

if TYPE_CHECKING:
    from .sandbox import StripeSandbox


@dataclass(frozen=True, slots=True)
class Card:
    """``first`` and ``later`` are the refusals of the first payment and of those without the customer.

    ``asks`` has the customer confirm with the bank first; ``disputed`` cards are disputed after they have paid.
    """

    number: str
    brand: str
    label: str
    first: str = ""
    later: str = ""
    asks: bool = False
    disputed: bool = False

    @property
    def last4(self) -> str:
        return self.number[-4:]


CARDS = (
    Card("4242424242424242", "visa", "Pays"),
    Card("5555555555554444", "mastercard", "Pays"),
    Card("4000000000000002", "visa", "Is declined", "generic_decline", "generic_decline"),
    Card("4000000000009995", "visa", "Has no money", "insufficient_funds", "insufficient_funds"),
    Card("4000002500003155", "visa", "Asks the bank once (3-D Secure)", asks=True),
    Card(
        "4000002760003184",
        "visa",
        "Asks the bank every time",
        later="authentication_required",
        asks=True,
    ),
    Card("4000000000000341", "visa", "Pays now, is declined at the renewal", later="generic_decline"),
    Card("4000000000000259", "visa", "Pays, then disputes the payment", disputed=True),
)
_BY_NUMBER = {card.number: card for card in CARDS}


def card_of(number: str) -> Card:
    """Raises StripeError for a number that is no test card: real cards never work here."""
    found = _BY_NUMBER.get("".join(filter(str.isdecimal, number)))
    if found is None:
        raise invalid("number", "This is not one of the test cards. Real cards are not accepted here.")
    return found


def attach(sandbox: StripeSandbox, customer: Json, card: Card) -> Json:
    """A payment method of the customer, used for every invoice from now on."""
    year = 4 + int(sandbox.clock.now() // (365.25 * 86400)) + 1970
    method = sandbox.store.add(
        "payment_method",
        sandbox.clock.now(),
        type="card",
        customer=customer["id"],
        customer_account=None,
        allow_redisplay="limited",
        metadata={},
        billing_details={
            "address": None,
            "email": customer.get("email"),
            "name": customer.get("name"),
            "phone": None,
        },
        card={
            "brand": card.brand,
            "display_brand": card.brand,
            "country": "US",
            "exp_month": 12,
            "exp_year": year,
            "fingerprint": f"test{card.last4}",
            "funding": "credit",
            "last4": card.last4,
            "checks": {"cvc_check": "pass", "address_line1_check": None, "address_postal_code_check": None},
            "networks": {"available": [card.brand], "preferred": None},
            "three_d_secure_usage": {"supported": True},
            "wallet": None,
        },
    )
    sandbox.numbers[method["id"]] = card.number
    customer["invoice_settings"]["default_payment_method"] = method["id"]
    sandbox.emit("payment_method.attached", method)
    sandbox.emit("customer.updated", customer)
    return method


def card_behind(sandbox: StripeSandbox, method_id: str) -> Card:
    return _BY_NUMBER[sandbox.numbers[method_id]]
