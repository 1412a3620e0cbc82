"""Resumable uploads: handles for template headers and profile pictures."""

from __future__ import annotations

import base64
import re
import secrets
from typing import TYPE_CHECKING

from ..errors import GraphError, invalid, no_such_node
from ..models import Json, Media, Upload
from .call import Call, Handler
from .media import keep

if TYPE_CHECKING:
    from ..sandbox import Sandbox

_TYPES = frozenset({"application/pdf", "image/jpeg", "image/jpg", "image/png", "video/mp4", "image/gif"})
_FOREVER = 3650
_HANDLE = re.compile(r"^4::[A-Za-z0-9+/=]+:AR(\d+)x")


async def begin(call: Call, _: str) -> Json:
    """`POST /app/uploads`."""
    mime_type = str(await call.require("file_type"))
    length = str(await call.require("file_length"))
    if mime_type not in _TYPES:
        raise invalid(f"Param file_type must be one of {', '.join(sorted(_TYPES))}")
    if not length.isdecimal() or not 0 < int(length) <= 100 * 1024 * 1024:
        raise invalid("Param file_length must be the number of bytes, at most 100 MB.")
    serial = base64.urlsafe_b64encode(secrets.token_bytes(18)).decode()
    upload = Upload(
        id=f"upload:{serial}",
        mime_type=mime_type,
        length=int(length),
        filename=str((await call.params()).get("file_name") or "file"),
    )
    call.sandbox.store.uploads[upload.id] = upload
    return {"id": f"{upload.id}?sig=AR{secrets.token_hex(8)}"}


async def receive(call: Call, node: str) -> Json:
    """`POST /{upload id}`: the bytes from `file_offset` on."""
    upload = _upload(call, node)
    offset = call.request.headers.get("file_offset", "")
    if not offset.isdecimal() or int(offset) != len(upload.received):
        raise invalid(f"The header file_offset must be {len(upload.received)}.")
    upload.received += await call.request.body()
    if len(upload.received) > upload.length:
        raise invalid("More bytes were sent than file_length announced.")
    if len(upload.received) < upload.length:
        return {"id": upload.id, "file_offset": len(upload.received)}
    if upload.handle is None:
        upload.handle = _finish(call.sandbox, upload)
    return {"h": upload.handle}


async def progress(call: Call, node: str) -> Json:
    """`GET /{upload id}`: where to go on after a break."""
    upload = _upload(call, node)
    return {"id": upload.id, "file_offset": len(upload.received)}


def _upload(call: Call, node: str) -> Upload:
    if not call.request.headers.get("authorization", "").startswith("OAuth "):
        raise GraphError(100, message="(#100) Uploads are authorised with 'OAuth <token>', not 'Bearer'.")
    upload = call.sandbox.store.uploads.get(node)
    if upload is None:
        raise no_such_node(node, call.method)
    return upload


def _finish(sandbox: Sandbox, upload: Upload) -> str:
    media = keep(sandbox, "", bytes(upload.received), upload.mime_type, _FOREVER)
    kind = base64.b64encode(upload.mime_type.encode()).decode()
    return f"4::{kind}:AR{media.id}x{secrets.token_urlsafe(24)}"


def media_of_handle(sandbox: Sandbox, handle: str) -> Media | None:
    """The file behind a handle, if it was ever given out."""
    found = _HANDLE.match(handle)
    return sandbox.store.media.get(found[1]) if found else None


def picture_url(sandbox: Sandbox, handle: str, base: str) -> str:
    """The CDN address that Meta returns in place of a handle."""
    if handle.startswith("sample:"):
        return f"{base}/v25.0/cdn/sample-{handle.removeprefix('sample:')}.jpg"
    media = media_of_handle(sandbox, handle)
    if media is None:
        return handle
    return f"{base}/v25.0/cdn/{base64.urlsafe_b64encode(media.id.encode()).decode()}"


EDGES: dict[tuple[str, str, str], Handler] = {
    ("app", "uploads", "POST"): begin,
    ("upload", "", "POST"): receive,
    ("upload", "", "GET"): progress,
}
