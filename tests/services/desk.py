"""Short ways to work at the desk, for the tests of what it records."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import col

from tests import meta
from tests.services.conftest import Meta
from wapto_app.clock import utcnow
from wapto_app.models import Conversation, ConversationStatus, DeskEvent, DeskState
from wapto_app.models.base import table_of
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services import assignment, desk, inbox


@dataclass
class Desk:
    """Customers are numbers; each has one conversation."""

    runtime: Runtime
    meta: Meta
    said: int = 0

    async def customer(self, number: int, *, at: datetime | None = None) -> int:
        """A customer writes; the id of the conversation."""
        self.said += 1
        wa_id = f"1650{number:07}"
        written = at or utcnow()
        message = meta.message(f"wamid.{number}.{self.said}", wa_id=wa_id, at=written)
        assert await self.meta.says(meta.inbound(message, name=f"Customer {number}")) == (1, 0)
        return await self.newest_of(wa_id)

    async def newest_of(self, wa_id: str) -> int:
        async with self.runtime.db.read() as session:
            found = await session.exec(
                sa.text(
                    "SELECT c.id FROM conversation c JOIN contact_address a ON a.contact_id = c.contact_id "
                    "WHERE a.value = :number"
                ).bindparams(number=f"+{wa_id}")  # type: ignore[call-overload]
            )
            return int(found.first()[0])

    async def reply(self, actor: Actor, conversation_id: int, text: str = "Hello!") -> None:
        async with self.runtime.db.write() as session:
            await inbox.send_text(session, actor, conversation_id, text)

    async def resolve(self, actor: Actor, conversation_id: int) -> None:
        async with self.runtime.db.write() as session:
            await assignment.resolve(session, actor, conversation_id)

    async def reopen(self, actor: Actor, conversation_id: int) -> None:
        async with self.runtime.db.write() as session:
            await assignment.reopen(session, actor, conversation_id)

    async def assign(self, actor: Actor, conversation_id: int, agent_id: int | None) -> None:
        async with self.runtime.db.write() as session:
            await assignment.assign(session, actor, conversation_id, agent_id=agent_id)

    async def is_resolved(self, conversation_id: int) -> bool:
        async with self.runtime.db.read() as session:
            conversation = await session.get_one(Conversation, conversation_id)
            return conversation.status is ConversationStatus.RESOLVED

    async def tick(self) -> int:
        return await self.runtime.writer.run(desk.note_missed_windows, None)

    async def events(self, conversation_id: int | None = None) -> list[dict[str, Any]]:
        table = table_of(DeskEvent)
        query = sa.select(table).order_by(table.c.id)
        if conversation_id is not None:
            query = query.where(table.c.conversation_id == conversation_id)
        return await self._rows(query)

    async def kinds(self, conversation_id: int | None = None) -> list[str]:
        return [row["kind"].value for row in await self.events(conversation_id)]

    async def state(self, conversation_id: int) -> dict[str, Any]:
        table = table_of(DeskState)
        (row,) = await self._rows(sa.select(table).where(table.c.conversation_id == conversation_id))
        return row

    async def change(self, table: Any, row_id: int | None, **values: Any) -> None:
        async with self.runtime.db.write() as session:
            await session.exec(sa.update(table).where(col(table.id) == row_id).values(**values))

    async def _rows(self, query: Any) -> list[dict[str, Any]]:
        async with self.runtime.db.read() as session:
            connection = await session.connection()
            return [dict(row) for row in (await connection.execute(query)).mappings()]
