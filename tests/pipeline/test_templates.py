"""Templates in open tabs: written, found, copied, and sent to a contact; by owner, agent and stranger."""

from __future__ import annotations

import uuid
from contextlib import suppress
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from state.base import Feedback
from state.contacts import SendTemplate
from state.templates import NewTemplate, TemplateDetails, TemplateEditing, TemplateList, TemplateRemoval
from tests.pipeline.conftest import OpenTab
from tests.pipeline.harness import Tab
from tests.pipeline.rows import Workspace, workspace
from tests.pipeline.test_profile import as_submitted
from wapto_app.models import (
    AddressKind,
    Channel,
    Contact,
    ContactAddress,
    Conversation,
    LibraryFile,
    Message,
    Team,
    Template,
)
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services.errors import DomainError

BODY = {"type": "BODY", "text": "Hi {{first_name}}, your order is here."}
SAMPLED = BODY | {"example": {"body_text_named_params": [{"param_name": "first_name", "example": "Ana"}]}}


@pytest.fixture
async def work(runtime: Runtime) -> Workspace:
    return await workspace(runtime)


def form(**more: Any) -> dict[str, Any]:
    given = {"name": "order_here", "language": "en", "category": "UTILITY", "parameter_format": "NAMED"}
    return given | {"components": [SAMPLED], "sample_files": {}, "waba_id": ""} | more


def errors(tab: Tab) -> dict[str, str]:
    found: dict[str, str] = tab.vars(Feedback).get("errors", {})
    return found


async def submit(tab: Tab, state: Any, handler: str, **values: str) -> None:
    with suppress(DomainError):
        await tab.raw(f"{state.get_full_name()}.{handler}", {"form": as_submitted(values)})


async def draft(tab: Tab, name: str = "order_here") -> int:
    """One that was just begun, open in the editor."""
    await submit(tab, NewTemplate, "begin", name=name, language="en", category="UTILITY")
    async with tab_db(tab).read() as session:
        found = (await session.exec(select(Template.id).where(Template.name == name))).one()
    tab.path = f"/templates/{found}/edit"
    await tab.send(TemplateEditing.load)
    return found or 0


def tab_db(_tab: Tab) -> Any:
    from wapto_app import runtime

    return runtime.get().db


async def names(tab: Tab, path: str = "/templates") -> list[str]:
    tab.path = path
    await tab.send(TemplateList.load)
    return [row["name"] for row in tab.vars(TemplateList)["rows"]]


async def test_what_is_typed_is_kept_and_checked(tab: Tab, work: Workspace) -> None:
    await draft(tab)
    await tab.send(TemplateEditing.write(form(components=[BODY]), 3))
    editing = tab.vars(TemplateEditing)
    assert (editing["saved"], list(editing["problems"])) == (3, ["body.example.first_name"])
    await tab.send(TemplateEditing.write(form(), 4))
    await tab.send(TemplateEditing.load)
    editing = tab.vars(TemplateEditing)
    assert (editing["problems"], editing["form"]["components"]) == ({}, [SAMPLED])


async def test_a_name_that_is_taken_is_refused_beside_it_and_nothing_is_lost(
    tab: Tab, work: Workspace
) -> None:
    await draft(tab)
    await draft(tab, "second")
    with suppress(DomainError):
        await tab.send(TemplateEditing.write(form(), 1))
    await tab.until(lambda: "already" in errors(tab).get("name", ""))
    assert tab.vars(TemplateEditing)["saved"] == 0
    await tab.send(TemplateEditing.write(form(name="second"), 2))
    assert (errors(tab), tab.vars(TemplateEditing)["saved"]) == ({}, 2)


async def test_the_list_finds_by_what_stands_in_the_address(tab: Tab, work: Workspace) -> None:
    await draft(tab)
    await draft(tab, "second")
    assert await names(tab) == ["order_here", "second"]
    assert await names(tab, "/templates?search=second") == ["second"]
    assert await names(tab, "/templates?status=APPROVED") == []
    assert tab.vars(TemplateList)["filters"] == 1
    await tab.send(TemplateList.choose("nonsense", "x"))
    assert await names(tab, "/templates?sort=newest&category=UTILITY") == ["second", "order_here"]


