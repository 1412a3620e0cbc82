"""Plans: what is offered, and what they allow."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests import meta
from tests.services.conftest import Book, Meta
from tests.services.plans import (
    invoices_of,
    limited,
    offer,
    plan_form,
    plan_of,
    put_on,
    standing_of,
)
from wapto_app.db import Database
from wapto_app.models import Contact, Role, UsageCounter
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services import media, plans
from wapto_app.services.errors import Conflict, Forbidden, Invalid, LimitReached, NotFound, NotInPlan
from wapto_app.services.plans import Gate, Limit, catalog, overview

Send = Callable[[str], Awaitable[int]]


async def test_who_hosts_for_themselves_has_everything_without_doing_anything(db: Database) -> None:
    standing = await standing_of(db)
    assert (standing.plan_name, standing.is_locked) == ("Self-hosted", False)
    async with db.write() as session:
        for limit in Limit:
            await plans.ensure_room(session, limit, 1_000_000)
        for gate in Gate:
            await plans.ensure_gate(session, gate)


async def test_a_plan_is_kept_as_it_was_typed(db: Database, admin: Actor) -> None:
    form = plan_form(
        "Größe XL", "1,299.50", currency="eur", cycle="yearly", trial_days="14",
        limits={"contacts": "10 000", "tags": "0", "seats": ""}, gates=["teams", "api", "nonsense"],
    )  # fmt: skip
    async with db.write() as session:
        plan_id = await catalog.create_plan(session, admin, form)
    plan = await plan_of(db, plan_id)
    assert (plan.slug, plan.price_minor, plan.currency) == ("groe-xl", 129950, "EUR")
    assert (plan.cycle, plan.trial_days) == ("yearly", 14)
    assert plan.limits == {"contacts": 10000, "tags": 0}
    assert plan.gates == ["api", "teams"]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"name": "日本"}, "slug"),
        ({"price": "-3"}, "price"),
        ({"price": "99999999999"}, "price"),
        ({"currency": "XX"}, "currency"),
        ({"cycle": "weekly"}, "cycle"),
        ({"trial_days": "-1"}, "trial_days"),
        ({"trial_days": "366"}, "trial_days"),
        ({"description": "x" * 501}, "description"),
        ({"limits": {"seats": "-1"}}, "seats"),
        ({"limits": {"tags": "many"}}, "tags"),
        ({"limits": {"contacts": "9" * 30}}, "contacts"),
        ({"limits": {"links": "²"}}, "links"),
    ],
)
async def test_a_wrong_value_names_its_field(
    db: Database, admin: Actor, changed: dict[str, object], field: str
) -> None:
    form = plan_form(**{"name": "Pro", **changed})  # type: ignore[arg-type]
    with pytest.raises(Invalid) as refused:
        async with db.write() as session:
            await catalog.create_plan(session, admin, form)
    assert refused.value.field == field


async def test_two_plans_cannot_have_the_same_short_name(db: Database, admin: Actor) -> None:
    first, second = await offer(db, admin, "Pro"), await offer(db, admin, "Basic")
    with pytest.raises(Invalid) as refused:
        async with db.write() as session:
            await catalog.edit_plan(session, admin, second, plan_form("Basic", slug="pro"))
    assert refused.value.field == "slug"
    async with db.write() as session:
        await catalog.edit_plan(session, admin, first, plan_form("Pro again", slug="pro"))


async def test_a_plan_that_was_used_is_deactivated_not_deleted(db: Database, admin: Actor) -> None:
    used, never = await offer(db, admin, "Used", "0"), await offer(db, admin, "Never", "0")
    await put_on(db, admin, used)
    await put_on(db, admin, (await standing_of(db)).plan_id)
    async with db.write() as session:
        with pytest.raises(Conflict, match="Deactivate it"):
            await catalog.delete_plan(session, admin, used)
        await catalog.delete_plan(session, admin, never)
        await catalog.set_plan_active(session, admin, used, active=False)
    assert (await standing_of(db)).plan_id == used  # who is on it stays on it
    async with db.read() as session:
        with pytest.raises(NotFound):
            await catalog.offered(session, used)
        rows = {row["name"]: row for row in await catalog.list_plans(session, admin)}
    assert rows.keys() == {"Self-hosted", "Used"}
    assert rows["Used"]["is_used"]
    assert not rows["Used"]["is_active"]


async def test_one_plan_is_recommended_and_the_order_is_the_admins(db: Database, admin: Actor) -> None:
    basic, pro = await offer(db, admin, "Basic"), await offer(db, admin, "Pro")
    async with db.write() as session:
        await catalog.feature_plan(session, admin, basic, featured=True)
        await catalog.feature_plan(session, admin, pro, featured=True)
        await catalog.move_plan(session, admin, pro, up=True)
        await catalog.move_plan(session, admin, pro, up=True)
        await catalog.move_plan(session, admin, pro, up=True)
    async with db.read() as session:
        rows = await catalog.list_plans(session, admin)
    assert [row["name"] for row in rows] == ["Pro", "Self-hosted", "Basic"]
    assert [row["is_featured"] for row in rows] == [True, False, False]


async def test_a_new_price_forgets_the_one_that_stripe_knows(db: Database, admin: Actor) -> None:
    plan_id = await offer(db, admin)
    async with db.write() as session:
        plan = await catalog.get(session, plan_id)
        plan.stripe_price_id = "price_1"
        session.add(plan)
    async with db.write() as session:
        await catalog.edit_plan(session, admin, plan_id, plan_form("Pro", "30", description="New words"))
    assert (await plan_of(db, plan_id)).stripe_price_id == "price_1"
    async with db.write() as session:
        await catalog.edit_plan(session, admin, plan_id, plan_form("Pro", "31"))
    assert (await plan_of(db, plan_id)).stripe_price_id == ""


async def test_the_currency_of_a_plan_that_is_paid_for_stays(db: Database, admin: Actor) -> None:
    """What is left of it is credited in the currency in which it was paid."""
    free, paid = await offer(db, admin, "Free", "0"), await offer(db, admin, "Pro", "30")
    await put_on(db, admin, paid)
    with pytest.raises(Invalid, match="another currency") as refused:
        async with db.write() as session:
            await catalog.edit_plan(session, admin, paid, plan_form("Pro", "30", currency="JPY"))
    assert refused.value.field == "currency"
    async with db.write() as session:
        await catalog.edit_plan(session, admin, free, plan_form("Free", "0", currency="JPY"))
    await put_on(db, admin, free)
    async with db.write() as session:
        await catalog.edit_plan(session, admin, paid, plan_form("Pro", "30", currency="JPY"))
    assert (await plan_of(db, paid)).currency == "JPY"


async def test_only_an_admin_edits_plans(db: Database, admin: Actor, owner: Actor) -> None:
    plan_id = await offer(db, admin)
    async with db.write() as session:
        for attempt in (
            catalog.list_plans(session, owner),
            catalog.create_plan(session, owner, plan_form()),
            catalog.edit_plan(session, owner, plan_id, plan_form()),
            catalog.feature_plan(session, owner, plan_id, featured=True),
            catalog.set_plan_active(session, owner, plan_id, active=False),
            catalog.move_plan(session, owner, plan_id, up=True),
            catalog.delete_plan(session, owner, plan_id),
        ):
            with pytest.raises(Forbidden):
                await attempt


async def test_a_gate_that_is_shut_says_which_feature(db: Database, admin: Actor) -> None:
    plan_id = await offer(db, admin, "Small", "0", gates=["teams"])
    await put_on(db, admin, plan_id)
    async with db.write() as session:
        await plans.ensure_gate(session, Gate.TEAMS)
        with pytest.raises(NotInPlan, match="does not include campaigns"):
            await plans.ensure_gate(session, Gate.CAMPAIGNS)


async def test_at_the_limit_customers_are_still_stored_and_nothing_is_lost(
    db: Database, admin: Actor, channel_id: int, meta_says: Meta, book: Book
) -> None:
    await limited(db, admin, contacts=1)
    for number in range(3):
        wamid, person = f"wamid.{number}", f"49151000000{number}"
        assert await meta_says.says(meta.inbound(meta.message(wamid, wa_id=person))) == (1, 0)
    assert await book.count("contact") == 3
    async with db.write() as session:
        with pytest.raises(LimitReached, match="1 contacts"):
            await plans.ensure_room(session, Limit.CONTACTS)
    async with db.read() as session:
        meters, _resets = await overview.usage(session, admin)
    assert {"metric": "contacts", "used": 3, "limit": 1, "monthly": False} in meters


async def test_of_two_who_create_at_once_only_one_gets_the_last_place(db: Database, admin: Actor) -> None:
    await limited(db, admin, contacts=1)

    async def create() -> bool:
        try:
            async with db.write() as session:
                await plans.ensure_room(session, Limit.CONTACTS)
                await asyncio.sleep(0.05)
                session.add(Contact(name="Ada"))
        except LimitReached:
            return False
        return True

    assert sorted(await asyncio.gather(*(create() for _ in range(4)))) == [False, False, False, True]
    async with db.read() as session:
        assert await session.scalar(sa.select(sa.func.count()).select_from(Contact)) == 1


async def test_seats_are_active_agents(
    db: Database, admin: Actor, agent: Actor, new_account: Callable[..., Awaitable[Actor]]
) -> None:
    await limited(db, admin, seats=2)
    async with db.write() as session:
        await plans.ensure_room(session, Limit.SEATS)
    await new_account("Zoe Agent", Role.AGENT)
    async with db.write() as session:
        with pytest.raises(LimitReached, match="2 agents"):
            await plans.ensure_room(session, Limit.SEATS)


async def test_messages_are_counted_with_the_message_and_the_last_one_is_refused_clearly(
    db: Database, admin: Actor, sends: Send, book: Book
) -> None:
    await limited(db, admin, messages=2)
    await sends("One")
    await sends("Two")
    with pytest.raises(LimitReached, match="2 messages a month"):
        await sends("Three")
    assert await book.texts() == ["Hello", "One", "Two"]
    async with db.read() as session:
        counter = (await session.exec(sa.select(UsageCounter))).scalars().one()
    assert (counter.metric, counter.count) == ("messages", 2)


async def test_messages_that_are_written_at_once_are_all_counted(
    db: Database, admin: Actor, sends: Send
) -> None:
    await limited(db, admin, messages=5)
    outcomes = await asyncio.gather(*(sends(f"{n}") for n in range(8)), return_exceptions=True)
    assert sum(isinstance(outcome, LimitReached) for outcome in outcomes) == 3
    async with db.read() as session:
        counter = (await session.exec(sa.select(UsageCounter))).scalars().one()
    assert counter.count == 5


async def test_a_full_store_refuses_uploads_and_leaves_the_file_to_the_caller(
    runtime: Runtime, db: Database, admin: Actor, tmp_path: Path
) -> None:
    await limited(db, admin, media_mb=1)
    file = tmp_path / "note.txt"
    for size, fits in ((900_000, True), (900_000, False)):
        file.write_bytes(b"x" * size)
        async with db.write() as session:
            upload = media.keep_upload(session, admin, runtime.settings.media_dir, file, "note.txt")
            if fits:
                await upload
            else:
                with pytest.raises(LimitReached, match="1 MB of media"):
                    await upload
    assert file.exists()


async def test_edited_limits_act_at_once(db: Database, admin: Actor, owner: Actor) -> None:
    plan_id = await limited(db, admin, contacts=0)
    async with db.write() as session:
        with pytest.raises(LimitReached):
            await plans.ensure_room(session, Limit.CONTACTS)
    async with db.write() as session:
        await catalog.edit_plan(session, admin, plan_id, plan_form("Small", "0", limits={"contacts": "1"}))
    async with db.write() as session:
        await plans.ensure_room(session, Limit.CONTACTS)
    assert await invoices_of(db) == []
