"""Importing contacts: what becomes of each row, by whom, and how it is taken back."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from sqlmodel import col, select

from integrations.tables import Options
from tests import meta
from tests.services.conftest import Book, Meta
from tests.services.imports_desk import Desk, counts
from tests.services.plans import limited, offer, put_on
from wapto_app import demo_import
from wapto_app.clock import utcnow
from wapto_app.jobs import imports as job
from wapto_app.jobs.imports import carry_out
from wapto_app.models import (
    Channel,
    Contact,
    ContactAddress,
    ContactEvent,
    ContactEventKind,
    ContactImport,
    Conversation,
    CustomField,
    ImportChange,
    ImportProblem,
    ScheduledMessage,
    Tag,
    Visibility,
)
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import contacts, fields, imports, leases, notifications, tags
from wapto_app.services.errors import Conflict, Forbidden, Invalid, LimitReached, NotFound
from wapto_app.services.fields import FieldForm
from wapto_app.services.imports import batch, progress, steps

THREE = "Name,Phone,Email\nAda,+4915112345671,ada@example.com\nBob,+4915112345672,\nCara,0151 12345673,cara@x.org\n"


@pytest.fixture
def desk(runtime: Runtime, owner: Actor) -> Desk:
    return Desk(runtime, owner)


async def make_field(desk: Desk, label: str, kind: str = "text") -> int:
    form = FieldForm(
        label=label, key="", kind=kind, help="", minimum="", maximum="", required=False, options=""
    )
    async with desk.runtime.db.write() as session:
        return await fields.create(session, desk.actor, form)


async def test_new_contacts_come_with_all_that_the_file_says(desk: Desk) -> None:
    await make_field(desk, "City")
    text = (
        "First name;Apellidos;Teléfono;Correo;Empresa;Idioma;Ciudad;Etiquetas;Notas;City\n"
        "Ada;Núñez;0151 12345671;ADA@Example.com;Analytical;español;x;VIP, Lisbon|vip;Likes tea;Porto\n"
    )
    kind = {"target": "new:6", "label": "Town", "kind": "text"}
    done = await desk.imported(text, targets={6: kind}, tags=["From file"])
    assert (done["state"], counts(done)) == ("done", (1, 0, 0, 0, 0))
    (ada,) = (await desk.people()).values()
    assert (ada.name, ada.company, ada.email, ada.language) == (
        "Ada Núñez",
        "Analytical",
        "ada@example.com",
        "es",
    )
    assert (ada.source, ada.notes, ada.opted_out_at) == ("import", "Likes tea", None)
    assert await desk.values() == {"Ada Núñez": {"town=x", "city=Porto"}}
    assert await desk.tags() == {"Ada Núñez": {"VIP", "Lisbon", "From file"}}
    async with desk.runtime.db.read() as session:
        events = (await session.exec(select(ContactEvent))).all()
    assert [(each.kind, each.detail) for each in events] == [
        (ContactEventKind.IMPORTED, {"import_id": done["id"], "file": "people.csv"})
    ]


async def test_a_check_counts_and_changes_nothing(desk: Desk) -> None:
    await desk.imported(THREE)
    text = (
        THREE + "Dora,+4915112345674,\nDora,+49 151 12345674,\nEve,,\nFay,123,\nGus,+4915112345675,nonsense\n"
    )
    import_id = await desk.upload(text)
    before = await desk.count(Contact)
    row = await desk.check(import_id, policy="skip", tags=["New one"])
    shown = await desk.detail(import_id)
    assert (row["state"], await desk.count(Contact), await desk.count(Tag)) == ("checked", before, 0)
    assert counts(shown) == (1, 0, 0, 4, 3)
    assert shown["repeated"] == 1
    assert shown["new_tags"] == ["New one"]
    assert {each["reason"]: (each["count"], each["row"]) for each in shown["reasons"]} == {
        "There is no phone number.": (1, 7),
        "This is no phone number that exists.": (1, 8),
        "E-mail: this is no address.": (1, 9),
    }
    assert await desk.problems(import_id) == [
        "Problem,Name,Phone,Email",
        "Row 7: There is no phone number.,Eve,,",
        "Row 8: This is no phone number that exists.,Fay,123,",
        "Row 9: E-mail: this is no address.,Gus,'+4915112345675,nonsense",
    ]


@pytest.mark.parametrize(
    ("policy", "expected", "name", "email", "tagged"),
    [
        ("skip", (1, 0, 0, 2, 0), "Ada", "", False),
        ("update", (1, 1, 1, 0, 0), "Ada Lovelace", "ada@x.org", True),
        ("fill", (1, 1, 1, 0, 0), "Ada", "ada@x.org", True),
    ],
)
async def test_what_happens_to_contacts_that_are_there(
    desk: Desk, policy: str, expected: tuple[int, ...], name: str, email: str, tagged: bool
) -> None:
    await desk.imported("Name,Phone\nAda,+4915112345671\nBob,+4915112345672\n")
    rows = "Ada Lovelace,+4915112345671,ada@x.org,VIP\n,+4915112345672,,\nCara,+4915112345673,,\n"
    text = "Name,Phone,Email,Tags\n" + rows
    import_id = await desk.upload(text)
    await desk.check(import_id, policy=policy)
    assert counts(await desk.detail(import_id)) == expected
    await desk.start(import_id)
    await carry_out(import_id)
    assert counts(await desk.head(import_id)) == expected
    ada = (await desk.people())["+4915112345671"]
    assert (ada.name, ada.email) == (name, email)
    assert (await desk.tags() != {}) is tagged


async def test_who_is_skipped_is_opted_out_all_the_same(desk: Desk) -> None:
    """Whatever is to happen to known contacts: a no in a file is a no."""
    await desk.imported("Name,Phone\nAda,+4915112345671\nBob,+4915112345672\n")
    rows = "Ada L,+4915112345671,no\nBob B,+4915112345672,yes\nCy,+4915112345673,yes\nCy,+4915112345673,no\n"
    import_id = await desk.upload("Name,Phone,Opt-in\n" + rows)
    await desk.check(import_id, policy="skip")
    assert counts(await desk.detail(import_id)) == (1, 2, 0, 1, 0)
    await desk.start(import_id)
    await carry_out(import_id)
    assert counts(await desk.head(import_id)) == (1, 2, 0, 1, 0)
    people = await desk.people()
    outs = {each.name: each.opted_out_at is not None for each in people.values()}
    assert outs == {"Ada": True, "Bob": False, "Cy": True}, "and their names stay"
    again = await desk.imported("Name,Phone,Opt-in\n" + rows, policy="skip")
    assert counts(again) == (0, 0, 0, 4, 0)


async def test_rows_of_the_same_person_meet_one_contact(desk: Desk) -> None:
    text = (
        "name,phone,company\nAna,+55 31 8888-7777,\nAna B,5531988887777,Casa\n"
        "Luz,+52 1 55 1234 5678,\nLuz M,525512345678,\nEva,+54 11 2345-6789,\nEva P,+54 9 11 2345 6789,\n"
    )
    done = await desk.imported(text, policy="update", region="")
    assert counts(done) == (3, 3, 0, 0, 0)
    people = await desk.people()
    assert sorted(people) == ["+525512345678", "+5491123456789", "+5531988887777"]
    assert {each.name for each in people.values()} == {"Ana B", "Luz M", "Eva P"}
    undone = await desk.undone(done["id"])
    assert (undone["state"], undone["undone"], await desk.count(Contact)) == ("undone", 3, 0)


async def _schedule_for(runtime: Runtime, contact_id: int) -> None:
    async with runtime.db.write() as session:
        channel = Channel(phone_number_id="1", waba_id="1")
        session.add(channel)
        await session.flush()
        conversation = Conversation(contact_id=contact_id, channel_id=channel.id or 0)
        session.add(conversation)
        await session.flush()
        session.add(ScheduledMessage(conversation_id=conversation.id or 0, due_at=utcnow(), content={}))


async def test_an_import_opts_out_and_never_in(desk: Desk, runtime: Runtime) -> None:
    await desk.imported("name,phone\nAda,+4915112345671\n")
    at = utcnow() - timedelta(days=1)
    async with runtime.db.write() as session:
        await session.exec(sa.update(Contact).values(opted_out_at=at))
    text = "name,phone,opt-in\nAda,+4915112345671,yes\nBob,+4915112345672,No\nCy,+4915112345673,\nDi,+4915112345674,?\n"
    done = await desk.imported(text, policy="update")
    people = await desk.people()
    assert people["+4915112345671"].opted_out_at == at
    assert people["+4915112345672"].opted_out_at is not None
    assert people["+4915112345673"].opted_out_at is None
    assert counts(done) == (2, 0, 1, 0, 1)
    await _schedule_for(runtime, people["+4915112345673"].id or 0)
    again = await desk.imported("name,phone,opt-in\nCy,+4915112345673,unsubscribed\n", policy="fill")
    assert (await desk.people())["+4915112345673"].opted_out_at is not None
    async with runtime.db.read() as session:
        assert list(await session.exec(select(ScheduledMessage.state))) == ["cancelled"]
    await desk.undone(again["id"])
    assert (await desk.people())["+4915112345673"].opted_out_at is not None  # a refusal stays


async def test_undo_restores_and_keeps_what_somebody_touched(
    desk: Desk, owner: Actor, meta_says: Meta, channel_id: int
) -> None:
    city = await make_field(desk, "City")
    await desk.imported("name,phone,city,tags\nOld,+4915112345670,Rome,A\nEdited,+4915112345679,,\n")
    number = f"+{meta.ADA}"
    text = (
        f"name,phone,company,city,tags\nNewer,+4915112345670,Acme,Paris,A;B\nEdited,+4915112345679,Acme,,\n"
        f"Ada,{number},,,\nNamed,+4915112345672,,,\nTagged,+4915112345673,,,\nAlone,+4915112345674,,Oslo,C\n"
    )
    done = await desk.imported(
        text, policy="update", targets={2: {"target": "new:2", "label": "Firm", "kind": "text"}}
    )
    assert counts(done) == (4, 2, 0, 0, 0)
    people = await desk.people()
    await meta_says.says(meta.inbound(meta.message("wamid.hello")))
    async with desk.runtime.db.write() as session:
        named, tagged = people["+4915112345672"].id or 0, people["+4915112345673"].id or 0
        await contacts.update(session, owner, named, name="Named anew", notes="")
        (vip,) = await tags.ensure(session, owner, ["VIP"])
        await tags.apply(session, owner, [tagged], [vip])
        await contacts.update(session, owner, people["+4915112345679"].id or 0, name="By hand", notes="")
        await fields.set_values(session, owner, people["+4915112345670"].id or 0, {"city": "Bonn"})
    undone = await desk.undone(done["id"])
    people = await desk.people()
    assert "+4915112345674" not in people
    assert {each.name for each in people.values()} == {"Old", "By hand", "Ada", "Named anew", "Tagged"}
    assert (undone["undone"], undone["kept"]) == (2, 4)
    values, labels = await desk.values(), await desk.tags()
    assert values == {"Old": {"city=Bonn"}}
    assert labels == {"Old": {"A"}, "Tagged": {"VIP"}}
    async with desk.runtime.db.read() as session:
        names = set((await session.exec(select(Tag.name))).all())
        keys = set((await session.exec(select(CustomField.id))).all())
    assert names == {"A", "VIP"}  # B and C were made for it, and nobody has them
    assert keys == {city}
    with pytest.raises(Conflict):
        await desk.undone(done["id"])


def _takes_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each batch takes long enough that somebody can come in between."""
    read = job.prepare.batch

    def slowly(*place: Any) -> Any:
        time.sleep(0.05)
        return read(*place)

    monkeypatch.setattr(job.prepare, "batch", slowly)


