"""How fast a number may send."""

from __future__ import annotations

from datetime import timedelta

import pytest

from wapto_app.jobs.pacing import TokenBucket, allowed_rate, backoff, pair_backoff


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def bucket(clock: Clock) -> TokenBucket:
    return TokenBucket(80, clock)


def taken(bucket: TokenBucket, clock: Clock, seconds: float, tick: float = 0.02) -> int:
    """How many leave in a stretch of time when as many as allowed are taken at every tick."""
    count = 0
    for _ in range(round(seconds / tick)):
        clock.now += tick
        room = bucket.available()
        bucket.take(room)
        count += room
    return count


def test_a_full_queue_leaves_just_below_metas_limit(bucket: TokenBucket, clock: Clock) -> None:
    assert taken(bucket, clock, 60) == pytest.approx(60 * 76, rel=0.01)


def test_no_second_ever_exceeds_metas_limit(bucket: TokenBucket, clock: Clock) -> None:
    clock.now += 3600
    assert max(taken(bucket, clock, 1.0) for _ in range(20)) <= 80


def test_a_slow_number_still_sends(clock: Clock) -> None:
    assert taken(TokenBucket(1, clock), clock, 100) == pytest.approx(95, abs=2)


def test_being_told_halves_the_rate_once_and_rests(bucket: TokenBucket, clock: Clock) -> None:
    assert bucket.slow_down(1.0) is True
    assert all(bucket.slow_down(1.0) is False for _ in range(400))
    assert bucket.rate == pytest.approx(38)
    clock.now += 0.5
    assert bucket.available() == 0
    clock.now += 0.6
    assert taken(bucket, clock, 1.0) == pytest.approx(40, abs=4)


def test_the_rate_comes_back_within_half_a_minute(bucket: TokenBucket, clock: Clock) -> None:
    for _ in range(20):
        bucket.slow_down(1.0)
        slowest = bucket.rate
        clock.now += 1.1
    assert slowest == pytest.approx(76 * 0.05, rel=0.5)
    taken(bucket, clock, 31)
    assert bucket.rate == pytest.approx(76)


def test_a_longer_pause_replaces_a_shorter_one(bucket: TokenBucket, clock: Clock) -> None:
    bucket.slow_down(1.0)
    assert bucket.slow_down(60.0) is True
    clock.now += 30
    assert bucket.available() == 0


def test_a_changed_grant_is_followed(bucket: TokenBucket, clock: Clock) -> None:
    bucket.limit_to(20)
    assert bucket.rate == pytest.approx(19)
    bucket.limit_to(1000)
    taken(bucket, clock, 35)
    assert bucket.rate == pytest.approx(950)


def test_meta_grants_more_to_some_numbers_and_less_to_phones() -> None:
    assert [
        allowed_rate(health)
        for health in ({}, {"throughput": "HIGH"}, {"throughput": "HIGH", "on_phone_app": True})
    ] == [
        80.0,
        1000.0,
        20.0,
    ]


@pytest.mark.parametrize(("attempt", "longest"), [(1, 2), (2, 4), (5, 32), (9, 300), (500, 300)])
def test_pauses_grow_with_jitter_up_to_their_cap(attempt: int, longest: float) -> None:
    pauses = {backoff(attempt).total_seconds() for _ in range(50)}
    assert len(pauses) > 10
    assert min(pauses) >= longest / 2
    assert max(pauses) <= longest


def test_a_pair_waits_as_meta_asks() -> None:
    assert [pair_backoff(attempt) for attempt in (1, 2, 3, 4, 9)] == [
        timedelta(seconds=seconds) for seconds in (4, 16, 64, 256, 256)
    ]
