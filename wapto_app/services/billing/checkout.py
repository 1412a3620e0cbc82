"""The owner pays for a plan by card: the page to pay on, and what came of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from integrations.billing import Checkout, Missing, Order, Refused, Stripe
from wapto_app.clock import utcnow
from wapto_app.db import Database, take_turns
from wapto_app.models import (
    Account,
    CheckoutState,
    Role,
    StripeCheckout,
    Subscription,
    SubscriptionSource,
)
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import audit, plans
from wapto_app.services.billing import bills, contracts, offers
from wapto_app.services.billing.till import Books, Till, told, write_books
from wapto_app.services.errors import Conflict, NotFound
from wapto_app.services.invoices import read_billing
from wapto_app.services.plans import catalog

RETURN = "checkout"
"""Name of the query parameter with which Stripe sends the owner back."""
PAGE = "/subscription"
# Any number that nothing else takes.
_LOCK = 0x77617079
_MARGIN = timedelta(minutes=5)
"""A page that is about to expire is not shown any more."""


class Outcome(StrEnum):
    """What became of a page to pay on."""

    PAID = "paid"
    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class _Wish:
    plan_id: int
    trial_days: int


async def begin(db: Database, actor: Actor, till: Till, plan_id: int, base_url: str) -> str:
    """The address of a page to pay on. However often and from however many tabs: one page, and one subscription.

    Raises:
        Conflict: when a subscription by card runs already.
        StripeTrouble: when Stripe does not do it.
    """
    actor.require(Permission.SUBSCRIPTION_DO)
    async with db.read() as session:
        wish = await _wish(session, plan_id)
    with told():
        stripe, books = await till.open(db)
        order = await _order(db, stripe, books, wish, base_url)
        attempt = await _attempt(db, actor, stripe, books, wish, order)
        if attempt.url:
            return attempt.url
        # The key is the attempt's: who asks a second time for the same attempt gets the same page.
        page = await stripe.checkout(order, f"{books.install}-checkout-{attempt.id}")
    async with db.write() as session:
        await _keep(session, attempt.id or 0, page)
    return page.url


async def _wish(session: AsyncSession, plan_id: int) -> _Wish:
    plan = await catalog.offered(session, plan_id)
    row = await plans.current_row(session)
    if plan.price_minor <= 0:
        raise Conflict(f"{plan.name} costs nothing.")
    if row is not None and contracts.is_billed(row):
        raise Conflict(
            "Your plan is paid by card already. Change it, or pay what is open, under Manage payment."
        )
    before = await session.exec(
        select(Subscription.id).where(Subscription.source == SubscriptionSource.STRIPE).limit(1)
    )
    return _Wish(plan_id, plan.trial_days or 0 if before.first() is None else 0)


async def _order(db: Database, stripe: Stripe, books: Books, wish: _Wish, base_url: str) -> Order:
    price = await offers.price_of(db, stripe, books, wish.plan_id)
    rates = await offers.tax_rates(db, stripe, books)
    customer = await ensure_customer(db, stripe, books)
    return Order(
        customer_id=customer,
        price_id=price,
        reference=books.install,
        success_url=f"{base_url}{PAGE}?{RETURN}={{CHECKOUT_SESSION_ID}}",
        cancel_url=f"{base_url}{PAGE}?{RETURN}=back",
        tax_rate_ids=rates,
        trial_days=wish.trial_days,
        metadata={offers.INSTALL: books.install, offers.PLAN: str(wish.plan_id)},
    )


async def ensure_customer(db: Database, stripe: Stripe, books: Books) -> str:
    """The workspace as a customer of the Stripe account, with the name and address of its bills."""
    async with db.read() as session:
        buyer = (await read_billing(session)).buyer
        owner = (
            await session.exec(
                select(Account)
                .where(Account.role == Role.OWNER, col(Account.is_active).is_(True))
                .order_by(col(Account.id))
                .limit(1)
            )
        ).first()
    values: dict[str, object] = {
        "email": buyer["email"] or (owner.email if owner else ""),
        "name": buyer["name"] or (owner.name if owner else ""),
        "metadata": {offers.INSTALL: books.install},
    }
    if buyer["address"]:
        values["address"] = {"line1": buyer["address"], "country": buyer["country"]}
    values = {name: value for name, value in values.items() if value}
    customer = await stripe.customer(books.customer, values, f"{books.install}-customer-{books.account}")
    if customer != books.customer:
        async with db.write() as session:
            await write_books(session, customer=customer)
    return customer


async def _attempt(
    db: Database, actor: Actor, stripe: Stripe, books: Books, wish: _Wish, order: Order
) -> StripeCheckout:
    """The attempt under way when it sells the same, else a new one in its place."""
    terms = hashlib.sha256(repr(order).encode()).hexdigest()
    async with db.read() as session:
        old = await _open_one(session)
    if old is not None and not _is_good(old, terms):
        await _close(db, stripe, books, old)
    elif old is not None and old.session_id:
        outcome = await _settle(db, stripe, books, old)
        if outcome is Outcome.PAID:
            raise Conflict("This plan is paid already.")
    async with db.write() as session:
        await take_turns(session, _LOCK)
        again = await _open_one(session)
        if again is not None and _is_good(again, terms):
            return again
        if again is not None:
            raise Conflict("Another tab is choosing a plan at this moment. Try again.")
        attempt = StripeCheckout(plan_id=wish.plan_id, account_id=actor.account_id, terms=terms)
        session.add(attempt)
        await session.flush()
        audit.record(session, actor, "billing.checkout_begun", f"plan:{wish.plan_id}")
    return attempt


def _is_good(attempt: StripeCheckout, terms: str) -> bool:
    expires = attempt.expires_at or attempt.created_at + timedelta(hours=23)
    return attempt.terms == terms and expires - _MARGIN > utcnow()


async def _open_one(session: AsyncSession) -> StripeCheckout | None:
    found = await session.exec(
        select(StripeCheckout)
        .where(StripeCheckout.state == CheckoutState.OPEN)
        .execution_options(populate_existing=True)
    )
    return found.first()


async def _close(db: Database, stripe: Stripe, books: Books, attempt: StripeCheckout) -> None:
    """Nobody can pay there any more. Who has already paid is not asked to pay again.

    Raises:
        Conflict: when it is paid.
    """
    if attempt.session_id:
        try:
            await stripe.close_checkout(attempt.session_id)
        except (Refused, Missing):
            if await _settle(db, stripe, books, attempt) is Outcome.PAID:
                raise Conflict(
                    "A plan was paid a moment ago. Look at it before you choose another one."
                ) from None
    async with db.write() as session:
        row = await session.get_one(StripeCheckout, attempt.id)
        if row.state is CheckoutState.OPEN:
            row.state = CheckoutState.CLOSED
            session.add(row)


async def _keep(session: AsyncSession, attempt_id: int, page: Checkout) -> None:
    row = await session.get_one(StripeCheckout, attempt_id)
    row.session_id, row.url, row.expires_at = page.id, page.url, page.expires_at
    session.add(row)


async def returned(db: Database, actor: Actor, till: Till, session_id: str) -> Outcome:
    """The owner comes back from the page, perhaps before Stripe's webhook: ask Stripe what became of it.

    Raises:
        NotFound: when it is none of our pages.
        StripeTrouble: when Stripe does not tell; the webhook brings it later.
    """
    actor.require(Permission.SUBSCRIPTION_DO)
    async with db.read() as session:
        attempt = await _attempt_of(session, session_id)
    if attempt is None:
        raise NotFound("payment")
    with told():
        stripe, books = await till.open(db)
        return await _settle(db, stripe, books, attempt)


async def settle(db: Database, stripe: Stripe, books: Books, session_id: str) -> None:
    """A webhook says that something became of a page. Raises BillingError."""
    async with db.read() as session:
        attempt = await _attempt_of(session, session_id)
    if attempt is not None:
        await _settle(db, stripe, books, attempt)
        return
    # Its id was lost on the way to us, but Stripe tells whose it is.
    page = await stripe.read_checkout(session_id)
    if page.reference == books.install and page.contract_id:
        await contracts.sync(db, stripe, books, page.contract_id)


async def settle_open(db: Database, stripe: Stripe, books: Books) -> None:
    """Look after the page that is open, in case no webhook comes. Raises BillingError."""
    async with db.read() as session:
        attempt = await _open_one(session)
    if attempt is not None and attempt.session_id:
        await _settle(db, stripe, books, attempt)


async def _attempt_of(session: AsyncSession, session_id: str) -> StripeCheckout | None:
    if not session_id:
        return None
    found = await session.exec(select(StripeCheckout).where(StripeCheckout.session_id == session_id))
    return found.first()


async def _settle(db: Database, stripe: Stripe, books: Books, attempt: StripeCheckout) -> Outcome:
    try:
        page = await stripe.read_checkout(attempt.session_id)
    except Missing:  # of another Stripe account, from before the key was changed
        await _mark(db, attempt, CheckoutState.CLOSED)
        return Outcome.CLOSED
    if page.status == "open":
        return Outcome.OPEN
    if page.status != "complete" or not page.contract_id:
        await _mark(db, attempt, CheckoutState.CLOSED)
        return Outcome.CLOSED
    await contracts.sync(db, stripe, books, page.contract_id)
    contract = await stripe.contract(page.contract_id)
    if contract.latest_bill_id:
        await bills.sync(db, stripe, books, contract.latest_bill_id)
    await _mark(db, attempt, CheckoutState.PAID)
    return Outcome.PAID


async def _mark(db: Database, attempt: StripeCheckout, state: CheckoutState) -> None:
    async with db.write() as session:
        row = await session.get_one(StripeCheckout, attempt.id)
        row.state = state
        session.add(row)