async def test_a_killed_import_goes_on_and_doubles_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "ROWS", 10)
    _takes_time(monkeypatch)
    rows = "".join(f"P{i},+49151{i:08d},T{i % 3}\n" for i in range(100))
    import_id = await desk.upload("name,phone,tags\n" + rows)
    await desk.check(import_id)
    await desk.start(import_id)
    for _kill in range(4):
        killed = asyncio.create_task(carry_out(import_id))
        position = (await desk.head(import_id))["position"]
        while (await desk.head(import_id))["position"] == position and not killed.done():
            await asyncio.sleep(0)
        killed.cancel()
        with pytest.raises(asyncio.CancelledError):
            await killed
    async with desk.runtime.db.write() as session:
        await session.exec(sa.text("DELETE FROM lease"))  # type: ignore[call-overload]
    assert 0 < (await desk.head(import_id))["position"] < 100
    await carry_out(import_id)
    done = await desk.head(import_id)
    assert (done["state"], counts(done), done["position"]) == ("done", (100, 0, 0, 0, 0), 100)
    assert (
        await desk.count(Contact) == await desk.count(ContactAddress) == await desk.count(ImportChange) == 100
    )
    assert len(await desk.tags()) == 100


async def test_only_one_works_on_an_import_and_a_stale_one_writes_nothing(desk: Desk) -> None:
    import_id = await desk.upload(THREE)
    await desk.check(import_id)
    await desk.start(import_id)
    run = desk.runtime.writer.run
    other = leases.Bid(f"import:{import_id}", "somebody else")
    assert await run(leases.acquire, other)
    await carry_out(import_id)
    assert (await desk.head(import_id))["position"] == 0
    mine = leases.Bid(f"import:{import_id}", "me")
    row = [2, "+4915112345671", {}, {}, [], False, False]
    base: dict[str, Any] = {
        "import_id": import_id, "next_place": 9, "rows": [row], "policy": "skip", "source": "x", "fields": {},
        "tags": {}, "all_tags": (),
    }  # fmt: skip
    for stale in (steps.Step(bid=mine, place=0, **base), steps.Step(bid=other, place=5, **base)):
        assert (await run(batch.carry_out, stale)).stopped == steps.LOST
    assert await desk.count(Contact) == 0


