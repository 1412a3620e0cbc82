"""The phone page in a real browser against a real server."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import APIResponse, Browser, Page, Route, expect, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
NUMBER = "106540352242922"
MAYA = "+12025550143"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Debian's chromium"),
]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Business:
    """A business that calls the Graph API of the server."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.http = httpx.Client(base_url=self.url, headers={"Authorization": "Bearer tok"})

    def send(self, kind: str, content: Any, **more: Any) -> str:
        body = {"messaging_product": "whatsapp", "to": MAYA, "type": kind, kind: content}
        answer = self.http.post(f"/v25.0/{NUMBER}/messages", json=body | more)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["messages"][0]["id"])

    def read(self, wamid: str, **more: Any) -> None:
        body = {"messaging_product": "whatsapp", "status": "read", "message_id": wamid}
        assert self.http.post(f"/v25.0/{NUMBER}/messages", json=body | more).status_code == 200

    def thread(self) -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = self.http.get("/phone/customers/c1/messages").json()["messages"]
        return messages


@pytest.fixture(scope="module")
def server() -> Iterator[Business]:
    port = free_port()
    command = [sys.executable, "-m", "integrations.sandbox", "--port", str(port), "--token", "tok"]
    process = subprocess.Popen([*command, "--no-window"], stdout=subprocess.DEVNULL)
    business = Business(port)
    try:
        for _ in range(100):
            try:
                business.http.get("/control/state")
                break
            except httpx.TransportError:
                time.sleep(0.1)
        yield business
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def business(server: Business) -> Business:
    server.http.post("/control/reset")
    return server


@pytest.fixture
def page(browser: Browser, business: Business) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 860})
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    # A refused wish (status 4xx) is logged by the browser itself and is no fault of the page.
    page.on("console", lambda line: problems.append(line.text) if "Content Security" in line.text else None)
    page.goto(business.url)
    yield page
    context.close()
    assert problems == []


def choose(page: Page, customer: str = "c1") -> None:
    page.locator(f'[data-testid="phone-customer"][data-customer-id="{customer}"]').click()


def bubbles(page: Page) -> Any:
    return page.get_by_test_id("phone-bubble")


def test_a_newcomer_writes_and_sees_the_ticks_change(page: Page, business: Business) -> None:
    expect(page.get_by_role("heading", name="This is a customer's phone")).to_be_visible()
    choose(page)
    page.get_by_test_id("phone-composer").fill("Is the *flat* free?")
    page.keyboard.press("Enter")
    expect(bubbles(page)).to_have_count(1)
    expect(bubbles(page).locator("strong")).to_have_text("flat")
    expect(page.get_by_test_id("phone-composer")).to_have_value("")
    wamid = bubbles(page).get_attribute("data-wamid")
    assert wamid
    business.read(wamid, typing_indicator={"type": "text"})
    expect(bubbles(page)).to_have_attribute("data-status", "read")
    expect(page.locator("#typing")).to_be_visible()
    business.send("text", {"body": "Yes <b>it</b> is"})
    expect(bubbles(page)).to_have_count(2)
    expect(bubbles(page).last).to_contain_text("Yes <b>it</b> is")
    expect(page.locator("#typing")).to_be_hidden()
    expect(bubbles(page).last).to_have_attribute("data-status", "read")


def test_unread_messages_are_counted_until_the_chat_is_opened(page: Page, business: Business) -> None:
    business.send("text", {"body": "one"})
    business.send("text", {"body": "two"})
    row = page.locator('[data-customer-id="c1"]')
    expect(row.locator(".badge")).to_have_text("2")
    choose(page)
    expect(row.locator(".badge")).to_have_count(0)
    assert {message["status"] for message in business.thread()} == {"read"}


def test_buttons_and_lists_can_be_answered(page: Page, business: Business) -> None:
    reply = {"type": "reply", "reply": {"id": "yes", "title": "Yes please"}}
    business.send(
        "interactive", {"type": "button", "body": {"text": "Coming?"}, "action": {"buttons": [reply]}}
    )
    rows = [{"id": "1", "title": "Quay"}, {"id": "2", "title": "Docks"}]
    action = {"button": "Choose", "sections": [{"rows": rows}]}
    business.send("interactive", {"type": "list", "body": {"text": "Where?"}, "action": action})
    choose(page)
    page.get_by_test_id("phone-reply-button").click()
    expect(bubbles(page)).to_have_count(3)
    page.get_by_test_id("phone-list-button").click()
    page.get_by_text("Docks").click()
    page.get_by_test_id("phone-sheet-ok").click()
    expect(bubbles(page)).to_have_count(4)
    button, row = business.thread()[-2:]
    assert button["body"]["button_reply"] == {"id": "yes", "title": "Yes please"}
    assert row["body"]["list_reply"]["id"] == "2"


def test_files_samples_and_places_are_sent(page: Page, business: Business, tmp_path: Path) -> None:
    choose(page)
    for test_id in ("phone-sample-image", "phone-sample-audio", "phone-sample-document"):
        page.get_by_label("Attach").click()
        page.get_by_test_id(test_id).click()
    expect(bubbles(page)).to_have_count(3)
    expect(bubbles(page).first.locator("img")).to_be_visible()
    page.get_by_label("Attach").click()
    page.get_by_test_id("phone-location").click()
    page.get_by_test_id("phone-sheet-ok").click()
    expect(bubbles(page)).to_have_count(4)
    note = tmp_path / "note.txt"
    note.write_text("hello")
    page.get_by_label("Attach").click()
    with page.expect_file_chooser() as chooser:
        page.get_by_text("Document from this device").click()
    chooser.value.set_files(note)
    expect(bubbles(page)).to_have_count(5)
    page.get_by_test_id("phone-attach").set_input_files(note)
    expect(bubbles(page)).to_have_count(6)
    kinds = [message["type"] for message in business.thread()]
    assert kinds == ["image", "audio", "document", "location", "document", "document"]


