"""Lets the ``stripe`` library speak through a pool that the process shares."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, NoReturn

import httpx
import stripe

from integrations.whatsapp.network import NETWORK_ERRORS

SECONDS = 30.0

# It logs every call with its ids at INFO.
logging.getLogger("stripe").setLevel(logging.WARNING)


class PooledHttp(stripe.HTTPClient):
    """The library opens a pool of its own for each client, which nobody would close. The caller closes this one."""

    name = "wapto"

    def __init__(self, http: httpx.AsyncClient) -> None:
        super().__init__()
        self._http = http

    async def sleep_async(self, secs: float) -> None:
        await asyncio.sleep(secs)

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        try:
            answer = await self._http.request(
                method, url, headers=dict(headers), content=post_data or None, timeout=SECONDS
            )
        except NETWORK_ERRORS as error:
            self._lost(error)
        return answer.content, answer.status_code, answer.headers

    def request(self, *_arguments: Any, **_more: Any) -> NoReturn:
        raise RuntimeError("Only the library's ..._async calls are for use here.")

    async def close_async(self) -> None:
        """The pool is not ours to close."""

    @staticmethod
    def _lost(error: Exception) -> NoReturn:
        # The library repeats it with the same idempotency key, so that nothing is done twice.
        raise stripe.APIConnectionError(  # type: ignore[no-untyped-call]
            type(error).__name__, should_retry=True
        ) from error
