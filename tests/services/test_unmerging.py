"""Undoing the merge of two contacts: everything is where it was, and what happened since stays."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from sqlmodel import SQLModel, col, select

from tests import meta
from tests.services.conftest import Meta, NewChannel
from wapto_app.clock import utcnow
from wapto_app.models import (
    Contact,
    ContactApart,
    ContactMerge,
    ContactTag,
    Conversation,
    CustomField,
    Direction,
    FieldKind,
    FieldValue,
    Message,
    MessageDraft,
    MessageStatus,
    Reaction,
    ScheduledMessage,
    Tag,
    Task,
    Visibility,
)
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services import contacts, housekeeping, inbox
from wapto_app.services.contacts import unmerging
from wapto_app.services.errors import Conflict, Forbidden, NotFound

ONE, TWO = "16505550001", "16505550002"
Does = Callable[..., Awaitable[Any]]
# What a merge and its undoing leave behind, and what a job makes anew.
_NOT_COMPARED = {"audit_entry", "contact_merge", "contact_search", "message_search", "search_cursor"}


@pytest.fixture
def does(runtime: Runtime, owner: Actor) -> Does:
    async def run(service: Callable[..., Any], *arguments: Any, actor: Actor = owner) -> Any:
        async with runtime.db.write() as session:
            return await service(session, actor, *arguments)

    return run


@pytest.fixture
async def pair(
    runtime: Runtime, owner: Actor, does: Does, meta_says: Meta, channel_id: int, new_channel: NewChannel
) -> tuple[int, int]:
    """Two customers with everything that a customer can have, both on one number, the second on another one too."""
    for number in (ONE, TWO, TWO):
        wamid = f"wamid.{number}.{len(await _all(runtime, Message))}"
        await meta_says.says(meta.inbound(meta.message(wamid, wa_id=number, at=meta.ago(minutes=5))))
    other_channel = await new_channel("222")
    async with runtime.db.write() as session:
        keep, goes = (await session.exec(select(Contact.id).order_by(col(Contact.id)))).all()
        apart = Conversation(contact_id=goes or 0, channel_id=other_channel)
        session.add(apart)
        await session.flush()
        session.add(
            Message(
                conversation_id=apart.id or 0,
                channel_id=other_channel,
                direction=Direction.INBOUND,
                type="text",
                body="x",
                status=MessageStatus.RECEIVED,
            )
        )
        await _belongings(session, owner, keep or 0, goes or 0)
    await does(contacts.edit, goes, _form(name="Bea", company="New", notes="Likes tea"))
    await does(contacts.opt_out, [goes])
    for talk in await _all(runtime, Conversation):
        await does(inbox.snooze, talk.id, utcnow() + timedelta(days=1))
    return keep or 0, goes or 0


async def _belongings(session: Any, owner: Actor, keep: int, goes: int) -> None:
    talks = {
        row.contact_id: row.id
        for row in await session.exec(select(Conversation).order_by(col(Conversation.id).desc()))
    }
    session.add_all([Tag(id=each, name=f"t{each}", key=f"t{each}") for each in (1, 2)])
    session.add_all([CustomField(id=n, key=f"f{n}", label=f"F{n}", kind=FieldKind.TEXT) for n in (1, 2)])
    third = Contact(name="Cy")
    session.add(third)
    await session.flush()
    session.add_all([ContactTag(contact_id=keep, tag_id=1), ContactTag(contact_id=goes, tag_id=1)])
    session.add(ContactTag(contact_id=goes, tag_id=2, by_id=owner.account_id))
    session.add(FieldValue(contact_id=keep, field_id=1, value="Bonn", key="bonn"))
    session.add(FieldValue(contact_id=goes, field_id=1, value="Köln", key="köln"))
    session.add(FieldValue(contact_id=goes, field_id=2, value="7", key="7", number=7.0))
    session.add(ContactApart(first_id=goes, second_id=third.id))
    for contact_id in (keep, goes):
        talk = talks[contact_id]
        session.add(Task(title="Call", conversation_id=talk))
        session.add(
            ScheduledMessage(conversation_id=talk, due_at=utcnow() + timedelta(days=1), content={"text": "x"})
        )
        session.add(MessageDraft(account_id=owner.account_id, conversation_id=talk, text=f"to {contact_id}"))
        session.add(
            Reaction(
                conversation_id=talk, target_wamid=f"w{talk}", from_customer=True, emoji="👍", at=utcnow()
            )
        )


async def _all(runtime: Runtime, model: Any) -> list[Any]:
    async with runtime.db.read() as session:
        return list(await session.exec(select(model).order_by(model.id)))


def _form(**values: str) -> dict[str, str]:
    return dict.fromkeys(("name", "company", "email", "language", "source", "notes"), "") | values


async def everything(runtime: Runtime) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table, without when it was changed."""
    found = {}
    async with runtime.db.read() as session:
        connection = await session.connection()
        for table in SQLModel.metadata.sorted_tables:
            if table.name not in _NOT_COMPARED:
                rows = [dict(row) for row in (await connection.execute(sa.select(table))).mappings()]
                found[table.name] = sorted(
                    ({name: value for name, value in row.items() if name != "updated_at"} for row in rows),
                    key=lambda row: [str(row[each.name]) for each in table.primary_key],
                )
    return found


async def the_merge(runtime: Runtime) -> int:
    async with runtime.db.read() as session:
        return (await session.exec(select(ContactMerge.id))).one() or 0


