"""The session cookie, and a short memory of who is behind it."""

from __future__ import annotations

import asyncio
import contextlib
import time

from starlette.requests import cookie_parser

from wapto_app import runtime
from wapto_app.db import WriterStopped
from wapto_app.live import LiveHub
from wapto_app.security.permissions import Actor
from wapto_app.services import sessions

COOKIE = "wapto_session"
# A revoked session ends at once where its topic is heard (``listen``), and within this time elsewhere.
REMEMBER_SECONDS = 3.0
_MAX_REMEMBERED = 10_000

_memory: dict[str, tuple[float, Actor | None]] = {}
_noted: dict[int, float] = {}
_notes: set[asyncio.Task[None]] = set()
_forgotten = 0


def token_in(cookie_header: str) -> str:
    """The session token of a Cookie header, or an empty text.

    Read as browsers and our routes do: what another program on the same host has set must not lock anybody out.
    """
    return cookie_parser(cookie_header or "").get(COOKIE, "")


async def actor_of(cookie_header: str) -> Actor | None:
    """Who sent this Cookie header; None when nobody is signed in."""
    token = token_in(cookie_header)
    if not token:
        return None
    known = _memory.get(token)
    if known and known[0] > time.monotonic():
        return known[1]
    before = _forgotten
    async with runtime.get().db.read() as session:
        actor = await sessions.actor_of_cookie(session, token)
    if before == _forgotten:  # else it may have been revoked while we read
        _remember(token, actor)
    if actor is not None:
        _note_seen(actor)
    return actor


def forget(account_id: int | None = None) -> None:
    """Look sessions up again: of one account, or of everybody."""
    global _forgotten
    _forgotten += 1
    for token, (_until, actor) in list(_memory.items()):
        if account_id is None or actor is None or account_id in (actor.account_id, actor.viewer_id):
            _memory.pop(token, None)


def listen(hub: LiveHub) -> None:
    """Forget an account as soon as any process changes its rights or sessions."""
    prefix = sessions.account_topic(None).removesuffix("None")

    def heard(topics: frozenset[str]) -> None:
        for topic in topics:
            number = topic.removeprefix(prefix)
            if topic.startswith(prefix) and number.isdecimal():
                forget(int(number))

    hub.listen(heard)


def _remember(token: str, actor: Actor | None) -> None:
    if len(_memory) > _MAX_REMEMBERED:
        _memory.clear()
    _memory[token] = (time.monotonic() + REMEMBER_SECONDS, actor)


def _note_seen(actor: Actor) -> None:
    """Bring ``last_seen_at`` up to date now and then, without keeping the request waiting."""
    session_id = actor.session_id or 0
    now = time.monotonic()
    if now - _noted.get(session_id, -1e9) < sessions.SEEN_EVERY.total_seconds():
        return
    if len(_noted) > _MAX_REMEMBERED:
        _noted.clear()
    _noted[session_id] = now
    task = asyncio.create_task(_write_seen(session_id))
    _notes.add(task)
    task.add_done_callback(_notes.discard)


async def _write_seen(session_id: int) -> None:
    with contextlib.suppress(WriterStopped):
        await runtime.get().writer.run(sessions.note_seen, session_id)
