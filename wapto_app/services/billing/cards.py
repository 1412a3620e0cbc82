"""What choosing a plan means when it can be paid by card."""

from __future__ import annotations

from enum import StrEnum

from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.models import Cycle
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import plans
from wapto_app.services.billing.contracts import is_billed
from wapto_app.services.billing.till import Till, is_on
from wapto_app.services.plans import cycles
from wapto_app.services.plans.overview import CardRow
from wapto_app.services.plans.standing import Standing
from wapto_app.services.plans.subscribing import Way


class CardWay(StrEnum):
    """Beside those of ``subscribing.Way``: pay on Stripe's page; pay the difference now; change with the period."""

    CHECKOUT = "checkout"
    CARD_NOW = "card_now"
    CARD_LATER = "card_later"


async def with_ways(
    session: AsyncSession, actor: Actor, till: Till, cards: list[CardRow]
) -> tuple[list[CardRow], bool]:
    """The owner's cards with what choosing each does, and whether there is anything to manage at Stripe."""
    actor.require(Permission.SUBSCRIPTION_SEE)
    standing, row = await plans.current(session), await plans.current_row(session)
    billed = row is not None and is_billed(row)
    if not await is_on(session, till):
        return cards, False
    shown = [CardRow(**(card | {"way": _way(card, standing, billed=billed)})) for card in cards]
    return shown, row is not None and row.stripe_customer_id != ""


def _way(card: CardRow, standing: Standing | None, *, billed: bool) -> str:
    if not billed or standing is None:
        # Paid by hand until now, a cheaper plan follows at the period's end; by card it may begin at once.
        by_hand = (Way.REQUEST.value, Way.AT_PERIOD_END.value, Way.STRIPE.value)
        return CardWay.CHECKOUT.value if card["price_minor"] and card["way"] in by_hand else card["way"]
    if card["id"] == standing.plan_id:
        return Way.CURRENT.value
    if card["price_minor"] == 0:
        return CardWay.CARD_LATER.value
    ours = cycles.per_year(standing.price_minor, standing.cycle)
    theirs = cycles.per_year(card["price_minor"], Cycle(card["cycle"]))
    return CardWay.CARD_NOW.value if theirs >= ours else CardWay.CARD_LATER.value