async def test_everything_is_where_it_was(runtime: Runtime, does: Does, pair: tuple[int, int]) -> None:
    keep, goes = pair
    before = await everything(runtime)
    await does(contacts.merge, keep, goes, ["name", "company"])
    merged = await everything(runtime)
    assert len(merged["contact"]) == len(before["contact"]) - 1
    assert merged["message"] != before["message"]
    found = await does(contacts.undoable, keep)
    assert (found["id"], found["name"]) == (await the_merge(runtime), "Bea")
    assert await does(contacts.undo_merge, found["id"]) == goes
    after = await everything(runtime)
    # Messages that were to be sent to who is opted out stay cancelled.
    for rows in (before["scheduled_message"], after["scheduled_message"]):
        for row in rows:
            del row["state"], row["settled_at"], row["error"]
    assert {name: rows for name, rows in after.items() if rows != before[name]} == {}
    assert await does(contacts.undoable, keep) == unmerging.NOTHING


async def test_what_was_done_since_stays(runtime: Runtime, does: Does, pair: tuple[int, int]) -> None:
    keep, goes = pair
    await does(contacts.merge, keep, goes, ["company"])
    async with runtime.db.write() as session:
        await session.exec(sa.delete(Tag).where(col(Tag.id) == 1))
        await session.exec(sa.update(Contact).where(col(Contact.id) == keep).values(company="Newest"))
    [talk] = [row.id for row in await _all(runtime, Conversation) if row.contact_id == keep][:1]
    await does(contacts.opt_in, [keep])
    await does(lambda session, actor: inbox.send_text(session, actor, talk, "To the one who stays"))
    assert await does(contacts.undo_merge, await the_merge(runtime)) == goes
    stays, back = await does(contacts.details, keep), await does(contacts.details, goes)
    assert (stays["company"], back["company"]) == ("Newest", "New")
    assert (stays["opt"], back["opt"]) == ("in", "out")
    async with runtime.db.read() as session:
        assert set(await session.exec(select(ContactTag.tag_id).where(ContactTag.contact_id == goes))) == {2}
        header = await session.get_one(Conversation, talk)
        assert header.preview == "To the one who stays"


async def test_an_id_that_somebody_has_got_since_is_no_obstacle(
    runtime: Runtime, does: Does, pair: tuple[int, int]
) -> None:
    keep, goes = pair
    await does(contacts.merge, keep, goes)
    talk = (await _all(runtime, Conversation))[0]
    async with runtime.db.write() as session:
        session.add(Contact(id=goes, name="Newcomer"))
    back = await does(contacts.undo_merge, await the_merge(runtime))
    assert back not in (keep, goes)
    assert (await does(contacts.details, back))["name"] == "Bea"
    assert {row.contact_id for row in await _all(runtime, Conversation)} == {keep, back}
    assert talk.contact_id == keep


@pytest.mark.parametrize("who", [ONE, TWO])
async def test_when_the_customer_has_written_since_it_stays_merged(
    runtime: Runtime, does: Does, pair: tuple[int, int], meta_says: Meta, who: str
) -> None:
    await does(contacts.merge, *pair)
    await meta_says.says(meta.inbound(meta.message("wamid.late", wa_id=who, at=meta.ago(seconds=1))))
    with pytest.raises(Conflict, match="written since"):
        await does(contacts.undo_merge, await the_merge(runtime))


async def test_only_in_time_and_then_it_is_forgotten(
    runtime: Runtime, does: Does, pair: tuple[int, int]
) -> None:
    await does(contacts.merge, *pair)
    merge_id = await the_merge(runtime)
    with time_machine.travel(utcnow() + unmerging.FOR, tick=False):
        assert await does(contacts.undoable, pair[0]) == unmerging.NOTHING
        with pytest.raises(Conflict, match="too late"):
            await does(contacts.undo_merge, merge_id)
    with time_machine.travel(utcnow() + unmerging.FOR + timedelta(seconds=1), tick=False):
        await housekeeping.clean_up(runtime.db, runtime.settings.media_dir)
    with pytest.raises(NotFound):
        await does(contacts.undo_merge, merge_id)


async def test_two_merges_are_undone_in_their_order(
    runtime: Runtime, does: Does, pair: tuple[int, int]
) -> None:
    keep, goes = pair
    cy = next(row.id for row in await _all(runtime, Contact) if row.name == "Cy")
    before = await everything(runtime)
    await does(contacts.merge, keep, cy)
    first = await the_merge(runtime)
    await does(contacts.merge, keep, goes)
    with pytest.raises(Conflict, match="Undo that first"):
        await does(contacts.undo_merge, first)
    await does(contacts.undo_merge, (await does(contacts.undoable, keep))["id"])
    await does(contacts.undo_merge, first)
    assert (await everything(runtime))["contact_tag"] == before["contact_tag"]
    assert (await everything(runtime))["contact"] == before["contact"]


async def test_only_who_may_see_all_of_it(
    runtime: Runtime, does: Does, pair: tuple[int, int], agent: Actor
) -> None:
    await does(contacts.merge, *pair)
    merge_id = await the_merge(runtime)
    own = replace(agent, visibility=Visibility.OWN)
    assert await does(contacts.undoable, pair[0], actor=own) == unmerging.NOTHING
    with pytest.raises(NotFound):
        await does(contacts.undo_merge, merge_id, actor=own)
    with pytest.raises(Forbidden):
        await does(contacts.undo_merge, merge_id, actor=replace(agent, permissions=frozenset()))


async def test_two_who_undo_at_once_do_it_once(runtime: Runtime, does: Does, pair: tuple[int, int]) -> None:
    await does(contacts.merge, *pair)
    merge_id = await the_merge(runtime)
    tries = [does(contacts.undo_merge, merge_id) for _ in range(2)]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert [type(each) for each in outcomes if isinstance(each, Exception)] == [NotFound]
    assert len(await _all(runtime, Contact)) == 3
