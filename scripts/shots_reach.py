"""Pictures of contacts, templates and a campaign that really runs through the sandbox; ``shots.py`` calls it."""

from __future__ import annotations

import csv
import io
import math
import random
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

PEOPLE, RATE_STEP, GONE = 300, "2", 110
"""``RATE_STEP`` is the third of the slider, five messages a second; at ``GONE`` the picture is taken."""
NOT_ON_WHATSAPP = 7
"""The sandbox knows no number that ends in 999999."""
MORNING = timedelta(minutes=150)
_FIRST = (
    "Ana Ben Chloé Dario Elif Femi Greta Hugo Ines Jakub Kemal Lena Mateo Nadia Olu Petra Ravi Sofia Tom Yara"
)
_LAST = (
    "Almeida Brandt Costa Dubois Eriksen Ferrari García Hoang Ivanov Jensen Kaya Lopes Mensah Novak Okafor"
)
_NUMBERS = ("+34612{}", "+4915112{}", "+447400{}")
Say = Callable[[str, dict[str, Any]], Any]
Shoot = Callable[[Page, str], None]


def show_reach(page: Page, data: Path, say: Say, shoot: Shoot) -> None:
    """``say`` does what the sandbox's own page does: a path, and the body of a POST."""
    page.goto("/contacts")
    expect(page.get_by_role("row").nth(10)).to_be_visible()
    shoot(page, "contacts")
    _templates(page, shoot)
    say("control/faults", {"auto_read": True})
    numbers = _begin(page, data, shoot)
    _watch(page, say, shoot, numbers)
    _report(page, data, say, shoot, numbers)


def _templates(page: Page, shoot: Shoot) -> None:
    page.goto("/templates")
    rows = page.get_by_role("row")
    expect(rows.nth(8)).to_be_visible()
    shoot(page, "templates")
    rows.filter(has_text="homes_of_the_week").first.get_by_role("link").first.click()
    page.wait_for_url(re.compile(r"/templates/\d+$"))
    page.goto(f"{page.url}/edit")
    expect(page.get_by_test_id("template-editor")).to_be_visible()
    page.wait_for_timeout(1_000)
    shoot(page, "template-editor")


