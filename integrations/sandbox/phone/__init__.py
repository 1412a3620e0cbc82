"""The phone on screen: a JSON API and the page that uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import Route

from ..web import route
from . import files, messages, people

if TYPE_CHECKING:
    from ..sandbox import Sandbox


def phone_routes(sandbox: Sandbox) -> list[Route]:
    """The page, its files and everything under `/phone`."""
    one = "/phone/customers/{customer_id}"
    return [
        route(sandbox, "/", files.index),
        route(sandbox, "/page/{name}", files.static),
        route(sandbox, "/events", files.events),
        route(sandbox, "/phone/customers", people.listing),
        route(sandbox, "/phone/customers", people.create, "POST"),
        route(sandbox, one, people.read),
        route(sandbox, one, people.change, "POST"),
        route(sandbox, one, people.remove, "DELETE"),
        route(sandbox, f"{one}/messages", messages.listing),
        route(sandbox, f"{one}/messages", messages.send, "POST"),
        route(sandbox, f"{one}/open", messages.open_chat, "POST"),
        route(sandbox, f"{one}/block", people.block, "POST"),
        route(sandbox, f"{one}/unblock", people.unblock, "POST"),
        route(sandbox, f"{one}/marketing", people.marketing, "POST"),
        route(sandbox, "/phone/media", files.upload, "POST"),
        route(sandbox, "/phone/media/{media_id}", files.media),
        route(sandbox, "/phone/link", files.link),
        route(sandbox, "/phone/flows/{flow_id}", files.flow),
    ]
