"""Rows for the tabs to show, written as ingest would leave them."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from wapto_app.clock import utcnow
from wapto_app.db import touch
from wapto_app.models import (
    AddressKind,
    Channel,
    Contact,
    ContactAddress,
    Conversation,
    Direction,
    Message,
    MessageStatus,
)
from wapto_app.runtime import Runtime

ACCESS_TOKEN, APP_SECRET = "EAAaccess0123456789token", "appsecret0123456789abcdef"
VERIFY_TOKEN = "verify-0123456789"


@dataclass
class Workspace:
    """One connected number and the customers who write to it."""

    runtime: Runtime
    channel_id: int

    async def conversation(self, name: str = "Carla Customer", **values: Any) -> int:
        """A customer who wrote one message just now; ``values`` are of the conversation."""
        number = f"+1555{secrets.randbelow(10**7):07}"
        async with self.runtime.db.write() as session:
            contact = Contact(name=name)
            session.add(contact)
            await session.flush()
            session.add(ContactAddress(contact_id=contact.id, kind=AddressKind.PHONE, value=number))
            found = Conversation(contact_id=contact.id, channel_id=self.channel_id, **values)
            session.add(found)
            await session.flush()
            assert found.id is not None
            touch(session, "inbox")
        await self.says(found.id, f"Hello from {name}")
        return found.id

    async def says(self, conversation_id: int, text: str, *, at: datetime | None = None) -> int:
        """The customer writes; everybody who watches is told."""
        return await self._add(conversation_id, Direction.INBOUND, MessageStatus.RECEIVED, text, at)

    async def answers(self, conversation_id: int, text: str, status: MessageStatus) -> int:
        """A message of ours, in this state."""
        return await self._add(conversation_id, Direction.OUTBOUND, status, text, None)

    async def history(self, conversation_id: int, count: int) -> list[int]:
        """So many older messages, a minute apart; their ids, oldest first."""
        start = utcnow() - timedelta(days=1)
        messages = [
            _message(
                conversation_id,
                self.channel_id,
                f"Line {number}",
                at=start + timedelta(minutes=number),
            )
            for number in range(count)
        ]
        async with self.runtime.db.write() as session:
            session.add_all(messages)
            await session.flush()
            return [message.id or 0 for message in messages]

    async def _add(
        self,
        conversation_id: int,
        direction: Direction,
        status: MessageStatus,
        text: str,
        at: datetime | None,
    ) -> int:
        async with self.runtime.db.write() as session:
            message = _message(
                conversation_id, self.channel_id, text, direction=direction, status=status, at=at or utcnow()
            )
            session.add(message)
            await session.flush()
            conversation = await session.get_one(Conversation, conversation_id)
            conversation.preview, conversation.last_message_at = text, message.at
            conversation.last_message_id = message.id
            if direction is Direction.INBOUND:
                conversation.unread += 1
                conversation.last_inbound_at = message.at
            touch(session, "inbox", f"conversation:{conversation_id}")
            assert message.id is not None
            return message.id


def _message(
    conversation_id: int,
    channel_id: int,
    text: str,
    *,
    at: datetime,
    direction: Direction = Direction.INBOUND,
    status: MessageStatus = MessageStatus.RECEIVED,
) -> Message:
    return Message(
        conversation_id=conversation_id,
        channel_id=channel_id,
        direction=direction,
        type="text",
        body=text,
        content={"kind": "text"},
        wamid=f"wamid.{secrets.token_hex(8)}",
        status=status,
        at=at,
    )


async def workspace(runtime: Runtime) -> Workspace:
    """A number that is connected, with credentials as they are kept."""
    seal = runtime.secrets.seal
    channel = Channel(
        phone_number_id="106540352242922",
        waba_id="102290129340398",
        display_phone_number="+1 650-555-0100",
        verified_name="Harbour Homes",
        access_token=seal(ACCESS_TOKEN),
        app_secret=seal(APP_SECRET),
        verify_token=seal(VERIFY_TOKEN),
    )
    async with runtime.db.write() as session:
        session.add(channel)
    assert channel.id is not None
    return Workspace(runtime, channel.id)