def people() -> tuple[bytes, list[str]]:
    """A file of people who came to an open day, and their numbers."""
    chance, out, numbers = random.Random(14), io.StringIO(), []
    rows = csv.writer(out)
    rows.writerow(("Name", "Phone"))
    for place in range(PEOPLE):
        name = f"{chance.choice(_FIRST.split())} {chance.choice(_LAST.split())}"
        is_lost = place % (PEOPLE // NOT_ON_WHATSAPP) == 5
        number = f"+34{610 + place % 80}999999" if is_lost else _NUMBERS[place % 3].format(100_000 + place)
        numbers.append(number)
        rows.writerow((name, number))
    return out.getvalue().encode(), numbers


def _begin(page: Page, data: Path, shoot: Shoot) -> list[str]:
    """Through the wizard, as anybody would, to the buyers and the people of a file; the numbers of the file."""
    file, numbers = people()
    with closing(sqlite3.connect(data / "wapto.sqlite3", timeout=60)) as database:
        (tag,) = database.execute("SELECT id FROM tag WHERE name = 'Buyer'").fetchone()
    page.goto(f"/campaigns/new?tag={tag}")
    page.wait_for_url(re.compile(r"/campaigns/\d+/edit"))
    page.get_by_role("button", name="Rename").click()
    page.get_by_role("dialog").get_by_label("Name").fill("Spring viewings")
    page.get_by_role("dialog").get_by_role("button", name="Rename").click()
    expect(page.get_by_role("heading", name="Spring viewings", exact=True)).to_be_visible()
    page.get_by_label("These people agreed to get messages from us").check()
    upload: Any = {"name": "open-day.csv", "mimeType": "text/csv", "buffer": file}
    page.get_by_test_id("table-file").set_input_files(upload)
    count = page.get_by_role("complementary", name="How many").get_by_role("status")
    expect(count).to_contain_text(re.compile(r"3\d\d.*people get it"))
    page.get_by_role("link", name="Next: Message").click()
    page.get_by_role("button", name="Choose a template").click()
    picker = page.get_by_role("dialog")
    picker.get_by_role("searchbox").fill("viewing_reminder")
    picker.get_by_role("button", name=re.compile("viewing_reminder")).click()
    for gap, text in (("home", "Quay Street 12"), ("day", "Friday at 3 pm")):
        page.get_by_label(re.compile(f"^Text: {gap}")).select_option("fixed")
        page.get_by_label(f"Text for Text: {gap}").fill(text)
    expect(page.get_by_test_id("campaign-preview")).to_contain_text("Quay Street 12 on Friday at 3 pm")
    shoot(page, "campaign-message")
    page.get_by_role("link", name="Next: Timing").click()
    page.get_by_role("slider", name="Messages a second").fill(RATE_STEP)
    page.get_by_role("link", name="Next: Review").click()
    page.get_by_role("button", name=re.compile(r"Send to 3\d\d people")).click()
    page.get_by_role("dialog").get_by_role("button", name="Send now").click()
    page.wait_for_url(re.compile(r"/campaigns/\d+$"))
    return numbers


def _watch(page: Page, say: Say, shoot: Shoot, numbers: list[str]) -> None:
    page.set_default_timeout(180_000)
    expect(page.get_by_text(re.compile(rf"^{GONE // 10}\d of 3\d\d sent"))).to_be_visible(timeout=180_000)
    for number in numbers[: GONE // 2 : 9]:
        _answers(page, say, number)
    say("control/faults", {"auto_read": False})
    expect(page.get_by_role("definition").filter(has_text=re.compile("^[5-9]")).first).to_be_visible()
    shoot(page, "campaign-running")
    expect(page.get_by_role("main").get_by_text("Finished", exact=True)).to_be_visible(timeout=180_000)


def _answers(page: Page, say: Say, number: str) -> None:
    """Opens the chat and taps the button, if the sandbox kept this customer among so many."""
    chat = page.request.get(f"/sandbox/phone/customers/{number}/messages").json().get("messages")
    if chat:
        say(f"phone/customers/{number}/open", {})
        tap = {"type": "button", "text": "Yes, see you there", "reply_to": chat[-1]["wamid"]}
        say(f"phone/customers/{number}/messages", tap)


def _report(page: Page, data: Path, say: Say, shoot: Shoot, numbers: list[str]) -> None:
    for number in numbers[40:200:13]:
        _answers(page, say, number)
    campaign_id = int(page.url.rsplit("/", 1)[1])
    page.wait_for_timeout(3_000)
    _spread(data, campaign_id)
    page.goto(f"/campaigns/{campaign_id}/report")
    expect(page.get_by_role("listitem").filter(has_text="Yes, see you there").first).to_be_visible()
    page.wait_for_timeout(1_000)
    shoot(page, "campaign-report")


def _spread(data: Path, campaign_id: int) -> None:
    """Let what took a minute have taken a morning, so that the chart is that of a larger campaign."""
    with closing(sqlite3.connect(data / "wapto.sqlite3", timeout=60)) as database, database:
        found = database.execute(
            "SELECT stage, sum(count), min(minute) FROM campaign_moment WHERE campaign_id = ? GROUP BY stage",
            (campaign_id,),
        ).fetchall()
        database.execute("DELETE FROM campaign_moment WHERE campaign_id = ?", (campaign_id,))
        for stage, total, first in found:
            start = datetime.fromisoformat(first) - MORNING
            rows = [
                (campaign_id, f"{start + timedelta(minutes=minute):%Y-%m-%d %H:%M:%S.%f}", stage, count)
                for minute, count in _curve(stage, total)
            ]
            database.executemany("INSERT INTO campaign_moment VALUES (?, ?, ?, ?)", rows)


def _curve(stage: str, total: int) -> list[tuple[int, int]]:
    """Sent evenly; what people do comes later and thins out. The counts add up to the total."""
    whole = int(MORNING / timedelta(minutes=1))
    late, spread = {"sent": (0, 0.0), "delivered": (1, 0.0), "failed": (1, 0.0)}.get(stage, (6, 0.03))
    weights = [math.exp(-spread * minute) for minute in range(whole - late)]
    counts, given, share = [], 0, 0.0
    for minute, weight in enumerate(weights):
        share += weight / sum(weights) * total
        if count := round(share) - given:
            counts.append((minute + late, count))
            given += count
    return counts
