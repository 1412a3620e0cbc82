"""Files: upload to send, look up and download what customers sent, delete."""

from __future__ import annotations

import asyncio
import hashlib
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import BinaryIO

import httpx
import orjson

from .connection import GraphConnection, never_left, node, retrying, success, worth_rereading
from .errors import Ambiguous, GraphError, MediaExpired, MediaTooLarge
from .network import NETWORK_ERRORS, network_failure
from .reading import JsonObject, as_int, as_text

MAX_MEDIA_BYTES = 100 * 1024 * 1024
"""Meta: the largest file in either direction (documents); larger inbound files fail with 131052."""

_UPLOAD_SECONDS = 300
_MAX_REDIRECTS = 3
_META_HOSTS = (".fbsbx.com", ".facebook.com", ".whatsapp.net")


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """Where a stored file is.

    Attributes:
        id: Media id. Meta: 7 days for ids from webhooks, 30 days for our uploads.
        url: Link that needs the access token. Meta: it lives 5 minutes.
        mime_type: Type, may carry parameters (`audio/ogg; codecs=opus`).
        sha256: Digest, in hex or base64; compare with `same_digest`.
        file_size: Bytes.
    """

    id: str
    url: str
    mime_type: str | None = None
    sha256: str | None = None
    file_size: int | None = None

    @classmethod
    def from_json(cls, answer: JsonObject) -> MediaInfo:
        """Read an answer of `GET /{media id}`."""
        return cls(
            id=as_text(answer.get("id")) or "",
            url=as_text(answer.get("url")) or "",
            mime_type=as_text(answer.get("mime_type")),
            sha256=as_text(answer.get("sha256")),
            file_size=as_int(answer.get("file_size")),
        )


class MediaStream:
    """An open download: iterate over it to get the bytes in chunks.

    Attributes:
        mime_type: What the server says it is.
        size: Bytes announced by the server; None when it did not say.
    """

    def __init__(self, response: httpx.Response, max_bytes: int) -> None:
        self._response = response
        self._max_bytes = max_bytes
        self.mime_type = response.headers.get("content-type")
        self.size = as_int(response.headers.get("content-length"))
        if self.size is not None and self.size > max_bytes:
            raise MediaTooLarge(max_bytes)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        received = 0
        try:
            async for chunk in self._response.aiter_bytes():
                received += len(chunk)
                if received > self._max_bytes:
                    raise MediaTooLarge(self._max_bytes)
                yield chunk
        except NETWORK_ERRORS as exc:
            raise network_failure(exc, self._response.request) from None

    async def read(self) -> bytes:
        """Return the whole file."""
        return b"".join([chunk async for chunk in self])


