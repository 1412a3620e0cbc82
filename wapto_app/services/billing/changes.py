"""What the owner does with a subscription by card: another plan, an end, the portal. And what an admin gives back."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from enum import StrEnum

from sqlmodel import select

from integrations.billing import CardRefused, Contract, Missing, Stripe
from wapto_app.db import Database, touch
from wapto_app.models import Invoice, Payment, PaymentStatus, Plan, Subscription, SubscriptionStatus
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import audit, money, plans
from wapto_app.services.billing import bills, checkout, contracts, offers
from wapto_app.services.billing.till import Books, StripeTrouble, Till, is_on, told
from wapto_app.services.errors import Conflict, Invalid, NotFound
from wapto_app.services.plans import catalog, cycles, subscribing


class Step(StrEnum):
    """What choosing a plan led to."""

    PAY = "pay"
    CHANGED = "changed"
    PLANNED = "planned"
    BY_HAND = "by_hand"


@dataclass(frozen=True, slots=True)
class Chosen:
    """``url``: where to go on to pay. ``way``: what was done about a plan that is not paid by card."""

    step: Step
    plan: str
    url: str = ""
    way: subscribing.Way = subscribing.Way.STRIPE


async def choose(
    db: Database, actor: Actor, till: Till, plan_id: int, base_url: str, message: str = ""
) -> Chosen:
    """The owner chooses a plan: paid ones by card when Stripe is set up, everything else as before.

    Raises:
        Conflict: when it cannot be chosen now.
        StripeTrouble: when Stripe or the card refuses.
    """
    actor.require(Permission.SUBSCRIPTION_DO)
    async with db.read() as session:
        plan, row, by_card = (
            await catalog.offered(session, plan_id),
            await plans.current_row(session),
            await is_on(session, till),
        )
    if row is not None and contracts.is_billed(row):
        with contextlib.suppress(Missing):
            return await _change(db, actor, till, row, plan)
        await contracts.detach(db, row.stripe_subscription_id)
    if plan.price_minor and by_card:
        return Chosen(Step.PAY, plan.name, await checkout.begin(db, actor, till, plan_id, base_url))
    async with db.write() as session:
        way = await subscribing.choose(session, actor, plan_id, message)
    return Chosen(Step.BY_HAND, plan.name, way=way)


async def _change(db: Database, actor: Actor, till: Till, row: Subscription, plan: Plan) -> Chosen:
    if row.status in (SubscriptionStatus.PAST_DUE, SubscriptionStatus.EXPIRED, SubscriptionStatus.PENDING):
        raise Conflict("A payment is open. Pay it under Manage payment first, then change the plan.")
    with told(but=Missing):
        stripe, books = await till.open(db)
        contract = await stripe.contract(row.stripe_subscription_id)
        if plan.price_minor == 0:
            step = await _to_free(db, stripe, row, contract, plan)
        else:
            step = await _to_paid(db, stripe, books, row, contract, plan)
        await _catch_up(db, stripe, books, contract.id)
    async with db.write() as session:
        audit.record(session, actor, f"billing.plan_{step.value}", f"subscription:{row.id}", plan=plan.name)
    return Chosen(step, plan.name)


async def _to_free(db: Database, stripe: Stripe, row: Subscription, contract: Contract, plan: Plan) -> Step:
    """What is paid is used up, then the free plan follows."""
    await stripe.drop_schedule(contract)
    async with db.write() as session:
        ours = await session.get_one(Subscription, row.id)
        ours.next_plan_id, ours.cancel_at_period_end = plan.id, True
        session.add(ours)
        touch(session, plans.TOPIC)
    await stripe.set_ending(contract.id, ending=True)
    return Step.PLANNED


async def _to_paid(
    db: Database, stripe: Stripe, books: Books, row: Subscription, contract: Contract, plan: Plan
) -> Step:
    """Dearer: now, and the difference is charged. Cheaper: when what is paid is used up."""
    async with db.read() as session:
        current = await session.get_one(Plan, row.plan_id)
    if plan.currency != current.currency:
        raise Conflict(
            f"{plan.name} is paid in {plan.currency}, your plan in {current.currency}. Cancel your plan, and choose"
            f" {plan.name} when it has ended."
        )
    price = await offers.price_of(db, stripe, books, plan.id or 0)
    if price == contract.price_id:
        await stripe.drop_schedule(contract)
        if contract.ends_with_period:
            await stripe.set_ending(contract.id, ending=False)
        return Step.CHANGED
    dearer = cycles.per_year(plan.price_minor, plan.cycle) >= cycles.per_year(
        current.price_minor, current.cycle
    )
    # Of one state of the subscription: a double click asks for the same change.
    key = f"{books.install}-{contract.id}-{contract.price_id}-{price}-{contract.latest_bill_id}-{contract.schedule_id}"
    if dearer:
        await _upgrade(stripe, contract, price, {offers.INSTALL: books.install}, key)
        return Step.CHANGED
    rates = await offers.tax_rates(db, stripe, books)
    await stripe.downgrade(contract, price, rates, key)
    return Step.PLANNED


async def _upgrade(stripe: Stripe, contract: Contract, price: str, marks: dict[str, str], key: str) -> None:
    try:
        await stripe.upgrade(contract, price, marks, f"{key}-up")
    except CardRefused as error:
        raise StripeTrouble(
            f"{error} Your plan has not changed. Use another card under Manage payment and try again."
        ) from error


async def cancel(db: Database, actor: Actor, till: Till) -> None:
    """End when what is paid is used up, by card or by hand. Raises Conflict and StripeTrouble."""
    actor.require(Permission.SUBSCRIPTION_DO)
    if await _is_billed(db):
        await _set_ending(db, actor, till, ending=True)
        return
    async with db.write() as session:
        await subscribing.cancel(session, actor)


async def resume(db: Database, actor: Actor, till: Till) -> None:
    """Go on as before: neither end nor change with the period. Raises Conflict and StripeTrouble."""
    actor.require(Permission.SUBSCRIPTION_DO)
    if await _is_billed(db):
        await _set_ending(db, actor, till, ending=False)
        return
    async with db.write() as session:
        await subscribing.resume(session, actor)


async def _is_billed(db: Database) -> bool:
    async with db.read() as session:
        row = await plans.current_row(session)
    return row is not None and contracts.is_billed(row)


async def _set_ending(db: Database, actor: Actor, till: Till, *, ending: bool) -> None:
    row = await _row(db)
    with told():
        stripe, books = await till.open(db)
        contract = await stripe.contract(row.stripe_subscription_id)
        if not contract.has_ended:
            await stripe.drop_schedule(contract)
            await stripe.set_ending(contract.id, ending=ending)
        async with db.write() as session:
            ours = await session.get_one(Subscription, row.id)
            ours.next_plan_id = None
            session.add(ours)
            action = "subscription.canceled" if ending else "subscription.resumed"
            audit.record(session, actor, action, f"subscription:{row.id}")
        await _catch_up(db, stripe, books, contract.id)


async def portal(db: Database, actor: Actor, till: Till, base_url: str) -> str:
    """The address of Stripe's page for cards, invoices and cancelling. Raises Conflict and StripeTrouble."""
    actor.require(Permission.SUBSCRIPTION_DO)
    with told():
        stripe, books = await till.open(db)
        async with db.read() as session:
            row = await plans.current_row(session)
        customer = (row.stripe_customer_id if row is not None else "") or books.customer
        if not customer:
            raise Conflict("Nothing was paid by card yet.")
        configuration = await offers.portal_of(db, stripe, books)
        back = f"{base_url}{checkout.PAGE}?{checkout.RETURN}=portal"
        return await stripe.portal(customer, configuration, back)


