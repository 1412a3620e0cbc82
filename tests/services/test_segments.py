"""Segments: any tree of rules agrees with plain Python, is found by indexes, and never surprises with nonsense."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.services.segments_oracle import Person, World, fits
from wapto_app.models import (
    AddressKind,
    Contact,
    ContactAddress,
    ContactTag,
    Conversation,
    CustomField,
    FieldKind,
    Tag,
)
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services import fields, segments
from wapto_app.services.segments.rules import KIND_OF, OPERATORS, Kind, stored

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
            profile_name="ada l.", company="École", tags=frozenset({1, 2}), inbound=(ago[0],), agents=(None,)
        ),
        Person(
            email="a_b@x.de",
            source="100%",
            inbound=(None,),
            agents=agents[:1],
            opted_out=True,
            created=ago[3],
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
        ),
    ]


async def _settle(runtime: Runtime, channels: list[int], agents: tuple[int, ...]) -> dict[int, Person]:
    people: dict[int, Person] = {}
    async with runtime.db.write() as session:
        session.add_all([Tag(name=f"t{n}", key=f"t{n}") for n in (1, 2, 3)])
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
    return people, World(now=NOW, tags=frozenset({1, 2, 3}), agents=frozenset(agents), fields=kinds)


@time_machine.travel(NOW, tick=False)
@settings(
    max_examples=100,
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


@settings(max_examples=300, deadline=None)
@given(rules=st.one_of(_ANYTHING, _TREES))
def test_nonsense_is_read_and_named_never_raised(rules: Any) -> None:
    problems = segments.problems(rules)
    assert all(isinstance(text, str) and text for text in problems.values())
    str(segments.matching(rules))
    again = stored(segments.read(rules))
    if not problems:
        assert segments.read(again) == segments.read(rules)
        assert stored(segments.read(again)) == again
