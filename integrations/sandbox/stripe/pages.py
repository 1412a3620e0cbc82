"""Where people pay: the checkout page, the bank's page, the portal, invoices."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from html import escape
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from . import checkout, html, portal
from .cards import Card, attach, card_of
from .config import Json
from .errors import StripeError, declined
from .forms import Params, decode
from .money import shown
from .subscriptions import ENDED

if TYPE_CHECKING:
    from .sandbox import StripeSandbox

Page = Callable[["StripeSandbox", Request], Awaitable[Response]]


def routes(sandbox: StripeSandbox) -> list[Route]:
    """All pages. Each runs what is due first, so that it shows the present."""

    def at(path: str, page: Page, *methods: str) -> Route:
        async def handle(request: Request) -> Response:
            sandbox.learn_base(request)
            sandbox.catch_up()
            try:
                return await page(sandbox, request)
            except StripeError as error:
                return html.page(
                    "Not here", "<h1>Not here</h1>", html.problem(error.message), status=error.status
                )

        return Route(path, handle, methods=list(methods))

    return [
        at("/pay/{id}", _checkout, "GET", "POST"),
        at("/pay/{id}/bank", _bank, "POST"),
        at("/portal/{id}", _portal, "GET", "POST"),
        at("/invoice/{id}", _invoice, "GET", "POST"),
        at("/invoice/{id}/pdf", _pdf, "GET"),
    ]


async def _form(request: Request) -> Params:
    return Params(decode((await request.body()).decode(errors="replace")))


def _here(sandbox: StripeSandbox, *parts: str) -> str:
    return "/".join((sandbox.base_of_links(), *parts))


async def _checkout(sandbox: StripeSandbox, request: Request) -> Response:
    session = sandbox.store.get("checkout.session", request.path_params["id"])
    if session["status"] == "complete":
        return RedirectResponse(checkout.success_url(session), 303)
    if session["status"] == "expired":
        return html.page(
            "Expired", "<h1>This page has expired</h1><p>Go back and start again.</p>", status=410
        )
    if request.method == "GET":
        return _checkout_page(sandbox, session)
    form = await _form(request)
    number, email = form.text("number"), form.text("email")
    try:
        card = card_of(number) if number else None
        if card is not None and card.asks:
            return _bank_page(
                sandbox, f"pay/{session['id']}", card, session["amount_total"], session["currency"]
            )
        checkout.complete(sandbox, session, card, email)
    except StripeError as error:
        return _checkout_page(sandbox, session, error.message, number)
    return RedirectResponse(checkout.success_url(session), 303)


def _checkout_page(sandbox: StripeSandbox, session: Json, trouble: str = "", chosen: str = "") -> Response:
    wishes = sandbox.wishes[session["id"]]
    price = sandbox.store.get("price", wishes["price"])
    currency, total = session["currency"], session["amount_total"]
    lines = [(sandbox.title(price), shown(price["unit_amount"] * wishes["quantity"], currency))]
    if wishes["trial_days"]:
        lines.append((f"First {wishes['trial_days']} days", "free"))
    for rate in wishes["tax_rates"]:
        found = sandbox.store.get("tax_rate", rate)
        lines.append((f"{found['display_name']} {found['percentage']:g} %", ""))
    if session["total_details"]["amount_tax"]:
        lines[-1] = (lines[-1][0], shown(session["total_details"]["amount_tax"], currency))
    known = session["customer"] and sandbox.store.get("customer", session["customer"])["email"]
    email = (
        ""
        if known
        else '<label class="field" for="email">E-mail</label><input id="email" type="email" name="email">'
    )
    action = _here(sandbox, "pay", session["id"])
    back = html.link("Cancel", session["cancel_url"]) if session["cancel_url"] else ""
    words = "Start the trial" if wishes["trial_days"] else f"Pay {shown(total, currency)}"
    return html.page(
        f"Pay {sandbox.config.account_name}",
        f"<h1>{escape(sandbox.config.account_name)}</h1><p class=soft>{escape(sandbox.title(price))}</p>",
        html.problem(trouble),
        html.section("Order", html.rows(lines, ("Due today", shown(total, currency)))),
        html.section(
            "Card",
            html.form(action, email, html.cards(chosen), html.button(words, go=True)),
            f"<div class=row>{back}</div>",
        ),
        status=402 if trouble else 200,
    )


def _bank_page(sandbox: StripeSandbox, where: str, card: Card, amount: int, currency: str) -> Response:
    action = _here(sandbox, "pay", where.split("/")[1], "bank")
    return html.page(
        "Your bank",
        "<h1>Your bank wants to know that it is you</h1>",
        f"<p class=soft>Payment of {escape(shown(amount, currency))} with the card ending in {card.last4}.</p>",
        html.section(
            "Confirm",
            html.form(
                action,
                html.hidden("number", card.number),
                html.hidden("answer", "yes"),
                html.button("Confirm", go=True),
            ),
            html.form(
                action,
                html.hidden("number", card.number),
                html.hidden("answer", "no"),
                f"<div class=row>{html.button('Refuse')}</div>",
            ),
        ),
    )


async def _bank(sandbox: StripeSandbox, request: Request) -> Response:
    session = sandbox.store.get("checkout.session", request.path_params["id"])
    form = await _form(request)
    card = card_of(form.required("number"))
    if form.text("answer") != "yes":
        trouble = (
            "We are unable to authenticate your payment method. Please choose a different one and try again."
        )
        return _checkout_page(sandbox, session, trouble, card.number)
    checkout.complete(sandbox, session, card, "")
    return RedirectResponse(checkout.success_url(session), 303)


async def _portal(sandbox: StripeSandbox, request: Request) -> Response:
    session = sandbox.store.get("billing_portal.session", request.path_params["id"])
    if request.method == "GET":
        return _portal_page(sandbox, session)
    form = await _form(request)
    try:
        return _portal_page(
            sandbox, session, done=portal.act(sandbox, session, form.required("action"), form)
        )
    except StripeError as error:
        return _portal_page(sandbox, session, trouble=error.message)


def _portal_page(sandbox: StripeSandbox, session: Json, *, done: str = "", trouble: str = "") -> Response:
    customer = sandbox.store.get("customer", session["customer"])
    features, action = portal.features_of(sandbox, session), _here(sandbox, "portal", session["id"])
    mine = [each for each in sandbox.store.all("subscription") if each["customer"] == customer["id"]]
    parts = [_subscription_part(sandbox, each, features, action) for each in reversed(mine)]
    if not mine:
        parts.append(html.section("Subscription", "<p class=soft>There is none.</p>"))
    if features["payment_method_update"]["enabled"]:
        method = sandbox.method_of(customer["id"])
        card = sandbox.store.get("payment_method", method)["card"] if method else None
        now = f"{card['brand'].capitalize()} ending in {card['last4']}" if card else "No card yet"
        parts.append(
            html.section(
                "Card",
                f"<p class=soft>{escape(now)}</p>",
                html.form(
                    action, html.hidden("action", "card"), html.cards(), html.button("Use this card", go=True)
                ),
            )
        )
    if features["invoice_history"]["enabled"]:
        parts.append(_history(sandbox, customer))
    back = html.link("Back", session["return_url"]) if session["return_url"] else ""
    who = escape(customer["name"] or customer["email"] or "")
    return html.page(
        "Billing",
        f"<h1>{escape(sandbox.config.account_name)}</h1><p class=soft>{who}</p>",
        f"<div class=row>{back}</div>",
        html.said(done),
        html.problem(trouble),
        *parts,
    )


def _subscription_part(sandbox: StripeSandbox, each: Json, features: Json, action: str) -> str:
    item = each["items"]["data"][0]
    price, end = item["price"], html.day(item["current_period_end"])
    ends = "Ends" if each["cancel_at_period_end"] else "Renews"
    facts = f"<p>{escape(sandbox.title(price))}, {escape(shown(price['unit_amount'], price['currency']))}</p>"
    if each["status"] in ENDED:
        return html.section("Subscription", facts, f"<p class=soft>Ended on {html.day(each['ended_at'])}</p>")
    facts += f"<p class=soft>{escape(each['status'].replace('_', ' '))}. {ends} on {end}</p>"
    own = html.hidden("subscription", each["id"])
    buttons = ""
    if each["cancel_at_period_end"]:
        buttons += html.form(action, own, html.hidden("action", "resume"), html.button("Do not cancel"))
    elif features["subscription_cancel"]["enabled"]:
        buttons += html.form(
            action, own, html.hidden("action", "cancel"), html.button("Cancel the subscription")
        )
    change = _change_form(sandbox, features["subscription_update"], price["id"], own, action)
    return html.section("Subscription", facts, f"<div class=row>{buttons}</div>", change)


def _change_form(sandbox: StripeSandbox, feature: Json, current: str, own: str, action: str) -> str:
    ids = [price for product in feature["products"] for price in product["prices"] if price != current]
    if not feature["enabled"] or not ids:
        return ""
    options = "".join(
        f'<option value="{each}">{escape(sandbox.title(found))}, '
        f"{escape(shown(found['unit_amount'], found['currency']))}</option>"
        for each in ids
        if (found := sandbox.store.get("price", each))
    )
    chooser = f'<label class="field" for="price">Other plan</label><select id="price" name="price">{options}</select>'
    button = f"<div class=row>{html.button('Change the plan')}</div>"
    return html.form(action, own, html.hidden("action", "change"), chooser, button)


def _history(sandbox: StripeSandbox, customer: Json) -> str:
    mine = [
        each for each in sandbox.store.all("invoice") if each["customer"] == customer["id"] and each["number"]
    ]
    lines = "".join(
        f'<tr><td><a href="{escape(each["hosted_invoice_url"])}">{escape(each["number"])}</a> '
        f"<span class=soft>{html.day(each['created'])}, {each['status']}</span></td>"
        f'<td class="n">{escape(shown(each["total"], each["currency"]))}</td></tr>'
        for each in reversed(mine)
    )
    return html.section("Invoices", f"<table>{lines}</table>" if lines else "<p class=soft>None yet.</p>")


async def _invoice(sandbox: StripeSandbox, request: Request) -> Response:
    invoice = sandbox.store.get("invoice", request.path_params["id"])
    if request.method == "GET":
        return _invoice_page(sandbox, invoice)
    form = await _form(request)
    try:
        card = card_of(form.required("number"))
        if card.first:
            raise declined(card.first)
        if invoice["status"] == "open":
            method = attach(sandbox, sandbox.store.get("customer", invoice["customer"]), card)
            sandbox.subscription_of(invoice)["default_payment_method"] = method["id"]
            sandbox.pay(invoice, method["id"], present=True)
    except StripeError as error:
        return _invoice_page(sandbox, invoice, error.message)
    return RedirectResponse(invoice["hosted_invoice_url"], 303)


def _invoice_page(sandbox: StripeSandbox, invoice: Json, trouble: str = "") -> Response:
    currency = invoice["currency"]
    lines = [(each["description"], shown(each["amount"], currency)) for each in invoice["lines"]["data"]]
    lines += [("Tax", shown(each["amount"], currency)) for each in invoice["total_taxes"]]
    pay = ""
    if invoice["status"] == "open":
        pay = html.section(
            "Pay",
            html.form(
                _here(sandbox, "invoice", invoice["id"]),
                html.cards(),
                html.button(f"Pay {shown(invoice['amount_remaining'], currency)}", go=True),
            ),
        )
    return html.page(
        f"Invoice {invoice['number']}",
        f"<h1>Invoice {escape(invoice['number'] or 'draft')}</h1>",
        f"<p class=soft>{escape(sandbox.config.account_name)}, {html.day(invoice['created'])}, {invoice['status']}</p>",
        html.problem(trouble),
        html.section("Lines", html.rows(lines, ("Total", shown(invoice["total"], currency)))),
        pay,
        f"<div class=row>{html.link('PDF', _here(sandbox, 'invoice', invoice['id'], 'pdf'))}</div>",
        status=402 if trouble else 200,
    )


async def _pdf(sandbox: StripeSandbox, request: Request) -> Response:
    invoice = sandbox.store.get("invoice", request.path_params["id"])
    currency = invoice["currency"]
    lines = [
        f"Invoice {invoice['number']}",
        f"{sandbox.config.account_name}, {html.day(invoice['created'])}",
        "",
        *(f"{each['description']}: {shown(each['amount'], currency)}" for each in invoice["lines"]["data"]),
        *(f"Tax: {shown(each['amount'], currency)}" for each in invoice["total_taxes"]),
        f"Total: {shown(invoice['total'], currency)}",
        f"Status: {invoice['status']}",
    ]
    name = f"{invoice['number'] or invoice['id']}.pdf"
    return Response(
        html.pdf(lines),
        media_type="application/pdf",
        headers={"content-disposition": f"inline; filename={name}"},
    )
