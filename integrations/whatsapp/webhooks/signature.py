"""Proof that a webhook comes from Meta."""

from __future__ import annotations

import hmac
from collections.abc import Iterable

_PREFIX = "sha256="


def verify_signature(raw: bytes, header: str | None, secrets: Iterable[str]) -> bool:
    """Check `X-Hub-Signature-256` over the raw body. Meta: HMAC-SHA256 with the app secret.

    Only the bytes as received match: Meta escapes non-ASCII text and slashes in its own way, so a body that
    was parsed and written again fails.

    Args:
        raw: The request body, untouched.
        header: Value of the header; None when it is missing.
        secrets: App secrets to try; two while a secret is being replaced.
    """
    if not header or not header.startswith(_PREFIX):
        return False
    given = header[len(_PREFIX) :].strip().lower().encode("utf-8", "replace")
    matches = [hmac.compare_digest(given, _expected(raw, secret)) for secret in secrets if secret]
    return any(matches)


def sign(raw: bytes, secret: str) -> str:
    """Return the header Meta would send for a body; for tests and stand-ins."""
    return _PREFIX + _expected(raw, secret).decode()


def _expected(raw: bytes, secret: str) -> bytes:
    return hmac.digest(secret.encode(), raw, "sha256").hex().encode()
