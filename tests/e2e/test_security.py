"""The second factor, first passwords, tasks and the bell in a browser."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta

import pyotp
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.access import OWNER, PASSWORD, is_accessible, set_up, until
from tests.e2e.conftest import PHONE, NewPage, Server, started

NEW_PASSWORD = "brass kettle meadow"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with started(tmp_path_factory.mktemp("security") / "data") as running:
        yield running


def sign_in(page: Page, password: str = PASSWORD) -> None:
    page.goto("/login")
    page.get_by_label("E-mail").fill(OWNER)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()


def next_code(secret: str) -> str:
    """A code that was not used yet: of the next step if there was one of this."""
    return pyotp.TOTP(secret).at(datetime.now() + timedelta(seconds=30))


def test_second_factor_from_set_up_to_recovery(server: Server, new_page: NewPage) -> None:
    page = new_page(server.url)
    set_up(page, server)
    page.goto("/profile")
    is_accessible(page)
    page.get_by_role("link", name="Set up").click()
    page.get_by_label("Your password").fill("wrong password")
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_text("This is not your current password.")).to_be_visible()
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_role("img", name="QR code for your authenticator app")).to_be_visible()
    is_accessible(page)
    secret = page.locator("code").inner_text().replace(" ", "")
    page.get_by_label("Code").fill("000000")
    page.get_by_role("button", name="Switch on").click()
    expect(page.get_by_text("This code is not right.")).to_be_visible()
    page.get_by_label("Code").fill(pyotp.TOTP(secret).now())
    page.get_by_role("button", name="Switch on").click()
    codes = page.get_by_role("list", name="Your recovery codes").get_by_role("listitem")
    expect(codes).to_have_count(10)
    is_accessible(page)
    recovery = codes.first.inner_text()
    page.get_by_role("link", name="I have kept them safe").click()
    expect(page.get_by_text("10 recovery codes left")).to_be_visible()
    page.goto("/profile/two-factor")
    expect(page.get_by_text("Two-factor login is on.")).to_be_visible()
    assert recovery not in page.content()

    phone = new_page(server.url, viewport=PHONE, color_scheme="dark")
    phone.goto("/login?next=/tasks")
    sign_in_with_code(phone, "123456")
    expect(phone.get_by_text("This code is not right.")).to_be_visible()
    is_accessible(phone)
    phone.get_by_label("Code").fill(next_code(secret))
    phone.get_by_role("button", name="Sign in").click()
    phone.wait_for_url(re.compile("/inbox"))

    other = new_page(server.url)
    sign_in_with_code(other, recovery.upper())
    expect(other.get_by_text("You have 9 recovery codes left.")).to_be_visible()
    other.get_by_role("link", name="Go on").click()
    other.wait_for_url(re.compile("/inbox"))

    page.goto("/profile")
    page.get_by_role("button", name="Switch off").click()
    dialog = page.get_by_role("dialog", name="Switch two-factor login off?")
    dialog.get_by_label("Your password").fill(PASSWORD)
    dialog.get_by_role("button", name="Switch off").click()
    expect(page.get_by_role("link", name="Set up")).to_be_visible()


def sign_in_with_code(page: Page, code: str) -> None:
    sign_in(page)
    page.wait_for_url(re.compile("/login/code"))
    page.goto("/inbox")
    page.wait_for_url(re.compile("/login"))  # the password alone opens nothing
    sign_in(page)
    page.wait_for_url(re.compile("/login/code"))
    page.get_by_label("Code").fill(code)
    page.get_by_role("button", name="Sign in").click()


def rows(page: Page) -> Locator:
    return page.get_by_role("list", name="Tasks").get_by_role("listitem")


def test_a_task_by_keyboard_its_reminder_behind_the_bell_and_undo(server: Server, new_page: NewPage) -> None:
    page = new_page(server.url)
    sign_in(page)
    page.wait_for_url(re.compile("/inbox"))
    page.get_by_role("link", name="Tasks").click()
    expect(page.get_by_text("Nothing to do")).to_be_visible()
    page.keyboard.press("n")
    dialog = page.get_by_role("dialog", name="New task")
    expect(dialog.get_by_label("What is to be done")).to_be_focused()
    is_accessible(page)
    page.keyboard.type("Call Maya <b>today</b>")
    dialog.get_by_label("Due").fill((datetime.now() - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M"))
    dialog.get_by_label("Priority").select_option("urgent")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.keyboard.press("n")
    expect(dialog.get_by_label("What is to be done")).to_have_value("")
    page.keyboard.type("Call Maya <b>today</b>")
    dialog.get_by_label("Due").fill((datetime.now() - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M"))
    dialog.get_by_label("Priority").select_option("urgent")
    dialog.get_by_role("button", name="Save task").click()
    expect(rows(page)).to_contain_text("Call Maya <b>today</b>")
    expect(rows(page)).to_contain_text("Overdue · Yesterday")
    is_accessible(page)

    bell = page.get_by_role("button", name=re.compile("Notifications")).first
    expect(bell).to_contain_text("1")
    bell.focus()
    page.keyboard.press("Enter")
    panel = page.get_by_role("dialog", name="Notifications")
    expect(panel.get_by_text("Due now: Call Maya <b>today</b>")).to_be_visible()
    is_accessible(page)
    panel.get_by_role("link").filter(has_text="Due now").click()
    expect(page.get_by_role("dialog", name="Task").get_by_label("What is to be done")).to_have_value(
        "Call Maya <b>today</b>"
    )
    page.keyboard.press("Escape")
    expect(bell).not_to_contain_text("1")

    page.get_by_role("checkbox", name=re.compile("Done: Call Maya")).press("Space")
    expect(page.get_by_text("Nothing to do")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(rows(page)).to_have_count(1)
    page.set_viewport_size(PHONE)
    page.get_by_role("button", name=re.compile("Actions for")).click()
    page.get_by_role("menuitem", name="Delete").click()
    page.get_by_role("button", name="Delete task").click()
    expect(page.get_by_text("Nothing to do")).to_be_visible()
    page.get_by_role("button", name=re.compile("Notifications")).last.click()
    drawer = page.get_by_role("dialog", name="Notifications")
    expect(drawer.get_by_text("Due now")).to_be_visible()
    is_accessible(page)


def test_desktop_notifications_ask_on_a_click_and_show_what_happens(
    server: Server, new_page: NewPage
) -> None:
    page = new_page(server.url, permissions=["notifications"])
    page.add_init_script(
        "window.shown = []; const Real = Notification;"
        "window.Notification = class { constructor(title) { window.shown.push(title); } close() {}"
        " static requestPermission() { window.asked = true; return Promise.resolve('granted'); }"
        " static get permission() { return 'granted'; } };"
    )
    sign_in(page)
    page.wait_for_url(re.compile("/inbox"))
    page.goto("/profile")
    consent = page.get_by_role("switch", name=re.compile("Show notifications on the desktop"))
    expect(consent).not_to_be_checked()
    assert page.evaluate("window.asked") is None
    consent.click()
    expect(consent).to_be_checked()
    assert page.evaluate("window.asked") is True
    page.reload()
    expect(consent).to_be_checked()
    page.goto("/tasks")
    page.get_by_role("button", name="New task").first.click()
    dialog = page.get_by_role("dialog", name="New task")
    dialog.get_by_label("What is to be done").fill("Water the plants")
    dialog.get_by_label("Due").fill((datetime.now() - timedelta(minutes=2)).strftime("%Y-%m-%dT%H:%M"))
    dialog.get_by_role("button", name="Save task").click()
    until(page, lambda: bool(page.evaluate("window.shown.length")))
    page.wait_for_timeout(800)  # it must not be shown again
    assert page.evaluate("window.shown") == ["Due now: Water the plants"]


def test_a_first_password_opens_one_page_only(server: Server, new_page: NewPage) -> None:
    with sqlite3.connect(server.data_dir / "wapto.sqlite3") as database:
        database.execute("UPDATE account SET must_change_password = 1")
    page = new_page(server.url, viewport=PHONE)
    sign_in(page)
    page.wait_for_url(re.compile("/profile/password"))
    is_accessible(page)
    for path in ("/inbox", "/tasks", "/profile", "/admin/accounts"):
        page.goto(path)
        page.wait_for_url(re.compile("/profile/password"))
    page.get_by_label("Password that you were given").fill(PASSWORD)
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_role("button", name="Save and go on").click()
    expect(page.get_by_text("This is your current password. Choose another one.")).to_be_visible()
    page.get_by_label("New password").fill(NEW_PASSWORD)
    page.get_by_role("button", name="Save and go on").click()
    page.wait_for_url(re.compile("/inbox"))
