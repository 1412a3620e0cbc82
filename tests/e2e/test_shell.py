"""The design system and the frame of the pages, in Chromium on the production build."""

from __future__ import annotations

import asyncio
import gzip
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, FloatRect, Page, expect

from tests.e2e.access import fits, until
from tests.e2e.conftest import DESKTOP, PHONE, free_port, fresh_page
from wapto_app import bundle, migrations
from wapto_app.db import Database
from wapto_app.models import Account, Channel, Contact, Conversation, Role, Team
from wapto_app.security import cookies
from wapto_app.services import sessions

APP = "tests.e2e.kitchen"
BUDGET = 220_000
AXE_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
NewPage = Callable[..., Page]


@dataclass(frozen=True)
class Site:
    """A running server and two people who are signed in there."""

    url: str
    token: str
    spanish_token: str


async def _fill(database_url: str) -> list[str]:
    db = Database(database_url)
    owner = Account(name="Amara Okafor", email="amara@example.com", password_hash="!", role=Role.OWNER)
    colleague = Account(
        name="Marta Ruiz", email="marta@example.com", password_hash="!", role=Role.AGENT, locale="es"
    )
    number = Channel(
        phone_number_id="1", waba_id="2", display_phone_number="+49 151 234567", verified_name="Main"
    )
    contact = Contact(name="Jonas Weber")
    team = Team(name="Support", permissions=["inbox.do", "contacts.do"])
    async with db.write() as session:
        session.add_all([owner, colleague, number, contact, team])
        await session.flush()
        colleague.team_id = team.id
        session.add(
            Conversation(contact_id=contact.id or 0, channel_id=number.id or 0, unread=3, preview="Hello")
        )
        tokens = [
            await sessions.open_session(session, person.id or 0, address="127.0.0.1", user_agent="tests")
            for person in (owner, colleague)
        ]
    await db.close()
    return tokens


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The built app with the kitchen sink, on a port and a database of its own."""
    data, port = tmp_path_factory.mktemp("data"), free_port()
    database = f"sqlite:///{data / 'wapto.sqlite3'}"
    migrations.upgrade(database)
    with ThreadPoolExecutor(1) as apart:  # Playwright keeps a loop running in this thread
        tokens = apart.submit(asyncio.run, _fill(database)).result()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REFLEX_WEB_WORKDIR", str(bundle.ROOT / "build" / "web-kitchen"))
        patch.setenv("REFLEX_APP_MODULE_IMPORT", APP)
        bundle.build()
        settings = {"WAPTO_DATA_DIR": str(data), "WAPTO_DATABASE_URL": database, "WAPTO_PORT": str(port)}
        url = f"http://127.0.0.1:{port}"
        environment = os.environ | bundle.serving_environment() | settings | {"WAPTO_PUBLIC_URL": url}
        command = [sys.executable, "-m", "granian", "--interface", "asgi", "--factory", "--host", "127.0.0.1"]
        with (data / "server.log").open("w") as log:
            server = subprocess.Popen(
                [*command, "--port", str(port), "--workers", "1", f"{APP}:app"],
                cwd=bundle.ROOT,
                env=environment,
                stdout=log,
                stderr=log,
            )
            try:
                _wait_for(url, server, data / "server.log")
                yield Site(url, *tokens)
            finally:
                server.terminate()
                server.wait(15)


def _wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        try:
            if httpx.get(f"{url}/ping").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(f"The server did not start:\n{log.read_text()[-3000:]}")


@pytest.fixture
def new_page(browser: Browser, site: Site) -> Iterator[NewPage]:
    """Open pages, signed in or not. Anything in the console, such as a refusal by the CSP, fails the test."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_page(
        path: str = "/kitchen-sink", *, signed_in: bool = True, token: str = "", **options: object
    ) -> Page:
        page = fresh_page(browser, site.url, **options)
        context = page.context
        contexts.append(context)
        if signed_in:
            context.add_cookies([{"name": cookies.COOKIE, "value": token or site.token, "url": site.url}])
        page.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(path)
        if signed_in:
            expect(page).to_have_title(re.compile(r"^\(1\) .+ · Wapto$"))
        return page

    yield open_page
    for context in contexts:
        context.close()
    expected = ("net::ERR_INTERNET_DISCONNECTED", "status of 404")  # of the tests that ask for it
    assert [text for text in complaints if not any(part in text for part in expected)] == []


