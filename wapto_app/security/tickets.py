"""The ticket between a right password and the code that is still asked for: sealed, for one account, for five minutes.

It opens nothing by itself. It is bound to the account's password hash, so a new password makes it worthless.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import timedelta

from wapto_app.clock import utcnow
from wapto_app.security.secrets import SecretBox, SecretsUnreadable
from wapto_app.services.errors import DomainError

COOKIE = "wapto_ticket"
PATH = "/auth"
"""The browser shows the ticket to the account routes only."""
LIFETIME = timedelta(minutes=5)
_PURPOSE = "second factor"


class TicketDead(DomainError):
    """The ticket is none, has expired, or the password was changed meanwhile: which, is not told."""

    def __init__(self) -> None:
        super().__init__("This sign-in took too long or was used already. Go back and sign in again.")


def issue(box: SecretBox, account_id: int, password_hash: str) -> str:
    """A ticket for somebody whose password was right."""
    until = (utcnow() + LIFETIME).timestamp()
    return box.seal(json.dumps([_PURPOSE, account_id, _mark(account_id, password_hash), until]))


def holder(box: SecretBox, ticket: str) -> int:
    """The account that a ticket is for; check with ``fits`` that it still is. Raises TicketDead."""
    return _read(box, ticket)[0]


def fits(box: SecretBox, ticket: str, account_id: int, password_hash: str) -> bool:
    """Whether the ticket was issued for this account and for the password that it has now."""
    holder_id, mark = _read(box, ticket)
    return holder_id == account_id and hmac.compare_digest(mark, _mark(account_id, password_hash))


def _read(box: SecretBox, ticket: str) -> tuple[int, str]:
    try:
        purpose, account_id, mark, until = json.loads(box.open(ticket))
    except (SecretsUnreadable, ValueError, TypeError):
        raise TicketDead from None
    if purpose != _PURPOSE or utcnow().timestamp() >= until:
        raise TicketDead
    return int(account_id), str(mark)


def _mark(account_id: int, password_hash: str) -> str:
    return hashlib.sha256(f"{_PURPOSE}:{account_id}:{password_hash}".encode()).hexdigest()
