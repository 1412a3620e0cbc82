"""Plans in a browser: an admin offers one, a trial runs out and locks, a subscription opens everything again."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.e2e.access import is_accessible
from tests.e2e.conftest import PHONE, NewPage, started

ADMIN, OWNER, PASSWORD = "otto@example.com", "rita@example.com", "velvet harbour lantern"


def fill_in(page: Page, name: str, email: str, button: str = "Create account") -> None:
    page.get_by_label("Your name").fill(name)
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name=button).click()


def said(page: Page, text: str) -> None:
    expect(page.get_by_role("region", name="Notices").get_by_text(text).last).to_be_visible()


def end_the_trial(data_dir: Path) -> None:
    """Let time pass: what the tick looks at, at the latest when the server starts, lies in the past."""
    with sqlite3.connect(data_dir / "wapto.sqlite3") as database:
        database.execute("UPDATE subscription SET trial_ends_at = '2020-01-01 00:00:00.000000'")


def card(page: Page, name: str) -> Locator:
    return page.get_by_test_id("plan-card").filter(has=page.get_by_role("heading", name=name))


def test_a_trial_runs_out_and_a_subscription_opens_everything_again(
    new_page: NewPage, tmp_path: Path
) -> None:
    data_dir = tmp_path / "data"
    with started(data_dir) as server:
        admin, owner = new_page(server.url), new_page(server.url)
        admin.goto(server.setup_link())
        admin.get_by_role("checkbox").uncheck()
        fill_in(admin, "Otto Operator", ADMIN)
        admin.wait_for_url(re.compile("/admin/accounts"))
        offer_a_plan(admin)
        switch_the_trial_on(admin)
        owner.goto("/register")
        fill_in(owner, "Rita Registered", OWNER, "Register")
        owner.wait_for_url(re.compile("/inbox"))
        expect(owner.get_by_test_id("trial")).to_contain_text("14 days left")
    end_the_trial(data_dir)
    with started(data_dir) as server:
        admin, owner, phone = (
            again(new_page(server.url, **look), page)
            for page, look in ((admin, {}), (owner, {}), (owner, {"viewport": PHONE}))
        )
        phone.goto("/inbox")
        expect(phone.get_by_test_id("locked")).to_contain_text("Choose a plan to go on")
        is_accessible(phone)
        owner.goto("/integrations")
        expect(owner.get_by_test_id("locked")).to_be_visible()
        expect(owner.get_by_text("You do not have permission")).to_have_count(0)
        owner.get_by_role("link", name="Choose a plan").click()
        ask_for_the_plan(owner)
        admin.goto("/admin/subscriptions")
        approve(admin)
        # The pages that are open follow by themselves.
        expect(owner.get_by_text("The workspace is locked")).to_have_count(0)
        expect(phone.get_by_test_id("locked")).to_have_count(0)
        read_the_invoice(owner)


def again(page: Page, earlier: Page) -> Page:
    """The same person at the server that was started again."""
    page.context.add_cookies(earlier.context.cookies())  # type: ignore[arg-type]
    return page


def offer_a_plan(admin: Page) -> None:
    admin.get_by_role("link", name="Plans", exact=True).click()
    admin.get_by_role("button", name="New plan").click()
    editor = admin.get_by_role("dialog")
    editor.get_by_label("Name", exact=True).fill("Pro <b>Plan</b>")
    editor.get_by_label("Price").fill("29,999")
    editor.get_by_label("Contacts", exact=True).fill("5000")
    editor.get_by_label("Campaigns", exact=True).uncheck()
    is_accessible(admin)
    editor.get_by_role("button", name="Save plan").click()
    expect(editor.get_by_text("USD has 2 digits after the point.")).to_be_visible()
    editor.get_by_label("Price").fill("29,90")
    editor.get_by_role("button", name="Save plan").click()
    said(admin, "Pro <b>Plan</b> is saved.")
    expect(admin.get_by_role("row").filter(has_text="Pro <b>Plan</b>")).to_contain_text("$29.90")


def switch_the_trial_on(admin: Page) -> None:
    admin.get_by_role("link", name="Subscriptions").click()
    admin.get_by_label("Whoever registers first").check()
    is_accessible(admin)
    admin.get_by_role("button", name="Save trial").click()
    said(admin, "The trial is saved.")


def ask_for_the_plan(owner: Page) -> None:
    expect(owner.get_by_text("The workspace is locked")).to_be_visible()
    pro = card(owner, "Pro <b>Plan</b>")
    expect(pro).to_contain_text("5,000")
    expect(pro.get_by_role("listitem").filter(has_text="Campaigns").last).to_contain_text("(not included)")
    is_accessible(owner)
    pro.get_by_role("button", name="Request this plan").click()
    owner.get_by_label("Message to the admin").fill("Please, soon")
    owner.get_by_role("button", name="Send request").click()
    expect(owner.get_by_text("You asked for Pro <b>Plan</b>.")).to_be_visible()


def approve(admin: Page) -> None:
    expect(admin.get_by_text("“Please, soon”")).to_be_visible()
    admin.get_by_role("button", name="Approve").click()
    dialog = admin.get_by_role("dialog")
    dialog.get_by_label("It is paid already").check()
    dialog.get_by_role("button", name="Approve").click()
    said(admin, "Pro <b>Plan</b> is approved.")
    admin.get_by_role("tab", name="Payments").click()
    expect(admin.get_by_role("row").filter(has_text="Received")).to_contain_text("$29.90")


def read_the_invoice(owner: Page) -> None:
    with owner.context.expect_page() as opened:
        owner.get_by_role("table", name="Invoices").get_by_role("link").click()
    invoice = opened.value
    expect(invoice.get_by_role("heading", name="Invoice")).to_be_visible()
    expect(invoice.get_by_text("Rita Registered")).to_be_visible()
    expect(invoice.get_by_role("row").filter(has_text="Total")).to_contain_text("$29.90")
    is_accessible(invoice)
    invoice.close()
    owner.get_by_role("button", name="Cancel subscription").click()
    owner.get_by_role("dialog").get_by_role("button", name="Cancel subscription").click()
    said(owner, "ends with the period that is paid")
    owner.get_by_role("button", name="Keep Pro <b>Plan</b>").click()
    said(owner, "goes on as before")
