"""Templates in a browser: written, submitted, decided about by WhatsApp, sent to a contact; on a phone too."""

from __future__ import annotations

import io
import re
from typing import Any

import httpx
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.e2e import access
from tests.e2e.conftest import PHONE, Meta, NewPage, Server


def _picture() -> dict[str, Any]:
    file = io.BytesIO()
    Image.new("RGB", (320, 200), (18, 121, 74)).save(file, "JPEG")
    return {"name": "home.jpg", "mimeType": "image/jpeg", "buffer": file.getvalue()}


def _decide(meta: Meta, name: str, **what: str) -> None:
    listed = httpx.get(f"{meta.url}/control/templates", timeout=10).json()["data"]
    [found] = [each for each in listed if each["name"] == name]
    meta.control(f"templates/{found['id']}/status", what)


def _saved(page: Page) -> None:
    expect(page.get_by_test_id("template-saved").locator("visible=true")).to_have_text("Saved")


def _editor(page: Page) -> Locator:
    editor = page.get_by_test_id("template-editor")
    expect(editor).to_be_visible()
    return editor


def test_a_template_is_written_decided_about_and_sent(server: Server, meta: Meta, new_page: NewPage) -> None:
    page = new_page(server.url)
    access.set_up(page, server)
    page.goto("/templates")
    expect(page.get_by_text("No WhatsApp number is connected")).to_be_visible()
    access.connect(page, meta)
    _write(page)
    _submit(page, meta)
    _change_the_refused_one(page, meta)
    _send(page, meta)
    _begin_with_one_of_ours(page)
    _on_a_phone(page)


def _write(page: Page) -> None:
    page.goto("/templates")
    page.get_by_role("link", name="New template").click()
    page.get_by_label("Name", exact=True).fill("Visit confirmed")
    page.get_by_role("button", name="Begin to write").click()
    editor = _editor(page)
    body = editor.get_by_label("Body")
    body.fill("Hello ")
    editor.get_by_role("button", name="Add variable").last.click()
    editor.get_by_role("button", name="first_name", exact=True).click()
    expect(body).to_have_value("Hello {{first_name}}")
    # The rules are said while somebody types: by the server, at the field.
    expect(editor.get_by_text("cannot end with a variable").first).to_be_visible()
    body.fill("Hello {{first_name}}, your *viewing* is confirmed.")
    expect(editor.get_by_text("cannot end with a variable")).to_have_count(0)
    editor.get_by_label("Sample for {{first_name}}").fill("Amara")
    phone = editor.get_by_test_id("template-phone")
    expect(phone.locator("strong")).to_have_text("viewing")
    expect(phone).to_contain_text("Hello Amara, your")
    _buttons(page, editor, phone)
    _saved(page)
    expect(editor.get_by_text("Nothing is missing. It can be submitted.")).to_be_visible()
    access.is_accessible(page)
    page.reload()
    expect(_editor(page).get_by_label("Body")).to_have_value(
        "Hello {{first_name}}, your *viewing* is confirmed."
    )


def _buttons(page: Page, editor: Locator, phone: Locator) -> None:
    kinds = editor.get_by_role("list", name="Kinds of buttons")
    for label in ("Yes", "No", "Later", "Call me"):
        editor.get_by_role("button", name="Add a button").click()
        kinds.get_by_role("button", name="Quick reply").click()
        editor.get_by_label("Label", exact=True).last.fill(label)
    expect(phone.get_by_text("Later")).to_have_count(0)
    phone.get_by_role("button", name="See all options").click()
    expect(phone.get_by_role("group", name="All options")).to_contain_text("Call me")
    phone.get_by_role("button", name="Close").click()
    # With the keyboard: the last one becomes the first.
    handle = editor.get_by_role("button", name=re.compile("^Move Call me"))
    handle.focus()
    for _step in range(3):
        page.keyboard.press("ArrowUp")
    expect(phone.locator("bdi").first).to_have_text("Call me")
    editor.get_by_role("button", name="Remove Later").click()
    expect(phone.get_by_role("button", name="See all options")).to_have_count(0)


def _submit(page: Page, meta: Meta) -> None:
    page.get_by_role("button", name="Submit to WhatsApp").locator("visible=true").click()
    page.get_by_role("dialog").get_by_role("button", name="Submit", exact=True).click()
    page.wait_for_url(re.compile(r"/templates/\d+$"))
    main = page.get_by_role("main")
    expect(main.get_by_text("In review").first).to_be_visible()
    _decide(meta, "visit_confirmed", status="REJECTED", reason="PROMOTIONAL")
    # By webhook, before everybody's eyes.
    expect(main.get_by_text("The text advertises, which a utility template may not.")).to_be_visible()
    access.is_accessible(page)


