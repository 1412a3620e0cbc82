"""The desk in Chromium: two people in one conversation, ten thousand messages, the keyboard, a phone."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

import pytest
import sqlalchemy as sa
from playwright.sync_api import Locator, Page, expect

from tests.e2e.access import fits, until
from tests.e2e.conftest import PHONE, NewPage, Server, started
from wapto_app.clock import utcnow
from wapto_app.db import Database
from wapto_app.models import (
    Account,
    AddressKind,
    Channel,
    ChannelStatus,
    Contact,
    ContactAddress,
    Conversation,
    Direction,
    Message,
    MessageStatus,
    Role,
    Tag,
    Team,
)
from wapto_app.models.base import table_of
from wapto_app.security import cookies
from wapto_app.services import sessions

MANY = 10_000
LONG, OTHER = 1, 2
Open = Callable[..., Page]


@dataclass(frozen=True)
class Desk:
    """A server with two conversations, one of them long, and the tokens of two people."""

    server: Server
    olga: str
    ana: str


async def _fill(database_url: str) -> list[str]:
    db, now = Database(database_url), utcnow()
    people = [
        Account(name="Olga Owner", email="olga@example.com", password_hash="!", role=Role.OWNER),
        Account(name="Ana Agent", email="ana@example.com", password_hash="!", role=Role.AGENT),
    ]
    number = Channel(
        phone_number_id="1",
        waba_id="2",
        display_phone_number="+49 151 234567",
        verified_name="Main",
        status=ChannelStatus.CONNECTED,
    )
    team = Team(name="Support", permissions=["inbox.do", "contacts.do", "export.do", "tags.do"])
    customers = [Contact(name="Long Talker"), Contact(profile_name="Bea")]
    async with db.write() as session:
        session.add_all([*people, number, team, *customers, Tag(name="VIP", key="vip", colour="green")])
        await session.flush()
        people[1].team_id = team.id
        for at, customer in enumerate(customers):
            session.add(
                ContactAddress(contact_id=customer.id or 0, kind=AddressKind.PHONE, value=f"+491510000{at}")
            )
            session.add(
                Conversation(
                    contact_id=customer.id or 0,
                    channel_id=number.id or 0,
                    preview="Hello",
                    preview_type="text",
                    last_message_at=now - timedelta(minutes=at),
                    last_inbound_at=now,
                )
            )
        await session.flush()
        rows = [_message(LONG, at, now - timedelta(minutes=MANY - at)) for at in range(MANY)]
        await session.exec(sa.insert(table_of(Message)), params=rows)
        await session.exec(sa.insert(table_of(Message)), params=[_message(OTHER, MANY, now)])
        tokens = [
            await sessions.open_session(session, person.id or 0, address="127.0.0.1", user_agent="tests")
            for person in people
        ]
    await db.close()
    return tokens


def _message(conversation_id: int, at: int, when: object) -> dict[str, object]:
    """Of many heights, as a real one."""
    return {
        "conversation_id": conversation_id,
        "channel_id": 1,
        "direction": Direction.OUTBOUND if at % 3 == 0 else Direction.INBOUND,
        "type": "text",
        "body": f"Message {at} " + "and what else there is to say " * (at * 7 % 23),
        "content": {"kind": "text"},
        "wamid": f"wamid.{at}",
        "status": MessageStatus.DELIVERED if at % 3 == 0 else MessageStatus.RECEIVED,
        "at": when,
        "created_at": when,
    }


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    data_dir = tmp_path_factory.mktemp("desk") / "data"
    with started(data_dir) as server:
        fill = _fill(f"sqlite:///{data_dir / 'wapto.sqlite3'}")
        with ThreadPoolExecutor(1) as apart:  # Playwright keeps a loop running in this thread
            olga, ana = apart.submit(asyncio.run, fill).result()
        yield Desk(server, olga, ana)


@pytest.fixture
def opened(desk: Desk, new_page: NewPage) -> Open:
    """A page of somebody who is signed in."""

    def opened(path: str, *, token: str = "", **options: object) -> Page:
        page = new_page(desk.server.url, **options)
        page.context.add_cookies(
            [{"name": cookies.COOKIE, "value": token or desk.olga, "url": desk.server.url}]
        )
        page.goto(path)
        return page

    return opened


def _log(page: Page) -> Locator:
    return page.get_by_role("log", name="Messages")


def test_two_people_see_each_other_at_work(desk: Desk, opened: Open) -> None:
    olga, ana = opened(f"/inbox/{OTHER}"), opened(f"/inbox/{OTHER}", token=desk.ana)
    for page in (olga, ana):
        expect(page.get_by_test_id("message")).to_have_count(1)
    expect(olga.get_by_test_id("company")).to_have_text("Ana Agent is here too")
    ana.get_by_test_id("composer-text").press_sequentially("I will")
    expect(olga.get_by_test_id("company")).to_have_text("Ana Agent is writing")
    expect(olga.get_by_test_id("row-company")).to_have_count(1)
    ana.get_by_role("button", name="Assigned to Unassigned").first.click()
    ana.get_by_role("menuitemradio", name="Ana Agent (you)").click()
    for page in (olga, ana):
        expect(page.get_by_test_id("event")).to_contain_text("Ana Agent took it")
    olga.get_by_role("button", name="Resolve").click()
    expect(ana.get_by_test_id("event").last).to_contain_text("Olga Owner resolved it")
    olga.get_by_role("button", name="Undo resolving").click()  # what is resolved leaves the list
    # One's own other tab is no company.
    expect(ana.get_by_test_id("company")).to_have_text(re.compile("^Olga Owner"))
    ana.goto("/tasks")
    expect(olga.get_by_test_id("company")).to_have_count(0)


def _top(page: Page, text: str) -> float:
    box = page.get_by_test_id("message").filter(has_text=re.compile(rf"^{text} ")).bounding_box()
    assert box is not None, text
    return box["y"]


def _in_sight(page: Page) -> str:
    """The name of a message in the middle of the box."""
    found = page.evaluate(
        """() => {
          const box = document.querySelector('[role=log]').getBoundingClientRect();
          const rows = [...document.querySelectorAll('[data-testid=message]')];
          return rows.find((row) => row.getBoundingClientRect().top > box.top + box.height / 3).innerText;
        }"""
    )
    name = re.match(r"Message \d+", found)
    assert name, found
    return name[0]


def _number(page: Page, at: int) -> int:
    found = page.get_by_test_id("message").nth(at).inner_text()
    return int(re.match(r"Message (\d+)", found)[1])  # type: ignore[index]


def _scroll_until(page: Page, by: int, reached: Callable[[], bool]) -> None:
    def turn() -> bool:
        if by and not reached():
            page.mouse.wheel(0, by)
        return reached()

    until(page, turn)


def _scrolled(page: Page) -> float:
    return float(page.evaluate("document.querySelector('[role=log]').scrollTop"))


def _rests(page: Page, text: str, at: float) -> None:
    """The message comes to this height and stays there."""
    until(page, lambda: abs(_top(page, text) - at) <= 2)
    page.wait_for_timeout(100)
    assert abs(_top(page, text) - at) <= 2, text


def test_ten_thousand_messages_are_read_up_and_down_without_a_jump(opened: Open) -> None:
    page = opened(f"/inbox/{LONG}")
    expect(page.get_by_test_id("message").last).to_contain_text(f"Message {MANY - 1} ")
    _log(page).hover()
    for _page in range(8):
        oldest = _number(page, 0)
        _scroll_until(page, -300, lambda: _scrolled(page) < 1200)
        page.wait_for_timeout(40)
        watched = _in_sight(page)
        before, scrolled = _top(page, watched), _scrolled(page)
        page.mouse.wheel(0, -450)
        _scroll_until(page, 0, lambda known=oldest: _number(page, 0) < known)  # type: ignore[misc]
        # The wheel moved it by what the wheel turns, whatever came above it meanwhile.
        _rests(page, watched, before + min(450, scrolled))
    assert page.get_by_test_id("message").count() <= 250
    assert _number(page, -1) < MANY - 100
    _scroll_until(page, 600, lambda: _number(page, -1) == MANY - 1)
    watched = _in_sight(page)
    before = _top(page, watched)
    page.wait_for_timeout(300)
    assert abs(_top(page, watched) - before) <= 2
    page.mouse.wheel(0, -4000)
    page.get_by_test_id("to-latest").click()
    expect(page.get_by_test_id("message").last).to_be_in_viewport()
    expect(page.get_by_test_id("to-latest")).to_have_count(0)


def test_the_keyboard_reaches_everything_and_leaves_fields_alone(opened: Open) -> None:
    page = opened("/inbox")
    expect(page.get_by_test_id("conversation-row")).to_have_count(2)
    page.keyboard.press("j")
    expect(page.get_by_test_id("conversation-row").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("thread-name")).to_have_text("Long Talker")
    page.keyboard.press("j")
    expect(page.get_by_test_id("thread-name")).to_have_text("Bea")
    page.keyboard.press("k")
    expect(page.get_by_test_id("thread-name")).to_have_text("Long Talker")
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(keys.get_by_role("heading", name="Open conversation")).to_be_visible()
    page.keyboard.press("e")
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    expect(page.get_by_test_id("composer-text")).to_be_focused()
    page.keyboard.type("a jerk? g t")
    expect(page.get_by_test_id("composer-text")).to_have_value("a jerk? g t")
    expect(page.get_by_test_id("event")).to_have_count(0)
    page.get_by_test_id("composer-text").fill("")
    _log(page).focus()
    page.keyboard.press("e")
    expect(page.get_by_test_id("event").last).to_contain_text("Olga Owner resolved it")
    page.keyboard.press("e")
    expect(page.get_by_test_id("event").last).to_contain_text("Olga Owner opened it again")
    page.keyboard.press("a")
    expect(page.get_by_role("menu", name="Assign")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    search = page.get_by_role("combobox", name="Search pages, actions and customers")
    expect(page.get_by_role("option", name=re.compile("Mark as unread"))).to_be_visible()
    search.fill("bea")
    page.get_by_role("option", name=re.compile("^Bea")).first.click()
    expect(page.get_by_test_id("thread-name")).to_have_text("Bea")
    page.keyboard.press("g")
    page.keyboard.press("t")
    page.wait_for_url("**/tasks")


def test_a_phone_goes_from_list_to_thread_to_contact_and_back(opened: Open) -> None:
    page = opened("/inbox", viewport=PHONE, has_touch=True)
    row = page.get_by_test_id("conversation-row").filter(has_text="Bea")
    row.click()
    expect(page.get_by_test_id("thread-name")).to_be_visible()
    expect(row).to_be_hidden()
    page.get_by_role("button", name="Contact details").click()
    panel = page.get_by_role("complementary", name="Contact")
    panel.get_by_role("button", name="Company").click()
    panel.get_by_role("textbox", name="Company").fill("Bea & Sons")
    page.keyboard.press("Enter")
    expect(panel.get_by_role("button", name="Company")).to_contain_text("Bea & Sons")
    panel.get_by_role("button", name="Add a tag").click()
    page.get_by_role("option", name="VIP").click()
    page.keyboard.press("Escape")
    expect(panel.locator(".tag")).to_have_text("VIP")
    panel.get_by_role("button", name="What happened").click()
    expect(panel.get_by_text("Tagged VIP")).to_be_visible()
    page.reload()
    expect(panel.get_by_text("Tagged VIP")).to_be_visible()  # folded as it was left
    fits(page, "html, #main, aside")
    panel.get_by_role("button", name="Close contact details").click()
    page.get_by_role("link", name="Back to the list").click()
    expect(row).to_be_visible()
    page.go_back()
    expect(page.get_by_test_id("thread-name")).to_be_visible()
