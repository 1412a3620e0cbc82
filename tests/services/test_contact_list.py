"""The table of contacts: filters, order, pages, and who sees whom."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from sqlmodel import col

from tests import meta
from tests.services.conftest import Meta
from wapto_app.clock import utcnow
from wapto_app.jobs.search import follow
from wapto_app.models import (
    Account,
    Contact,
    ContactTag,
    Conversation,
    CustomField,
    FieldKind,
    FieldValue,
    Tag,
)
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor, Permission, Visibility
from wapto_app.services import contacts
from wapto_app.services.contacts import EVERYONE, ContactFilter, Page
from wapto_app.services.contacts.listing import SORTS
from wapto_app.services.errors import Forbidden, Invalid

NOBODY: contacts.NewContactForm = {
    "name": "",
    "company": "",
    "email": "",
    "language": "",
    "source": "",
    "notes": "",
    "phone": "",
    "username": "",
}


def new(phone: str, **values: str) -> contacts.NewContactForm:
    return {**NOBODY, "phone": phone, **values}  # type: ignore[typeddict-item]


def wanting(**values: Any) -> ContactFilter:
    return {**EVERYONE, **values}  # type: ignore[typeddict-item]


class People:
    """Makes and lists them."""

    def __init__(self, runtime: Runtime, owner: Actor) -> None:
        self.runtime, self.owner, self.made = runtime, owner, 0

    async def add(self, **values: str) -> int:
        self.made += 1
        async with self.runtime.db.write() as session:
            return await contacts.create(session, self.owner, new(f"+1650555{self.made:04}", **values))

    async def change(self, contact_id: int, **values: Any) -> None:
        async with self.runtime.db.write() as session:
            await session.exec(sa.update(Contact).where(col(Contact.id) == contact_id).values(**values))

    async def page(self, wanted: ContactFilter = EVERYONE, actor: Actor | None = None, **more: Any) -> Page:
        async with self.runtime.db.read() as session:
            return await contacts.listing(session, actor or self.owner, wanted, **more)

    async def names(
        self, wanted: ContactFilter = EVERYONE, actor: Actor | None = None, **more: Any
    ) -> list[str]:
        return [row["name"] for row in (await self.page(wanted, actor, **more)).rows]


@pytest.fixture
def people(runtime: Runtime, owner: Actor) -> People:
    return People(runtime, owner)


@pytest.mark.parametrize("sort", SORTS)
async def test_pages_show_everybody_once_in_every_order(
    people: People, meta_says: Meta, channel_id: int, sort: str
) -> None:
    for name, company in (("Bea", "Acme"), ("ada", ""), ("Cy", "acme"), ("Ada", "Zen"), ("", "Ohm")):
        await people.add(name=name, company=company)
    for minute in range(3):
        await meta_says.says(
            meta.inbound(
                meta.message(f"wamid.{minute}", wa_id=f"1650555000{minute + 1}", at=meta.ago(minutes=minute))
            )
        )
    at_once = [row["id"] for row in (await people.page(sort=sort)).rows]
    found, after = [], None
    while True:
        page = await people.page(sort=sort, after=after, limit=2)
        found += [row["id"] for row in page.rows]
        after = page.next
        if after is None:
            break
    assert found == at_once
    assert sorted(found) == [1, 2, 3, 4, 5]


async def test_the_order_is_that_of_a_person_with_the_empty_at_the_end(people: People) -> None:
    for name in ("Bea", "ada", "", "Cy"):
        await people.add(name=name)
    assert await people.names() == ["ada", "Bea", "Cy", "+16505550003"]
    assert await people.names(sort="-name") == ["Cy", "Bea", "ada", "+16505550003"]


async def test_search_finds_names_and_numbers_and_takes_no_wildcards(people: People) -> None:
    await people.add(name="Ada 100%", email="ada@example.com")
    await people.add(name="Bea", company="Acme_X")
    await follow(people.runtime)
    found = {"aDA": "Ada", "100%": "Ada", "example.com": "Ada", "acme": "Bea", "cme_x": "Bea", "@bea": "Bea"}
    found |= {"(650) 555-0002": "Bea", "5550001": "Ada", "ada 1": "Ada", "adä": "Ada"}
    for text, name in found.items():
        assert [each.split()[0] for each in await people.names(wanting(search=text))] == [name], text
    for text in ("nobody", "%", "_", "z%a", "' OR 1=1 --", "\\", "*", '"'):
        assert await people.names(wanting(search=text)) == [], text


async def test_whoever_may_not_see_numbers_cannot_search_them(people: People, agent: Actor) -> None:
    await people.add(name="Ada")
    hidden = replace(agent, hide_phone=True)
    assert await people.names(wanting(search="6505550001"), hidden) == []
    # Three digits at a time one could put a number together that stands in a text.
    await people.add(name="Bea +44 7400 123456")
    await follow(people.runtime)
    for digits in ("+44 7", "740", "123"):
        assert await people.names(wanting(search=digits)) == ["Bea +44 7400 123456"]
        assert await people.names(wanting(search=digits), hidden) == []
    row, _bea = (await people.page(actor=hidden)).rows
    assert row["phone"] == "+16•••••01"


async def test_tags_are_any_all_or_none(people: People) -> None:
    ids = [await people.add(name=name) for name in ("Ada", "Bea", "Cy")]
    async with people.runtime.db.write() as session:
        session.add_all([Tag(id=each, name=f"t{each}", key=f"t{each}") for each in (1, 2)])
        await session.flush()
        for contact, tag in ((0, 1), (0, 2), (1, 1)):
            session.add(ContactTag(contact_id=ids[contact], tag_id=tag))
    assert await people.names(wanting(tags=[1, 2])) == ["Ada", "Bea"]
    assert await people.names(wanting(tags=[1, 2], tags_way="all")) == ["Ada"]
    assert await people.names(wanting(tags=[1, 2], tags_way="none")) == ["Cy"]
    with pytest.raises(Invalid):
        await people.names(wanting(tags=[1], tags_way="some"))


async def test_custom_fields_are_compared_as_what_they_are(people: People) -> None:
    ids = [await people.add(name=name) for name in ("Ada", "Bea", "Cy")]
    async with people.runtime.db.write() as session:
        session.add(CustomField(id=1, key="rooms", label="Rooms", kind=FieldKind.NUMBER))
        session.add(CustomField(id=2, key="city", label="City", kind=FieldKind.TEXT))
        await session.flush()
        for contact, value in ((0, "9"), (1, "10")):
            session.add(
                FieldValue(contact_id=ids[contact], field_id=1, value=value, key=value, number=float(value))
            )
        session.add(FieldValue(contact_id=ids[0], field_id=2, value="Málaga", key="málaga"))

    def rule(field: str, way: str, value: str = "") -> ContactFilter:
        return wanting(fields=[{"field": field, "way": way, "value": value}])

    assert await people.names(rule("rooms", "more", "9.5")) == ["Bea"]
    assert await people.names(rule("rooms", "less", "10")) == ["Ada"]
    assert await people.names(rule("rooms", "is", "10.0")) == ["Bea"]
    assert await people.names(rule("rooms", "is_not", "9")) == ["Bea", "Cy"]
    assert await people.names(rule("rooms", "empty")) == ["Cy"]
    assert await people.names(rule("rooms", "filled")) == ["Ada", "Bea"]
    assert await people.names(rule("city", "contains", "LAG")) == ["Ada"]
    assert await people.names(rule("city", "contains", "%")) == []
    assert await people.names(rule("nothing", "is", "1")) == []


async def test_standing_source_language_and_days_filter(people: People) -> None:
    ada = await people.add(name="Ada", source="fair", language="pt-BR")
    bea, cy = await people.add(name="Bea"), await people.add(name="Cy")
    now = utcnow()
    await people.change(ada, opted_out_at=now)
    await people.change(bea, marketing_stopped_at=now, blocked_at=now)
    await people.change(cy, created_at=now - timedelta(days=10))
    assert await people.names(wanting(source="fair")) == ["Ada"]
    assert await people.names(wanting(language="pt-BR")) == ["Ada"]
    assert await people.names(wanting(opt="out")) == ["Ada"]
    assert await people.names(wanting(opt="marketing")) == ["Bea"]
    assert await people.names(wanting(opt="in")) == ["Cy"]
    assert await people.names(wanting(blocked="yes")) == ["Bea"]
    assert await people.names(wanting(blocked="no")) == ["Ada", "Cy"]
    day = (now - timedelta(days=10)).date().isoformat()
    assert await people.names(wanting(created_from=day, created_to=day)) == ["Cy"]
    for bad in (wanting(opt="?"), wanting(created_from="yesterday"), wanting(created_to="9999-12-31")):
        with pytest.raises(Invalid):
            await people.names(bad)


async def test_a_day_is_a_day_where_the_business_is(people: People, owner: Actor) -> None:
    """An hour after midnight in Auckland it is the day before in UTC."""
    async with people.runtime.db.write() as session:
        await session.exec(sa.update(Account).values(time_zone="Pacific/Auckland"))
    early = datetime(2026, 3, 10, 1, tzinfo=ZoneInfo("Pacific/Auckland"))
    await people.change(await people.add(name="Early"), created_at=early.astimezone(UTC))
    late = early.replace(hour=23)
    await people.change(await people.add(name="Late"), created_at=late.astimezone(UTC))
    on = {"created_from": "2026-03-10", "created_to": "2026-03-10"}
    assert await people.names(wanting(**on)) == ["Early", "Late"]
    for day in ("2026-03-09", "2026-03-11"):
        assert await people.names(wanting(created_from=day, created_to=day)) == []
    # A day there can have 25 hours.
    await people.change(1, created_at=datetime(2026, 4, 5, 23, 30, tzinfo=ZoneInfo("Pacific/Auckland")))
    assert await people.names(wanting(created_from="2026-04-05", created_to="2026-04-05")) == ["Early"]
    for odd in ("0001-01-01", "9999-12-31"):
        with pytest.raises(Invalid):
            await people.names(wanting(created_to=odd, created_from=odd))


async def test_last_message_filters_by_conversations(
    people: People, meta_says: Meta, channel_id: int
) -> None:
    await people.add(name="Silent")
    await meta_says.says(meta.inbound(meta.message("wamid.1", at=meta.ago(days=3))))
    day = (utcnow() - timedelta(days=3)).date().isoformat()
    assert await people.names(wanting(last_from=day, last_to=day)) == ["Ada"]
    assert await people.names(wanting(last_to="2020-01-01")) == []


async def test_an_agent_sees_what_their_team_may_see(
    people: People, agent: Actor, conversation_id: int, others_take_all: Any
) -> None:
    await people.add(name="Without talk")
    team = replace(agent, visibility=Visibility.TEAM, team_id=99)
    own = replace(agent, visibility=Visibility.OWN)
    assert await people.names(actor=team) == ["Ada", "Without talk"]
    assert await people.names(actor=own) == []
    await others_take_all()
    assert await people.names(actor=team) == ["Without talk"]
    async with people.runtime.db.write() as session:
        await contacts.create(session, own, new("+16505559999", name="Mine"))
        await session.exec(sa.update(Conversation).values(assignee_id=agent.account_id))
    assert await people.names(actor=own) == ["Ada", "Mine"]
    with pytest.raises(Forbidden):
        await people.names(actor=replace(agent, permissions=frozenset({Permission.INBOX_SEE})))


@pytest.mark.parametrize(
    ("sort", "index"),
    [
        ("name", "ix_contact_name_sorted"),
        ("-name", "ix_contact_name_sorted"),
        ("company", "ix_contact_company_sorted"),
        ("created", "ix_contact_created_at_id"),
        ("-last", "ix_conversation_last_message_at_id"),
    ],
)
@pytest.mark.sqlite_only
async def test_a_page_far_down_enters_the_index(people: People, sort: str, index: str) -> None:
    """SQLite: no sorting of everybody, and the index is entered at the cursor."""
    key = utcnow().isoformat() if sort.lstrip("-") in ("created", "last") else "m"
    plans: list[str] = []
    async with people.runtime.db.read() as session:
        connection = await session.connection()

        def explained(conn: Any, clause: Any, *_rest: Any) -> None:
            if isinstance(clause, sa.Select) and not plans:
                text = str(clause.compile(conn, compile_kwargs={"literal_binds": True}))
                rows = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}").all()
                plans.append("\n".join(row[3] for row in rows))

        sa.event.listen(connection.sync_connection, "before_execute", explained)
        await contacts.listing(
            session, people.owner, EVERYONE, sort=sort, after=contacts.Cursor(False, key, 7)
        )
    assert f"USING INDEX {index} (" in plans[0] or f"USING COVERING INDEX {index} (" in plans[0], plans[0]
    assert "TEMP B-TREE FOR ORDER BY" not in plans[0]
