"""How often somebody may try."""

from __future__ import annotations

import pytest
import time_machine

from wapto_app.runtime import Runtime
from wapto_app.security import throttle
from wapto_app.services.errors import TooMany

pytestmark = pytest.mark.usefixtures("runtime")


async def tries(address: str, email: str, limit: int = 200) -> int:
    """How many sign-ins are let through."""
    for count in range(limit):
        try:
            await throttle.sign_in(address, email)
        except TooMany:
            return count
    return limit


async def test_one_account_from_one_address_gets_ten_tries() -> None:
    assert await tries("192.0.2.1", "olga@example.com") == 10
    assert await tries("192.0.2.1", "ben@example.com") == 10


async def test_one_address_cannot_try_many_accounts() -> None:
    allowed = 0
    for number in range(100):
        allowed += await tries("192.0.2.1", f"{number}@example.com", limit=1)
    assert allowed == 60


async def test_one_account_cannot_be_tried_from_everywhere() -> None:
    allowed = 0
    for number in range(120):
        allowed += await tries(f"192.0.2.{number}", "olga@example.com", limit=1)
    assert allowed == 100


async def test_the_addresses_of_one_ipv6_network_count_together() -> None:
    assert await tries("2001:db8::1", "olga@example.com") == 10
    assert await tries("2001:db8::ffff:2", "olga@example.com") == 0
    assert await tries("2001:db8:0:1::1", "olga@example.com") == 10


async def test_success_forgets_the_failed_tries() -> None:
    await tries("192.0.2.1", "olga@example.com", limit=9)
    await throttle.sign_in_succeeded("192.0.2.1", "olga@example.com")
    assert await tries("192.0.2.1", "olga@example.com") == 10


@pytest.mark.sqlite_only  # Redis keeps its own time
async def test_refusal_says_when_the_next_try_is_possible_and_it_is_true() -> None:
    with time_machine.travel("2026-11-20T10:00:00Z", tick=False) as clock:
        assert await tries("192.0.2.1", "olga@example.com") == 10
        clock.shift(120)
        with pytest.raises(TooMany) as refused:
            await throttle.sign_in("192.0.2.1", "olga@example.com")
        assert "Wait 8 minutes" in refused.value.message
        clock.shift(refused.value.retry_after - 2)
        with pytest.raises(TooMany):
            await throttle.sign_in("192.0.2.1", "olga@example.com")
        clock.shift(3)
        await throttle.sign_in("192.0.2.1", "olga@example.com")


async def test_a_mailbox_cannot_be_flooded_from_many_addresses() -> None:
    for number in range(3):
        await throttle.mail(f"192.0.2.{number}", "olga@example.com")
    with pytest.raises(TooMany):
        await throttle.mail("192.0.2.9", "olga@example.com")
    await throttle.mail("192.0.2.9", "ben@example.com")


async def test_forms_are_counted_apart() -> None:
    for _ in range(20):
        await throttle.form("setup", "192.0.2.1")
    with pytest.raises(TooMany):
        await throttle.form("setup", "192.0.2.1")
    await throttle.form("register", "192.0.2.1")


async def test_lost_redis_still_throttles(runtime: Runtime) -> None:
    runtime.settings.redis_url = "redis://127.0.0.1:9/0"
    assert await tries("192.0.2.1", "olga@example.com") == 10
    await throttle.sign_in_succeeded("192.0.2.1", "olga@example.com")
    assert await tries("192.0.2.1", "olga@example.com") == 10
