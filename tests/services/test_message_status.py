"""A status never goes backward, whatever order Meta reports in."""

from __future__ import annotations

from itertools import permutations

import pytest

from wapto_app.models import MessageStatus as S
from wapto_app.services.message_status import advance, reported


def after(*news: S, start: S = S.SENDING) -> S:
    status = start
    for each in news:
        status = advance(status, each)
    return status


@pytest.mark.parametrize("order", list(permutations((S.SENT, S.DELIVERED, S.READ, S.PLAYED))))
def test_every_order_of_success_ends_at_the_furthest(order: tuple[S, ...]) -> None:
    assert after(*order) is S.PLAYED


@pytest.mark.parametrize(
    ("news", "end"),
    [
        ((S.SENT, S.FAILED), S.FAILED),
        ((S.FAILED, S.SENT), S.FAILED),
        ((S.FAILED, S.DELIVERED), S.DELIVERED),
        ((S.DELIVERED, S.FAILED), S.DELIVERED),
        ((S.FAILED, S.SENT, S.READ), S.READ),
        ((S.READ, S.FAILED, S.SENT), S.READ),
        ((S.FAILED, S.FAILED), S.FAILED),
    ],
)
def test_a_failure_overrides_only_what_was_not_delivered(news: tuple[S, ...], end: S) -> None:
    assert after(*news) is end


def test_a_report_settles_what_was_unconfirmed_or_queued_again() -> None:
    assert after(S.SENT, start=S.UNCONFIRMED) is S.SENT
    assert after(S.FAILED, start=S.UNCONFIRMED) is S.FAILED
    assert after(S.DELIVERED, start=S.QUEUED) is S.DELIVERED


def test_an_old_failure_does_not_stop_a_new_try() -> None:
    assert after(S.FAILED, start=S.QUEUED) is S.QUEUED


@pytest.mark.parametrize("news", [S.SENT, S.DELIVERED, S.READ, S.PLAYED, S.FAILED])
def test_a_received_message_stays_received(news: S) -> None:
    assert after(news, start=S.RECEIVED) is S.RECEIVED


def test_only_metas_own_words_say_something_about_delivery() -> None:
    assert [reported(word) for word in ("SENT", "read", "deleted", "warning", "", "queued", "received")] == [
        S.SENT,
        S.READ,
        None,
        None,
        None,
        None,
        None,
    ]
