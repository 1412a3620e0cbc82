"""An agent writes with everything that the composer has, at a desk and on a phone."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.e2e.access import connect, is_accessible, set_up, sign_in, until
from tests.e2e.conftest import PHONE, Meta, NewPage, Server, fresh_page, sandbox_for
from tests.services.library import noise

_EMOJI = re.compile("/assets/compact-")


@pytest.fixture(scope="module")
def meta(server: Server, meta_port: int, browser: Browser) -> Iterator[Meta]:
    """The sandbox, to which the owner has connected a number."""
    with sandbox_for(server.url, meta_port) as running:
        page = fresh_page(browser, server.url)
        set_up(page, server)
        connect(page, running)
        page.context.close()
        yield running


def _picture() -> dict[str, Any]:
    file = io.BytesIO()
    Image.new("RGB", (320, 200), (18, 121, 74)).save(file, "PNG")
    return {"name": "plan.png", "mimeType": "image/png", "buffer": file.getvalue()}


def _open(page: Page, text: str) -> Locator:
    page.goto("/inbox")
    page.get_by_test_id("conversation-row").filter(has_text=text).click()
    box = page.get_by_test_id("composer-text")
    expect(box).to_be_visible()
    return box


def _more(page: Page, name: str) -> None:
    page.get_by_role("button", name="More to send").locator("visible=true").click()
    page.get_by_role("menuitem", name=name).click()


def _last(page: Page) -> Locator:
    return page.get_by_test_id("message").last


def _text_undo_and_emoji(page: Page, box: Locator) -> None:
    box.fill("Too *early*")
    page.get_by_role("button", name="Formatting").click()
    expect(page.get_by_test_id("composer-preview").locator("strong")).to_have_text("early")
    page.get_by_role("button", name="Formatting").click()
    box.press("Enter")
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(box).to_have_value("Too *early*")
    expect(page.get_by_test_id("message")).to_have_count(1)
    box.fill("Begun and ")
    # The emoji arrive after the person has chosen one.
    held: list[Route] = []
    page.route(_EMOJI, lambda route: held.append(route))
    with page.expect_request(_EMOJI):
        page.get_by_role("button", name="Emoji").click()
        page.get_by_label("Search emoji").fill("house")
        page.get_by_label("Search emoji").press("Enter")
    held[0].continue_()
    expect(box).to_have_value("Begun and 🏠")
    page.keyboard.press("Escape")


def _draft(page: Page, server: Server, text: str) -> None:
    """The server has it, which is told a moment after the last key."""
    until(page, lambda: server.sql("SELECT text FROM message_draft") == [(text,)])


def _two_windows(page: Page, server: Server, box: Locator, new_page: NewPage) -> None:
    _draft(page, server, "Begun and 🏠")
    # Another computer of the same person has none of what this browser remembers.
    page.get_by_test_id("composer-file").set_input_files([_picture()])
    expect(page.get_by_text("Ready")).to_have_count(1)
    page.wait_for_timeout(1300)
    page.evaluate("sessionStorage.clear()")
    page.reload()
    expect(box).to_have_value("Begun and 🏠")
    expect(page.get_by_test_id("attachment")).to_have_count(1)
    page.get_by_test_id("attachment").get_by_role("button", name=re.compile("^Remove")).click()
    there = new_page(server.url)
    sign_in(there)
    other = _open(there, "Is the flat free?")
    expect(other).to_have_value("Begun and 🏠")
    box.fill("Written here")
    _draft(page, server, "Written here")
    other.fill("Written there")
    expect(
        there.get_by_role("alert").get_by_text("In another window you wrote: Written here")
    ).to_be_visible()
    there.get_by_role("button", name="Keep this").click()
    _draft(there, server, "Written there")
    box.fill("Written here, too")
    page.get_by_role("button", name="Use that").click()
    expect(box).to_have_value("Written there")
    box.fill("")
    there.context.close()


def _quick_reply(page: Page, server: Server, box: Locator) -> None:
    server.sql(
        "INSERT INTO quick_reply (shortcut, title, body, uses, created_at, updated_at)"
        " VALUES ('visit', '', 'See you on {{day}}!', 0, '2026-01-01', '2026-01-01')"
    )
    box.fill("/vis")
    box.press("Enter")  # before anything is found: it is chosen when it is
    gaps = page.get_by_role("dialog", name="Fill in /visit")
    expect(gaps.get_by_role("button", name="Insert")).to_be_disabled()
    gaps.get_by_label("day").fill("Friday")
    gaps.get_by_label("day").press("Enter")
    expect(box).to_have_value("See you on Friday!")
    expect(page.get_by_test_id("message")).to_have_count(1)
    box.fill("")


def _library(page: Page, box: Locator) -> None:
    """A file that somebody put into the library goes into a message."""
    page.goto("/media-library")
    page.get_by_test_id("library-files").set_input_files([_picture() | {"name": "front.png"}])
    expect(page.get_by_test_id("tile")).to_have_count(1)
    _open(page, "Is the flat free?")
    _more(page, "Media library")
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="front.png").click()
    dialog.get_by_role("button", name="Take").click()
    expect(page.get_by_test_id("attachment")).to_contain_text("front.png")
    expect(dialog).to_have_count(0)  # until then it keeps every key to itself
    box.fill("The front")
    box.press("Enter")
    expect(page.get_by_test_id("message").last).to_contain_text("The front")
    expect(page.get_by_test_id("attachment")).to_have_count(0)


def _typing(page: Page, box: Locator, meta: Meta) -> None:
    """On the customer's phone, and not when the owner does not want it."""
    phone = page.context.new_page()
    phone.goto(meta.url)
    phone.get_by_role("button", name=re.compile(meta.customers()[0]["name"])).click()
    box.press_sequentially("Hel")
    expect(phone.locator("#typing")).to_be_visible()
    phone.close()
    box.fill("")
    page.wait_for_timeout(1000)  # saved when typing rests
    where = page.url
    page.goto("/settings/typing")
    page.get_by_role("switch", name="Show customers that somebody is typing").uncheck()
    expect(page.get_by_role("region", name="Notices")).to_contain_text("Customers do not see it")
    is_accessible(page)
    page.goto(where)


