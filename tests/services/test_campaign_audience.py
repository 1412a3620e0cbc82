"""Audiences: everybody once, one reason for whoever is left out, hidden numbers hidden, nonsense refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import col

from tests.services.campaign_desk import (
    fixed,
    make_campaign,
    make_person,
    make_tag,
    make_template,
    say,
    variant,
    wanted,
)
from tests.services.crowd import make_field, talk_with
from tests.services.test_campaign_uploads import upload
from tests.services.test_inbox import plans, scans
from wapto_app.models import (
    AddressKind,
    Campaign,
    CampaignRecipient,
    CampaignState,
    Contact,
    ContactAddress,
)
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor, Permission, Visibility
from wapto_app.services import fields, tags
from wapto_app.services.campaigns import audience, drafts, reasons
from wapto_app.services.campaigns.audience import Audience, Summary
from wapto_app.services.campaigns.lacking import bare_rules
from wapto_app.services.contacts import delete
from wapto_app.services.errors import Conflict, Forbidden, Invalid
from wapto_app.services.segments import delete as delete_segment
from wapto_app.services.segments import save as save_segment

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
NAMED = {"join": "and", "rules": [{"field": "name", "op": "starts_with", "value": "seg"}]}


async def summary(
    runtime: Runtime, actor: Actor, chosen: Audience, template_id: int = 0, **more: Any
) -> Summary:
    async with runtime.db.read() as session:
        return await audience.summary(session, actor, chosen, template_id, **more)


async def ids_of(runtime: Runtime, chosen: Audience, eyes: Actor | None = None) -> set[int]:
    async with runtime.db.read() as session:
        query = await audience.people(session, chosen, eyes)
        return set((await (await session.connection()).execute(query)).scalars())


def skipped(found: Summary) -> dict[str, int]:
    return {each["reason"]: each["count"] for each in found["skipped"]}


async def make_segment(runtime: Runtime, owner: Actor, name: str = "Seg") -> int:
    async with runtime.db.write() as session:
        return await save_segment(session, owner, name, NAMED)


async def test_everybody_of_all_parts_is_there_once(runtime: Runtime, owner: Actor) -> None:
    ada, bob = await make_person(runtime, "Ada"), await make_person(runtime, "Seg Bob")
    cem, dan = await make_person(runtime, "Cem"), await make_person(runtime, "Dan", "+4915112345671")
    await make_person(runtime, "Not chosen")
    one, two = await make_tag(runtime, "one", ada, bob), await make_tag(runtime, "two", ada)
    segment = await make_segment(runtime, owner)
    file = await upload(runtime, owner, "Phone\n+4915112345671\n")
    chosen = wanted(tags=[one, two], segments=[segment], contacts=[cem, ada], uploads=[file["key"]])
    found = await summary(runtime, owner, chosen)
    assert (found["people"], found["sendable"], found["skipped"]) == (4, 4, [])
    assert await ids_of(runtime, chosen) == {ada, bob, cem, dan}
    assert [each["id"] for each in found["sample"]] == [dan, cem, bob, ada]
    assert await ids_of(runtime, {**chosen, "without_tags": [two], "without_segments": [segment]}) == {
        cem,
        dan,
    }


async def test_whoever_is_left_out_has_the_first_of_the_reasons(
    runtime: Runtime, owner: Actor, channel_id: int
) -> None:
    everything = {"blocked_at": NOW, "opted_out_at": NOW, "marketing_stopped_at": NOW}
    people = [
        await make_person(runtime, "a", "-", **everything),
        await make_person(runtime, "b", "-", opted_out_at=NOW, marketing_stopped_at=NOW),
        await make_person(runtime, "c", "-", marketing_stopped_at=NOW),
        await make_person(runtime, "d", "-"),
        await make_person(runtime, "e"),
        await make_person(runtime, "f"),
        await make_person(runtime, "g"),
    ]
    campaign_id = await make_campaign(runtime, owner, channel_id)
    async with runtime.db.write() as session:
        for each in people[:5]:
            sent = CampaignRecipient(campaign_id=campaign_id, contact_id=each, queued_at=datetime.now(UTC))
            session.add(sent)
    chosen = wanted(everyone=True, without_contacts=people[:6], not_within_days=3)
    offer = await make_template(runtime, "offer")
    found = await summary(runtime, owner, chosen, offer)
    assert list(skipped(found)) == [
        reasons.BLOCKED,
        reasons.OPTED_OUT,
        reasons.MARKETING_STOPPED,
        reasons.NO_NUMBER,
        reasons.LATELY,
        reasons.EXCLUDED,
    ]
    assert (set(skipped(found).values()), found["people"], found["sendable"]) == ({1}, 7, 1)
    assert all(each["words"] for each in found["skipped"])
    order = await make_template(runtime, "order", category="UTILITY")
    assert reasons.MARKETING_STOPPED not in skipped(await summary(runtime, owner, chosen, order))
    both = await summary(runtime, owner, chosen, order, others=[offer])
    assert reasons.MARKETING_STOPPED in skipped(both)


async def test_a_user_name_is_a_way_for_all_but_codes(runtime: Runtime, owner: Actor) -> None:
    contact_id = await make_person(runtime, "Ada", "-")
    async with runtime.db.write() as session:
        session.add(ContactAddress(contact_id=contact_id, kind=AddressKind.BSUID, value="US.1"))
    code = await make_template(runtime, "code", category="AUTHENTICATION")
    assert (await summary(runtime, owner, wanted(everyone=True)))["sendable"] == 1
    assert skipped(await summary(runtime, owner, wanted(everyone=True), code)) == {reasons.NO_NUMBER: 1}


async def test_who_once_opted_out_and_was_deleted_is_counted_as_that(runtime: Runtime, owner: Actor) -> None:
    ada = await make_person(runtime, "Ada", "+4915112345671", opted_out_at=NOW)
    await delete(runtime.db, owner, runtime.settings.media_dir, [ada])
    file = await upload(runtime, owner, "Phone\n+4915112345671\n+4915112345672\n")
    found = await summary(runtime, owner, wanted(uploads=[file["key"]]))
    assert (found["people"], found["sendable"], found["new"]) == (2, 1, 1)
    assert skipped(found) == {reasons.OPTED_OUT: 1}


async def test_an_agent_chooses_among_those_whom_they_may_see(
    runtime: Runtime, owner: Actor, agent: Actor, channel_id: int
) -> None:
    rights = agent.permissions | {Permission.CAMPAIGNS_SEE}
    narrow = replace(agent, visibility=Visibility.OWN, hide_phone=True, permissions=rights)
    mine = await make_person(runtime, "+4915112345671", "+4915112345671")
    other = await make_person(runtime, "Other")
    await talk_with(runtime, mine, channel_id, agent)
    await talk_with(runtime, other, channel_id, owner)
    for chosen in (wanted(everyone=True), wanted(contacts=[mine, other])):
        found = await summary(runtime, narrow, chosen)
        assert (found["people"], [each["id"] for each in found["sample"]]) == (1, [mine])
        assert "12345671" not in str(found["sample"])
    with pytest.raises(Forbidden):
        await summary(runtime, replace(narrow, permissions=frozenset()), wanted(everyone=True))


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("tags", "all"),
        ("tags", [True]),
        ("contacts", [0]),
        ("contacts", [2**31]),
        ("contacts", list(range(1, audience.MOST_PICKED + 2))),
        ("segments", [1.5]),
        ("uploads", ["x" * 33]),
        ("uploads", [1]),
        ("not_within_days", -1),
        ("not_within_days", "7"),
        ("not_within_days", 10_000),
        ("without_tags", {"1": 2}),
    ],
)
def test_what_makes_no_sense_is_refused_by_its_name(part: str, value: Any) -> None:
    with pytest.raises(Invalid) as refused:
        audience.read({part: value})
    assert refused.value.field == part


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(list(audience.nobody())), JSON) | JSON)
def test_anything_is_an_audience_or_refused(raw: Any) -> None:
    try:
        found = audience.read(raw)
    except Invalid:
        return
    assert audience.read(dict(found)) == found
    assert list(found) == list(audience.nobody())


# --- what goes away


async def problems(runtime: Runtime, owner: Actor, campaign_id: int) -> dict[str, str]:
    async with runtime.db.read() as session:
        return (await drafts.problems(session, owner, campaign_id)).get("audience", {})


async def test_a_deleted_tag_or_segment_is_taken_out_and_said_until_somebody_has_looked(
    runtime: Runtime, owner: Actor, channel_id: int
) -> None:
    ada = await make_person(runtime, "Seg Ada")
    tag, segment = await make_tag(runtime, "vip", ada), await make_segment(runtime, owner, "Segged")
    parts: dict[str, Any] = {"everyone": True, "without_tags": [tag], "segments": [segment]}
    campaign_id = await make_campaign(runtime, owner, channel_id, **parts)
    async with runtime.db.write() as session:
        assert (await tags.effects(session, owner, tag))["campaigns"] == ["Spring"]
        await tags.delete(session, owner, tag)
    assert "“vip”" in (await problems(runtime, owner, campaign_id))["audience"]
    async with runtime.db.write() as session:
        await delete_segment(session, owner, segment)
        form = await drafts.draft(session, owner, campaign_id)
        assert (form["audience"]["without_tags"], form["audience"]["segments"]) == ([], [])
        saved = drafts.AudienceForm(version=form["version"], audience=form["audience"])
        await drafts.save_audience(session, owner, campaign_id, saved)
    assert await problems(runtime, owner, campaign_id) == {}


async def test_what_a_scheduled_campaign_asks_for_cannot_be_deleted(
    runtime: Runtime, owner: Actor, channel_id: int
) -> None:
    tag, segment = await make_tag(runtime, "vip"), await make_segment(runtime, owner)
    await make_campaign(runtime, owner, channel_id, tags=[tag], without_segments=[segment])
    async with runtime.db.write() as session:
        await session.exec(sa.update(Campaign).values(state=CampaignState.SCHEDULED))
    async with runtime.db.write() as session:
        with pytest.raises(Conflict, match="Spring"):
            await tags.delete(session, owner, tag)
        with pytest.raises(Conflict, match="Spring"):
            await delete_segment(session, owner, segment)


async def test_a_merged_tag_is_followed(runtime: Runtime, owner: Actor, channel_id: int) -> None:
    old, new = await make_tag(runtime, "old"), await make_tag(runtime, "new")
    campaign_id = await make_campaign(runtime, owner, channel_id, tags=[old, new], without_tags=[old])
    async with runtime.db.write() as session:
        await tags.merge(session, owner, old, new)
    async with runtime.db.read() as session:
        form = await drafts.draft(session, owner, campaign_id)
    assert (form["audience"]["tags"], form["audience"]["without_tags"]) == ([new], [new])


# --- found by indexes


async def test_counting_walks_through_contacts_only_when_everybody_is_chosen(
    runtime: Runtime, owner: Actor
) -> None:
    people = [{"name": f"P{each}", "source": ""} for each in range(3_000)]
    async with runtime.db.write() as session:
        connection = await session.connection()
        await connection.execute(sa.insert(Contact), people)
        ids = (await connection.execute(sa.select(col(Contact.id)))).scalars().all()
        await connection.execute(
            sa.insert(ContactAddress),
            [{"contact_id": n, "kind": AddressKind.PHONE, "value": f"+1{n:010d}"} for n in ids],
        )
    tag = await make_tag(runtime, "rare", *ids[:20])
    chosen = wanted(tags=[tag], contacts=[ids[30]], not_within_days=30)
    with plans(runtime.db.engine.sync_engine) as seen:
        found = await summary(runtime, owner, chosen)
    assert found["people"] == 21
    much = ("contact", "campaign_recipient")
    for plan in seen:
        assert [line for line in scans(plan) if any(name in line for name in much)] == [], plan


# --- who lacks a value


async def test_who_lacks_a_value_without_fallback_is_counted_before_anything_is_sent(
    runtime: Runtime, owner: Actor, channel_id: int
) -> None:
    field_id = await make_field(runtime, owner, "City")
    ada = await make_person(runtime, "Ada", "+4915112345671", company="Engines")
    await make_person(runtime, "", "+4915112345672")
    async with runtime.db.write() as session:
        await fields.set_values(session, owner, ada, {"city": "Faro"})
    assert field_id
    template_id = await make_template(runtime)
    file = await upload(runtime, owner, 'Phone,Co"de\n+4915112345671,A\n+4915112345673,B\n+4915112345674,\n')
    campaign_id = await make_campaign(
        runtime, owner, channel_id, template_id, everyone=True, uploads=[file["key"]]
    )

    async def lacking(first: Any, second: Any) -> int:
        mapping = {"body.1": first, "body.2": second}
        await say(runtime, owner, campaign_id, channel_id, variant(template_id, mapping=mapping))
        async with runtime.db.read() as session:
            bare = await bare_rules(session, campaign_id)
            chosen = wanted(everyone=True, uploads=[file["key"]])
            found = await audience.summary(session, owner, chosen, template_id, bare=bare)
        assert found["people"] == 4
        assert found["sendable"] + sum(skipped(found).values()) == 4
        return skipped(found).get(reasons.MISSING_VALUE, 0)

    def rule(source: str, name: str, fallback: str = "") -> Any:
        return {"source": source, "name": name, "fallback": fallback}

    assert await lacking(fixed("a"), rule("contact", "company", "you")) == 0
    assert await lacking(fixed("a"), rule("contact", "company")) == 3
    assert await lacking(fixed("a"), rule("contact", "phone")) == 0
    # The file has no column with names.
    assert await lacking(rule("contact", "first_name"), rule("field", "city", "here")) == 3
    assert await lacking(rule("contact", "first_name"), rule("field", "city")) == 3
    assert await lacking(fixed("a"), rule("column", "Co'de")) == 2
    assert await lacking(fixed("a"), rule("column", 'Co"de')) == 4
    assert await lacking(fixed("a"), rule("field", "no such' --")) == 4
