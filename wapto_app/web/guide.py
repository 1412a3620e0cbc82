"""``/guide/…``: the documentation that comes with this version, readable from the pages that need it."""

from __future__ import annotations

import asyncio
import html
from functools import lru_cache
from pathlib import Path

from markdown_it import MarkdownIt
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from wapto_app.bundle import ROOT

DOCS = ROOT / "docs"
_PICTURES = {".png": "image/png", ".svg": "image/svg+xml"}
# Our own texts, but HTML in them is shown rather than run all the same.
_markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} · Wapto</title>
<link rel="icon" href="/favicon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/guide.css">
</head>
<body><main>{body}</main></body>
</html>
"""


def _inside(name: str) -> Path | None:
    """The file of that name, if it lies in the folder of the documentation."""
    path = (DOCS / name).resolve()
    return path if path.is_relative_to(DOCS) and path.is_file() else None


@lru_cache(maxsize=64)
def _rendered(path: Path) -> str:
    text = path.read_text("utf-8")
    title = text.lstrip().partition("\n")[0].lstrip("# ")
    return _PAGE.format(title=html.escape(title), body=_markdown.render(text))


async def guide(request: Request) -> Response:
    """A page of the documentation, or one of its pictures."""
    path = await asyncio.to_thread(_inside, request.path_params["name"])
    if path is not None and path.suffix == ".md":
        return HTMLResponse(await asyncio.to_thread(_rendered, path))
    if path is not None and path.suffix in _PICTURES:
        return FileResponse(path, media_type=_PICTURES[path.suffix])
    return PlainTextResponse("Not Found", 404)


routes = [Route("/guide/{name:path}", guide)]
