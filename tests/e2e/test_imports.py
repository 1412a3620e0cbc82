"""Importing in a browser, on a desktop and on a phone: a file in, contacts out, and back; words of STOP, and prices."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e import access
from tests.e2e.access import set_up
from tests.e2e.conftest import PHONE, NewPage, Server, started

FILE = (
    "Nombre completo;Teléfono móvil;Ciudad;Etiquetas\n"
    + "".join(f"Cliente Número {i};0151{i:08d};Córdoba;VIP, Feria\n" for i in range(1_200))
    + "Sin número;;Cádiz;\n"
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with started(tmp_path_factory.mktemp("imports") / "data") as running:
        yield running


def signed_in(server: Server, new_page: NewPage) -> Page:
    page = new_page(server.url)
    set_up(page, server)
    return page


def upload(page: Page, name: str, content: bytes) -> None:
    page.goto("/contacts/import")
    file = {"name": name, "mimeType": "text/csv", "buffer": content}
    page.get_by_test_id("table-file").set_input_files(file)  # type: ignore[arg-type]


def test_a_file_becomes_contacts_and_goes_again(server: Server, new_page: NewPage, tmp_path: Path) -> None:
    page = signed_in(server, new_page)
    upload(page, "nothing.csv", b"\n")
    expect(page.get_by_role("alert").filter(has_text="There is nothing in this file")).to_be_visible()
    upload(page, "clientes.csv", FILE.encode("cp1252"))
    expect(page.get_by_text("1,201 rows in “clientes.csv”")).to_be_visible()
    expect(page.get_by_label("What “Teléfono móvil” is")).to_have_value("phone")
    page.get_by_label("What “Teléfono móvil” is").select_option("")
    page.get_by_role("button", name="Check the rows").click()
    expect(page.get_by_text("Say which column holds the phone number.")).to_be_visible()
    page.get_by_label("What “Teléfono móvil” is").select_option("phone")
    page.get_by_label("What “Ciudad” is").select_option("new")
    page.get_by_label("Name of the new field").fill("Town")
    page.get_by_label("Country of numbers").select_option("DE")
    access.is_accessible(page)
    page.set_viewport_size(PHONE)
    access.fits(page)
    page.get_by_role("button", name="Check the rows").click()
    expect(page.get_by_role("button", name="Import 1,200 contacts")).to_be_visible()
    expect(page.get_by_text("There is no phone number.")).to_be_visible()
    expect(page.get_by_text("New fields: Town")).to_be_visible()
    access.fits(page)
    access.is_accessible(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download wrong rows").click()
    saved = tmp_path / "wrong.csv"
    download.value.save_as(saved)
    assert "Row 1202: There is no phone number.,Sin número" in saved.read_text("utf-8-sig")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.get_by_role("button", name="Import 1,200 contacts").click()
    expect(page.get_by_text("The import is done.")).to_be_visible(timeout=30_000)
    page.get_by_role("button", name="Undo the import").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("1,200 new contacts are deleted")
    dialog.get_by_role("button", name="Undo the import").click()
    expect(page.get_by_text("1,200 contacts were put back.")).to_be_visible(timeout=30_000)
    page.get_by_role("link", name="Import another file").click()
    line = page.get_by_role("list", name="Earlier imports").get_by_role("listitem")
    expect(line).to_contain_text("clientes.csv")
    expect(line).to_contain_text("Undone")
    _change_words(page)
    page.set_viewport_size({"width": 1440, "height": 900})
    _write_prices(page)


def _change_words(page: Page) -> None:
    page.goto("/settings/opt-out")
    switch = page.get_by_role("switch", name="Listen to Français")
    expect(switch).to_be_checked()
    switch.uncheck()
    notices = page.get_by_role("region", name="Notices")
    expect(notices).to_contain_text("Français is off: its words do nothing any more.")
    page.get_by_role("button", name="Edit the answers in Español").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Answer to who opts out").fill("Adiós, y gracias. ALTA para volver.")
    access.is_accessible(page)
    dialog.get_by_role("button", name="Save answers").click()
    expect(page.get_by_text("Own answer")).to_be_visible()
    page.get_by_role("textbox", name="No more messages").fill("cancel\nhalt")
    page.get_by_role("button", name="Save words").click()
    expect(notices).to_contain_text("Your own words are saved.")
    page.reload()
    expect(switch).not_to_be_checked()
    expect(page.get_by_role("textbox", name="No more messages")).to_have_value("cancel\nhalt")
    page.set_viewport_size(PHONE)
    access.fits(page)


def _write_prices(page: Page) -> None:
    page.goto("/settings/prices")
    expect(page.get_by_text("No prices yet")).to_be_visible()
    page.get_by_role("button", name="Add country").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Country").fill("germ")
    page.get_by_role("option", name="Germany").click()
    dialog.get_by_label("Marketing").fill("cheap")
    dialog.get_by_role("button", name="Save prices").click()
    expect(dialog.get_by_text("Write a price such as 0.0625.")).to_be_visible()
    dialog.get_by_label("Marketing").fill("0,1131")
    access.is_accessible(page)
    dialog.get_by_role("button", name="Save prices").click()
    rows = page.get_by_role("table", name="Message prices")
    expect(rows.get_by_role("row", name="Germany")).to_contain_text("0.1131")
    page.get_by_label("Currency").select_option("EUR")
    expect(page.get_by_role("region", name="Notices")).to_contain_text("Prices are in EUR now.")
    table = b"Market,Marketing,Utility\nBrazil,0.05,0.01\nRest of Africa,0.02,0.01\nOther,0.06,0.02\n"
    file = {"name": "rates.csv", "mimeType": "text/csv", "buffer": table}
    page.get_by_test_id("table-file").set_input_files(file)  # type: ignore[arg-type]
    expect(page.get_by_text("Not understood: “Rest of Africa”.")).to_be_visible()
    expect(page.get_by_role("button", name="Choose a file")).to_be_visible()
    expect(rows.get_by_role("row", name="Brazil")).to_be_visible()
    expect(rows.get_by_role("row", name="Germany")).to_be_hidden()
    access.is_accessible(page)
    page.set_viewport_size(PHONE)
    access.fits(page)
    page.get_by_role("button", name="Actions for Brazil").click()
    page.get_by_role("menuitem", name="Remove").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(rows.get_by_role("row", name="Brazil")).to_be_hidden()
