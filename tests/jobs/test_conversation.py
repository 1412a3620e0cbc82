"""A conversation from end to end: customer, webhook, inbox, sender, ticks."""

from __future__ import annotations

from typing import Any

from tests.jobs.conftest import Eventually, Phone
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services import inbox


async def _first(runtime: Runtime, actor: Actor) -> Any:
    async with runtime.db.read() as session:
        rows = await inbox.listing(session, actor)
    return rows[0] if rows else None


async def _messages(runtime: Runtime, actor: Actor, conversation_id: int) -> list[inbox.MessageRow]:
    async with runtime.db.read() as session:
        return (await inbox.recent(session, actor, conversation_id))["messages"]


async def test_a_customer_writes_and_reads_the_answer(
    runtime: Runtime, owner: Actor, channel_id: int, phone: Phone, jobs: None, eventually: Eventually
) -> None:
    await phone.says("Is the flat still free?")
    row = await eventually(lambda: _first(runtime, owner))
    assert row["preview"] == "Is the flat still free?"
    assert row["unread"] == 1
    async with runtime.db.write() as session:
        await inbox.open_conversation(session, owner, row["id"])
        await inbox.send_text(session, owner, row["id"], "Yes, come on Friday!")

    async def delivered() -> Any:
        return (await _messages(runtime, owner, row["id"]))[-1]["status"] == "delivered"

    await eventually(delivered)
    await phone.opens_chat()

    async def read() -> Any:
        return (await _messages(runtime, owner, row["id"]))[-1]["status"] == "read"

    await eventually(read)
    shown = await phone.messages()
    assert shown[-1]["body"]["body"] == "Yes, come on Friday!"
