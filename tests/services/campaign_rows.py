"""Campaigns with figures, written down row by row: what a report has to tell."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from wapto_app.clock import utcnow
from wapto_app.models import (
    AddressKind,
    Campaign,
    CampaignRecipient,
    CampaignState,
    CampaignTally,
    CampaignVariant,
    Contact,
    ContactAddress,
    Conversation,
    ConversationStatus,
    Direction,
    Message,
    MessageStatus,
    RecipientState,
)
from wapto_app.runtime import Runtime

HAS_MESSAGE = frozenset(
    {
        RecipientState.QUEUED,
        RecipientState.UNCONFIRMED,
        RecipientState.SENT,
        RecipientState.DELIVERED,
        RecipientState.READ,
        RecipientState.FAILED,
    }
)


@dataclass
class Sent:
    """One recipient as the tests know them."""

    recipient_id: int
    contact_id: int
    number: str
    wamid: str


@dataclass
class Campaigns:
    """Makes campaigns on one number; people are numbers, and the same person gets the same contact."""

    runtime: Runtime
    channel_id: int
    _people: dict[int, tuple[int, int]] = field(default_factory=dict)

    async def add(
        self,
        name: str,
        states: dict[int, RecipientState],
        *,
        at: datetime | None = None,
        state: CampaignState = CampaignState.RUNNING,
        **columns: Any,
    ) -> tuple[int, dict[int, Sent]]:
        """A campaign to these people; what its messages are called."""
        at = at or utcnow()
        async with self.runtime.db.write() as session:
            campaign = Campaign(
                name=name, channel_id=self.channel_id, state=state, created_at=at, started_at=at
            )
            session.add(campaign)
            await session.flush()
            variant = CampaignVariant(campaign_id=campaign.id or 0, label="A")
            session.add(variant)
            await session.flush()
            sent = {}
            for person, its in states.items():
                sent[person] = await self._recipient(session, campaign, variant, person, its, at, columns)
            counts: dict[str, int] = {}
            for its in states.values():
                counts[its.value] = counts.get(its.value, 0) + 1
            for word, count in counts.items():
                session.add(
                    CampaignTally(
                        campaign_id=campaign.id or 0, variant_id=variant.id or 0, state=word, count=count
                    )
                )
            return campaign.id or 0, sent

    async def _recipient(
        self,
        session: Any,
        campaign: Campaign,
        variant: CampaignVariant,
        person: int,
        state: RecipientState,
        at: datetime,
        columns: dict[str, Any],
    ) -> Sent:
        contact_id, conversation_id = await self._person(session, person)
        recipient = CampaignRecipient(
            campaign_id=campaign.id or 0,
            variant_id=variant.id,
            contact_id=contact_id,
            state=state,
            due_at=at,
            **columns,
        )
        session.add(recipient)
        await session.flush()
        wamid = f"wamid.campaign{campaign.id}.{person}"
        if state in HAS_MESSAGE:
            message = Message(
                conversation_id=conversation_id,
                channel_id=self.channel_id,
                direction=Direction.OUTBOUND,
                type="template",
                body="An offer",
                wamid=wamid,
                recipient=self.number(person),
                status=MessageStatus(state.value),
                at=at,
                created_at=at,
                campaign_recipient_id=recipient.id,
            )
            session.add(message)
            await session.flush()
            recipient.message_id, recipient.queued_at, recipient.sent_at = message.id, at, at
        return Sent(recipient.id or 0, contact_id, self.number(person), wamid)

    def number(self, person: int) -> str:
        return f"+1650555{person:04}"

    async def _person(self, session: Any, person: int) -> tuple[int, int]:
        if person not in self._people:
            contact = Contact(name=f"Person {person}")
            session.add(contact)
            await session.flush()
            address = ContactAddress(
                contact_id=contact.id or 0, kind=AddressKind.PHONE, value=self.number(person)
            )
            conversation = Conversation(
                contact_id=contact.id or 0,
                channel_id=self.channel_id,
                status=ConversationStatus.RESOLVED,
                last_message_at=utcnow() - timedelta(days=9),
            )
            session.add_all([address, conversation])
            await session.flush()
            self._people[person] = (contact.id or 0, conversation.id or 0)
        return self._people[person]