def _note(page: Page, box: Locator) -> None:
    box.press("Alt+n")
    box.fill("Only for us")
    box.press("Enter")
    expect(page.get_by_test_id("note").last).to_contain_text("Only for us")
    box.press("Alt+n")


def _files_and_voice(page: Page, box: Locator) -> None:
    page.get_by_test_id("composer-file").set_input_files([_picture(), _picture() | {"name": "second.png"}])
    expect(page.get_by_text("Ready")).to_have_count(2)
    huge = {"name": "huge.png", "mimeType": "image/png", "buffer": noise(1400)}
    page.get_by_test_id("composer-file").set_input_files([huge])
    page.get_by_role("button", name="Make it smaller").click()
    expect(page.get_by_test_id("attachment").last).to_contain_text(", now ")
    page.get_by_role("button", name="Remove huge.jpg").click()
    page.get_by_role("button", name="Send second.png earlier").click()
    page.get_by_label("Caption of second.png").fill("Comes first")
    box.fill("Comes second")
    box.press("Enter")
    expect(page.get_by_test_id("attachment")).to_have_count(0)
    page.get_by_role("button", name="Record a voice message").click()
    page.wait_for_timeout(1200)
    page.get_by_role("button", name="Stop and listen").click()
    page.get_by_role("button", name="Send the voice message").click()
    expect(page.get_by_test_id("voice")).to_have_count(0)


def _things_to_tap(page: Page) -> None:
    _more(page, "Buttons, list or link")
    page.get_by_label("Text", exact=True).fill("Does Friday suit you?")
    page.get_by_label("Button 1", exact=True).fill("Yes")
    page.get_by_role("button", name="Add a button").click()
    page.get_by_label("Button 2", exact=True).fill("Yes")
    is_accessible(page)
    page.get_by_role("button", name="Send", exact=True).last.click()
    expect(page.get_by_text("Each one must be different.")).to_be_visible()
    page.get_by_label("Button 2", exact=True).fill("No")
    page.get_by_role("button", name="Send", exact=True).last.click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    _more(page, "Location")
    page.get_by_label("Where").fill("https://maps.app.goo.gl/x")
    expect(page.get_by_text("A short link does not say")).to_be_visible()
    page.get_by_label("Where").fill("48.8584, 2.2945")
    page.get_by_role("button", name="Send", exact=True).last.click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def _later(page: Page, box: Locator) -> None:
    box.fill("In good time")
    _more(page, "Send later")
    page.get_by_role("button", name="In an hour").click()
    page.get_by_role("button", name="Schedule").click()
    expect(box).to_have_value("")
    page.get_by_role("button", name="1 message waits").click()
    expect(page.get_by_test_id("scheduled-row")).to_contain_text("In good time")
    page.get_by_role("button", name="Send now").click()
    expect(page.get_by_test_id("scheduled-row")).to_have_count(0)