@pytest.fixture
def page(new_page: NewPage) -> Page:
    """The kitchen sink on a desk."""
    return new_page()


def _violations(page: Page) -> list[str]:
    # The shapes of what is loading are gone before anything is judged.
    expect(page.locator("[aria-busy=true] .animate-pulse-soft").first).to_be_attached()
    result = Axe().run(page, options={"runOnly": AXE_RULES})
    return [f"{v['id']}: {[n['html'][:200] for n in v['nodes']]}" for v in result.response["violations"]]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desk", "phone"])
def test_every_component_is_accessible(new_page: NewPage, theme: str, viewport: dict[str, int]) -> None:
    page = new_page(color_scheme=theme, viewport=viewport)
    expect(page.get_by_text("Line 59.")).to_be_visible()
    assert _violations(page) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_what_opens_is_accessible_too(new_page: NewPage, theme: str) -> None:
    page = new_page(color_scheme=theme, reduced_motion="reduce")
    for opener in ("Menu", "Dialog", "Drawer", "Popover"):
        page.get_by_role("button", name=opener, exact=True).click()
        assert _violations(page) == [], opener
        page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    assert _violations(page) == []


def test_the_first_stop_of_the_keyboard_skips_the_navigation(page: Page) -> None:
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


def test_a_dialog_takes_the_focus_keeps_it_and_gives_it_back(page: Page) -> None:
    opener = page.get_by_role("button", name="Dialog", exact=True)
    opener.click()
    dialog = page.get_by_role("dialog", name="New tag")
    expect(dialog.get_by_label("Close")).to_be_focused()
    for _ in range(8):
        page.keyboard.press("Tab")
        assert page.evaluate(
            "document.activeElement === document.body || !!document.activeElement.closest('dialog')"
        )
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(opener).to_be_focused()


def test_a_press_on_the_backdrop_closes_a_dialog_and_the_state_hears_it(page: Page) -> None:
    for _ in range(2):
        page.get_by_role("button", name="From the state").click()
        dialog = page.get_by_role("dialog", name="From the state")
        expect(dialog).to_be_visible()
        page.mouse.click(20, 450)
        expect(dialog).to_be_hidden()


def test_a_dangerous_question_starts_at_the_harmless_answer(page: Page) -> None:
    page.get_by_role("button", name="Menu", exact=True).click()
    page.get_by_role("menuitem", name="Delete").click()
    question = page.get_by_role("dialog", name="Delete this conversation?")
    expect(question.get_by_role("button", name="Cancel")).to_be_focused()
    question.get_by_role("button", name="Delete conversation").click()
    expect(question).to_be_hidden()
    expect(page.get_by_text("Conversation deleted.").last).to_be_visible()


