"""How often somebody may try: sign-ins, links and mails, per account and per network address.

Counted before any hashing, so that guessing costs the server nothing. Kept in memory, or in Redis when
several processes work together.
"""

from __future__ import annotations

import hashlib
import ipaddress
import math
import time
from collections.abc import Awaitable, Callable
from functools import lru_cache

from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage, Storage
from limits.aio.strategies import FixedWindowRateLimiter
from limits.storage import storage_from_string

from wapto_app import runtime
from wapto_app.log import get_logger
from wapto_app.services.errors import TooMany

log = get_logger(__name__)

# An office behind one address signs in together; one person does not need ten tries.
_SIGN_INS_OF_ADDRESS = parse("60/10 minutes")
_SIGN_INS_OF_ACCOUNT_FROM_ADDRESS = parse("10/10 minutes")
_SIGN_INS_OF_ACCOUNT = parse("100/1 hour")
_FORMS_OF_ADDRESS = parse("20/10 minutes")
_MAILS_TO_ACCOUNT = parse("3/1 hour")
_PASSWORDS_OF_ACCOUNT = parse("10/10 minutes")
_CODES_OF_ADDRESS = parse("60/10 minutes")
_CODES_OF_ACCOUNT = parse("10/10 minutes")
# Three codes of a million are right at a time: at this rate guessing takes longer than anybody lives.
_CODES_OF_ACCOUNT_A_DAY = parse("60/1 day")
_REDIS_SECONDS = 2

Try = tuple[RateLimitItem, str]


async def sign_in(address: str, email: str) -> None:
    """Count a try to sign in; it is forgotten when it succeeds (``sign_in_succeeded``).

    Raises:
        TooMany: saying when the next try is possible.
    """
    network = _network(address)
    await _count(
        (_SIGN_INS_OF_ADDRESS, f"sign-in:{network}"),
        (_SIGN_INS_OF_ACCOUNT_FROM_ADDRESS, f"sign-in:{_digest(email)}:{network}"),
        (_SIGN_INS_OF_ACCOUNT, f"sign-in:{_digest(email)}"),
    )


async def sign_in_succeeded(address: str, email: str) -> None:
    """The tries before were typing errors of the person who has now signed in."""
    key = f"sign-in:{_digest(email)}:{_network(address)}"
    await _counting(lambda limiter: limiter.clear(_SIGN_INS_OF_ACCOUNT_FROM_ADDRESS, key))


async def form(name: str, address: str) -> None:
    """Count one sending of a form that anybody can reach (registration, one-time links)."""
    await _count((_FORMS_OF_ADDRESS, f"{name}:{_network(address)}"))


async def mail(address: str, email: str) -> None:
    """Count a wish for a mail: neither may a mailbox be flooded nor a list of addresses be tried."""
    await _count(
        (_FORMS_OF_ADDRESS, f"mail:{_network(address)}"), (_MAILS_TO_ACCOUNT, f"mail:{_digest(email)}")
    )


async def password(account_id: int) -> None:
    """Count a question for the password of somebody who is signed in."""
    await _count((_PASSWORDS_OF_ACCOUNT, f"password:{account_id}"))


async def code(address: str, account_id: int) -> None:
    """Count a try at a second factor; not forgotten by a right password."""
    await _count(
        (_CODES_OF_ADDRESS, f"code:{_network(address)}"),
        (_CODES_OF_ACCOUNT, f"code:{account_id}"),
        (_CODES_OF_ACCOUNT_A_DAY, f"code-day:{account_id}"),
    )


async def code_succeeded(account_id: int) -> None:
    """The tries before were typing errors; those of the day still count."""
    await _counting(lambda limiter: limiter.clear(_CODES_OF_ACCOUNT, f"code:{account_id}"))


async def _count(*tries: Try) -> None:
    await _counting(lambda limiter: _spend(limiter, tries))


async def _counting(work: Callable[[FixedWindowRateLimiter], Awaitable[None]]) -> None:
    shared = runtime.get()
    try:
        await work(_limiter(shared.settings.redis_url, shared.process_id))
    except TooMany:
        raise
    except Exception as error:  # Redis is away: each process counts for itself
        log.warning("throttle.storage_lost", reason=str(error))
        await work(_limiter("", shared.process_id))


async def _spend(limiter: FixedWindowRateLimiter, tries: tuple[Try, ...]) -> None:
    for limit, key in tries:
        if not await limiter.hit(limit, key):
            window = await limiter.get_window_stats(limit, key)
            raise TooMany(retry_after=max(1, math.ceil(window.reset_time - time.time())))


@lru_cache(maxsize=4)
def _limiter(redis_url: str, _process_id: str) -> FixedWindowRateLimiter:
    return FixedWindowRateLimiter(_storage(redis_url))


def _storage(redis_url: str) -> Storage:
    if not redis_url:
        return MemoryStorage()
    storage = storage_from_string(
        f"async+{redis_url}",
        implementation="redispy",
        key_prefix="wapto:throttle",
        socket_connect_timeout=_REDIS_SECONDS,
        socket_timeout=_REDIS_SECONDS,
    )
    assert isinstance(storage, Storage)
    return storage


def _network(address: str) -> str:
    """The address, or for IPv6 its /64: one household or server owns a whole one."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(parsed.ipv4_mapped or ipaddress.ip_network((parsed, 64), strict=False).network_address)
    return address


def _digest(email: str) -> str:
    return hashlib.sha256(email.encode()).hexdigest()[:32]
