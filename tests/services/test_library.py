"""The media library: what it takes, how it is found, and whose bytes may go."""

from __future__ import annotations

import asyncio
import errno
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from sqlmodel import select

from tests.services.library import added, done, files_of, names, noise, photo, put, query
from tests.services.plans import limited
from tests.services.test_inbox import plans, scans
from wapto_app.clock import utcnow
from wapto_app.models import LibraryFile, MediaFile, Message, MessageStatus, QuickReply
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import inbox, library, media, retention
from wapto_app.services.errors import Conflict, Forbidden, Invalid, LimitReached, NotFound
from wapto_app.services.library import EVERYWHERE, TOP
from wapto_app.services.media.sniff import CanShrink

PDF = b"%PDF-1.7\n%abc\n"


async def attach(runtime: Runtime, actor: Actor, *keys: str) -> list[str]:
    found: list[str] = await done(runtime, library.attach, actor, keys)
    return found


async def bytes_used(runtime: Runtime, actor: Actor) -> int:
    async with runtime.db.read() as session:
        return (await library.storage(session, actor))["used"]


async def path_of(runtime: Runtime, actor: Actor, key: str) -> Path:
    async with runtime.db.read() as session:
        return (await library.stored(session, actor, runtime.settings.media_dir, key)).path


async def message_path(runtime: Runtime, actor: Actor, key: str) -> Path:
    async with runtime.db.read() as session:
        return (await media.stored_file(session, actor, runtime.settings.media_dir, key)).path


# --- what comes in


async def test_a_photo_gets_a_preview_and_is_found(runtime: Runtime, owner: Actor) -> None:
    row = await added(runtime, owner, photo(600, 400), "../Harbour View.jpg")
    assert (row["name"], row["kind"], row["width"], row["height"]) == ("Harbour View.jpg", "image", 600, 400)
    assert row["has_thumbnail"]
    assert row["uploader"] == owner.name
    assert (await path_of(runtime, owner, row["key"])).read_bytes() == photo(600, 400)
    async with runtime.db.read() as session:
        preview = await library.stored(session, owner, runtime.settings.media_dir, row["key"], thumbnail=True)
    assert preview.path.read_bytes()[8:12] == b"WEBP"
    assert await names(runtime, owner, text="VIEW harb") == ["Harbour View.jpg"]
    assert await names(runtime, owner, text="100%") == []


async def test_the_same_file_is_kept_once_and_shown(runtime: Runtime, owner: Actor) -> None:
    first = await put(runtime, owner, photo(), "one.jpg")
    second = await put(runtime, owner, photo(), "two.jpg")
    assert (first["existing"], second["existing"]) == (False, True)
    assert second["file"]["name"] == "one.jpg"
    assert len(files_of(runtime)) == 2  # the photo and its preview


async def test_uploading_it_again_mends_what_is_gone_from_the_disk(runtime: Runtime, owner: Actor) -> None:
    row = await added(runtime, owner, photo())
    path = await path_of(runtime, owner, row["key"])
    path.unlink()
    assert (await put(runtime, owner, photo()))["existing"]
    assert path.read_bytes() == photo()


async def test_two_who_upload_the_same_at_once_get_one_file(runtime: Runtime, owner: Actor) -> None:
    kept = await asyncio.gather(*(put(runtime, owner, PDF, f"{n}.pdf") for n in range(4)))
    assert sorted(each["existing"] for each in kept) == [False, True, True, True]
    assert len({each["file"]["key"] for each in kept}) == 1
    assert len(files_of(runtime)) == 1


async def test_a_photo_over_the_limit_is_offered_to_be_made_smaller(runtime: Runtime, owner: Actor) -> None:
    with pytest.raises(CanShrink, match="at most 5 MB"):
        await put(runtime, owner, noise(1500), "big.png")
    assert files_of(runtime) == []
    row = await added(runtime, owner, noise(1500), "big.png", shrink=True)
    assert (row["name"], row["mime_type"]) == ("big.jpg", "image/jpeg")
    assert row["size"] < 5 * 2**20 < row["original_size"] == len(noise(1500))


