"""Tags: made, given, merged, deleted; who may, and what is counted."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
import sqlalchemy as sa
from sqlmodel import col

from tests.services.crowd import make_contact, talk_with
from tests.services.plans import limited
from tests.services.test_inbox import plans, scans
from wapto_app import demo_customers
from wapto_app.models import Contact, ContactTag, Tag
from wapto_app.models.base import table_of
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor, Permission, Visibility
from wapto_app.services import contacts, fields, segments, tags
from wapto_app.services.errors import Forbidden, Invalid, LimitReached, NotFound
from wapto_app.services.inbox import views


async def make(runtime: Runtime, actor: Actor, name: str, colour: str = "") -> int:
    async with runtime.db.write() as session:
        return await tags.create(session, actor, name, colour)


async def put(
    runtime: Runtime, actor: Actor, contact_ids: list[int], tag_ids: list[int], *, remove: bool = False
) -> int:
    async with runtime.db.write() as session:
        return await tags.apply(session, actor, contact_ids, tag_ids, remove=remove)


async def names_of(runtime: Runtime, *contact_ids: int) -> list[list[str]]:
    async with runtime.db.read() as session:
        found = await tags.chips(session, contact_ids)
    return [[chip["name"] for chip in found.get(each, [])] for each in contact_ids]


async def counts(runtime: Runtime, actor: Actor, search: str = "") -> dict[str, int]:
    async with runtime.db.read() as session:
        return {row["name"]: row["contacts"] for row in await tags.all_tags(session, actor, search)}


@pytest.fixture
def tagger(agent: Actor) -> Actor:
    return replace(agent, permissions=agent.permissions | {Permission.TAGS_SEE, Permission.TAGS_DO})


async def test_a_tag_is_given_taken_and_counted(runtime: Runtime, owner: Actor) -> None:
    ada, ben = await make_contact(runtime), await make_contact(runtime, "Ben")
    vip, new = await make(runtime, owner, " VIP  customer "), await make(runtime, owner, "new")
    assert await put(runtime, owner, [ada, ben], [vip, new]) == 2
    assert await put(runtime, owner, [ada, ben, 999_999], [vip]) == 0
    assert await put(runtime, owner, [ben], [vip, new], remove=True) == 1
    assert await put(runtime, owner, [ben], [vip], remove=True) == 0
    async with runtime.db.read() as session:
        rows = await contacts.timeline(session, owner, ben)
    taken_off = [(row["what"], row["by"]) for row in rows if row["kind"] == "untagged"]
    assert sorted(taken_off) == [("VIP customer", owner.name), ("new", owner.name)]
    assert await names_of(runtime, ada, ben) == [["new", "VIP customer"], []]
    assert await counts(runtime, owner) == {"new": 1, "VIP customer": 1}
    assert await counts(runtime, owner, "vip c") == {"VIP customer": 1}
    assert await counts(runtime, owner, "%") == {}


async def test_whoever_watches_is_told(runtime: Runtime, owner: Actor) -> None:
    ada, vip = await make_contact(runtime), await make(runtime, owner, "VIP")
    seen: list[frozenset[str]] = []
    runtime.hub.listen(seen.append)
    await put(runtime, owner, [ada], [vip])
    await put(runtime, owner, [ada], [vip])
    assert seen == [{"tags", "contacts", "inbox", f"contact:{ada}"}]


@pytest.mark.parametrize("same", ["vip", " ViP ", "ＶＩＰ"])
async def test_two_spellings_are_one_tag(runtime: Runtime, owner: Actor, same: str) -> None:
    vip = await make(runtime, owner, "VIP")
    with pytest.raises(Invalid) as refused:
        await make(runtime, owner, same)
    assert refused.value.field == "name"
    async with runtime.db.write() as session:
        assert await tags.ensure(session, owner, [same, "new", "NEW"]) == [vip, vip + 1]


@pytest.mark.parametrize("name", ["", " \x00 ", "x" * 51, "+49 171 1234567", "call 0171-123-4567"])
async def test_names_that_cannot_be(runtime: Runtime, owner: Actor, name: str) -> None:
    with pytest.raises(Invalid):
        await make(runtime, owner, name)


@pytest.mark.parametrize(
    "name", ["العملاء المميزون", "Straße 24", "🔥", "<script>alert(1)</script>", "'; --"]
)
async def test_any_words_can_be_a_tag(runtime: Runtime, owner: Actor, name: str) -> None:
    await make(runtime, owner, name)
    assert list(await counts(runtime, owner)) == [name]


async def test_colours_are_those_of_the_palette_and_take_turns(runtime: Runtime, owner: Actor) -> None:
    with pytest.raises(Invalid) as refused:
        await make(runtime, owner, "x", "red; background: url(//evil)")
    assert refused.value.field == "colour"
    for number in range(9):
        await make(runtime, owner, f"tag {number}")
    async with runtime.db.read() as session:
        assert {row["colour"] for row in await tags.all_tags(session, owner)} == set(tags.COLOURS[1:])


async def test_renaming_and_recolouring(runtime: Runtime, owner: Actor) -> None:
    vip, other = await make(runtime, owner, "VIP"), await make(runtime, owner, "other")
    async with runtime.db.write() as session:
        await tags.change(session, owner, vip, "Vip", "teal")
    with pytest.raises(Invalid):
        async with runtime.db.write() as session:
            await tags.change(session, owner, other, "VIP", "teal")
    async with runtime.db.read() as session:
        shown = [(row["name"], row["colour"]) for row in await tags.all_tags(session, owner)]
    assert ("Vip", "teal") in shown
    assert "other" in dict(shown)


async def test_merging_gives_everybody_the_tag_that_stays(runtime: Runtime, owner: Actor) -> None:
    ada, ben, cid = [await make_contact(runtime, name) for name in ("Ada", "Ben", "Cid")]
    lead, prospect = await make(runtime, owner, "lead"), await make(runtime, owner, "prospect")
    await put(runtime, owner, [ada, ben], [lead])
    await put(runtime, owner, [ben, cid], [prospect])
    rules = {"join": "and", "rules": [{"field": "tags", "op": "any_of", "items": [lead, prospect]}]}
    async with runtime.db.write() as session:
        await segments.save(session, owner, "Leads", rules)
        assert await tags.merge(session, owner, lead, prospect) == "prospect"
    assert await names_of(runtime, ada, ben, cid) == [["prospect"]] * 3
    assert await counts(runtime, owner) == {"prospect": 3}
    async with runtime.db.read() as session:
        (row,) = await segments.listing(session, owner)
    assert row["rules"]["rules"][0]["items"] == [prospect]
    assert row["problem"] == ""


async def test_a_tag_is_not_merged_into_itself(runtime: Runtime, owner: Actor) -> None:
    vip = await make(runtime, owner, "VIP")
    async with runtime.db.write() as session:
        with pytest.raises(Invalid):
            await tags.merge(session, owner, vip, vip)
        with pytest.raises(NotFound):
            await tags.merge(session, owner, vip, vip + 1)


async def test_deleting_says_before_what_goes_and_segments_say_it_after(
    runtime: Runtime, owner: Actor
) -> None:
    ada, vip = await make_contact(runtime), await make(runtime, owner, "VIP")
    await put(runtime, owner, [ada], [vip])
    rules = {"join": "and", "rules": [{"field": "tags", "op": "none_of", "items": [vip]}]}
    async with runtime.db.write() as session:
        segment_id = await segments.save(session, owner, "Others", rules)
        assert await tags.effects(session, owner, vip) == {
            "contacts": 1,
            "segments": ["Others"],
            "campaigns": [],
        }
        assert await tags.delete(session, owner, vip) == "VIP"
    again = await make(runtime, owner, "again")  # on SQLite it may get the very id of the one that is gone
    await put(runtime, owner, [await make_contact(runtime, "Ben")], [again])
    async with runtime.db.read() as session:
        (row,) = await segments.listing(session, owner)
        assert "VIP" in row["problem"]
        assert await segments.count_of(session, owner, segment_id) == 0
    assert await names_of(runtime, ada) == [[]]


async def test_agents_reach_only_the_contacts_that_they_see(
    runtime: Runtime, owner: Actor, tagger: Actor, channel_id: int
) -> None:
    mine, hidden = await make_contact(runtime, "Mine"), await make_contact(runtime, "Hidden")
    await talk_with(runtime, mine, channel_id, tagger)
    await talk_with(runtime, hidden, channel_id)
    vip = await make(runtime, owner, "VIP")
    await put(runtime, owner, [hidden], [vip])
    for visibility in (Visibility.OWN, Visibility.TEAM):
        viewer = replace(tagger, visibility=visibility)
        assert await put(runtime, viewer, [mine, hidden], [vip]) == 1
        assert await counts(runtime, viewer) == {"VIP": 1}
        assert await put(runtime, viewer, [mine, hidden], [vip], remove=True) == 1
    assert await names_of(runtime, mine, hidden) == [[], ["VIP"]]


async def test_whoever_may_only_tag_makes_no_tags(runtime: Runtime, owner: Actor, agent: Actor) -> None:
    vip = await make(runtime, owner, "VIP")
    async with runtime.db.write() as session:
        assert await tags.ensure(session, agent, ["vip"]) == [vip]
        with pytest.raises(Forbidden):
            await tags.ensure(session, agent, ["new"])
        with pytest.raises(NotFound):
            await tags.apply(session, agent, [1], [vip, 999])


async def test_the_plan_limits_tags_and_nothing_is_lost(runtime: Runtime, owner: Actor, admin: Actor) -> None:
    await limited(runtime.db, admin, tags=2)
    await make(runtime, owner, "one")
    with pytest.raises(LimitReached):
        async with runtime.db.write() as session:
            await tags.ensure(session, owner, ["two", "three"])
    assert list(await counts(runtime, owner)) == ["one"]
    async with runtime.db.write() as session:
        await tags.change(session, owner, 1, "uno", "red")
    assert list(await counts(runtime, owner)) == ["uno"]


async def test_two_who_make_the_same_tag_at_once_make_one(runtime: Runtime, owner: Actor) -> None:
    async def one() -> list[int]:
        async with runtime.db.write() as session:
            return await tags.ensure(session, owner, ["new"])

    first, *others = await asyncio.gather(*(one() for _ in range(5)))
    assert others == [first] * 4
    ada = await make_contact(runtime)
    changed = await asyncio.gather(*(put(runtime, owner, [ada], first) for _ in range(5)))
    assert sum(changed) == 1


async def test_holders_have_one_or_all(runtime: Runtime, owner: Actor) -> None:
    ada, ben = await make_contact(runtime), await make_contact(runtime, "Ben")
    one, two = await make(runtime, owner, "one"), await make(runtime, owner, "two")
    await put(runtime, owner, [ada], [one, two])
    await put(runtime, owner, [ben], [two])
    async with runtime.db.read() as session:
        connection = await session.connection()

        async def found(ids: list[int], *, any_of: bool) -> list[int]:
            return sorted((await connection.execute(tags.holders(ids, any_of=any_of))).scalars())

        assert await found([one, two], any_of=True) == [ada, ben]
        assert await found([one, two], any_of=False) == [ada]
        assert await found([two], any_of=False) == [ada, ben]
        assert await found([], any_of=False) == []


async def test_many_contacts_are_tagged_at_once_and_found_by_an_index(runtime: Runtime, owner: Actor) -> None:
    vip = await make(runtime, owner, "VIP")
    async with runtime.db.write() as session:
        session.add_all(Contact(name=f"n{number}") for number in range(1_200))
        await session.flush()
        everybody = list((await session.exec(sa.select(col(Contact.id)))).scalars())  # type: ignore[call-overload]
    assert await put(runtime, owner, everybody, [vip]) == 1_200
    with plans(runtime.db.engine.sync_engine) as found:
        async with runtime.db.read() as session:
            await tags.chips(session, everybody[:50])
            connection = await session.connection()
            await connection.execute(tags.holders([vip], any_of=True))
            await tags.effects(session, owner, vip)
        async with runtime.db.write() as session:
            await tags.delete(session, owner, vip)
    for plan in found:
        assert [line for line in scans(plan) if "contact" in line] == [], plan
    async with runtime.db.read() as session:
        connection = await session.connection()
        assert (await connection.execute(sa.select(table_of(ContactTag)))).all() == []
        assert (await connection.execute(sa.select(table_of(Tag)))).all() == []


async def test_the_head_of_the_page_tells_how_much_of_the_plan_is_used(
    runtime: Runtime, owner: Actor, admin: Actor
) -> None:
    async with runtime.db.write() as session:
        await tags.create(session, owner, "VIP")
        assert tuple(await tags.room(session, owner)) == (1, -1)
    await limited(runtime.db, admin, tags=2, fields=3)
    async with runtime.db.read() as session:
        assert tuple(await tags.room(session, owner)) == (1, 2)
        assert tuple(await fields.room(session, owner)) == (0, 3)


async def test_the_demo_begins_with_a_view_that_asks_for_one_of_its_tags(
    runtime: Runtime, owner: Actor
) -> None:
    async with runtime.db.write() as session:
        await demo_customers.prepare(session)
    async with runtime.db.read() as session:
        (view,) = await views.views(session, owner)
    assert (view["name"], view["shared"], view["incomplete"]) == ("Viewings to answer", True, False)
    assert "tags=" in view["query"]
