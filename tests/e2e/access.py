"""What axe-core finds wrong with a page."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

# While something fades in, its contrast is too low.
_SETTLED = """() => Promise.all(document.getAnimations()
    .filter((each) => Number.isFinite(each.effect.getComputedTiming().endTime))
    .map((each) => each.finished.catch(() => {})))"""


def is_accessible(page: Page) -> None:
    page.evaluate(_SETTLED)
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
