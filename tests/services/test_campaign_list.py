"""The list of campaigns, and what the wizard offers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from sqlalchemy import event

from tests.services.campaign_desk import make_campaign, make_person, make_tag, make_template
from wapto_app.models import (
    Campaign,
    CampaignMoment,
    CampaignState,
    CampaignTally,
    CampaignVariant,
    Channel,
    ChannelStatus,
    Visibility,
)
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services.campaigns import choosing, drafts, listing, starting
from wapto_app.services.campaigns.listing import EVERY, CampaignFilter, CampaignPage, CampaignRow
from wapto_app.services.errors import Forbidden, NotFound

NOW = datetime(2026, 5, 1, 12, 0, 30, tzinfo=UTC)


async def make(runtime: Runtime, name: str, state: CampaignState = CampaignState.DRAFT, **more: Any) -> int:
    campaign = Campaign(name=name, state=state, **more)
    async with runtime.db.write() as session:
        session.add(campaign)
    return campaign.id or 0


async def count(runtime: Runtime, campaign_id: int, **counts: int) -> None:
    async with runtime.db.write() as session:
        session.add_all(
            CampaignTally(campaign_id=campaign_id, variant_id=1, state=state, count=n)
            for state, n in counts.items()
        )


async def page(runtime: Runtime, actor: Actor, after: Any = None, **wanted: str) -> CampaignPage:
    async with runtime.db.read() as session:
        return await listing.listing(session, actor, CampaignFilter(**{**EVERY, **wanted}), after)  # type: ignore[typeddict-item]


async def head(runtime: Runtime, actor: Actor, campaign_id: int) -> CampaignRow:
    async with runtime.db.read() as session:
        return await listing.one(session, actor, campaign_id)


def names(found: CampaignPage) -> list[str]:
    return [row["name"] for row in found.rows]


async def test_the_newest_stand_first_and_every_campaign_on_exactly_one_page(
    runtime: Runtime, owner: Actor
) -> None:
    at = NOW
    for number in range(listing.PAGE + 3):
        at += timedelta(seconds=number % 2)  # some of the same moment
        await make(runtime, f"c{number}", created_at=at)
    first = await page(runtime, owner)
    assert first.next is not None
    second = await page(runtime, owner, first.next)
    assert second.next is None
    assert names(first) + names(second) == [f"c{n}" for n in reversed(range(listing.PAGE + 3))]


async def test_the_list_is_filtered_by_state_and_by_words_of_the_name(runtime: Runtime, owner: Actor) -> None:
    await make(runtime, "Spring sale", CampaignState.RUNNING)
    await make(runtime, "Spring draft")
    await make(runtime, "100% off", CampaignState.PAUSED)
    await make(runtime, "Late", CampaignState.ASKING)
    assert names(await page(runtime, owner, group="active")) == ["100% off", "Spring sale"]
    assert names(await page(runtime, owner, group="scheduled")) == ["Late"]
    assert names(await page(runtime, owner, text="SPRING sa")) == ["Spring sale"]
    assert names(await page(runtime, owner, text="0%")) == ["100% off"]
    assert names(await page(runtime, owner, text="_")) == []
    assert len(names(await page(runtime, owner, group="nonsense"))) == 4
    async with runtime.db.read() as session:
        assert [row["name"] for row in await listing.asking(session, owner)] == ["Late"]


async def test_the_figures_add_up(runtime: Runtime, owner: Actor) -> None:
    campaign_id = await make(runtime, "Spring", CampaignState.FINISHED)
    await count(
        runtime,
        campaign_id,
        skipped=7,
        sent=10,
        delivered=20,
        read=30,
        failed=5,
        unconfirmed=2,
        replied=9,
        cancelled=3,
    )
    row = await head(runtime, owner, campaign_id)
    assert (row["people"], row["gone"], row["left"]) == (70, 67, 0)
    assert (row["sent"], row["delivered"], row["read"], row["replied"]) == (60, 50, 30, 9)
    assert (row["failed"], row["unconfirmed"], row["cancelled"], row["skipped"]) == (5, 2, 3, 7)


async def test_what_is_left_takes_as_long_as_the_last_minute_says(runtime: Runtime, owner: Actor) -> None:
    with time_machine.travel(NOW, tick=False):
        campaign_id = await make(
            runtime, "Spring", CampaignState.RUNNING, started_at=NOW - timedelta(minutes=10)
        )
        await count(runtime, campaign_id, sent=900, waiting=500, held=4_000)
        async with runtime.db.write() as session:
            for minutes, stage, n in (
                (0, "sent", 280),
                (1, "sent", 600),
                (1, "failed", 20),
                (1, "read", 999),
                (9, "sent", 1),
            ):
                minute = NOW.replace(second=0) - timedelta(minutes=minutes)
                session.add(CampaignMoment(campaign_id=campaign_id, minute=minute, stage=stage, count=n))
        row = await head(runtime, owner, campaign_id)
    # 900 in the 90 seconds since 11:59:00; who waits for the winner of a test is no work of these minutes.
    assert (row["per_minute"], row["seconds_left"]) == (600, 50)


async def test_a_standstill_says_no_time(runtime: Runtime, owner: Actor) -> None:
    campaign_id = await make(runtime, "Spring", CampaignState.RUNNING)
    await count(runtime, campaign_id, waiting=5)
    row = await head(runtime, owner, campaign_id)
    assert (row["per_minute"], row["seconds_left"], row["left"]) == (0, 0, 5)


async def test_a_campaign_that_is_not_there(runtime: Runtime, owner: Actor) -> None:
    for campaign_id in (0, 99, 2**40):
        with pytest.raises(NotFound):
            await head(runtime, owner, campaign_id)


async def test_nobody_without_the_permission_sees_campaigns(runtime: Runtime, agent: Actor) -> None:
    with pytest.raises(Forbidden):
        await page(runtime, replace(agent, permissions=frozenset({Permission.CONTACTS_SEE})))


async def test_the_list_is_read_along_its_index(runtime: Runtime, owner: Actor, backend: str) -> None:
    for number in range(30):
        await make(runtime, f"c{number}", created_at=NOW - timedelta(days=number))
    statements: list[tuple[str, Any]] = []

    def note(_conn: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if "FROM campaign " in statement:
            statements.append((statement, parameters))

    event.listen(runtime.db.engine.sync_engine, "before_cursor_execute", note)
    await page(runtime, owner, listing.Cursor(NOW, 5))
    async with runtime.db.read() as session:
        await listing.asking(session, owner)
    event.remove(runtime.db.engine.sync_engine, "before_cursor_execute", note)
    plans = []
    async with runtime.db.engine.connect() as connection:
        if backend != "sqlite":
            await connection.execute(sa.text("SET enable_seqscan = off"))
        for statement, parameters in statements:
            prefix = "EXPLAIN QUERY PLAN" if backend == "sqlite" else "EXPLAIN"
            rows = (await connection.exec_driver_sql(f"{prefix} {statement}", parameters)).all()
            plans.append("\n".join(str(row) for row in rows))
    assert "ix_campaign_created_at_id" in plans[0], plans[0]
    # PostgreSQL takes whichever index is smaller; it reads nothing from end to end.
    wanted = "ix_campaign_active" if backend == "sqlite" else "using ix_campaign_"
    assert wanted in plans[1], plans[1]


async def test_a_template_that_cannot_be_sent_says_why(
    runtime: Runtime, owner: Actor, channel_id: int
) -> None:
    await make_template(runtime, "good")
    await make_template(runtime, "waits", status="PENDING")
    await make_template(runtime, "code", category="AUTHENTICATION")
    await make_template(runtime, "elsewhere", waba_id="another")
    async with runtime.db.read() as session:
        found = await choosing.templates(session, owner, channel_id, "")
        searched = await choosing.templates(session, owner, channel_id, "WAIT")
        assert await choosing.templates(session, owner, 2**40, "") == []
    problems = {row["name"]: row["problem"] for row in found}
    assert problems == {
        "good": "",
        "waits": "WhatsApp is still reviewing it.",
        "code": "Codes are for one person at a time, not for a campaign.",
    }
    assert [row["name"] for row in searched] == ["waits"]


async def test_a_number_that_cannot_send_says_why(runtime: Runtime, owner: Actor, channel_id: int) -> None:
    async with runtime.db.write() as session:
        (await session.get_one(Channel, channel_id)).status = ChannelStatus.RECONNECT
    async with runtime.db.read() as session:
        [row] = await choosing.numbers(session, owner)
    assert "Reconnect" in row["problem"]


async def test_names_of_hidden_people_are_not_told(runtime: Runtime, owner: Actor, agent: Actor) -> None:
    ada, bob = await make_person(runtime, "Ada"), await make_person(runtime, "Bob")
    sees_own = replace(
        agent, permissions=frozenset({Permission.CAMPAIGNS_SEE}), visibility=Visibility.OWN, hide_phone=True
    )
    async with runtime.db.read() as session:
        assert [row["name"] for row in await choosing.people(session, owner, [bob, ada, 99])] == [
            "Bob",
            "Ada",
        ]
        assert await choosing.people(session, sees_own, [ada, bob]) == []
        hidden = await choosing.people(session, replace(sees_own, visibility=Visibility.ALL), [ada])
    assert "650555" not in hidden[0]["phone"]


def test_a_gap_that_is_called_like_a_field_gets_it() -> None:
    slots = [
        {"key": f"body.{name}", "place": "body", "name": name, "kind": "text"}
        for name in ("first_name", "Customer_Name", "City", "1", "code")
    ]
    choices = [
        {"source": "contact", "name": "language", "label": "Language"},
        {"source": "field", "name": "city", "label": "City"},
        {"source": "column", "name": "Code", "label": "Code"},
    ]
    form: Any = {"slots": slots}
    found = choosing.guessed(form, choices)  # type: ignore[arg-type]
    assert {key: (rule["source"], rule["name"]) for key, rule in found.items()} == {
        "body.first_name": ("contact", "first_name"),
        "body.Customer_Name": ("contact", "name"),
        "body.City": ("field", "city"),
        "body.code": ("column", "Code"),
    }


async def test_a_campaign_begins_with_what_the_page_before_has_chosen(
    runtime: Runtime, owner: Actor, channel_id: int
) -> None:
    tag = await make_tag(runtime, "VIP", await make_person(runtime))
    template = await make_template(runtime, "spring_sale")
    async with runtime.db.write() as session:
        campaign_id = await starting.start(session, owner, tag=tag, template=template, segment=99)
        draft = await drafts.draft(session, owner, campaign_id)
    assert (draft["name"], draft["audience"]["tags"], draft["audience"]["segments"]) == ("VIP", [tag], [])
    assert (draft["channel_id"], draft["variants"][0]["template_id"]) == (channel_id, template)


async def test_an_untouched_draft_is_taken_up_again_and_a_touched_one_is_not(
    runtime: Runtime, owner: Actor, channel_id: int
) -> None:
    async with runtime.db.write() as session:
        first = await starting.start(session, owner)
        assert await starting.start(session, owner) == first
        assert await starting.start(session, replace(owner, account_id=None)) != first
        await drafts.rename(session, owner, first, "For spring")
        second = await starting.start(session, owner)
        assert second != first, "somebody has named the first one"
        await drafts.delete(session, owner, second)
    touched = await make_campaign(runtime, owner, channel_id)
    async with runtime.db.write() as session:
        await session.exec(sa.delete(CampaignVariant).where(sa.text(f"campaign_id = {first}")))
        await drafts.delete(session, owner, first)
        assert await starting.start(session, owner) != touched


async def test_people_of_another_page_are_the_audience(runtime: Runtime, owner: Actor) -> None:
    ids = [await make_person(runtime, name) for name in ("Ada", "Bob")]
    async with runtime.db.write() as session:
        campaign_id = await starting.start(session, owner, contacts=ids)
        draft = await drafts.draft(session, owner, campaign_id)
    assert draft["audience"]["contacts"] == ids
