"""What happens to messages after they were accepted, and what the business is told about it."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from .config import Clock, SandboxConfig
from .dispatcher import Dispatcher, Update
from .errors import status_error
from .faults import Faults
from .hub import Hub
from .ids import inbound_wamid
from .models import Chat, Customer, Json, Message, Number, Template
from .store import Store
from .timeline import Timeline

_LATE_FAILURES = {"999026": 131026, "999049": 131049, "999050": 131050, "999053": 131053, "999472": 130472}
"""Endings of numbers whose messages are accepted and fail afterwards."""


class Address(NamedTuple):
    """Where an outgoing message goes."""

    wa_id: str | None
    user_id: str
    customer: Customer | None
    number: str
    typed: str


class Traffic:
    """Statuses of outgoing messages, webhooks of incoming ones."""

    def __init__(
        self,
        config: SandboxConfig,
        store: Store,
        faults: Faults,
        clock: Clock,
        timeline: Timeline,
        dispatcher: Dispatcher,
        hub: Hub,
    ) -> None:
        self._config = config
        self._store = store
        self._faults = faults
        self._clock = clock
        self._timeline = timeline
        self._dispatcher = dispatcher
        self._hub = hub
        self.counts: Counter[str] = Counter()

    # from the business

    def accept(self, message: Message, address: Address, *, failure: int | None = None) -> None:
        """Take over an accepted message; the webhooks tell the rest."""
        self.counts["accepted"] += 1
        if address.customer is not None and message.type != "reaction":
            self._store.add_message(message)
        code = failure or self._scripted_failure(address)
        if code is not None:
            message.error = status_error(code)
        self._timeline.later(self._config.sent_delay_ms / 1000, self._sent, message, address)

    def resume(self) -> None:
        """Go on with messages that a restart left between accepted and delivered."""
        for message in self._store.messages.values():
            step = {"accepted": self._sent, "sent": self._delivered}.get(message.status)
            if message.direction == "in" or step is None:
                continue
            address = self._address_of(message)
            if address.customer is not None and address.customer.blocks_business:
                continue
            self._timeline.later(self._config.sent_delay_ms / 1000, step, message, address)

    def _address_of(self, message: Message) -> Address:
        customer = self._store.customers[message.customer_id]
        wa_id = None if message.by_user_id else customer.wa_id
        return Address(wa_id, customer.user_id, customer, customer.number, message.to or customer.number)

    def _scripted_failure(self, address: Address) -> int | None:
        if self._faults.status_errors:
            return self._faults.status_errors.pop(0)
        return _LATE_FAILURES.get(address.number[-6:])

    def _sent(self, message: Message, address: Address) -> None:
        if message.error is not None:
            self._advance(message, address, "failed")
            return
        self._advance(message, address, "sent")
        customer = address.customer
        # A blocked business is never told so: its messages just stay on one tick.
        if customer is not None and customer.blocks_business:
            return
        if message.type == "reaction":
            self._react(message)
            return
        self._timeline.later(self._config.delivered_delay_ms / 1000, self._delivered, message, address)

    def _delivered(self, message: Message, address: Address) -> None:
        self._advance(message, address, "delivered")
        if address.customer is not None:
            self._ring(message)
        if self._faults.auto_read:
            self._timeline.later(self._config.read_delay_ms / 1000, self._read, message, address)

    def _ring(self, message: Message) -> None:
        chat = self._store.chat(message.customer_id, message.phone_number_id)
        chat.unread += 1
        self._store.touch_chat(chat)

    def _read(self, message: Message, address: Address) -> None:
        if message.status != "delivered":
            return
        self._advance(message, address, "read")
        if address.customer is not None:
            chat = self._store.chat(message.customer_id, message.phone_number_id)
            chat.unread = max(0, chat.unread - 1)
            self._store.touch_chat(chat)

    def open_chat(self, chat: Chat) -> int:
        """The customer looks at the thread: everything delivered becomes read."""
        waiting = [m for m in chat.messages if m.direction == "out" and m.status == "delivered"]
        for message in waiting:
            self._advance(message, self._address_of(message), "read")
        if chat.unread:
            chat.unread = 0
            self._store.touch_chat(chat)
            self.refresh(chat.customer_id, chat.phone_number_id)
        return len(waiting)

    def _react(self, message: Message) -> None:
        target = self._store.messages.get(message.body.get("message_id"))
        if target is None:
            return
        target.business_reaction = message.body.get("emoji", "")
        self._store.touch_message(target)
        self.refresh(target.customer_id, target.phone_number_id)

    def _advance(self, message: Message, address: Address, status: str) -> None:
        message.status = status
        self.counts[status] += 1
        if address.customer is not None:
            self._store.touch_message(message)
            self.refresh(message.customer_id, message.phone_number_id)
        number = self._store.numbers.get(message.phone_number_id)
        if number is None or (url := self.destination("messages", number)) is None:
            return
        item = self._status_item(message, address, status)
        contact = _without_empty({"wa_id": address.wa_id, "user_id": address.user_id})
        waba = self._config.waba_id
        update = Update(url, waba, "messages", "statuses", item, _metadata(number), contact)
        self._dispatcher.push(update)

    def _status_item(self, message: Message, address: Address, status: str) -> Json:
        item: Json = {"id": message.wamid, "status": status, "timestamp": str(int(self._clock.now()))}
        if address.wa_id is not None:
            item["recipient_id"] = address.wa_id
        item["recipient_user_id"] = address.user_id
        if message.callback is not None:
            item["biz_opaque_callback_data"] = message.callback
        if status == "delivered":
            item["pricing"] = _pricing(message)
        if status == "failed":
            item["errors"] = [message.error]
        return item

    def mark_read(self, message: Message, typing: bool) -> None:
        """The business read this message and, as Meta has it, everything before it."""
        chat = self._store.chat(message.customer_id, message.phone_number_id)
        for earlier in chat.messages:
            if earlier.direction == "in" and earlier.seq <= message.seq and earlier.status != "read":
                earlier.status = "read"
                self._store.touch_message(earlier)
        self.refresh(chat.customer_id, chat.phone_number_id)
        if typing:
            self._hub.tell(
                {
                    "kind": "typing",
                    "customer": chat.customer_id,
                    "number": chat.phone_number_id,
                    "seconds": 25,
                }
            )

    # from the customer

    def receive(
        self, customer: Customer, number: Number, message: Message, extra: Json | None = None
    ) -> None:
        """File a customer's message and tell the business."""
        chat = self._store.chat(customer.id, number.id)
        if message.type not in ("edit", "revoke", "system"):
            chat.last_inbound_at = self._clock.now()
            self._store.touch_chat(chat)
        if message.type in ("reaction", "edit", "revoke"):
            self._store.note_aside(message)
        else:
            self._store.add_message(message)
        self.counts["received"] += 1
        self.refresh(customer.id, number.id)
        if (
            customer.id in number.blocked
            or number.status != "CONNECTED"
            or (url := self.destination("messages", number)) is None
        ):
            return
        message.status = "delivered"
        item = _inbound_item(customer, message) | (extra or {})
        update = Update(
            url, self._config.waba_id, "messages", "messages", item, _metadata(number), _contact(customer)
        )
        self._dispatcher.push(update)

    def new_inbound(self, customer: Customer, number: Number, kind: str, body: object) -> Message:
        """A message in the customer's hand, not yet sent."""
        return Message(
            wamid=inbound_wamid(customer.wa_id),
            customer_id=customer.id,
            phone_number_id=number.id,
            direction="in",
            type=kind,
            body=body,
            timestamp=int(self._clock.now()),
            status="sent",
        )

    def preference(self, customer: Customer, number: Number, value: str) -> None:
        """The customer stopped or resumed marketing messages in WhatsApp's own menu."""
        item: Json = {
            "detail": f"User requested to {value} marketing messages",
            "category": "marketing_messages",
        }
        item |= {"value": value, "timestamp": int(self._clock.now()), "user_id": customer.user_id}
        if not customer.hidden:
            item["wa_id"] = customer.wa_id
        if url := self.destination("user_preferences", number):
            update = Update(
                url,
                self._config.waba_id,
                "user_preferences",
                "user_preferences",
                item,
                _metadata(number),
                _contact(customer),
            )
            self._dispatcher.push(update)

    # account events

    def announce(self, field: str, value: Json, number: Number | None = None) -> bool:
        """Send an account, number or template event; false when nobody listens."""
        url = self.destination(field, number)
        if url is None:
            return False
        now = int(self._clock.now())
        self._dispatcher.push(Update(url, self._config.waba_id, field, "", value, time=now))
        return True

    def announce_template(self, template: Template, event: str, reason: str = "NONE", **more: object) -> None:
        """`message_template_status_update`."""
        value: Json = {
            "event": event,
            "message_template_id": int(template.id),
            "message_template_name": template.name,
            "message_template_language": template.language,
            "message_template_category": template.category,
            "reason": reason,
        }
        self.announce("message_template_status_update", value | more)

    def destination(self, field: str, number: Number | None) -> str | None:
        """Callback URL for an event: the number's, else the account's, else the app's."""
        if not self._store.subscription["subscribed"]:
            return None
        if number is not None and number.webhook:
            return str(number.webhook["override_callback_uri"])
        if override := self._store.subscription["override"]:
            return str(override)
        callback = self._store.callback
        if callback["fields"] and field not in callback["fields"]:
            return None
        return str(callback["url"]) if callback["url"] else None

    def refresh(self, customer_id: str, phone_number_id: str) -> None:
        """Let open phone pages re-read a thread."""
        self._hub.tell({"kind": "chat", "customer": customer_id, "number": phone_number_id})


def _metadata(number: Number) -> Json:
    return {"display_phone_number": number.digits, "phone_number_id": number.id}


def _contact(customer: Customer) -> Json:
    profile = _without_empty({"name": customer.name, "username": customer.username})
    contact: Json = {"profile": profile}
    if not customer.hidden:
        contact["wa_id"] = customer.wa_id
    return contact | {"user_id": customer.user_id}


def _inbound_item(customer: Customer, message: Message) -> Json:
    item: Json = {"context": message.context} if message.context else {}
    if not customer.hidden:
        item["from"] = customer.wa_id
    item |= {"from_user_id": customer.user_id, "id": message.wamid, "timestamp": str(message.timestamp)}
    item["type"] = message.type
    if message.body is not None:
        item[message.type] = message.body
    return item


def _pricing(message: Message) -> Json:
    category = (message.category or "service").lower()
    kind = "free_customer_service" if message.free else "regular"
    return {"billable": not message.free, "pricing_model": "PMP", "type": kind, "category": category}


def _without_empty(values: Json) -> Json:
    return {key: value for key, value in values.items() if value is not None}
