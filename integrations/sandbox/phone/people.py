"""The simulated customers."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from starlette.requests import Request

from ..errors import GraphError, invalid
from ..ids import business_scoped_id
from ..models import Chat, Customer, Json, Number
from ..store import clean_number
from ..web import json_body, not_found
from .view import preview

if TYPE_CHECKING:
    from ..sandbox import Sandbox


def customer_of(sandbox: Sandbox, request: Request) -> Customer:
    """The customer of the path, by id, number or BSUID."""
    key = request.path_params["customer_id"]
    store = sandbox.store
    customer = store.customers.get(key) or store.customer_by_user_id(key)
    if customer is None and (number := clean_number(key)):
        customer = store.customer_by_number(number)
    if customer is None:
        raise not_found("This customer")
    return customer


def number_of(sandbox: Sandbox, wanted: object) -> Number:
    """The business number to talk to; the first one unless another is named."""
    number = sandbox.store.numbers.get(str(wanted or sandbox.config.phone_number_id))
    if number is None:
        raise not_found("This business number")
    return number


def show(sandbox: Sandbox, customer: Customer) -> Json:
    """A customer with a summary of each thread."""
    chats = [_chat(sandbox, chat) for chat in sandbox.store.chats_of(customer.id)]
    last = max((chat["last"]["seq"] for chat in chats if chat["last"]), default=0)
    return {
        "id": customer.id,
        "name": customer.name,
        "number": f"+{customer.number}",
        "wa_id": customer.wa_id,
        "user_id": customer.user_id,
        "username": customer.username,
        "hidden": customer.hidden,
        "blocks_business": customer.blocks_business,
        "stopped_marketing": customer.stopped_marketing,
        "stranger": customer.stranger,
        "unread": sum(chat["unread"] for chat in chats),
        "last_seq": last,
        "chats": chats,
    }


def _chat(sandbox: Sandbox, chat: Chat) -> Json:
    number = sandbox.store.numbers.get(chat.phone_number_id)
    last = None
    for message in reversed(chat.messages):
        # A phone shows what reached it, not what is still on its way or failed.
        if message.direction == "in" or message.status in ("delivered", "read"):
            last = {
                "text": preview(message),
                "timestamp": message.timestamp,
                "direction": message.direction,
                "status": message.status,
                "seq": message.seq,
            }
            break
    return {
        "phone_number_id": chat.phone_number_id,
        "unread": chat.unread,
        "window_open": chat.window_open(sandbox.clock.now()),
        "blocked_by_business": number is not None and chat.customer_id in number.blocked,
        "last": last,
    }


async def listing(sandbox: Sandbox, _: Request) -> Json:
    """Everybody, newest thread first, and the business's numbers."""
    people = [show(sandbox, customer) for customer in sandbox.store.customers.values()]
    people.sort(key=lambda person: -person["last_seq"])
    numbers = [
        {
            "id": number.id,
            "name": number.verified_name,
            "display_phone_number": number.display_phone_number,
            "status": number.status,
            "code": number.code,
            "verified": number.code_verification_status == "VERIFIED",
        }
        for number in sandbox.store.numbers.values()
    ]
    return {"customers": people, "numbers": numbers}


async def read(sandbox: Sandbox, request: Request) -> Json:
    """One customer."""
    return show(sandbox, customer_of(sandbox, request))


async def create(sandbox: Sandbox, request: Request) -> Json:
    """Add a customer: name and number; `hidden` with a username keeps the number from businesses."""
    body = await json_body(request)
    name = str(body.get("name") or "").strip()
    if not 1 <= len(name) <= 80:
        raise invalid("A name of 1 to 80 characters is required.")
    hidden = bool(body.get("hidden"))
    username = str(body.get("username") or "").strip().lstrip("@") or None
    if hidden and not username:
        raise invalid("A customer who hides the number needs a username.")
    number = _free_number(sandbox, str(body.get("number") or ""), hidden=hidden)
    customer = Customer(
        id=f"c{secrets.token_hex(4)}",
        name=name,
        number=number,
        wa_id=number,
        user_id=business_scoped_id(number, sandbox.config.business_id),
        username=username,
        hidden=hidden,
    )
    sandbox.store.add_customer(customer)
    sandbox.hub.tell({"kind": "customers"})
    return show(sandbox, customer)


def _free_number(sandbox: Sandbox, typed: str, *, hidden: bool) -> str:
    if not typed.strip() and hidden:
        return f"1202555{secrets.randbelow(9000) + 1000}"
    number = clean_number(typed)
    if number is None:
        raise invalid("A phone number with its country code is required, such as +44 7700 900123.")
    if sandbox.store.customer_by_number(number) is not None:
        raise GraphError(100, message="A customer with this number exists already.", status=409)
    if any(line.digits == number for line in sandbox.store.numbers.values()):
        raise GraphError(100, message="This is a business number.", status=409)
    return number


async def change(sandbox: Sandbox, request: Request) -> Json:
    """Rename, take or drop a username, hide or show the number."""
    customer = customer_of(sandbox, request)
    body = await json_body(request)
    if name := str(body.get("name") or "").strip():
        customer.name, customer.stranger = name[:80], False
    if "username" in body:
        customer.username = str(body["username"] or "").strip().lstrip("@") or None
    if "hidden" in body:
        customer.hidden = bool(body["hidden"]) and customer.username is not None
    sandbox.store.add_customer(customer)
    sandbox.hub.tell({"kind": "customers"})
    return show(sandbox, customer)


async def remove(sandbox: Sandbox, request: Request) -> Json:
    """Forget a customer and all threads."""
    sandbox.store.remove_customer(customer_of(sandbox, request))
    sandbox.hub.tell({"kind": "customers"})
    return {"success": True}


async def block(sandbox: Sandbox, request: Request) -> Json:
    """The customer blocks the business: its messages stay on one tick."""
    return _set_block(sandbox, request, blocks=True)


async def unblock(sandbox: Sandbox, request: Request) -> Json:
    """The customer lets the business through again."""
    return _set_block(sandbox, request, blocks=False)


def _set_block(sandbox: Sandbox, request: Request, *, blocks: bool) -> Json:
    customer = customer_of(sandbox, request)
    customer.blocks_business = blocks
    sandbox.store.add_customer(customer)
    sandbox.hub.tell({"kind": "customers"})
    return show(sandbox, customer)


async def marketing(sandbox: Sandbox, request: Request) -> Json:
    """WhatsApp's own "stop offers" switch, with the `user_preferences` webhook."""
    customer = customer_of(sandbox, request)
    body = await json_body(request)
    customer.stopped_marketing = bool(body.get("stop", True))
    sandbox.store.add_customer(customer)
    value = "stop" if customer.stopped_marketing else "resume"
    sandbox.traffic.preference(customer, number_of(sandbox, body.get("phone_number_id")), value)
    sandbox.hub.tell({"kind": "customers"})
    return show(sandbox, customer)
