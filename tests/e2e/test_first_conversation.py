"""A newcomer's first hour: set up, connect, talk to a customer, see the window close."""

from __future__ import annotations

import io
import re
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect

from tests.e2e.access import OWNER, PASSWORD, fill_in_number, sign_in, until
from tests.e2e.conftest import PHONE, Meta, NewPage, Server


def test_the_set_up_link_makes_the_first_account_and_works_once(server: Server, new_page: NewPage) -> None:
    page = new_page(server.url)
    link = server.setup_link()
    page.goto(link)
    page.get_by_label("Name").fill("Olga Owner")
    page.get_by_label("E-mail").fill(OWNER)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name=re.compile("Create|Set up|Make")).click()
    page.wait_for_url(re.compile("/inbox"))
    expect(page.get_by_text("No number connected yet")).to_be_visible()
    again = new_page(server.url)
    again.goto(link)
    again.wait_for_url(re.compile("/login"))
    server.sends_at_once()


def test_wrong_credentials_are_refused_beside_their_field_and_right_ones_connect(
    server: Server, meta: Meta, new_page: NewPage
) -> None:
    page = new_page(server.url)
    sign_in(page)
    fill_in_number(page, meta, token="EAAwrong")
    expect(page.get_by_text("Meta refused the access token")).to_be_visible()
    expect(page.get_by_label("Phone number id")).to_have_value(meta.config["phone_number_id"])
    page.get_by_label("Access token", exact=True).fill(meta.config["token"])
    page.get_by_role("button", name="Check and connect").click()
    expect(page.get_by_test_id("number")).to_contain_text("Connected")
    expect(page.get_by_text(f"{server.url}/webhooks/whatsapp")).to_be_visible()


def test_a_conversation_lives_in_two_browsers_without_reload(
    server: Server, meta: Meta, new_page: NewPage, tmp_path: Path
) -> None:
    first, second = new_page(server.url), new_page(server.url)
    for page in (first, second):
        sign_in(page)
    customer = meta.customers()[0]
    meta.says(customer["id"], {"type": "text", "text": "Is the *flat* still free? 🏠"})
    for page in (first, second):
        expect(page.get_by_test_id("conversation-row")).to_contain_text("Is the flat still free?")
    first.get_by_test_id("conversation-row").click()
    second.get_by_test_id("conversation-row").click()
    expect(first.get_by_test_id("message").locator("strong")).to_have_text("flat")
    first.get_by_test_id("composer-text").fill("Yes! Come on Saturday.")
    first.get_by_test_id("composer-text").press("Enter")
    expect(first.get_by_test_id("composer-text")).to_have_value("")
    for page in (first, second):
        expect(page.get_by_test_id("message").last).to_contain_text("Come on Saturday")
    expect(first.get_by_test_id("message").last).to_have_attribute("data-status", "delivered")
    meta.opens(customer["id"])
    for page in (first, second):
        expect(page.get_by_test_id("message").last).to_have_attribute("data-status", "read")
    _pictures_both_ways(meta, customer["id"], first, tmp_path)


def _pictures_both_ways(meta: Meta, customer: str, page: Page, tmp_path: Path) -> None:
    meta.says(customer, {"type": "image", "sample": True, "caption": "My kitchen"})
    expect(page.get_by_test_id("picture")).to_be_visible()
    until(
        page, lambda: bool(page.evaluate("document.querySelector('[data-testid=picture]')?.naturalWidth > 0"))
    )
    picture = io.BytesIO()
    Image.new("RGB", (320, 200), (18, 121, 74)).save(picture, "PNG")
    page.get_by_test_id("composer-file").set_input_files(
        {"name": "plan.png", "mimeType": "image/png", "buffer": picture.getvalue()}
    )
    expect(page.get_by_text("Ready")).to_be_visible()
    page.get_by_test_id("composer-text").fill("The floor plan")
    page.get_by_test_id("composer-send").click()
    expect(page.get_by_test_id("picture")).to_have_count(2)
    expect(page.get_by_test_id("message").last).to_have_attribute("data-status", re.compile("delivered|read"))
    assert meta.chat(customer)[-1]["type"] == "image"


def test_a_closed_window_says_why_and_opens_again(server: Server, meta: Meta, new_page: NewPage) -> None:
    page = new_page(server.url)
    sign_in(page)
    customer = meta.customers()[1]
    # The customer wrote 23 hours, 59 minutes and 56 seconds ago.
    meta.control("faults", {"clock_offset_seconds": -(86400 - 4)})
    meta.says(customer["id"], {"type": "text", "text": "Are you there?"})
    meta.control("faults", {"clock_offset_seconds": 0})
    row = page.get_by_test_id("conversation-row").filter(has_text="Are you there?")
    row.click()
    expect(page.get_by_test_id("thread-name")).to_have_text(customer["name"])
    closed = page.get_by_test_id("composer-closed")
    expect(closed).to_contain_text("24 hours")
    expect(page.get_by_test_id("composer-text")).to_have_count(0)
    meta.says(customer["id"], {"type": "text", "text": "Hello again"})
    expect(page.get_by_test_id("composer-text")).to_be_visible()


def test_a_failed_message_says_why_and_can_be_tried_again(
    server: Server, meta: Meta, new_page: NewPage
) -> None:
    page = new_page(server.url)
    sign_in(page)
    customer = meta.customers()[0]
    meta.says(customer["id"], {"type": "text", "text": "Ping"})
    page.get_by_test_id("conversation-row").filter(has_text="Ping").click()
    meta.control("faults", {"send_errors": [131026]})
    page.get_by_test_id("composer-text").fill("Does this arrive?")
    page.get_by_test_id("composer-text").press("Enter")
    problem = page.get_by_test_id("problem").last
    expect(problem).to_be_visible()
    meta.control("faults", {"send_errors": []})
    problem.get_by_role("button", name="Retry").click()
    expect(page.get_by_test_id("message").last).to_have_attribute(
        "data-status", re.compile("sent|delivered|read")
    )


def test_a_phone_shows_one_panel_at_a_time(server: Server, meta: Meta, new_page: NewPage) -> None:
    page = new_page(server.url, viewport=PHONE, has_touch=True)
    sign_in(page)
    row = page.get_by_test_id("conversation-row").first
    expect(row).to_be_visible()
    row.click()
    expect(page.get_by_test_id("thread-name")).to_be_visible()
    expect(row).to_be_hidden()
    page.get_by_role("button", name="Contact details").click()
    panel = page.get_by_role("complementary", name="Contact")
    panel.get_by_role("button", name="Write what your team should know").click()
    panel.get_by_role("textbox", name="Notes").fill("Prefers mornings. <b>not bold</b>")
    page.keyboard.press("Control+Enter")
    expect(panel.get_by_role("button", name="Prefers mornings. <b>not bold</b>")).to_be_visible()
    page.get_by_role("button", name="Close contact details").click()
    page.get_by_role("link", name="Back to the list").click()
    expect(row).to_be_visible()
