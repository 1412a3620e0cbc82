"""The owner pays by card on Stripe's page (its stand-in), sees the plan and the invoice, and cancels in the portal."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.access import is_accessible, set_up
from tests.e2e.conftest import PHONE, NewPage, Server, free_port, started
from tests.e2e.paying import keys_for, stripe_for

SHOTS = os.environ.get("WAPTO_TEST_SHOTS", "")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose Stripe is the stand-in on another port."""
    port = free_port()
    data_dir = tmp_path_factory.mktemp("payment") / "data"
    with started(data_dir, **keys_for(port)) as running, stripe_for(running.url, port):
        yield running


def offer(data_dir: Path, name: str, price: int, gates: str = "[]") -> None:
    """As an admin does it in the editor."""
    now = "2026-01-01 00:00:00.000000"
    with sqlite3.connect(data_dir / "wapto.sqlite3", timeout=10) as database:
        database.execute(
            "INSERT INTO plan (slug, name, description, price_minor, currency, cycle, limits, gates, is_featured,"
            " is_active, position, stripe_product_id, stripe_price_id, created_at, updated_at)"
            " VALUES (?, ?, '', ?, 'USD', 'monthly', '{}', ?, 0, 1, ?, '', '', ?, ?)",
            (name.lower(), name, price, gates, price, now, now),
        )


def _shot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def _choose(page: Page, name: str) -> None:
    card = page.get_by_test_id("plan-card").filter(has=page.get_by_role("heading", name=name, exact=True))
    card.get_by_role("button").last.click()


def test_the_owner_pays_by_card_and_cancels_in_the_portal(server: Server, new_page: NewPage) -> None:
    offer(server.data_dir, "Pro", 4900)
    page = new_page(server.url)
    set_up(page, server)
    page.goto("/subscription")
    _choose(page, "Pro")
    expect(page.get_by_role("dialog")).to_contain_text("You pay $49.00 by card")
    _shot(page, "question")
    page.get_by_role("button", name="Continue to payment").click()

    expect(page.get_by_role("heading", name="Harbour Homes")).to_be_visible()
    expect(page.get_by_text("USD 49.00").first).to_be_visible()
    is_accessible(page)
    _shot(page, "pay")
    page.get_by_role("radio", name="0002 Is declined").check()
    page.get_by_role("button", name=re.compile("Pay")).click()
    expect(page.get_by_role("alert")).to_have_text("Your card was declined.")
    _shot(page, "declined")
    page.get_by_role("radio", name="4242 Pays").check()
    page.get_by_role("button", name=re.compile("Pay")).click()

    page.wait_for_url(re.compile(f"{re.escape(server.url)}/subscription"))
    expect(page.get_by_role("region", name="Notices").get_by_text("Your plan is active").last).to_be_visible()
    expect(page.get_by_role("button", name="Manage payment")).to_be_visible()
    expect(page.get_by_role("button", name="Your plan")).to_be_visible()
    row = page.get_by_role("row").filter(has_text="$49.00")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("Paid")
    _shot(page, "paid")
    is_accessible(page)

    page.get_by_role("button", name="Manage payment").click()
    page.get_by_role("button", name="Cancel the subscription").click()
    expect(page.get_by_role("status")).to_have_text("The subscription ends with its period.")
    is_accessible(page)
    _shot(page, "portal")
    page.get_by_role("link", name="Back").click()
    page.wait_for_url(re.compile(f"{re.escape(server.url)}/subscription"))
    expect(page.get_by_text("Ends on")).to_be_visible()
    page.get_by_role("button", name="Keep Pro").click()
    expect(page.get_by_text("Renews on")).to_be_visible()
    page.set_viewport_size(PHONE)
    _shot(page, "phone")
