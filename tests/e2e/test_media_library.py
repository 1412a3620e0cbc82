"""The media library in a browser, and the files of a chat: looked at large, played, fetched again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from integrations.sandbox.samples import sample_voice
from tests.e2e.access import is_accessible
from tests.e2e.conftest import PHONE, NewPage, Server, started
from tests.e2e.review_rows import prepare
from tests.e2e.test_review import signed_in
from tests.services.library import noise, photo
from wapto_app.clock import utcnow
from wapto_app.db import make_sync_engine
from wapto_app.models import Direction, MediaFile, MediaState, Message, MessageStatus
from wapto_app.models.base import table_of

FIRST, SECOND, GONE, SOUND = ("1" * 32, "2" * 32, "3" * 32, "4" * 32)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data_dir = tmp_path_factory.mktemp("library") / "data"
    prepare(data_dir)
    fill_a_chat(data_dir)
    with started(data_dir) as running:
        yield running


def fill_a_chat(data_dir: Path) -> None:
    """Two pictures and a voice note in the first conversation, and a document that nobody has any more."""
    engine = make_sync_engine(f"sqlite:///{data_dir / 'wapto.sqlite3'}")
    with engine.begin() as connection:
        for key, kind in ((GONE, "document"), (SOUND, "audio"), (FIRST, "image"), (SECOND, "image")):
            _message(connection, data_dir, key, kind)
    engine.dispose()


def _message(connection: sa.Connection, data_dir: Path, key: str, kind: str) -> None:
    path = data_dir / "media" / key[:2] / key
    content = {"image": photo(900, 600, seed=int(key[0])), "audio": sample_voice()}.get(kind)
    if content is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    mime_type = {"image": "image/jpeg", "audio": "audio/ogg", "document": "application/pdf"}[kind]
    file = MediaFile(
        key=key,
        state=MediaState.STORED,
        mime_type=mime_type,
        filename=f"{kind}.file",
        path=f"{key[:2]}/{key}",
    )
    made = connection.execute(table_of(MediaFile).insert().values(**file.model_dump(exclude_none=True)))
    message = Message(
        conversation_id=1,
        channel_id=1,
        direction=Direction.INBOUND,
        status=MessageStatus.RECEIVED,
        type=kind,
        content={"kind": "media", "media_type": kind},
        media_id=made.inserted_primary_key[0] if made.inserted_primary_key else 0,
        at=utcnow(),
    )
    connection.execute(table_of(Message).insert().values(**message.model_dump(exclude_none=True)))


def file(name: str, content: bytes, mime_type: str = "image/jpeg") -> dict[str, Any]:
    return {"name": name, "mimeType": mime_type, "buffer": content}


def tile(page: Page, name: str) -> Any:
    return page.get_by_test_id("tile").filter(has_text=name)


def notice(page: Page, text: str) -> Any:
    return page.get_by_role("region", name="Notices").get_by_text(text).last


def test_files_come_in_are_put_in_order_and_leave(server: Server, new_page: NewPage) -> None:
    page = signed_in(new_page(server.url))
    page.get_by_role("link", name="Media library").click()
    expect(page.get_by_text("No files yet")).to_be_visible()
    is_accessible(page)
    _upload(page)
    _into_a_folder(page)
    _one_file(page)
    page.get_by_role("button", name="As a list").click()
    expect(page.get_by_role("rowheader")).to_have_count(2)
    is_accessible(page)


def _upload(page: Page) -> None:
    picture = photo(900, 600, quality=97)
    files = [
        file("view.jpg", picture),
        file("huge.png", noise(1400), "image/png"),
        file("a very long name of a price list, which nobody reads to its end.pdf", b"%PDF-1.7\n%abc\n"),
    ]
    page.get_by_test_id("library-files").set_input_files(files)
    expect(page.get_by_test_id("tile")).to_have_count(2)
    tray = page.get_by_test_id("uploads")
    expect(tray.get_by_role("alert")).to_contain_text("at most 5 MB")
    tray.get_by_role("button", name="Make it smaller").click()
    expect(tray.get_by_role("img", name="After")).to_be_visible(timeout=15_000)
    expect(page.get_by_test_id("tile")).to_have_count(3)
    page.get_by_test_id("library-files").set_input_files([file("again.jpg", picture)])
    expect(tray).to_contain_text("has this file already, as “view.jpg”")
    is_accessible(page)
    _drop(page, "dropped.txt", "Prices")
    expect(page.get_by_test_id("tile")).to_have_count(4)
    tray.get_by_role("button", name="Close").click()
    expect(tray).to_have_count(0)


def _drop(page: Page, name: str, text: str) -> None:
    """Drag a file over the page and let it go there."""
    carried = page.evaluate_handle(
        """([name, text]) => {
            const carried = new DataTransfer();
            carried.items.add(new File([text], name, { type: "text/plain" }));
            return carried;
        }""",
        [name, text],
    )
    target = page.get_by_role("list", name="Files")
    for step in ("dragenter", "dragover"):
        target.dispatch_event(step, {"dataTransfer": carried})
    expect(page.get_by_text("Drop the files to upload them")).to_be_visible()
    target.dispatch_event("drop", {"dataTransfer": carried})


def _into_a_folder(page: Page) -> None:
    page.get_by_role("button", name="New folder").first.click()
    page.get_by_label("Name", exact=True).fill("Flats")
    page.get_by_role("button", name="Create folder").click()
    expect(notice(page, "The folder “Flats” is saved.")).to_be_visible()
    for name in ("view.jpg", "huge.jpg"):
        tile(page, name).hover()
        page.get_by_label(f"Select {name}").check()
    page.get_by_role("button", name="Move", exact=True).click()
    expect(page.get_by_role("heading", name="Move 2 files")).to_be_visible()
    page.get_by_role("dialog").get_by_label("Folder").select_option(label="Flats")
    page.get_by_role("dialog").get_by_role("button", name="Move").click()
    expect(notice(page, "Moved: 2.")).to_be_visible()
    page.get_by_role("navigation", name="Folders").get_by_role("button", name=re.compile("^Flats")).click()
    expect(page.get_by_test_id("tile")).to_have_count(2)
    page.get_by_label("Search names and words").fill("huge")
    expect(page.get_by_test_id("tile")).to_have_count(1)


def _one_file(page: Page) -> None:
    tile(page, "huge.jpg").get_by_role("button").first.click()
    drawer = page.get_by_role("dialog")
    expect(drawer.get_by_text("1,400 × 1,400").or_(drawer.get_by_text("1400 × 1400"))).to_be_visible()
    expect(drawer.get_by_text("Nowhere yet.")).to_be_visible()
    drawer.get_by_label("Words").fill("Brochure")
    drawer.get_by_role("button", name="Add", exact=True).click()
    expect(drawer.get_by_role("button", name="Remove brochure")).to_be_visible()
    drawer.get_by_role("button", name="Make a sticker").click()
    page.get_by_role("button", name="Add the sticker").click()
    expect(notice(page, "The sticker “huge.webp” is in the library.")).to_be_visible()
    expect(drawer.get_by_role("heading", name="huge.webp")).to_be_visible()
    drawer.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete file").click()
    expect(notice(page, "Deleted: 1.")).to_be_visible()
    page.get_by_label("Search names and words").fill("")
    expect(page.get_by_test_id("tile")).to_have_count(2)
    folders = page.get_by_role("navigation", name="Folders")
    folders.get_by_role("button", name=re.compile("^Flats")).hover()
    folders.get_by_role("button", name="Actions for Flats").click()
    page.get_by_role("menuitem", name="Delete").click()
    dialog = page.get_by_role("dialog").filter(has_text="Delete the folder “Flats”?")
    expect(dialog).to_contain_text("2 files are deleted with it")
    dialog.get_by_role("button", name="Delete folder").click()
    expect(notice(page, "The folder “Flats” is deleted.")).to_be_visible()
    expect(page.get_by_test_id("tile")).to_have_count(2)


def test_files_of_a_chat_on_a_phone(server: Server, new_page: NewPage) -> None:
    page = signed_in(new_page(server.url, viewport=PHONE, has_touch=True))
    page.goto("/inbox/1")
    page.get_by_test_id("picture").first.click()
    lightbox = page.get_by_test_id("lightbox")
    expect(lightbox).to_contain_text("1 of 2")
    expect(lightbox.get_by_test_id("lightbox-picture")).to_have_attribute("src", f"/media/{FIRST}")
    is_accessible(page)
    page.keyboard.press("ArrowRight")
    expect(lightbox.get_by_test_id("lightbox-picture")).to_have_attribute("src", f"/media/{SECOND}")
    page.keyboard.press("+")
    expect(lightbox.get_by_test_id("lightbox-picture")).to_have_attribute(
        "style", re.compile(r"scale\(1.5\)")
    )
    page.keyboard.press("Escape")
    expect(lightbox).to_have_count(0)

    player = page.get_by_test_id("audio")
    expect(player).to_contain_text("0:02")
    player.get_by_role("button", name="Play").click()
    expect(player.get_by_role("button", name="Pause")).to_be_visible()

    page.get_by_role("link", name="document.file").click()
    missing = page.get_by_test_id("missing-file")
    expect(missing).to_contain_text("This file is missing on the server.")
    missing.get_by_role("button", name="Fetch again").click()
    expect(notice(page, "WhatsApp does not have this file.")).to_be_visible()
