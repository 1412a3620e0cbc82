"""The printed invoice: who may read it, and that nothing typed becomes HTML."""

from __future__ import annotations

from tests.conftest import NewClient, SignIn
from tests.services.plans import offer, put_on
from wapto_app.db import Database
from wapto_app.models import Subscription, SubscriptionStatus
from wapto_app.security import cookies
from wapto_app.security.permissions import Actor
from wapto_app.services import invoices
from wapto_app.web import invoices as web

EVIL = "<script>alert(1)</script> & Söhne"


async def an_invoice(db: Database, admin: Actor) -> str:
    async with db.write() as session:
        seller = {"name": EVIL, "address": "Quay 1\n20457 Hamburg", "country": "DE", "tax_id": "DE 1"}
        await invoices.save_seller(session, admin, seller, grace_days=7, footer="IBAN <DE00>")
        await invoices.add_tax(session, admin, {"name": "VAT", "percent": "19", "country": ""})
    await put_on(db, admin, await offer(db, admin, "Pro {plan} <b>", "30"), paid=False)
    async with db.read() as session:
        return (await invoices.list_invoices(session, admin))[0]["number"]


async def test_owner_reads_it_with_taxes_and_everything_escaped(
    new_client: NewClient, db: Database, owner: Actor, admin: Actor, sign_in: SignIn
) -> None:
    number = await an_invoice(db, admin)
    answer = await new_client(web.routes, cookie=await sign_in(owner)).get(f"/invoices/{number}")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "private, no-store"
    page = answer.text
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; Söhne" in page
    assert "Pro {plan} &lt;b&gt;" in page
    assert "Quay 1<br>20457 Hamburg<br>Germany<br>Tax number: DE 1" in page
    assert "VAT (19 %)</th><td>$5.70" in page
    assert "Total</th><td>$35.70" in page
    assert "IBAN &lt;DE00&gt;" in page


async def test_agents_and_strangers_do_not(
    new_client: NewClient, db: Database, agent: Actor, admin: Actor, sign_in: SignIn
) -> None:
    number = await an_invoice(db, admin)
    refused = await new_client(web.routes, cookie=await sign_in(agent)).get(f"/invoices/{number}")
    assert refused.status_code == 403
    assert "30" not in refused.text
    sent_away = await new_client(web.routes).get(f"/invoices/{number}")
    assert sent_away.status_code == 303
    assert sent_away.headers["location"] == f"/login?next=/invoices/{number}"


async def test_the_owner_of_a_locked_workspace_can_still_read_what_to_pay(
    new_client: NewClient, db: Database, owner: Actor, admin: Actor, sign_in: SignIn
) -> None:
    number, cookie = await an_invoice(db, admin), await sign_in(owner)
    async with db.write() as session:
        row = await session.get_one(Subscription, 2)
        row.status = SubscriptionStatus.EXPIRED
        session.add(row)
    cookies.forget()
    assert (await new_client(web.routes, cookie=cookie).get(f"/invoices/{number}")).status_code == 200


async def test_a_number_that_nobody_has_is_not_found(
    new_client: NewClient, admin: Actor, sign_in: SignIn
) -> None:
    client = new_client(web.routes, cookie=await sign_in(admin))
    for number in ("2026-9999", "x' OR '1'='1", "%00"):
        assert (await client.get(f"/invoices/{number}")).status_code == 404
