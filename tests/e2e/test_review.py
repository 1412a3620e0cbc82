"""The review page in a browser: ranges, sorting, what is behind a figure, a review beside the thread, the file."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.access import fits, is_accessible
from tests.e2e.conftest import PHONE, NewPage, Server, started
from tests.e2e.review_rows import AGENT, OWNER, PASSWORD, prepare


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data_dir = tmp_path_factory.mktemp("review") / "data"
    prepare(data_dir)
    with started(data_dir) as running:
        yield running


def signed_in(page: Page, email: str = OWNER, door: str = "User login") -> Page:
    page.goto("/login")
    page.get_by_role("tab", name=door).click()
    page.get_by_label("E-mail").first.fill(email)
    page.get_by_label("Password", exact=True).first.fill(PASSWORD)
    page.get_by_role("button", name="Sign in").first.click()
    page.wait_for_url(re.compile("/inbox"))
    return page


def names(page: Page) -> list[str]:
    return [cell.inner_text().split("\n")[-2] for cell in page.get_by_role("rowheader").all()]


def test_from_the_figures_to_a_review(server: Server, new_page: NewPage) -> None:
    page = signed_in(new_page(server.url))
    page.get_by_role("link", name="Review").click()
    expect(page.get_by_role("button", name="Zoe")).to_be_visible()
    expect(page.get_by_role("rowheader")).to_have_count(4)
    is_accessible(page)
    page.get_by_role("button", name="30 days").click()
    expect(page.get_by_role("button", name="30 days")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_label("Day by day").get_by_role("listitem")).to_have_count(30)
    page.get_by_role("button", name="Name").click()
    expect(page.get_by_role("rowheader").first).to_contain_text("Ben Agent")
    page.get_by_role("button", name="Name").click()
    expect(page.get_by_role("rowheader").first).to_contain_text("Zoe")

    with page.expect_download() as download:
        page.get_by_role("link", name="Download CSV").click()
    assert re.fullmatch(
        r"review-agents-\d{4}-\d\d-\d\d-to-\d{4}-\d\d-\d\d\.csv", download.value.suggested_filename
    )

    page.get_by_role("button", name="Zoe").click()
    panel = page.get_by_role("dialog")
    expect(panel.get_by_test_id("behind").first).to_be_visible()
    panel.get_by_label("Figure").select_option("first_reply")
    expect(panel.get_by_test_id("behind").first).to_contain_text("min")
    panel.get_by_test_id("behind").first.get_by_role("link").click()
    page.wait_for_url(re.compile(r"/review/\d+\?agent=\d+"))
    expect(page.get_by_text("Is the flat on Harbour Street still free?")).to_be_visible()
    expect(page.get_by_role("button", name="Reply")).to_have_count(0)
    expect(page.get_by_label("Agent", exact=True)).to_have_value(re.compile(r"\d+"))
    is_accessible(page)
    save = page.get_by_role("button", name="Save review")
    expect(save).to_be_disabled()
    for group in page.get_by_role("radiogroup").all():
        group.get_by_role("radio", name="4 of 5").click()
    page.get_by_label("Note").fill("Kind <b>and</b> quick.")
    save.click()
    review = page.get_by_test_id("review")
    expect(review).to_contain_text("Kind <b>and</b> quick.")
    expect(review).to_contain_text("4.0")
    review.get_by_role("button", name="Change this review").click()
    page.get_by_role("radiogroup").first.get_by_role("radio", name="1 of 5").click()
    save.click()
    expect(review).to_contain_text("3.3")
    review.get_by_role("button", name="Delete this review").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete review").click()
    expect(review).to_have_count(0)


def test_criteria_are_edited_and_used(server: Server, new_page: NewPage) -> None:
    page = signed_in(new_page(server.url))
    page.goto("/review")
    page.get_by_role("button", name="Criteria").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Add a criterion").click()
    expect(dialog.get_by_label("Criterion 4", exact=True)).to_be_visible()  # it moves the buttons below it
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_text("Every criterion needs a name.")).to_be_visible()
    dialog.get_by_label("Criterion 4", exact=True).fill("Follows up")
    dialog.get_by_label("Weight of criterion 4").select_option("3")
    dialog.get_by_role("button", name="Save").click()
    expect(
        page.get_by_role("region", name="Notices").get_by_text("The criteria are saved.").last
    ).to_be_visible()
    page.goto("/review/1")
    expect(page.get_by_role("radiogroup", name="Follows up")).to_be_visible()


def test_own_days_and_teams_on_a_phone(server: Server, new_page: NewPage) -> None:
    page = signed_in(new_page(server.url, viewport=PHONE, has_touch=True))
    page.goto("/review")
    expect(page.get_by_role("rowheader")).to_have_count(4)
    fits(page)
    page.get_by_role("button", name="Other days").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("First day").fill("2026-02-03")
    dialog.get_by_label("Last day").fill("2026-02-01")
    dialog.get_by_role("button", name="Show these days").click()
    expect(dialog.get_by_text("The last day is before the first.")).to_be_visible()
    dialog.get_by_label("Last day").fill("2026-02-05")
    dialog.get_by_role("button", name="Show these days").click()
    expect(page.get_by_role("button", name="2026-02-03 – 2026-02-05")).to_be_visible()
    expect(page.get_by_label("Day by day").get_by_role("listitem")).to_have_count(3)
    page.get_by_role("button", name="Today").click()
    page.get_by_role("button", name="Teams").click()
    expect(page.get_by_role("rowheader").first).to_contain_text(re.compile("Sales Team|Customer Success"))
    is_accessible(page)


def test_an_agent_without_reports_is_told_so(server: Server, new_page: NewPage) -> None:
    page = signed_in(new_page(server.url), AGENT, "Agent login")
    expect(page.get_by_role("link", name="Review")).to_have_count(0)
    page.goto("/review")
    expect(page.get_by_text("You cannot see “Review”")).to_be_visible()
    expect(page.get_by_role("rowheader")).to_have_count(0)
