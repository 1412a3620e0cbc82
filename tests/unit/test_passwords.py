"""Passwords: what may be chosen, how it is kept, and that nothing is told by the clock."""

from __future__ import annotations

import asyncio
import time
from statistics import median

import pytest
from passlib.context import CryptContext

from wapto_app.security import passwords
from wapto_app.services.errors import Invalid, TooMany

GOOD = "velvet harbour lantern"


async def refusal(password: str, *own_words: str) -> str:
    with pytest.raises(Invalid) as refused:
        await passwords.check(password, own_words=own_words)
    assert refused.value.field == "password"
    return refused.value.message


async def test_hash_is_argon2id_with_the_owasp_parameters() -> None:
    stored = await passwords.hashed(GOOD)
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert GOOD not in stored


async def test_two_hashes_of_one_password_differ() -> None:
    assert await passwords.hashed(GOOD) != await passwords.hashed(GOOD)


@pytest.mark.parametrize("password", [GOOD, "p" * 1024, "नमस्ते दुनिया ✓", "with\ttab and 'quotes'; --"])
async def test_right_password_matches_and_another_does_not(password: str) -> None:
    stored = await passwords.hashed(password)
    assert await passwords.verify(password, stored) == (True, None)
    assert await passwords.verify(password + "x", stored) == (False, None)
    assert await passwords.verify(password.swapcase() + " ", stored) == (False, None)


async def test_outdated_parameters_are_replaced_when_the_password_is_right() -> None:
    weak = CryptContext(["argon2"], argon2__type="ID", argon2__memory_cost=8192, argon2__time_cost=1).hash(
        GOOD
    )
    matches, new_hash = await passwords.verify(GOOD, weak)
    assert matches
    assert new_hash is not None
    assert await passwords.verify(GOOD, new_hash) == (True, None)
    assert await passwords.verify("wrong password", weak) == (False, None)


@pytest.mark.parametrize("stored", [None, passwords.UNUSABLE, "!", "$2b$12$abcdefghijklmnopqrstuv"])
async def test_nobody_signs_in_without_a_stored_password(stored: str | None) -> None:
    for guess in ("", "nobody", passwords.UNUSABLE):
        assert await passwords.verify(guess, stored) == (False, None)


async def test_unknown_account_takes_as_long_as_a_wrong_password() -> None:
    stored = await passwords.hashed(GOOD)

    async def seconds(kept: str | None) -> float:
        started = time.process_time()  # what others do on this machine does not count
        await passwords.verify("wrong password", kept)
        return time.process_time() - started

    await seconds(None)
    known = median([await seconds(stored) for _ in range(9)])
    unknown = median([await seconds(None) for _ in range(9)])
    assert 0.5 < unknown / known < 2


async def test_overlong_password_is_refused_without_hashing() -> None:
    stored = await passwords.hashed(GOOD)
    assert await passwords.verify("x" * 1025, stored) == (False, None)


async def test_short_and_overlong_passwords_may_not_be_chosen() -> None:
    assert "at least 10" in await refusal("x7Kp2q9Lm")
    assert "at most 1,024" in await refusal("x7Kp2q9Lm4" * 103)


@pytest.mark.parametrize(
    "password", ["password12", "qwertyuiop", "1234567890", "aaaaaaaaaa", "iloveyou123", "abcabcabcabc" * 80]
)
async def test_common_password_may_not_be_chosen_and_the_refusal_helps(password: str) -> None:
    message = await refusal(password)
    assert "unrelated words" in message


@pytest.mark.parametrize("password", ["olgaowner1", "Olga.Owner!", "OLGA@seaside.example", "seasideolga24"])
async def test_own_name_and_address_may_not_make_up_the_password(password: str) -> None:
    assert await refusal(password, "Olga Owner", "olga@seaside.example")


@pytest.mark.parametrize("password", [GOOD, "x7Kp2q9Lm4", "Zügig durch die Heide", "מים שקטים חודרים עמוק"])
async def test_good_password_may_be_chosen(password: str) -> None:
    await passwords.check(password, own_words=["Olga Owner", "olga@seaside.example"])


async def test_hashing_does_not_block_the_event_loop() -> None:
    longest = 0.0

    async def watch() -> None:
        nonlocal longest
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0)
            longest = max(longest, time.perf_counter() - before)

    watcher = asyncio.create_task(watch())
    started = time.perf_counter()
    await asyncio.gather(*(passwords.hashed(GOOD) for _ in range(8)))
    total = time.perf_counter() - started
    watcher.cancel()
    assert longest < total / 2


async def test_flood_is_turned_away_instead_of_queued() -> None:
    results = await asyncio.gather(*(passwords.verify("x", None) for _ in range(70)), return_exceptions=True)
    turned_away = [result for result in results if isinstance(result, TooMany)]
    assert len(turned_away) == 20
    assert await passwords.verify("x", None) == (False, None)