async def test_cancelling_keeps_what_is_there_and_lets_it_be_undone(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "ROWS", 5)
    _takes_time(monkeypatch)
    import_id = await desk.upload("phone\n" + "".join(f"+49151{i:08d}\n" for i in range(400)))
    await desk.check(import_id)
    await desk.start(import_id)
    working = asyncio.create_task(carry_out(import_id))
    while (await desk.head(import_id))["position"] < 5:
        await asyncio.sleep(0)
    async with desk.runtime.db.write() as session:
        await imports.cancel(session, desk.actor, import_id)
    await working
    stopped = await desk.head(import_id)
    assert stopped["state"] == "stopped"
    assert await _told(desk) == []
    assert 5 <= stopped["position"] < 400
    assert await desk.count(Contact) == stopped["created"] == stopped["position"]
    await desk.undone(import_id)
    assert await desk.count(Contact) == 0


async def _told(desk: Desk) -> list[tuple[str, dict[str, str]]]:
    async with desk.runtime.db.read() as session:
        rows = await notifications.listing(session, desk.actor)
    return [
        (row["href"], {name: text for name, text in row["args"].items() if text})
        for row in rows
        if row["kind"] == "import_ended"
    ]


async def test_who_started_an_import_is_told_how_it_ended(desk: Desk, admin: Actor) -> None:
    first = await desk.imported("name,phone\nAda,+4915112345671\nBen,12\n")
    counts_of_it = {"created": "1", "updated": "0", "wrong": "1", "title": "people.csv"}
    assert await _told(desk) == [(f"/contacts/import?id={first['id']}", counts_of_it)]
    await desk.undone(first["id"])
    assert len(await _told(desk)) == 1
    second = await desk.upload("phone\n+4915112345672\n")
    await desk.check(second)
    await desk.start(second)
    await limited(desk.runtime.db, admin, contacts=0)
    await carry_out(second)
    (href, args), _first = await _told(desk)
    assert (href, args["created"]) == (f"/contacts/import?id={second}", "0")
    assert "contacts" in args["what"]


