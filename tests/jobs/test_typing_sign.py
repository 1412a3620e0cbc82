"""“typing …” on the customer's phone: only where one may write, and only while the owner wants it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from integrations.sandbox.sandbox import Sandbox
from tests.jobs.conftest import Desk
from wapto_app.clock import utcnow
from wapto_app.models import Channel, Contact, Conversation, Visibility
from wapto_app.security.permissions import Actor
from wapto_app.services import typing_sign
from wapto_app.services.errors import Forbidden, NotFound


@pytest.fixture
def news(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the phone is told about typing."""
    told: list[dict[str, Any]] = []
    tell = sandbox.traffic._hub.tell

    def listen(what: dict[str, Any]) -> None:
        if what.get("kind") == "typing":
            told.append(what)
        tell(what)

    monkeypatch.setattr(sandbox.traffic._hub, "tell", listen)
    return told


async def show(desk: Desk, actor: Actor | None = None) -> None:
    await typing_sign.show(desk.runtime.db, actor or desk.actor, desk.runtime.gateway, desk.conversation_id)


async def choose(desk: Desk, *, on: bool) -> None:
    async with desk.runtime.db.write() as session:
        await typing_sign.choose(session, desk.actor, on=on)


async def test_the_customer_sees_it_until_the_owner_says_no(
    desk: Desk, agent: Actor, news: list[dict[str, Any]]
) -> None:
    await show(desk)
    assert [(each["seconds"], each["number"]) for each in news] == [
        (25, (await desk.channel()).phone_number_id)
    ]
    with pytest.raises(Forbidden):
        async with desk.runtime.db.write() as session:
            await typing_sign.choose(session, agent, on=False)
    await choose(desk, on=False)
    await show(desk)
    assert len(news) == 1
    await choose(desk, on=True)
    await show(desk, agent)
    assert len(news) == 2


@pytest.mark.parametrize(
    "change",
    [
        sa.update(Conversation).values(last_inbound_at=sa.text("'2020-01-01 00:00:00+00'")),
        sa.update(Contact).values(blocked_at=utcnow()),
        sa.update(Contact).values(opted_out_at=utcnow()),
        sa.update(Channel).values(status="reconnect"),
        sa.update(Channel).values(status="disconnected"),
    ],
    ids=["window closed", "blocked", "opted out", "token revoked", "disconnected"],
)
async def test_where_nothing_may_be_sent_it_is_not_shown(
    desk: Desk, news: list[dict[str, Any]], change: Any
) -> None:
    async with desk.runtime.db.write() as session:
        await session.exec(change)
    await show(desk)
    assert news == []


async def test_a_meta_that_refuses_or_is_silent_is_no_error(
    desk: Desk, sandbox: Sandbox, news: list[dict[str, Any]]
) -> None:
    sandbox.faults.change({"error_next": 1})
    await show(desk)
    assert news == []
    sandbox.faults.change({"drop_before_accept_next": 1})
    await show(desk)
    assert news == []


async def test_not_in_what_one_does_not_see_and_not_for_who_only_looks(
    desk: Desk, agent: Actor, news: list[dict[str, Any]]
) -> None:
    with pytest.raises(NotFound):
        await show(desk, replace(agent, visibility=Visibility.OWN))
    with pytest.raises(Forbidden):
        await show(desk, replace(agent, permissions=frozenset()))
    assert news == []
