"""Quick replies, business hours and the switch of undo in a browser, at the desk and on a phone."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.e2e import access
from tests.e2e.access import set_up
from tests.e2e.conftest import PHONE, NewPage, Server, started


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with started(tmp_path_factory.mktemp("writing") / "data") as running:
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


def _write_a_reply(page: Page) -> None:
    page.goto("/quick-replies")
    expect(page.get_by_text("No quick replies yet")).to_be_visible()
    page.keyboard.press("n")
    dialog = page.get_by_role("dialog", name="New quick reply")
    dialog.get_by_label("Shortcut").fill("/Hours")
    text = dialog.get_by_label("Text", exact=True)
    text.fill("Hi , see you at {{time}}!")
    text.evaluate("box => box.setSelectionRange(3, 3)")
    dialog.get_by_role("button", name="Put in first_name").click()
    expect(text).to_have_value("Hi {{first_name}}, see you at {{time}}!")
    expect(dialog.get_by_text("Hi Maya, see you at [time]!")).to_be_visible()
    expect(dialog.get_by_text("Asked for when you use it: time")).to_be_visible()
    dialog.get_by_label("Who has it").select_option(label="Everybody")
    is_accessible(page)
    dialog.get_by_role("button", name="Save quick reply").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name="/hours", exact=True)).to_be_visible()


def _copy_and_delete(page: Page) -> None:
    page.get_by_role("button", name="Actions for /hours").click()
    page.get_by_role("menuitem", name="Copy for me").click()
    dialog = page.get_by_role("dialog", name="Edit quick reply")
    expect(dialog.get_by_label("Who has it")).to_have_value("mine")
    dialog.get_by_label("Who has it").select_option(label="Everybody")
    dialog.get_by_role("button", name="Save quick reply").click()
    expect(dialog.get_by_text("There is /hours already. Choose another word.")).to_be_visible()
    dialog.get_by_label("Shortcut").fill("open")
    dialog.get_by_role("button", name="Save quick reply").click()
    expect(dialog).to_be_hidden()
    page.get_by_role("searchbox", name="Find a quick reply").fill("ope")
    expect(page.get_by_role("button", name="/hours", exact=True)).to_be_hidden()
    page.get_by_role("button", name="Actions for /open").click()
    page.get_by_role("menuitem", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete quick reply").click()
    expect(page.get_by_text("Nothing found")).to_be_visible()
    page.get_by_role("searchbox", name="Find a quick reply").fill("")
    expect(page.get_by_role("button", name="/hours", exact=True)).to_be_visible()
    is_accessible(page)


def _set_hours(page: Page) -> None:
    page.goto("/settings/hours")
    expect(page.get_by_text("Not set: you count as always open.")).to_be_visible()
    page.get_by_label("Use business hours").check()
    monday = page.get_by_role("group", name="Monday")
    monday.get_by_label("Monday, from").fill("08:30")
    monday.get_by_role("button", name="More hours on Monday").click()
    expect(monday.get_by_label("Monday, from")).to_have_count(2)
    monday.get_by_label("Monday, until").last.fill("16:00")
    page.get_by_role("button", name="Save business hours").click()
    expect(monday.get_by_role("alert")).to_have_text(re.compile("16:00 is not after 17:00"))
    monday.get_by_label("Monday, until").last.fill("20:00")
    monday.get_by_role("button", name="Copy to the working days after it").click()
    friday = page.get_by_role("group", name="Friday")
    expect(friday.get_by_label("Friday, until").last).to_have_value("20:00")
    page.get_by_role("button", name="Add a holiday").click()
    page.get_by_label("Date of the holiday").fill("2031-01-01")
    page.get_by_label("Name of the holiday").fill("New Year")
    page.get_by_role("button", name="Save business hours").click()
    expect(page.get_by_role("status").filter(has_text=re.compile("Open now|Closed now"))).to_be_visible()
    page.reload()
    expect(page.get_by_label("Name of the holiday")).to_have_value("New Year")
    expect(page.get_by_role("group", name="Friday").get_by_label("Friday, from").first).to_have_value("08:30")
    expect(page.get_by_role("group", name="Sunday").get_by_role("checkbox")).not_to_be_checked()
    is_accessible(page)


def _switch_undo(page: Page) -> None:
    page.goto("/profile")
    undo = page.get_by_role("switch", name="Undo send")
    expect(undo).to_be_checked()
    undo.uncheck()
    expect(page.get_by_role("region", name="Notices")).to_contain_text("Your messages leave at once.")
    page.reload()
    expect(page.get_by_role("switch", name="Undo send")).not_to_be_checked()


def test_what_helps_to_write(server: Server, new_page: NewPage) -> None:
    page = _owner(server, new_page)
    _write_a_reply(page)
    _copy_and_delete(page)
    _set_hours(page)
    _switch_undo(page)
    page.set_viewport_size(PHONE)
    for path, sign in (("/quick-replies", "/hours"), ("/settings/hours", "Add a holiday")):
        page.goto(path)
        expect(page.get_by_role("button", name=sign, exact=True)).to_be_visible()
        access.fits(page)
    page.goto("/quick-replies")
    page.get_by_role("button", name="/hours", exact=True).click()
    expect(page.get_by_role("dialog", name="Edit quick reply")).to_be_visible()
    access.fits(page)