async def test_the_plan_is_asked_before_and_meanwhile(desk: Desk, admin: Actor) -> None:
    await limited(desk.runtime.db, admin, contacts=2)
    import_id = await desk.upload(THREE)
    await desk.check(import_id)
    with pytest.raises(LimitReached):
        await desk.start(import_id)
    assert await desk.count(Contact) == 0
    larger = await offer(desk.runtime.db, admin, "Larger", "0", limits={"contacts": "3"})
    await put_on(desk.runtime.db, admin, larger)
    await desk.start(import_id)
    async with desk.runtime.db.write() as session:
        session.add(Contact(name="came in between"))
    await carry_out(import_id)
    stopped = await desk.head(import_id)
    assert (stopped["state"], stopped["created"], await desk.count(Contact)) == ("stopped", 0, 1)
    assert "3 contacts" in stopped["error"]


async def test_who_may_import(desk: Desk, agent: Actor, owner: Actor) -> None:
    import_id = await desk.upload(THREE)
    for nobody in (
        replace(agent, permissions=frozenset({Permission.CONTACTS_SEE})),
        replace(agent, permissions=owner.permissions, hide_phone=True),
        replace(agent, permissions=owner.permissions, visibility=Visibility.TEAM),
    ):
        async with desk.runtime.db.write() as session:
            for deed in (
                imports.listing(session, nobody),
                imports.head(session, nobody, import_id),
                imports.detail(session, nobody, import_id),
                imports.problems(session, nobody, desk.media, import_id),
                imports.start(session, nobody, import_id),
                imports.undo(session, nobody, import_id),
                imports.discard(session, nobody, desk.media, import_id),
            ):
                with pytest.raises(Forbidden):
                    await deed
    somebody = replace(agent, permissions=frozenset({Permission.CONTACTS_DO, Permission.CONTACTS_SEE}))
    theirs = Desk(desk.runtime, somebody)
    assert counts(await theirs.imported(THREE)) == (3, 0, 0, 0, 0)
    with pytest.raises(Forbidden):
        await theirs.imported(
            "phone,x\n+4915112345699,1\n", targets={1: {"target": "new:1", "label": "X", "kind": "text"}}
        )
    with pytest.raises(Forbidden):
        await theirs.imported("phone,tags\n+4915112345699,Unheard of\n")
    async with desk.runtime.db.read() as session:
        names = [row["filename"] for row in await imports.listing(session, somebody)]
    assert len(names) == 3  # one done, and two of their own that were not begun; not the owner's


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"targets": {1: {"target": ""}}}, "columns"),
        ({"targets": {0: {"target": "phone"}}}, "column_0"),
        ({"targets": {0: {"target": "nonsense"}}}, "column_0"),
        ({"targets": {0: {"target": "field:77"}}}, "column_0"),
        ({"targets": {0: {"target": "field:x"}}}, "column_0"),
        ({"targets": {0: {"target": "new:2", "label": "A", "kind": "text"}}}, "column_0"),
        ({"targets": {0: {"target": "new:0", "label": " ", "kind": "text"}}}, "column_0"),
        ({"targets": {0: {"target": "new:0", "label": "A", "kind": "select"}}}, "column_0"),
        (
            {
                "targets": {
                    0: {"target": "new:0", "label": "A", "kind": "text"},
                    2: {"target": "new:2", "label": "a", "kind": "text"},
                }
            },
            "columns",
        ),
        ({"region": "XX"}, "region"),
        ({"policy": "delete"}, "policy"),
        ({"tags": ["x" * 51]}, "tags"),
        ({"tags": [f"t{i}" for i in range(21)]}, "tags"),
    ],
)
async def test_a_plan_that_cannot_be_is_refused_at_its_input(
    desk: Desk, changes: dict[str, Any], field: str
) -> None:
    import_id = await desk.upload(THREE)
    with pytest.raises(Invalid) as refused:
        await desk.check(import_id, **changes)
    assert refused.value.field == field
    assert (await desk.head(import_id))["state"] == "uploaded"


