"""Is the process alive (``/healthz``), and can it do its work (``/readyz``)?"""

from __future__ import annotations

import asyncio

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from wapto_app import runtime
from wapto_app.clock import utcnow
from wapto_app.log import get_logger
from wapto_app.models import Lease

log = get_logger(__name__)

PATIENCE_SECONDS = 2.0
_LEADER = "leader"


async def alive(_request: Request) -> Response:
    return JSONResponse({"alive": True})


async def ready(_request: Request) -> Response:
    """200 when the database answers and some process runs the ticks, else 503 and which one is missing."""
    database, leader = await _state()
    return JSONResponse({"database": database, "leader": leader}, 200 if database and leader else 503)


async def _state() -> tuple[bool, bool]:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS), runtime.get().db.read() as session:
            await session.exec(sa.text("SELECT 1"))  # type: ignore[call-overload]
            return True, await has_leader(session)
    except Exception as error:
        log.warning("health.not_ready", reason=str(error))
        return False, False


async def has_leader(session: AsyncSession) -> bool:
    """Whether the leader of the scheduler has shown itself lately, in this or any other process."""
    found = await session.exec(
        select(Lease.name).where(Lease.name == _LEADER, col(Lease.expires_at) > utcnow())
    )
    return found.first() is not None


routes = [Route("/healthz", alive), Route("/readyz", ready)]
