"""A business from its first day to its first campaign.

Trial, teams, agents, the lock, a card, a number, an enquiry that is answered and tagged, and a campaign to that tag.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.e2e import pictures
from tests.e2e.access import connect
from tests.e2e.conftest import PHONE, Meta, NewPage, Server, free_port, sandbox_for, started
from tests.e2e.paying import keys_for, stripe_for
from tests.e2e.test_payment import offer
from tests.e2e.test_plans import again, end_the_trial, fill_in

PASSWORD, FIRST = "velvet harbour lantern", "copper meadow violin"
PEOPLE = (
    ("Amir Ahmadi", "amir@example.com", "Sales Team"),
    ("Bea Brandt", "bea@example.com", "Sales Team"),
    ("Dan Dorn", "dan@example.com", "Sales Team"),
    ("Cleo Carter", "cleo@example.com", "Customer Success"),
)
SALES_MAY = (
    "Do: Contacts",
    "Do: Tags and fields",
    "Do: Campaigns",
    "See: Templates",
    "See: Teams and agents",
)
SALES = {
    *("Inbox", "Contacts", "Segments", "Tasks", "Quick replies", "Campaigns", "Templates"),
    *("Agents", "Teams", "Tags", "Custom fields", "Profile"),
}
SEES = {
    "Sales Team": SALES,
    "Customer Success": {"Review", "Profile"},
}


@contextmanager
def serving(data_dir: Path) -> Iterator[tuple[Server, Meta]]:
    """Its Stripe and its WhatsApp are stand-ins."""
    port, meta_port = free_port(), free_port()
    settings = keys_for(port) | {"WAPTO_GRAPH_BASE_URL": f"http://127.0.0.1:{meta_port}"}
    with (
        started(data_dir, **settings) as server,
        stripe_for(server.url, port),
        sandbox_for(server.url, meta_port) as meta,
    ):
        yield server, meta


def test_from_the_first_trial_to_the_first_campaign(new_page: NewPage, tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    with serving(data_dir) as (server, _meta):
        offer(data_dir, "Pro", 4900, '["teams", "campaigns"]')
        _prepare_the_trial(new_page(server.url), server)
        owner = new_page(server.url)
        owner.goto("/register")
        fill_in(owner, "Rita Registered", "rita@example.com", "Register")
        owner.wait_for_url(re.compile("/inbox"))
        expect(owner.get_by_test_id("trial")).to_contain_text("14 days left")
        _make_team(owner, "Sales Team", *SALES_MAY, picture="example-team")
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
    with serving(data_dir) as (server, meta):
        owner = again(new_page(server.url), owner)
        amir = again(new_page(server.url), agents[0])
        for page in (owner, amir):
            page.goto("/inbox")
            expect(page.get_by_test_id("locked")).to_be_visible()
        _pay(owner, server)
        # The page that is open opens by itself.
        expect(amir.get_by_test_id("locked")).to_have_count(0)
        expect(amir.get_by_text("No number connected yet")).to_be_visible()
        connect(owner, meta)
        customer = meta.customers()[0]
        meta.says(customer["id"], {"type": "text", "text": "Do you have a villa with a sea view?"})
        server.sends_at_once()
        _answer_and_tag(amir)
        _campaign(amir)
        (got,) = [each for each in meta.chat(customer["id"]) if each["type"] == "template"]
        assert "Villa Marina" in str(got)


def _answer_and_tag(agent: Page) -> None:
    agent.goto("/inbox")
    agent.get_by_test_id("conversation-row").filter(has_text="sea view").click()
    box = agent.get_by_test_id("composer-text")
    box.fill("We do: Villa Marina. I send you an invitation.")
    box.press("Enter")
    expect(agent.get_by_test_id("message").last).to_contain_text("Villa Marina")
    panel = agent.get_by_role("complementary", name="Contact")
    panel.get_by_role("button", name="Add a tag").click()
    agent.get_by_role("combobox").fill("Sea view")
    agent.get_by_role("option", name=re.compile("Sea view")).click()
    expect(panel.locator(".tag")).to_have_text("Sea view")
    agent.keyboard.press("Escape")
    pictures.take_in_peace(agent, "example-enquiry")


def _campaign(agent: Page) -> None:
    agent.goto("/tags")
    agent.get_by_role("button", name="Actions for Sea view").click()
    agent.get_by_role("menuitem", name=re.compile("campaign", re.IGNORECASE)).click()
    agent.wait_for_url(re.compile(r"/campaigns/\d+/edit"))
    status = agent.get_by_role("complementary", name="How many").get_by_role("status")
    expect(status).to_contain_text(re.compile("1.*gets? it"))
    agent.get_by_role("link", name="Next: Message").click()
    agent.get_by_role("button", name="Choose a template").click()
    picker = agent.get_by_role("dialog")
    picker.get_by_role("searchbox").fill("viewing_reminder")
    picker.get_by_role("button", name=re.compile("viewing_reminder")).click()
    for gap, text in (("home", "Villa Marina"), ("day", "Friday at 3")):
        agent.get_by_label(re.compile(f"^Text: {gap}")).select_option("fixed")
        agent.get_by_label(f"Text for Text: {gap}").fill(text)
    expect(agent.get_by_test_id("campaign-preview")).to_contain_text("Villa Marina on Friday at 3")
    agent.get_by_role("link", name="Next: Timing").click()
    agent.get_by_role("link", name="Next: Review").click()
    expect(agent.get_by_text("Everything is there.")).to_be_visible()
    pictures.take_in_peace(agent, "example-review")
    agent.get_by_role("button", name="Send to 1 person").click()
    agent.get_by_role("dialog").get_by_role("button", name="Send now").click()
    agent.wait_for_url(re.compile(r"/campaigns/\d+$"))
    expect(agent.get_by_text("1 of 1 sent")).to_be_visible()
    pictures.take_in_peace(agent, "example-campaign")


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
    expect(
        admin.get_by_role("region", name="Notices").get_by_text("The trial is saved.").last
    ).to_be_visible()


def _make_team(owner: Page, name: str, *grants: str, without: str = "", picture: str = "") -> None:
    owner.goto("/teams/new")
    owner.get_by_label("Name", exact=True).fill(name)
    for grant in grants:
        owner.get_by_label(grant).check()
    if without:
        owner.get_by_label(without).uncheck()
    if picture:
        owner.get_by_label("Name", exact=True).focus()
        pictures.take_in_peace(owner, picture)
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
    expect(
        owner.get_by_role("region", name="Notices").get_by_text("Your plan is active").last
    ).to_be_visible()
