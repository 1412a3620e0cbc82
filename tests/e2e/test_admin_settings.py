"""The admin's settings in a browser: name, colour, mail server, keys, retention, a backup taken away and put back."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, WebSocket, expect

from tests.e2e.access import is_accessible, until
from tests.e2e.conftest import PHONE, NewPage, Server, started
from tests.postbox import PASSWORD as MAIL_PASSWORD
from tests.postbox import USER, Postbox, postbox

ADMIN, PASSWORD = "ada@example.com", "velvet harbour lantern"
NAME = "Harbour Homes & Sons"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with started(tmp_path_factory.mktemp("settings") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def box() -> Iterator[Postbox]:
    with postbox(sign_in=True) as running:
        yield running


def wapto(*arguments: str, data: Path) -> subprocess.CompletedProcess[str]:
    """The command as somebody types it."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("WAPTO_")}
    return subprocess.run(
        [sys.executable, "-c", "from wapto_app.cli import main; main()", *arguments],
        env=clean | {"WAPTO_DATA_DIR": str(data)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def signed_in(page: Page) -> Page:
    page.goto("/login")
    page.get_by_label("E-mail").fill(ADMIN)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(re.compile("/inbox"))
    return page


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (120, 60), (20, 90, 200)).save(out, "PNG")
    return out.getvalue()


def test_name_colour_and_logo_are_seen_by_everybody_at_once(server: Server, new_page: NewPage) -> None:
    page = new_page(server.url)
    page.goto(server.setup_link())
    page.get_by_label("Your name").fill("Ada Admin")
    page.get_by_label("E-mail").fill(ADMIN)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    page.wait_for_url(re.compile("/inbox"))
    page.get_by_role("link", name="Settings").click()
    page.get_by_label("Name", exact=True).fill(NAME)
    page.get_by_label("Accent colour").fill("#ffd54a")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("White text on it is hard to read")).to_be_visible()
    is_accessible(page)
    page.get_by_role("button", name="Blue").click()
    expect(page.get_by_label("Accent colour")).to_have_value("#1d5fc2")
    page.get_by_role("button", name="Save").click()
    expect(page).to_have_title(f"Branding · {NAME}")
    expect(page.get_by_role("button", name="Save")).to_have_css("background-color", "rgb(29, 95, 194)")
    page.get_by_test_id("file").set_input_files(
        {"name": "x.png", "mimeType": "image/png", "buffer": b"no picture"}
    )
    expect(page.get_by_text("This is not a PNG, JPEG, WebP or GIF picture.")).to_be_visible()
    page.get_by_test_id("file").set_input_files(
        {"name": "x.png", "mimeType": "image/png", "buffer": picture()}
    )
    expect(page.get_by_role("button", name="Remove the logo")).to_be_visible()
    stranger = new_page(server.url, viewport=PHONE, color_scheme="dark")
    stranger.goto("/login")
    expect(stranger.get_by_text(NAME)).to_be_visible()
    expect(stranger).to_have_title(f"Sign in · {NAME}")
    until(
        stranger,
        lambda: bool(stranger.evaluate("document.querySelector('header img')?.naturalWidth === 120")),
    )
    is_accessible(stranger)


def test_mail_server_is_set_tried_and_carries_an_invitation(
    server: Server, new_page: NewPage, box: Postbox
) -> None:
    page = signed_in(new_page(server.url))
    page.goto("/admin/settings/mail")
    expect(page.get_by_text("There is no mail server")).to_be_visible()
    is_accessible(page)
    page.get_by_label("Server").fill("127.0.0.1")
    page.get_by_label("Port").fill(str(box.port))
    page.get_by_label("Encryption").select_option("smtp")
    page.get_by_label("User name").fill(USER)
    page.get_by_label("Password", exact=False).first.fill("wrong")
    page.get_by_label("Sender").fill(f"{NAME} <{USER}>")
    page.get_by_role("button", name="Save").click()
    page.get_by_label("Send a test to").fill("ben@example.com")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_text("The server refused user name or password")).to_be_visible()
    expect(page.get_by_label("Encryption")).to_have_value("smtp")
    page.get_by_label("Password", exact=False).first.fill(MAIL_PASSWORD)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The test failed")).to_be_hidden()
    page.get_by_label("Send a test to").fill("ben@example.com")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_text("The server took the mail to ben@example.com.")).to_be_visible()
    [test] = box.to("ben@example.com")
    assert test["Subject"] == f"A test from {NAME}"
    page.goto("/admin/accounts")
    page.get_by_role("button", name="Invite owner").click()
    page.get_by_role("dialog").get_by_label("E-mail").fill("zoe@example.com")
    page.get_by_role("dialog").get_by_role("button", name="Invite", exact=True).click()
    expect(page.get_by_text("It was mailed to zoe@example.com.")).to_be_visible()
    page.goto("/admin/settings/mail")
    row = page.get_by_role("row").filter(has_text="zoe@example.com")
    expect(row).to_contain_text("Sent")
    expect(row).to_contain_text(f"Ada Admin invites you to {NAME}")
    link = re.search(r"http\S+/invite/\S+", box.text_of(box.to("zoe@example.com")[0]))
    assert link
    zoe = new_page(server.url)
    zoe.goto(link[0])
    expect(zoe.get_by_text("For zoe@example.com")).to_be_visible()