async def test_a_column_with_too_many_tags_sends_back_to_the_columns(desk: Desk) -> None:
    rows = "".join(f"+49151{i:08d},tag {i}\n" for i in range(201))
    row = await desk.check(await desk.upload("phone,tags\n" + rows))
    assert row["state"] == "uploaded"
    assert "200 different" in row["error"]


async def test_a_file_can_be_read_in_another_way_and_forgotten(desk: Desk) -> None:
    text = "имя;телефон\nИван;+79161234567\n"
    import_id = await desk.upload(text.encode("cp1251"))
    options = Options(encoding="cp1251", delimiter=";", header=False)
    await imports.reread(desk.runtime.db, desk.actor, desk.media, import_id, options)
    shown = await desk.detail(import_id)
    assert [each["name"] for each in shown["columns"]] == ["A", "B"]
    assert shown["columns"][0]["samples"] == ["имя", "Иван"]
    await imports.reread(desk.runtime.db, desk.actor, desk.media, import_id, replace(options, header=True))
    assert [each["name"] for each in (await desk.detail(import_id))["columns"]] == ["имя", "телефон"]
    assert len(list((desk.media / "imports").iterdir())) == 2
    async with desk.runtime.db.write() as session:
        await imports.discard(session, desk.actor, desk.media, import_id)
    assert list((desk.media / "imports").iterdir()) == []
    with pytest.raises(NotFound):
        await desk.head(import_id)


