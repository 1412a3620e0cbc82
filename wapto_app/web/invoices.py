"""``/invoices/{number}``: one invoice as a page of its own, made to be printed or kept as a PDF by the browser."""

from __future__ import annotations

import html
from datetime import datetime

from babel.dates import format_date
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from wapto_app import runtime
from wapto_app.security import cookies
from wapto_app.services.errors import DomainError, NotFound
from wapto_app.services.invoices import InvoicePage, countries, invoice_page
from wapto_app.services.sign_in import login_path

_STATUS = {
    "open": "Open",
    "overdue": "Overdue",
    "paid": "Paid",
    "void": "Void",
    "uncollectible": "Uncollectible",
    "refunded": "Refunded",
}
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light">
<meta name="robots" content="noindex">
<title>Invoice {number}</title>
<link rel="icon" href="/favicon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/invoice.css">
</head>
<body>
<main>
<p class="hint">To keep it as a PDF, print this page and choose “Save as PDF”.</p>
<header><div><h1>Invoice</h1><p class="number">{number}</p></div><span class="status {status}">{word}</span></header>
<div class="parties">{seller}{buyer}</div>
<dl>{dates}</dl>
<table>
<thead><tr><th>Description</th><th>Quantity</th><th>Amount</th></tr></thead>
<tbody>{lines}</tbody>
<tfoot>{sums}</tfoot>
</table>
{note}
</main>
</body>
</html>
"""


async def show(request: Request) -> Response:
    """For who may see the subscription; everybody else is told that there is none."""
    cookie = request.headers.get("cookie", "")
    actor = await cookies.actor_of(cookie)
    if actor is None:
        return RedirectResponse(login_path(request.url.path), 303)
    try:
        async with runtime.get().db.read() as session:
            found = await invoice_page(session, actor, request.path_params["number"])
    except NotFound:
        return PlainTextResponse("There is no such invoice.", 404)
    except DomainError as refusal:
        return PlainTextResponse(refusal.message, 403)
    return HTMLResponse(rendered(found), headers={"cache-control": "private, no-store"})


def rendered(invoice: InvoicePage) -> str:
    """The page; everything that somebody typed is escaped."""
    taxes = "".join(_sum(tax["name"], tax["amount"]) for tax in invoice["taxes"])
    subtotal = _sum("Subtotal", invoice["subtotal"]) if taxes else ""
    note = f'<p class="note">{_text(invoice["note"])}</p>' if invoice["note"] else ""
    return _PAGE.format(
        number=_text(invoice["number"]),
        status=invoice["status"],
        word=_STATUS.get(invoice["status"], invoice["status"]),
        seller=_party("From", invoice["seller"]),
        buyer=_party("To", invoice["buyer"]),
        dates=_dates(invoice),
        lines="".join(
            f"<tr><td>{_text(line['description'])}</td><td>{int(line['quantity'])}</td>"
            f"<td>{_text(line['amount'])}</td></tr>"
            for line in invoice["lines"]
        ),
        sums=f'{subtotal}{taxes}<tr class="total"><th colspan="2">Total</th><td>{_text(invoice["total"])}</td></tr>',
        note=note,
    )


def _dates(invoice: InvoicePage) -> str:
    start, end = invoice["period_start"], invoice["period_end"]
    rows = [
        ("Date", _day(invoice["issued_at"])),
        ("Due", _day(invoice["due_at"]) if invoice["status"] in ("open", "overdue") else ""),
        ("Paid", _day(invoice["paid_at"])),
        ("Period", f"{_day(start)} – {_day(end)}" if start and end else ""),
    ]
    return "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in rows if value)


def _party(name: str, party: dict[str, str]) -> str:
    country = countries().get(party.get("country", ""), "")
    tax = f"Tax number: {party['tax_id']}" if party.get("tax_id") else ""
    lines = [party.get("name", ""), party.get("address", ""), country, tax, party.get("email", "")]
    words = "<br>".join(_text(line) for line in lines if line)
    return f"<section><h2>{name}</h2><p>{words}</p></section>" if words else ""


def _sum(name: str, amount: str) -> str:
    return f'<tr><th colspan="2">{_text(name)}</th><td>{_text(amount)}</td></tr>'


def _day(at: datetime | None) -> str:
    return format_date(at, "long", locale="en") if at else ""


def _text(text: str) -> str:
    return html.escape(text).replace("\n", "<br>")


routes = [Route("/invoices/{number}", show)]