def test_keys_are_kept_and_never_shown_again(server: Server, new_page: NewPage) -> None:
    page = signed_in(new_page(server.url))
    page.goto("/admin/settings/payments")
    page.get_by_label("Secret key").fill("hunter2")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("A secret key begins with sk_live_ or sk_test_.")).to_be_visible()
    page.get_by_label("Secret key").fill("sk_test_0123456789abcdefWXYZ")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("One that ends with WXYZ is stored.")).to_be_visible()
    expect(page.get_by_text("Test mode")).to_be_visible()
    page.reload()
    expect(page.get_by_text("One that ends with WXYZ is stored.")).to_be_visible()
    assert "abcdefWXYZ" not in page.content()
    is_accessible(page)


def test_retention_counts_before_it_removes(server: Server, new_page: NewPage) -> None:
    page = signed_in(new_page(server.url))
    page.goto("/admin/settings/retention")
    page.get_by_label("Audit log").fill("3")
    page.get_by_role("button", name="See what would be removed").click()
    expect(page.get_by_text("Write a number of days from 30 to 3650.")).to_be_visible()
    page.get_by_label("Audit log").fill("365")
    page.get_by_role("button", name="See what would be removed").click()
    expect(page.get_by_role("dialog")).to_contain_text("0 lines of the audit log")
    is_accessible(page)
    page.get_by_role("dialog").get_by_role("button", name="Save and remove").click()
    expect(
        page.get_by_role("region", name="Notices").get_by_text("removed within the hour").last
    ).to_be_visible()
    page.reload()
    expect(page.get_by_label("Audit log")).to_have_value("365")


def test_backup_is_made_taken_away_put_back_and_signs_in(
    server: Server, new_page: NewPage, tmp_path: Path
) -> None:
    page = signed_in(new_page(server.url, accept_downloads=True))
    page.goto("/admin/settings/backups")
    expect(page.get_by_text("No backups yet")).to_be_visible()
    reconnects: list[WebSocket] = []
    page.on("websocket", lambda line: reconnects.append(line))
    page.get_by_role("button", name="Back up now").click()
    take = page.get_by_role("link", name=re.compile(r"Download wapto-\d{8}-\d{6}-manual\.tar\.gz"))
    expect(take).to_be_visible()
    is_accessible(page)
    with page.expect_download() as download:
        take.click()
    download.value.save_as(tmp_path / "taken.tar.gz")
    running = wapto("restore", str(tmp_path / "taken.tar.gz"), "--replace", data=server.data_dir)
    assert (running.returncode, running.stdout) == (2, "")
    assert f"wapto: Wapto runs on {server.data_dir}. Stop it first" in running.stderr
    place = tmp_path / "fresh"
    restored = wapto("restore", str(tmp_path / "taken.tar.gz"), data=place)
    assert restored.returncode == 0, restored.stderr
    assert "Restored what was saved on" in restored.stdout
    with started(place) as again:
        there = signed_in(new_page(again.url))
        expect(there).to_have_title(re.compile(f"Inbox · {NAME}"))
        until(
            there, lambda: bool(there.evaluate("document.querySelector('aside img')?.naturalWidth === 120"))
        )
    page.get_by_role("button", name=re.compile("Delete wapto-")).click()
    page.get_by_role("dialog").get_by_role("button", name="Delete backup").click()
    expect(page.get_by_text("No backups yet")).to_be_visible()
    assert not reconnects, "the page lost its line when the file was saved"
