"""The block list of a number."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass

import orjson

from .connection import GraphConnection, never_left, node, retrying
from .errors import GraphError
from .reading import JsonObject, as_object, as_text, objects


@dataclass(frozen=True, slots=True)
class BlockResult:
    """Outcome of blocking or unblocking several people.

    Attributes:
        changed: wa_ids that are now blocked (or no longer blocked).
        failed: For each person that was refused, as it was given to us, the reason.
    """

    changed: tuple[str, ...]
    failed: dict[str, GraphError]


class BlockingCalls(GraphConnection):
    """`/{phone number id}/block_users`. Meta: only people who wrote in the last 24 hours; 64,000 at most."""

    async def block_users(self, phone_number_id: str, users: Iterable[str]) -> BlockResult:
        """Block people by phone number (with `+`)."""
        return await self._change_blocks("POST", phone_number_id, users, "added_users")

    async def unblock_users(self, phone_number_id: str, users: Iterable[str]) -> BlockResult:
        """Unblock people by phone number (with `+`)."""
        return await self._change_blocks("DELETE", phone_number_id, users, "removed_users")

    async def blocked_users(self, phone_number_id: str, *, limit: int = 100) -> AsyncIterator[str]:
        """Yield the wa_ids of everybody who is blocked."""
        path = f"{node(phone_number_id)}/block_users"
        async for entry in self._pages(path, {"limit": limit}, dict):
            # Older pages nest the people one level deeper.
            for user in objects(entry.get("block_users")) if "block_users" in entry else [entry]:
                if wa_id := as_text(user.get("wa_id")):
                    yield wa_id

    async def _change_blocks(
        self, method: str, phone_number_id: str, users: Iterable[str], changed_key: str
    ) -> BlockResult:
        body = {"messaging_product": "whatsapp", "block_users": [{"user": user} for user in users]}
        request = self._request(
            method,
            f"{node(phone_number_id)}/block_users",
            headers=self._write_headers,
            content=orjson.dumps(body),
        )
        # Meta: when only some people were refused, the answer is HTTP 400 and lists both kinds.
        answer = await retrying(never_left, lambda: self._exchange(request(), partial="block_users"))
        return _block_result(as_object(answer.get("block_users")), changed_key)


def _block_result(outcome: JsonObject, changed_key: str) -> BlockResult:
    changed = [
        as_text(user.get("wa_id")) or as_text(user.get("input")) for user in objects(outcome.get(changed_key))
    ]
    failed = {
        as_text(user.get("input")) or as_text(user.get("wa_id")) or "": _reason(user)
        for user in objects(outcome.get("failed_users"))
    }
    return BlockResult(tuple(user for user in changed if user), failed)


def _reason(user: JsonObject) -> GraphError:
    return GraphError.from_body(next(objects(user.get("errors")), None), http_status=400)
