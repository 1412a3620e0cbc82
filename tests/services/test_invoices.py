"""Invoices: numbers without gaps, taxes, and what stays as it was."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
import time_machine

from tests.services.plans import invoices_of, offer, put_on
from wapto_app.db import Database
from wapto_app.models import Invoice, InvoiceStatus
from wapto_app.security.permissions import Actor
from wapto_app.services import invoices
from wapto_app.services.errors import Invalid, NotFound
from wapto_app.services.invoices import Line


async def issue_two(db: Database, *lines: Line) -> None:
    """In one transaction."""
    async with db.write() as session:
        for line in lines:
            await invoices.issue(session, [line], currency="USD")


SELLER = {
    "name": "Wapto Hosting",
    "address": "Quay 1\nHamburg",
    "country": "de",
    "tax_id": "DE1",
    "email": "",
}


async def issue(db: Database, *lines: Line, currency: str = "USD") -> Invoice:
    async with db.write() as session:
        return await invoices.issue(session, lines, currency=currency)


async def test_numbers_have_no_gaps_and_begin_anew_each_year(db: Database) -> None:
    with time_machine.travel(datetime(2026, 12, 31, 23, 59, tzinfo=UTC), tick=False):
        await issue(db, Line("A", 100))
        with pytest.raises(ValueError, match="less than nothing"):
            await issue_two(db, Line("Lost", 100), Line("Impossible", -100))
        await asyncio.gather(*(issue(db, Line("B", 100)) for _ in range(4)))
    with time_machine.travel(datetime(2027, 1, 1, tzinfo=UTC), tick=False):
        await issue(db, Line("C", 100))
    numbers = [invoice.number for invoice in await invoices_of(db)]
    assert sorted(map(str, numbers)) == [
        "2026-0001", "2026-0002", "2026-0003", "2026-0004", "2026-0005", "2027-0001",
    ]  # fmt: skip


async def test_taxes_are_of_the_buyers_country_and_rounded_each(db: Database, admin: Actor) -> None:
    async with db.write() as session:
        await invoices.save_buyer(session, admin, {"name": "Ada", "country": "DE"})
        await invoices.add_tax(session, admin, {"name": "VAT", "percent": "19", "country": "DE"})
        await invoices.add_tax(session, admin, {"name": "TVA", "percent": "20", "country": "FR"})
        off = await invoices.add_tax(session, admin, {"name": "Old", "percent": "5", "country": ""})
        await invoices.add_tax(session, admin, {"name": "Levy", "percent": "0,5", "country": ""})
        await invoices.set_tax_active(session, admin, off, active=False)
    invoice = await issue(db, Line("Pro", 1050), Line("Credit", -51))
    assert (invoice.subtotal_minor, invoice.tax_minor, invoice.total_minor) == (999, 195, 1194)
    assert [(tax["name"], tax["amount_minor"]) for tax in invoice.taxes] == [("VAT", 190), ("Levy", 5)]


@pytest.mark.parametrize("percent", ["", "-1", "101", "19.999", "x", "NaN", "1e9"])
async def test_a_strange_percentage_is_refused(db: Database, admin: Actor, percent: str) -> None:
    with pytest.raises(Invalid) as refused:
        async with db.write() as session:
            await invoices.add_tax(session, admin, {"name": "VAT", "percent": percent, "country": ""})
    assert refused.value.field == "percent"


async def test_an_issued_invoice_stays_as_it_was(db: Database, admin: Actor) -> None:
    async with db.write() as session:
        await invoices.save_seller(session, admin, SELLER, grace_days=10, footer="IBAN DE00")
        tax_id = await invoices.add_tax(session, admin, {"name": "VAT", "percent": "7", "country": ""})
    invoice = await issue(db, Line("Pro", 1000))
    async with db.write() as session:
        await invoices.save_seller(session, admin, SELLER | {"name": "Other"}, grace_days=1, footer="")
        await invoices.remove_tax(session, admin, tax_id)
    async with db.read() as session:
        page = await invoices.invoice_page(session, admin, invoice.number or "")
    assert page["seller"] == {**SELLER, "country": "DE"}
    assert (page["taxes"], page["total"], page["note"]) == (
        [{"name": "VAT (7 %)", "amount": "$0.70"}], "$10.70", "IBAN DE00",
    )  # fmt: skip
    assert page["due_at"] is not None
    assert page["issued_at"] is not None
    assert (page["due_at"] - page["issued_at"]).days == 10


async def test_an_invoice_of_nothing_is_settled_and_of_less_than_nothing_impossible(db: Database) -> None:
    assert (await issue(db, Line("Pro", 500), Line("Credit", -500))).status is InvoiceStatus.PAID
    with pytest.raises(ValueError, match="less than nothing"):
        await issue(db, Line("Credit", -1))


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"country": "XX"}, "country"),
        ({"country": "Germany"}, "country"),
        ({"email": "ada"}, "email"),
        ({"name": "x" * 121}, "name"),
        ({"address": "x" * 501}, "address"),
        ({"tax_id": "x" * 65}, "tax_id"),
    ],
)
async def test_wrong_billing_details_name_their_field(
    db: Database, owner: Actor, values: dict[str, str], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        async with db.write() as session:
            await invoices.save_buyer(session, owner, values)
    assert refused.value.field == field


async def test_the_table_says_what_is_overdue(db: Database, admin: Actor, owner: Actor) -> None:
    with time_machine.travel(datetime(2027, 1, 1, tzinfo=UTC), tick=False) as clock:
        await put_on(db, admin, await offer(db, admin), paid=False)
        async with db.read() as session:
            assert (await invoices.list_invoices(session, owner))[0]["status"] == "open"
        clock.shift(8 * 86400)
        async with db.read() as session:
            (row,) = await invoices.list_invoices(session, owner)
    assert (row["status"], row["title"], row["total"]) == ("overdue", "Pro", "$30.00")
    assert row["url"] == "/invoices/2027-0001"


async def test_a_number_that_nobody_has_is_not_found(db: Database, admin: Actor) -> None:
    async with db.read() as session:
        with pytest.raises(NotFound):
            await invoices.invoice_page(session, admin, "2026-9999")