def test_messages_are_quoted_reacted_to_edited_and_deleted(page: Page, business: Business) -> None:
    wamid = business.send("text", {"body": "Hello"})
    choose(page)
    first = bubbles(page).first
    first.hover()
    first.locator(".bubble-menu").click()
    page.get_by_role("menuitem", name="React with 👍").click()
    expect(first.locator(".reactions")).to_have_text("👍")
    first.hover()
    first.locator(".bubble-menu").click()
    page.get_by_test_id("phone-reply").click()
    page.get_by_test_id("phone-composer").fill("Good evning")
    page.get_by_test_id("phone-send").click()
    own = bubbles(page).last
    expect(own.locator(".quote")).to_contain_text("Hello")
    own.hover()
    own.locator(".bubble-menu").click()
    page.get_by_role("menuitem", name="Edit").click()
    page.get_by_label("Message").last.fill("Good evening")
    page.get_by_test_id("phone-sheet-ok").click()
    expect(own).to_contain_text("Good evening")
    assert business.thread()[-1]["context"]["id"] == wamid
    own.hover()
    own.locator(".bubble-menu").click()
    page.get_by_role("menuitem", name="Delete for everyone").click()
    expect(own).to_contain_text("This message was deleted")


def test_a_customer_with_a_hidden_number_is_added(page: Page) -> None:
    page.get_by_test_id("phone-add-customer").click()
    page.get_by_test_id("phone-name").fill("Kim")
    page.get_by_role("textbox", name="Username").fill("kim.writes")
    page.get_by_label("Hide the number").check()
    page.get_by_test_id("phone-sheet-ok").click()
    expect(page.locator("#whose")).to_have_text("You are Kim, @kim.writes, number hidden")


def test_a_late_answer_does_not_leave_the_customer_who_was_just_added(page: Page, business: Business) -> None:
    held: list[tuple[Route, APIResponse]] = []

    def hold_the_first(route: Route) -> None:
        if route.request.method == "GET" and not held:
            held.append((route, route.fetch()))
        else:
            route.continue_()

    page.route("**/phone/customers", hold_the_first)
    business.send("text", {"body": "one"})
    while not held:
        page.wait_for_timeout(20)
    test_a_customer_with_a_hidden_number_is_added(page)
    route, before = held[0]
    with page.expect_response("**/phone/customers"):
        route.fulfill(response=before)
    page.wait_for_timeout(200)
    expect(page.locator("#whose")).to_have_text("You are Kim, @kim.writes, number hidden")


def test_a_flow_is_filled_in_screen_by_screen(page: Page, business: Business) -> None:
    flow_json = Path(__file__).with_name("flow.json").read_text()
    form = {"name": "Viewing", "categories": '["OTHER"]', "flow_json": flow_json, "publish": "true"}
    flow = business.http.post("/v25.0/102290129340398/flows", data=form).json()["id"]
    parameters = {
        "flow_message_version": "3",
        "flow_cta": "Open form",
        "flow_id": flow,
        "flow_token": "tok-1",
    }
    action = {"name": "flow", "parameters": parameters}
    business.send("interactive", {"type": "flow", "body": {"text": "Please fill in"}, "action": action})
    choose(page)
    page.get_by_test_id("phone-reply-button").click()
    page.get_by_label("Your name").fill("Maya")
    page.get_by_test_id("phone-sheet-ok").click()
    expect(page.get_by_text("When, Maya?")).to_be_visible()
    page.get_by_label("Day").select_option("fri")
    page.get_by_test_id("phone-sheet-ok").click()
    expect(bubbles(page)).to_have_count(2)
    reply = business.thread()[-1]["body"]["nfm_reply"]
    assert httpx.Response(200, text=reply["response_json"]).json() == {
        "name": "Maya",
        "day": "fri",
        "flow_token": "tok-1",
    }


def test_a_fault_is_switched_on_in_the_panel(page: Page, business: Business) -> None:
    page.get_by_test_id("phone-faults").locator("summary").click()
    share = page.get_by_test_id("fault-error_rate")
    share.fill("50")
    share.press("Tab")
    expect(page.get_by_test_id("phone-faults").locator("summary")).to_have_text("Faults (1 on)")
    assert business.http.get("/control/faults").json()["error_rate"] == 0.5
    page.get_by_role("button", name="All off").click()
    expect(page.get_by_test_id("phone-faults").locator("summary")).to_have_text("Faults")


def test_a_small_screen_shows_list_then_chat(browser: Browser, business: Business) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    page = context.new_page()
    page.goto(business.url)
    choose(page)
    expect(page.get_by_role("heading", name="Customers")).to_be_hidden()
    expect(page.get_by_test_id("phone-composer")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_label("Back to the customers").click()
    expect(page.get_by_role("heading", name="Customers")).to_be_visible()
    expect(page).to_have_title(re.compile("WhatsApp sandbox"))
    context.close()
