"""Meta's error codes and the one shape in which they are answered."""

from __future__ import annotations

from typing import Any

from .ids import trace_id
from .models import Json

_HREF = "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/"

TITLES = {
    1: "An unknown error occurred",
    2: "Service temporarily unavailable",
    4: "Application request limit reached",
    10: "Application does not have permission for this action",
    33: "Parameter value is not valid",
    100: "Invalid parameter",
    190: "Invalid OAuth access token",
    200: "Permissions error",
    368: "Temporarily blocked for policies violations",
    80007: "Rate limit issues",
    130403: "Recipient is blocked by the business",
    130429: "Rate limit hit",
    130472: "User's number is part of an experiment",
    130497: "Business account is restricted from messaging users in this country.",
    131000: "Something went wrong",
    131005: "Access denied",
    131008: "Required parameter is missing",
    131009: "Parameter value is not valid",
    131016: "Service unavailable",
    131021: "Recipient cannot be sender",
    131026: "Message undeliverable",
    131030: "Recipient phone number not in allowed list",
    131031: "Account has been locked",
    131037: "WhatsApp provided number needs display name approval before message can be sent",
    131042: "Business eligibility payment issue",
    131045: "Incorrect certificate",
    131047: "Re-engagement message",
    131048: "Spam rate limit hit",
    131049: "This message was not delivered to maintain healthy ecosystem engagement.",
    131050: "User has opted out of receiving marketing messages",
    131051: "Unsupported message type",
    131052: "Media download error",
    131053: "Media upload error",
    131056: "(Business Account, Consumer Account) pair rate limit hit",
    131057: "Account in maintenance mode",
    131062: "Business-scoped user id recipient not supported",
    132000: "Number of parameters does not match the expected number of params",
    132001: "Template name does not exist in the translation",
    132005: "Translated text too long",
    132007: "Template content violates WhatsApp policy",
    132012: "Parameter format does not match format in the created template",
    132015: "Template is paused",
    132016: "Template is disabled",
    132068: "Flow is in blocked state",
    133005: "Two step verification PIN mismatch",
    133006: "Phone number needs to be verified before registering",
    133008: "Too many two step verification PIN guesses",
    133010: "Phone number not registered on the WhatsApp Business Platform",
    133016: "Account register/deregister rate limit exceeded",
    135000: "Generic user error",
    136024: "Request code error",
    136025: "Verify code error",
    139100: "Failed to block/unblock some users",
    139101: "Blocklist limit reached",
}

_SERVER_SIDE = {1: 500, 2: 503, 131000: 500, 131016: 503}


class GraphError(Exception):
    """An answer in Meta's error shape."""

    def __init__(
        self,
        code: int,
        details: str | None = None,
        *,
        message: str | None = None,
        status: int | None = None,
        subcode: int | None = None,
        kind: str = "OAuthException",
        user_title: str | None = None,
        user_message: str | None = None,
    ) -> None:
        super().__init__(details or message or TITLES.get(code, ""))
        self.code = code
        self.details = details
        self.message = message or f"(#{code}) {TITLES.get(code, 'Unknown error')}"
        self.status = status or _SERVER_SIDE.get(code, 400)
        self.subcode = subcode
        self.kind = kind
        self.user_title = user_title
        self.user_message = user_message

    def body(self) -> Json:
        """The JSON answer."""
        error: Json = {"message": self.message, "type": self.kind, "code": self.code}
        if self.details is not None:
            error["error_data"] = {"messaging_product": "whatsapp", "details": self.details}
        optional: dict[str, Any] = {
            "error_subcode": self.subcode,
            "error_user_title": self.user_title,
            "error_user_msg": self.user_message,
        }
        error.update({key: value for key, value in optional.items() if value is not None})
        if self.code in (2, 131016):
            error["is_transient"] = True
        error["fbtrace_id"] = trace_id()
        return {"error": error}


def status_error(code: int, details: str | None = None) -> Json:
    """One element of `statuses[].errors`."""
    title = TITLES.get(code, "Something went wrong")
    return {
        "code": code,
        "title": title,
        "message": title,
        "error_data": {"details": details or title},
        "href": _HREF,
    }


def invalid(message: str) -> GraphError:
    """Code 100 with Meta's own sentence."""
    return GraphError(100, message=f"(#100) {message}")


def missing(name: str) -> GraphError:
    """Code 131008 for a parameter that must be there."""
    return GraphError(131008, f"Required parameter '{name}' is missing.")


def bad_value(details: str) -> GraphError:
    """Code 131009 for a parameter that is there but wrong."""
    return GraphError(131009, details)


def no_such_node(node: str, method: str = "get") -> GraphError:
    """What Graph says about ids it does not know or will not show."""
    return GraphError(
        100,
        message=(
            f"Unsupported {method.lower()} request. Object with ID '{node}' does not exist, cannot be loaded "
            "due to missing permissions, or does not support this operation. Please read the Graph API "
            "documentation at https://developers.facebook.com/docs/graph-api"
        ),
        subcode=33,
        kind="GraphMethodException",
    )


def bad_token(why: str = "Cannot parse access token", subcode: int | None = None) -> GraphError:
    """Code 190 in the wording Graph uses."""
    if subcode:
        return GraphError(190, message=f"Error validating access token: {why}", status=401, subcode=subcode)
    return GraphError(190, message=f"Invalid OAuth access token - {why}", status=401)