async def test_a_copy_a_translation_and_one_of_ours_become_drafts(tab: Tab, work: Workspace) -> None:
    first = await draft(tab)
    await tab.send(NewTemplate.duplicate(first))
    await tab.send(NewTemplate.ask_language(first, "order_here"))
    await submit(tab, NewTemplate, "translate", language="xx")
    await tab.until(lambda: "language" in errors(tab))
    await submit(tab, NewTemplate, "translate", language="es")
    await tab.send(NewTemplate.use("homes_of_the_week", "es"))
    assert await names(tab) == ["homes_of_the_week", "order_here", "order_here", "order_here_copy"]
    tab.path = f"/templates/{first}"
    await tab.send(TemplateDetails.load)
    assert [each["language"] for each in tab.vars(TemplateDetails)["found"]["siblings"]] == ["es"]


async def test_nobody_is_shown_what_is_not_there(tab: Tab, work: Workspace) -> None:
    for path in ("/templates/99999999999999", "/templates/0", "/templates/x%00", "/templates/-1"):
        tab.path = path
        await tab.send(TemplateDetails.load)
        details = tab.vars(TemplateDetails)
        assert (details["loaded"], details["found"]) == (True, None)
        tab.path = f"{path}/edit"
        await tab.send(TemplateEditing.load)
        assert tab.vars(TemplateEditing)["missing"]


async def test_a_draft_is_deleted_after_a_question(tab: Tab, work: Workspace) -> None:
    first = await draft(tab)
    await tab.send(TemplateRemoval.ask(first, "order_here"))
    removal = tab.vars(TemplateRemoval)
    assert (removal["usage"]["at_meta"], removal["usage"]["languages"]) == (False, [])
    await tab.send(TemplateRemoval.delete)
    assert await names(tab) == []


async def test_an_agent_without_the_right_may_neither_look_nor_write(
    open_tab: OpenTab, agent: Actor, runtime: Runtime, work: Workspace, tab: Tab
) -> None:
    first = await draft(tab)
    theirs = await open_tab(agent)
    for event in (TemplateList.load, TemplateEditing.write(form(), 1), TemplateRemoval.ask(first, "x")):
        with suppress(DomainError):
            await theirs.send(event)
    assert theirs.vars(TemplateList).get("rows", []) == []
    async with runtime.db.write() as session:
        seeing = sa.update(Team).where(col(Team.id) == agent.team_id).values(permissions=["templates.see"])
        await session.exec(seeing)
    looking = await open_tab(agent)
    assert await names(looking) == ["order_here"]
    looking.path = f"/templates/{first}/edit"
    with suppress(DomainError):
        await looking.send(TemplateEditing.load)
    assert not looking.vars(TemplateEditing).get("loaded")


async def test_a_stranger_is_told_nothing(open_tab: OpenTab, tab: Tab, work: Workspace) -> None:
    await draft(tab)
    stranger = await open_tab(None)
    with suppress(DomainError):
        await stranger.send(TemplateList.load)
    assert stranger.vars(TemplateList).get("rows", []) == []


async def test_a_sample_of_the_library_is_shown_and_one_that_is_gone_left_out(
    tab: Tab, work: Workspace, runtime: Runtime
) -> None:
    await draft(tab)
    file = LibraryFile(
        key="f" * 32,
        name="home.jpg",
        search="home.jpg",
        kind="image",
        mime_type="image/jpeg",
        size=1,
        original_size=1,
        sha256="0" * 64,
        path="x",
        thumbnail="",
    )
    async with runtime.db.write() as session:
        session.add(file)
    await tab.send(TemplateEditing.take_file([file.key]))
    picked = tab.vars(TemplateEditing)["picked"]
    assert (picked["n"], picked["url"], picked["kind"]) == (1, f"/library/{file.key}", "image")
    parts = [{"type": "HEADER", "format": "IMAGE"}, SAMPLED]
    await tab.send(TemplateEditing.write(form(components=parts, sample_files={"header": file.key}), 1))
    await tab.send(TemplateEditing.load)
    assert list(tab.vars(TemplateEditing)["files"]) == [file.key]
    async with runtime.db.write() as session:
        await session.exec(sa.delete(LibraryFile).where(col(LibraryFile.key) == file.key))
    await tab.send(TemplateEditing.load)
    assert tab.vars(TemplateEditing)["files"] == {}


