"""Everything the sandbox remembers, in plain dictionaries."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable
from typing import Any

from . import seeds
from .config import SandboxConfig
from .ids import business_scoped_id, digits, number_key
from .models import Accepted, Chat, Customer, Flow, Json, Media, Message, Number, Template, Token, Upload
from .persistence import Journal, Key
from .restore import restore

_ASIDES = 2_000
_NUMBER = re.compile(r"\s*\+?[0-9 ().\u00a0-]+")


class Store:
    """In-memory state with an optional write-behind journal."""

    def __init__(self, config: SandboxConfig, now: float) -> None:
        self.config = config
        self.journal = Journal(config.data, self._snapshot) if config.data else None
        self._clear()
        if self.journal is None or not restore(self, self.journal):
            seeds.plant(self, now)
        self._mark("settings", "all")

    def _clear(self) -> None:
        config = self.config
        self.numbers: dict[str, Number] = {}
        self.customers: dict[str, Customer] = {}
        self.chats: dict[Key, Chat] = {}
        self.messages: dict[str, Message] = {}
        self.asides: dict[str, Message] = {}
        self.media: dict[str, Media] = {}
        self.uploads: dict[str, Upload] = {}
        self.templates: dict[str, Template] = {}
        self.blocked_names: dict[str, float] = {}
        """Names of deleted templates, and until when nobody can use them."""
        self.flows: dict[str, Flow] = {}
        self.tokens: dict[str, Token] = {
            config.token: Token(config.token, "SYSTEM_USER"),
            f"{config.app_id}|{config.app_secret}": Token(f"{config.app_id}|{config.app_secret}", "APP"),
        }
        self.signup_codes: dict[str, float] = {}
        self.callback: Json = {"url": config.webhook_url, "verify_token": config.verify_token, "fields": []}
        self.subscription: Json = {"subscribed": config.subscribed, "override": None, "verify_token": None}
        self.accepted: deque[Accepted] = deque(maxlen=10_000)
        self.accepted_count = 0
        self.by_callback: dict[str, int] = {}
        self.duplicates: dict[str, int] = {}
        self._by_number: dict[str, str] = {}
        self._by_user_id: dict[str, str] = {}
        self._template_index: dict[tuple[str, str], Template] = {}
        self._strangers = 0
        self._seq = 0

    def reset(self, now: float) -> None:
        """Back to the first day; tokens made by rotation survive through the config."""
        marks = list(self._all_keys())
        gone = list(self.media)
        self._clear()
        seeds.plant(self, now)
        for kind, key in marks:
            self._mark(kind, key)
        for media_id in gone:
            self._keep_file(media_id, None)

    # customers and chats

    def add_customer(self, customer: Customer) -> Customer:
        """Add or replace a customer."""
        self.customers[customer.id] = customer
        self._by_number[number_key(customer.number)] = customer.id
        self._by_user_id[customer.user_id] = customer.id
        self._strangers = sum(known.stranger for known in self.customers.values())
        self._mark("customer", customer.id)
        return customer

    def remove_customer(self, customer: Customer) -> None:
        """Forget a customer with all chats."""
        for chat in self.chats_of(customer.id):
            for message in chat.messages:
                self.messages.pop(message.wamid, None)
                self._mark("message", message.wamid)
            del self.chats[(customer.id, chat.phone_number_id)]
            self._mark("chat", f"{customer.id}:{chat.phone_number_id}")
        self.customers.pop(customer.id, None)
        self._by_number.pop(number_key(customer.number), None)
        self._by_user_id.pop(customer.user_id, None)
        self._mark("customer", customer.id)

    def move_number(self, customer: Customer, number: str) -> None:
        """Give a customer a new line, with the new BSUID that WhatsApp then assigns."""
        self._by_number.pop(number_key(customer.number), None)
        self._by_user_id.pop(customer.user_id, None)
        customer.number = customer.wa_id = number
        customer.user_id = business_scoped_id(number, self.config.business_id)
        self.add_customer(customer)

    def customer_by_number(self, number: str) -> Customer | None:
        """Customer who answers at these digits, in any regional spelling."""
        found = self._by_number.get(number_key(number))
        return self.customers[found] if found else None

    def customer_by_user_id(self, user_id: str) -> Customer | None:
        """Customer behind a BSUID."""
        found = self._by_user_id.get(user_id)
        return self.customers[found] if found else None

    def stranger(self, number: str) -> Customer | None:
        """A customer for a number nobody added, as long as there is room on the phone page."""
        if self._strangers >= self.config.kept_strangers:
            return None
        user_id = business_scoped_id(number, self.config.business_id)
        customer_id = f"n{number}"
        return self.add_customer(Customer(customer_id, f"+{number}", number, number, user_id, stranger=True))

    def chat(self, customer_id: str, phone_number_id: str) -> Chat:
        """The thread of a customer with a business number, made when missing."""
        key = (customer_id, phone_number_id)
        chat = self.chats.get(key)
        if chat is None:
            chat = self.chats[key] = Chat(customer_id, phone_number_id, deque())
        return chat

    def chats_of(self, customer_id: str) -> list[Chat]:
        """All threads of a customer."""
        return [chat for (owner, _), chat in self.chats.items() if owner == customer_id]

    def add_message(self, message: Message) -> None:
        """Append to the thread; the oldest message of a full thread leaves."""
        self._seq += 1
        message.seq = self._seq
        chat = self.chat(message.customer_id, message.phone_number_id)
        chat.messages.append(message)
        self.messages[message.wamid] = message
        if len(chat.messages) > self.config.kept_messages:
            oldest = chat.messages.popleft()
            self.messages.pop(oldest.wamid, None)
            self._mark("message", oldest.wamid)
        self._mark("message", message.wamid)

    def note_aside(self, message: Message) -> None:
        """Remember a reaction, edit or deletion: no bubble, yet the business may mark it as read."""
        message.seq = self._seq
        self.asides[message.wamid] = message
        if len(self.asides) > _ASIDES:
            del self.asides[next(iter(self.asides))]

    def touch_message(self, message: Message) -> None:
        """Note that a message changed."""
        self._mark("message", message.wamid)

    def touch_chat(self, chat: Chat) -> None:
        """Note that a thread's counters changed."""
        self._mark("chat", f"{chat.customer_id}:{chat.phone_number_id}")

    def note_accepted(self, accepted: Accepted) -> None:
        """Book an accepted send and notice callback data seen before."""
        self.accepted.append(accepted)
        self.accepted_count += 1
        if accepted.callback is None:
            return
        times = self.by_callback.get(accepted.callback, 0) + 1
        self.by_callback[accepted.callback] = times
        if times > 1:
            self.duplicates[accepted.callback] = times

    # numbers, templates, flows, files

    def add_number(self, number: Number) -> None:
        """Add or replace a business number."""
        self.numbers[number.id] = number
        self._mark("number", number.id)

    def add_template(self, template: Template) -> None:
        """Add or replace a template."""
        self.templates[template.id] = template
        self._template_index[(template.name, template.language)] = template
        self._mark("template", template.id)

    def find_template(self, name: str, language: str) -> Template | None:
        """A template by name and language."""
        return self._template_index.get((name, language))

    def remove_template(self, template: Template) -> None:
        """Delete one language of a template."""
        self.templates.pop(template.id, None)
        self._template_index.pop((template.name, template.language), None)
        self._mark("template", template.id)

    def add_flow(self, flow: Flow) -> None:
        """Add or replace a flow."""
        self.flows[flow.id] = flow
        self._mark("flow", flow.id)

    def remove_flow(self, flow: Flow) -> None:
        """Delete a draft flow."""
        self.flows.pop(flow.id, None)
        self._mark("flow", flow.id)

    def add_media(self, media: Media) -> None:
        """Keep a file."""
        self.media[media.id] = media
        self._mark("media", media.id)
        self._keep_file(media.id, media.data)

    def remove_media(self, media: Media) -> None:
        """Forget a file."""
        self.media.pop(media.id, None)
        self._mark("media", media.id)
        self._keep_file(media.id, None)

    def file_of(self, media: Media) -> bytes:
        """A file's bytes; after a restart they are still only on disk."""
        if not media.data and media.size and self.journal is not None:
            media.data = self.journal.load_file(media.id)
        return media.data

    def touch_settings(self) -> None:
        """Note that the subscription, callback or secrets changed."""
        self._mark("settings", "all")

    # journal

    def _mark(self, kind: str, key: str) -> None:
        if self.journal is not None:
            self.journal.mark(kind, key)

    def _keep_file(self, media_id: str, data: bytes | None) -> None:
        if self.journal is not None:
            self.journal.keep_file(media_id, data)

    def _all_keys(self) -> Iterable[Key]:
        for kind, records in self._kinds().items():
            yield from ((kind, key) for key in records)
        yield from (("chat", f"{owner}:{number}") for owner, number in self.chats)

    def _kinds(self) -> dict[str, dict[str, Any]]:
        return {
            "customer": self.customers,
            "message": self.messages,
            "number": self.numbers,
            "template": self.templates,
            "flow": self.flows,
            "media": self.media,
        }

    def _snapshot(self, key: Key) -> Any | None:
        kind, record_id = key
        if kind == "settings":
            return self.settings()
        if kind == "chat":
            owner, _, number = record_id.rpartition(":")
            chat = self.chats.get((owner, number))
            return chat and {"unread": chat.unread, "last_inbound_at": chat.last_inbound_at}
        record = self._kinds()[kind].get(record_id)
        if isinstance(record, Media):
            return {name: getattr(record, name) for name in Media.__slots__ if name != "data"}
        return record

    def settings(self) -> Json:
        """Secrets and subscription as they are kept on disk."""
        config = self.config
        return {
            "token": config.token,
            "app_secret": config.app_secret,
            "verify_token": config.verify_token,
            "callback": self.callback,
            "subscription": self.subscription,
            "tokens": [[token.value, token.kind, token.expires] for token in self.tokens.values()],
        }


def clean_number(text: str) -> str | None:
    """Digits of a phone number as people type it, or nothing when it is none."""
    number = digits(text)
    if not 7 <= len(number) <= 15 or not _NUMBER.fullmatch(text):
        return None
    return number
