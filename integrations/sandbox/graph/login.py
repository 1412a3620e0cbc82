"""`/oauth/access_token`: app tokens and the code exchange of embedded signup."""

from __future__ import annotations

import hmac
import secrets

from ..errors import GraphError, invalid
from ..models import Json, Token
from .call import Call

CODE_LIFE = 30
_SIXTY_DAYS = 60 * 86_400


async def access_token(call: Call, _: str) -> Json:
    """Trade app credentials, or a signup code, for a token."""
    params = await call.params()
    config = call.sandbox.config
    if str(params.get("client_id")) != config.app_id:
        raise GraphError(
            101, message="Error validating application. Cannot get application info due to a system error."
        )
    if not hmac.compare_digest(str(params.get("client_secret") or ""), config.app_secret):
        raise GraphError(1, message="Error validating client secret.", status=400)
    if params.get("grant_type") == "client_credentials":
        return {"access_token": f"{config.app_id}|{config.app_secret}", "token_type": "bearer"}
    code = params.get("code")
    if not code:
        raise invalid("The parameter code is required.")
    expires = call.sandbox.store.signup_codes.pop(str(code), None)
    if expires is None:
        raise GraphError(100, message="This authorization code has been used or is invalid.", subcode=36009)
    now = call.sandbox.clock.now()
    if expires < now:
        raise GraphError(100, message="This authorization code has expired.", subcode=36007)
    value = f"EAA{secrets.token_hex(24)}"
    call.sandbox.store.tokens[value] = Token(value, "SYSTEM_USER", now + _SIXTY_DAYS)
    call.sandbox.store.touch_settings()
    return {"access_token": value, "token_type": "bearer", "expires_in": _SIXTY_DAYS}