class MediaCalls(GraphConnection):
    """`/{phone number id}/media`, `/{media id}` and the download hosts."""

    async def upload_media(
        self, phone_number_id: str, data: bytes | str | PathLike[str], mime_type: str, filename: str
    ) -> str:
        """Upload a file and return its media id, good for 30 days on this number.

        Args:
            phone_number_id: The number that will send it.
            data: The bytes, or the path of a file, which is then read in pieces.
            mime_type: Meta checks it against the content (error 131053).
            filename: Name of the part; a document's visible name is set when sending.
        """
        try:
            async with asyncio.timeout(_UPLOAD_SECONDS):
                answer = await retrying(
                    never_left, lambda: self._upload_once(phone_number_id, data, mime_type, filename)
                )
        except TimeoutError:
            raise Ambiguous(f"an upload took longer than {_UPLOAD_SECONDS} seconds") from None
        media_id = as_text(answer.get("id"))
        if media_id is None:
            raise Ambiguous("Meta answered an upload without a media id")
        return media_id

    async def media_info(self, media_id: str, phone_number_id: str | None = None) -> MediaInfo:
        """Return a fresh download link. With `phone_number_id` Meta checks that it owns the file."""
        return MediaInfo.from_json(await self._get(node(media_id), _owner(phone_number_id)))

    async def delete_media(self, media_id: str, phone_number_id: str | None = None) -> bool:
        """Delete a stored file at Meta."""
        return success(await self._delete(node(media_id), _owner(phone_number_id)))

    @asynccontextmanager
    async def download_media(
        self, url: str, *, max_bytes: int = MAX_MEDIA_BYTES
    ) -> AsyncIterator[MediaStream]:
        """Open a download: `async with graph.download_media(info.url) as file: data = await file.read()`.

        The access token goes only to the API's own host and to Meta's file hosts.

        Raises:
            MediaExpired: The link is too old (5 minutes); get a new one with `media_info`.
            MediaTooLarge: More than `max_bytes`.
        """
        response = await retrying(worth_rereading, lambda: self._open(url))
        try:
            yield MediaStream(response, max_bytes)
        finally:
            await response.aclose()

    async def _upload_once(
        self, phone_number_id: str, data: bytes | str | PathLike[str], mime_type: str, filename: str
    ) -> JsonObject:
        async with await _opened(data) as content:
            request = self._request(
                "POST",
                f"{node(phone_number_id)}/media",
                data={"messaging_product": "whatsapp", "type": mime_type},
                files={"file": (filename, content, mime_type)},
            )
            return await self._exchange(request())

    async def _open(self, url: str) -> httpx.Response:
        target = httpx.URL(url)
        for _ in range(_MAX_REDIRECTS + 1):
            response = await self._open_once(target)
            location = response.headers.get("location")
            if not response.is_redirect or not location:
                return response
            await response.aclose()
            target = target.join(location)
        raise Ambiguous(f"{target.host}: too many redirects")

    async def _open_once(self, url: httpx.URL) -> httpx.Response:
        request = httpx.Request("GET", url, headers=self._download_headers(url), extensions=self._extensions)
        try:
            response = await self._http.send(request, stream=True)
            if response.status_code >= 400:
                await response.aread()
        except NETWORK_ERRORS as exc:
            raise network_failure(exc, request) from None
        if response.status_code >= 400:
            await response.aclose()
            raise _download_refusal(response)
        return response

    def _download_headers(self, url: httpx.URL) -> dict[str, str]:
        # Meta's file hosts answer some unknown clients with an error page, so a name is always sent.
        headers = {"User-Agent": "wapto", "Accept": "*/*", "Accept-Encoding": "identity"}
        if self._token and self._is_trusted(url):
            headers["Authorization"] = f"Bearer {self._token}"
        return headers

    def _is_trusted(self, url: httpx.URL) -> bool:
        if url.host == self._base.host:
            return url.scheme in ("https", self._base.scheme)
        return url.scheme == "https" and url.host.endswith(_META_HOSTS)


def same_digest(data_sha256: bytes, reported: str) -> bool:
    """Compare a raw SHA-256 with what Meta reports: base64 in webhooks, hex from `media_info`."""
    return reported in (data_sha256.hex(), b64encode(data_sha256).decode())


def digest(data: bytes) -> bytes:
    """Return the raw SHA-256 of a file, for `same_digest`."""
    return hashlib.sha256(data).digest()


async def _opened(data: bytes | str | PathLike[str]) -> AbstractAsyncContextManager[bytes | BinaryIO]:
    if isinstance(data, bytes):
        return nullcontext(data)
    return _closing(await asyncio.to_thread(Path(data).open, "rb"))


@asynccontextmanager
async def _closing(file: BinaryIO) -> AsyncIterator[BinaryIO]:
    try:
        yield file
    finally:
        await asyncio.to_thread(file.close)


def _owner(phone_number_id: str | None) -> dict[str, str]:
    return {"phone_number_id": phone_number_id} if phone_number_id else {}


def _download_refusal(response: httpx.Response) -> GraphError | Ambiguous | MediaExpired:
    status = response.status_code
    if status in (404, 410):
        return MediaExpired(f"the download link is no longer valid (HTTP {status})")
    if status >= 500:
        return Ambiguous(f"HTTP {status} from the file host")
    try:
        error = orjson.loads(response.content).get("error")
    except (orjson.JSONDecodeError, AttributeError):
        error = None
    return GraphError.from_body(error, status)
