"""Deliveries as Meta makes them: three reports about sent messages for each message of a customer, all signed."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
import sqlalchemy as sa

from bench import rows
from bench.install import APP_SECRET, PHONE_NUMBER_ID, WABA_ID
from integrations.whatsapp.webhooks.signature import sign
from wapto_app.models import Message, MessageStatus
from wapto_app.services.outbox.callback import Callback

_PER_SECOND = 3_300
_STATUSES = ("sent", "delivered", "read")
_METADATA = {"display_phone_number": "16505550100", "phone_number_id": PHONE_NUMBER_ID}
_CATEGORY = {"billable": True, "pricing_model": "PMP", "type": "regular", "category": "marketing"}
_ORIGIN = {
    "id": "6ceb9d929c9bdc4f90e967a32f8639b4",
    "expiration_timestamp": "1750263773",
    "origin": {"type": "marketing"},
}


@dataclass(frozen=True, slots=True)
class Traffic:
    """What is delivered: ``total`` webhooks about the first ``customers`` customers, the same ones for a seed.

    Every fourth is a message, of a newcomer in one case of twenty; the others report about our messages
    ``first_message``, ``first_message + 1`` …, which ``seed`` puts into the database.
    """

    total: int
    customers: int
    at: datetime
    first_message: int = 1

    @property
    def messages(self) -> int:
        return (self.total + 3) // 4

    @property
    def sent(self) -> int:
        """How many of our own messages the reports are about."""
        return (self.total - self.messages + 2) // 3

    def bodies(self) -> list[bytes]:
        chance = random.Random(self.first_message)
        made: list[bytes] = []
        report = 0
        for n in range(self.total):
            if n % 4 == 0:
                made.append(self._message(n, chance))
            else:
                made.append(self._report(report, self._said_at(n)))
                report += 1
        return made

    def seed(self, connection: sa.Connection) -> None:
        """Our messages that the reports are about, as the sender leaves them."""
        row = rows.text_message(
            self.at, status=MessageStatus.SENT, attempt=1, body="Your order is on its way."
        )
        ids = range(self.first_message, self.first_message + self.sent)
        rows.insert(
            connection,
            Message,
            (
                row
                | {
                    "id": n,
                    "conversation_id": self._customer(n),
                    "recipient": f"+{rows.digits(self._customer(n))}",
                    "wamid": wamid_of(n),
                }
                for n in ids
            ),
        )

    def _customer(self, message: int) -> int:
        return 1 + message % self.customers

    def _said_at(self, n: int) -> datetime:
        """Meta's clock goes on from webhook to webhook, as ours does; the last one is of now."""
        return self.at - timedelta(seconds=(self.total - n) // _PER_SECOND)

    def _message(self, n: int, chance: random.Random) -> bytes:
        is_known = chance.random() < 0.95
        customer = 1 + chance.randrange(self.customers) if is_known else 1 + self.customers + n
        text = f"Does it come in another colour? I would like to see all {n} options that you have, please."
        return message_body(customer, text, f"{self.first_message}.{n}", self._said_at(n))

    def _report(self, report: int, at: datetime) -> bytes:
        message = self.first_message + report // 3
        stamp = Callback.stamp_of(self.at)
        status = {
            "id": wamid_of(message),
            "status": _STATUSES[report % 3],
            "timestamp": str(int(at.timestamp())),
            "recipient_id": rows.digits(self._customer(message)),
            "biz_opaque_callback_data": str(Callback(message, 1, stamp)),
            "conversation": _ORIGIN,
            "pricing": _CATEGORY,
        }
        return _body({"statuses": [status]})


def wamid_of(message: int) -> str:
    return f"wamid.HBgLMTY1MDM4Nzk0MzkVAgARGBI{message:020X}"


def message_body(customer: int, text: str, unique: str, at: datetime) -> bytes:
    """A text from a customer; ``unique`` tells its id from those of all others."""
    wa_id = rows.digits(customer)
    message = {
        "from": wa_id,
        "id": f"wamid.HBgLMTY1MDM4Nzk0MzkVAgASGBQ{unique}",
        "timestamp": str(int(at.timestamp())),
        "type": "text",
        "text": {"body": text},
    }
    sender = {"profile": {"name": rows.name_of(customer)}, "wa_id": wa_id}
    return _body({"contacts": [sender], "messages": [message]})


def _body(value: dict[str, Any]) -> bytes:
    change = {"value": {"messaging_product": "whatsapp", "metadata": _METADATA} | value, "field": "messages"}
    return orjson.dumps(
        {"object": "whatsapp_business_account", "entry": [{"id": WABA_ID, "changes": [change]}]}
    )


def signed_request(body: bytes, path: str = "/webhooks/whatsapp") -> bytes:
    """The whole HTTP request as it is on the wire."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: facebookexternalua\r\nAccept: */*\r\n"
        f"Content-Type: application/json\r\nX-Hub-Signature-256: {sign(body, APP_SECRET)}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
