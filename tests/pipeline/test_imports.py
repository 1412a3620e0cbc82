"""The page of imports, driven by its events."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlmodel import select

from state.base import Feedback
from state.imports import Imports
from tests.pipeline.conftest import OpenTab
from tests.pipeline.test_policy import notices
from tests.services.imports_desk import Desk
from wapto_app.jobs import broker
from wapto_app.jobs import imports as job
from wapto_app.models import Account, Contact, Team, Visibility
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services.errors import Forbidden, Invalid

FILE = "Nombre;Teléfono;Ciudad\nAda;0151 12345671;Lisboa\nBob;x;\n"


@pytest.fixture
def desk(runtime: Runtime, owner: Actor) -> Desk:
    return Desk(runtime, owner)


async def test_from_the_file_to_the_contacts_and_back(open_tab: OpenTab, desk: Desk, owner: Actor) -> None:
    import_id = await desk.upload(FILE, "gente.csv")
    tab = await open_tab(owner, f"/contacts/import?id={import_id}")

    def var(name: str) -> Any:
        return tab.vars(Imports)[name]

    assert (var("step"), var("head")["filename"]) == (1, "gente.csv")
    assert [each["target"] for each in var("columns")] == ["name", "phone", ""]
    await tab.send(Imports.check())
    assert var("step") == 2
    await job.carry_out(import_id)
    await tab.until(lambda: var("head")["state"] == "checked")
    # Without a country, 0151 … means nothing: back, and choose one.
    await tab.send(Imports.back())
    await tab.send(Imports.choose_region("DE"), Imports.choose(2, "new"), Imports.call(2, "Town"))
    await tab.send(Imports.write_tags("Fair, VIP"), Imports.check())
    assert var("columns")[2] | {"samples": []} == {
        "index": 2, "name": "Ciudad", "samples": [], "target": "new:2", "label": "Town", "kind": "text",
    }  # fmt: skip
    await job.carry_out(import_id)
    await tab.until(lambda: var("head")["state"] == "checked")
    shown = var("shown")
    assert (shown["created"], shown["wrong"], shown["new_tags"], shown["new_fields"]) == (
        1,
        1,
        ["Fair", "VIP"],
        ["Town"],
    )
    await tab.send(Imports.start())
    await job.carry_out(import_id)
    await tab.until(lambda: var("head")["state"] == "done")
    assert (var("step"), var("head")["created"]) == (3, 1)
    assert await desk.values() == {"Ada": {"town=Lisboa"}}
    await tab.send(Imports.ask_to_undo(import_id))
    assert var("undoing")["id"] == import_id
    await tab.send(Imports.undo())
    await job.carry_out(import_id)
    await tab.until(lambda: var("head")["state"] == "undone")
    assert await desk.count(Contact) == 0
    assert notices(tab) == []


async def test_it_is_handed_out_and_goes_on_by_itself(
    open_tab: OpenTab, desk: Desk, owner: Actor, runtime: Runtime
) -> None:

    import_id = await desk.upload("phone\n+4915112345671\n")
    tab = await open_tab(owner, f"/contacts/import?id={import_id}")
    async with broker.handing_out(runtime):
        working = asyncio.create_task(job.run(runtime))
        await tab.send(Imports.check())
        await tab.until(lambda: tab.vars(Imports)["head"]["state"] == "checked")
        await tab.send(Imports.start())
        await tab.until(lambda: tab.vars(Imports)["head"]["state"] == "done")
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
    assert await desk.count(Contact) == 1


async def test_a_wrong_choice_is_said_beside_its_column(open_tab: OpenTab, desk: Desk, owner: Actor) -> None:
    tab = await open_tab(owner, f"/contacts/import?id={await desk.upload(FILE)}")
    with pytest.raises(Invalid):
        await tab.send(Imports.choose(2, "phone"), Imports.check())
    await tab.until(lambda: list(tab.vars(Feedback).get("errors", {})) == ["column_1"])
    with pytest.raises(Invalid):
        await tab.send(
            Imports.choose(99, "phone"), Imports.choose(1, ""), Imports.choose(2, ""), Imports.check()
        )
    await tab.until(lambda: list(tab.vars(Feedback).get("errors", {})) == ["columns"])


async def test_who_sees_only_some_contacts_is_told_why_not(
    open_tab: OpenTab, agent: Actor, runtime: Runtime, desk: Desk
) -> None:
    import_id = await desk.upload(FILE, "secret.csv")
    async with runtime.db.write() as session:
        account = await session.get_one(Account, agent.account_id)
        team = (await session.exec(select(Team).where(Team.id == account.team_id))).one()
        team.permissions, team.visibility = [*team.permissions, "contacts.do"], Visibility.OWN
        session.add(team)
    tab = await open_tab(agent, f"/contacts/import?id={import_id}")
    shown = tab.vars(Imports)
    assert (shown["allowed"], shown["loaded"]) == (False, True)
    assert "secret.csv" not in str(tab.updates)
    for event in (Imports.check(), Imports.start()):
        with pytest.raises(Forbidden):
            await tab.send(event)
    await tab.send(Imports.changed())
    assert "secret.csv" not in str(tab.updates)
    assert (await desk.head(import_id))["state"] == "uploaded"
