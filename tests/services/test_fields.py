"""Custom fields: what they accept, in which order, and what happens to what contacts have."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from tests.services.crowd import field_form, make_contact, make_field, talk_with
from tests.services.plans import limited
from tests.services.test_inbox import plans, scans
from wapto_app.models import AddressKind, ContactAddress, FieldKind
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor, Permission, Visibility
from wapto_app.services import fields, segments
from wapto_app.services.errors import Forbidden, Invalid, LimitReached, NotFound
from wapto_app.services.fields import FieldRow, check


def field(kind: FieldKind = FieldKind.TEXT, **more: Any) -> FieldRow:
    values: dict[str, Any] = {
        "id": 1,
        "key": "city",
        "label": "City",
        "kind": kind.value,
        "help": "",
        "minimum": "",
        "maximum": "",
        "required": False,
        "options": [],
    }
    return FieldRow(**(values | more))  # type: ignore[typeddict-item]


# --- what is accepted


@pytest.mark.parametrize(
    ("kind", "written", "stored"),
    [
        (FieldKind.TEXT, "  Foz do\n Iguaçu ", "Foz do Iguaçu"),
        (FieldKind.TEXT, "شارع الميناء ١٢", "شارع الميناء ١٢"),
        (FieldKind.TEXT, "a\x00b\ud800", "ab\ufffd"),
        (FieldKind.LONG_TEXT, "one\r\ntwo\rthree ", "one\ntwo\nthree"),
        (FieldKind.LONG_TEXT, "x" * 10_000, "x" * 10_000),
        (FieldKind.NUMBER, "1250", "1250"),
        (FieldKind.NUMBER, "−12,50", "-12.5"),
        (FieldKind.NUMBER, "1.234,56", "1234.56"),
        (FieldKind.NUMBER, "1,234.56", "1234.56"),
        (FieldKind.NUMBER, "1 234 567,5", "1234567.5"),
        (FieldKind.NUMBER, "1’234’567", "1234567"),
        (FieldKind.NUMBER, "1.234.567", "1234567"),
        (FieldKind.NUMBER, "12,34,567.5", "1234567.5"),
        (FieldKind.NUMBER, "1.234", "1.234"),
        (FieldKind.NUMBER, "\u200f١٢٣٫٥", "123.5"),
        (FieldKind.NUMBER, "٣", "3"),
        (FieldKind.NUMBER, "-0.00", "0"),
        (FieldKind.NUMBER, "+007", "7"),
        (FieldKind.NUMBER, ".5", "0.5"),
        (FieldKind.DATE, "2026-02-28", "2026-02-28"),
        (FieldKind.DATE, "2028/2/29", "2028-02-29"),
        (FieldKind.DATE, "3.4.2026", "2026-04-03"),
        (FieldKind.DATE, "31/12/2026", "2026-12-31"),
        (FieldKind.DATE, "12/31/2026", "2026-12-31"),
        (FieldKind.DATE, "04/04/2026", "2026-04-04"),
        (FieldKind.DATE, "2026-12-31 00:00:00", "2026-12-31"),
        (FieldKind.DATE, "2026-12-31T23:59:59.5+02:00", "2026-12-31"),
        (FieldKind.YES_NO, "Sí", "yes"),
        (FieldKind.YES_NO, "FALSE", "no"),
        (FieldKind.YES_NO, "0", "no"),
        (FieldKind.SELECT, " buy  NOW ", "Buy now"),
        (FieldKind.SELECT, "", ""),
    ],
)
def test_one_spelling_is_stored(kind: FieldKind, written: str, stored: str) -> None:
    assert check(field(kind, options=["Rent", "Buy now"]), written) == stored


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        (FieldKind.TEXT, "x" * 201),
        (FieldKind.LONG_TEXT, "x" * 10_001),
        *[
            (FieldKind.NUMBER, each)
            for each in (
                "1e400",
                "1e5",
                "nan",
                "inf",
                "1,234",
                "1.2.3",
                "1,23.4",
                "--1",
                "-",
                ".",
                "12 34",
                "0x10",
            )
        ],
        *[
            (FieldKind.NUMBER, each)
            for each in ("9" * 16, "0." + "1" * 16, "9" * 100_000, "1\u0660\u0661x", "½")
        ],
        *[
            (FieldKind.DATE, each)
            for each in (
                "31/02/2026",
                "2026-02-30",
                "2027-02-29",
                "03/04/2026",
                "0000-01-01",
                "0999-01-01",
                "today",
            )
        ],
        *[(FieldKind.DATE, each) for each in ("1.1.26", "2026-13-01", "99999-01-01", "2026", "1" * 5_000)],
        (FieldKind.YES_NO, "maybe"),
        (FieldKind.SELECT, "Lease"),
    ],
)
def test_what_is_no_value_is_refused_by_name(kind: FieldKind, written: str) -> None:
    with pytest.raises(Invalid) as refused:
        check(field(kind, options=["Rent", "Buy"]), written)
    assert refused.value.field == "field_city"
    assert refused.value.message.startswith("City: ")


@pytest.mark.parametrize(
    ("kind", "bounds", "good", "bad"),
    [
        (FieldKind.TEXT, ("2", "4"), ["ab", "abcd"], ["a", "abcde"]),
        (FieldKind.NUMBER, ("-1", "10.5"), ["-1", "10,5"], ["-1.1", "11"]),
        (FieldKind.NUMBER, ("9", ""), ["10"], ["8"]),
        (FieldKind.DATE, ("2026-01-01", "2026-12-31"), ["31.12.2026"], ["2025-12-31", "2027-01-01"]),
    ],
)
def test_bounds_hold(kind: FieldKind, bounds: tuple[str, str], good: list[str], bad: list[str]) -> None:
    bounded = field(kind, minimum=bounds[0], maximum=bounds[1])
    for text in good:
        assert check(bounded, text)
    for text in bad:
        with pytest.raises(Invalid):
            check(bounded, text)
    assert check(bounded, "") == ""
    with pytest.raises(Invalid, match="must be filled in"):
        check(field(kind, required=True), " ")


# --- the fields themselves


@pytest.mark.parametrize(
    ("label", "wanted", "key"),
    [
        ("City", "", "city"),
        ("Größe (m²)", "", "groe_m2"),
        ("2nd name", "", "field_2nd_name"),
        ("E-mail", "", "e_mail"),
        ("Name", "", "name_field"),
        ("المدينة", "", "field"),
        ("x" * 80, "", "x" * 32),
        ("City", "home_town", "home_town"),
    ],
)
async def test_the_key_is_made_from_the_label(
    runtime: Runtime, owner: Actor, label: str, wanted: str, key: str
) -> None:
    await make_field(runtime, owner, label, key=wanted)
    await make_field(runtime, owner, label)
    async with runtime.db.read() as session:
        first, second = await fields.all_fields(session, owner)
    assert first["key"] == key
    assert second["key"] not in ("", key)
    assert len(second["key"]) <= 40


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"label": " "}, "label"),
        ({"label": "x" * 81}, "label"),
        ({"key": "Stadt!"}, "key"),
        ({"key": "city"}, "key"),
        ({"key": "phone"}, "key"),
        ({"key": "x" * 41}, "key"),
        ({"kind": "colour"}, "kind"),
        ({"help": "x" * 201}, "help"),
        ({"minimum": "many"}, "minimum"),
        ({"minimum": "1.5"}, "minimum"),
        ({"maximum": "1000"}, "maximum"),
        ({"minimum": "9", "maximum": "10"}, ""),
        ({"minimum": "10", "maximum": "9"}, "maximum"),
        ({"kind": "number", "minimum": "1e400"}, "minimum"),
        ({"kind": "date", "minimum": "31/02/2026"}, "minimum"),
        ({"kind": "select"}, "options"),
        ({"kind": "select", "options": "{not json"}, "options"),
        ({"kind": "select", "options": "[" * 100_000}, "options"),
        ({"kind": "select", "options": '["a"]'}, "options"),
        ({"kind": "select", "options": json.dumps([{"now": "A"}, {"now": "a "}])}, "options"),
        ({"kind": "select", "options": json.dumps([{"now": str(n)} for n in range(201)])}, "options"),
        ({"kind": "select", "options": json.dumps([{"now": "x" * 81}])}, "options"),
    ],
)
async def test_a_wrong_definition_names_its_input(
    runtime: Runtime, owner: Actor, change: dict[str, Any], named: str
) -> None:
    await make_field(runtime, owner, "City")
    form = field_form("Other")
    form.update(change)  # type: ignore[typeddict-item]
    async with runtime.db.write() as session:
        if not named:
            await fields.create(session, owner, form)
            return
        with pytest.raises(Invalid) as refused:
            await fields.create(session, owner, form)
    assert refused.value.field == named


async def test_key_and_kind_stay_and_the_rest_changes(runtime: Runtime, owner: Actor) -> None:
    city = await make_field(runtime, owner, "City")
    form = field_form(
        "Town", FieldKind.NUMBER, key="other", help="Where they live", maximum="50", required=True
    )
    async with runtime.db.write() as session:
        await fields.change(session, owner, city, form)
    async with runtime.db.read() as session:
        (row,) = await fields.all_fields(session, owner)
    assert row == field(id=city, label="Town", help="Where they live", maximum="50", required=True)


async def test_fields_stand_where_they_are_put(runtime: Runtime, owner: Actor) -> None:
    ids = [await make_field(runtime, owner, label) for label in ("A", "B", "C")]
    async with runtime.db.write() as session:
        for number, place, expected in ((2, 0, "CAB"), (2, 99, "ABC"), (0, 1, "BAC"), (0, -5, "ABC")):
            await fields.move(session, owner, ids[number], place)
            assert "".join(row["label"] for row in await fields.listing(session, owner)) == expected
        with pytest.raises(NotFound):
            await fields.move(session, owner, 999, 0)


async def test_the_plan_limits_fields(runtime: Runtime, owner: Actor, admin: Actor) -> None:
    await limited(runtime.db, admin, fields=1)
    await make_field(runtime, owner, "City")
    with pytest.raises(LimitReached):
        await make_field(runtime, owner, "Street")


async def test_two_at_once_get_keys_of_their_own(runtime: Runtime, owner: Actor) -> None:
    await asyncio.gather(*(make_field(runtime, owner, "City") for _ in range(4)))
    async with runtime.db.read() as session:
        keys = [row["key"] for row in await fields.all_fields(session, owner)]
    assert sorted(keys) == ["city", "city_2", "city_3", "city_4"]


# --- what contacts have


async def give(runtime: Runtime, actor: Actor, contact_id: int, *, whole: bool = False, **given: str) -> None:
    async with runtime.db.write() as session:
        await fields.set_values(session, actor, contact_id, given, whole=whole)


async def has(runtime: Runtime, contact_id: int) -> dict[str, str]:
    async with runtime.db.read() as session:
        return (await fields.values_of(session, [contact_id])).get(contact_id, {})


async def test_values_are_written_changed_and_taken_away(runtime: Runtime, owner: Actor) -> None:
    ada = await make_contact(runtime)
    await make_field(runtime, owner, "City")
    await make_field(runtime, owner, "Rooms", FieldKind.NUMBER)
    seen: list[frozenset[str]] = []
    runtime.hub.listen(seen.append)
    await give(runtime, owner, ada, city="Lagos", rooms="2,5")
    await give(runtime, owner, ada, rooms="3")
    assert await has(runtime, ada) == {"city": "Lagos", "rooms": "3"}
    await give(runtime, owner, ada, city="")
    assert await has(runtime, ada) == {"rooms": "3"}
    assert seen == [{"contacts", f"contact:{ada}"}] * 3
    async with runtime.db.read() as session:
        assert await fields.variables(session, [ada, 77]) == {
            ada: {"city": "", "rooms": "3"},
            77: {"city": "", "rooms": ""},
        }


async def test_one_wrong_value_writes_nothing(runtime: Runtime, owner: Actor) -> None:
    ada = await make_contact(runtime)
    await make_field(runtime, owner, "City")
    await make_field(runtime, owner, "Rooms", FieldKind.NUMBER)
    for given, named in (({"rooms": "many"}, "field_rooms"), ({"colour": "red"}, "field_colour")):
        with pytest.raises(Invalid) as refused:
            await give(runtime, owner, ada, city="Lagos", **given)
        assert refused.value.field == named
    assert await has(runtime, ada) == {}


async def test_what_must_be_filled_in_is_asked_for_by_whole_forms(runtime: Runtime, owner: Actor) -> None:
    ada = await make_contact(runtime)
    await make_field(runtime, owner, "City", required=True)
    await make_field(runtime, owner, "Street")
    await give(runtime, owner, ada, street="Harbour Street")
    with pytest.raises(Invalid) as refused:
        await give(runtime, owner, ada, whole=True, street="Harbour Street")
    assert refused.value.field == "field_city"
    await give(runtime, owner, ada, whole=True, city="Lagos")
    await give(runtime, owner, ada, whole=True, street="")
    assert await has(runtime, ada) == {"city": "Lagos"}
    with pytest.raises(Invalid):
        await give(runtime, owner, ada, city="")


def test_a_form_gives_its_custom_fields_by_key() -> None:
    form = {"name": "Ada", "field_city": "Lagos", "field_vip": True, "field_new": False}
    assert fields.given(form) == {"city": "Lagos", "vip": "yes", "new": ""}


async def test_what_contacts_have_is_not_told_by_counting_choices(runtime: Runtime, owner: Actor) -> None:
    ada = await make_contact(runtime)
    city = await make_field(runtime, owner, "City")
    await give(runtime, owner, ada, city="+44 7400 123456")
    async with runtime.db.read() as session:
        assert await fields.option_counts(session, owner, city) == {}


async def test_a_choice_that_is_renamed_keeps_its_contacts(runtime: Runtime, owner: Actor) -> None:
    ada, ben, cid = [await make_contact(runtime, name) for name in ("Ada", "Ben", "Cid")]
    options = json.dumps([{"was": "", "now": each} for each in ("Rent", "Buy", "Sell")])
    wish = await make_field(runtime, owner, "Wish", FieldKind.SELECT, options=options)
    for contact_id, value in ((ada, "rent"), (ben, "Buy"), (cid, "Sell")):
        await give(runtime, owner, contact_id, wish=value)
    test = {"field": "field:wish", "kind": "select", "op": "any_of", "items": ["Rent"]}
    async with runtime.db.write() as session:
        assert await fields.option_counts(session, owner, wish) == {"Rent": 1, "Buy": 1, "Sell": 1}
        segment_id = await segments.save(session, owner, "Tenants", {"join": "and", "rules": [test]})
        # Two swap their names, one goes, one is new.
        news = [{"was": "Buy", "now": "Rent"}, {"was": "Rent", "now": "Buy"}, {"was": "", "now": "Lease"}]
        form = field_form("Wish", FieldKind.SELECT, options=json.dumps(news))
        await fields.change(session, owner, wish, form)
    assert [await has(runtime, each) for each in (ada, ben, cid)] == [{"wish": "Buy"}, {"wish": "Rent"}, {}]
    async with runtime.db.read() as session:
        assert (await fields.all_fields(session, owner))[0]["options"] == ["Rent", "Buy", "Lease"]
        (row,) = await segments.listing(session, owner)
        assert row["rules"]["rules"][0]["items"] == ["Buy"]
        assert await segments.count_of(session, owner, segment_id) == 1


async def test_deleting_says_before_what_goes(runtime: Runtime, owner: Actor) -> None:
    ada = await make_contact(runtime)
    city = await make_field(runtime, owner, "City")
    await give(runtime, owner, ada, city="Lagos")
    test = {"field": "field:city", "kind": "text", "op": "is_not", "value": "Accra"}
    async with runtime.db.write() as session:
        segment_id = await segments.save(session, owner, "Elsewhere", {"join": "and", "rules": [test]})
        assert await segments.count_of(session, owner, segment_id) == 1
        assert await fields.effects(session, owner, city) == {"values": 1, "segments": ["Elsewhere"]}
        assert await fields.delete(session, owner, city) == "City"
    assert await has(runtime, ada) == {}
    async with runtime.db.read() as session:
        (row,) = await segments.listing(session, owner)
        assert "city" in row["problem"]
        assert await segments.count_of(session, owner, segment_id) == 0


async def test_hidden_numbers_stay_hidden_and_are_not_lost(
    runtime: Runtime, owner: Actor, agent: Actor
) -> None:
    ada = await make_contact(runtime)
    async with runtime.db.write() as session:
        session.add(ContactAddress(contact_id=ada, kind=AddressKind.PHONE, value="+491711234567"))
    await make_field(runtime, owner, "Second phone")
    await make_field(runtime, owner, "Account", FieldKind.NUMBER)
    await give(runtime, owner, ada, second_phone="home: 0171 1234567", account="491711234567")
    hiding = replace(agent, hide_phone=True)
    async with runtime.db.read() as session:
        shown = (await fields.shown(session, hiding, [ada]))[ada]
    assert "1234567" not in str(shown)
    await give(runtime, hiding, ada, **(shown | {"second_phone": shown["second_phone"] + " (evenings)"}))
    assert await has(runtime, ada) == {
        "second_phone": "home: 0171 1234567 (evenings)",
        "account": "491711234567",
    }


async def test_only_who_sees_a_contact_reads_and_writes_its_values(
    runtime: Runtime, owner: Actor, agent: Actor, channel_id: int
) -> None:
    ada = await make_contact(runtime)
    await talk_with(runtime, ada, channel_id)
    await make_field(runtime, owner, "City")
    await give(runtime, owner, ada, city="Lagos")
    own = replace(agent, visibility=Visibility.OWN)
    reader = replace(agent, permissions=agent.permissions - {Permission.CONTACTS_DO})
    async with runtime.db.read() as session:
        assert await fields.shown(session, own, [ada]) == {}
    with pytest.raises(NotFound):
        await give(runtime, own, ada, city="Accra")
    with pytest.raises(Forbidden):
        await give(runtime, reader, ada, city="Accra")
    with pytest.raises(Forbidden):
        await make_field(runtime, agent, "Street")


async def test_values_of_many_are_written_at_once_and_found_by_an_index(
    runtime: Runtime, owner: Actor
) -> None:
    ids = [await make_contact(runtime, f"n{number}") for number in range(30)]
    city = await make_field(runtime, owner, "City")
    async with runtime.db.write() as session:
        (row,) = await fields.definitions(session)
        await fields.store(session, ((each, row, "Lagos") for each in ids))
        await fields.store(session, [(ids[0], row, ""), (ids[1], row, "Accra")])
    with plans(runtime.db.engine.sync_engine) as found:
        async with runtime.db.read() as session:
            values = await fields.values_of(session, ids)
            assert (await fields.effects(session, owner, city))["values"] == 29
    assert [values.get(each) for each in ids[:3]] == [None, {"city": "Accra"}, {"city": "Lagos"}]
    for plan in found:
        assert [line for line in scans(plan) if "field_value" in line] == [], plan
