"""Segments: any tree of rules agrees with plain Python, is found by indexes, and never surprises with nonsense."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlmodel import col

from tests.services.crowd import make_contact, make_field, talk_with
from tests.services.segments_oracle import Person, World, fits
from tests.services.test_inbox import plans, scans
from wapto_app.models import (
    AddressKind,
    Campaign,
    CampaignRecipient,
    CampaignState,
    Contact,
    ContactAddress,
    ContactTag,
    Conversation,
    CustomField,
    FieldKind,
    FieldValue,
    RecipientState,
    Segment,
    Tag,
)
from wapto_app.models.base import table_of
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor, Permission, Visibility
from wapto_app.services import fields, segments, tags
from wapto_app.services.errors import Forbidden, Invalid, NotFound
from wapto_app.services.segments.rules import DEPTH_MAX, KIND_OF, OPERATORS, TESTS_MAX, Kind, stored

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
Ids = Callable[[Any], Awaitable[set[int]]]
OWN_FIELDS = {
    "city": FieldKind.TEXT,
    "story": FieldKind.LONG_TEXT,
    "budget": FieldKind.NUMBER,
    "born": FieldKind.DATE,
    "wish": FieldKind.SELECT,
    "pets": FieldKind.YES_NO,
}
WISHES = ("Rent", "Buy", "Büro")
_DAYS_AGO = st.sampled_from([0, 1, 29, 30, 31, 400])
_WORDS = st.sampled_from(["", "Ada", "ada l.", "ÉCOLE", "école", "100%", "a_b", "'", "\\", "مرحبا", "x"])


def rule(field: str, op: str, *, kind: str = "", value: str = "", to: str = "", items: Any = None) -> Any:
    parts = {"kind": kind, "value": value, "to": to, "items": items}
    return {"field": field, "op": op} | {name: each for name, each in parts.items() if each}


def every(*rules: Any) -> Any:
    return {"join": "and", "rules": list(rules)}


def one_of(*rules: Any) -> Any:
    return {"join": "or", "rules": list(rules)}


@pytest.fixture
def found(runtime: Runtime) -> Ids:
    """Ids of the contacts that fit."""

    async def run(rules: Any) -> set[int]:
        async with runtime.db.read() as session:
            connection = await session.connection()
            return set((await connection.execute(segments.matching(rules))).scalars())

    return run


# --- agrees with plain Python


def _people(agents: tuple[int, ...]) -> list[Person]:
    """All corners of what can be asked, in few contacts."""
    ago = [NOW - timedelta(days=days) for days in (0, 1, 29, 30, 31, 400)]
    return [
        Person(),
        Person(name="Ada L.", profile_name="x", tags=frozenset({1}), created=ago[1], has_number=True),
        Person(
            profile_name="ada l.",
            company="École",
            tags=frozenset({1, 2}),
            inbound=(ago[0],),
            agents=(None,),
            campaigns={1: "read+!", 2: "failed"},
        ),
        Person(
            email="a_b@x.de",
            source="100%",
            inbound=(None,),
            agents=agents[:1],
            opted_out=True,
            created=ago[3],
            campaigns={1: "skipped", 2: "sent"},
        ),
        Person(
            language="مرحبا", inbound=(ago[5], ago[2]), agents=agents, blocked=True, fields={"city": "École"}
        ),
        Person(
            company="a\\b'",
            fields={"city": "x", "story": "y" * 300 + " ÉCOLE", "budget": "10", "pets": "yes"},
        ),
        Person(
            fields={"budget": "-2.5", "born": "2026-11-25", "wish": "Rent", "pets": "no"}, tags=frozenset({2})
        ),
        Person(
            fields={"born": "2026-10-26", "wish": "Büro", "budget": "30"}, inbound=(ago[4],), agents=(None,)
        ),
        Person(
            fields={"born": "2026-12-25", "city": "Ada", "story": "Ada"},
            created=ago[5],
            marketing_stopped=True,
            campaigns={1: "delivered", 2: "delivered+", 3: "read"},
        ),
    ]


async def _settle(runtime: Runtime, channels: list[int], agents: tuple[int, ...]) -> dict[int, Person]:
    people: dict[int, Person] = {}
    async with runtime.db.write() as session:
        session.add_all([Tag(name=f"t{n}", key=f"t{n}") for n in (1, 2, 3)])
        session.add_all([Campaign(name=f"c{n}", state=CampaignState.FINISHED) for n in (1, 2, 3)])
        for position, (key, kind) in enumerate(OWN_FIELDS.items()):
            options = list(WISHES) if kind is FieldKind.SELECT else []
            session.add(CustomField(key=key, label=key, kind=kind, position=position, options=options))
        await session.flush()
        rows = {row["key"]: row for row in await fields.definitions(session)}
        for person in _people(agents):
            contact_id = await _add(session, person, channels)
            values = [(contact_id, rows[key], value) for key, value in person.fields.items()]
            await fields.store(session, values)
            people[contact_id] = person
    return people


async def _add(session: Any, person: Person, channels: list[int]) -> int:
    same = ("name", "profile_name", "company", "email", "language", "source")
    contact = Contact(
        **{name: getattr(person, name) for name in same},
        created_at=person.created,
        opted_out_at=NOW if person.opted_out else None,
        marketing_stopped_at=NOW if person.marketing_stopped else None,
        blocked_at=NOW if person.blocked else None,
    )
    session.add(contact)
    await session.flush()
    contact_id = contact.id or 0
    kind = AddressKind.PHONE if person.has_number else AddressKind.BSUID
    session.add(ContactAddress(contact_id=contact_id, kind=kind, value=f"+1650555{contact_id:04}"))
    session.add_all(ContactTag(contact_id=contact_id, tag_id=tag_id) for tag_id in person.tags)
    for campaign_id, fate in person.campaigns.items():
        session.add(
            CampaignRecipient(
                campaign_id=campaign_id,
                contact_id=contact_id,
                state=RecipientState(fate.strip("+!")),
                replied_at=NOW if "+" in fate else None,
                clicked_at=NOW if "!" in fate else None,
            )
        )
    talks = zip(
        channels, person.inbound or (None,) * len(person.agents), person.agents or (None,) * 2, strict=False
    )
    for channel_id, inbound, agent_id in talks:
        session.add(
            Conversation(
                contact_id=contact_id, channel_id=channel_id, last_inbound_at=inbound, assignee_id=agent_id
            )
        )
    return contact_id


_VALUES: dict[Kind, list[str]] = {
    Kind.TEXT: ["Ada", "ada l.", "ÉCOLE", "école", "100%", "a_b", "'", "\\", "مرحبا", "x", "%", "_"],
    Kind.NUMBER: ["-2.5", "0", "10", "10.0", "30", "1.234,5"],
    Kind.DATE: ["2026-11-25", "2026-10-26", "25.12.2026", "9999-12-31"],
    Kind.MOMENT: ["2026-11-25", "2026-11-24", "2026-10-26", "2025-10-21", "1000-01-01", "9999-12-31"],
}
_ITEMS: dict[Kind, list[Any]] = {
    Kind.CHOICE: ["Rent", "buy", "BÜRO", "Lease"],
    Kind.TAGS: [1, 2, 3, 2, 1, 77],
    Kind.PEOPLE: [1, 2, 1, 2, 77],
    Kind.CAMPAIGNS: [1, 2, 3, 1, 2, 77],
}
_NONSENSE = st.sampled_from(
    ["", "1e400", "many", "31/02/2026", "36501", "-1", True, None, -1, 2**40, "1", [1], {}]
)


def _test_of(field: str, kind: Kind, field_kind: str = "") -> st.SearchStrategy[Any]:
    """A test that makes sense; now and then one of its values does not."""

    def asked(op: str) -> st.SearchStrategy[Any]:
        values = ["1", "29", "30", "31", "400"] if op.endswith("_days") else _VALUES.get(kind, [""])
        # What is between two values: mostly in their order.
        value, to = st.sampled_from(values), st.sampled_from(sorted(values)[-2:])
        items = st.lists(st.sampled_from(_ITEMS.get(kind, [1])), min_size=1, max_size=2)
        sense = {"field": st.just(field), "op": st.just(op), "value": value, "to": to, "items": items}
        sense |= {"kind": st.just(field_kind)} if field_kind else {}
        broken = {name: st.one_of(each, _NONSENSE) for name, each in sense.items()}
        return st.integers(0, 9).flatmap(lambda n: st.fixed_dictionaries(sense if n else broken))

    return st.sampled_from(OPERATORS[kind]).flatmap(asked)


_TESTS = st.one_of(
    *[_test_of(name, kind) for name, kind in segments.FACETS.items()],
    *[_test_of(f"field:{key}", KIND_OF[kind], kind.value) for key, kind in OWN_FIELDS.items()],
    _test_of("field:gone", Kind.TEXT, "text"),
    _test_of("field:city", Kind.NUMBER, "number"),
)
_ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["join", "rules", "field", "op", "value", "to", "items", "kind", "gone"]), inner
        ),
    ),
    max_leaves=12,
)
_TREES = st.recursive(
    st.integers(0, 19).flatmap(lambda n: _TESTS if n else _ANYTHING),
    lambda inner: st.fixed_dictionaries(
        {"join": st.sampled_from(["and", "or"]), "rules": st.lists(inner, max_size=4)}
    ),
    max_leaves=8,
)


@pytest.fixture
async def world(
    runtime: Runtime, new_channel: Any, owner: Actor, agent: Actor
) -> tuple[dict[int, Person], World]:
    channels = [await new_channel("1"), await new_channel("2")]
    agents = (agent.account_id or 0, owner.account_id or 0)
    people = await _settle(runtime, channels, agents)
    kinds = {key: kind.value for key, kind in OWN_FIELDS.items()}
    three = frozenset({1, 2, 3})
    return people, World(now=NOW, tags=three, agents=frozenset(agents), fields=kinds, campaigns=three)


@time_machine.travel(NOW, tick=False)
@settings(
    max_examples=30,
    phases=[Phase.explicit, Phase.generate],  # the message names the rules; making them smaller takes minutes
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(tests=st.lists(_TESTS, min_size=6, max_size=6), rules=_TREES)
async def test_any_rules_find_whom_plain_python_finds(
    found: Ids, world: tuple[dict[int, Person], World], tests: list[Any], rules: Any
) -> None:
    people, around = world
    for asked in (*tests, rules):
        expected = {contact_id for contact_id, person in people.items() if fits(asked, person, around)}
        assert await found(asked) == expected, asked


@settings(max_examples=80, deadline=None)
@given(rules=st.one_of(_ANYTHING, _TREES))
def test_nonsense_is_read_and_named_never_raised(rules: Any) -> None:
    problems = segments.problems(rules)
    assert all(isinstance(text, str) and text for text in problems.values())
    str(segments.matching(rules))
    again = stored(segments.read(rules))
    if not problems:
        assert segments.read(again) == segments.read(rules)
        assert stored(segments.read(again)) == again


# --- single rules


async def test_letters_of_every_alphabet_compare_without_capitals(runtime: Runtime, found: Ids) -> None:
    ecole = await make_contact(runtime, "", company="École")
    athens = await make_contact(runtime, "ΑΘΗΝΑ")
    assert await found(every(rule("company", "is", value="éCOLE"))) == {ecole}
    assert await found(every(rule("name", "starts_with", value="αθ"))) == {athens}
    assert await found(every(rule("company", "is_not", value="ÉCOLE"))) == {athens}


@pytest.mark.parametrize("hostile", ["%", "_", "'", '"', "\\", "/", "--", "100%", "\x00x", "a" * 200])
async def test_wildcards_and_quotes_are_ordinary_letters(runtime: Runtime, found: Ids, hostile: str) -> None:
    await make_contact(runtime, "plain")
    odd = await make_contact(runtime, f"z{hostile.lstrip(chr(0))}z"[:120])
    fits_odd = {odd} if len(hostile) < 100 else set()
    assert await found(every(rule("name", "contains", value=hostile))) == fits_odd


def test_each_kind_of_nonsense_has_a_sentence() -> None:
    cases: list[tuple[Any, str]] = [
        ({}, "Choose what this rule is about."),
        (every(), "Add a rule."),
        (every(rule("shoe_size", "is", value="43")), "Choose what this rule is about."),
        (every(rule("field:x", "is", value="1", kind="colour")), "Choose what this rule is about."),
        (every(rule("name", "sounds_like", value="x")), "Choose how to compare."),
        (every(rule("name", "is", value=" ")), "Write what to compare with."),
        (every(rule("name", "is", value="x" * 201)), "At most 200 characters."),
        (every(rule("created", "last_days", value="0")), "Write a number of days."),
        (
            every(rule("created", "between", value="2026-02-01", to="2026-01-01")),
            "The first value is above the second.",
        ),
        (every(rule("tags", "any_of", items=[])), "Choose at least one."),
        (every(rule("tags", "any_of", items=["1"])), "Choose from the list."),
        (every(rule("tags", "any_of", items=list(range(1, 102)))), "Choose at most 100."),
        (every(*[rule("name", "empty")] * (TESTS_MAX + 1)), f"A segment has at most {TESTS_MAX} rules."),
    ]
    for rules, sentence in cases:
        assert sentence in segments.problems(rules).values(), rules
    deep: Any = rule("name", "empty")
    for _ in range(DEPTH_MAX):
        deep = every(deep)
    assert segments.problems(deep) == {}
    assert list(segments.problems(every(deep))) == ["0.0.0.0.0"]


# --- saved under a name


async def save(runtime: Runtime, actor: Actor, name: str, rules: Any, segment_id: int = 0) -> int:
    async with runtime.db.write() as session:
        return await segments.save(session, actor, name, rules, segment_id)


async def listed(runtime: Runtime, actor: Actor, search: str = "") -> list[str]:
    async with runtime.db.read() as session:
        return [row["name"] for row in await segments.listing(session, actor, search)]


async def test_a_segment_is_saved_found_renamed_copied_and_deleted(runtime: Runtime, owner: Actor) -> None:
    rules = every(
        one_of(rule("name", "is", value=" Ada "), rule("opted_out", "no")),
        rule("created", "last_days", value="030"),
    )
    ada = await save(runtime, owner, " Near  by ", rules)
    with pytest.raises(Invalid) as refused:
        await save(runtime, owner, "NEAR BY", rules)
    assert refused.value.field == "name"
    async with runtime.db.write() as session:
        kept = await segments.get(session, owner, ada)
        assert kept["rules"]["rules"][1] == rule("created", "last_days", value="30")
        assert kept["rules"]["rules"][0]["rules"][0]["value"] == "Ada"
        assert await segments.rename(session, owner, ada, "Far") == "Far"
        copy = await segments.duplicate(session, owner, ada)
        await segments.duplicate(session, owner, ada)
        assert (await segments.get(session, owner, copy))["rules"] == kept["rules"]
    assert await listed(runtime, owner) == ["Far", "Far (2)", "Far (3)"]
    assert await listed(runtime, owner, "(2)") == ["Far (2)"]
    await save(runtime, owner, "Far away", every(rule("name", "empty")), ada)
    async with runtime.db.write() as session:
        assert await segments.delete(session, owner, ada) == "Far away"
    async with runtime.db.write() as session:
        for deed in (segments.get, segments.delete, segments.duplicate, segments.count_of):
            with pytest.raises(NotFound):
                await deed(session, owner, ada)


async def test_only_rules_without_a_problem_are_saved(runtime: Runtime, owner: Actor) -> None:
    await make_field(runtime, owner, "City")
    for rules in (
        {},
        every(rule("tags", "any_of", items=[7])),
        every(rule("agent", "none_of", items=[777])),
        every(rule("field:town", "is", value="x", kind="text")),
        every(rule("field:city", "greater", value="1", kind="number")),
    ):
        with pytest.raises(Invalid) as refused:
            await save(runtime, owner, "Broken", rules)
        assert refused.value.field == "rules"
    assert await listed(runtime, owner) == []


async def test_a_segment_whose_choice_is_gone_says_so(runtime: Runtime, owner: Actor) -> None:
    await make_field(runtime, owner, "Wish", FieldKind.SELECT, options='[{"now": "Rent"}]')
    wishes = every(rule("field:wish", "none_of", items=["Lease"], kind="select"))
    async with runtime.db.read() as session:
        seen = await segments.preview(session, owner, wishes)
    assert seen["problems"] == {"0": "No choice of “Wish” any more: Lease."}


async def test_stored_nonsense_matches_nobody_and_can_be_opened(runtime: Runtime, owner: Actor) -> None:
    await make_contact(runtime)
    for number, rules in enumerate(
        ({}, {"rules": "x"}, {"join": "or", "rules": [None, [], {"rules": [{}]}]})
    ):
        async with runtime.db.write() as session:
            segment = Segment(name=f"s{number}", key=f"s{number}", rules=rules)
            session.add(segment)
            await session.flush()
            assert await segments.count_of(session, owner, segment.id or 0) == 0
            await segments.get(session, owner, segment.id or 0)
            tag_id = await tags.create(session, owner, f"tag {number}")
            await tags.delete(session, owner, tag_id)
    async with runtime.db.read() as session:
        assert all(row["problem"] for row in await segments.listing(session, owner))


async def test_members_of_several_segments(runtime: Runtime, owner: Actor) -> None:
    ada, ben, cid = [await make_contact(runtime, name) for name in ("Ada", "Ben", "Cid")]
    first = await save(runtime, owner, "A", every(rule("name", "is", value="ada")))
    second = await save(runtime, owner, "B", every(rule("name", "is", value="ben")))
    async with runtime.db.read() as session:
        connection = await session.connection()
        for ids, expected in (
            ([first, second], {ada, ben}),
            ([first, 999], {ada}),
            ([], set()),
            ([999], set()),
        ):
            query = await segments.members(session, ids)
            assert set((await connection.execute(query)).scalars()) == expected
    assert cid


# --- who may see what


async def test_agents_count_only_the_contacts_that_they_see(
    runtime: Runtime, owner: Actor, agent: Actor, channel_id: int
) -> None:
    mine, hidden = await make_contact(runtime, "Mine"), await make_contact(runtime, "Hidden")
    await talk_with(runtime, mine, channel_id, agent)
    await talk_with(runtime, hidden, channel_id)
    everybody = every(rule("name", "not_empty"))
    segment_id = await save(runtime, owner, "All", everybody)
    for viewer, names in (
        (owner, ["Hidden", "Mine"]),
        (replace(agent, visibility=Visibility.TEAM), ["Mine"]),
        (replace(agent, visibility=Visibility.OWN), ["Mine"]),
    ):
        async with runtime.db.read() as session:
            seen = await segments.preview(session, viewer, everybody)
            assert await segments.count_of(session, viewer, segment_id) == len(names)
        assert [row["name"] for row in seen["sample"]] == names
        assert seen["count"] == len(names)


async def test_the_sample_shows_the_newest_ten(runtime: Runtime, owner: Actor) -> None:
    for number in range(12):
        await make_contact(runtime, f"n{number:02}")
    async with runtime.db.read() as session:
        seen = await segments.preview(session, owner, every(rule("name", "starts_with", value="N")))
    assert (seen["count"], [row["name"] for row in seen["sample"]]) == (
        12,
        [f"n{n:02}" for n in range(11, 1, -1)],
    )


async def test_who_may_not_see_numbers_cannot_find_them_by_rules(
    runtime: Runtime, owner: Actor, agent: Actor
) -> None:
    hiding = replace(agent, hide_phone=True)
    ada = await make_contact(runtime, "", profile_name="+49 171 1234567", company="Call 0171 1234567")
    async with runtime.db.write() as session:
        session.add(ContactAddress(contact_id=ada, kind=AddressKind.PHONE, value="+491711234567"))
    await make_field(runtime, owner, "Second", FieldKind.NUMBER)
    probes = [
        rule("company", "contains", value="017"),
        rule("name", "starts_with", value="+4"),
        rule("field:second", "greater", value="491711000000", kind="number"),
    ]
    async with runtime.db.read() as session:
        seen = await segments.preview(session, hiding, every(rule("has_number", "yes")))
        refused = [await segments.preview(session, hiding, every(each)) for each in (probes[0], probes[2])]
        allowed = await segments.preview(session, owner, every(probes[0]))
    assert "1234567" not in str(seen)
    assert seen["count"] == allowed["count"] == 1
    assert all("hidden" in each["problems"]["0"] and each["count"] == 0 for each in refused)
    with pytest.raises(Invalid):
        await save(runtime, hiding, "Probe", every(probes[0]))
    segment_id = await save(runtime, owner, "Hers", every(rule("company", "contains", value="01711234567")))
    async with runtime.db.read() as session:
        assert "01711234567" not in str(await segments.get(session, hiding, segment_id))
        assert "01711234567" not in str(await segments.listing(session, hiding))
        assert await segments.count_of(session, hiding, segment_id) == 0


async def test_without_the_permission_nothing_is_seen_or_changed(
    runtime: Runtime, owner: Actor, agent: Actor
) -> None:
    segment_id = await save(runtime, owner, "All", every(rule("name", "not_empty")))
    blind = replace(agent, permissions=agent.permissions - {Permission.CONTACTS_SEE, Permission.CONTACTS_DO})
    reader = replace(agent, permissions=agent.permissions - {Permission.CONTACTS_DO})
    with pytest.raises(Forbidden):
        await listed(runtime, blind)
    assert await listed(runtime, reader) == ["All"]
    for deed in (segments.delete, segments.duplicate):
        with pytest.raises(Forbidden):
            async with runtime.db.write() as session:
                await deed(session, reader, segment_id)
    with pytest.raises(Forbidden):
        await save(runtime, reader, "Mine", every(rule("name", "empty")))


# --- found by indexes


@pytest.fixture
async def large(runtime: Runtime, channel_id: int, owner: Actor) -> None:
    """3,000 contacts of whom a few have a tag, a city and a budget."""
    count, now = 3_000, datetime.now(UTC)
    await make_field(runtime, owner, "City")
    await make_field(runtime, owner, "Budget", FieldKind.NUMBER)
    async with runtime.db.write() as session:
        await tags.create(session, owner, "VIP")
        await tags.create(session, owner, "Lead")
        connection = await session.connection()
        people = [Contact(id=n, name=f"n{n}").model_dump() for n in range(1, count + 1)]
        await connection.execute(table_of(Contact).insert(), people)
        bearers = [{"contact_id": n, "tag_id": 1 + n % 2, "at": now} for n in range(1, count + 1, 5)]
        await connection.execute(table_of(ContactTag).insert(), bearers)
        talks = [
            Conversation(id=n, contact_id=n, channel_id=channel_id, last_inbound_at=now).model_dump()
            for n in range(1, count + 1)
        ]
        await connection.execute(table_of(Conversation).insert(), talks)
        values = [
            FieldValue(contact_id=n, field_id=field_id, value=value, key=value, number=number).model_dump()
            for n in range(1, count + 1)
            for field_id, value, number in ((1, f"city {n % 50}", None), (2, str(n), float(n)))
        ]
        await connection.execute(table_of(FieldValue).insert(), values)
    if not runtime.db.is_sqlite:
        async with runtime.db.engine.connect() as raw:
            await (await raw.execution_options(isolation_level="AUTOCOMMIT")).exec_driver_sql("ANALYZE")


_ASKED: list[tuple[Any, int, str]] = [
    (rule("tags", "any_of", items=[1]), 300, "ix_contact_tag_tag_id_contact_id"),
    (rule("tags", "all_of", items=[1, 2]), 0, "ix_contact_tag_tag_id_contact_id"),
    (rule("tags", "none_of", items=[1]), 2_700, "contact_tag"),
    (rule("field:city", "is", value="CITY 7", kind="text"), 60, "ix_field_value_field_id_key"),
    (rule("field:city", "contains", value="y 4", kind="text"), 660, "field_value"),
    (rule("field:city", "is_not", value="city 7", kind="text"), 2_940, "field_value"),
    (rule("field:budget", "greater", value="2990", kind="number"), 10, "ix_field_value_field_id_number"),
    (
        rule("field:budget", "between", value="10", to="19", kind="number"),
        10,
        "ix_field_value_field_id_number",
    ),
    (
        rule("last_inbound", "last_days", value="30"),
        3_000,
        "uq_conversation_contact_id|sqlite_autoindex_conversation",
    ),
]


@pytest.mark.usefixtures("large")
async def test_what_is_asked_for_is_found_by_an_index(runtime: Runtime, owner: Actor, agent: Actor) -> None:
    """The contacts themselves may be gone through: most rules concern most of them."""
    much = ("contact_tag", "field_value", "conversation", "contact_address")
    viewer = replace(agent, visibility=Visibility.TEAM)
    for asked, number, index in _ASKED:
        with plans(runtime.db.engine.sync_engine) as seen:
            async with runtime.db.read() as session:
                assert await segments.count(session, owner, every(asked)) == number
                await segments.count(session, viewer, every(asked))
        for plan in seen:
            assert [line for line in scans(plan) if any(name in line for name in much)] == [], plan
        assert any(name in plan for plan in seen for name in index.split("|")), (asked, seen[-2:])


async def test_the_name_of_an_account_that_is_gone_leaves_its_segments(
    runtime: Runtime, owner: Actor
) -> None:
    await save(runtime, owner, "All", every(rule("name", "not_empty")))
    async with runtime.db.write() as session:
        await session.exec(sa.update(Segment).where(col(Segment.id) > 0).values(created_by=None))
    async with runtime.db.read() as session:
        assert [row["by"] for row in await segments.listing(session, owner)] == [""]
