"""Stripe, as far as Wapto needs it: what it costs, where to pay, what was paid.

The library's own client does the talking; this package chooses the calls, and turns objects and errors into ours.
"""

from integrations.billing.client import Order, PriceTag, Stripe, TaxTag
from integrations.billing.errors import BillingError, CardRefused, Missing, Refused, Unreachable, WrongKey
from integrations.billing.objects import Account, Bill, BillLine, BillTax, Charge, Checkout, Contract
from integrations.billing.webhook import BadSignature, Notice, read_notice, verify

__all__ = [
    "Account",
    "BadSignature",
    "Bill",
    "BillLine",
    "BillTax",
    "BillingError",
    "CardRefused",
    "Charge",
    "Checkout",
    "Contract",
    "Missing",
    "Notice",
    "Order",
    "PriceTag",
    "Refused",
    "Stripe",
    "TaxTag",
    "Unreachable",
    "WrongKey",
    "read_notice",
    "verify",
]
