"""Campaigns in a browser: from an empty list to a message on a customer's phone, at a desk and on a phone."""

from __future__ import annotations

import io
import re

from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.e2e import access
from tests.e2e.conftest import DESKTOP, PHONE, Meta, NewPage, Server


def test_a_campaign_from_an_empty_list_to_a_phone(server: Server, meta: Meta, new_page: NewPage) -> None:
    page = new_page(server.url)
    _begin(page, server, meta)
    page.goto("/campaigns")
    expect(page.get_by_text("No campaigns yet")).to_be_visible()
    access.is_accessible(page)
    page.get_by_role("link", name="New campaign").first.click()
    _audience(page)
    _message(page)
    _timing(page)
    meta.control("faults", {"throttle_every": 1})
    _send(page)
    _is_held_up(page, meta)
    _watch(page, meta)
    _report(page, meta)
    _traces(page)
    _list(page)
    _cards(page, meta)
    _compare(page)


def _begin(page: Page, server: Server, meta: Meta) -> None:
    """An owner with a connected number and three customers, one of whom wants no messages."""
    access.set_up(page, server)
    access.connect(page, meta)
    for customer, text in zip(meta.customers(), ("Hello", "Good morning", "STOP"), strict=False):
        meta.says(customer["id"], {"type": "text", "text": text})
    page.goto("/contacts")
    expect(page.get_by_role("row")).to_have_count(4)


def _audience(page: Page) -> None:
    page.wait_for_url(re.compile(r"/campaigns/\d+/edit"))
    expect(page.get_by_role("heading", name="Who gets it")).to_be_visible()
    page.get_by_role("switch", name="Every contact").check()
    count = page.get_by_role("complementary", name="How many").get_by_role("status")
    expect(count).to_contain_text(re.compile("2.*people get it"))
    expect(page.get_by_text("1 of 3 left out")).to_be_visible()
    page.get_by_role("button", name="Rename").click()
    page.get_by_role("dialog").get_by_label("Name").fill("Spring viewing")
    page.get_by_role("dialog").get_by_role("button", name="Rename").click()
    expect(page.get_by_role("heading", name="Spring viewing", exact=True)).to_be_visible()
    access.is_accessible(page)
    page.get_by_role("link", name="Next: Message").click()


def _message(page: Page) -> None:
    page.get_by_role("button", name="Choose a template").click()
    picker = page.get_by_role("dialog")
    expect(picker.get_by_role("button", name=re.compile("otp_code"))).to_be_disabled()
    picker.get_by_role("searchbox").fill("viewing_reminder")
    expect(picker.get_by_role("button", name=re.compile("otp_code"))).to_have_count(0)
    picker.get_by_role("button", name=re.compile("viewing_reminder")).click()
    # The gap called first_name was filled in by its name.
    expect(page.get_by_label(re.compile("^Text: first_name"))).to_have_value("contact:first_name")
    for gap, text in (("home", "Quay Street 12"), ("day", "Friday at 3")):
        page.get_by_label(re.compile(f"^Text: {gap}")).select_option("fixed")
        page.get_by_label(f"Text for Text: {gap}").fill(text)
    preview = page.get_by_test_id("campaign-preview")
    expect(preview).to_contain_text("viewing of Quay Street 12 on Friday at 3")
    first = preview.text_content()
    page.get_by_role("button", name="The next person").click()
    expect(preview).not_to_have_text(first or "")
    _of_anybody(page, preview, first or "")
    access.is_accessible(page)
    page.set_viewport_size(PHONE)
    access.fits(page)
    page.set_viewport_size(DESKTOP)
    page.get_by_role("link", name="Next: Timing").click()


def _of_anybody(page: Page, preview: Locator, first: str) -> None:
    """The message of somebody who is looked for by name; who has opted out is not there."""
    opener = page.get_by_test_id("preview-person")
    opener.click()
    dialog = page.get_by_role("dialog", name="Whose message?")
    people = dialog.get_by_role("list", name="People found").get_by_role("button")
    expect(people).to_have_count(2)
    access.is_accessible(page)
    dialog.get_by_role("searchbox").fill("nobody at all")
    expect(dialog.get_by_text("Nobody found")).to_be_visible()
    dialog.get_by_role("searchbox").fill("")
    expect(people).to_have_count(2)
    people.first.click()
    expect(dialog).to_have_count(0)
    expect(preview).to_have_text(first)


