"""Switchable misbehaviour of the API and of its webhooks."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from ..faults import Spread
from .config import Json
from .errors import StripeError, invalid


@dataclass(slots=True)
class Faults:
    """A *share* is a number from 0 to 1, spread evenly. A ``…_next`` counter counts itself down."""

    down: bool = False
    """Every API call is answered 503, as by an edge that does not reach Stripe."""
    error_next: int = 0
    """So many API calls are answered 500 before anything is done."""
    lost_answer_next: int = 0
    """So many API calls are done, and their answer is lost."""
    latency_ms: float = 0
    revoked_key: bool = False
    throttle_next: int = 0
    duplicate_webhooks: float = 0
    reorder_webhooks: float = 0
    """Share of events held back for ``reorder_hold_ms``, so that later ones overtake them."""
    reorder_hold_ms: float = 200
    delay_webhooks_ms: float = 0
    lose_webhooks: float = 0
    hold_webhooks: bool = False
    """Nothing is delivered until this is switched off."""

    def as_json(self) -> Json:
        return asdict(self)

    def change(self, values: Json) -> None:
        """Set some switches; unknown names and wrong types are refused."""
        known = {item.name: getattr(self, item.name) for item in fields(self)}
        for name, value in values.items():
            if name not in known:
                raise invalid(name, f"There is no fault '{name}'. Known: {', '.join(sorted(known))}")
            setattr(self, name, _converted(name, known[name], value))


def _converted(name: str, current: Any, value: Any) -> Any:
    if isinstance(current, bool):
        return bool(value)
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise invalid(name, f"{name} must be a number") from None
    if not number >= 0:
        raise invalid(name, f"{name} must not be negative")
    return int(number) if name.endswith("_next") else number


class LostAnswer(Exception):
    """Asks the edge to break the connection after the work was done."""


class Gate:
    """Applies the switches to API calls."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.spread = Spread()

    def before(self) -> None:
        faults = self.faults
        if faults.down:
            raise StripeError("Stripe is not reachable (injected).", status=503, kind="api_error")
        if faults.error_next:
            faults.error_next -= 1
            raise StripeError("An unknown error occurred (injected).", status=500, kind="api_error")
        if faults.throttle_next:
            faults.throttle_next -= 1
            raise StripeError("Too many requests (injected).", status=429, code="rate_limit")

    def after(self) -> None:
        if self.faults.lost_answer_next:
            self.faults.lost_answer_next -= 1
            raise LostAnswer