async def test_the_switch_makes_pictures_smaller_and_only_if_that_gains(
    runtime: Runtime, owner: Actor
) -> None:
    await done(runtime, library.set_shrinks, owner, on=True)
    small = photo(300, 200, quality=20)
    kept = await added(runtime, owner, small, "small.jpg")
    assert kept["size"] == kept["original_size"] == len(small)
    made = await added(runtime, owner, photo(3000, 2000, quality=98), "large.jpg")
    assert made["width"] == 2048
    assert made["size"] < made["original_size"]
    assert (await added(runtime, owner, PDF, "a.pdf"))["size"] == len(PDF)
    again = await put(runtime, owner, photo(3000, 2000, quality=98), "again.jpg")
    assert again["existing"]


async def test_what_is_refused_leaves_nothing(runtime: Runtime, owner: Actor, admin: Actor) -> None:
    for content, name in ((b"", "a.txt"), (b"\xff\xd8\xff broken", "a.jpg")):
        with pytest.raises(Invalid):
            await put(runtime, owner, content, name)
    with pytest.raises(NotFound):
        await put(runtime, owner, photo(), folder_id=999)
    await limited(runtime.db, admin, media_mb=1)
    await added(runtime, owner, photo(), "fits.jpg")
    with pytest.raises(LimitReached, match="1 MB of media"):
        await put(runtime, owner, photo(seed=2), "too-much.jpg")
    assert len(files_of(runtime)) == 2
    assert await names(runtime, owner) == ["fits.jpg"]


