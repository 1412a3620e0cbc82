"""Time and the subscription: trials, renewals, days of grace, warnings, and the lock."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
import time_machine
from sqlmodel import col, select

from tests import meta
from tests.services.conftest import Book, Meta
from tests.services.plans import invoices_of, limited, offer, put_on, standing_of, subscriptions_of
from wapto_app.clock import utcnow
from wapto_app.db import Database
from wapto_app.jobs import subscription as tick
from wapto_app.models import (
    InvoiceStatus,
    LimitWarning,
    MailLog,
    MessageStatus,
    Notification,
    Subscription,
    SubscriptionSource,
    SubscriptionStatus,
)
from wapto_app.runtime import Runtime
from wapto_app.security import cookies
from wapto_app.security.permissions import WHILE_LOCKED, Actor, Permission
from wapto_app.services import accounts, inbox, leases
from wapto_app.services.accounts import Person
from wapto_app.services.errors import Conflict, Forbidden, Invalid, WorkspaceLocked
from wapto_app.services.outbox import claims
from wapto_app.services.plans import catalog, overview, payments, renewal, subscribing, trial, warnings

START = datetime(2027, 1, 31, 9, 30, tzinfo=UTC)
Send = Callable[[str], Awaitable[int]]
SignIn = Callable[[Actor], Awaitable[str]]


async def switch_on(db: Database, admin: Actor, days: int = 14, plan_id: int = 0) -> None:
    async with db.write() as session:
        await trial.save_trial(session, admin, trial.TrialRow(enabled=True, days=days, plan_id=plan_id))


async def register(db: Database, name: str = "Rita") -> int:
    async with db.write() as session:
        person = Person(name, f"{name.lower()}@example.com", "a hash", "Europe/Berlin")
        return await accounts.register(session, person)


async def move_on(db: Database) -> None:
    async with db.write() as session:
        await renewal.move_on(session)


async def end(db: Database, status: SubscriptionStatus) -> None:
    """As if time or Stripe had ended it, open tabs told."""
    async with db.write() as session:
        await session.exec(sa.update(Subscription).values(status=status))


@pytest.fixture
async def operator(new_account: Callable[..., Awaitable[Actor]]) -> Actor:
    from wapto_app.models import Role

    return await new_account("Otto Operator", Role.OPERATOR, is_admin=True)


async def test_without_the_switch_nobody_is_on_a_trial(db: Database, operator: Actor) -> None:
    await register(db)
    assert (await standing_of(db)).source is SubscriptionSource.FREE


async def test_the_first_owner_tries_the_recommended_plan(db: Database, operator: Actor) -> None:
    await offer(db, operator, "Basic")
    pro = await offer(db, operator, "Pro")
    async with db.write() as session:
        await catalog.feature_plan(session, operator, pro, featured=True)
    await switch_on(db, operator, days=10)
    with time_machine.travel(START, tick=False):
        await register(db)
    standing = await standing_of(db)
    assert (standing.plan_name, standing.status, standing.is_locked) == ("Pro", "trialing", False)
    assert standing.trial_ends_at == START + timedelta(days=10)
    assert standing.time_zone == "Europe/Berlin"


async def test_a_second_owner_starts_no_second_trial(db: Database, operator: Actor) -> None:
    await register(db)
    await switch_on(db, operator)
    async with db.write() as session:
        path = await accounts.invite(session, operator, "zoe@example.com")
    async with db.write() as session:
        person = Person("Zoe", "zoe@example.com", "a hash")
        await accounts.accept_invitation(session, path.rpartition("/")[2], person)
    assert (await standing_of(db)).source is SubscriptionSource.FREE


async def test_an_invited_first_owner_starts_it_too(db: Database, operator: Actor) -> None:
    await switch_on(db, operator)
    async with db.write() as session:
        path = await accounts.invite(session, operator, "zoe@example.com")
    assert (await standing_of(db)).source is SubscriptionSource.FREE
    async with db.write() as session:
        person = Person("Zoe", "zoe@example.com", "a hash")
        await accounts.accept_invitation(session, path.rpartition("/")[2], person)
    assert (await standing_of(db)).source is SubscriptionSource.TRIAL


async def test_it_ends_to_the_minute_and_a_doubled_tick_changes_nothing(
    db: Database, operator: Actor
) -> None:
    await switch_on(db, operator, days=1)
    with time_machine.travel(START, tick=False) as clock:
        await register(db)
        clock.shift(86_399)
        await move_on(db)
        assert not (await standing_of(db)).is_locked
        clock.shift(1)
        await asyncio.gather(*(move_on(db) for _ in range(3)))
    assert (await standing_of(db)).status is SubscriptionStatus.EXPIRED
    async with db.read() as session:
        ended = await session.scalar(
            sa.text("SELECT count(*) FROM audit_entry WHERE action = 'subscription.expired'")
        )
    assert ended == 1


async def test_subscribing_ends_the_trial_and_its_clock(db: Database, operator: Actor, owner: Actor) -> None:
    pro = await offer(db, operator)
    await end_trial_of(db, operator)
    await put_on(db, operator, pro)
    with time_machine.travel(utcnow() + timedelta(days=20), tick=False):
        await move_on(db)
        assert (await standing_of(db)).status is SubscriptionStatus.ACTIVE


async def end_trial_of(db: Database, operator: Actor) -> None:
    """A trial that is over."""
    await switch_on(db, operator)
    async with db.write() as session:
        await session.exec(
            sa.update(Subscription).values(
                source=SubscriptionSource.TRIAL,
                status=SubscriptionStatus.TRIALING,
                trial_ends_at=utcnow() - timedelta(minutes=1),
            )
        )
    await move_on(db)


async def test_an_admin_can_give_more_days_and_open_it_again(db: Database, operator: Actor) -> None:
    async with db.write() as session:
        with pytest.raises(Conflict):
            await trial.extend_trial(session, operator, 3)
    await end_trial_of(db, operator)
    assert (await standing_of(db)).is_locked
    async with db.write() as session:
        with pytest.raises(Invalid):
            await trial.extend_trial(session, operator, 0)
        await trial.extend_trial(session, operator, 3)
    standing = await standing_of(db)
    assert not standing.is_locked
    assert standing.trial_ends_at is not None
    assert timedelta(days=2.9) < standing.trial_ends_at - utcnow() <= timedelta(days=3)


async def test_only_an_admin_rules_the_trial(db: Database, owner: Actor) -> None:
    async with db.write() as session:
        for attempt in (
            trial.load_trial(session, owner),
            trial.save_trial(session, owner, trial.TrialRow(enabled=True, days=3, plan_id=0)),
            trial.extend_trial(session, owner, 3),
        ):
            with pytest.raises(Forbidden):
                await attempt


@pytest.mark.parametrize("status", ["expired", "canceled", "pending"])
async def test_locked_everybody_keeps_only_what_opens_it_again(
    db: Database, owner: Actor, agent: Actor, admin: Actor, sign_in: SignIn, status: str
) -> None:
    tokens = {who.name: await sign_in(who) for who in (owner, agent, admin)}
    await end(db, SubscriptionStatus(status))
    cookies.forget()
    seen = {name: await cookies.actor_of(cookie) for name, cookie in tokens.items()}
    left = {name: actor.permissions for name, actor in seen.items() if actor}
    assert left[owner.name] == WHILE_LOCKED - {Permission.ADMIN}
    assert left[admin.name] == WHILE_LOCKED
    assert left[agent.name] == {Permission.SIGNED_IN, Permission.SELF_DO}
    locked = seen[agent.name]
    assert locked is not None
    with pytest.raises(WorkspaceLocked):
        locked.require(Permission.INBOX_SEE)


async def test_subscribing_again_acts_at_once_where_somebody_is_signed_in(
    db: Database, owner: Actor, admin: Actor, sign_in: SignIn
) -> None:
    cookie = await sign_in(owner)
    free = await offer(db, admin, "Starter", "0")
    await end(db, SubscriptionStatus.EXPIRED)
    cookies.forget()
    locked = await cookies.actor_of(cookie)
    assert locked is not None
    async with db.write() as session:
        await subscribing.choose(session, locked, free)
    back = await cookies.actor_of(cookie)
    assert back is not None
    assert back.may(Permission.INBOX_DO)


async def test_while_locked_sending_waits_inbound_is_stored_and_all_goes_on_later(
    runtime: Runtime, db: Database, owner: Actor, channel_id: int, sends: Send, meta_says: Meta, book: Book,
    conversation_id: int,
) -> None:  # fmt: skip
    queued = await sends("Before the end")
    await end(db, SubscriptionStatus.EXPIRED)
    bid = leases.Bid(f"sender:{channel_id}", "tests")
    assert await runtime.writer.run(leases.acquire, bid)
    claim = claims.Claim(channel_id, 10, bid)
    assert (await runtime.writer.run(claims.claim, claim)).claimed == []
    with pytest.raises(WorkspaceLocked):
        async with db.write() as session:
            await inbox.send_text(session, Actor.system(), conversation_id, "A robot's")
    assert await meta_says.says(meta.inbound(meta.message("wamid.late", body="Are you there?"))) == (1, 0)
    assert await book.texts() == ["Hello", "Before the end", "Are you there?"]
    assert (await book.rows("message"))[1]["status"] == MessageStatus.QUEUED
    await end(db, SubscriptionStatus.ACTIVE)
    assert [each.id for each in (await runtime.writer.run(claims.claim, claim)).claimed] == [queued]


async def test_a_paid_period_renews_with_an_invoice_and_days_to_pay(db: Database, admin: Actor) -> None:
    with time_machine.travel(START, tick=False) as clock:
        await put_on(db, admin, await offer(db, admin))
        clock.move_to(datetime(2027, 2, 28, 9, 29, tzinfo=UTC))
        await move_on(db)
        assert len(await invoices_of(db)) == 1
        clock.move_to(datetime(2027, 2, 28, 9, 31, tzinfo=UTC))
        await asyncio.gather(*(move_on(db) for _ in range(3)))
        standing, (_paid, invoice) = await standing_of(db), await invoices_of(db)
        assert (standing.status, standing.is_locked) == (SubscriptionStatus.PAST_DUE, False)
        assert standing.period_start == datetime(2027, 2, 28, 9, 30, tzinfo=UTC)
        assert standing.period_end == datetime(2027, 3, 31, 9, 30, tzinfo=UTC)
        async with db.write() as session:
            await payments.mark_paid(session, admin, invoice.id or 0)
        clock.move_to(datetime(2027, 3, 20, tzinfo=UTC))
        await move_on(db)
    standing = await standing_of(db)
    assert (standing.status, standing.grace_until) == (SubscriptionStatus.ACTIVE, None)


async def test_unpaid_it_is_locked_after_the_days_of_grace(db: Database, admin: Actor) -> None:
    with time_machine.travel(START, tick=False) as clock:
        await put_on(db, admin, await offer(db, admin))
        clock.move_to(datetime(2027, 2, 28, 10, tzinfo=UTC))
        await move_on(db)
        clock.shift(7 * 86_400 - 1)
        await move_on(db)
        assert (await standing_of(db)).status is SubscriptionStatus.PAST_DUE
        clock.shift(1)
        await move_on(db)
    assert (await standing_of(db)).status is SubscriptionStatus.EXPIRED
    assert [invoice.status for invoice in await invoices_of(db)] == [InvoiceStatus.PAID, InvoiceStatus.OPEN]


async def test_a_server_that_was_off_for_months_bills_one_period_at_a_time(
    db: Database, admin: Actor
) -> None:
    with time_machine.travel(START, tick=False) as clock:
        await put_on(db, admin, await offer(db, admin))
        clock.move_to(datetime(2027, 8, 1, tzinfo=UTC))
        for _ in range(5):
            await move_on(db)
        assert len(await invoices_of(db)) == 2
        assert not (await standing_of(db)).is_locked


async def test_a_cancelled_plan_ends_with_its_period(db: Database, admin: Actor, owner: Actor) -> None:
    with time_machine.travel(START, tick=False) as clock:
        await put_on(db, admin, await offer(db, admin))
        async with db.write() as session:
            await subscribing.cancel(session, owner)
        clock.move_to(datetime(2027, 2, 28, 9, 31, tzinfo=UTC))
        await move_on(db)
        await move_on(db)
    assert (await standing_of(db)).status is SubscriptionStatus.CANCELED
    assert len(await invoices_of(db)) == 1


@pytest.mark.parametrize(("price", "source"), [("10", "manual"), ("0", "free")])
async def test_the_cheaper_plan_begins_at_the_end(
    db: Database, admin: Actor, owner: Actor, price: str, source: str
) -> None:
    less = await offer(db, admin, "Less", price)
    with time_machine.travel(START, tick=False) as clock:
        await put_on(db, admin, await offer(db, admin))
        async with db.write() as session:
            await subscribing.choose(session, owner, less)
        clock.move_to(datetime(2027, 2, 28, 9, 31, tzinfo=UTC))
        await move_on(db)
        await move_on(db)
    standing = await standing_of(db)
    assert (standing.plan_name, standing.source, standing.next_plan_id) == ("Less", source, None)
    assert sum(row.is_current for row in await subscriptions_of(db)) == 1


@pytest.mark.parametrize(
    ("used", "limit", "level"),
    [
        (0, 10, 0),
        (7, 10, 0),
        (8, 10, 80),
        (9, 10, 90),
        (10, 10, 100),
        (99, 10, 100),
        (0, 0, 0),
        (799, 1000, 0),
    ],
)
def test_levels(used: int, limit: int, level: int) -> None:
    assert warnings.level_of(used, limit) == level


async def mails(db: Database) -> list[MailLog]:
    """What waits to be sent, in the order in which it was written."""
    async with db.read() as session:
        return list(await session.exec(select(MailLog).order_by(col(MailLog.id))))


async def test_each_level_of_a_limit_is_warned_of_once_a_month(
    runtime: Runtime, db: Database, admin: Actor, sends: Send
) -> None:
    await limited(db, admin, messages=10)
    for count in range(10):
        await sends(f"{count}")
        await tick.move_on(runtime)
        await tick.move_on(runtime)
    told, sent = await owners(db), await mails(db)
    assert len(sent) == 3 * len(told)
    assert list(dict.fromkeys(mail.subject for mail in sent)) == [
        "80 % of your messages a month are used",
        "90 % of your messages a month are used",
        "100 % of your messages a month are used",
    ]
    assert {mail.to for mail in sent} == set(told)
    async with db.read() as session:
        bells = list(await session.exec(select(Notification.kind, Notification.account_id)))
    assert len(bells) == 3 * len(told)
    async with db.read() as session:
        state = await overview.plan_state(session, admin)
    assert (state["warning"], state["level"], state["used"], state["limit"]) == ("messages", 100, 10, 10)


async def test_two_who_warn_at_once_warn_once(
    runtime: Runtime, db: Database, admin: Actor, sends: Send
) -> None:
    await limited(db, admin, messages=1)
    await sends("The only one")
    async with db.write() as session:
        await warnings.look(session)

    async def tell() -> None:
        async with db.write() as session:
            await warnings.tell(session)

    async with db.write() as session:
        await warnings.tell(session)
        other = asyncio.create_task(tell())
        await asyncio.sleep(0.3)
    await other
    assert len(await mails(db)) == len(await owners(db)) > 0


async def owners(db: Database) -> list[str]:
    async with db.read() as session:
        found = await session.exec(sa.text("SELECT email FROM account WHERE role = 'owner'"))  # type: ignore[call-overload]
        return [row[0] for row in found]


async def test_a_warning_is_gone_with_a_larger_plan(
    runtime: Runtime, db: Database, admin: Actor, sends: Send
) -> None:
    await limited(db, admin, messages=1)
    await sends("The only one")
    await tick.move_on(runtime)
    async with db.read() as session:
        assert (await overview.plan_state(session, admin))["level"] == 100
    larger = await offer(db, admin, "Large", "0", limits={"messages": "100"})
    await put_on(db, admin, larger)
    async with db.read() as session:
        assert (await overview.plan_state(session, admin))["level"] == 0


async def test_the_end_of_a_trial_is_announced_three_days_and_one_day_before(
    runtime: Runtime, db: Database, operator: Actor
) -> None:
    await switch_on(db, operator, days=10)
    with time_machine.travel(START, tick=False) as clock:
        await register(db)
        for _hour in range(11 * 24):
            await tick.move_on(runtime)
            clock.shift(3600)
    kinds = [mail.kind for mail in await mails(db)]
    assert kinds == ["trial_ending", "trial_ending", "trial_ended"]
    assert (await standing_of(db)).is_locked
    async with db.read() as session:
        rows = list(await session.exec(sa.select(LimitWarning)))
    assert len(rows) == 2


async def test_what_time_looks_for_is_found_by_an_index(db: Database) -> None:
    if not db.is_sqlite:
        pytest.skip("SQLite says its plan in words")
    queries = {
        "SELECT * FROM subscription WHERE subscription.is_current": "uq_subscription_current",
        "SELECT * FROM limit_warning WHERE mailed_at IS NULL": "ix_limit_warning_to_mail",
        "SELECT * FROM invoice WHERE subscription_id = 1": "ix_invoice_subscription_id",
        "SELECT * FROM payment WHERE invoice_id = 1": "ix_payment_invoice_id",
        "SELECT * FROM plan_request WHERE state = 'open'": "uq_plan_request_open",
    }
    async with db.read() as session:
        connection = await session.connection()
        for query, index in queries.items():
            plan = (await connection.execute(sa.text(f"EXPLAIN QUERY PLAN {query}"))).all()
            assert any(index in str(step) for step in plan), (query, plan)
