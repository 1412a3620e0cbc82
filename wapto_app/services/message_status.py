"""How a message's status may move: forward only, whatever order Meta reports in."""

from __future__ import annotations

from wapto_app.models import MessageStatus as S

_RANK = {
    S.QUEUED: 0,
    S.SENDING: 1,
    S.UNCONFIRMED: 2,
    S.SENT: 3,
    S.FAILED: 3,
    S.DELIVERED: 4,
    S.READ: 5,
    S.PLAYED: 6,
}
_REPORTED = {status.value: status for status in (S.SENT, S.DELIVERED, S.READ, S.PLAYED, S.FAILED)}


def reported(status: str) -> S | None:
    """The status that Meta names; None for one that says nothing about delivery (``deleted``, new ones)."""
    return _REPORTED.get(status.lower())


def advance(current: S, news: S) -> S:
    """The status after hearing ``news``.

    Never backward among sent, delivered, read and played. A failure overrides only what was handed over (what is
    queued is a new try) and not delivered; a late delivery overrides a failure. Meta's reports come in both orders.
    """
    if current is S.RECEIVED:
        return current
    if news is S.FAILED:
        return S.FAILED if _RANK[S.SENDING] <= _RANK[current] <= _RANK[S.SENT] else current
    return news if _RANK[news] > _RANK[current] else current