def test_an_agent_writes_with_everything_there_is(server: Server, meta: Meta, new_page: NewPage) -> None:
    page = new_page(server.url)
    sign_in(page)
    customer = meta.customers()[0]["id"]
    meta.says(customer, {"type": "text", "text": "Is the flat free?"})
    box = _open(page, "Is the flat free?")
    _text_undo_and_emoji(page, box)
    _two_windows(page, server, box, new_page)
    server.sends_at_once()
    _quick_reply(page, server, box)
    _library(page, box)
    _typing(page, box, meta)
    _note(page, box)
    _files_and_voice(page, box)
    _things_to_tap(page)
    _later(page, box)
    is_accessible(page)
    expect(_last(page)).to_have_attribute("data-status", re.compile("delivered|read"))
    arrived = [message for message in meta.chat(customer) if message.get("from_business", True)]
    kinds = [message["type"] for message in arrived if message["type"] != "text"]
    assert kinds == ["image", "image", "image", "audio", "interactive", "location"]


def test_templates_take_the_place_of_the_box_when_the_window_is_closed(
    server: Server, meta: Meta, new_page: NewPage
) -> None:
    page = new_page(server.url, viewport=PHONE, has_touch=True)
    sign_in(page)
    customer = meta.customers()[1]["id"]
    meta.control("faults", {"clock_offset_seconds": -2 * 86400})
    meta.says(customer, {"type": "text", "text": "Long ago"})
    meta.control("faults", {"clock_offset_seconds": 0})
    page.get_by_test_id("conversation-row").filter(has_text="Long ago").click()
    expect(page.get_by_test_id("composer-closed")).to_contain_text("24 hours")
    page.get_by_role("button", name="Sync").click()
    page.get_by_label("Search templates").fill("order_update")
    page.get_by_label("Templates").get_by_role("button", name="order_update").first.click()
    send = page.get_by_role("button", name="Send template")
    expect(send).to_be_disabled()
    for number, value in enumerate(("Ana", "4711", "Friday"), 1):
        page.get_by_label(f"Text: {number}").fill(value)
    page.get_by_label("Button: Track order").fill("4711")
    expect(page.get_by_test_id("template-preview")).to_contain_text("Hello Ana, your order 4711")
    send.click()
    expect(_last(page)).to_contain_text("4711")
    _send_cards(page)
    # The team can still talk about it.
    page.get_by_role("tab", name="Note").click()
    page.get_by_test_id("composer-text").fill("Told by template")
    page.get_by_test_id("composer-send").click()
    expect(page.get_by_test_id("note").last).to_contain_text("Told by template")


def _send_cards(page: Page) -> None:
    """A template with cards: each has a file of its own, and the thread shows them as they were sent."""
    page.get_by_label("Search templates").fill("carousel")
    page.get_by_label("Templates").get_by_role("button", name="new_homes_carousel").click()
    pickers = page.get_by_test_id("template-file")
    expect(pickers).to_have_count(3)
    for place in range(3):
        pickers.nth(place).set_input_files({**_picture(), "name": f"home-{place}.png"})
    for field in page.get_by_test_id("templates").get_by_role("textbox").all()[1:]:
        field.fill("maya")
    expect(page.get_by_text("Ready")).to_have_count(3)
    is_accessible(page)
    page.get_by_role("button", name="Send template").click()
    cards = _last(page).get_by_role("list", name="Cards").locator("> li")
    expect(cards).to_have_count(3)
    expect(cards.first.locator("img")).to_be_visible()
    expect(_last(page)).to_have_attribute("data-status", re.compile("sent|delivered|read"), timeout=20_000)


def test_a_phone_has_all_of_it_behind_the_plus(server: Server, meta: Meta, new_page: NewPage) -> None:
    page = new_page(server.url, viewport=PHONE, has_touch=True)
    sign_in(page)
    meta.says(meta.customers()[2]["id"], {"type": "text", "text": "A card, please"})
    box = _open(page, "A card, please")
    _more(page, "Contact card")
    card = page.get_by_role("dialog", name="Send a contact card")
    card.get_by_role("tab", name="Somebody else").click()
    card.get_by_label("Name").fill("Bo Lee")
    card.get_by_label("Phone number").fill("020 7946 0018")
    card.get_by_role("button", name="Send", exact=True).click()
    expect(card.get_by_text("Write the number with its country code")).to_be_visible()
    card.get_by_label("Phone number").fill("+44 20 7946 0018")
    card.get_by_role("button", name="Send", exact=True).click()
    expect(_last(page)).to_contain_text("Bo Lee")
    expect(box).to_be_focused()
    page.set_viewport_size({"width": PHONE["width"], "height": 420})  # the keyboard is up
    expect(box).to_be_in_viewport()
    page.evaluate(
        """() => {
            navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("", "NotAllowedError"));
        }"""
    )
    _more(page, "Record a voice message")
    expect(page.get_by_text("The browser may not use the microphone.")).to_be_visible()
