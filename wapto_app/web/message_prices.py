"""``/message-prices``: the owner uploads a table of what Meta takes for a message."""

from __future__ import annotations

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from wapto_app import runtime
from wapto_app.log import get_logger
from wapto_app.security.permissions import Permission
from wapto_app.services.campaigns import prices
from wapto_app.services.errors import DomainError, Invalid
from wapto_app.web.body import TooLarge
from wapto_app.web.media import actor_of, received, refusal

log = get_logger(__name__)

MOST_BYTES = 2 * 1024 * 1024


async def upload(request: Request) -> Response:
    """The raw bytes of one table, which replaces the one that is there. Answers with how many markets it has."""
    try:
        actor = await actor_of(request)
        actor.require(Permission.SETTINGS_DO)
        async with received(request, MOST_BYTES) as temporary:
            markets = await prices.replace(runtime.get().db, actor, temporary)
    except DomainError as error:
        return refusal(error)
    except TooLarge:
        return refusal(Invalid("file", f"A table may have at most {MOST_BYTES // 2**20} MB."))
    except ClientDisconnect:
        return JSONResponse({"error": "The upload was interrupted."}, 400)
    except OSError as error:
        log.error("message_prices.write_failed", reason=str(error))
        return JSONResponse({"error": "The server could not store the file. Its disk may be full."}, 507)
    return JSONResponse({"key": str(markets)})


routes = [Route("/message-prices", upload, methods=["POST"])]