def _change_the_refused_one(page: Page, meta: Meta) -> None:
    page.get_by_role("link", name="Edit and submit again").first.click()
    editor = _editor(page)
    expect(editor.get_by_label("Name", exact=True)).to_be_disabled()
    editor.get_by_text("Picture", exact=True).click()
    editor.get_by_role("button", name="Choose a sample picture").click()
    picker = page.get_by_role("dialog", name="Media library")
    picker.locator("input[type=file]").set_input_files(_picture())
    picker.get_by_role("button", name=re.compile("^home.jpg Picture")).click()
    picker.get_by_role("button", name="Take").click()
    expect(editor.get_by_test_id("template-phone").locator("img")).to_be_visible()
    _saved(page)
    page.get_by_role("button", name="Submit to WhatsApp").locator("visible=true").click()
    page.get_by_role("dialog").get_by_role("button", name="Submit", exact=True).click()
    page.wait_for_url(re.compile(r"/templates/\d+$"))
    _decide(meta, "visit_confirmed", status="APPROVED")
    expect(page.get_by_role("main").get_by_role("button", name="Send to a contact")).to_be_visible()


def _send(page: Page, meta: Meta) -> None:
    page.goto("/contacts")
    page.get_by_role("button", name="New contact").first.click()
    page.get_by_label("Phone number").fill("+15550107788")
    page.get_by_role("dialog").get_by_label("Name").fill("Nadia New")
    page.get_by_role("button", name="Save contact").click()
    page.wait_for_url(re.compile(r"/contacts/\d+"))
    page.get_by_role("button", name="Send template").click()
    dialog = page.get_by_role("dialog", name="Send a template to Nadia New")
    dialog.get_by_role("button", name=re.compile(r"^order_update.*English \(United States\)", re.S)).click()
    for label, value in (("Text: 1", "Nadia"), ("Text: 2", "1042"), ("Text: 3", "Friday")):
        dialog.get_by_label(label).fill(value)
    dialog.get_by_label("Button: Track order").fill("1042")
    access.is_accessible(page)
    dialog.get_by_role("button", name="Send template").click()
    expect(dialog).to_have_count(0)
    expect(page.get_by_text("The template is on its way to Nadia New.").last).to_be_visible()


def _begin_with_one_of_ours(page: Page) -> None:
    page.goto("/templates/new")
    starters = page.get_by_test_id("starters")
    starters.get_by_label("Sector").select_option("real_estate")
    starters.get_by_label("Find a template to begin with").fill("homes")
    starters.get_by_role("button", name="Homes of the week").click()
    page.get_by_role("button", name="Use this template").click()
    editor = _editor(page)
    phone = editor.get_by_test_id("template-phone")
    phone.get_by_role("button", name="Next card").click()
    expect(phone.get_by_label("Card 2 of 3")).to_be_visible()
    # What is left leads to its card.
    editor.get_by_role("button", name=re.compile("^Card 3: ")).click()
    expect(editor.get_by_role("heading", name="Card 3 of 3")).to_be_visible()
    editor.get_by_role("button", name="Remove the card").click()
    expect(editor.get_by_role("heading", name="Card 2 of 2")).to_be_visible()
    _saved(page)


def _on_a_phone(page: Page) -> None:
    page.set_viewport_size(PHONE)
    page.reload()
    editor = _editor(page)
    access.fits(page)
    editor.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("dialog").get_by_test_id("template-phone")).to_be_visible()
    access.is_accessible(page)
    page.keyboard.press("Escape")
    page.goto("/templates/new")
    expect(page.get_by_test_id("starters")).to_be_visible()
    access.fits(page)
    access.is_accessible(page)
    page.goto("/templates?search=homes_of")
    row = page.get_by_role("row", name=re.compile("homes_of_the_week"))
    expect(row).to_contain_text("Draft")
    access.fits(page)
    access.is_accessible(page)
    row.get_by_role("button", name="Actions for homes_of_the_week").click()
    page.get_by_role("menuitem", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete template").click()
    expect(page.get_by_text("No template fits these filters.")).to_be_visible()
