"""``/exports/contacts.csv`` and ``.xlsx``: the contacts of a filter; ``/exports/contact/{id}.zip``: all about one."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from wapto_app import runtime
from wapto_app.clock import utcnow
from wapto_app.security.permissions import Actor
from wapto_app.services.contacts import EVERYONE, ContactFilter, export, privacy
from wapto_app.services.errors import DomainError, Invalid
from wapto_app.web.download import HEADERS, streamed
from wapto_app.web.media import actor_of, refusal

_MOST_IDS = 500
_FILTER: TypeAdapter[ContactFilter] = TypeAdapter(ContactFilter)
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


async def as_csv(request: Request) -> Response:
    """``filter`` is a ``ContactFilter`` as JSON, ``ids`` the marked contacts, with commas; both may be missing."""
    try:
        actor, wanted, ids = await _asked(request)
        parts = await export.csv(runtime.get().db, actor, wanted, ids)
    except DomainError as error:
        return refusal(error)
    return streamed(parts, _name("csv"))


async def as_xlsx(request: Request) -> Response:
    """The same as a workbook."""
    try:
        actor, wanted, ids = await _asked(request)
    except DomainError as error:
        return refusal(error)

    async def write(path: Path) -> None:
        await export.xlsx(runtime.get().db, actor, wanted, path, ids)

    return await _file(write, _name("xlsx"), _XLSX)


async def one(request: Request) -> Response:
    """Everything about one contact."""
    process, contact_id = runtime.get(), int(request.path_params["contact_id"])
    try:
        actor = await actor_of(request)
    except DomainError as error:
        return refusal(error)

    async def write(path: Path) -> None:
        await privacy.export_one(
            process.db, actor, process.settings.media_dir, min(contact_id, 2**31 - 1), path
        )

    return await _file(write, f"contact-{contact_id}.zip", "application/zip")


async def _file(write: Callable[[Path], Awaitable[None]], name: str, media_type: str) -> Response:
    """A file that is written first, and gone once it was sent."""
    path = await asyncio.to_thread(_temporary)
    try:
        await write(path)
    except DomainError as error:
        path.unlink(missing_ok=True)
        return refusal(error)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return _Once(path, media_type=media_type, filename=name, headers=HEADERS)


class _Once(FileResponse):
    """Takes its file away also when whoever asked has left, or asked for a part that there is not."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._remove()

    def _remove(self) -> None:
        """At once, for nothing can be waited for while one is being cancelled."""
        Path(self.path).unlink(missing_ok=True)


def _temporary() -> Path:
    with tempfile.NamedTemporaryFile(prefix="wapto-export-", delete=False) as file:
        return Path(file.name)


def _name(ending: str) -> str:
    return f"contacts-{utcnow():%Y-%m-%d}.{ending}"


async def _asked(request: Request) -> tuple[Actor, ContactFilter, list[int] | None]:
    actor, asked = await actor_of(request), request.query_params
    try:
        given: dict[str, Any] = json.loads(asked.get("filter") or "{}")
        wanted = _FILTER.validate_python({**EVERYONE, **given})
    except (ValueError, TypeError, ValidationError):
        raise Invalid(
            "filter", "This filter cannot be understood. Open the page of contacts again."
        ) from None
    if "ids" not in asked:
        return actor, wanted, None
    ids = [
        int(each)
        for each in asked["ids"].split(",")
        if each.isascii() and each.isdecimal() and len(each) < 10
    ]
    return actor, wanted, ids[:_MOST_IDS]


routes = [
    Route("/exports/contacts.csv", as_csv, methods=["GET"]),
    Route("/exports/contacts.xlsx", as_xlsx, methods=["GET"]),
    Route("/exports/contact/{contact_id:int}.zip", one, methods=["GET"]),
]
