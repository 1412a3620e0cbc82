"""Reads a store back from its data file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .models import Customer, Flow, Media, Message, Number, Template, Token
from .persistence import Journal

if TYPE_CHECKING:
    from .store import Store


def restore(store: Store, journal: Journal) -> bool:
    """Fill an empty store; false when the file holds no workspace yet."""
    messages: list[Message] = []
    chats: list[tuple[str, Any]] = []
    for kind, key, body in journal.load():
        if kind == "message":
            messages.append(Message(**body))
        elif kind == "chat":
            chats.append((key, body))
        else:
            _add(store, kind, body)
    if not store.numbers:
        return False
    for message in sorted(messages, key=lambda item: item.seq):
        if message.customer_id in store.customers:
            store.add_message(message)
    for key, body in chats:
        owner, _, number = key.rpartition(":")
        if owner in store.customers:
            chat = store.chat(owner, number)
            chat.unread, chat.last_inbound_at = body["unread"], body["last_inbound_at"]
    return True


def _add(store: Store, kind: str, body: Any) -> None:
    if kind == "settings":
        _settings(store, body)
    elif kind == "customer":
        store.add_customer(Customer(**body))
    elif kind == "number":
        store.add_number(Number(**body))
    elif kind == "template":
        store.add_template(Template(**body))
    elif kind == "flow":
        store.add_flow(Flow(**body))
    elif kind == "media":
        store.media[body["id"]] = Media(**body)


def _settings(store: Store, body: Any) -> None:
    store.subscription = body["subscription"]
    for value, kind, expires in body.get("tokens", []):
        # Tokens without an end belong to secrets that may have been replaced since.
        if expires:
            store.tokens[value] = Token(value, kind, expires)
    # A callback given on the command line is newer than the one in the file.
    if not store.config.webhook_url:
        store.callback = body["callback"]
