"""What many walks begin with, and what is looked at on many pages: what axe-core finds wrong, what sticks out."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from axe_playwright_python.base import AxeResults
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.e2e.conftest import PATIENCE, Meta, Server

OWNER, PASSWORD = "olga@example.com", "velvet harbour lantern"

# While something fades in, its contrast is too low.
_SETTLED = """() => Promise.all(document.getAnimations()
    .filter((each) => Number.isFinite(each.effect.getComputedTiming().endTime))
    .map((each) => each.finished.catch(() => {})))"""


def set_up(page: Page, server: Server) -> None:
    """Olga Owner makes the first account of a fresh server, and stands in her empty inbox."""
    page.goto(server.setup_link())
    page.get_by_label("Your name").fill("Olga Owner")
    page.get_by_label("E-mail").fill(OWNER)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    page.wait_for_url(re.compile("/inbox"))


def sign_in(page: Page) -> None:
    """As Olga Owner, whom ``set_up`` has made."""
    page.goto("/login")
    page.get_by_label("E-mail").fill(OWNER)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(re.compile("/inbox"))


def fill_in_number(page: Page, meta: Meta, *, token: str = "") -> None:
    """The form of a WhatsApp number, with the values of the stand-in or a token of one's own."""
    page.goto("/integrations/connect")
    page.get_by_label("Phone number id").fill(meta.config["phone_number_id"])
    page.get_by_label("WhatsApp Business account id").fill(meta.config["waba_id"])
    page.get_by_label("Access token", exact=True).fill(token or meta.config["token"])
    page.get_by_label("App secret", exact=True).fill(meta.config["app_secret"])
    page.get_by_role("button", name="Check and connect").click()


def connect(page: Page, meta: Meta) -> None:
    """Connect the stand-in's first number."""
    fill_in_number(page, meta)
    expect(page.get_by_test_id("number")).to_contain_text("Connected")


def is_accessible(page: Page) -> None:
    found = _looked_at(page)
    if found.violations_count:
        # What an answer changed meanwhile may have been fading in.
        found = _looked_at(page)
    assert found.violations_count == 0, found.generate_report()


def _looked_at(page: Page) -> AxeResults:
    page.evaluate(_SETTLED)
    return Axe().run(page)


def fits(page: Page, boxes: str = "html") -> None:
    """Nothing sticks out at the side of these elements, once the page stands."""
    none_is_wider = "(all) => all.every((each) => each.scrollWidth <= each.clientWidth)"
    until(page, lambda: bool(page.locator(boxes).evaluate_all(none_is_wider)))


def until(page: Page, condition: Callable[[], bool]) -> None:
    """For what ``expect`` has no words for."""
    deadline = time.monotonic() + PATIENCE / 1000
    while not condition():
        assert time.monotonic() < deadline, "it did not become true"
        page.wait_for_timeout(50)
