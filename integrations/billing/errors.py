"""What can go wrong at Stripe, in plain words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import stripe


class BillingError(Exception):
    """Stripe did not do what was asked; the message says why and what to do, and holds no key."""

    is_lasting = True
    """Whether asking again changes nothing before somebody acts."""


class WrongKey(BillingError):
    """The secret key is not, or no longer, valid, or may not do this."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Stripe refused the secret key: {reason}")


class Unreachable(BillingError):
    """No answer, or one that says to come back later."""

    is_lasting = False

    def __init__(self) -> None:
        super().__init__("Stripe does not answer at the moment. Nothing was lost; try again in a minute.")


class Missing(BillingError):
    """The object is not in this Stripe account (any more)."""


class CardRefused(BillingError):
    """The card did not pay."""


class Refused(BillingError):
    """Stripe does not accept the request; the message is Stripe's."""


@contextmanager
def plain_words() -> Iterator[None]:
    """Turn the library's errors into ours."""
    try:
        yield
    except stripe.AuthenticationError as error:
        code = error.error.code if error.error else None
        reason = "it was revoked or has expired." if code == "api_key_expired" else "it is not a valid key."
        raise WrongKey(f"{reason} Put in the current one from Stripe's dashboard.") from error
    except stripe.PermissionError as error:
        raise WrongKey(
            "it is a restricted key that may not do this. Use the secret key, or allow it in Stripe's dashboard."
        ) from error
    except (stripe.APIConnectionError, stripe.RateLimitError) as error:
        raise Unreachable from error
    except stripe.CardError as error:
        raise CardRefused(error.user_message or "The card was declined.") from error
    except stripe.InvalidRequestError as error:
        if error.code == "resource_missing":
            raise Missing(error.user_message or "This does not exist at Stripe.") from error
        raise Refused(f"Stripe refused this: {error.user_message or error}") from error
    except stripe.StripeError as error:
        if (error.http_status or 500) >= 500:
            raise Unreachable from error
        raise Refused(f"Stripe refused this: {error.user_message or error}") from error