async def test_nothing_is_done_twice_or_out_of_turn(desk: Desk) -> None:
    done = await desk.imported(THREE)
    for deed in (imports.start, imports.cancel):
        with pytest.raises(Conflict):
            async with desk.runtime.db.write() as session:
                await deed(session, desk.actor, done["id"])
    with pytest.raises(Conflict):
        await desk.check(done["id"])
    import_id = await desk.upload(THREE)
    with pytest.raises(Conflict):
        await desk.start(import_id)
    with pytest.raises(Conflict):
        await desk.undone(import_id)


async def test_a_file_that_is_no_table_leaves_nothing_behind(desk: Desk) -> None:
    for content in ("", "\n\n", "only a header\n", 'a,b\n"never ends' + "x" * 200_000):
        with pytest.raises(Invalid) as refused:
            await desk.upload(content)
        assert refused.value.field == "file"
    assert list((desk.media / "imports").iterdir()) == []


async def test_old_imports_keep_their_line_and_lose_their_files(desk: Desk) -> None:
    done = await desk.imported(THREE + "X,none,\n")
    waiting = await desk.upload(THREE)
    with time_machine.travel(utcnow() + timedelta(days=31), tick=True):
        await imports.clean_up(desk.runtime.db, desk.media)
    assert list((desk.media / "imports").iterdir()) == []
    row = await desk.head(done["id"])
    assert (row["state"], row["can_undo"], row["has_problems"]) == ("done", False, False)
    assert await desk.count(ImportChange) == await desk.count(ImportProblem) == 0
    with pytest.raises(NotFound):
        await desk.head(waiting)
    with pytest.raises(NotFound):
        await desk.problems(done["id"])
    with pytest.raises(Conflict):
        await desk.undone(done["id"])


