"""In a browser: pages that one may not see, and looking through somebody else's eyes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.access import fits
from tests.e2e.conftest import PHONE, NewPage, Server, started
from tests.e2e.test_guard import SECRET_KEY, apart
from tests.pipeline.rows import workspace
from wapto_app import runtime as process
from wapto_app.models import Account, Role, Team
from wapto_app.security import cookies
from wapto_app.services import sessions
from wapto_app.settings import Settings

AGENT = "Benedikt Maximilian Freiherr von und zu Hohenstein-Waldenburg"
CUSTOMER = "Carla Customer"
People = tuple[Server, dict[str, str]]


async def _fill(server: Server) -> dict[str, str]:
    settings = Settings(_env_file=None, data_dir=server.data_dir, secret_key=SECRET_KEY)  # type: ignore[call-arg]
    async with process.running(settings) as running:
        async with running.db.write() as session:
            team = Team(name="Desk", permissions=["inbox.see", "inbox.do", "contacts.see", "contacts.do"])
            session.add(team)
            await session.flush()
            found = {
                "owner": await _account(session, "Olga Owner", Role.OWNER),
                "admin": await _account(session, "Ada Admin", Role.OPERATOR, is_admin=True),
                "agent": await _account(session, AGENT, Role.AGENT, team_id=team.id, hide_phone=True),
            }
            for number in range(60):
                await _account(session, f"Person {number:02}", Role.AGENT, team_id=team.id)
            opened = {
                name: await sessions.open_session(session, id, address="127.0.0.1", user_agent="tests")
                for name, id in found.items()
            }
        await (await workspace(running)).conversation(CUSTOMER)
    return opened


async def _account(session: Any, name: str, role: Role, **values: Any) -> int:
    email = f"{name.lower().replace(' ', '.')}@example.com"
    account = Account(name=name, email=email, password_hash="$", role=role, **values)
    session.add(account)
    await session.flush()
    return account.id or 0


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Iterator[People]:
    with started(tmp_path_factory.mktemp("viewing") / "data", WAPTO_SECRET_KEY=SECRET_KEY) as server:
        yield server, apart(lambda: _fill(server))


def open_as(people: People, new_page: NewPage, who: str, path: str, **options: Any) -> Page:
    server, tokens = people
    page = new_page(server.url, **options)
    page.context.add_cookies([{"name": cookies.COOKIE, "value": tokens[who], "url": server.url}])
    page.goto(path)
    return page


def test_an_owner_sees_what_an_agent_sees_and_comes_back(people: People, new_page: NewPage) -> None:
    page = open_as(people, new_page, "owner", "/agents")
    page.get_by_role("searchbox").fill("Benedikt")
    page.get_by_role("button", name=f"Actions for {AGENT}").click()
    page.get_by_role("menuitem", name="See what they see").click()
    page.wait_for_url("**/inbox")
    bar = page.get_by_role("status").filter(has_text="You cannot change anything")
    expect(bar).to_contain_text(AGENT)
    menu = page.get_by_role("navigation", name="Main")
    expect(menu.get_by_role("link", name="Inbox")).to_be_visible()
    expect(menu.get_by_role("link", name="Integrations")).to_have_count(0)
    page.get_by_text(CUSTOMER).first.click()
    page.wait_for_url("**/inbox/1")
    expect(page.get_by_text(f"Hello from {CUSTOMER}").last).to_be_visible()
    expect(page.get_by_text(re.compile(r"\+1555\d+"))).to_have_count(0)
    page.goto("/integrations")
    expect(page.get_by_text("You cannot see “Integrations”")).to_be_visible()
    expect(page.get_by_text("You do not have permission")).to_have_count(0)
    page.get_by_role("link", name="Go to your start page").click()
    page.wait_for_url("**/inbox")
    expect(menu.get_by_role("link", name=re.compile("Inbox.*1"))).to_be_visible()  # still unread
    bar.get_by_role("button", name="Stop viewing").click()
    page.wait_for_url("**/agents")
    expect(bar).to_have_count(0)
    expect(menu.get_by_role("link", name="Integrations")).to_be_visible()


def test_the_bar_stands_on_every_page_of_a_phone(people: People, new_page: NewPage) -> None:
    page = open_as(people, new_page, "owner", "/agents", viewport=PHONE)
    page.get_by_role("searchbox").fill("Benedikt")
    page.get_by_role("button", name=f"Actions for {AGENT}").click()
    page.get_by_role("menuitem", name="See what they see").click()
    page.wait_for_url("**/inbox")
    stop = page.get_by_role("button", name="Stop viewing")
    for path in ("/inbox", "/inbox/1", "/profile", "/integrations"):
        page.goto(path)
        expect(stop).to_be_in_viewport()
        fits(page)
    stop.click()
    page.wait_for_url("**/agents")
    expect(stop).to_have_count(0)


def test_an_agent_gets_a_friendly_page_instead_of_one_that_is_not_theirs(
    people: People, new_page: NewPage
) -> None:
    page = open_as(people, new_page, "agent", "/admin/accounts")
    expect(page.get_by_text("You cannot see “Accounts”")).to_be_visible()
    expect(page.get_by_text("Only an admin sees this")).to_be_visible()
    page.get_by_role("link", name="Go to your start page").click()
    page.wait_for_url("**/inbox")
    page.goto("/")
    page.wait_for_url("**/inbox")


def test_an_admin_finds_everybody_and_makes_another_admin(people: People, new_page: NewPage) -> None:
    page = open_as(people, new_page, "admin", "/")
    page.wait_for_url("**/admin/accounts")
    expect(page.get_by_text("1–50 of 63")).to_be_visible()
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_text("51–63 of 63")).to_be_visible()
    page.get_by_role("combobox", name="Role").select_option("owner")
    expect(page.get_by_role("row")).to_have_count(2)
    page.get_by_role("button", name="Actions for Olga Owner").click()
    page.get_by_role("menuitem", name="Make admin").click()
    page.get_by_role("button", name="Make admin").click()
    expect(
        page.get_by_role("region", name="Notices").get_by_text("Olga Owner is an admin now.").last
    ).to_be_visible()
    page.get_by_role("button", name="Actions for Olga Owner").click()
    expect(page.get_by_role("menuitem", name="See what they see")).to_have_count(0)
    page.get_by_role("menuitem", name="Take the admin right away").click()
    page.get_by_role("button", name="Take away").click()
    expect(
        page.get_by_role("region", name="Notices").get_by_text("is no admin any more.").last
    ).to_be_visible()