@pytest.fixture
async def nadia(runtime: Runtime, work: Workspace) -> int:
    """A contact without a conversation, and a template that she can be sent."""
    contact = Contact(name="Nadia New", language="en")
    async with runtime.db.write() as session:
        session.add(contact)
        await session.flush()
        session.add(ContactAddress(contact_id=contact.id, kind=AddressKind.PHONE, value="+15550001234"))
        channel = await session.get_one(Channel, work.channel_id)
        session.add(
            Template(
                waba_id=channel.waba_id,
                name="order_here",
                language="en",
                status="APPROVED",
                category="UTILITY",
                parameter_format="NAMED",
                components=[SAMPLED],
            )
        )
    return contact.id or 0


async def opened(tab: Tab, contact_id: int, channel_id: int) -> int:
    """The dialog with the template chosen; the template's id."""
    await tab.send(SendTemplate.start(contact_id, "Nadia New", 0))
    await tab.send(SendTemplate.find(channel_id, "order"))
    [row] = tab.vars(SendTemplate)["rows"]
    await tab.send(SendTemplate.choose(channel_id, row["id"]))
    return int(row["id"])


async def test_a_contact_without_a_conversation_is_sent_a_template_once(
    tab: Tab, work: Workspace, nadia: int, runtime: Runtime
) -> None:
    template_id = await opened(tab, nadia, work.channel_id)
    [slot] = tab.vars(SendTemplate)["form"]["slots"]
    assert (slot["key"], slot["suggestion"]) == ("body.first_name", "Nadia")
    wanted = {"id": template_id, "values": {"body.first_name": "Nadia"}, "media_key": ""}
    ref = uuid.uuid4().hex
    for _again in range(2):
        await tab.send(SendTemplate.start(nadia, "Nadia New", 0))
        await tab.send(SendTemplate.send(work.channel_id, ref, wanted))
    async with runtime.db.read() as session:
        sent = list(await session.exec(select(Message.body, Message.type)))
    assert sent == [("Hi Nadia, your order is here.", "template")]
    assert not tab.vars(SendTemplate)["is_open"]


async def test_what_is_refused_begins_no_conversation(
    tab: Tab, work: Workspace, nadia: int, runtime: Runtime
) -> None:
    template_id = await opened(tab, nadia, work.channel_id)
    empty = {"id": template_id, "values": {"body.first_name": ""}, "media_key": ""}
    with suppress(DomainError):
        await tab.send(SendTemplate.send(work.channel_id, uuid.uuid4().hex, empty))
    await tab.until(lambda: "body.first_name" in errors(tab))
    async with runtime.db.read() as session:
        assert list(await session.exec(select(Conversation.id))) == []


async def test_somebody_elses_contact_is_nobody(
    open_tab: OpenTab, work: Workspace, nadia: int, runtime: Runtime, agent: Actor
) -> None:
    async with runtime.db.write() as session:
        rights = {"permissions": ["inbox.see", "inbox.do", "contacts.see"], "visibility": "own"}
        await session.exec(sa.update(Team).where(col(Team.id) == agent.team_id).values(**rights))
    theirs = await open_tab(agent)
    await theirs.send(SendTemplate.start(nadia, "Nadia New", 0))
    with suppress(DomainError):
        await theirs.send(SendTemplate.find(work.channel_id, ""))
    assert theirs.vars(SendTemplate)["rows"] is None
    await theirs.send(SendTemplate.find_people(""))
    assert theirs.vars(SendTemplate).get("people", []) == []