def _timing(page: Page) -> None:
    page.get_by_role("radio", name=re.compile("At their local time")).click()
    expect(page.get_by_label("Date and time")).to_have_value(re.compile("T10:00"))
    page.get_by_role("radio", name=re.compile("^Now")).click()
    expect(page.get_by_label("Date and time")).to_have_count(0)
    page.get_by_role("slider", name="Messages a second").fill("0")
    expect(page.get_by_text("1 message a second", exact=True)).to_be_visible()
    page.get_by_role("link", name="Next: Review").click()  # at once: nothing is lost
    expect(page.get_by_role("definition").filter(has_text="1 message a second")).to_be_visible()
    page.go_back()
    expect(page.get_by_text("1 message a second", exact=True)).to_be_visible()
    access.is_accessible(page)
    page.go_forward()


def _send(page: Page) -> None:
    expect(page.get_by_text("Everything is there.")).to_be_visible()
    expect(page.get_by_text("No prices are written down yet.")).to_be_visible()
    access.is_accessible(page)
    page.set_viewport_size(PHONE)
    access.fits(page)
    page.get_by_role("button", name="Send to 2 people").click()
    dialog = page.get_by_role("dialog", name="Send it to 2 people now?")
    dialog.get_by_role("button", name="Send now").click()
    page.wait_for_url(re.compile(r"/campaigns/\d+$"))


def _is_held_up(page: Page, meta: Meta) -> None:
    """Meta asks for patience: the page says so, and stops saying it, by itself."""
    words = page.get_by_text("WhatsApp asks this number to send more slowly.")
    expect(words).to_be_visible()
    expect(page.get_by_text("it slows down by itself and goes on")).to_be_visible()
    access.fits(page)
    meta.control("faults", {"throttle_every": 0})
    expect(words).to_have_count(0)


def _watch(page: Page, meta: Meta) -> None:
    """Live, without loading the page anew."""
    expect(page.get_by_role("main").get_by_text("Finished", exact=True)).to_be_visible(timeout=30_000)
    expect(page.get_by_text("2 of 2 sent")).to_be_visible()
    expect(page.get_by_text("1 person was left out.")).to_be_visible()
    access.fits(page)
    access.is_accessible(page)
    page.set_viewport_size(DESKTOP)
    got = [meta.chat(customer["id"])[-1] for customer in meta.customers()[:3]]
    assert [each["type"] for each in got] == ["template", "template", "text"], got
    meta.opens(meta.customers()[0]["id"])
    read = page.get_by_role("definition").filter(has_text=re.compile(r"^1"))
    expect(read.first).to_be_visible()


def _report(page: Page, meta: Meta) -> None:
    """Who got it, who was left out and why, and an answer that is counted while one looks."""
    page.get_by_role("link", name="People", exact=True).click()
    expect(page.get_by_role("table", name="People").get_by_role("row")).to_have_count(4)
    page.get_by_role("button", name="Left out").click()
    rows = page.get_by_role("table", name="People").get_by_role("row")
    expect(rows).to_have_count(2)
    expect(rows.last).to_contain_text("asked not to get messages")
    with page.expect_download() as download:
        page.get_by_role("link", name="Export").click()
    lines = download.value.path().read_text("utf-8-sig").splitlines()
    assert len(lines) == 2
    assert "skipped" in lines[1]
    access.is_accessible(page)
    page.set_viewport_size(PHONE)
    access.fits(page)
    page.set_viewport_size(DESKTOP)
    page.get_by_role("link", name="Report", exact=True).click()
    expect(page.get_by_text("Nobody has answered yet.")).to_be_visible()
    customer = meta.customers()[0]["id"]
    sent = meta.chat(customer)[-1]
    meta.says(customer, {"type": "button", "text": "Yes, see you there", "reply_to": sent["wamid"]})
    expect(page.get_by_role("listitem").filter(has_text="Yes, see you there")).to_have_count(2)
    access.is_accessible(page)
    page.set_viewport_size(PHONE)
    access.fits(page)
    page.set_viewport_size(DESKTOP)


