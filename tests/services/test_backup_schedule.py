"""When a daily backup is due, what is kept, and one at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import time_machine

from wapto_app.jobs import backups
from wapto_app.models import Preference
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services import backup
from wapto_app.services.backup import Plan, create, schedule, store
from wapto_app.services.backup.create import NotMade
from wapto_app.services.errors import Conflict, Forbidden, Invalid, NotFound


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "clock", "now", "latest"),
    [
        ("UTC", "03:00", "2026-11-25T02:59:59", "2026-11-24T03:00"),
        ("UTC", "03:00", "2026-11-25T03:00:00", "2026-11-25T03:00"),
        ("Asia/Kolkata", "03:00", "2026-11-25T22:00", "2026-11-25T21:30"),
        ("America/New_York", "23:30", "2027-01-01T04:31", "2027-01-01T04:30"),
        # Clocks go forward: 02:30 does not exist on that day; back: 02:30 exists twice.
        ("Europe/Madrid", "02:30", "2026-03-29T06:00", "2026-03-29T01:30"),
        ("Europe/Madrid", "02:30", "2026-10-25T06:00", "2026-10-25T00:30"),
    ],
)
def test_the_moment_is_that_of_the_place(zone: str, clock: str, now: str, latest: str) -> None:
    plan = Plan(daily=True, at=clock, zone=zone, keep=7)
    assert schedule.latest(plan, at(now)) == at(latest)


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel("2026-11-25T10:00:00Z", tick=False) as traveller:
        yield traveller


async def save(
    runtime: Runtime, admin: Actor, *, daily: bool = True, keep: str = "2", clock: str = "03:00"
) -> None:
    async with runtime.db.write() as session:
        await backup.save_plan(session, admin, daily=daily, at=clock, zone="UTC", keep=keep)


async def names(runtime: Runtime, admin: Actor) -> list[str]:
    return [row["name"] for row in await backup.listed(admin, runtime.settings)]


async def test_one_a_day_and_only_the_newest_stay(
    runtime: Runtime, admin: Actor, clock: time_machine.Traveller
) -> None:
    await backup.make(runtime.settings, "manual", lambda _topics: None)
    await save(runtime, admin)
    await backups.make_due(runtime)
    assert len(await names(runtime, admin)) == 1  # today's time had passed when it was switched on
    for day in range(26, 30):
        clock.move_to(at(f"2026-11-{day}T03:00:30"))
        await backups.make_due(runtime)
        await backups.make_due(runtime)
    assert await names(runtime, admin) == [
        "wapto-20261129-030030-daily.tar.gz",
        "wapto-20261128-030030-daily.tar.gz",
        "wapto-20261125-100000-manual.tar.gz",
    ]


async def test_a_missed_time_is_made_up_for(
    runtime: Runtime, admin: Actor, clock: time_machine.Traveller
) -> None:
    await save(runtime, admin)
    clock.move_to(at("2026-11-27T15:00"))
    await backups.make_due(runtime)
    assert await names(runtime, admin) == ["wapto-20261127-150000-daily.tar.gz"]


async def test_a_failed_one_is_told_and_tried_again_after_an_hour(
    runtime: Runtime, admin: Actor, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    await save(runtime, admin)
    clock.move_to(at("2026-11-26T03:00"))
    tries: list[int] = []

    def full(*_arguments: object, **_more: object) -> None:
        tries.append(1)
        raise NotMade("There is not enough room.")

    monkeypatch.setattr(create, "make", full)
    for _ in range(3):
        await backups.make_due(runtime)
        clock.shift(600)
    assert len(tries) == 1
    async with runtime.db.read() as session:
        assert (await backup.last(session))["error"] == "There is not enough room."
    monkeypatch.undo()
    clock.shift(3600)
    await backups.make_due(runtime)
    assert len(await names(runtime, admin)) == 1
    async with runtime.db.read() as session:
        assert (await backup.last(session))["error"] == ""


async def test_switched_off_makes_none(runtime: Runtime, admin: Actor, clock: time_machine.Traveller) -> None:
    await save(runtime, admin)
    await save(runtime, admin, daily=False)
    clock.move_to(at("2026-11-30T15:00"))
    await backups.make_due(runtime)
    assert await names(runtime, admin) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("at", "3:00"),
        ("at", "24:00"),
        ("at", ""),
        ("keep", "0"),
        ("keep", "366"),
        ("keep", "x"),
        ("keep", "9" * 999),
    ],
)
async def test_bad_plans_name_their_field(runtime: Runtime, admin: Actor, field: str, value: str) -> None:
    with pytest.raises(Invalid) as refused:
        await save(runtime, admin, **{"clock" if field == "at" else field: value})  # type: ignore[arg-type]
    assert refused.value.field == field


async def test_only_one_is_made_at_a_time(runtime: Runtime, admin: Actor) -> None:
    made = await asyncio.gather(
        *(backup.make(runtime.settings, "manual", lambda _topics: None) for _ in range(3)),
        return_exceptions=True,
    )
    assert [type(one) for one in made].count(NotMade) == 2
    backup.begin(admin, runtime.settings, lambda _topics: None)
    with pytest.raises(Conflict, match="being made already"):
        backup.begin(admin, runtime.settings, lambda _topics: None)
    await asyncio.gather(*store._tasks)
    assert backup.progress(admin) == {"what": "", "percent": 0, "error": ""}


async def test_a_server_that_stops_leaves_no_half_backup(
    runtime: Runtime, admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = runtime.settings.media_dir / "aa"
    folder.mkdir(parents=True)
    with (folder / "large").open("wb") as file:
        file.truncate(300 * 2**20)
    task = asyncio.create_task(backup.make(runtime.settings, "manual", lambda _topics: None))
    while backup.progress(admin)["what"] != "files":
        await asyncio.sleep(0.005)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [path.name for path in (runtime.settings.data_dir / "backups").iterdir()] == [".lock"]


async def test_deleting_is_noted_and_only_for_backups(runtime: Runtime, admin: Actor, owner: Actor) -> None:
    made = await backup.make(runtime.settings, "manual", lambda _topics: None)
    async with runtime.db.write() as session:
        with pytest.raises(Forbidden):
            await backup.delete(session, owner, runtime.settings, made.path.name)
        for name in ("../wapto.sqlite3", ".lock", ""):
            with pytest.raises(NotFound):
                await backup.delete(session, admin, runtime.settings, name)
        await backup.delete(session, admin, runtime.settings, made.path.name)
    assert await names(runtime, admin) == []


async def test_only_an_admin_may(runtime: Runtime, owner: Actor, agent: Actor) -> None:
    for actor in (owner, agent):
        with pytest.raises(Forbidden):
            await backup.listed(actor, runtime.settings)
        with pytest.raises(Forbidden):
            backup.progress(actor)
        with pytest.raises(Forbidden):
            backup.begin(actor, runtime.settings, lambda _topics: None)
        with pytest.raises(Forbidden):
            await save(runtime, actor)
    async with runtime.db.read() as session:
        assert await session.get(Preference, "backup") is None
