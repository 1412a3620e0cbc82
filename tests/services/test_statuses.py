"""Delivery reports: unordered, repeated, early and late; kept once and applied forward only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import permutations

import pytest
import sqlalchemy as sa

from tests import meta
from tests.meta import ago, status, statuses
from tests.services.conftest import Book, Meta, change_message, message_of, sent_as
from wapto_app.models import MessageStatus, StatusEvent
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services import outbox
from wapto_app.services.outbox.callback import Callback, read_callback

Send = Callable[[str], Awaitable[int]]


@pytest.fixture
async def sent(runtime: Runtime, sends: Send) -> int:
    """A message that was accepted as wamid.out."""
    message_id = await sends("Yes, come on Friday")
    await sent_as(runtime, message_id, "wamid.out")
    return message_id


async def callback_of(runtime: Runtime, message_id: int, attempt: int = 1) -> str:
    message = await message_of(runtime, message_id)
    return str(Callback(message_id, attempt, Callback.stamp_of(message.created_at)))


async def events(runtime: Runtime) -> list[tuple[str, int | None]]:
    async with runtime.db.read() as session:
        table = StatusEvent.__table__  # type: ignore[attr-defined]
        found = await (await session.connection()).execute(
            sa.select(table.c.status, table.c.message_id).order_by(table.c.status)
        )
        return [(row.status, row.message_id) for row in found]


@pytest.mark.parametrize("order", list(permutations(("sent", "delivered", "read"))))
async def test_every_order_in_separate_webhooks_ends_at_read(
    meta_says: Meta, runtime: Runtime, sent: int, book: Book, order: tuple[str, ...]
) -> None:
    for state in order:
        await meta_says.says(statuses(status("wamid.out", state)))
    message = await message_of(runtime, sent)
    assert message.status is MessageStatus.READ
    assert message.delivered_at
    assert message.read_at
    assert (await book.only("conversation"))["preview_status"] == "read"


async def test_all_reports_in_one_webhook_and_again(meta_says: Meta, runtime: Runtime, sent: int) -> None:
    document = statuses(*(status("wamid.out", state) for state in ("read", "sent", "delivered", "sent")))
    await meta_says.says(document, meta.another(document))
    assert (await message_of(runtime, sent)).status is MessageStatus.READ
    assert await events(runtime) == [("delivered", sent), ("read", sent), ("sent", sent)]


async def test_a_failure_says_why(meta_says: Meta, runtime: Runtime, sent: int, book: Book) -> None:
    await meta_says.says(statuses(status("wamid.out", "failed", error=131049)))
    message = await message_of(runtime, sent)
    assert (message.status, message.error_code, message.error_detail) == (
        MessageStatus.FAILED,
        131049,
        "D131049",
    )
    assert (await book.only("conversation"))["preview_status"] == "failed"


@pytest.mark.parametrize("order", list(permutations(("sent", "delivered", "failed"))))
async def test_delivered_and_failed_in_any_order_is_delivered(
    meta_says: Meta, runtime: Runtime, sent: int, order: tuple[str, ...]
) -> None:
    for state in order:
        await meta_says.says(statuses(status("wamid.out", state, error=131026 if state == "failed" else 0)))
    message = await message_of(runtime, sent)
    assert (message.status, message.error_code, message.error_detail) == (MessageStatus.DELIVERED, None, "")


async def test_a_report_about_somebody_elses_message_is_kept(
    meta_says: Meta, runtime: Runtime, sent: int
) -> None:
    assert await meta_says.says(statuses(status("wamid.foreign", "read"))) == (1, 0)
    assert await events(runtime) == [("read", None)]
    assert (await message_of(runtime, sent)).status is MessageStatus.SENT


async def test_prices_are_kept_with_the_report(meta_says: Meta, runtime: Runtime, sent: int) -> None:
    pricing = {"billable": True, "pricing_model": "PMP", "type": "regular", "category": "marketing"}
    await meta_says.says(statuses(status("wamid.out", "delivered", pricing=pricing)))
    async with runtime.db.read() as session:
        table = StatusEvent.__table__  # type: ignore[attr-defined]
        found = await (await session.connection()).execute(sa.select(table.c.pricing))
        assert found.scalar_one()["category"] == "marketing"


async def test_a_call_is_no_message_status(meta_says: Meta, runtime: Runtime, sent: int) -> None:
    await meta_says.says(statuses(status("wamid.out", "RINGING", type="call")))
    assert await events(runtime) == []


# --- by callback data


async def test_a_lost_answer_is_settled_by_its_callback(
    meta_says: Meta, runtime: Runtime, sends: Send, book: Book
) -> None:
    message_id = await sends("Did you get this?")
    await change_message(runtime, message_id, status=MessageStatus.UNCONFIRMED, attempt=1, error_detail="?")
    await meta_says.says(
        statuses(status("wamid.late", "sent", callback=await callback_of(runtime, message_id)))
    )
    message = await message_of(runtime, message_id)
    assert (message.status, message.wamid, message.error_detail) == (MessageStatus.SENT, "wamid.late", "")
    assert (await book.only("conversation"))["preview_status"] == "sent"


async def test_a_message_queued_again_is_not_sent_twice_when_the_first_try_arrived(
    meta_says: Meta, runtime: Runtime, owner: Actor, sends: Send
) -> None:
    message_id = await sends("Once only")
    await change_message(runtime, message_id, status=MessageStatus.UNCONFIRMED, attempt=1)
    async with runtime.db.write() as session:
        await outbox.retry(session, owner, message_id)
    await meta_says.says(
        statuses(status("wamid.one", "delivered", callback=await callback_of(runtime, message_id)))
    )
    assert (await message_of(runtime, message_id)).status is MessageStatus.DELIVERED


async def test_the_failure_of_an_earlier_try_does_not_touch_the_new_one(
    meta_says: Meta, runtime: Runtime, owner: Actor, sends: Send
) -> None:
    message_id = await sends("Again")
    await change_message(runtime, message_id, status=MessageStatus.SENT, wamid="wamid.one", attempt=1)
    first = await callback_of(runtime, message_id)
    await meta_says.says(statuses(status("wamid.one", "failed", callback=first, error=131026)))
    async with runtime.db.write() as session:
        await outbox.retry(session, owner, message_id)
    again = statuses(status("wamid.one", "failed", callback=first, error=131026))
    await meta_says.says(meta.another(again))
    queued = await message_of(runtime, message_id)
    assert (queued.status, queued.wamid) == (MessageStatus.QUEUED, None)
    await change_message(runtime, message_id, status=MessageStatus.SENDING, attempt=2)
    await meta_says.says(meta.another(again))
    assert (await message_of(runtime, message_id)).status is MessageStatus.SENDING


async def test_the_report_of_another_install_on_the_same_account_is_not_ours(
    meta_says: Meta, runtime: Runtime, sends: Send
) -> None:
    message_id = await sends("Mine")
    await change_message(runtime, message_id, status=MessageStatus.SENDING, attempt=1)
    theirs = f"m{message_id}.1.00000000"
    await meta_says.says(
        statuses(status("wamid.theirs", "read", callback=theirs)),
        statuses(status("wamid.other", "read", callback="outbox:981")),
    )
    mine = await message_of(runtime, message_id)
    assert (mine.status, mine.wamid) == (MessageStatus.SENDING, None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "m",
        "m1.2",
        "m1.2.zzzzzzzz",
        "m-1.2.00000000",
        "m" + "9" * 30 + ".1.00000000",
        "m1.1.000000001",
        "x",
    ],
)
def test_foreign_callback_data_is_ignored(text: str) -> None:
    assert read_callback(text) is None


def test_callback_data_survives_the_round_trip() -> None:
    at = ago(days=400)
    ours = Callback(12, 3, Callback.stamp_of(at))
    assert read_callback(str(ours)) == ours
    assert Callback.stamp_of(at + timedelta(microseconds=1)) != ours.stamp


# --- what a report says about the contact


async def test_a_contact_who_stopped_marketing_is_remembered(
    meta_says: Meta, runtime: Runtime, sent: int, book: Book
) -> None:
    at = ago(minutes=3).replace(microsecond=0)
    await meta_says.says(statuses(status("wamid.out", "failed", error=131050, at=at)))
    assert (await book.only("contact"))["marketing_stopped_at"] == at


async def test_the_newest_wish_about_marketing_counts(meta_says: Meta, book: Book, channel_id: int) -> None:
    stop, resume = meta.preference("stop", ago(hours=2)), meta.preference("resume", ago(hours=1))
    await meta_says.says(resume, stop)
    contact = await book.only("contact")
    assert contact["marketing_stopped_at"] is None
    late = ago(minutes=30).replace(microsecond=0)
    await meta_says.says(meta.preference("stop", late))
    assert (await book.only("contact"))["marketing_stopped_at"] == late
    await meta_says.says(meta.preference("resume", late))
    assert (await book.only("contact"))["marketing_stopped_at"] == late
