"""Switchable misbehaviour, so that tests meet the bad days before users do."""

from __future__ import annotations

import asyncio
import random
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from .errors import GraphError, bad_token, invalid
from .models import Json


@dataclass(slots=True)
class Faults:
    """All switches. A *share* is a number from 0 to 1 and is spread evenly, not at random.

    A `…_next` counter hits that many of the next calls and counts itself down.
    """

    latency_ms: float = 0
    latency_jitter_ms: float = 0
    throttle_every: int = 0
    """Answer 130429 to every n-th send."""
    throughput_per_second: float = 0
    """Sends a second and number before 130429; 0 is unlimited."""
    pair_limit: bool = False
    """Enforce one message per 6 s and customer after a burst of 45 (131056)."""
    error_rate: float = 0
    error_next: int = 0
    error_kind: str = "json"
    """`json` (500, code 131000), `html` (502 page of the edge) or `mixed`."""
    timeout_after_accept: float = 0
    timeout_after_accept_next: int = 0
    drop_before_accept: float = 0
    drop_before_accept_next: int = 0
    timeout_mode: str = "close"
    """`close` breaks the connection at once, `hang` keeps it silent for `hang_seconds` first."""
    send_errors: list[int] = field(default_factory=list)
    """Codes answered to the next sends, first one first."""
    status_errors: list[int] = field(default_factory=list)
    """Codes with which the next accepted sends fail in their status webhook."""
    errors_as_status: bool = False
    """Report 131026, 131047, 131049 and 131050 as `failed` statuses, as Meta often does."""
    duplicate_webhooks: float = 0
    reorder_webhooks: float = 0
    """Share of updates held back so that later ones overtake them."""
    reorder_hold_ms: float = 300
    delay_webhooks_ms: float = 0
    lose_webhooks: float = 0
    revoked_token: bool = False
    clock_offset_seconds: float = 0
    auto_read: bool = False

    def as_json(self) -> Json:
        """The switches as the control API shows them."""
        return asdict(self)

    def change(self, values: Json) -> None:
        """Set some switches; unknown names and wrong types are refused."""
        known = {item.name: getattr(self, item.name) for item in fields(self)}
        checked = {name: _converted(name, known, value) for name, value in values.items()}
        for name, value in checked.items():
            setattr(self, name, value)


_CHOICES = {"error_kind": ("json", "html", "mixed"), "timeout_mode": ("close", "hang")}
_SHARES = frozenset(
    {
        "error_rate",
        "timeout_after_accept",
        "drop_before_accept",
        "duplicate_webhooks",
        "reorder_webhooks",
        "lose_webhooks",
    }
)


def _converted(name: str, known: Json, value: Any) -> Any:
    if name not in known:
        raise invalid(f"There is no fault '{name}'. Known: {', '.join(sorted(known))}")
    current = known[name]
    if isinstance(current, bool):
        return bool(value)
    if isinstance(current, list):
        return _codes(name, value)
    if name in _CHOICES:
        if value not in _CHOICES[name]:
            raise invalid(f"{name} must be one of {', '.join(_CHOICES[name])}")
        return value
    return _amount(name, value)


def _codes(name: str, value: Any) -> list[int]:
    if not isinstance(value, list) or not all(isinstance(code, int) for code in value):
        raise invalid(f"{name} must be a list of error codes")
    return list(value)


def _amount(name: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise invalid(f"{name} must be a number") from None
    if number != number or (number < 0 and name != "clock_offset_seconds"):
        raise invalid(f"{name} must not be negative")
    if name in _SHARES and number > 1:
        raise invalid(f"{name} is a share from 0 to 1")
    return int(number) if name.endswith(("_next", "_every")) else number


class Spread:
    """Turns shares into decisions: 0.25 hits exactly every fourth time."""

    def __init__(self) -> None:
        self._sums: dict[str, float] = {}

    def hit(self, name: str, share: float) -> bool:
        """Whether this occurrence is one of the share."""
        if share <= 0:
            return False
        total = self._sums.get(name, 0.0) + share
        # Tenths do not add up exactly in binary.
        struck = total >= 1 - 1e-9
        self._sums[name] = total - 1 if struck else total
        return struck

    def clear(self) -> None:
        """Forget the sums."""
        self._sums.clear()


class Bucket:
    """Token bucket; one per number and one per pair."""

    __slots__ = ("_last", "_level")

    def __init__(self, burst: float, now: float) -> None:
        self._level = burst
        self._last = now

    def take(self, rate: float, burst: float, now: float) -> bool:
        """Take one token if there is one."""
        self._level = min(burst, self._level + (now - self._last) * rate)
        self._last = now
        # Refills arrive as fractions that do not quite add up to one.
        if self._level < 1 - 1e-9:
            return False
        self._level -= 1
        return True


class BrokenConnection(Exception):
    """Asks the ASGI edge to break the connection without a complete answer."""

    def __init__(self, *, hang: bool) -> None:
        super().__init__("the sandbox was told to break this connection")
        self.hang = hang


class EdgePage(Exception):
    """Asks for the HTML page that Meta's edge shows when it is unwell."""


class FaultGate:
    """Applies the switches to Graph calls."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.spread = Spread()
        self._sends = 0
        self._html_turn = False

    async def before(self) -> None:
        """Latency, broken connections, server errors and the revoked token."""
        faults = self.faults
        if faults.latency_ms or faults.latency_jitter_ms:
            jitter = random.uniform(-1, 1) * faults.latency_jitter_ms
            await asyncio.sleep(max(0.0, faults.latency_ms + jitter) / 1000)
        if self._strikes("drop_before_accept"):
            raise BrokenConnection(hang=faults.timeout_mode == "hang")
        if self._strikes("error"):
            self._server_error()
        if faults.revoked_token:
            raise bad_token("The session has been invalidated because the user changed the password.", 460)

    def before_send(self) -> None:
        """Throttling and scripted refusals, for sends only."""
        faults = self.faults
        self._sends += 1
        if faults.throttle_every and self._sends % faults.throttle_every == 0:
            raise throttled()
        if faults.send_errors:
            raise GraphError(faults.send_errors.pop(0), "Answered by the sandbox's send_errors switch.")

    def after_send(self) -> None:
        """The nasty one: the message is on its way and the caller never learns."""
        if self._strikes("timeout_after_accept"):
            raise BrokenConnection(hang=self.faults.timeout_mode == "hang")

    def _strikes(self, name: str) -> bool:
        counter = f"{name}_next"
        left: int = getattr(self.faults, counter)
        if left:
            setattr(self.faults, counter, left - 1)
            return True
        share = self.faults.error_rate if name == "error" else getattr(self.faults, name)
        return self.spread.hit(name, share)

    def _server_error(self) -> None:
        kind = self.faults.error_kind
        self._html_turn = not self._html_turn
        if kind == "html" or (kind == "mixed" and self._html_turn):
            raise EdgePage
        raise GraphError(131000, "Something went wrong (injected).")


def throttled() -> GraphError:
    """Code 130429."""
    return GraphError(
        130429, "Message failed to send because there were too many messages sent from this phone number."
    )
