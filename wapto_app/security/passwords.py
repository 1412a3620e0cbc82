"""Passwords: argon2id hashes, made away from the event loop, and a refusal of easily guessed ones."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

from passlib.context import CryptContext
from zxcvbn import zxcvbn

from wapto_app.services.errors import Invalid, TooMany

MIN_LENGTH = 10
MAX_LENGTH = 1024
UNUSABLE = ""
"""Stored instead of a hash while nobody has chosen a password; no password matches it."""

# OWASP Password Storage Cheat Sheet: Argon2id with 19 MiB, two passes, one lane.
_context = CryptContext(
    ["argon2"], argon2__type="ID", argon2__memory_cost=19 * 1024, argon2__time_cost=2, argon2__parallelism=1
)
# Two at a time: a flood of sign-ins must take neither all cores nor the memory of the machine.
_threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="wapto-password")
_MAX_WAITING = 50
_waiting = 0
# 0 is guessed in a thousand tries, 4 in ten thousand million (zxcvbn).
_MIN_SCORE = 2
_RATED_LENGTH = 72

Result = TypeVar("Result")


async def hashed(password: str) -> str:
    """The hash to store for an accepted password."""
    return await _in_thread(lambda: str(_context.hash(password)))


async def verify(password: str, stored: str | None) -> tuple[bool, str | None]:
    """Whether the password matches, and the new hash to store when the old one has outdated parameters.

    ``None`` (no such account) and ``UNUSABLE`` take as long as a wrong password.
    """
    return await _in_thread(lambda: _verify(password, stored))


async def check(password: str, *, own_words: Iterable[str], field: str = "password") -> None:
    """Refuse a password that should not be chosen.

    ``own_words`` are the person's name and e-mail address: whoever guesses starts with them.

    Raises:
        Invalid: when it is too short, too long or too easily guessed; the message says what to do.
    """
    _check_length(password, field)
    words = _words(own_words)
    await _in_thread(lambda: _check_strength(password, words, field))


async def _in_thread(work: Callable[[], Result]) -> Result:
    global _waiting
    if _waiting >= _MAX_WAITING:
        raise TooMany(retry_after=60)
    _waiting += 1
    try:
        return await asyncio.get_running_loop().run_in_executor(_threads, work)
    finally:
        _waiting -= 1


@cache
def _hash_of_nobody() -> str:
    return str(_context.hash("nobody"))


def _verify(password: str, stored: str | None) -> tuple[bool, str | None]:
    nobody = _hash_of_nobody()
    if len(password) > MAX_LENGTH:
        return False, None
    if stored is None or not _context.identify(stored):
        _context.verify(password, nobody)
        return False, None
    matches, outdated = _context.verify_and_update(password, stored)
    return bool(matches), outdated


def _check_length(password: str, field: str) -> None:
    if len(password) < MIN_LENGTH:
        raise Invalid(
            field, f"Use at least {MIN_LENGTH} characters. Four unrelated words are easy to remember."
        )
    if len(password) > MAX_LENGTH:
        raise Invalid(field, f"Use at most {MAX_LENGTH:,} characters.")


def _words(own_words: Iterable[str]) -> list[str]:
    """The single words of names and addresses, and each name written in one."""
    found: set[str] = set()
    for text in own_words:
        parts = [part for part in re.split(r"[\W_]+", text.lower()) if len(part) > 2]
        found.update([*parts, "".join(parts), text.lower()])
    return sorted(found, key=len, reverse=True)


def _check_strength(password: str, own_words: list[str], field: str) -> None:
    rest = password.lower()
    for word in own_words:
        rest = rest.replace(word, "") if len(word) > 3 else rest
    if len(rest) < len(password) and len(rest) < MIN_LENGTH - 4:
        raise Invalid(
            field, "Do not build the password from your name or e-mail address: they are guessed first."
        )
    # Its running time grows faster than the text; what follows cannot make the password weaker.
    rating = zxcvbn(password[:_RATED_LENGTH], user_inputs=own_words)
    if rating["score"] < _MIN_SCORE:
        raise _too_easy(rating["feedback"]["warning"].lower(), field)


def _too_easy(warning: str, field: str) -> Invalid:
    if "common" in warning:
        return Invalid(field, "Common passwords are tried first. Use a few unrelated words.")
    if any(word in warning for word in ("repeat", "sequence", "row", "pattern")):
        return Invalid(field, "Rows and repeats are guessed quickly. Use a few unrelated words.")
    return Invalid(field, "This password is guessed quickly. Use a few unrelated words.")
