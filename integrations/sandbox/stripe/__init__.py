"""A stand-in for Stripe: the part of its API that a subscription business uses, with pages to pay on.

It speaks real HTTP, keeps its state in memory, and imports nothing of the product. Object fields are those of API
version 2026-10-28 (periods on the items of a subscription, an invoice's subscription under its ``parent``).
"""

from .config import StripeConfig
from .sandbox import StripeSandbox, create_app

__all__ = ["StripeConfig", "StripeSandbox", "create_app"]
