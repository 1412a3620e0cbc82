"""`POST /{PNID}/messages`: send, mark read, typing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import GraphError, bad_value, invalid, missing
from ..faults import Bucket, throttled
from ..ids import business_scoped_id, outbound_wamid
from ..models import Accepted, Customer, Json, Message, Number, Template
from ..render import render_template
from ..store import clean_number
from ..traffic import Address
from .call import SUCCESS, Call
from .content import SENDABLE, check_content, media_ids
from .interactive import check_interactive
from .template_send import check_template

if TYPE_CHECKING:
    from ..sandbox import Sandbox

_MONTH = 30 * 86_400
_LATE = frozenset({131026, 131047, 131049, 131050})
_PAIR_BURST = 45.0
_PAIR_RATE = 1 / 6


async def send(call: Call, node: str) -> Json:
    """The one endpoint through which a business speaks."""
    return await _send(call, node, marketing=False)


async def send_marketing(call: Call, node: str) -> Json:
    """The marketing messages endpoint: the same body, marketing templates only."""
    return await _send(call, node, marketing=True)


async def _send(call: Call, node: str, *, marketing: bool) -> Json:
    sandbox = call.sandbox
    number = sandbox.store.numbers[node]
    body = await call.json()
    if body.get("messaging_product") != "whatsapp":
        raise invalid("The parameter messaging_product is required.")
    if number.status != "CONNECTED":
        raise GraphError(133010, "The account is not registered; call /register first.")
    if "status" in body:
        return _mark(call.sandbox, number, body)
    kind, content = _content(body)
    sandbox.gate.before_send()
    _throughput(sandbox, number)
    template = _check(sandbox, number, kind, content, marketing=marketing)
    address = _address(sandbox, body, number, template)
    message = _message(sandbox, number, address, body, kind, content, template)
    failure = _deliverable(sandbox, number, address, message)
    _accept(sandbox, message, address, failure)
    sandbox.gate.after_send()
    return _accepted(message, address, template)


def _content(body: Json) -> tuple[str, Any]:
    kind = body.get("type", "text")
    if kind not in SENDABLE:
        if kind in ("order", "system", "button", "unsupported", "edit", "revoke"):
            raise GraphError(131051, f"Message type '{kind}' is not supported.")
        names = ", ".join(sorted(name.upper() for name in SENDABLE))
        raise invalid(f'Param type must be one of {{{names}}} - got "{kind}".')
    recipient_type = body.get("recipient_type", "individual")
    if recipient_type == "group":
        raise GraphError(131005, "Groups need an official business account; this number is none.")
    if recipient_type != "individual":
        raise invalid(f'Param recipient_type must be one of {{INDIVIDUAL, GROUP}} - got "{recipient_type}".')
    if kind not in body:
        raise missing(kind)
    callback = body.get("biz_opaque_callback_data")
    if callback is not None and (not isinstance(callback, str) or len(callback) > 512):
        raise invalid("Param biz_opaque_callback_data must be a string of at most 512 characters.")
    return kind, body[kind]


def _check(sandbox: Sandbox, number: Number, kind: str, content: Any, *, marketing: bool) -> Template | None:
    if marketing and kind != "template":
        raise GraphError(131055, "Only templates can be sent through marketing_messages.")
    if kind == "template":
        template = check_template(sandbox, content)
        if marketing and template.category != "MARKETING":
            raise GraphError(134100, "Only marketing templates can be sent through marketing_messages.")
        _known_media(sandbox, media_ids(content))
        return template
    if kind == "interactive":
        check_interactive(sandbox, content)
    else:
        check_content(kind, content)
    if kind == "reaction":
        _reaction_target(sandbox, number, content)
    _known_media(sandbox, media_ids(content))
    return None


def _known_media(sandbox: Sandbox, ids: list[str]) -> None:
    for media_id in ids:
        if media_id not in sandbox.store.media:
            raise GraphError(131009, f"Media id {media_id} does not exist or has expired.")


def _reaction_target(sandbox: Sandbox, number: Number, content: Json) -> None:
    target = sandbox.store.messages.get(str(content.get("message_id")))
    if target is None or target.phone_number_id != number.id:
        raise bad_value("Message id to react to does not exist.")
    if target.timestamp < sandbox.clock.now() - _MONTH:
        raise bad_value("Messages older than 30 days cannot be reacted to.")


def _throughput(sandbox: Sandbox, number: Number) -> None:
    rate = sandbox.faults.throughput_per_second
    if not rate:
        return
    now = sandbox.clock.now()
    bucket = sandbox.buckets.get(number.id)
    if bucket is None:
        bucket = sandbox.buckets[number.id] = Bucket(rate, now)
    if not bucket.take(rate, rate, now):
        raise throttled()


def _address(sandbox: Sandbox, body: Json, number: Number, template: Template | None) -> Address:
    to = body.get("to")
    if to:
        return _by_number(sandbox, str(to), number)
    user_id = body.get("recipient")
    if not user_id:
        raise invalid("The parameter to is required.")
    if template is not None and template.category == "AUTHENTICATION":
        raise GraphError(131062, "Authentication templates need a phone number.")
    customer = sandbox.store.customer_by_user_id(str(user_id))
    if customer is None:
        raise GraphError(131026, f"No user is known by {user_id}.")
    return Address(None, customer.user_id, customer, customer.number, str(user_id))


def _by_number(sandbox: Sandbox, to: str, number: Number) -> Address:
    digits = clean_number(to)
    if digits is None:
        raise bad_value(f"Param to is not a valid phone number: {to[:40]}")
    if digits == number.digits:
        raise GraphError(131021, "Recipient cannot be the sender.")
    allowed = sandbox.config.allowed_recipients
    if allowed is not None and digits not in allowed:
        raise GraphError(
            131030, "Recipient phone number not in allowed list: add it to the test number's list."
        )
    customer = sandbox.store.customer_by_number(digits)
    if customer is not None:
        return Address(customer.wa_id, customer.user_id, customer, customer.number, to)
    user_id = business_scoped_id(digits, sandbox.config.business_id)
    return Address(digits, user_id, None, digits, to)


def _message(
    sandbox: Sandbox,
    number: Number,
    address: Address,
    body: Json,
    kind: str,
    content: Any,
    template: Template | None,
) -> Message:
    context = body.get("context")
    quoted = context.get("message_id") if isinstance(context, dict) else None
    return Message(
        wamid=outbound_wamid(address.wa_id or address.user_id[:20]),
        customer_id=address.customer.id if address.customer else "",
        phone_number_id=number.id,
        direction="out",
        type=kind,
        body=content,
        timestamp=int(sandbox.clock.now()),
        status="accepted",
        to=address.typed,
        by_user_id=address.wa_id is None,
        callback=body.get("biz_opaque_callback_data"),
        category=template.category if template else None,
        context={"id": str(quoted)} if quoted else None,
        rendered=render_template(template, content) if template and address.customer else None,
    )


def _deliverable(sandbox: Sandbox, number: Number, address: Address, message: Message) -> int | None:
    """Rules about this recipient: an error now, or a code for a `failed` status."""
    try:
        _recipient_rules(sandbox, number, address, message)
    except GraphError as error:
        if sandbox.faults.errors_as_status and error.code in _LATE:
            return error.code
        raise
    return None


def _recipient_rules(sandbox: Sandbox, number: Number, address: Address, message: Message) -> None:
    if address.number.endswith(sandbox.config.unknown_suffix):
        raise GraphError(131026, "Message Undeliverable: the number is not on WhatsApp.")
    customer = address.customer
    in_window = customer is not None and _in_window(sandbox, number, customer)
    message.free = message.type != "template" or (in_window and message.category == "UTILITY")
    if customer is not None:
        if customer.id in number.blocked:
            raise GraphError(130403, "You blocked this user; unblock to send.")
        if customer.stopped_marketing and message.category == "MARKETING":
            raise GraphError(131050, "The user stopped marketing messages from you.")
    if message.type != "template" and not in_window and sandbox.config.enforce_window:
        raise GraphError(
            131047,
            "Message failed to send because more than 24 hours have passed since the customer last replied "
            "to this number.",
        )
    _pair_limit(sandbox, number, address)


def _in_window(sandbox: Sandbox, number: Number, customer: Customer) -> bool:
    chat = sandbox.store.chats.get((customer.id, number.id))
    return chat is not None and chat.window_open(sandbox.clock.now())


def _pair_limit(sandbox: Sandbox, number: Number, address: Address) -> None:
    if not sandbox.faults.pair_limit:
        return
    now = sandbox.clock.now()
    key = f"{number.id}:{address.number}"
    bucket = sandbox.buckets.get(key)
    if bucket is None:
        bucket = sandbox.buckets[key] = Bucket(_PAIR_BURST, now)
    if not bucket.take(_PAIR_RATE, _PAIR_BURST, now):
        raise GraphError(131056, "Too many messages from this number to the same customer in a short time.")


def _accept(sandbox: Sandbox, message: Message, address: Address, failure: int | None) -> None:
    sandbox.store.note_accepted(
        Accepted(
            wamid=message.wamid,
            to=address.wa_id or address.user_id,
            type=message.type,
            phone_number_id=message.phone_number_id,
            callback=message.callback,
            at=sandbox.clock.now(),
        )
    )
    if address.customer is None and (stranger := sandbox.store.stranger(address.number)) is not None:
        address = address._replace(customer=stranger)
        message.customer_id = stranger.id
        if message.type == "template":
            template = sandbox.store.find_template(message.body["name"], message.body["language"]["code"])
            message.rendered = render_template(template, message.body) if template else None
        sandbox.hub.tell({"kind": "customers"})
    sandbox.accept(message, address, failure)


def _accepted(message: Message, address: Address, template: Template | None) -> Json:
    contact: Json = {"input": address.typed}
    if address.wa_id is None:
        contact["user_id"] = address.user_id
    else:
        contact["wa_id"] = address.wa_id
    sent: Json = {"id": message.wamid}
    if template is not None:
        sent["message_status"] = "accepted"
    return {"messaging_product": "whatsapp", "contacts": [contact], "messages": [sent]}


def _mark(sandbox: Sandbox, number: Number, body: Json) -> Json:
    if body["status"] != "read":
        raise invalid(f'Param status must be one of {{READ}} - got "{body["status"]}".')
    if not body.get("message_id"):
        raise invalid("The parameter message_id is required.")
    wamid = str(body["message_id"])
    message = sandbox.store.messages.get(wamid) or sandbox.store.asides.get(wamid)
    if message is None or message.direction != "in" or message.phone_number_id != number.id:
        raise invalid("Invalid parameter: message_id is not a message received by this number.")
    if message.timestamp < sandbox.clock.now() - _MONTH:
        raise bad_value("Messages older than 30 days cannot be marked as read.")
    typing = body.get("typing_indicator")
    if typing is not None and (not isinstance(typing, dict) or typing.get("type") != "text"):
        raise invalid("Param typing_indicator['type'] must be text.")
    sandbox.traffic.mark_read(message, typing is not None)
    return SUCCESS