def _traces(page: Page) -> None:
    """What the campaign leaves behind: a tag, a segment, a line in the thread, an entry on the contact's page."""
    page.get_by_role("link", name="People", exact=True).click()
    page.get_by_role("button", name="Replied").click()
    rows = page.get_by_role("table", name="People").get_by_role("row")
    expect(rows).to_have_count(2)
    page.get_by_role("button", name="Tag these people…").click()
    page.get_by_role("combobox", name="Find or create a tag").fill("Keen")
    page.get_by_role("option", name="Create “Keen”").click()
    dialog = page.get_by_role("dialog", name="Tag 1 person?")
    access.is_accessible(page)
    dialog.get_by_role("button", name="Tag them").click()
    expect(page.get_by_text("1 person has the tag “Keen” now.").last).to_be_visible()
    page.get_by_role("link", name="Make a segment of these").click()
    expect(page.get_by_role("status", name="Who fits")).to_contain_text("1 contact fits")
    expect(page.get_by_label("How to compare")).to_have_value("answered")
    page.get_by_label("Name", exact=True).fill("Answered in spring")
    page.get_by_role("button", name="Save segment").click()
    expect(page.get_by_text("Campaign Spring viewing: answered it")).to_be_visible()
    page.go_back()
    page.go_back()
    rows.last.get_by_role("link").first.click()
    page.wait_for_url(re.compile(r"/inbox/\d+"))
    line = page.get_by_test_id("of-campaign")
    expect(line).to_have_text("Campaign: Spring viewing")
    line.click()
    page.wait_for_url(re.compile(r"/campaigns/\d+$"))
    page.goto("/contacts")
    page.get_by_role("row").filter(has_text="Keen").get_by_role("link").first.click()
    timeline = page.get_by_role("list", name="Timeline")
    entry = timeline.get_by_role("listitem").filter(has_text="Got the campaign “Spring viewing”")
    expect(entry).to_contain_text("a button was pressed")
    expect(entry.get_by_role("link")).to_have_attribute("href", re.compile(r"/campaigns/\d+$"))
    access.is_accessible(page)


def _cards(page: Page, meta: Meta) -> None:
    """A template with cards: each gets its file and its words, and so it reaches the phone."""
    page.set_viewport_size(DESKTOP)
    page.goto("/campaigns/new")
    page.wait_for_url(re.compile(r"/campaigns/\d+/edit"))
    everybody = page.get_by_role("switch", name="Every contact")
    expect(everybody).not_to_be_checked()  # until then it is that of the campaign before
    everybody.check()
    count = page.get_by_role("complementary", name="How many").get_by_role("status")
    expect(count).to_contain_text(re.compile("2.*people get it"))
    page.get_by_role("link", name="Next: Message").click()
    page.get_by_role("button", name="Choose a template").click()
    picker = page.get_by_role("dialog", name="Choose a template")
    picker.get_by_role("searchbox").fill("carousel")
    picker.get_by_role("button", name=re.compile("new_homes_carousel")).click()
    page.get_by_role("combobox", name=re.compile("^Text: 1")).select_option("contact:first_name")
    page.get_by_label("Fallback for Text: 1", exact=True).fill("neighbour")
    for number in (1, 2, 3):
        _card_file(page, number)
        for gap, text in (
            ("Text: 1", f"Quay {number}"),
            ("Text: 2", "$900"),
            ("Button: Details", f"h-{number}"),
        ):
            page.get_by_role("combobox", name=re.compile(f"^Card {number}: {gap}")).select_option("fixed")
            page.get_by_label(f"Text for Card {number}: {gap}", exact=True).fill(text)
    cards = page.get_by_test_id("campaign-preview").get_by_role("list", name="Cards")
    expect(cards.get_by_role("listitem")).to_have_count(3)
    expect(cards.get_by_role("listitem").nth(1)).to_contain_text("Quay 2, from $900 a month.")
    for picture in cards.get_by_role("img", name="Picture").all():
        access.until(page, lambda shown=picture: shown.evaluate("it => it.naturalWidth > 0"))
    access.is_accessible(page)
    page.set_viewport_size(PHONE)
    access.fits(page)
    page.set_viewport_size(DESKTOP)
    page.get_by_role("link", name="Next: Timing").click()
    page.get_by_role("link", name="Next: Review").click()
    expect(page.get_by_text("Everything is there.")).to_be_visible()
    page.get_by_role("button", name="Send to 2 people").click()
    page.get_by_role("dialog", name="Send it to 2 people now?").get_by_role("button", name="Send now").click()
    wanted = [(f"Quay {number}, from $900 a month.", True) for number in (1, 2, 3)]
    for customer in meta.customers()[:2]:
        access.until(page, lambda who=customer["id"]: _cards_on(meta, who) == wanted)
    expect(page.get_by_text("2 of 2 sent")).to_be_visible()