async def test_an_import_a_hand_and_a_webhook_at_once_meet_one_contact(
    desk: Desk, meta_says: Meta, channel_id: int, book: Book, runtime: Runtime
) -> None:
    """The eight digits of old Brazilian accounts, the 1 of Mexico and the 9 of Argentina, from three sides at once."""
    spelled = [
        ("553188887777", "+55 31 98888-7777", "+5531988887777"),
        ("5215512345678", "+52 55 1234 5678", "+525512345678"),
        ("5491123456789", "+54 11 15-2345-6789", "+5491123456789"),
    ]
    rows = "".join(f"{name},{typed}\n" for name, typed, _number in spelled)
    import_id = await desk.upload("name,phone\n" + rows)
    await desk.check(import_id, policy="update", region="")
    await desk.start(import_id)

    async def by_hand(number: str) -> None:
        async with runtime.db.write() as session:
            await contacts.find_or_create(session, phone=number, name="By hand")

    hooks = [
        meta_says.store(meta.inbound(meta.message(f"wamid.{wa_id}", wa_id=wa_id)))
        for wa_id, _t, _n in spelled
    ]
    hands = [by_hand(number) for _wa_id, _typed, number in spelled]
    await asyncio.gather(*hooks, *hands, carry_out(import_id), meta_says.apply())
    await meta_says.apply()
    assert (await desk.head(import_id))["state"] == "done"
    assert await desk.count(Contact) == 3
    phones = [row for row in await book.rows("address") if row["kind"] == "phone"]
    assert sorted(row["value"] for row in phones) == sorted(number for _w, _t, number in spelled)
    assert await book.count("conversation") == 3


async def test_others_write_while_an_import_runs(
    desk: Desk, meta_says: Meta, channel_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "ROWS", 20)
    import_id = await desk.upload("phone\n" + "".join(f"+49151{i:08d}\n" for i in range(400)))
    await desk.check(import_id)
    await desk.start(import_id)
    working = asyncio.create_task(carry_out(import_id))
    seen = 0
    while not working.done():
        await meta_says.store(meta.another(meta.inbound(meta.message(f"wamid.{seen}", body=f"{seen}"))))
        seen += 1
    await working
    assert seen > 3
    assert (await meta_says.apply())[1] == 0
    assert (await desk.head(import_id))["state"] == "done"


async def test_two_imports_of_the_same_people_at_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job, "ROWS", 7)
    numbers = [f"+49151{i:08d}" for i in range(60)]
    first = await desk.upload("phone,tags\n" + "".join(f"{each},A\n" for each in numbers))
    second = await desk.upload("phone,tags\n" + "".join(f"{each},B\n" for each in reversed(numbers)))
    for each in (first, second):
        await desk.check(each, policy="update")
        await desk.start(each)
    await asyncio.gather(carry_out(first), carry_out(second))
    assert await desk.count(Contact) == await desk.count(ContactAddress) == 60
    a, b = await desk.head(first), await desk.head(second)
    assert a["created"] + b["created"] == 60
    assert a["updated"] + b["updated"] == 60
    async with desk.runtime.db.read() as session:
        busy = (await session.exec(select(ContactImport.id).where(col(ContactImport.state) != "done"))).all()
    assert list(busy) == []


async def test_the_demo_has_an_import_behind_it_that_can_be_undone(desk: Desk, runtime: Runtime) -> None:
    filling = asyncio.create_task(demo_import.bring_in(runtime))
    while not filling.done():
        async with runtime.db.read() as session:
            busy = await progress.busy(session)
        for import_id in busy:
            await carry_out(import_id)
        await asyncio.sleep(0.01)
    await filling
    async with runtime.db.read() as session:
        (row,) = await imports.listing(session, desk.actor)
    assert (row["state"], row["created"], row["wrong"], row["can_undo"]) == ("done", 3, 1, True)
