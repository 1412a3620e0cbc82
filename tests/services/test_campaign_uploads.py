"""Files of recipients: any table, its numbers in one spelling, and who said that these people agreed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from tests.services.campaign_desk import choose, make_campaign, make_person, wanted
from wapto_app.clock import utcnow
from wapto_app.models import AuditEntry, CampaignUpload, CampaignUploadRow
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor, Visibility
from wapto_app.services.campaigns import audience, uploads
from wapto_app.services.campaigns.uploads import OnlyWithFullSight, UploadRow
from wapto_app.services.errors import Conflict, Invalid

FILE = """Mobile;First name;City
+49 151 12345671;Ada;Köln
0151 12345672;Bob;
+4915112345671;Ada again;Bonn
none;Cem;Ulm
"""


async def upload(
    runtime: Runtime, actor: Actor, text: str | bytes = FILE, *, name: str = "fair.csv", opted_in: bool = True
) -> UploadRow:
    folder = runtime.settings.media_dir
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "upload"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return await uploads.keep(runtime.db, actor, path, name, opted_in=opted_in)


async def lines(runtime: Runtime, upload_id: int) -> list[CampaignUploadRow]:
    async with runtime.db.read() as session:
        query = select(CampaignUploadRow).where(CampaignUploadRow.upload_id == upload_id)
        return list(await session.exec(query.order_by(col(CampaignUploadRow.line))))


async def test_the_column_of_the_numbers_is_found_and_each_number_stands_once(
    runtime: Runtime, owner: Actor, channel_id: int
) -> None:
    row = await upload(runtime, owner)
    assert (row["phone_column"], row["rows"], row["bad_rows"], row["usable"]) == ("Mobile", 4, 3, 1)
    row = await uploads.choose_phone_column(runtime.db, owner, row["key"], "Mobile", "DE")
    assert (row["bad_rows"], row["usable"], row["region"]) == (2, 2, "DE")
    again = await uploads.choose_phone_column(runtime.db, owner, row["key"], "Mobile")
    assert (again["usable"], again["region"]) == (2, "DE"), "it stays what it was"
    bare = await uploads.choose_phone_column(runtime.db, owner, row["key"], "Mobile", "")
    assert (bare["usable"], bare["region"]) == (1, "")
    await uploads.choose_phone_column(runtime.db, owner, row["key"], "Mobile", "DE")
    found = await lines(runtime, row["id"])
    assert [each.number for each in found] == ["+4915112345671", "+4915112345672", "", ""]
    assert [bool(each.problem) for each in found] == [False, False, True, True]
    assert found[0].cells == {"Mobile": "+49 151 12345671", "First name": "Ada", "City": "Köln"}


async def test_without_consent_nothing_is_kept_and_with_it_the_log_says_who_gave_it(
    runtime: Runtime, owner: Actor
) -> None:
    with pytest.raises(Invalid) as refused:
        await upload(runtime, owner, opted_in=False)
    assert refused.value.field == "opted_in"
    await upload(runtime, owner)
    async with runtime.db.read() as session:
        query = select(AuditEntry).where(AuditEntry.action == "campaign.file_uploaded")
        entry = (await session.exec(query)).one()
        assert (entry.account_id, entry.detail["opted_in"]) == (owner.account_id, True)
        assert len((await session.exec(select(CampaignUpload))).all()) == 1


async def test_another_column_can_hold_the_numbers_and_what_is_none_is_listed(
    runtime: Runtime, owner: Actor
) -> None:
    row = await upload(runtime, owner, "Name,Ref,Line 2\nAda,+4915112345671,x\nBob,+4915112345672,\n")
    assert row["phone_column"] == "Ref"
    row = await uploads.choose_phone_column(runtime.db, owner, row["key"], "Line 2")
    assert row["usable"] == 0
    async with runtime.db.read() as session:
        found = await uploads.problems(session, owner, row["key"])
    assert [(each["line"], each["text"]) for each in found] == [(2, "x"), (3, "")]
    with pytest.raises(Invalid):
        await uploads.choose_phone_column(runtime.db, owner, row["key"], "No such")
    with pytest.raises(Invalid):
        await uploads.choose_phone_column(runtime.db, owner, row["key"], "Ref", "XX")


async def test_lines_that_cannot_be_used_can_be_taken_home(runtime: Runtime, owner: Actor) -> None:
    row = await upload(runtime, owner, "Phone,Name\n=1+1,Ada\n+4915112345671,Bob\n")
    file = await uploads.problem_file(runtime.db, owner, row["key"])
    text = "".join([part async for part in file["lines"]])
    assert file["name"] == "fair - problems.csv"
    assert text.splitlines()[0].endswith("Problem,Phone,Name")
    assert text.splitlines()[1].startswith("Row 2: ")
    assert "'=1+1,Ada" in text
    assert "Bob" not in text


async def test_a_file_without_numbers_asks_for_the_column(runtime: Runtime, owner: Actor) -> None:
    row = await upload(runtime, owner, "Name,City\nAda,Köln\nBob,Bonn\n")
    assert (row["phone_column"], row["usable"], row["bad_rows"]) == ("", 0, 0)


async def test_who_does_not_see_everybody_cannot_try_numbers_out(runtime: Runtime, owner: Actor) -> None:
    for narrow in (replace(owner, hide_phone=True), replace(owner, visibility=Visibility.OWN)):
        with pytest.raises(OnlyWithFullSight):
            await upload(runtime, narrow)


async def test_a_file_that_a_campaign_uses_stays_and_a_forgotten_one_goes(
    runtime: Runtime, owner: Actor, channel_id: int
) -> None:
    used, unused = await upload(runtime, owner), await upload(runtime, owner)
    campaign_id = await make_campaign(runtime, owner, channel_id, uploads=[used["key"]])
    with pytest.raises(Conflict, match="Spring"):
        async with runtime.db.write() as session:
            await uploads.forget(session, owner, used["key"])
    long_ago = utcnow().replace(year=utcnow().year - 1)
    async with runtime.db.write() as session:
        await session.exec(sa.update(CampaignUpload).values(created_at=long_ago))
    await uploads.clean_up(runtime.db)
    async with runtime.db.read() as session:
        kept = await uploads.rows(session, owner, [unused["key"], used["key"]])
    assert [each["key"] for each in kept] == [used["key"]]
    assert await lines(runtime, unused["id"]) == []
    await choose(runtime, owner, campaign_id, everyone=True)
    async with runtime.db.write() as session:
        assert await uploads.forget(session, owner, used["key"]) == "fair.csv"


async def test_numbers_of_a_file_are_people_and_those_that_are_contacts_count_once(
    runtime: Runtime, owner: Actor
) -> None:
    ada = await make_person(runtime, "Ada", "+4915112345671")
    row = await upload(runtime, owner, "Phone\n+4915112345671\n+4915112345672\n+4915112345673\n")
    other = await upload(runtime, owner, "Phone\n+4915112345673\n")
    chosen = wanted(uploads=[row["key"], other["key"]], contacts=[ada])
    async with runtime.db.read() as session:
        found = await audience.summary(session, owner, chosen)
    assert (found["people"], found["sendable"], found["new"]) == (3, 3, 2)
    assert [each["id"] for each in found["sample"]] == [ada, 0, 0]


@pytest.mark.parametrize("name", ["../../etc/passwd", "a" * 400, "", "\x00"])
async def test_any_name_of_a_file_can_be_stored(runtime: Runtime, owner: Actor, name: str) -> None:
    row = await upload(runtime, owner, name=name)
    assert len(row["filename"]) <= 255
    assert "/" not in row["filename"]


async def test_a_workbook_is_read_as_well(runtime: Runtime, owner: Actor, tmp_path: Path) -> None:
    import openpyxl

    book: Any = openpyxl.Workbook()
    book.active.append(["WhatsApp", "Code"])
    book.active.append(["+4915112345671", "A-1"])
    book.save(tmp_path / "book.xlsx")
    row = await upload(runtime, owner, (tmp_path / "book.xlsx").read_bytes(), name="book.xlsx")
    assert (row["phone_column"], row["usable"]) == ("WhatsApp", 1)
    assert (await lines(runtime, row["id"]))[0].cells["Code"] == "A-1"


async def test_two_columns_of_one_name_are_told_apart() -> None:
    from wapto_app.services.campaigns.upload_files import unique

    assert unique(["Name", "Name", "City", "Name"]) == ["Name", "Name (2)", "City", "Name (3)"]
