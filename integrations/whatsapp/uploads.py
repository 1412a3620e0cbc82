"""Resumable uploads: the handles that template headers and profile pictures need."""

from __future__ import annotations

from .connection import GraphConnection, Params, node
from .errors import Ambiguous, NoAnswer
from .reading import as_int, as_text


class UploadCalls(GraphConnection):
    """`/{app}/uploads`. Meta: pdf, jpeg, png, mp4 (and gif as mp4) only."""

    async def upload_handle(self, data: bytes, mime_type: str, filename: str, *, app_id: str = "app") -> str:
        """Upload a sample file and return its handle; continues once if the connection breaks.

        The handle goes into `example.header_handle` of a template or into `profile_picture_handle`.
        """
        session = await self.start_upload(len(data), mime_type, filename, app_id=app_id)
        try:
            return await self.continue_upload(session, data)
        except NoAnswer:
            offset = await self.upload_offset(session)
        return await self.continue_upload(session, data, offset)

    async def start_upload(
        self, file_length: int, mime_type: str, filename: str, *, app_id: str = "app"
    ) -> str:
        """Open an upload session and return its id (`upload:…`). `app` means the app of the token."""
        params: Params = {"file_length": file_length, "file_type": mime_type, "file_name": filename}
        answer = await self._write("POST", f"{node(app_id)}/uploads", None, params)
        session = as_text(answer.get("id"))
        if session is None:
            raise Ambiguous("Meta opened an upload without an id")
        return session

    async def continue_upload(self, session: str, data: bytes, offset: int = 0) -> str:
        """Send the bytes from `offset` on and return the handle, which must be passed on unchanged."""
        headers = self._upload_headers | {"file_offset": str(offset)}
        request = self._request("POST", session, headers=headers, content=data[offset:])
        handle = as_text((await self._exchange(request())).get("h"))
        if handle is None:
            raise Ambiguous("Meta took the upload without a handle")
        return handle

    async def upload_offset(self, session: str) -> int:
        """Return how many bytes of an interrupted upload have arrived."""
        request = self._request("GET", session, headers=self._upload_headers)
        return as_int((await self._exchange(request())).get("file_offset")) or 0

    @property
    def _upload_headers(self) -> dict[str, str]:
        # Meta: this endpoint wants the scheme "OAuth" instead of "Bearer".
        return self._headers | {"Authorization": f"OAuth {self._token}"}
