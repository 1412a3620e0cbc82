"""Teams in a browser: the owner makes one, an agent joins, works, sees less, and is let out."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.e2e import access
from tests.e2e.access import set_up
from tests.e2e.conftest import PHONE, NewPage, Server, started
from tests.pipeline.rows import workspace
from wapto_app import runtime as process
from wapto_app.settings import Settings

AGENT, PASSWORD = "amir@example.com", "velvet harbour lantern"


async def _fill(server: Server) -> None:
    settings = Settings(_env_file=None, data_dir=server.data_dir)  # type: ignore[call-arg]
    async with process.running(settings) as running:
        work = await workspace(running)
        await work.conversation("Carla Customer")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with started(tmp_path_factory.mktemp("teams") / "data") as running:
        # On a loop of its own: the browser of the tests has taken this thread's.
        filling = threading.Thread(target=lambda: asyncio.run(_fill(running)))
        filling.start()
        filling.join()
        yield running


def is_accessible(page: Page) -> None:
    page.mouse.move(1, 1)  # a tip is outside of the page's landmarks
    page.evaluate("document.activeElement.blur()")
    expect(page.get_by_role("tooltip")).to_have_count(0)
    access.is_accessible(page)


def actions_of(page: Page, name: str) -> None:
    page.get_by_role("button", name=f"Actions for {name}").click()


def _owner(server: Server, new_page: NewPage) -> Page:
    page = new_page(server.url)
    set_up(page, server)
    return page


def _make_team(page: Page) -> None:
    page.goto("/teams")
    expect(page.get_by_text("No teams yet")).to_be_visible()
    page.get_by_role("link", name="New team").first.click()
    expect(page.get_by_label("Do: Inbox")).to_be_checked()
    page.get_by_label("Name", exact=True).fill("Sales Team")
    page.get_by_label("Do: Contacts").check()
    expect(page.get_by_label("See: Contacts")).to_be_checked()
    page.get_by_label("Who gets a conversation of the team").select_option(label="In turn")
    is_accessible(page)
    page.get_by_role("button", name="Save team").click()
    page.wait_for_url(re.compile("/teams$"))
    expect(page.get_by_role("link", name="Sales Team")).to_be_visible()
    is_accessible(page)


def _join(owner: Page, server: Server, new_page: NewPage) -> Page:
    owner.goto("/agents")
    owner.get_by_role("button", name="Invite agent").click()
    dialog = owner.get_by_role("dialog")
    dialog.get_by_label("E-mail").fill(AGENT)
    dialog.get_by_label("Team").select_option(label="Sales Team")
    dialog.get_by_role("button", name="Invite").click()
    link = owner.get_by_role("dialog").locator("code").inner_text()
    owner.get_by_role("button", name="Done").click()
    agent = new_page(server.url, viewport=PHONE)
    agent.goto(link)
    agent.get_by_label("Your name").fill("Amir Agent")
    agent.get_by_label("Password", exact=True).fill(PASSWORD)
    agent.get_by_role("button", name=re.compile("Join|Create")).click()
    agent.wait_for_url(re.compile("/inbox"))
    expect(owner.get_by_role("row", name=re.compile("Amir Agent"))).to_contain_text("Active")
    return agent


def test_an_agent_joins_works_sees_less_and_is_let_out(server: Server, new_page: NewPage) -> None:
    owner = _owner(server, new_page)
    _make_team(owner)
    agent = _join(owner, server, new_page)
    is_accessible(owner)

    agent.get_by_test_id("conversation-row").click()
    agent.get_by_role("button", name="Assigned to").click()
    agent.get_by_role("menuitemradio", name="Amir Agent (you)").click()
    expect(agent.get_by_test_id("assignee").first).to_contain_text("Amir Agent")
    owner.goto("/inbox")
    expect(owner.get_by_test_id("row-assignee")).to_contain_text("Assigned to Amir Agent")
    agent.get_by_role("button", name="Resolve").click()
    agent.get_by_role("button", name="Undo resolving").click()
    expect(agent.get_by_role("button", name="Resolve")).to_be_visible()
    is_accessible(agent)

    owner.goto("/teams")
    owner.get_by_role("link", name="Sales Team").click()
    owner.get_by_label("See: Inbox").uncheck()
    expect(owner.get_by_label("Do: Inbox")).not_to_be_checked()
    owner.get_by_role("button", name="Save team").click()
    owner.wait_for_url(re.compile("/teams$"))
    expect(agent.get_by_text("Hello from Carla Customer")).to_have_count(0)
    expect(agent.get_by_text("Carla Customer")).to_have_count(0)

    owner.goto("/agents")
    actions_of(owner, "Amir Agent")
    owner.get_by_role("menuitem", name="Deactivate").click()
    owner.get_by_role("dialog").get_by_role("button", name="Deactivate").click()
    agent.wait_for_url(re.compile("/login"))
    expect(owner.get_by_role("row", name=re.compile("Amir Agent"))).to_contain_text("Deactivated")
