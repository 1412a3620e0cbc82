"""Tags, custom fields and segments in a browser, at a desk and on a phone."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.e2e import access
from tests.e2e.access import set_up
from tests.e2e.conftest import PHONE, NewPage, Server, started
from tests.pipeline.rows import workspace
from wapto_app import runtime as process
from wapto_app.settings import Settings


async def _fill(server: Server) -> None:
    settings = Settings(_env_file=None, data_dir=server.data_dir)  # type: ignore[call-arg]
    async with process.running(settings) as running:
        work = await workspace(running)
        for name in ("Carla Customer", "Dina Driver"):
            await work.conversation(name)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with started(tmp_path_factory.mktemp("segments") / "data") as running:
        # On a loop of its own: the browser of the tests has taken this thread's.
        filling = threading.Thread(target=lambda: asyncio.run(_fill(running)))
        filling.start()
        filling.join()
        yield running


def is_accessible(page: Page) -> None:
    page.mouse.move(1, 1)  # a tip is outside of the page's landmarks
    page.evaluate("document.activeElement.blur()")
    expect(page.get_by_role("tooltip")).to_have_count(0)
    access.is_accessible(page)


def _owner(server: Server, new_page: NewPage) -> Page:
    page = new_page(server.url)
    set_up(page, server)
    return page


def test_tags_fields_and_segments(server: Server, new_page: NewPage) -> None:
    page = _owner(server, new_page)
    _tags(page)
    _fields(page)
    _segments(page)
    page.set_viewport_size(PHONE)
    for path, seen in (("/tags", "Leads"), ("/fields", "City"), ("/segments", "Called Carla")):
        page.goto(path)
        expect(page.get_by_role("main").get_by_text(seen, exact=True)).to_be_visible()
        access.fits(page)
        is_accessible(page)
    page.get_by_role("button", name="Actions for Called Carla").click()
    page.get_by_role("menuitem", name="Edit the rules").click()
    expect(page.get_by_text("1 contact fits")).to_be_visible()
    access.fits(page)


def _tags(page: Page) -> None:
    page.goto("/tags")
    expect(page.get_by_text("No tags yet")).to_be_visible()
    for name, colour in (("VIP", "Amber"), ("Lead", "Teal"), ("Leads", "Any colour")):
        page.get_by_role("button", name="New tag").first.click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Name").fill(name)
        dialog.get_by_role("radio", name=colour, exact=True).check()
        dialog.get_by_role("button", name="Save tag").click()
        expect(page.get_by_role("button", name=f"Edit {name}", exact=True)).to_be_visible()
    page.get_by_role("button", name="Edit Lead", exact=True).click()
    page.get_by_role("dialog").get_by_label("Name").fill("vip")
    page.get_by_role("button", name="Save tag").click()
    expect(page.get_by_text("There is a tag with this name already.")).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Actions for Lead", exact=True).click()
    page.get_by_role("menuitem", name="Merge into another").click()
    page.get_by_role("dialog").get_by_label("Merge into").select_option(label="Leads")
    page.get_by_role("button", name="Merge tags").click()
    expect(page.get_by_text("“Lead” is part of “Leads” now.").last).to_be_visible()
    expect(page.get_by_role("button", name="Edit Lead", exact=True)).to_have_count(0)
    is_accessible(page)


def _fields(page: Page) -> None:
    page.goto("/fields")
    expect(page.get_by_text("No custom fields yet")).to_be_visible()
    _new_field(page, "City")
    page.get_by_role("button", name="New field").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Label").fill("Wish")
    dialog.get_by_label("Kind").select_option(label="Choice")
    dialog.get_by_label("Choice 1").fill("Rent")
    dialog.get_by_label("Choice 1").press("Enter")
    expect(dialog.get_by_label("Choice 2")).to_be_focused()
    page.keyboard.type("Buy")
    dialog.get_by_role("button", name="Remove:", exact=True).click()
    dialog.get_by_role("button", name="Save field").click()
    expect(page.get_by_text("{{wish}}")).to_be_visible()
    handle = page.get_by_role("button", name="Move Wish: drag, or press an arrow key")
    handle.focus()
    page.keyboard.press("ArrowUp")
    labels = page.get_by_role("list", name="Custom fields").get_by_role("listitem")
    expect(labels.first).to_contain_text("Wish")
    expect(handle).to_be_focused()
    _drag(page, "City")
    expect(labels.first).to_contain_text("City")
    page.reload()
    expect(labels.first).to_contain_text("City")
    page.get_by_role("button", name="Wish", exact=True).click()
    expect(page.get_by_role("dialog").get_by_label("Choice 2")).to_have_value("Buy")
    page.get_by_role("button", name="Cancel").click()
    is_accessible(page)


def _new_field(page: Page, label: str) -> None:
    page.get_by_role("button", name="New field").first.click()
    page.get_by_role("dialog").get_by_label("Label").fill(label)
    page.get_by_role("button", name="Save field").click()
    expect(page.get_by_role("button", name=label, exact=True)).to_be_visible()


def _drag(page: Page, label: str) -> None:
    """By its handle to the top of the list."""
    handle = page.get_by_role("button", name=f"Move {label}: drag, or press an arrow key").bounding_box()
    top = page.get_by_role("list", name="Custom fields").bounding_box()
    assert handle
    assert top
    page.mouse.move(handle["x"] + 8, handle["y"] + 8)
    page.mouse.down()
    page.mouse.move(handle["x"] + 8, top["y"] + 4, steps=4)
    page.mouse.up()


def _segments(page: Page) -> None:
    page.goto("/segments")
    page.get_by_role("link", name="New segment").first.click()
    expect(page.get_by_text("Complete the rules to see who fits.")).to_be_visible()
    rules = page.get_by_role("group", name="A contact fits when")
    rules.get_by_label("Add to the rule").click()
    page.get_by_role("option", name="VIP").click()
    expect(page.get_by_text("0 contacts fit")).to_be_visible()
    rules.get_by_label("What the rule is about").select_option(label="Name")
    rules.get_by_label("How to compare").select_option(label="contains")
    rules.get_by_label("Value").fill("carla")
    expect(page.get_by_text("1 contact fits")).to_be_visible()
    expect(page.get_by_role("status", name="Who fits").get_by_text("Carla Customer")).to_be_visible()
    rules.get_by_role("button", name="Add a group").click()
    group = rules.get_by_role("group", name="A group that fits when")
    group.get_by_label("What the rule is about").select_option(label="City")
    group.get_by_label("How to compare").select_option(label="is empty")
    expect(page.get_by_text("1 contact fits")).to_be_visible()
    is_accessible(page)
    page.get_by_label("Name", exact=True).fill("Called Carla")
    page.get_by_role("button", name="Save segment").click()
    page.wait_for_url(re.compile("/segments$"))
    row = page.get_by_role("row").filter(has_text="Called Carla")
    expect(row).to_contain_text("Name contains carla and City is empty")
    expect(row.get_by_role("cell").first).to_have_text("1")
    expect(row.get_by_role("link")).to_have_attribute("href", re.compile(r"/contacts\?segment=\d+$"))
