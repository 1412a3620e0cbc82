"""Threads as the phone sees them, and everything a customer can send."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.datastructures import UploadFile
from starlette.requests import Request

from ..errors import invalid
from ..models import Customer, Json, Number
from ..web import json_body
from .inbound import compose
from .people import customer_of, number_of
from .view import show_message

if TYPE_CHECKING:
    from ..sandbox import Sandbox


async def listing(sandbox: Sandbox, request: Request) -> Json:
    """A thread, oldest first; `after` is the `seq` already known, `limit` the newest so many."""
    customer = customer_of(sandbox, request)
    query = request.query_params
    number = number_of(sandbox, query.get("phone_number_id"))
    chat = sandbox.store.chat(customer.id, number.id)
    after = int(query["after"]) if query.get("after", "").isdecimal() else 0
    limit = int(query["limit"]) if query.get("limit", "").isdecimal() else 200
    found = [message for message in chat.messages if message.seq > after][-limit:]
    return {
        "messages": [show_message(sandbox, message) for message in found],
        "unread": chat.unread,
        "window_open": chat.window_open(sandbox.clock.now()),
    }


async def send(sandbox: Sandbox, request: Request) -> Json:
    """The customer does something; JSON, or a form with a `file`."""
    customer = customer_of(sandbox, request)
    wish, upload = await _wish(request)
    number = number_of(sandbox, wish.get("phone_number_id"))
    data = await upload.read() if upload is not None else None
    if upload is not None:
        wish.setdefault("filename", upload.filename)
        wish.setdefault("mime_type", upload.content_type)
    return _send(sandbox, customer, number, wish, data)


async def _wish(request: Request) -> tuple[Json, UploadFile | None]:
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return await json_body(request), None
    form = await request.form(max_files=1, max_fields=20)
    upload = form.get("file")
    if not isinstance(upload, UploadFile):
        raise invalid("The form needs a file.")
    return {name: value for name, value in form.items() if isinstance(value, str)}, upload


def _send(sandbox: Sandbox, customer: Customer, number: Number, wish: Json, data: bytes | None) -> Json:
    message, extra = compose(sandbox, customer, number, wish, data)
    sandbox.traffic.receive(customer, number, message, extra)
    if message.type == "system":
        sandbox.store.move_number(customer, str(message.body["wa_id"]))
        sandbox.hub.tell({"kind": "customers"})
    return {"wamid": message.wamid, "message": show_message(sandbox, message)}


async def open_chat(sandbox: Sandbox, request: Request) -> Json:
    """The customer looks at the thread: delivered messages become read."""
    customer = customer_of(sandbox, request)
    wanted = (await json_body(request)).get("phone_number_id") or request.query_params.get("phone_number_id")
    number = number_of(sandbox, wanted)
    return {"read": sandbox.traffic.open_chat(sandbox.store.chat(customer.id, number.id))}
