"""What slows a running campaign down although nobody stopped it: messages that wait for another try, and why."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel.ext.asyncio.session import AsyncSession

from integrations.whatsapp.error_codes import Retry, explain
from wapto_app.clock import utcnow
from wapto_app.db import fetch
from wapto_app.models import CampaignRecipient, Message, MessageStatus, RecipientState
from wapto_app.models.base import table_of
from wapto_app.services.campaigns.causes import Told, say

recipient, message = table_of(CampaignRecipient), table_of(Message)

NOTHING = Told(words="", advice="")
_THROTTLED = Told(
    words=say("WhatsApp asks this number to send more slowly."),
    advice=say("Nothing to do: it slows down by itself and goes on. Nobody is left out."),
)
_TOO_MANY_REQUESTS = Told(
    words=say("WhatsApp takes no more requests from this business for a while."),
    advice=say("Nothing to do: it goes on by itself, within an hour at most. Nobody is left out."),
)
_PAIR = Told(
    words=say("Some people have just got many messages, and WhatsApp asks to wait for them."),
    advice=say("Nothing to do: they get it some minutes later, and the others now."),
)
_TROUBLE = Told(
    words=say("WhatsApp has a problem and does not take every message."),
    advice=say(
        "Nothing to do: each is tried up to five times. What fails then can be sent again under People."
    ),
)
_NO_NETWORK = Told(
    words=say("WhatsApp cannot be reached from this server."),
    advice=say(
        "Check the server's connection to the internet. It goes on by itself, and nobody is left out."
    ),
)
FULL_DISK = Told(
    words=say("The server's disk is full, so nothing is sent at the moment."),
    advice=say("Ask whoever runs the server to make room. It goes on by itself, and nobody is left out."),
)
_BY_CODE = {130429: _THROTTLED, 4: _TOO_MANY_REQUESTS, 80007: _TOO_MANY_REQUESTS, 131056: _PAIR}
# Spelled exactly as in the partial index, or SQLite does not use it.
_IS_WAITING = sa.text("campaign_recipient.state = 'waiting'")
_SOON = timedelta(minutes=1)
_IS_PENDING = message.c.status.in_((MessageStatus.QUEUED, MessageStatus.SENDING))


async def of_campaign(session: AsyncSession, campaign_id: int) -> Told:
    """Why most of the messages that wait for another try do so; nothing when none waits.

    It looks at those in the outbox only, which are some hundred however large the campaign is.
    """
    query = (
        sa.select(message.c.error_code, sa.func.count().label("n"))
        .join(recipient, recipient.c.message_id == message.c.id)
        .where(
            recipient.c.campaign_id == campaign_id,
            recipient.c.state == RecipientState.QUEUED,
            _IS_PENDING,
            message.c.error_detail != "",
        )
        .group_by(message.c.error_code)
        .order_by(sa.desc("n"), message.c.error_code)
        .limit(1)
    )
    found = await fetch(session, query)
    return why(found[0].error_code) if found else NOTHING


async def next_at(session: AsyncSession, campaign_id: int) -> datetime | None:
    """When the time of the next person comes: quiet hours, or their own clock. None when somebody's has come."""
    query = (
        sa.select(recipient.c.due_at)
        .where(recipient.c.campaign_id == campaign_id, _IS_WAITING)
        .order_by(recipient.c.due_at)
        .limit(1)
    )
    found = await fetch(session, query)
    return found[0].due_at if found and found[0].due_at > utcnow() + _SOON else None


def why(code: int | None) -> Told:
    """Why a message waits for another try; ``code`` is Meta's, None when Meta was not reached."""
    if code is None:
        return _NO_NETWORK
    if code in _BY_CODE:
        return _BY_CODE[code]
    return _TROUBLE if explain(code).retry is not Retry.ACCOUNT else NOTHING
