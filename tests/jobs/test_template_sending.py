"""Templates with cards on their way: every file is at Meta before the message leaves."""

from __future__ import annotations

from typing import Any

from sqlmodel import select

from integrations.sandbox.sandbox import Sandbox
from tests.jobs.conftest import Eventually, Phone
from tests.services.library import photo, put
from wapto_app.models import MediaFile, Message, MessageStatus, Template
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services import inbox, library, media


async def test_cards_leave_when_all_their_files_are_there(
    runtime: Runtime,
    owner: Actor,
    agent: Actor,
    channel_id: int,
    sandbox: Sandbox,
    phone: Phone,
    jobs: None,
    impatient: None,
    eventually: Eventually,
) -> None:
    await phone.says("Show me homes")

    async def first() -> Any:
        async with runtime.db.read() as session:
            rows = await inbox.listing(session, owner)
        return rows[0] if rows else None

    conversation_id = (await eventually(first))["id"]
    kept = [(await put(runtime, owner, photo(seed=seed)))["file"]["key"] for seed in (1, 2, 3)]
    async with runtime.db.write() as session:
        keys = await library.attach(session, owner, kept)
        query = select(Template).where(Template.name == "new_homes_carousel")
        template = (await session.exec(query)).one()
        assert template.id is not None
        slots = {slot["key"]: slot["sample"] or "maya" for slot in inbox_slots(template)}
        files = {f"cards.{place}": key for place, key in enumerate(keys)}
        message_id = await inbox.send_template(session, owner, conversation_id, template.id, slots, "", files)

    async def arrived() -> Any:
        async with runtime.db.read() as session:
            message = await session.get_one(Message, message_id)
        assert message.status is not MessageStatus.FAILED, message.error_detail
        return message if message.delivered_at else None

    await eventually(arrived)
    [sent] = [each for each in await phone.messages() if each["type"] == "template"]
    assert [bool(card["media"]) for card in sent["view"]["cards"]] == [True] * 3
    async with runtime.db.read() as session:
        found = await session.exec(select(MediaFile.meta_id).where(MediaFile.key.in_(keys)))  # type: ignore[attr-defined]
        assert all(found)
        served = await media.stored_file(session, agent, runtime.settings.media_dir, keys[0])
    assert served.mime_type == "image/jpeg"


def inbox_slots(template: Template) -> Any:
    from wapto_app.services.templates import describe

    return describe(template)["slots"]


async def test_a_file_that_whatsapp_refuses_fails_the_message(
    runtime: Runtime,
    owner: Actor,
    channel_id: int,
    sandbox: Sandbox,
    phone: Phone,
    jobs: None,
    impatient: None,
    eventually: Eventually,
) -> None:
    await phone.says("Show me homes")

    async def first() -> Any:
        async with runtime.db.read() as session:
            rows = await inbox.listing(session, owner)
        return rows[0] if rows else None

    conversation_id = (await eventually(first))["id"]
    kept = [(await put(runtime, owner, photo(seed=seed)))["file"]["key"] for seed in (1, 2, 3)]
    async with runtime.db.write() as session:
        keys = await library.attach(session, owner, kept)
        lost = (await session.exec(select(MediaFile).where(MediaFile.key == keys[2]))).one()
        lost.path = "zz/gone"
        query = select(Template).where(Template.name == "new_homes_carousel")
        template = (await session.exec(query)).one()
        slots = {slot["key"]: slot["sample"] or "maya" for slot in inbox_slots(template)}
        files = {f"cards.{place}": key for place, key in enumerate(keys)}
        message_id = await inbox.send_template(
            session, owner, conversation_id, template.id or 0, slots, "", files
        )

    async def failed() -> Any:
        async with runtime.db.read() as session:
            message = await session.get_one(Message, message_id)
        return message.error_detail if message.status is MessageStatus.FAILED else None

    assert await eventually(failed) == "The file is missing on this server."
    assert [each for each in await phone.messages() if each["type"] == "template"] == []
