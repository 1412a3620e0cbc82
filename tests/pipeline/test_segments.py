"""Tags, custom fields and segments in open tabs: owner, agent, stranger."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import col

from state.base import Feedback
from state.fields import FieldDialog, Fields
from state.segment_editor import SegmentEditor
from state.segments import Segments
from state.tag_choices import TagChoices
from state.tags import TagDialog, Tags
from tests.pipeline.conftest import OpenTab
from tests.pipeline.harness import Tab
from wapto_app.db import Database
from wapto_app.models import Contact, Team
from wapto_app.security.permissions import Actor
from wapto_app.services import segments, tags
from wapto_app.services.errors import DomainError

ALL = {"join": "and", "rules": [{"field": "name", "op": "not_empty"}]}


async def submit(tab: Tab, handler: str, **values: str) -> None:
    with suppress(DomainError):  # what is refused stands beside its input
        await tab.raw(handler, {"form": {"__reflex_form_data__": [list(pair) for pair in values.items()]}})


def name_of(state: Any, handler: str) -> str:
    return f"{state.get_full_name()}.{handler}"


def said(tab: Tab) -> list[str]:
    return [notice["text"] for notice in tab.vars(Feedback).get("notices", [])]


def errors(tab: Tab) -> dict[str, str]:
    found: dict[str, str] = tab.vars(Feedback).get("errors", {})
    return found


def labels(tab: Tab) -> list[str]:
    return [row["label"] for row in tab.vars(Fields)["rows"]]


@pytest.fixture
async def contact(db: Database) -> int:
    contact = Contact(name="Ada")
    async with db.write() as session:
        session.add(contact)
    return contact.id or 0


async def grant(db: Database, agent: Actor, *permissions: str) -> None:
    async with db.write() as session:
        await session.exec(
            sa.update(Team).where(col(Team.id) == agent.team_id).values(permissions=list(permissions))
        )


async def test_a_tag_is_made_changed_merged_and_deleted_before_everybodys_eyes(
    open_tab: OpenTab, owner: Actor, db: Database, contact: int
) -> None:
    tab, other = await open_tab(owner, "/tags"), await open_tab(owner, "/tags")
    for each in (tab, other):
        await each.send(Tags.load)
    await tab.send(TagDialog.start)
    await submit(tab, name_of(TagDialog, "save"), name="VIP", colour="red")
    await tab.send(TagDialog.start)
    await submit(tab, name_of(TagDialog, "save"), name="vip", colour="")
    await tab.until(lambda: errors(tab) == {"name": "There is a tag with this name already."})
    assert tab.vars(TagDialog)["what"] == "edit"
    await submit(tab, name_of(TagDialog, "save"), name="Lead", colour="")
    await other.until(lambda: len(other.vars(Tags)["rows"]) == 2)
    lead, vip = other.vars(Tags)["rows"]
    async with db.write() as session:
        await tags.apply(session, owner, [contact], [lead["id"]])
    await tab.send(TagDialog.ask_to_merge(lead["id"], "Lead"))
    seen = tab.vars(TagDialog)
    assert (seen["contacts"], [each["label"] for each in seen["others"]]) == (1, ["VIP"])
    await submit(tab, name_of(TagDialog, "merge"), into=str(vip["id"]))
    await other.until(lambda: other.vars(Tags)["rows"][0]["contacts"] == 1)
    await tab.send(TagDialog.ask_to_delete(vip["id"], "VIP"), TagDialog.delete)
    await other.until(lambda: other.vars(Tags)["rows"] == [])
    assert "“VIP” is deleted." in said(tab)


async def test_a_field_is_made_ordered_and_deleted(open_tab: OpenTab, owner: Actor) -> None:
    tab = await open_tab(owner, "/fields")
    await tab.send(Fields.load)
    choices = json.dumps([{"was": "", "now": "Rent"}, {"was": "", "now": "Buy"}])
    for label, kind, more in (("City", "text", {}), ("Wish", "select", {"options": choices})):
        await tab.send(FieldDialog.start, FieldDialog.choose_kind(kind))
        await submit(tab, name_of(FieldDialog, "save"), label=label, kind=kind, required="on", **more)
    await tab.until(lambda: labels(tab) == ["City", "Wish"])
    city, wish = [row["id"] for row in tab.vars(Fields)["rows"]]
    assert tab.vars(Fields)["rows"][1]["required"] is True
    await tab.send(Fields.move(wish, 0))
    assert labels(tab) == ["Wish", "City"]
    await tab.send(Fields.step(wish, 1))
    assert labels(tab) == ["City", "Wish"]
    await tab.send(Fields.step(wish, 1), Fields.step(city, -1), Fields.step(999, -1))
    assert labels(tab) == ["City", "Wish"]
    await tab.send(FieldDialog.edit(wish))
    assert [each["now"] for each in tab.vars(FieldDialog)["options"]] == ["Rent", "Buy"]
    await submit(tab, name_of(FieldDialog, "save"), label="Wish", options="[")
    await tab.until(lambda: "options" in errors(tab))
    await tab.send(Fields.ask_to_delete(city, "City"), Fields.delete)
    await tab.until(lambda: labels(tab) == ["Wish"])


async def test_rules_are_tried_out_saved_and_counted(open_tab: OpenTab, owner: Actor, contact: int) -> None:
    tab, other = await open_tab(owner, "/segments/new"), await open_tab(owner, "/segments")
    await other.send(Segments.load)
    await tab.send(SegmentEditor.load)
    assert tab.vars(SegmentEditor)["problems"] == {"0": "Choose at least one."}
    await tab.send(SegmentEditor.try_out(json.dumps(ALL)))
    seen = tab.vars(SegmentEditor)
    assert (seen["count"], seen["problems"], seen["sample"][0]["name"]) == (1, {}, "Ada")
    gone = {"rules": [{"field": "tags", "op": "any_of", "items": [7]}]}
    await tab.send(SegmentEditor.try_out(json.dumps(gone)))
    assert (tab.vars(SegmentEditor)["count"], tab.vars(SegmentEditor)["sample"]) == (0, [])
    save = name_of(SegmentEditor, "save")
    for rules in ("", "[]", "[" * 50_000, json.dumps({"rules": []})):
        await tab.send(Feedback.clear)
        await submit(tab, save, name="All", rules=rules)
        await tab.until(lambda: list(errors(tab)) == ["rules"])
    await submit(tab, save, name=" ", rules=json.dumps(ALL))
    await tab.until(lambda: list(errors(tab)) == ["name"])
    await submit(tab, save, name="All", rules=json.dumps(ALL))
    assert tab.redirects == ["/segments"]
    await other.until(lambda: list(other.vars(Segments).get("counts", {}).values()) == [1])
    (row,) = other.vars(Segments)["rows"]
    await other.send(Segments.ask("rename", row["id"], row["name"]))
    await submit(other, name_of(Segments, "rename"), name="Everybody")
    await other.send(Segments.duplicate(row["id"]))
    assert other.redirects == [f"/segments/{row['id'] + 1}"]
    await other.send(Segments.ask("delete", row["id"], "Everybody"), Segments.delete)
    await other.until(lambda: [each["name"] for each in other.vars(Segments)["rows"]] == ["Everybody (2)"])


@pytest.mark.parametrize("path", ["/segments/77", "/segments/x", "/segments/0", "/segments/99999999999"])
async def test_a_segment_that_is_not_there_says_so(open_tab: OpenTab, owner: Actor, path: str) -> None:
    tab = await open_tab(owner, path)
    await tab.send(SegmentEditor.load)
    assert tab.vars(SegmentEditor)["missing"] is True


async def test_agents_do_what_their_team_may(
    open_tab: OpenTab, owner: Actor, agent: Actor, db: Database, contact: int
) -> None:
    async with db.write() as session:
        vip = await tags.create(session, owner, "VIP")
        segment_id = await segments.save(session, owner, "All", ALL)
    await grant(db, agent, "contacts.see", "tags.see")
    tab = await open_tab(agent, "/tags")
    await tab.send(Tags.load, Segments.load, TagChoices.load)
    assert [row["name"] for row in tab.vars(Tags)["rows"]] == ["VIP"]
    assert [tag["name"] for tag in tab.vars(TagChoices)["all"]] == ["VIP"]
    for event in (
        TagDialog.start,
        TagDialog.ask_to_delete(vip, "VIP"),
        TagDialog.delete,
        Fields.move(1, 0),
        FieldDialog.start,
        Segments.ask("delete", segment_id, "All"),
        Segments.delete,
        Segments.duplicate(segment_id),
    ):
        with suppress(DomainError):
            await tab.send(event)
        await tab.until(lambda: len(said(tab)) > 0)
        assert said(tab)[-1].startswith("You do not have permission"), event
        tab.clear()
    async with db.read() as session:
        assert len(await tags.choices(session, owner)) == 1
        assert len(await segments.listing(session, owner)) == 1
    await grant(db, agent, "inbox.see")
    blind = await open_tab(replace(agent, permissions=frozenset()), "/segments")
    await blind.send(Segments.load, Tags.load, Fields.load, TagChoices.load, SegmentEditor.load)
    assert "rows" not in blind.vars(Segments) or blind.vars(Segments)["rows"] == []
    assert blind.vars(Tags).get("rows", []) == blind.vars(TagChoices).get("all", []) == []


async def test_strangers_are_sent_to_sign_in(open_tab: OpenTab) -> None:
    for event in (
        Tags.load,
        Fields.load,
        Segments.load,
        SegmentEditor.try_out(json.dumps(ALL)),
        TagChoices.load,
    ):
        tab = await open_tab(None, "/tags")
        await tab.send(event)
        assert any("/login" in path for path in tab.redirects)
