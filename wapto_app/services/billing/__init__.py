"""Card payments through Stripe, on top of ``services.plans``.

Stripe is the truth about what it bills. Every event only says that something changed: the object is read and what it is
now is written (``contracts`` for subscriptions, ``bills`` for invoices and payments), so that late, doubled and
reordered events do no harm.
"""

from wapto_app.services.billing.cards import with_ways
from wapto_app.services.billing.changes import (
    Chosen,
    Step,
    came_back,
    cancel,
    choose,
    portal,
    refund,
    resume,
)
from wapto_app.services.billing.checkout import PAGE, RETURN, Outcome, begin, returned
from wapto_app.services.billing.contracts import is_billed
from wapto_app.services.billing.events import TOPIC, RawEvent, apply_due, delete_old, replay, store
from wapto_app.services.billing.till import NoStripe, StripeTrouble, Till, is_on
from wapto_app.services.billing.upkeep import lock_overdue, reconcile

__all__ = [
    "PAGE",
    "RETURN",
    "TOPIC",
    "Chosen",
    "NoStripe",
    "Outcome",
    "RawEvent",
    "Step",
    "StripeTrouble",
    "Till",
    "apply_due",
    "begin",
    "came_back",
    "cancel",
    "choose",
    "delete_old",
    "is_billed",
    "is_on",
    "lock_overdue",
    "portal",
    "reconcile",
    "refund",
    "replay",
    "resume",
    "returned",
    "store",
    "with_ways",
]
