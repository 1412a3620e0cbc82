"""The media library in open tabs: what is listed, chosen and deleted, by whom."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from state.base import Feedback
from state.inbox.files import MessageFiles
from state.library import LibraryDeeds, LibraryDetail, MediaLibrary
from state.library_picker import LibraryPicker
from tests.pipeline.conftest import OpenTab
from tests.pipeline.harness import Tab
from tests.services.library import added, done, photo
from tests.services.test_library import PDF, file_row
from wapto_app.runtime import Runtime
from wapto_app.security import cookies
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import library
from wapto_app.services.errors import DomainError


def form(**values: str) -> dict[str, object]:
    return {"form": {"__reflex_form_data__": [[name, value] for name, value in values.items()]}}


def notices(tab: Tab) -> list[str]:
    return [notice["text"] for notice in tab.vars(Feedback).get("notices", [])]


def names(tab: Tab, state: Any = MediaLibrary) -> list[str]:
    return [row["name"] for row in tab.vars(state)["rows"]]


async def submit(tab: Tab, state: Any, handler: str, **values: str) -> None:
    await tab.raw(f"{state.get_full_name()}.{handler}", form(**values))


async def attempt(tab: Tab, *events: Any) -> None:
    """Fire what is refused: the refusal must reach the tab, not us."""
    with suppress(DomainError):
        await tab.send(*events)


@pytest.fixture
async def page(open_tab: OpenTab, owner: Actor) -> Tab:
    tab = await open_tab(owner, "/media-library")
    await tab.send(MediaLibrary.load)
    return tab


async def test_the_list_is_live_and_narrowed_down(page: Tab, runtime: Runtime, owner: Actor) -> None:
    assert page.vars(MediaLibrary)["loaded"]
    assert names(page) == []
    row = await added(runtime, owner, photo(), "Beach.jpg")
    await added(runtime, owner, PDF, "Prices.pdf")
    await page.until(lambda: len(names(page)) == 2)
    await page.send(MediaLibrary.show_kind("document"))
    assert names(page) == ["Prices.pdf"]
    await page.send(MediaLibrary.show_kind("nonsense"), MediaLibrary.search("bea"))
    assert names(page) == ["Beach.jpg"]
    await done(runtime, library.set_words, owner, [row["key"]], add=["sea"])
    await page.send(MediaLibrary.clear, MediaLibrary.show_word("sea"))
    assert names(page) == ["Beach.jpg"]
    await page.until(lambda: page.vars(MediaLibrary)["words"] == ["sea"])
    await page.send(MediaLibrary.show_word(""), MediaLibrary.sort_by("name"))
    assert names(page) == ["Beach.jpg", "Prices.pdf"]
    assert page.vars(MediaLibrary)["storage"]["used"] == row["size"] + len(PDF)


async def test_pages_go_forth_and_back(page: Tab, runtime: Runtime) -> None:
    async with runtime.db.write() as session:
        session.add_all([file_row(n, name=f"{n:03}", search=f"{n:03}") for n in range(library.PAGE * 2 + 3)])
    await page.send(MediaLibrary.sort_by("name"))
    first = names(page)
    await page.send(MediaLibrary.next_page)
    second = names(page)
    await page.send(MediaLibrary.next_page)
    assert len(names(page)) == 3
    assert not page.vars(MediaLibrary)["has_next"]
    await page.send(MediaLibrary.next_page, MediaLibrary.previous_page)
    assert names(page) == second
    await page.send(MediaLibrary.previous_page)
    assert names(page) == first
    assert not page.vars(MediaLibrary)["has_previous"]


async def test_chosen_files_are_moved_given_words_and_deleted(
    page: Tab, runtime: Runtime, owner: Actor
) -> None:
    keys = [(await added(runtime, owner, photo(seed=n), f"{n}.jpg"))["key"] for n in range(3)]
    await page.send(LibraryDeeds.ask_folder("folder", 0, ""))
    await submit(page, LibraryDeeds, "save_folder", name=" Flats ")
    assert notices(page)[-1] == "The folder “Flats” is saved."
    assert page.vars(LibraryDeeds)["what"] == ""
    await page.until(lambda: len(page.vars(MediaLibrary)["folders"]) == 1)
    folder_id = page.vars(MediaLibrary)["folders"][0]["id"]
    await page.send(MediaLibrary.choose(keys[0]), MediaLibrary.choose(keys[1]), LibraryDeeds.ask("move", ""))
    assert page.vars(LibraryDeeds)["count"] == 2
    await submit(page, LibraryDeeds, "move", folder=str(folder_id))
    assert page.vars(MediaLibrary)["chosen"] == []
    await page.send(MediaLibrary.look_in(folder_id))
    assert sorted(names(page)) == ["0.jpg", "1.jpg"]
    await page.send(MediaLibrary.choose_all(True), LibraryDeeds.ask("words", ""))
    await submit(page, LibraryDeeds, "add_words", words="sea, flat")
    await page.until(lambda: page.vars(MediaLibrary)["words"] == ["flat", "sea"])
    await page.send(LibraryDetail.open(keys[0]), LibraryDeeds.ask("delete", keys[0]))
    assert page.vars(LibraryDeeds)["name"] == "0.jpg"
    await page.send(LibraryDeeds.delete)
    assert notices(page)[-1] == "Deleted: 1."
    assert page.vars(LibraryDetail)["file"]["key"] == ""
    await page.send(LibraryDeeds.ask_folder("remove", folder_id, "Flats"))
    assert page.vars(LibraryDeeds)["count"] == 1
    await page.send(LibraryDeeds.delete_folder)
    await page.until(lambda: names(page) == ["2.jpg"])
    assert page.vars(MediaLibrary)["folder_id"] == library.EVERYWHERE


async def test_a_folder_name_that_is_taken_stands_beside_its_field(page: Tab) -> None:
    for _ in range(2):
        await page.send(LibraryDeeds.ask_folder("folder", 0, ""))
        with suppress(DomainError):
            await submit(page, LibraryDeeds, "save_folder", name="Flats")
    await page.until(lambda: "name" in page.vars(Feedback)["errors"])
    assert "already" in page.vars(Feedback)["errors"]["name"]
    assert page.vars(LibraryDeeds)["what"] == "folder"


async def test_one_file_is_renamed_made_smaller_and_followed(
    page: Tab, runtime: Runtime, owner: Actor
) -> None:
    row = await added(runtime, owner, photo(900, 600, quality=98), "view.jpg")
    await page.send(LibraryDetail.open(row["key"]))
    await submit(page, LibraryDetail, "rename", name="Sea view")
    await page.until(lambda: page.vars(LibraryDetail)["file"]["name"] == "Sea view.jpg")
    await page.send(LibraryDetail.attempt("smaller"), LibraryDetail.keep)
    assert notices(page)[-1] == "“Sea view.jpg” is smaller now."
    await page.until(lambda: page.vars(LibraryDetail)["file"]["size"] < row["size"])
    await page.send(LibraryDetail.attempt("sticker"), LibraryDetail.keep)
    assert page.vars(LibraryDetail)["file"]["kind"] == "sticker"
    await library.delete(
        runtime.db, owner, runtime.settings.media_dir, [page.vars(LibraryDetail)["file"]["key"]]
    )
    await page.until(lambda: page.vars(LibraryDetail)["file"]["key"] == "")


async def test_the_picker_hands_over_what_was_chosen_in_order(
    page: Tab, runtime: Runtime, owner: Actor
) -> None:
    rows = [await added(runtime, owner, photo(seed=n), f"{n}.jpg") for n in range(3)]
    await added(runtime, owner, PDF, "a.pdf")
    await page.send(LibraryPicker.start("composer", "image"))
    assert page.vars(LibraryPicker)["opened"] == "composer"
    assert names(page, LibraryPicker) == ["2.jpg", "1.jpg", "0.jpg"]
    for row in (rows[2], rows[0], rows[2], rows[1]):
        await page.send(LibraryPicker.choose(row["key"], True))
    assert page.vars(LibraryPicker)["chosen"] == [rows[0]["key"], rows[1]["key"]]
    await page.send(LibraryPicker.choose(rows[2]["key"], False))
    assert page.vars(LibraryPicker)["chosen"] == [rows[2]["key"]]
    await page.send(LibraryPicker.show_kind(""), LibraryPicker.search("pdf"))
    assert names(page, LibraryPicker) == ["a.pdf"]
    await added(runtime, owner, PDF + b"more", "b.pdf")
    await page.until(lambda: names(page, LibraryPicker) == ["b.pdf", "a.pdf"])
    await page.send(LibraryPicker.close)
    assert page.vars(LibraryPicker)["rows"] == []


async def test_a_reader_changes_nothing_and_a_stranger_sees_nothing(
    open_tab: OpenTab, runtime: Runtime, owner: Actor, agent: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = await added(runtime, owner, photo(), "view.jpg")
    tab = await open_tab(agent, "/media-library")
    reader = replace(agent, permissions=frozenset({Permission.SIGNED_IN, Permission.MEDIA_SEE}))

    async def reading(_cookie: str) -> Actor:
        return reader

    monkeypatch.setattr(cookies, "actor_of", reading)
    await tab.send(MediaLibrary.load, LibraryDetail.open(row["key"]))
    assert names(tab) == ["view.jpg"]
    for event in (
        LibraryDeeds.ask("delete", row["key"]),
        LibraryDeeds.delete,
        LibraryDeeds.delete_folder,
        LibraryDetail.keep,
        MediaLibrary.set_shrinks(True),
        MessageFiles.fetch_again("a" * 32),
    ):
        await attempt(tab, event)
    async with runtime.db.read() as session:
        assert not await library.shrinks(session)
        assert (await library.get(session, owner, row["key"]))["name"] == "view.jpg"
    monkeypatch.undo()
    stranger = await open_tab(None, "/media-library")
    await attempt(stranger, MediaLibrary.load, LibraryPicker.start("composer", ""))
    assert stranger.vars(MediaLibrary).get("rows", []) == []
    assert stranger.vars(LibraryPicker).get("rows", []) == []