async def test_a_full_disk_is_an_error_and_leaves_nothing(
    runtime: Runtime, owner: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.replace

    def full(self: Path, target: Path) -> Path:
        if "incoming" in str(self):
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(self, target)

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        await put(runtime, owner, photo())
    assert files_of(runtime) == []
    assert await names(runtime, owner) == []


# --- finding


async def test_sorting_and_filters(runtime: Runtime, owner: Actor) -> None:
    with time_machine.travel(utcnow(), tick=False) as clock:
        for content, name in ((photo(), "beach.jpg"), (PDF, "Äpfel.pdf"), (photo(900, 900), "Cellar.jpg")):
            await added(runtime, owner, content, name)
            clock.shift(1)
    assert await names(runtime, owner) == ["Cellar.jpg", "Äpfel.pdf", "beach.jpg"]
    assert await names(runtime, owner, sort="created") == ["beach.jpg", "Äpfel.pdf", "Cellar.jpg"]
    assert await names(runtime, owner, sort="name") == ["Äpfel.pdf", "beach.jpg", "Cellar.jpg"]
    assert (await names(runtime, owner, sort="-size"))[0] == "Cellar.jpg"
    assert await names(runtime, owner, sort="size", kind="document") == ["Äpfel.pdf"]
    assert await names(runtime, owner, sort="; drop table", text="apfel") == ["Äpfel.pdf"]


@pytest.mark.parametrize("sort", library.SORTS)
async def test_pages_by_key_leave_nothing_out_and_show_nothing_twice(
    runtime: Runtime, owner: Actor, sort: str
) -> None:
    at = utcnow()
    async with runtime.db.write() as session:
        for n in range(23):
            session.add(file_row(n, created_at=at + timedelta(seconds=n // 3), size=n // 4))
    seen, after = [], None
    while True:
        async with runtime.db.read() as session:
            page = await library.listing(session, owner, query(sort=sort), after=after, limit=5)
        seen += [row["key"] for row in page.rows]
        after = page.end
        if after is None:
            break
    assert len(seen) == len(set(seen)) == 23


def file_row(n: int, **values: Any) -> LibraryFile:
    name = f"file {n % 7}"
    base = {
        "key": f"{n:032x}",
        "name": name,
        "search": name,
        "kind": "document",
        "mime_type": "application/pdf",
        "size": 1,
        "original_size": 1,
        "sha256": f"{n:064x}",
        "path": f"aa/{n:032x}",
    }
    return LibraryFile(**{**base, **values})


async def test_a_page_is_found_by_an_index(runtime: Runtime, owner: Actor) -> None:
    async with runtime.db.write() as session:
        session.add_all([file_row(n) for n in range(300)])
    for sort in library.SORTS:
        with plans(runtime.db.engine.sync_engine) as found:
            async with runtime.db.read() as session:
                page = await library.listing(session, owner, query(sort=sort))
                await library.listing(session, owner, query(sort=sort), after=page.end)
        assert all(scans(plan) == [] and "TEMP B-TREE" not in plan for plan in found), (sort, found)


async def test_words_find_files(runtime: Runtime, owner: Actor) -> None:
    one, two = await added(runtime, owner, photo(), "a.jpg"), await added(runtime, owner, PDF, "b.pdf")
    keys = [one["key"], two["key"]]
    assert await done(runtime, library.set_words, owner, keys, add=["Brochure", " brochure ", ""]) == 2
    await done(runtime, library.set_words, owner, [two["key"]], add=["2026"], remove=["brochure"])
    assert await names(runtime, owner, word="brochure") == ["a.jpg"]
    assert await names(runtime, owner, text="brochure a") == ["a.jpg"]
    assert await names(runtime, owner, text="2026") == ["b.pdf"]
    async with runtime.db.read() as session:
        assert set(await library.all_words(session, owner)) == {"brochure", "2026"}
    with pytest.raises(Invalid, match="at most 20 words"):
        await done(runtime, library.set_words, owner, keys, add=[str(n) for n in range(21)])
    with pytest.raises(Invalid, match="at most 50"):
        await done(runtime, library.set_words, owner, keys, add=["x" * 51])


async def test_a_new_name_keeps_the_ending(runtime: Runtime, owner: Actor) -> None:
    row = await added(runtime, owner, PDF, "a.pdf")
    assert await done(runtime, library.rename, owner, row["key"], "Price/List 2026") == "List 2026.pdf"
    assert await names(runtime, owner, text="list") == ["List 2026.pdf"]
    with pytest.raises(Invalid):
        await done(runtime, library.rename, owner, row["key"], " ‮. ")
    with pytest.raises(NotFound):
        await done(runtime, library.rename, owner, "0" * 32, "x")


# --- folders


async def test_folders_form_a_tree(runtime: Runtime, owner: Actor) -> None:
    flats = await done(runtime, library.create_folder, owner, " Flats ")
    north = await done(runtime, library.create_folder, owner, "North", flats)
    await done(runtime, library.create_folder, owner, "Archive")
    row = await added(runtime, owner, photo(), folder_id=north)
    async with runtime.db.read() as session:
        shown = await library.folders(session, owner)
    assert [(each["name"], each["depth"], each["files"]) for each in shown] == [
        ("Archive", 0, 0),
        ("Flats", 0, 0),
        ("North", 1, 1),
    ]
    assert await names(runtime, owner, folder_id=north) == ["view.jpg"]
    assert await names(runtime, owner, folder_id=TOP) == []
    assert await done(runtime, library.move, owner, [row["key"]], TOP) == 1
    assert await names(runtime, owner, folder_id=TOP) == ["view.jpg"]


async def test_two_folders_of_one_name_do_not_stand_side_by_side(runtime: Runtime, owner: Actor) -> None:
    flats = await done(runtime, library.create_folder, owner, "Flats")
    other = await done(runtime, library.create_folder, owner, "Other")
    with pytest.raises(Invalid, match="already"):
        await done(runtime, library.create_folder, owner, "FLATS")
    inner = await done(runtime, library.create_folder, owner, "Flats", flats)
    with pytest.raises(Invalid, match="already"):
        await done(runtime, library.move_folder, owner, inner, TOP)
    with pytest.raises(Invalid, match="already"):
        await done(runtime, library.rename_folder, owner, other, "flats")
    assert await done(runtime, library.rename_folder, owner, flats, "FLATS") == "FLATS"
    made = await asyncio.gather(
        *(done(runtime, library.create_folder, owner, "New") for _ in range(3)), return_exceptions=True
    )
    assert sum(isinstance(each, int) for each in made) == 1


async def test_a_folder_is_never_moved_into_itself(runtime: Runtime, owner: Actor) -> None:
    chain = [TOP]
    for n in range(6):
        chain.append(await done(runtime, library.create_folder, owner, f"F{n}", chain[-1]))
    with pytest.raises(Invalid, match="deep"):
        await done(runtime, library.create_folder, owner, "too deep", chain[-1])
    for target in chain[1:]:
        with pytest.raises(Invalid, match="into itself"):
            await done(runtime, library.move_folder, owner, chain[1], target)
    apart = await done(runtime, library.create_folder, owner, "apart")
    with pytest.raises(Invalid, match="deep"):
        await done(runtime, library.move_folder, owner, chain[1], apart)
    with pytest.raises(NotFound):
        await done(runtime, library.move_folder, owner, chain[1], 999)


async def test_a_folder_goes_with_its_contents(runtime: Runtime, owner: Actor) -> None:
    outer = await done(runtime, library.create_folder, owner, "Outer")
    inner = await done(runtime, library.create_folder, owner, "Inner", outer)
    await added(runtime, owner, photo(), folder_id=inner)
    await added(runtime, owner, PDF, "a.pdf", folder_id=outer)
    kept = await added(runtime, owner, photo(seed=3), "kept.jpg")
    async with runtime.db.read() as session:
        contents = await library.contents(session, owner, outer)
    assert contents == {"name": "Outer", "files": 2, "folders": 1}
    assert await library.delete_folder(runtime.db, owner, runtime.settings.media_dir, outer) == 2
    async with runtime.db.read() as session:
        assert await library.folders(session, owner) == []
    assert await names(runtime, owner, folder_id=EVERYWHERE) == [kept["name"]]
    assert len(files_of(runtime)) == 2
    with pytest.raises(NotFound):
        await library.delete_folder(runtime.db, owner, runtime.settings.media_dir, outer)


# --- into messages, and whose bytes may go


def outgoing(key: str) -> inbox.OutgoingFile:
    return {"key": key, "caption": "", "voice": False}


async def test_an_attached_file_shares_its_bytes_and_outlives_the_library(
    runtime: Runtime, owner: Actor, conversation_id: int
) -> None:
    row = await added(runtime, owner, photo())
    before = await bytes_used(runtime, owner)
    first, second = await attach(runtime, owner, row["key"], row["key"])
    await done(runtime, inbox.send, owner, conversation_id, text="", files=[outgoing(first)], reply_to=0)
    assert await bytes_used(runtime, owner) == before == len(photo())
    async with runtime.db.read() as session:
        usage = await library.used_in(session, owner, [row["key"]])
    assert usage["messages"] == 1
    assert [each["id"] for each in usage["conversations"]] == [conversation_id]
    assert await library.delete(runtime.db, owner, runtime.settings.media_dir, [row["key"]]) == 1
    assert [path.read_bytes() for path in files_of(runtime)] == [photo()]
    assert (await message_path(runtime, owner, first)).read_bytes() == photo()
    assert (await message_path(runtime, owner, second)).read_bytes() == photo()


async def test_what_nobody_sent_goes_with_its_preview(runtime: Runtime, owner: Actor) -> None:
    row = await added(runtime, owner, photo())
    assert len(files_of(runtime)) == 2
    assert await library.delete(runtime.db, owner, runtime.settings.media_dir, [row["key"], "f" * 32]) == 1
    assert files_of(runtime) == []
    with pytest.raises(NotFound):
        await attach(runtime, owner, row["key"])


async def test_retention_leaves_what_the_library_or_another_message_needs(
    runtime: Runtime, owner: Actor, conversation_id: int
) -> None:
    row = await added(runtime, owner, photo())
    old, young = await attach(runtime, owner, row["key"], row["key"])
    await done(
        runtime,
        inbox.send,
        owner,
        conversation_id,
        text="",
        files=[outgoing(old), outgoing(young)],
        reply_to=0,
    )
    async with runtime.db.write() as session:
        await session.exec(sa.update(Message).values(status=MessageStatus.SENT))
        ages = sa.update(MediaFile).where(MediaFile.key == old)  # type: ignore[arg-type]
        await session.exec(ages.values(created_at=utcnow() - timedelta(days=50)))
        await retention.save(session, owner_as_admin(owner), {**retention.DEFAULT, "media_days": 30})
    for kept in (2, 1):
        await retention.carry_out(runtime.db, runtime.settings.media_dir)
        assert len(files_of(runtime)) == kept
        with pytest.raises(NotFound):
            await message_path(runtime, owner, old)
        assert (await message_path(runtime, owner, young)).read_bytes() == photo()
        await library.delete(runtime.db, owner, runtime.settings.media_dir, [row["key"]])
    with time_machine.travel(utcnow() + timedelta(days=60)):
        await retention.carry_out(runtime.db, runtime.settings.media_dir)
    assert files_of(runtime) == []


def owner_as_admin(owner: Actor) -> Actor:
    return replace(owner, permissions=owner.permissions | {Permission.ADMIN})


async def test_two_who_let_go_of_the_last_rows_at_once_leave_nothing(
    runtime: Runtime, owner: Actor, conversation_id: int
) -> None:
    row = await added(runtime, owner, PDF, "a.pdf")
    (key,) = await attach(runtime, owner, row["key"])
    await done(runtime, inbox.send, owner, conversation_id, text="", files=[outgoing(key)], reply_to=0)
    async with runtime.db.write() as session:
        await session.exec(sa.update(Message).values(status=MessageStatus.SENT))
        await session.exec(sa.update(MediaFile).values(created_at=utcnow() - timedelta(days=50)))
        await retention.save(session, owner_as_admin(owner), {**retention.DEFAULT, "media_days": 30})
    await asyncio.gather(
        retention.carry_out(runtime.db, runtime.settings.media_dir),
        library.delete(runtime.db, owner, runtime.settings.media_dir, [row["key"]]),
    )
    assert files_of(runtime) == []


async def test_attaching_while_it_is_deleted_never_names_bytes_that_are_gone(
    runtime: Runtime, owner: Actor
) -> None:
    for seed in range(5):
        row = await added(runtime, owner, photo(seed=seed))
        attached, _deleted = await asyncio.gather(
            attach(runtime, owner, row["key"]),
            library.delete(runtime.db, owner, runtime.settings.media_dir, [row["key"]]),
            return_exceptions=True,
        )
        if isinstance(attached, list):
            assert (await message_path(runtime, owner, attached[0])).is_file()
        else:
            assert isinstance(attached, NotFound)


async def test_a_quick_reply_says_that_it_would_lose_its_file(
    runtime: Runtime, owner: Actor, agent: Actor
) -> None:
    row = await added(runtime, owner, photo())
    async with runtime.db.write() as session:
        session.add(QuickReply(shortcut="price", library_file_id=row["id"]))
        session.add(QuickReply(shortcut="mine", owner_id=agent.account_id, library_file_id=row["id"]))
    async with runtime.db.read() as session:
        usage = await library.used_in(session, owner, [row["key"]])
        assert (await library.by_ids(session, agent, [row["id"], 999]))[row["id"]]["key"] == row["key"]
    assert (usage["quick_replies"], usage["others_replies"]) == (["price"], 1)
    await library.delete(runtime.db, owner, runtime.settings.media_dir, [row["key"]])
    async with runtime.db.read() as session:
        assert set(await session.exec(select(QuickReply.library_file_id))) == {None}


# --- smaller, and stickers


async def test_made_smaller_in_its_place_while_messages_keep_the_larger(
    runtime: Runtime, owner: Actor, conversation_id: int
) -> None:
    large = photo(2600, 1800, quality=97)
    row = await added(runtime, owner, large)
    (key,) = await attach(runtime, owner, row["key"])
    media_dir = runtime.settings.media_dir
    shown = await library.preview(runtime.db, owner, media_dir, row["key"])
    assert len(shown.content) < len(large)
    made = await library.make_smaller(runtime.db, owner, media_dir, row["key"])
    assert (made["size"], made["original_size"]) == (len(shown.content), len(large))
    assert (await path_of(runtime, owner, row["key"])).read_bytes() == shown.content
    assert (await message_path(runtime, owner, key)).read_bytes() == large
    assert len(files_of(runtime)) == 3  # both sizes, and one preview
    with pytest.raises(Conflict, match="as small as it can be"):
        await library.make_smaller(runtime.db, owner, media_dir, row["key"])
    assert len(files_of(runtime)) == 3


async def test_a_sticker_is_made_beside_its_picture(runtime: Runtime, owner: Actor) -> None:
    folder = await done(runtime, library.create_folder, owner, "Flats")
    row = await added(runtime, owner, photo(900, 300), "dog.jpg", folder_id=folder)
    made = await library.make_sticker(runtime.db, owner, runtime.settings.media_dir, row["key"])
    file = made["file"]
    assert (file["name"], file["kind"], file["folder_id"]) == ("dog.webp", "sticker", folder)
    assert (file["width"], file["height"]) == (512, 512)
    assert file["size"] <= 100_000
    again = await library.make_sticker(runtime.db, owner, runtime.settings.media_dir, row["key"])
    assert again["existing"]
    document = await added(runtime, owner, PDF, "a.pdf")
    with pytest.raises(Invalid, match="Only pictures"):
        await library.make_sticker(runtime.db, owner, runtime.settings.media_dir, document["key"])


# --- who may


async def test_permissions(runtime: Runtime, owner: Actor, agent: Actor) -> None:
    row = await added(runtime, owner, photo())
    media_dir = runtime.settings.media_dir
    reader = replace(agent, permissions=frozenset({Permission.MEDIA_SEE, Permission.INBOX_SEE}))
    writer = replace(agent, permissions=frozenset({Permission.INBOX_DO, Permission.INBOX_SEE}))
    assert await names(runtime, reader) == ["view.jpg"]
    for refused in (
        lambda: names(runtime, writer),
        lambda: path_of(runtime, writer, row["key"]),
        lambda: put(runtime, reader, PDF, "a.pdf"),
        lambda: library.delete(runtime.db, reader, media_dir, [row["key"]]),
        lambda: library.make_smaller(runtime.db, reader, media_dir, row["key"]),
        lambda: done(runtime, library.set_shrinks, reader, on=True),
        lambda: attach(runtime, reader, row["key"]),
    ):
        with pytest.raises(Forbidden):
            await refused()
    # What a quick reply brings along, whoever may write may send.
    assert len(await attach(runtime, writer, row["key"])) == 1


async def test_numbers_in_names_are_hidden_and_survive_a_rename(
    runtime: Runtime, owner: Actor, agent: Actor
) -> None:
    row = await added(runtime, owner, PDF, "Contract +491701234567.pdf")
    see = frozenset({Permission.MEDIA_SEE, Permission.MEDIA_DO})
    shy = replace(agent, hide_phone=True, permissions=see)
    (shown,) = await names(runtime, shy)
    assert "4567" not in shown
    assert shown.endswith(".pdf")
    await done(runtime, library.rename, shy, row["key"], "New " + shown)
    assert await names(runtime, owner) == ["New Contract +491701234567.pdf"]


@pytest.mark.parametrize("key", ["", "../../secret.key", "A" * 32, "0" * 32, "\x00"])
async def test_an_unknown_key_is_not_found(runtime: Runtime, owner: Actor, key: str) -> None:
    with pytest.raises(NotFound):
        await path_of(runtime, owner, key)
