"""Embedded signup, server part: from the browser's short-lived code to a business token and its WABAs.

The order of Meta's Tech Provider guide: `exchange_code` at once (the code lives 30 seconds), then, if the
browser did not tell the ids, `granted_waba_ids`; then `GraphClient.subscribe_app` and `register`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx

from .accounts import TokenInfo
from .connection import DEFAULT_BASE_URL, DEFAULT_VERSION, GraphConnection
from .errors import Ambiguous
from .graph import GraphClient
from .phone_numbers import PhoneNumber
from .reading import as_float, as_text

_WABA_SCOPES = ("whatsapp_business_management", "whatsapp_business_messaging")

REQUIRED_SCOPES = frozenset(_WABA_SCOPES)
"""Permissions without which we can neither send nor receive."""


@dataclass(frozen=True, slots=True)
class BusinessToken:
    """A customer's business token. `expires_at` is None when it does not expire."""

    access_token: str = field(repr=False)
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class GrantedAccount:
    """A WABA the customer gave access to, with its numbers."""

    waba_id: str
    phone_numbers: tuple[PhoneNumber, ...]


class _OAuth(GraphConnection):
    async def exchange(self, params: dict[str, str]) -> BusinessToken:
        # Not a `_get`: a code works once, so a request that may have arrived must not be repeated.
        answer = await self._write("GET", "oauth/access_token", None, params)
        token = as_text(answer.get("access_token"))
        if token is None:
            raise Ambiguous("Meta exchanged the code without a token")
        lifetime = as_float(answer.get("expires_in"))
        return BusinessToken(token, datetime.now(UTC) + timedelta(seconds=lifetime) if lifetime else None)


async def exchange_code(
    http: httpx.AsyncClient,
    *,
    app_id: str,
    app_secret: str,
    code: str,
    redirect_uri: str | None = None,
    base_url: str = DEFAULT_BASE_URL,
    version: str = DEFAULT_VERSION,
) -> BusinessToken:
    """Exchange the code of embedded signup for the customer's business token.

    Args:
        http: The shared HTTP client.
        app_id: Our Meta app.
        app_secret: Its secret.
        code: What `FB.login` returned. Meta: it lives 30 seconds and works once.
        redirect_uri: Leave out for codes of the JavaScript SDK.
        base_url: Another host, for tests.
        version: Version of the API.

    Raises:
        GraphError: The code is wrong, used or too old.
    """
    params = {"client_id": app_id, "client_secret": app_secret, "code": code}
    if redirect_uri is not None:
        params["redirect_uri"] = redirect_uri
    return await _OAuth("", http=http, base_url=base_url, version=version).exchange(params)


def granted_waba_ids(token: TokenInfo) -> list[str]:
    """Return the WABAs a token may touch, from its granular scopes, without doubles and in Meta's order."""
    ids = (waba_id for scope in _WABA_SCOPES for waba_id in token.targets.get(scope, ()))
    return list(dict.fromkeys(ids))


def missing_scopes(token: TokenInfo) -> list[str]:
    """Return the permissions the token lacks for our work."""
    granted = REQUIRED_SCOPES & {*token.scopes, *token.targets}
    return sorted(REQUIRED_SCOPES - granted)


async def granted_accounts(graph: GraphClient, token: TokenInfo) -> list[GrantedAccount]:
    """Return the WABAs of a token with their numbers.

    Coexistence may end in the browser with nothing but a WABA id, so the number has to be looked up.
    """
    return [
        GrantedAccount(waba_id, tuple(await graph.phone_numbers(waba_id)))
        for waba_id in granted_waba_ids(token)
    ]
