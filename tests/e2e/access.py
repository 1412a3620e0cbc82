"""What is looked at on many pages: what axe-core finds wrong, and whether something sticks out at the side."""

from __future__ import annotations

import time
from collections.abc import Callable

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.e2e.conftest import PATIENCE

# While something fades in, its contrast is too low.
_SETTLED = """() => Promise.all(document.getAnimations()
    .filter((each) => Number.isFinite(each.effect.getComputedTiming().endTime))
    .map((each) => each.finished.catch(() => {})))"""


def is_accessible(page: Page) -> None:
    page.evaluate(_SETTLED)
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


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
