"""What the stand-in remembers: objects by kind and id, lists with pages, and expanded references."""

from __future__ import annotations

import copy
import secrets
from collections.abc import Callable
from typing import Any

from .config import Json
from .errors import StripeError, invalid, no_such
from .forms import Params

PREFIXES = {
    "customer": "cus",
    "product": "prod",
    "price": "price",
    "tax_rate": "txr",
    "checkout.session": "cs_test",
    "subscription": "sub",
    "subscription_item": "si",
    "subscription_schedule": "sub_sched",
    "invoice": "in",
    "line_item": "il",
    "invoiceitem": "ii",
    "invoice_payment": "inpay",
    "payment_intent": "pi",
    "payment_method": "pm",
    "charge": "ch",
    "refund": "re",
    "dispute": "du",
    "event": "evt",
    "webhook_endpoint": "we",
    "billing_portal.session": "bps",
    "billing_portal.configuration": "bpc",
    "customer_balance_transaction": "cbtxn",
}
_KINDS = sorted(((prefix, kind) for kind, prefix in PREFIXES.items()), key=lambda pair: -len(pair[0]))
_PAGE = 10
_LARGEST_PAGE = 100
_DEEPEST = 4


def new_id(kind: str) -> str:
    return f"{PREFIXES[kind]}_{secrets.token_hex(12)}"


class Store:
    """Tables of plain objects in the order of their making."""

    def __init__(self) -> None:
        self._tables: dict[str, dict[str, Json]] = {kind: {} for kind in PREFIXES}

    def add(self, kind: str, now: int, **fields: Any) -> Json:
        """Make an object of this kind."""
        made: Json = {"id": new_id(kind), "object": kind, "created": now, "livemode": False, **fields}
        self._tables[kind][made["id"]] = made
        return made

    def get(self, kind: str, identity: str, param: str = "id") -> Json:
        """Raises StripeError (404, or 400 for a reference inside a request) when it does not exist."""
        found = self._tables[kind].get(identity)
        if found is None or found.get("deleted"):
            raise no_such(kind, identity, param, 404 if param == "id" else 400)
        return found

    def all(self, kind: str, keep: Callable[[Json], bool] | None = None) -> list[Json]:
        """Oldest first."""
        found = list(self._tables[kind].values())
        return [each for each in found if keep is None or keep(each)]

    def page(self, kind: str, params: Params, url: str, keep: Callable[[Json], bool] | None = None) -> Json:
        """A list as Stripe pages it: newest first, after ``starting_after`` or before ``ending_before``."""
        limit = params.number("limit", _PAGE) or 0
        if not 1 <= limit <= _LARGEST_PAGE:
            raise invalid("limit", f"Invalid limit: {limit}. Choose 1 to {_LARGEST_PAGE}.")
        after, before = params.text("starting_after"), params.text("ending_before")
        rows = [each for each in reversed(self.all(kind, keep)) if not each.get("deleted")]
        if after:
            rows = rows[self._position(rows, kind, after, "starting_after") + 1 :]
        if before:
            rows = rows[: self._position(rows, kind, before, "ending_before")]
            rows, more = rows[-limit:], len(rows) > limit
        else:
            rows, more = rows[:limit], len(rows) > limit
        return {"object": "list", "data": rows, "has_more": more, "url": url}

    @staticmethod
    def _position(rows: list[Json], kind: str, identity: str, param: str) -> int:
        for index, row in enumerate(rows):
            if row["id"] == identity:
                return index
        raise no_such(kind, identity, param, 400)

    def reference(self, identity: str) -> Json | None:
        """The object behind an id of any kind."""
        for prefix, kind in _KINDS:
            if identity.startswith(f"{prefix}_"):
                return self._tables[kind].get(identity)
        return None

    def expanded(self, answer: Json, paths: list[str]) -> Json:
        """A copy of the answer in which these references are the objects themselves."""
        copied: Json = copy.deepcopy(answer)
        for path in paths:
            parts = path.split(".")
            if len(parts) > _DEEPEST + (parts[0] == "data"):
                raise invalid("expand", f"You cannot expand more than {_DEEPEST} levels: {path}")
            self._expand(copied, parts, path)
        return copied

    def _expand(self, node: Any, parts: list[str], path: str) -> None:
        name, rest = parts[0], parts[1:]
        if not isinstance(node, dict) or name not in node:
            raise StripeError(
                f"This property cannot be expanded ({path}).", param="expand", code="parameter_invalid"
            )
        value = node[name]
        if isinstance(value, str) and (found := self.reference(value)) is not None:
            value = node[name] = copy.deepcopy(found)
        if rest:
            for each in value if isinstance(value, list) else [value]:
                if each is not None:
                    self._expand(each, rest, path)
