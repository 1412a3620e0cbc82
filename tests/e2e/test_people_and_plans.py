"""A business from its first day to its first payment: trial, teams, agents, the lock, a card."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.e2e.conftest import PHONE, NewPage, Server, free_port, started
from tests.e2e.paying import keys_for, stripe_for
from tests.e2e.test_payment import offer
from tests.e2e.test_plans import again, end_the_trial, fill_in

PASSWORD, FIRST = "velvet harbour lantern", "copper meadow violin"
PEOPLE = (
    ("Amir Ahmadi", "amir@example.com", "Sales Team"),
    ("Bea Brandt", "bea@example.com", "Sales Team"),
    ("Cleo Carter", "cleo@example.com", "Customer Success"),
)
SEES = {
    "Sales Team": {"Inbox", "Tasks", "Quick replies", "Agents", "Teams", "Profile"},
    "Customer Success": {"Review", "Profile"},
}


@contextmanager
def serving(data_dir: Path) -> Iterator[Server]:
    port = free_port()
    with started(data_dir, **keys_for(port)) as server, stripe_for(server.url, port):
        yield server


def test_from_the_first_trial_to_the_first_payment(new_page: NewPage, tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    with serving(data_dir) as server:
        offer(data_dir, "Pro", 4900, '["teams"]')
        _prepare_the_trial(new_page(server.url), server)
        owner = new_page(server.url)
        owner.goto("/register")
        fill_in(owner, "Rita Registered", "rita@example.com", "Register")
        owner.wait_for_url(re.compile("/inbox"))
        expect(owner.get_by_test_id("trial")).to_contain_text("14 days left")
        _make_team(owner, "Sales Team", "See: Teams and agents")
        _make_team(owner, "Customer Success", "See: Reports", without="See: Inbox")
        for name, email, team in PEOPLE:
            _make_agent(owner, name, email, team)
        agents = [
            new_page(server.url, viewport=PHONE) if email.startswith("bea") else new_page(server.url)
            for _name, email, _team in PEOPLE
        ]
        for page, (_name, email, team) in zip(agents, PEOPLE, strict=True):
            _first_sign_in(page, email)
            _sees_what_the_team_may_see(page, team)
    end_the_trial(data_dir)
    with serving(data_dir) as server:
        owner = again(new_page(server.url), owner)
        amir = again(new_page(server.url), agents[0])
        for page in (owner, amir):
            page.goto("/inbox")
            expect(page.get_by_test_id("locked")).to_be_visible()
        _pay(owner, server)
        # The page that is open opens by itself.
        expect(amir.get_by_test_id("locked")).to_have_count(0)
        expect(amir.get_by_text("No number connected yet")).to_be_visible()


def _prepare_the_trial(admin: Page, server: Server) -> None:
    admin.goto(server.setup_link())
    admin.get_by_role("checkbox").uncheck()
    fill_in(admin, "Otto Operator", "otto@example.com")
    admin.wait_for_url(re.compile("/admin/accounts"))
    admin.goto("/admin/subscriptions")
    admin.get_by_label("Whoever registers first").check()
    plan = admin.get_by_label("Plan to try").locator("option", has_text="Pro").get_attribute("value")
    admin.get_by_label("Plan to try").select_option(plan)
    admin.get_by_role("button", name="Save trial").click()
    expect(admin.get_by_role("region", name="Notices").get_by_text("The trial is saved.")).to_be_visible()


def _make_team(owner: Page, name: str, grant: str, *, without: str = "") -> None:
    owner.goto("/teams/new")
    owner.get_by_label("Name", exact=True).fill(name)
    owner.get_by_label(grant).check()
    if without:
        owner.get_by_label(without).uncheck()
    owner.get_by_role("button", name="Save team").click()
    owner.wait_for_url(re.compile("/teams$"))
    expect(owner.get_by_role("link", name=name)).to_be_visible()


def _make_agent(owner: Page, name: str, email: str, team: str) -> None:
    owner.goto("/agents")
    owner.get_by_role("button", name="Create agent").click()
    dialog = owner.get_by_role("dialog")
    dialog.get_by_label("Name").fill(name)
    dialog.get_by_label("E-mail").fill(email)
    dialog.get_by_label("First password").fill(FIRST)
    dialog.get_by_label("Team").select_option(label=team)
    dialog.get_by_role("button", name="Create agent").click()
    expect(owner.get_by_role("row").filter(has_text=email)).to_contain_text("Active")


def _first_sign_in(page: Page, email: str) -> None:
    page.goto("/login")
    page.get_by_role("tab", name="Agent login").click()
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password", exact=True).fill(FIRST)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(re.compile("/profile/password"))
    page.get_by_label("Password that you were given").fill(FIRST)
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_role("button", name=re.compile("password|Save")).last.click()
    page.wait_for_url(re.compile("/inbox|/agents|/review|/profile$"))


def _sees_what_the_team_may_see(page: Page, team: str) -> None:
    if page.viewport_size == PHONE:
        page.get_by_role("button", name="Menu").click()
    navigation = page.get_by_role("navigation", name="Main").filter(visible=True)
    expect(navigation.get_by_role("link", name="Profile")).to_be_visible()
    names = navigation.get_by_role("link")
    expect(names).to_have_count(len(SEES[team]))
    assert {name.strip() for name in names.all_inner_texts()} == SEES[team]
    page.goto("/integrations")
    expect(page.get_by_text("You cannot see “Integrations”")).to_be_visible()


def _pay(owner: Page, server: Server) -> None:
    owner.get_by_role("link", name="Choose a plan").click()
    card = owner.get_by_test_id("plan-card").filter(has=owner.get_by_role("heading", name="Pro", exact=True))
    card.get_by_role("button").last.click()
    owner.get_by_role("button", name="Continue to payment").click()
    owner.get_by_role("radio", name="4242 Pays").check()
    owner.get_by_role("button", name=re.compile("Pay")).click()
    owner.wait_for_url(re.compile(f"{re.escape(server.url)}/subscription"))
    expect(owner.get_by_role("region", name="Notices").get_by_text("Your plan is active")).to_be_visible()
