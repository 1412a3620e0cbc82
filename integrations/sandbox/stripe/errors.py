"""Errors in Stripe's shape (https://docs.stripe.com/api/errors)."""

from __future__ import annotations

from typing import Any

from .config import Json

DECLINES = {
    "generic_decline": "Your card was declined.",
    "insufficient_funds": "Your card has insufficient funds.",
    "expired_card": "Your card has expired.",
    "authentication_required": "This payment requires authentication. Confirm it with your bank.",
}


class StripeError(Exception):
    """An answer in Stripe's error shape; ``headers`` go with it."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str = "",
        param: str = "",
        **more: Any,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.kind = kind
        self.code = code
        self.param = param
        self.more = more

    def body(self) -> Json:
        error: Json = {"message": self.message, "type": self.kind, **self.more}
        if self.code:
            error["code"] = self.code
            error["doc_url"] = f"https://stripe.com/docs/error-codes/{self.code.replace('_', '-')}"
        if self.param:
            error["param"] = self.param
        return {"error": error}


def missing(param: str) -> StripeError:
    return StripeError(f"Missing required param: {param}.", code="parameter_missing", param=param)


def unknown(param: str) -> StripeError:
    return StripeError(f"Received unknown parameter: {param}", code="parameter_unknown", param=param)


def invalid(param: str, message: str) -> StripeError:
    return StripeError(message, param=param, code="parameter_invalid")


def no_such(what: str, identity: str, param: str = "id", status: int = 404) -> StripeError:
    return StripeError(
        f"No such {what.replace('_', ' ')}: '{identity}'",
        status=status,
        code="resource_missing",
        param=param,
    )


def declined(reason: str, **more: Any) -> StripeError:
    """402 for a card that does not pay; ``reason`` is the decline code, or ``authentication_required``."""
    code = reason if reason in ("expired_card", "authentication_required") else "card_declined"
    return StripeError(
        DECLINES.get(reason, "Your card was declined."),
        status=402,
        kind="card_error",
        code=code,
        decline_code=reason,
        **more,
    )