def _compare(page: Page) -> None:
    page.goto("/campaigns")
    rows = page.get_by_role("row")
    expect(rows).to_have_count(3)
    for number in (1, 2):
        rows.nth(number).get_by_role("checkbox").check()
    page.get_by_role("link", name="Compare").click()
    rows = page.get_by_role("table", name="Figures of both").get_by_role("row")
    expect(rows.filter(has_text="Replied")).to_contain_text("50 points")
    access.is_accessible(page)
    page.set_viewport_size(PHONE)
    access.fits(page)
    assert rows.first.evaluate("it => it.closest('table').scrollWidth") <= 358, "it scrolls sideways"
    page.set_viewport_size(DESKTOP)


def _cards_on(meta: Meta, customer: str) -> list[tuple[str, bool]]:
    """Text, and whether there is a picture, of the cards of the newest message on a phone."""
    cards = meta.chat(customer)[-1]["view"].get("cards", [])
    return [(each["text"], bool(each["media"])) for each in cards]


def _card_file(page: Page, number: int) -> None:
    """The first is uploaded, the others take the same."""
    card = page.get_by_role("region", name=f"Card {number}", exact=True)
    expect(card).to_contain_text(f"Choose the picture of card {number}.")
    card.get_by_role("button", name="Choose a file").click()
    picker = page.get_by_role("dialog", name="Media library")
    if number == 1:
        file = io.BytesIO()
        Image.new("RGB", (382, 200), (18, 121, 74)).save(file, "PNG")
        content = {"name": "home.png", "mimeType": "image/png", "buffer": file.getvalue()}
        picker.get_by_test_id("picker-campaign-file-files").set_input_files(content)
    tile = picker.get_by_role("list", name="Files").get_by_role("button", name=re.compile("home.png"))
    tile.click()
    expect(tile).to_have_attribute("aria-pressed", "true")
    picker.get_by_role("button", name="Take").click()
    expect(card).to_contain_text("home.png")
    expect(picker).to_have_count(0)


def _list(page: Page) -> None:
    page.goto("/campaigns?state=done")
    row = page.get_by_role("row", name=re.compile("Spring viewing"))
    expect(row).to_contain_text("Finished")
    page.get_by_role("button", name="Drafts").click()
    expect(page.get_by_text("No campaign fits.")).to_be_visible()
    expect(page).to_have_url(re.compile(r"\?state=draft$"))
    page.go_back()
    page.goto("/campaigns")
    page.set_viewport_size(PHONE)
    access.fits(page)
    page.get_by_role("button", name="Actions for Spring viewing").click()
    page.get_by_role("menuitem", name="Duplicate").click()
    page.wait_for_url(re.compile(r"/campaigns/\d+/edit"))
    expect(page.get_by_role("heading", name="Spring viewing (copy)")).to_be_visible()
    page.goto("/campaigns")
    page.get_by_role("button", name="Actions for Spring viewing (copy)").click()
    page.get_by_role("menuitem", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete campaign").click()
    expect(page.get_by_text("Spring viewing (copy)", exact=True)).to_have_count(0)
