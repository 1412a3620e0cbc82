"""Notes of the team: in the thread, for nobody else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import select

from tests.meta import ADA
from tests.services.conftest import Book, Meta
from tests.services.desk import Desk
from wapto_app.models import Account, Conversation, Notification, Role, Team, Visibility
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import inbox, notes, outbox, sessions
from wapto_app.services.errors import Conflict, Forbidden, Invalid, NotFound
from wapto_app.services.visibility import readable, sees

NewAccount = Callable[..., Awaitable[Actor]]
Take = Callable[[], Awaitable[None]]


async def write(runtime: Runtime, actor: Actor, conversation_id: int, text: str, *mentions: Any) -> int:
    async with runtime.db.write() as session:
        return await notes.write(session, actor, conversation_id, text, list(mentions))


async def edit(runtime: Runtime, actor: Actor, note_id: int, text: str, *mentions: Any) -> None:
    async with runtime.db.write() as session:
        await notes.edit(session, actor, note_id, text, list(mentions))


async def delete(runtime: Runtime, actor: Actor, note_id: int) -> None:
    async with runtime.db.write() as session:
        await notes.delete(session, actor, note_id)


async def thread(runtime: Runtime, actor: Actor, conversation_id: int) -> list[inbox.MessageRow]:
    async with runtime.db.read() as session:
        return (await inbox.recent(session, actor, conversation_id))["messages"]


async def told(runtime: Runtime) -> list[tuple[int, str]]:
    async with runtime.db.read() as session:
        rows = await session.exec(select(Notification).order_by(Notification.id))  # type: ignore[arg-type]
        return [(row.account_id, row.kind.value) for row in rows]


async def test_a_note_stands_in_the_thread_and_nowhere_else(
    runtime: Runtime, owner: Actor, conversation_id: int, book: Book, meta_says: Meta
) -> None:
    desk = Desk(runtime, meta_says)
    before, kinds, state = (
        await book.only("conversation"),
        await desk.kinds(),
        await desk.state(conversation_id),
    )
    seen: list[frozenset[str]] = []
    runtime.hub.listen(seen.append)
    await write(runtime, owner, conversation_id, "  She *wants* a discount ")
    note = (await thread(runtime, owner, conversation_id))[-1]
    assert (note["kind"], note["type"], note["body"]) == ("note", "note", "She *wants* a discount")
    assert (note["mine"], note["outbound"], note["author"]) == (True, False, owner.name)
    assert await book.only("conversation") == before, "the list tells of messages"
    assert (await desk.kinds(), await desk.state(conversation_id)) == (kinds, state)
    assert seen == [{f"conversation:{conversation_id}"}]
    async with runtime.db.read() as session:
        assert await outbox.depth(session) == {}


async def test_nothing_of_a_message_can_be_done_to_a_note(
    runtime: Runtime, owner: Actor, conversation_id: int
) -> None:
    note_id = await write(runtime, owner, conversation_id, "Only for us")
    async with runtime.db.write() as session:
        with pytest.raises(NotFound):
            await outbox.retry(session, owner, note_id)
        with pytest.raises(NotFound):
            await outbox.take_back(session, owner, note_id)
        with pytest.raises(Conflict):
            await inbox.react(session, owner, conversation_id, note_id, "👍")


async def test_who_is_mentioned_is_told_once(
    runtime: Runtime, owner: Actor, agent: Actor, conversation_id: int
) -> None:
    note_id = await write(
        runtime, owner, conversation_id, "@Ben look", agent.account_id, agent.account_id, owner.account_id
    )
    assert await told(runtime) == [(agent.account_id, "mentioned")]
    note = (await thread(runtime, agent, conversation_id))[-1]
    assert note["content"]["mentions"] == [{"id": agent.account_id, "name": agent.name}]
    assert note["mine"] is False
    await edit(runtime, owner, note_id, "@Ben look please", agent.account_id)
    assert len(await told(runtime)) == 1
    note = (await thread(runtime, agent, conversation_id))[-1]
    assert (note["body"], note["edited"]) == ("@Ben look please", True)


async def test_only_who_may_see_it_can_be_mentioned(
    runtime: Runtime,
    owner: Actor,
    agent: Actor,
    conversation_id: int,
    others_take_all: Take,
    new_account: NewAccount,
) -> None:
    operator = await new_account("Otto Operator", Role.OPERATOR)
    async with runtime.db.read() as session:
        people = await notes.colleagues(session, owner, conversation_id)
    assert people == [{"id": agent.account_id, "name": agent.name}]
    async with runtime.db.write() as session:
        await session.exec(sa.update(Team).values(visibility=Visibility.TEAM))
    await others_take_all()
    async with runtime.db.read() as session:
        assert await notes.colleagues(session, owner, conversation_id) == []
    for account_id in (agent.account_id, operator.account_id, 987_654):
        with pytest.raises(Invalid):
            await write(runtime, owner, conversation_id, "Look", account_id)
    assert await told(runtime) == []


async def test_only_its_author_changes_or_deletes_a_note(
    runtime: Runtime, owner: Actor, agent: Actor, conversation_id: int, book: Book
) -> None:
    note_id = await write(runtime, agent, conversation_id, "Mine")
    for deed in (edit(runtime, owner, note_id, "Ours"), delete(runtime, owner, note_id)):
        with pytest.raises(Conflict):
            await deed
    message_id = (await book.rows("message"))[0]["id"]
    for deed in (edit(runtime, agent, message_id, "x"), delete(runtime, agent, message_id)):
        with pytest.raises(NotFound):
            await deed
    await delete(runtime, agent, note_id)
    assert await book.texts() == ["Hello"]


async def test_what_cannot_be_a_note_is_refused(
    runtime: Runtime, owner: Actor, agent: Actor, conversation_id: int, others_take_all: Take
) -> None:
    for text in ("", " \x00\n", "x" * 4097):
        with pytest.raises(Invalid):
            await write(runtime, owner, conversation_id, text)
    with pytest.raises(Invalid):
        await write(runtime, owner, conversation_id, "All!", *range(100, 140))
    reader = replace(agent, permissions=frozenset({Permission.INBOX_SEE}))
    with pytest.raises(Forbidden):
        await write(runtime, reader, conversation_id, "x")
    note_id = await write(runtime, agent, conversation_id, "Seen")
    await others_take_all()
    stranger = replace(agent, visibility=Visibility.TEAM)
    for deed in (
        write(runtime, stranger, conversation_id, "x"),
        edit(runtime, stranger, note_id, "x"),
        delete(runtime, stranger, note_id),
    ):
        with pytest.raises(NotFound):
            await deed


async def test_numbers_stay_hidden_in_notes_and_survive_an_edit(
    runtime: Runtime, owner: Actor, agent: Actor, conversation_id: int, book: Book
) -> None:
    blind = replace(agent, hide_phone=True)
    note_id = await write(runtime, agent, conversation_id, f"Call +{ADA} or +49 171 3920005")
    shown = (await thread(runtime, blind, conversation_id))[-1]["body"]
    assert ADA not in shown
    assert "3920005" not in shown
    await edit(runtime, blind, note_id, shown + " today")
    assert (await book.texts())[-1] == f"Call +{ADA} or +49 171 3920005 today"


async def test_the_rule_of_one_conversation_is_that_of_the_list(
    runtime: Runtime, owner: Actor, agent: Actor, conversation_id: int
) -> None:
    """``sees`` and ``readable`` must never differ."""
    async with runtime.db.write() as session:
        other = Team(name="Others")
        session.add(other)
        await session.flush()
    for assignee in (None, agent.account_id, owner.account_id):
        for team in (None, agent.team_id, other.id):
            async with runtime.db.write() as session:
                values = {"assignee_id": assignee, "team_id": team}
                await session.exec(sa.update(Conversation).values(**values))
            for visibility in Visibility:
                for own_team in (agent.team_id, None):
                    reader = replace(agent, visibility=visibility, team_id=own_team)
                    async with runtime.db.read() as session:
                        conversation = await session.get_one(Conversation, conversation_id)
                        found = await session.exec(select(Conversation.id).where(readable(reader)))
                        assert sees(reader, conversation) == (found.first() is not None)


async def test_colleagues_are_everybody_who_works_here(
    runtime: Runtime, owner: Actor, agent: Actor, new_account: NewAccount
) -> None:
    gone = await new_account("Gus Gone")
    async with runtime.db.write() as session:
        await session.exec(sa.update(Account).where(Account.id == gone.account_id).values(is_active=False))  # type: ignore[arg-type]
        people = await sessions.colleagues(session, 10)
        one = await sessions.actor_of_account(session, agent.account_id or 0)
    assert [each.name for each in people] == [agent.name, owner.name]
    assert people[0] == one
