"""Whose message can be looked at: anybody of the audience, people of a file who are no contacts yet included."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.services.campaign_desk import (
    make_campaign,
    make_person,
    make_template,
    of_contact,
    say,
    variant,
    wanted,
)
from tests.services.test_campaign_uploads import upload
from wapto_app.jobs.search import follow
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services.campaigns import audience, mapping, preview_people, testing
from wapto_app.services.campaigns.lacking import bare_rules
from wapto_app.services.campaigns.preview_people import PreviewPerson
from wapto_app.services.errors import NotFound

FILE = "Phone;First name;City\n+4915112345671;Zoë Öztürk;Köln\n+4915112345672;;Bonn\n+4915112345673;Cem;Ulm\n"


async def find(runtime: Runtime, actor: Actor, campaign_id: int, search: str = "") -> list[PreviewPerson]:
    async with runtime.db.read() as session:
        return await preview_people.find(session, actor, campaign_id, search)


async def names(*args: Any) -> list[str]:
    return [each["name"] for each in await find(*args)]


async def test_anybody_of_the_audience_is_found_and_nobody_else(
    runtime: Runtime, owner: Actor, channel_id: int
) -> None:
    people = [await make_person(runtime, name) for name in ("Ada Lovelace", "Bob", "Cem")]
    await make_person(runtime, "Ada Elsewhere")
    campaign_id = await make_campaign(runtime, owner, channel_id, contacts=people)
    await follow(runtime)
    assert await names(runtime, owner, campaign_id) == ["Cem", "Bob", "Ada Lovelace"]
    assert await names(runtime, owner, campaign_id, "ada") == ["Ada Lovelace"]
    assert await names(runtime, owner, campaign_id, f"555{people[1]:04d}") == ["Bob"]
    assert await names(runtime, owner, campaign_id, "nobody") == []


async def test_people_of_a_file_are_found_by_what_stands_in_their_line(
    runtime: Runtime, owner: Actor, channel_id: int
) -> None:
    row = await upload(runtime, owner, FILE)
    ada = await make_person(runtime, "Ada", "+4915112345673")
    campaign_id = await make_campaign(runtime, owner, channel_id, uploads=[row["key"]])
    found = await find(runtime, owner, campaign_id)
    assert [(each["contact_id"], each["name"], each["phone"]) for each in found] == [
        (ada, "Ada", "+4915112345673"),
        (0, "Zoë Öztürk", "+4915112345671"),
        (0, "+4915112345672", ""),
    ]
    assert await names(runtime, owner, campaign_id, "Köln") == ["Zoë Öztürk"]
    assert await names(runtime, owner, campaign_id, "151 1234 5672") == ["+4915112345672"]
    assert await names(runtime, owner, campaign_id, "100%") == []


async def test_the_preview_of_a_line_is_what_the_contact_made_of_it_will_read(
    runtime: Runtime, owner: Actor, channel_id: int
) -> None:
    row = await upload(runtime, owner, FILE)
    campaign_id = await make_campaign(runtime, owner, channel_id, uploads=[row["key"]])
    zoe, unnamed, _cem = await find(runtime, owner, campaign_id)
    async with runtime.db.read() as session:
        bodies = [
            (await mapping.preview(session, owner, campaign_id, "A", 0, each["row_id"]))["body"]
            for each in (zoe, unnamed)
        ]
        with pytest.raises(NotFound):
            await mapping.preview(session, owner, campaign_id, "A", 0, 999_999)
    assert bodies == ["Hello Zoë, a flat in Lisbon is free.", "Hello friend, a flat in Lisbon is free."]
    async with runtime.db.write() as session:
        like = (0, zoe["row_id"])
        await testing.send_test(session, owner, campaign_id, "A", "+49 151 99999999", like=like)


async def test_who_will_have_no_name_is_counted_before_the_start(
    runtime: Runtime, owner: Actor, channel_id: int
) -> None:
    row = await upload(runtime, owner, FILE)
    campaign_id = await make_campaign(runtime, owner, channel_id, uploads=[row["key"]])
    rules = {"body.1": of_contact("first_name"), "body.2": of_contact("name")}
    await say(
        runtime,
        owner,
        campaign_id,
        channel_id,
        variant(await make_template(runtime, name="n"), mapping=rules),
    )
    async with runtime.db.read() as session:
        bare = await bare_rules(session, campaign_id)
        named = await audience.summary(session, owner, wanted(uploads=[row["key"]]), bare=bare)
    assert (named["sendable"], [each["count"] for each in named["skipped"]]) == (2, [1])
    bare_file = await upload(runtime, owner, "Phone\n+4915112345679\n")
    async with runtime.db.read() as session:
        none = await audience.summary(session, owner, wanted(uploads=[bare_file["key"]]), bare=bare)
    assert (none["sendable"], [each["count"] for each in none["skipped"]]) == (0, [1])


async def test_from_whom_numbers_are_hidden_finds_no_number(
    runtime: Runtime, owner: Actor, channel_id: int
) -> None:
    row = await upload(runtime, owner, FILE)
    campaign_id = await make_campaign(runtime, owner, channel_id, uploads=[row["key"]])
    blind = replace(owner, hide_phone=True)
    assert await names(runtime, blind, campaign_id, "5112345") == []
    shown = await find(runtime, blind, campaign_id)
    assert "12345" not in str(shown)
    assert shown[0]["name"] == "Zoë Öztürk"


async def test_a_campaign_that_is_gone_has_nobody(runtime: Runtime, owner: Actor) -> None:
    with pytest.raises(NotFound):
        await find(runtime, owner, 999)
