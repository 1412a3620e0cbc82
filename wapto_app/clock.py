"""The one source of "now": aware UTC, so that tests can move it in one place."""

from datetime import UTC, datetime


def utcnow() -> datetime:
    return datetime.now(UTC)
