"""Operations of the sender work for many messages at once, not only one by one."""

from __future__ import annotations

from wapto_app.clock import utcnow
from wapto_app.db import make_sync_engine
from wapto_app.models import MessageStatus
from wapto_app.services.outbox.claims import Claimed, SendOutcome, record


def _sent(message_id: int) -> SendOutcome:
    claimed = Claimed(
        id=message_id,
        conversation_id=1,
        contact_id=1,
        type="text",
        body="Hello",
        content={"kind": "text"},
        recipient="+16505551234",
        reply_to_wamid="",
        attempt=1,
        meta_media_id="",
        filename="",
        refusals=0,
        created_at=utcnow(),
    )
    return SendOutcome(claimed, MessageStatus.SENT, wamid=f"wamid.{message_id}")


def test_outcomes_of_several_messages_are_one_statement(database_url: str) -> None:
    engine = make_sync_engine(database_url)
    with engine.begin() as connection:
        assert list(record(connection, [_sent(1), _sent(2), _sent(3)])) == [None, None, None]
    engine.dispose()