async def came_back(db: Database, actor: Actor, till: Till) -> None:
    """From the portal, perhaps before its webhooks: read what was changed there. Raises StripeTrouble."""
    actor.require(Permission.SUBSCRIPTION_DO)
    async with db.read() as session:
        row = await plans.current_row(session)
    if row is None or not row.stripe_subscription_id:
        return
    with told():
        stripe, books = await till.open(db)
        await _catch_up(db, stripe, books, row.stripe_subscription_id)


async def refund(db: Database, actor: Actor, till: Till, invoice_id: int, amount: str = "") -> str:
    """An admin gives back what was paid by card for an invoice, or a part of it. Returns the amount, in words.

    Raises:
        Invalid: when the amount is more than is left.
        Conflict: when nothing was paid by card.
        StripeTrouble: when Stripe does not do it.
    """
    actor.require(Permission.ADMIN)
    async with db.read() as session:
        invoice = await session.get(Invoice, invoice_id)
        found = await session.exec(
            select(Payment).where(Payment.invoice_id == invoice_id, Payment.status == PaymentStatus.SUCCEEDED)
        )
        payment = found.first()
    if invoice is None:
        raise NotFound("invoice")
    if payment is None or not invoice.stripe_invoice_id:
        raise Conflict("Nothing that could be given back was paid by card for this invoice.")
    left = payment.amount_minor - payment.refunded_minor
    back = money.parse(amount, invoice.currency, "amount") if amount.strip() else left
    if not 0 < back <= left:
        raise Invalid("amount", f"Write an amount up to {money.shown(left, invoice.currency)}.")
    with told():
        stripe, books = await till.open(db)
        # Counted from what has gone back already: a double click gives back once.
        key = f"{books.install}-refund-{invoice_id}-{payment.refunded_minor}-{back}"
        await stripe.refund(invoice.stripe_invoice_id, back, key)
        await bills.sync(db, stripe, books, invoice.stripe_invoice_id)
    async with db.write() as session:
        audit.record(session, actor, "billing.refund", f"invoice:{invoice_id}", amount_minor=back)
    return money.shown(back, invoice.currency)


async def _row(db: Database) -> Subscription:
    async with db.read() as session:
        row = await plans.current_row(session)
    if row is None or not contracts.is_billed(row):
        raise Conflict("There is no subscription by card that could be changed.")
    return row


async def _catch_up(db: Database, stripe: Stripe, books: Books, contract_id: str) -> None:
    """Do not wait for the webhooks of what was done just now."""
    await contracts.sync(db, stripe, books, contract_id)
    contract = await stripe.contract(contract_id)
    if contract.latest_bill_id:
        await bills.sync(db, stripe, books, contract.latest_bill_id)
