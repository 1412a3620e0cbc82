"""The install's own name, colour and logo for every page, before the sign-in too: public, and asked for anew each time.

A colour is a stylesheet of its own and the name a script of its own, so that the strict Content-Security-Policy stays
and no page has to be built again.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from functools import cache

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from wapto_app import runtime
from wapto_app.bundle import ROOT
from wapto_app.services import branding, colours
from wapto_app.services.branding import ACCENT, NAME, Branding, logo_file
from wapto_app.services.errors import NotFound

_FOREVER = "public, max-age=31536000, immutable"


async def _brand() -> Branding:
    async with runtime.get().db.read() as session:
        return await branding.load(session)


async def style(request: Request) -> Response:
    """The accent's tokens; nothing for our own green, which the page knows."""
    return _revalidated(request, stylesheet(await _brand()).encode(), "text/css")


async def script(request: Request) -> Response:
    """The name, for ``brand.jsx``."""
    brand = await _brand()
    name = json.dumps({"name": brand.name})
    text = f'window.waptoBrand = {name};\ndispatchEvent(new Event("wapto-brand"));\n'
    return _revalidated(request, text.encode(), "text/javascript")


async def logo(request: Request) -> Response:
    """The logo of the moment: the admin's picture, else our mark in the install's colour."""
    brand = await _brand()
    if brand.logo:
        path = logo_file(runtime.get().settings.media_dir, brand.logo)
        if await asyncio.to_thread(path.is_file):
            return _revalidated(request, await asyncio.to_thread(path.read_bytes), "image/png")
    return _revalidated(request, _mark().replace(ACCENT, brand.accent).encode(), "image/svg+xml")


async def stored_logo(request: Request) -> Response:
    """A picture under a name that never means another one: for mails."""
    try:
        path = logo_file(runtime.get().settings.media_dir, request.path_params["key"])
    except NotFound:
        return PlainTextResponse("Not Found", 404)
    if not await asyncio.to_thread(path.is_file):
        return PlainTextResponse("Not Found", 404)
    headers = {"cache-control": _FOREVER, "cross-origin-resource-policy": "cross-origin"}
    return FileResponse(path, media_type="image/png", headers=headers)


def stylesheet(brand: Branding) -> str:
    """Unlayered, and so above the tokens of ``assets/wapto.css``."""
    rules = []
    accent = colours.parse(brand.accent)
    if brand.accent != ACCENT and accent is not None:
        light, dark = colours.shades(accent)
        rules = [f":root{{{_tokens(light)}}}", f".dark{{{_tokens(dark)}}}"]
    if brand.name != NAME:
        # Built pages hold our name; it must not flash before the script puts the right one there.
        rules.append(".brand-name:not([data-known]){visibility:hidden}")
    return "\n".join(rules) + "\n"


def _tokens(shades: dict[str, str]) -> str:
    return ";".join(f"--color-{name}:{colour}" for name, colour in shades.items())


@cache
def _mark() -> str:
    return (ROOT / "assets" / "logo.svg").read_text()


def _revalidated(request: Request, body: bytes, media_type: str) -> Response:
    tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
    headers = {"cache-control": "no-cache", "etag": tag}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=media_type, headers=headers)


routes = [
    Route("/brand.css", style),
    Route("/brand.js", script),
    Route("/brand/logo", logo),
    Route("/brand/logo/{key}.png", stored_logo),
]
