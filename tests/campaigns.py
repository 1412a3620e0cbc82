"""Campaigns for tests, made without the wizard: a template, people, and recipients that wait."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select

from integrations.sandbox.sandbox import Sandbox
from wapto_app.clock import utcnow
from wapto_app.models import (
    AddressKind,
    Campaign,
    CampaignRecipient,
    CampaignState,
    CampaignTally,
    CampaignVariant,
    Channel,
    Contact,
    ContactAddress,
    Message,
    RecipientState,
    Template,
)
from wapto_app.runtime import Runtime

DONE = frozenset({RecipientState.SENT, RecipientState.DELIVERED, RecipientState.READ})
BODY = "Hello {{1}}, your order {{2}} is on its way and arrives on {{3}}. Thank you for choosing us!"
COMPONENTS: list[dict[str, Any]] = [
    {"type": "HEADER", "format": "TEXT", "text": "Order update"},
    {"type": "BODY", "text": BODY, "example": {"body_text": [["Maya", "#1042", "Friday"]]}},
    {"type": "FOOTER", "text": "Harbour Homes"},
]
MAPPING = {
    "body.1": {"source": "contact", "name": "name", "fallback": "there"},
    "body.2": {"source": "fixed", "name": "#1042", "fallback": ""},
    "body.3": {"source": "column", "name": "day", "fallback": "Friday"},
}


CARD_RULES: dict[str, dict[str, str]] = {
    "body.1": {"source": "contact", "name": "name", "fallback": ""},
    **{
        f"cards.{at}.{key}": {"source": "fixed", "name": f"{text} {at + 1}", "fallback": ""}
        for at in range(3)
        for key, text in (("body.1", "Home"), ("body.2", "price"), ("button.1", "home"))
    },
    "cards.2.body.1": {"source": "contact", "name": "name", "fallback": ""},
}
"""For ``new_homes_carousel`` of the sandbox, which has three cards."""


def phone(number: int) -> str:
    return f"+1650{2_000_000 + number}"


async def new_template(runtime: Runtime, channel_id: int, **more: Any) -> int:
    """The sandbox's ``order_update``, approved, without its button."""
    async with runtime.db.write() as session:
        channel = (await session.exec(select(Channel).where(Channel.id == channel_id))).one()
        values: dict[str, Any] = {
            "waba_id": channel.waba_id,
            "name": "order_update",
            "language": "en_US",
            "category": "UTILITY",
            "status": "APPROVED",
            "components": COMPONENTS,
        }
        template = Template(**(values | more))
        session.add(template)
    assert template.id is not None
    return template.id


async def new_people(runtime: Runtime, count: int, first: int = 1) -> list[int]:
    """Contacts with a number each; their ids."""
    async with runtime.db.write() as session:
        people = [Contact(name=f"Customer {number}") for number in range(first, first + count)]
        session.add_all(people)
        await session.flush()
        session.add_all(
            ContactAddress(contact_id=person.id or 0, kind=AddressKind.PHONE, value=phone(first + index))
            for index, person in enumerate(people)
        )
    return [person.id or 0 for person in people]


async def new_campaign(
    runtime: Runtime,
    channel_id: int,
    template_id: int,
    people: Sequence[int],
    *,
    state: CampaignState = CampaignState.RUNNING,
    due_at: datetime | None = None,
    **more: Any,
) -> int:
    """A campaign whose recipients have been written down and wait."""
    now = utcnow()
    async with runtime.db.write() as session:
        campaign = Campaign(name="Spring", state=state, channel_id=channel_id, started_at=now, **more)
        session.add(campaign)
        await session.flush()
        assert campaign.id is not None
        variant = CampaignVariant(
            campaign_id=campaign.id, label="A", template_id=template_id, mapping=MAPPING
        )
        session.add(variant)
        await session.flush()
        assert variant.id is not None
        await add_recipients(session, campaign.id, variant.id, people, due_at or now)
    return campaign.id


async def add_recipients(
    session: Any,
    campaign_id: int,
    variant_id: int | None,
    people: Sequence[int],
    due_at: datetime,
    state: RecipientState = RecipientState.WAITING,
) -> None:
    session.add_all(
        CampaignRecipient(
            campaign_id=campaign_id, variant_id=variant_id, contact_id=each, due_at=due_at, state=state
        )
        for each in people
    )
    session.add(
        CampaignTally(
            campaign_id=campaign_id, variant_id=variant_id or 0, state=state.value, count=len(people)
        )
    )


async def campaign_of(runtime: Runtime, campaign_id: int) -> Campaign:
    async with runtime.db.read() as session:
        return (await session.exec(select(Campaign).where(Campaign.id == campaign_id))).one()


async def recipients(runtime: Runtime, campaign_id: int) -> list[CampaignRecipient]:
    async with runtime.db.read() as session:
        query = select(CampaignRecipient).where(CampaignRecipient.campaign_id == campaign_id)
        return list((await session.exec(query.order_by(col(CampaignRecipient.id)))).all())


async def states(runtime: Runtime, campaign_id: int) -> list[RecipientState]:
    return [each.state for each in await recipients(runtime, campaign_id)]


async def messages(runtime: Runtime) -> list[Message]:
    async with runtime.db.read() as session:
        query = select(Message).where(col(Message.campaign_recipient_id).is_not(None))
        return list((await session.exec(query.order_by(col(Message.id)))).all())


async def tallies(runtime: Runtime, campaign_id: int) -> dict[str, int]:
    """By state over all variants, without what is zero."""
    async with runtime.db.read() as session:
        found = await session.exec(select(CampaignTally).where(CampaignTally.campaign_id == campaign_id))
        counted: dict[str, int] = {}
        for each in found:
            counted[each.state] = counted.get(each.state, 0) + each.count
    return {state: count for state, count in counted.items() if count}


async def assert_exact(runtime: Runtime, campaign_id: int) -> None:
    """The counters are what the recipients say, by variant too; nobody stands twice."""
    found: dict[tuple[int, str], int] = {}
    for each in await recipients(runtime, campaign_id):
        key = each.variant_id or 0, each.state.value
        found[key] = found.get(key, 0) + 1
    async with runtime.db.read() as session:
        rows = await session.exec(select(CampaignTally).where(CampaignTally.campaign_id == campaign_id))
        counted = {(each.variant_id, each.state): each.count for each in rows}
    of_states = {key: count for key, count in counted.items() if key[1] not in ("replied", "clicked")}
    assert {key: count for key, count in of_states.items() if count} == found


async def change_campaign(runtime: Runtime, campaign_id: int, **values: Any) -> None:
    async with runtime.db.write() as session:
        await session.exec(sa.update(Campaign).where(col(Campaign.id) == campaign_id).values(**values))


async def ends(
    runtime: Runtime,
    campaign_id: int,
    eventually: Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]],
    state: CampaignState = CampaignState.FINISHED,
) -> None:
    async def is_so() -> bool:
        return (await campaign_of(runtime, campaign_id)).state is state

    await eventually(is_so)


def accepted(sandbox: Sandbox) -> int:
    """How many messages Meta took, each of which it got once."""
    assert sandbox.store.duplicates == {}
    assert len(sandbox.store.by_callback) == sandbox.store.accepted_count
    return sandbox.store.accepted_count