def test_a_menu_is_worked_with_the_keyboard_alone(page: Page) -> None:
    opener = page.get_by_role("button", name="Menu", exact=True)
    opener.focus()
    page.keyboard.press("ArrowDown")
    menu = page.get_by_role("menu", name="Conversation")
    expect(menu.get_by_role("menuitem", name="Assign")).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(menu.get_by_role("menuitem", name="Delete")).to_be_focused()
    page.keyboard.press("m")
    expect(menu.get_by_role("menuitem", name="Mark as unread")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(menu.get_by_role("menuitem", name="Delete")).to_be_focused()  # the disabled one is passed over
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    expect(opener).to_be_focused()


def test_the_press_that_leaves_a_menu_does_not_open_it_again(page: Page) -> None:
    opener = page.get_by_role("button", name="Menu", exact=True)
    menu = page.get_by_role("menu", name="Conversation")
    opener.click()
    expect(menu).to_be_visible()
    opener.click()
    expect(menu).to_be_hidden()
    opener.click()
    expect(menu).to_be_visible()
    page.mouse.click(700, 120)
    expect(menu).to_be_hidden()


def _box(page: Page) -> FloatRect:
    """Where the menu is; it is put there after it was opened."""
    box = page.get_by_role("menu").bounding_box()
    assert box is not None
    return box


def test_a_right_click_opens_the_context_menu_at_the_pointer(page: Page) -> None:
    area = page.get_by_text("Right-click here")
    area.click(button="right", position={"x": 30, "y": 20})
    place = area.bounding_box()
    assert place is not None
    until(page, lambda: abs(_box(page)["x"] - place["x"] - 30) < 3)


def test_a_menu_never_leaves_the_window(new_page: NewPage) -> None:
    page = new_page(viewport=PHONE)
    page.get_by_label("Your account").click()
    until(page, lambda: _box(page)["x"] >= 8)
    until(page, lambda: _box(page)["x"] + _box(page)["width"] <= PHONE["width"] - 8 + 0.5)


def test_the_palette_finds_a_page_and_goes_there(page: Page) -> None:
    page.keyboard.press("Control+k")
    search = page.get_by_role("combobox", name="Search pages, actions and customers")
    expect(search).to_be_focused()
    search.fill("integr")
    expect(page.get_by_role("listbox", name="Results").get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    page.wait_for_url("**/integrations")
    expect(page).to_have_title("(1) Integrations · Wapto")


def test_the_palette_says_when_nothing_is_found(page: Page) -> None:
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name="Search pages, actions and customers").fill("zzz")
    expect(page.get_by_text("Nothing found for “zzz”.")).to_be_visible()


def test_shortcuts_are_listed_and_stay_quiet_while_somebody_types(page: Page) -> None:
    expect(page.get_by_text("Line 59.")).to_be_visible()
    page.get_by_label("Name", exact=True).press("w")
    page.keyboard.press("Control+End")
    expect(page.get_by_text("Line 60.")).to_have_count(0)
    page.locator("#main").focus()
    page.keyboard.press("w")
    expect(page.get_by_text("Line 60.")).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_contain_text("Write a line")


def test_an_error_stands_beside_its_field_and_has_the_focus(page: Page) -> None:
    email = page.get_by_label("E-mail")
    email.fill("nobody")
    page.get_by_label("Password", exact=True).fill("x")
    page.get_by_role("button", name="Save contact").click()
    expect(email).to_have_attribute("aria-invalid", "true")
    expect(email).to_be_focused()
    expect(email).to_have_accessible_description(
        "This is no e-mail address. Write it as name@example.com. Where receipts go."
    )


def test_a_password_can_be_looked_at(page: Page) -> None:
    secret = page.get_by_label("Password", exact=True)
    secret.fill("open sesame")
    expect(secret).to_have_attribute("type", "password")
    page.get_by_role("button", name="Show password").click()
    expect(secret).to_have_attribute("type", "text")


def test_a_notice_is_shown_once_and_an_error_stays(page: Page) -> None:
    notices = page.get_by_role("region", name="Notices")
    page.get_by_role("button", name="Error", exact=True).click()
    page.get_by_role("button", name="Success", exact=True).click()
    expect(notices.get_by_role("listitem")).to_have_count(2)
    expect(notices.get_by_role("listitem")).to_have_count(1)
    expect(notices).to_contain_text("WhatsApp refused")
    notices.get_by_label("Dismiss").click()
    page.reload()
    expect(page.get_by_label("Your account")).to_be_visible()
    expect(page.get_by_text("Line 59.")).to_be_visible()
    expect(notices.get_by_role("listitem")).to_have_count(0)


def test_a_narrow_sidebar_stays_narrow_and_its_icons_keep_their_names(page: Page) -> None:
    side = page.get_by_role("complementary")
    page.get_by_role("button", name="Collapse").click()
    page.reload(wait_until="commit")
    # A sheet is among them when it has arrived; without it nothing has its width.
    until(
        page,
        lambda: bool(
            page.evaluate(
                "document.querySelector('aside') && [...document.styleSheets].some((sheet) => sheet.href)"
            )
        ),
    )
    assert page.evaluate("document.querySelector('aside').getBoundingClientRect().width") == 56
    expect(page.get_by_text("Line 59.")).to_be_visible()
    integrations = side.get_by_role("link", name="Integrations")
    integrations.hover()
    expect(page.get_by_role("tooltip")).to_have_text("Integrations")


def test_the_theme_follows_the_device_until_the_reader_decides(new_page: NewPage) -> None:
    page = new_page(color_scheme="dark")
    expect(page.locator("html")).to_have_class("dark")
    page.get_by_role("button", name="Use the light theme").click()
    expect(page.locator("html")).to_have_class("light")
    page.reload()
    expect(page.locator("html")).to_have_class("light")
    page.get_by_label("Your account").click()
    page.get_by_role("radio", name="As the device").click()
    expect(page.locator("html")).to_have_class("dark")


def test_a_lost_connection_is_said_and_unsaid(page: Page) -> None:
    banner = page.get_by_text("Connection lost, trying again.")
    page.context.set_offline(True)
    expect(banner).to_be_visible()
    page.context.set_offline(False)
    expect(banner).to_be_hidden()


def test_english_fetches_no_catalog(new_page: NewPage) -> None:
    page = new_page("/login", signed_in=False)
    fetched = page.evaluate("performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert not [url for url in fetched if "locales" in url]


def test_a_language_chosen_before_sign_in_stays(new_page: NewPage) -> None:
    page = new_page("/login", signed_in=False)
    page.get_by_role("button", name="Language").click()
    page.get_by_role("menuitem", name="Español").click()
    expect(page.get_by_role("button", name="Idioma")).to_be_visible()
    page.reload()
    expect(page.get_by_role("button", name="Idioma")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "es")


def test_a_browser_that_speaks_spanish_is_answered_in_spanish(new_page: NewPage) -> None:
    page = new_page("/login", signed_in=False, locale="es-MX")
    expect(page.get_by_role("button", name="Idioma")).to_be_visible()


def test_the_language_of_the_account_rules_on_every_device(new_page: NewPage, site: Site) -> None:
    page = new_page("/profile", token=site.spanish_token)
    expect(page.get_by_role("complementary").get_by_role("link", name="Bandeja")).to_be_visible()
    expect(page).to_have_title("(1) Perfil · Wapto")
    expect(page.locator("html")).to_have_attribute("lang", "es")


def test_the_navigation_offers_what_the_reader_may_open(new_page: NewPage, site: Site) -> None:
    owner = new_page("/profile").get_by_role("navigation").first.get_by_role("link")
    expect(owner).to_have_text(
        [
            re.compile("Inbox"),
            *(
                "Contacts",
                "Segments",
                "Tasks",
                "Media library",
                "Quick replies",
                "Campaigns",
                "Templates",
                "Teams",
                "Agents",
                "Review",
                "Tags",
                "Custom fields",
                "Business hours",
                "Typing indicator",
                "Opt-out words",
                "Message prices",
                "Integrations",
                "Sign-in rules",
                "Subscription",
                "Profile",
            ),
        ]
    )
    agent = new_page("/profile", token=site.spanish_token).get_by_role("navigation").first.get_by_role("link")
    expect(agent).to_have_text(
        [
            re.compile("Bandeja"),
            "Contactos",
            "Segmentos",
            "Tareas",
            "Respuestas rápidas",
            "Perfil",
        ]
    )


def test_a_time_says_its_exact_moment_to_who_points_at_it(page: Page) -> None:
    expect(page.get_by_text("Window closed")).to_be_visible()
    page.locator("time", has_text="min ago").first.hover()
    expect(page.get_by_role("tooltip")).to_contain_text(re.compile(r"day, .* at \d+:\d\d"))


def test_a_copied_text_is_on_the_clipboard_and_the_button_says_so(new_page: NewPage) -> None:
    page = new_page(permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy the text").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == "copied text"


def test_tabs_are_walked_with_the_arrows(page: Page) -> None:
    tabs = page.get_by_role("tablist", name="Conversations")
    tabs.get_by_role("tab", name="Open").focus()
    page.keyboard.press("ArrowRight")
    expect(tabs.get_by_role("tab", name="Mine")).to_be_focused()
    expect(page.get_by_role("tabpanel")).to_have_text("Mine alone.")
    page.keyboard.press("End")
    expect(page.get_by_role("tabpanel")).to_have_text("All of them.")


def test_the_tab_of_the_page_that_is_open_says_so(page: Page) -> None:
    views = page.get_by_role("navigation", name="Views")
    expect(views.get_by_role("link", name="Kitchen sink")).to_have_attribute("aria-current", "page")
    expect(views.get_by_role("link", name="Inbox")).not_to_have_attribute("aria-current", "page")


def test_an_unknown_address_is_answered_kindly(new_page: NewPage) -> None:
    page = new_page("/no/such/page", signed_in=False)
    expect(page.get_by_role("heading", name="There is nothing here")).to_be_visible()


def test_a_phone_reaches_every_page_through_the_drawer(new_page: NewPage) -> None:
    page = new_page(viewport=PHONE)
    page.get_by_role("banner").get_by_role("button", name="Menu").click()
    drawer = page.get_by_role("dialog", name="Wapto")
    drawer.get_by_role("link", name="Profile").click()
    page.wait_for_url("**/profile")
    expect(drawer).to_be_hidden()


@pytest.mark.parametrize("path", ["/kitchen-sink", "/inbox", "/integrations", "/profile"])
def test_nothing_is_wider_than_a_phone(new_page: NewPage, path: str) -> None:
    page = new_page(path, viewport=PHONE)
    fits(page, "html, #main, #main .overflow-y-auto")


def test_older_rows_come_in_front_without_moving_what_is_read(page: Page) -> None:
    page.get_by_role("heading", name="Chat list").scroll_into_view_if_needed()
    expect(page.get_by_text("Line 59.")).to_be_visible()
    page.get_by_role("log", name="Conversation").evaluate("(box) => { box.scrollTop = 40; }")
    row = page.get_by_text("Line 0.")
    before = row.bounding_box()
    expect(page.get_by_text("Line -1.")).to_be_attached()
    page.wait_for_timeout(300)
    after = row.bounding_box()
    assert before is not None
    assert after is not None
    assert abs(before["y"] - after["y"]) <= 2


def test_sorting_choosing_and_opening_rows(page: Page) -> None:
    table = page.get_by_role("table", name="Contacts")
    head = table.get_by_role("columnheader", name="Messages")
    head.get_by_role("button").click()
    expect(head).to_have_attribute("aria-sort", "ascending")
    table.get_by_role("checkbox", name="Select Ravi").check()
    expect(page.get_by_role("status").filter(has_text="1 selected")).to_be_visible()
    page.get_by_role("button", name="Clear the selection").click()
    expect(page.get_by_text("1 selected")).to_have_count(0)
    table.get_by_role("row", name="Olga Petrova").click(position={"x": 400, "y": 20})
    expect(page.get_by_role("region", name="Notices")).to_contain_text("Olga Petrova")


def test_search_reaches_the_server_once_typing_rests(page: Page) -> None:
    frames: list[str] = []
    page.on("websocket", lambda ws: ws.on("framesent", lambda frame: frames.append(str(frame))))
    page.reload()
    rows = page.get_by_role("table", name="Contacts").get_by_role("row")
    expect(rows).to_have_count(9)
    # Faster than any machine is slow.
    page.get_by_role("searchbox", name="Search contacts").evaluate(
        """(input) => {
            const put = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set;
            for (const typed of ["o", "ol", "olg", "olga"]) {
                put.call(input, typed);
                input.dispatchEvent(new Event("input", { bubbles: true }));
            }
        }"""
    )
    expect(rows).to_have_count(2)
    assert len([frame for frame in frames if "sink.search" in frame]) == 1


def test_the_inbox_loads_within_its_budget(new_page: NewPage) -> None:
    page = new_page("/inbox")
    page.wait_for_load_state("networkidle")
    names = page.evaluate(
        "performance.getEntriesByType('resource').map((e) => e.name).filter((n) => /\\.(js|css)(\\?|$)/.test(n))"
    )
    size = sum(len(gzip.compress(httpx.get(name).content, 9)) for name in set(names))
    assert 100_000 < size <= BUDGET
