"""The one gate in front of every send."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from wapto_app.models import ChannelStatus
from wapto_app.services.errors import (
    Blocked,
    DomainError,
    NeedsReconnect,
    NotConnected,
    OptedOut,
    WindowClosed,
)
from wapto_app.services.outbox import Facts, check, window_closes_at

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
FINE = Facts(
    ChannelStatus.CONNECTED, "Harbour Homes", NOW - timedelta(hours=1), opted_out=False, blocked=False
)


def test_an_open_window_lets_everything_pass() -> None:
    check(FINE, "text", NOW)


@pytest.mark.parametrize(
    ("facts", "refusal"),
    [
        (replace(FINE, channel_status=ChannelStatus.DISCONNECTED), NotConnected),
        (replace(FINE, channel_status=ChannelStatus.RECONNECT), NeedsReconnect),
        (replace(FINE, blocked=True), Blocked),
        (replace(FINE, opted_out=True), OptedOut),
        (replace(FINE, last_inbound_at=None), WindowClosed),
    ],
)
def test_each_reason_is_said_by_its_own_name(facts: Facts, refusal: type[DomainError]) -> None:
    with pytest.raises(refusal):
        check(facts, "text", NOW)


@pytest.mark.parametrize("kind", ["text", "image", "reaction", "interactive", "location"])
def test_the_window_closes_after_exactly_24_hours(kind: str) -> None:
    closed = replace(FINE, last_inbound_at=NOW - timedelta(hours=24))
    with pytest.raises(WindowClosed):
        check(closed, kind, NOW)
    check(closed, kind, NOW - timedelta(microseconds=1))


def test_a_template_needs_no_window_but_everything_else() -> None:
    check(replace(FINE, last_inbound_at=None), "template", NOW)
    with pytest.raises(OptedOut):
        check(replace(FINE, last_inbound_at=None, opted_out=True), "template", NOW)


def test_a_customer_who_never_wrote_has_no_window() -> None:
    assert window_closes_at(None) is None
    assert window_closes_at(NOW) == NOW + timedelta(hours=24)
