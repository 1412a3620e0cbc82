"""Upload, look-up, download and deletion of files."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import io
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from PIL import Image, UnidentifiedImageError
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException
from starlette.responses import Response

from ..errors import GraphError, invalid, no_such_node
from ..ids import node_id
from ..models import Json, Media
from ..samples import sample_image
from .call import SUCCESS, Call, Handler

if TYPE_CHECKING:
    from ..sandbox import Sandbox

_MEGABYTE = 1024 * 1024
_LIMITS = {"image": 5, "video": 16, "audio": 16, "document": 100, "sticker": 0.5}
_TYPES = {
    "image/jpeg": "image",
    "image/png": "image",
    "image/webp": "sticker",
    "video/mp4": "video",
    "video/3gpp": "video",
    "audio/aac": "audio",
    "audio/amr": "audio",
    "audio/mpeg": "audio",
    "audio/mp4": "audio",
    "audio/ogg": "audio",
    "audio/opus": "audio",
    "text/plain": "document",
    "application/pdf": "document",
    "application/msword": "document",
    "application/vnd.ms-excel": "document",
    "application/vnd.ms-powerpoint": "document",
}
_OFFICE = "application/vnd.openxmlformats-officedocument."
_URL_LIFE = 300


def keep(sandbox: Sandbox, phone_number_id: str, data: bytes, mime_type: str, days: int) -> Media:
    """File bytes under a new media id."""
    media = Media(
        id=node_id(),
        phone_number_id=phone_number_id,
        mime_type=mime_type,
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        created=sandbox.clock.now(),
        kept_days=days,
        data=data,
    )
    sandbox.store.add_media(media)
    return media


async def upload(call: Call, node: str) -> Json:
    """`POST /{PNID}/media`."""
    try:
        form = await call.request.form(max_files=1, max_fields=8, max_part_size=_MEGABYTE)
    except MultiPartException as problem:
        raise invalid(f"The request is not a valid multipart form: {problem.message}") from None
    if form.get("messaging_product") != "whatsapp":
        raise invalid("The parameter messaging_product is required.")
    file = form.get("file")
    if not isinstance(file, UploadFile):
        raise invalid("The parameter file is required.")
    declared = str(form.get("type") or file.content_type or "")
    mime_type = declared.split(";", 1)[0].strip().lower()
    kind = kind_of(mime_type)
    if kind is None:
        names = ", ".join(sorted(_TYPES))
        raise invalid(
            f"Param file must be a file with one of the following types: {names}. Received {declared}"
        )
    data = await file.read()
    _check_file(kind, mime_type, data)
    media = keep(call.sandbox, node, data, declared, 30)
    media.filename = file.filename
    return {"id": media.id}


def kind_of(mime_type: str) -> str | None:
    """Message type a MIME type belongs to."""
    if mime_type.startswith(_OFFICE):
        return "document"
    return _TYPES.get(mime_type)


def _check_file(kind: str, mime_type: str, data: bytes) -> None:
    if not data:
        raise GraphError(131053, "The file is empty.")
    if len(data) > _LIMITS[kind] * _MEGABYTE:
        raise GraphError(
            131053, f"The file is too large: {len(data)} bytes, a {kind} may have {_LIMITS[kind]} MB."
        )
    if kind in ("image", "sticker"):
        _check_image(mime_type, data)


def _check_image(mime_type: str, data: bytes) -> None:
    try:
        with Image.open(io.BytesIO(data)) as image:
            found, size = Image.MIME.get(image.format or ""), image.size
            animated = getattr(image, "is_animated", False)
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError):
        raise GraphError(131053, "The file cannot be read as an image.") from None
    if found != mime_type:
        raise GraphError(131053, f"The file is {found}, not {mime_type}.")
    if mime_type != "image/webp":
        return
    if size != (512, 512):
        raise GraphError(131053, "A sticker must be 512 by 512 pixels.")
    if not animated and len(data) > 100 * 1024:
        raise GraphError(131053, "A static sticker may have 100 KB.")


async def info(call: Call, node: str) -> Json:
    """`GET /{MEDIA_ID}`: a link that lives five minutes."""
    media = _media(call, node)
    return {
        "messaging_product": "whatsapp",
        "url": download_url(call.sandbox, media, call.base_url),
        "mime_type": media.mime_type,
        "sha256": media.sha256,
        "file_size": media.size,
        "id": media.id,
    }


async def delete(call: Call, node: str) -> Json:
    """`DELETE /{MEDIA_ID}`."""
    call.sandbox.store.remove_media(_media(call, node))
    return SUCCESS


def _media(call: Call, node: str) -> Media:
    media = call.sandbox.store.media.get(node)
    if media is None:
        raise no_such_node(node, call.method)
    number = call.query("phone_number_id")
    if number is not None and number != media.phone_number_id:
        raise GraphError(100, message="(#100) Media does not belong to this phone number.")
    if call.sandbox.clock.now() > media.created + media.kept_days * 86_400:
        call.sandbox.store.remove_media(media)
        raise no_such_node(node, call.method)
    return media


def download_url(sandbox: Sandbox, media: Media, base: str | None) -> str | None:
    """A signed link to the bytes; nothing while we do not know our own address."""
    if base is None:
        return None
    expires = str(int(sandbox.clock.now()) + _URL_LIFE)
    query = urlencode({"mid": media.id, "ext": expires, "hash": _sign(sandbox, media.id, expires)})
    return f"{base}/v25.0/lookaside/whatsapp_business/attachments?{query}"


async def download(call: Call, _: str) -> Response:
    """The bytes behind a signed link; the bearer token is needed as well."""
    media_id, expires = call.query("mid") or "", call.query("ext") or ""
    wanted = _sign(call.sandbox, media_id, expires)
    media = call.sandbox.store.media.get(media_id)
    call.authenticate()
    if not hmac.compare_digest(wanted, call.query("hash") or "") or media is None:
        return Response("Not Found", 404)
    if call.sandbox.clock.now() > int(expires):
        return Response("URL signature expired", 404)
    data = call.sandbox.store.file_of(media)
    headers = {"cache-control": "private, no-store", "x-content-type-options": "nosniff"}
    return Response(data, media_type=media.mime_type, headers=headers)


def _sign(sandbox: Sandbox, media_id: str, expires: str) -> str:
    return hmac.new(sandbox.link_key, f"{media_id}:{expires}".encode(), hashlib.sha256).hexdigest()[:32]


async def picture(call: Call, _: str) -> Response:
    """Public pictures of template headers and business profiles, as on Meta's CDN."""
    name, store = call.rest, call.sandbox.store
    if name.startswith("sample-"):
        return Response(sample_image(name), media_type="image/jpeg")
    if flow := store.flows.get(name.removeprefix("flow-")):
        return Response(flow.flow_json or "{}", media_type="application/json")
    try:
        handle = base64.urlsafe_b64decode(name.encode()).decode()
    except (binascii.Error, ValueError):
        return Response("Not Found", 404)
    media = store.media.get(handle)
    if media is None or media.kept_days < 365:
        return Response("Not Found", 404)
    headers = {"x-content-type-options": "nosniff", "content-security-policy": "default-src 'none'; sandbox"}
    return Response(store.file_of(media), media_type=media.mime_type, headers=headers)


EDGES: dict[tuple[str, str, str], Handler] = {
    ("number", "media", "POST"): upload,
    ("media", "", "GET"): info,
    ("media", "", "DELETE"): delete,
}
