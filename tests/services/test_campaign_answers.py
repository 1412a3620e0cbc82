"""Which campaign an answer counts for, and that it counts once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from tests.meta import inbound, message
from tests.services.campaign_rows import Campaigns
from tests.services.conftest import Meta
from wapto_app.clock import utcnow
from wapto_app.jobs import answers as job
from wapto_app.models import CampaignCursor, CampaignMoment, CampaignRecipient, CampaignTally, RecipientState
from wapto_app.runtime import Runtime
from wapto_app.services.campaigns import attribution

READ, SENT, FAILED, WAITING = (
    RecipientState.READ,
    RecipientState.SENT,
    RecipientState.FAILED,
    RecipientState.WAITING,
)


@pytest.fixture
def campaigns(runtime: Runtime, channel_id: int) -> Campaigns:
    return Campaigns(runtime, channel_id)


class Customers:
    """Write, and the job follows."""

    def __init__(self, runtime: Runtime, meta: Meta) -> None:
        self.runtime, self.meta, self.said = runtime, meta, 0

    async def write(self, number: str, kind: str = "text", body: Any = None, **more: Any) -> None:
        self.said += 1
        said = message(f"wamid.in{self.said}", kind, body, wa_id=number.lstrip("+"), **more)
        assert await self.meta.says(inbound(said)) == (1, 0)

    async def write_all(self, number: str, **more: Any) -> None:
        await self.write(number, **more)
        await job.follow(self.runtime)


@pytest.fixture
def customers(runtime: Runtime, meta_says: Meta) -> Customers:
    return Customers(runtime, meta_says)


async def replied(runtime: Runtime) -> list[tuple[int, bool, str]]:
    """Campaign, whether a tap was counted, and of which button, of everybody who answered."""
    async with runtime.db.read() as session:
        found = await session.exec(
            select(CampaignRecipient)
            .where(col(CampaignRecipient.replied_at).is_not(None))
            .order_by(col(CampaignRecipient.id))
        )
        return [(each.campaign_id, each.clicked_at is not None, each.clicked) for each in found]


async def counted(runtime: Runtime, what: str) -> dict[int, int]:
    async with runtime.db.read() as session:
        found = await session.exec(select(CampaignTally).where(CampaignTally.state == what))
        return {each.campaign_id: each.count for each in found}


async def test_answer_counts_for_the_newest_campaign(
    runtime: Runtime, campaigns: Campaigns, customers: Customers
) -> None:
    await campaigns.add("Older", {1: READ}, at=utcnow() - timedelta(hours=5))
    newer, people = await campaigns.add("Newer", {1: SENT, 2: SENT}, at=utcnow() - timedelta(hours=2))
    await customers.write_all(people[1].number)
    assert await replied(runtime) == [(newer, False, "")]
    assert await counted(runtime, "replied") == {newer: 1}
    async with runtime.db.read() as session:
        moments = (await session.exec(select(CampaignMoment))).all()
    assert [(each.campaign_id, each.stage, each.count) for each in moments] == [(newer, "replied", 1)]


async def test_answer_that_quotes_counts_for_what_it_quotes_however_old(
    runtime: Runtime, campaigns: Campaigns, customers: Customers
) -> None:
    older, people = await campaigns.add("Older", {1: READ}, at=utcnow() - timedelta(days=20))
    await campaigns.add("Newer", {1: SENT}, at=utcnow() - timedelta(hours=2))
    await customers.write_all(people[1].number, context={"id": people[1].wamid, "from": "15550783881"})
    assert await replied(runtime) == [(older, False, "")]


async def test_tapped_button_is_a_reply_and_a_click(
    runtime: Runtime, campaigns: Campaigns, customers: Customers
) -> None:
    campaign, people = await campaigns.add("Offer", {1: READ}, at=utcnow() - timedelta(hours=1))
    tapped = {"text": "Yes, please", "payload": "yes"}
    await customers.write(people[1].number, "button", tapped, context={"id": people[1].wamid})
    await customers.write(people[1].number, "button", {"text": "No"}, context={"id": people[1].wamid})
    await job.follow(runtime)
    assert await replied(runtime) == [(campaign, True, "Yes, please")]
    assert await counted(runtime, "clicked") == {campaign: 1}


@pytest.mark.parametrize(
    ("payload", "counted_as"),
    [
        ("Card 2: Book", "Card 2: Book"),
        ("Card 2: Other", "Book"),
        ("x Card 2: Book", "Book"),
        ("Book", "Book"),
    ],
)
async def test_a_tap_on_a_card_tells_which_card(
    runtime: Runtime, campaigns: Campaigns, customers: Customers, payload: str, counted_as: str
) -> None:
    campaign, people = await campaigns.add("Offer", {1: READ}, at=utcnow() - timedelta(hours=1))
    tap = {"text": "Book", "payload": payload}
    await customers.write(people[1].number, "button", tap, context={"id": people[1].wamid})
    await job.follow(runtime)
    assert await replied(runtime) == [(campaign, True, counted_as)]


async def test_click_after_a_reply_still_counts(
    runtime: Runtime, campaigns: Campaigns, customers: Customers
) -> None:
    campaign, people = await campaigns.add("Offer", {1: READ}, at=utcnow() - timedelta(hours=1))
    await customers.write_all(people[1].number)
    await customers.write_all(
        people[1].number, kind="button", body={"text": "Yes"}, context={"id": people[1].wamid}
    )
    assert await replied(runtime) == [(campaign, True, "Yes")]
    assert await counted(runtime, "replied") == await counted(runtime, "clicked") == {campaign: 1}


@pytest.mark.parametrize("hours", [73, 24 * 30])
async def test_answer_after_three_days_is_none(
    runtime: Runtime, campaigns: Campaigns, customers: Customers, hours: int
) -> None:
    await campaigns.add("Old", {1: READ}, at=utcnow() - timedelta(hours=hours))
    await customers.write_all(campaigns.number(1))
    assert await replied(runtime) == []


@pytest.mark.parametrize("state", [FAILED, WAITING, RecipientState.SKIPPED])
async def test_who_got_nothing_cannot_answer_it(
    runtime: Runtime, campaigns: Campaigns, customers: Customers, state: RecipientState
) -> None:
    _campaign, people = await campaigns.add("Offer", {1: state, 2: SENT}, at=utcnow() - timedelta(hours=1))
    await customers.write_all(people[1].number)
    assert await replied(runtime) == []


async def test_looking_again_counts_nothing_twice(
    runtime: Runtime, campaigns: Campaigns, customers: Customers
) -> None:
    campaign, people = await campaigns.add("Offer", {1: READ}, at=utcnow() - timedelta(hours=1))
    await customers.write(people[1].number)
    await customers.write(people[1].number)
    for _time in range(3):
        await job.follow(runtime)
        async with runtime.db.write() as session:
            await session.exec(sa.update(CampaignCursor).values(last_id=0))  # type: ignore[call-overload]
    assert await counted(runtime, "replied") == {campaign: 1}


async def test_more_than_a_batch_is_read_to_its_end(
    runtime: Runtime, campaigns: Campaigns, customers: Customers, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = dict.fromkeys(range(1, 8), SENT)
    campaign, sent = await campaigns.add("Offer", people, at=utcnow() - timedelta(hours=1))
    monkeypatch.setattr(attribution, "AT_ONCE", 3)
    monkeypatch.setattr(attribution, "_WRITTEN", attribution._written())
    for each in sent.values():
        await customers.write(each.number)
    await job.follow(runtime)
    assert await counted(runtime, "replied") == {campaign: 7}


@pytest.mark.usefixtures("channel_id")
async def test_workspace_without_campaigns_only_moves_on(runtime: Runtime, customers: Customers) -> None:
    await customers.write_all("+16505550001")
    async with runtime.db.read() as session:
        cursor = (await session.exec(select(CampaignCursor))).one()
    assert cursor.last_id == 1
