"""The left panel in Chromium: narrowing, the way back, paging, search, many at once, snoozing; desk and phone."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from playwright.sync_api import Locator, Page, expect

from tests.e2e.access import fits, is_accessible, until
from tests.e2e.conftest import PHONE, NewPage, Server, started
from wapto_app.clock import utcnow
from wapto_app.db import Database
from wapto_app.models import (
    Account,
    Channel,
    ChannelStatus,
    Contact,
    ContactTag,
    Conversation,
    Direction,
    Message,
    MessageStatus,
    Role,
    Tag,
)
from wapto_app.models.base import table_of
from wapto_app.security import cookies
from wapto_app.services import sessions

CUSTOMERS, LINES = 320, 400
Open = Callable[..., Page]


@dataclass(frozen=True)
class Inbox:
    """A server with many conversations, the first one long, and the token of the owner."""

    server: Server
    token: str


async def _fill(database_url: str) -> str:
    db, now = Database(database_url), utcnow()
    olga = Account(name="Olga Owner", email="olga@example.com", password_hash="!", role=Role.OWNER)
    number = Channel(
        phone_number_id="1",
        waba_id="2",
        display_phone_number="+49 151 234567",
        verified_name="Main",
        status=ChannelStatus.CONNECTED,
    )
    async with db.write() as session:
        session.add_all([olga, number, Tag(name="VIP", key="vip", colour="amber")])
        await session.flush()
        people = [Contact(name=f"Customer {n:03}").model_dump() | {"id": n} for n in range(1, CUSTOMERS + 1)]
        await session.exec(sa.insert(table_of(Contact)), params=people)
        talks = [_conversation(n, now - timedelta(minutes=n)) for n in range(1, CUSTOMERS + 1)]
        await session.exec(sa.insert(table_of(Conversation)), params=talks)
        await session.exec(
            sa.insert(table_of(ContactTag)), params=[{"contact_id": 7, "tag_id": 1, "at": now}]
        )
        lines = [_line(at, now - timedelta(minutes=LINES - at)) for at in range(LINES)]
        await session.exec(sa.insert(table_of(Message)), params=lines)
        token = await sessions.open_session(session, olga.id or 0, address="127.0.0.1", user_agent="tests")
    await db.close()
    return token


def _conversation(n: int, at: datetime) -> dict[str, Any]:
    talk = Conversation(
        contact_id=n,
        channel_id=1,
        preview=f"Hello {n}",
        preview_type="text",
        unread=int(n % 100 == 0),
        last_message_at=at,
        last_inbound_at=at,
    )
    return talk.model_dump() | {"id": n}


def _line(at: int, when: datetime) -> dict[str, Any]:
    return {
        "conversation_id": 1,
        "channel_id": 1,
        "direction": Direction.INBOUND,
        "type": "text",
        "body": f"Line {at} about order AB{10_000 + at}X",
        "content": {"kind": "text"},
        "wamid": f"wamid.{at}",
        "status": MessageStatus.RECEIVED,
        "at": when,
        "created_at": when,
    }


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inbox]:
    data_dir = tmp_path_factory.mktemp("list") / "data"
    with started(data_dir) as server:
        fill = _fill(f"sqlite:///{data_dir / 'wapto.sqlite3'}")
        with ThreadPoolExecutor(1) as apart:  # Playwright keeps a loop running in this thread
            token = apart.submit(asyncio.run, fill).result()
        yield Inbox(server, token)


@pytest.fixture
def opened(inbox: Inbox, new_page: NewPage) -> Open:
    def opened(path: str, **options: object) -> Page:
        page = new_page(inbox.server.url, **options)
        page.context.add_cookies([{"name": cookies.COOKIE, "value": inbox.token, "url": inbox.server.url}])
        page.goto(path)
        return page

    return opened


def test_filters_stand_in_the_address_and_are_saved_as_a_view(opened: Open) -> None:
    page = opened("/inbox")
    rows = page.get_by_test_id("conversation-row")
    expect(rows.first).to_contain_text("Customer 001")
    expect(page.get_by_test_id("count-all")).to_have_text("320")
    page.get_by_test_id("filter").click()
    dialog = page.get_by_role("dialog", name="Filter conversations")
    dialog.get_by_label("Unread", exact=True).check()
    dialog.get_by_role("button", name="Show", exact=True).click()
    expect(rows).to_have_count(3)
    expect(page).to_have_url(re.compile(r"/inbox\?unread=1$"))
    is_accessible(page)
    page.get_by_role("button", name="Views and order").click()
    page.get_by_role("menuitem", name="Save this view").click()
    page.get_by_role("dialog").get_by_label("Name").fill("To read")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    rows.first.click()
    expect(page).to_have_url(re.compile(r"/inbox/100\?unread=1$"))
    page.get_by_role("button", name="Remove this filter: Unread").click()
    expect(rows.first).to_contain_text("Customer 001")
    page.go_back()
    expect(page.get_by_test_id("filter-chip")).to_have_text("Unread")
    tabs = page.get_by_role("group", name="Whose conversations")
    tabs.get_by_role("button", name=re.compile("^Unassigned")).click()
    expect(page).to_have_url(re.compile(r"tab=unassigned&unread=1$"))
    page.goto("/inbox")
    page.get_by_role("button", name="Views and order").click()
    page.get_by_role("menuitem", name="To read").click()
    expect(page.get_by_test_id("filter-chip")).to_have_text("Unread")


def _slid_up_to(rows: Locator, name: str) -> bool:
    rows.first.scroll_into_view_if_needed()
    return rows.filter(has_text=name).count() > 0


def test_the_list_slides_through_all_and_keeps_few(opened: Open) -> None:
    page = opened("/inbox")
    rows = page.get_by_test_id("conversation-row")
    expect(rows.first).to_contain_text("Customer 001")
    for number in (50, 100, 150, 200, 250, 300, 320):
        rows.filter(has_text=f"Customer {number:03}").scroll_into_view_if_needed()
        assert rows.count() <= 150
    expect(rows.filter(has_text="Customer 001")).to_have_count(0)
    until(page, lambda: _slid_up_to(rows, "Customer 001"))
    expect(rows.first).to_contain_text("Customer 001")
    assert rows.count() <= 150


def test_a_search_leads_to_the_message(opened: Open) -> None:
    page = opened("/inbox")
    search = page.get_by_label("Search the inbox")
    search.fill("customer 31")
    expect(page.get_by_test_id("found-person")).to_have_count(5)
    search.fill("10042")
    hit = page.get_by_test_id("found-message")
    expect(hit).to_have_count(1)
    expect(hit.locator("mark")).to_have_text("10042")
    hit.click()
    found = page.get_by_test_id("message").filter(has_text="AB10042X")
    expect(found).to_be_in_viewport()
    expect(page.get_by_test_id("message").filter(has_text="Line 399")).to_have_count(0)
    page.get_by_test_id("to-latest").click()
    expect(page.get_by_test_id("message").last).to_contain_text("Line 399")
    search.fill("zzz nowhere")
    expect(page.get_by_text("Nothing found")).to_be_visible()
    search.fill("")
    expect(page.get_by_test_id("conversation-row").first).to_be_visible()


def test_several_are_marked_and_resolved_and_that_is_undone(opened: Open) -> None:
    page = opened("/inbox")
    rows = page.get_by_test_id("conversation-row")
    rows.nth(1).focus()
    page.keyboard.press("x")
    rows.nth(3).focus()
    page.keyboard.press("Shift+X")
    bar = page.get_by_test_id("bulk-bar")
    expect(bar).to_contain_text("3 selected")
    bar.get_by_role("button", name="Resolve").click()
    expect(bar).to_contain_text("3 resolved")
    expect(rows.filter(has_text="Customer 003")).to_have_count(0)
    bar.get_by_role("button", name="Undo").click()
    expect(rows.nth(2)).to_contain_text("Customer 003")
    rows.nth(0).hover()
    page.get_by_label("Select Customer 001").locator("xpath=..").click()
    page.get_by_role("button", name="Select all that match").click()
    expect(bar).to_contain_text("320 selected")
    page.get_by_role("button", name="Stop selecting").click()
    expect(bar).to_have_count(0)


def test_on_a_phone_one_is_snoozed_and_found_again(opened: Open) -> None:
    page = opened("/inbox?tags=1", viewport=PHONE, has_touch=True)
    row = page.get_by_test_id("conversation-row")
    expect(row).to_have_count(1)
    row.click()
    page.get_by_role("button", name="Change the status").click()
    page.get_by_role("menuitem", name="Tomorrow morning").click()
    expect(page.get_by_test_id("status")).to_have_text("Snoozed")
    expect(page.get_by_role("region", name="Notices").get_by_role("listitem")).to_have_count(1)
    page.get_by_role("link", name="Back to the list").click()
    expect(page.get_by_text("Nothing matches")).to_be_visible()
    page.get_by_test_id("filter").click()
    page.get_by_label("Snoozed").check()
    page.get_by_role("button", name="Show", exact=True).click()
    expect(row.get_by_test_id("row-status")).to_have_attribute("aria-label", "Snoozed")
    is_accessible(page)
    fits(page, "html, #main")
