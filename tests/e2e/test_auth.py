"""Accounts in a browser: set-up, the two doors, invitations, devices, lost passwords."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import socketio
from playwright.sync_api import Locator, Page, expect

from tests.e2e.access import is_accessible
from tests.e2e.conftest import PATIENCE, PHONE, NewPage, Server, started

OWNER, PASSWORD, NEW_PASSWORD = "olga@example.com", "velvet harbour lantern", "brass kettle meadow"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 Safari/604.1"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with started(tmp_path_factory.mktemp("auth") / "data") as running:
        yield running


def sign_in(page: Page, password: str = PASSWORD, *, email: str = OWNER, door: str = "User login") -> None:
    page.get_by_role("tab", name=door).click()
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()


def signed_in(page: Page, password: str = PASSWORD, *, email: str = OWNER) -> Page:
    page.goto("/login")
    sign_in(page, password, email=email)
    page.wait_for_url(re.compile("/inbox"))
    return page


def notice(page: Page, text: str) -> Locator:
    return page.get_by_role("region", name="Notices").get_by_text(text).last


def link_in_dialog(page: Page) -> str:
    link = page.get_by_role("dialog").locator("code").inner_text()
    page.get_by_role("button", name="Done").click()
    return link


def test_newcomer_sets_up_and_is_signed_in(server: Server, new_page: NewPage) -> None:
    page = new_page(server.url)
    page.goto("/login")
    expect(page.get_by_text("This Wapto is not set up yet")).to_be_visible()
    page.goto("/setup?token=guess")
    expect(page.get_by_text("Restart the server")).to_be_visible()
    page.goto(server.setup_link())
    is_accessible(page)
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_text("Fill this in.")).to_have_count(3)
    expect(page.get_by_label("Your name")).to_be_focused()
    page.get_by_label("Your name").fill("Olga <b>Owner</b>")
    page.get_by_label("E-mail").fill("olga@")
    page.get_by_label("Password", exact=True).fill("password12")
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_text("This is not an e-mail address.")).to_be_visible()
    expect(page.get_by_text("Common passwords are tried first.")).to_be_visible()
    page.get_by_label("E-mail").fill(OWNER)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    page.wait_for_url(re.compile("/inbox"))
    [cookie] = [cookie for cookie in page.context.cookies() if cookie.get("name") == "wapto_session"]
    assert (cookie.get("httpOnly"), cookie.get("sameSite"), cookie.get("path")) == (True, "Lax", "/")
    assert "wapto_session" not in page.evaluate("document.cookie")


def test_registration_is_closed_once_there_is_an_owner(server: Server, new_page: NewPage) -> None:
    page = new_page(server.url)
    page.goto("/register")
    expect(page.get_by_text("Registration is closed")).to_be_visible()
    expect(page.get_by_role("textbox")).to_have_count(0)


def test_wrong_password_and_wrong_door_are_told_and_the_address_is_kept(
    server: Server, new_page: NewPage
) -> None:
    page = new_page(server.url, viewport=PHONE, color_scheme="dark")
    page.goto("/login")
    is_accessible(page)
    sign_in(page, "wrong password")
    expect(page.get_by_role("alert").filter(has_text="is not right")).to_be_visible()
    page.get_by_role("tab", name="Agent login").click()
    expect(page.get_by_label("E-mail")).to_have_value(OWNER)
    sign_in(page, door="Agent login")
    expect(page.get_by_role("alert").filter(has_text="“User login”")).to_be_visible()
    sign_in(page)
    page.wait_for_url(re.compile("/inbox"))


def test_wanted_page_opens_after_signing_in(server: Server, new_page: NewPage) -> None:
    page = new_page(server.url)
    page.goto("/admin/accounts")
    page.wait_for_url(re.compile("/login"))
    sign_in(page)
    page.wait_for_url("**/admin/accounts")
    expect(page.get_by_role("row").filter(has_text="Olga <b>Owner</b>")).to_be_visible()
    is_accessible(page)


def test_profile_is_changed_and_the_time_zone_found_by_typing(server: Server, new_page: NewPage) -> None:
    page = signed_in(new_page(server.url))
    page.goto("/profile")
    page.get_by_label("Name", exact=True).fill("Olga Owner")
    zone = page.get_by_label("Time zone")
    zone.fill("kolk")
    zone.press("Enter")
    expect(zone).to_have_value("Asia / Kolkata")
    page.get_by_role("button", name="Save").click()
    expect(notice(page, "Your profile is saved.")).to_be_visible()
    is_accessible(page)
    page.reload()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Olga Owner")
    expect(page.get_by_label("Time zone")).to_have_value("Asia / Kolkata")


def test_devices_are_listed_and_signed_out_one_by_one_and_all_at_once(
    server: Server, new_page: NewPage
) -> None:
    here = signed_in(new_page(server.url))
    there = signed_in(new_page(server.url, user_agent=IPHONE))
    here.goto("/profile")
    row = here.get_by_role("listitem").filter(has_text="Safari on iPhone")
    expect(row).to_have_count(1)
    row.get_by_role("button", name="Sign out Safari on iPhone").click()
    expect(row).to_have_count(0)
    there.wait_for_url(re.compile("/login"))
    sign_in(there)
    there.wait_for_url(re.compile("/inbox"))
    here.get_by_role("button", name="Sign out everywhere").click()
    here.get_by_role("dialog").get_by_role("button", name="Sign out everywhere").click()
    here.wait_for_url(re.compile("/login"))
    there.wait_for_url(re.compile("/login"))
    here.go_back()
    here.wait_for_url(re.compile("/login"))


def test_changed_password_keeps_this_device_and_signs_the_others_out(
    server: Server, new_page: NewPage
) -> None:
    here, there = signed_in(new_page(server.url)), signed_in(new_page(server.url))
    here.goto("/profile")
    form = here.locator("#password-form")
    form.get_by_label("Current password").fill("wrong password")
    form.get_by_label("New password").fill(NEW_PASSWORD)
    form.get_by_role("button", name="Change password").click()
    expect(form.get_by_text("This is not your current password.")).to_be_visible()
    form.get_by_label("Current password").fill(PASSWORD)
    form.get_by_role("button", name="Change password").click()
    expect(notice(here, "Your password is changed. Your other devices are signed out.")).to_be_visible()
    expect(form.get_by_label("New password")).to_have_value("")
    there.wait_for_url(re.compile("/login"))


def test_invited_owner_joins_and_a_deactivated_one_is_out_at_once(server: Server, new_page: NewPage) -> None:
    admin = signed_in(new_page(server.url), NEW_PASSWORD)
    admin.goto("/admin/accounts")
    admin.get_by_role("button", name="Invite owner").click()
    admin.get_by_role("dialog").get_by_label("E-mail").fill("zoe@example.com")
    admin.get_by_role("dialog").get_by_role("button", name="Invite", exact=True).click()
    link = link_in_dialog(admin)
    zoe = new_page(server.url)
    zoe.goto(link)
    expect(zoe.get_by_text("For zoe@example.com")).to_be_visible()
    is_accessible(zoe)
    zoe.get_by_label("Your name").fill("Zoë García")
    zoe.get_by_label("Password", exact=True).fill(PASSWORD)
    zoe.get_by_role("button", name="Join").click()
    zoe.wait_for_url(re.compile("/inbox"))
    zoe.goto("/admin/accounts")
    expect(zoe.get_by_text("You cannot see “Accounts”")).to_be_visible()
    admin.get_by_role("button", name="Actions for Zoë García").click()
    admin.get_by_role("menuitem", name="Deactivate").click()
    admin.get_by_role("dialog").get_by_role("button", name="Deactivate").click()
    expect(admin.get_by_role("row").filter(has_text="Zoë")).to_contain_text("Deactivated")
    zoe.wait_for_url(re.compile("/login"))
    again = new_page(server.url)
    again.goto(link)
    expect(again.get_by_text("This invitation does not work")).to_be_visible()


def test_lost_password_is_replaced_with_a_link_from_the_admin(server: Server, new_page: NewPage) -> None:
    admin = signed_in(new_page(server.url), NEW_PASSWORD)
    admin.goto("/admin/accounts")
    admin.get_by_role("button", name="Actions for Olga Owner").click()
    admin.get_by_role("menuitem", name="Get a link for a new password").click()
    link = link_in_dialog(admin)
    lost = new_page(server.url)
    lost.goto("/reset")
    expect(lost.get_by_text("No mail server is set up here")).to_be_visible()
    lost.goto(link)
    expect(lost.get_by_text(f"For {OWNER}")).to_be_visible()
    lost.get_by_label("Password", exact=True).fill(PASSWORD)
    lost.get_by_role("button", name="Change password").click()
    expect(lost.get_by_text("Your password is changed")).to_be_visible()
    admin.wait_for_url(re.compile("/login"))
    lost.get_by_role("link", name="Sign in", exact=True).click()
    sign_in(lost, NEW_PASSWORD)
    expect(lost.get_by_role("alert").filter(has_text="is not right")).to_be_visible()
    sign_in(lost, PASSWORD)
    lost.wait_for_url(re.compile("/inbox"))
    lost.goto(link)
    expect(lost.get_by_text("This link does not work")).to_be_visible()


def test_signing_out_leaves_nothing_behind(server: Server, new_page: NewPage) -> None:
    page = signed_in(new_page(server.url))
    page.get_by_role("button", name="Your account").click()
    page.get_by_role("menuitem", name="Sign out").click()
    page.wait_for_url(re.compile("/login"))
    assert [cookie for cookie in page.context.cookies() if cookie.get("name") == "wapto_session"] == []
    page.goto("/profile")
    page.wait_for_url("**/login?next=/profile")
    expect(page.get_by_text(OWNER)).to_have_count(0)


_ROOT = "reflex___state____state"


def whisper(url: str, names: list[str], *, until: str = "", **headers: str) -> str:
    """What a bare websocket gets to hear when it calls these handlers: at least ``until``, then until it is quiet."""
    # In a thread of its own: Playwright keeps a loop running in this one.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(_whisper(url, names, headers, until))).result()


async def _whisper(url: str, names: list[str], headers: dict[str, str], until: str) -> str:
    router = {"pathname": "/profile", "asPath": "/profile"}
    boot = {"name": f"{_ROOT}.hydrate_and_load", "payload": {}, "router_data": router}
    heard = ""
    async with socketio.AsyncSimpleClient() as client:
        await client.connect(
            f"{url}?token=11111111-2222-3333-4444-555555555555",
            socketio_path="/_event",
            namespace="/_event",
            transports=["websocket"],
            auth={"event": boot},
            headers=headers,
        )
        for name in names:
            await client.emit("event", {"name": name, "payload": {}, "router_data": router})
        with contextlib.suppress(socketio.exceptions.TimeoutError):
            while True:
                is_enough = heard != "" and until in heard
                heard += str(await client.receive(timeout=1.5 if is_enough else PATIENCE / 1000))
    return heard


def test_bare_websocket_hears_nothing_without_a_session(server: Server, new_page: NewPage) -> None:
    names = [
        f"{_ROOT}.state___profile____profile.load",
        f"{_ROOT}.state___accounts____accounts.load",
        f"{_ROOT}.state___shell____shell.load",
        f"{_ROOT}.state___profile____profile._show",
    ]
    heard = whisper(server.url, names, until="/login")
    assert "/login" in heard
    assert OWNER not in heard
    page = signed_in(new_page(server.url))
    [cookie] = [cookie for cookie in page.context.cookies() if cookie.get("name") == "wapto_session"]
    heard = whisper(server.url, names, until=OWNER, Cookie=f"wapto_session={cookie.get('value')}")
    assert OWNER in heard  # the same calls, with a session
    assert str(cookie.get("value")) not in heard


def test_websocket_of_another_site_is_refused(server: Server) -> None:
    assert whisper(server.url, [], Origin=server.url)
    with pytest.raises(socketio.exceptions.ConnectionError):
        whisper(server.url, [], Origin="https://evil.example")
