"""Contacts in a browser: written down, found, changed, merged, tagged, exported and deleted, also on a phone."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.e2e import access
from tests.e2e.conftest import PHONE, NewPage, Server, started
from tests.e2e.review_rows import OWNER, PASSWORD, prepare
from tests.pipeline.rows import workspace
from wapto_app import demo_contacts
from wapto_app import runtime as process
from wapto_app.models import Contact
from wapto_app.settings import Settings


async def _fill(server: Server) -> None:
    """A conversation, the people of the demo, and enough others for a second page."""
    settings = Settings(_env_file=None, data_dir=server.data_dir)  # type: ignore[call-arg]
    async with process.running(settings) as running:
        work = await workspace(running)
        await work.conversation("Carla Customer")
        async with running.db.write() as session:
            await demo_contacts.write_down(session)
            session.add_all([Contact(name=f"Person {number:03}", company="Acme") for number in range(60)])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data_dir = tmp_path_factory.mktemp("contacts") / "data"
    prepare(data_dir, with_work=False)
    with started(data_dir) as running:
        # On a loop of its own: the browser of the tests has taken this thread's.
        filling = threading.Thread(target=lambda: asyncio.run(_fill(running)))
        filling.start()
        filling.join()
        yield running


@pytest.fixture
def page(server: Server, new_page: NewPage) -> Page:
    return signed_in(new_page(server.url))


def signed_in(page: Page) -> Page:
    page.goto("/login")
    page.get_by_label("E-mail").fill(OWNER)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(re.compile("/inbox"))
    page.goto("/contacts")
    expect(page.get_by_role("link", name="Amelia Fischer")).to_be_visible()
    return page


def told(page: Page, text: str) -> None:
    expect(page.get_by_role("region", name="Notices").get_by_text(text).last).to_be_visible()


def is_accessible(page: Page) -> None:
    page.mouse.move(1, 1)  # a tip is outside of the page's landmarks
    page.evaluate("document.activeElement.blur()")
    expect(page.get_by_role("tooltip")).to_have_count(0)
    access.is_accessible(page)


def test_from_a_new_contact_to_its_end(page: Page) -> None:
    is_accessible(page)
    page.keyboard.press("n")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Phone number").fill("12")
    dialog.locator("#name").fill("Zora Neale")
    dialog.get_by_role("button", name="Save contact").click()
    expect(dialog.get_by_text("This is no phone number.")).to_be_visible()
    dialog.get_by_label("Phone number").fill("(650) 555-7777")
    dialog.get_by_role("button", name="Save contact").click()
    expect(page.get_by_role("heading", name="Zora Neale")).to_be_visible()
    expect(page.get_by_text("+16505557777").first).to_be_visible()
    is_accessible(page)
    page.get_by_label("Company").fill("Eatonville")
    page.get_by_label("E-mail").fill("nobody")
    page.get_by_label("E-mail").evaluate("input => input.type = 'text'")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("This is not an e-mail address.")).to_be_visible()
    page.get_by_label("E-mail").fill("zora@example.com")
    page.get_by_role("button", name="Save", exact=True).click()
    told(page, "The contact is saved.")
    page.get_by_role("button", name="Tags", exact=True).click()
    page.get_by_role("option", name="VIP").click()
    page.keyboard.press("Escape")
    expect(page.get_by_text("Tagged “VIP”")).to_be_visible()
    page.get_by_label("Gets messages").click()
    told(page, "Nothing is sent to this contact any more.")
    expect(page.get_by_role("heading", name="Zora Neale")).to_contain_text("Opted out")
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name="Block in WhatsApp").click()
    expect(page.get_by_role("dialog")).to_contain_text("within the last 24 hours")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Start chat").click()
    page.wait_for_url(re.compile(r"/inbox/\d+"))
    page.go_back()
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name="Delete").click()
    expect(page.get_by_role("dialog")).to_contain_text("1 conversations")
    page.get_by_role("button", name="Delete for good").click()
    page.wait_for_url(re.compile(r"/contacts$"))
    told(page, "Zora Neale is deleted.")


def test_the_table_finds_sorts_pages_and_acts_on_many(page: Page) -> None:
    rows = page.get_by_role("row")
    expect(page.get_by_text(re.compile(r"1–50 of 7\d"))).to_be_visible()
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_text(re.compile(r"51–7\d of 7\d"))).to_be_visible()
    page.get_by_role("button", name="Previous").click()
    page.get_by_role("button", name="Company").click()
    expect(rows.nth(1)).to_contain_text("Acme")
    page.get_by_label("Search name, number, e-mail or company").fill("acme")
    expect(page.get_by_text("1–50 of 60")).to_be_visible()
    page.get_by_label("Select all rows of this page").check()
    page.get_by_role("button", name="Select all 60 that match").click()
    page.get_by_role("button", name="Tag", exact=True).click()
    page.get_by_role("option", name="VIP").click()
    told(page, "60 contacts tagged.")
    page.get_by_label("Search name, number, e-mail or company").fill("")
    page.get_by_role("button", name="Filters").click()
    panel = page.get_by_role("dialog")
    panel.get_by_label("Opt-in").select_option(label="Opted out")
    expect(panel.get_by_role("button", name="Show 1 contacts")).to_be_visible()
    is_accessible(page)
    panel.get_by_role("button", name="Show 1 contacts").click()
    expect(page).to_have_url(re.compile("opt=out"))
    expect(panel).to_have_count(0)
    page.get_by_role("button", name="Clear filters").click()
    expect(page.get_by_role("link", name="Farid Haddad")).to_have_count(0)
    page.go_back()
    expect(page.get_by_role("link", name="Farid Haddad")).to_be_visible()
    page.get_by_role("button", name="Columns").click()
    page.get_by_label("Language").check()
    page.keyboard.press("Escape")
    expect(page.get_by_role("columnheader", name="Language")).to_be_visible()
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="CSV, for everything").click()
    lines = download.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == 2
    assert lines[1].startswith("Farid Haddad,'+971501234506")


def test_on_a_phone_duplicates_are_merged(server: Server, new_page: NewPage) -> None:
    page = signed_in(new_page(server.url, viewport=PHONE))
    expect(page.get_by_text("+4915112345601").first).to_be_visible()
    access.fits(page)
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name="Find duplicates").click()
    expect(page.get_by_text("Same e-mail")).to_be_visible()
    page.get_by_role("button", name="Compare").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Goes into it")).to_be_visible()
    is_accessible(page)
    dialog.get_by_role("button", name="Merge contacts").click()
    expect(page.get_by_role("heading", name="Isabel Martín")).to_be_visible()
    expect(page.get_by_text("Merged with I. Martín")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    told(page, "They are two contacts again.")
    expect(page.get_by_text("Merged with I. Martín")).to_have_count(0)
    access.fits(page)
