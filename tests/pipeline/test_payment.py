"""The subscription page when plans are paid by card: to Stripe's page and back, for the owner alone."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from state.base import Feedback
from state.payment import Payment
from state.subscription import Subscription
from tests.pipeline.conftest import OpenTab
from tests.pipeline.harness import Tab
from tests.stripe_desk import LATER, OURS, Desk, opened
from wapto_app.models import SubscriptionStatus
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services.billing import StripeTrouble

PAGE = "/subscription"


@pytest.fixture
async def desk(runtime: Runtime, owner: Actor) -> AsyncIterator[Desk]:
    async with opened(runtime, owner) as made:
        yield made


async def _choose(tab: Tab, plan_id: int) -> str:
    """Where the browser is sent to."""
    await tab.send(Subscription.ask_to_choose(plan_id))
    await tab.send(Subscription.choose({"message": ""}))
    return str(tab.vars(Payment).get("leaving_to", ""))


def _notices(tab: Tab) -> list[str]:
    return [notice["text"] for notice in tab.vars(Feedback).get("notices", [])]


async def test_the_owner_goes_to_the_page_and_comes_back(desk: Desk, open_tab: OpenTab) -> None:
    pro = await desk.plan()
    tab = await open_tab(desk.owner, PAGE)
    (card,) = [each for each in tab.vars(Subscription)["cards"] if each["id"] == pro]
    assert card["way"] == "checkout"
    url = await _choose(tab, pro)
    assert url == desk.at_stripe("checkout.session")[0]["url"]
    back = await desk.pays(url)
    tab.clear()
    await tab.open(back.removeprefix(OURS))
    assert _notices(tab) == ["Thank you. Your plan is active."]
    shown = tab.vars(Subscription)
    assert (shown["row"]["plan"], shown["row"]["source"], shown["may_manage"]) == ("Pro", "stripe", True)
    assert tab.vars(Payment).get("leaving_to", "") == ""


async def test_who_turns_back_is_told_that_nothing_was_paid(desk: Desk, open_tab: OpenTab) -> None:
    pro = await desk.plan()
    tab = await open_tab(desk.owner, PAGE)
    await _choose(tab, pro)
    await tab.open(f"{PAGE}?checkout=back")
    assert _notices(tab) == ["Nothing was paid, and your plan is as it was."]
    session_id = desk.at_stripe("checkout.session")[0]["id"]
    await tab.open(f"{PAGE}?checkout={session_id}")
    assert _notices(tab)[-1].startswith("Nothing was paid yet")
    await tab.open(f"{PAGE}?checkout=cs_of_somebody_else")
    assert "does not exist" in _notices(tab)[-1]


async def test_an_open_page_follows_the_webhooks(desk: Desk, open_tab: OpenTab) -> None:
    await desk.subscribes(await desk.plan(), LATER)
    tab = await open_tab(desk.owner, PAGE)
    await desk.period_ends()
    await tab.until(lambda: tab.vars(Subscription)["row"]["status"] == SubscriptionStatus.PAST_DUE)
    await tab.send(Payment.manage)
    assert "/portal/bps_" in tab.vars(Payment)["leaving_to"]


async def test_plans_are_changed_cancelled_and_kept(desk: Desk, open_tab: OpenTab) -> None:
    await desk.subscribes(await desk.plan())
    large, small = await desk.plan("Large", 9900), await desk.plan("Small", 1900)
    tab = await open_tab(desk.owner, PAGE)
    assert await _choose(tab, large) == ""
    await tab.until(lambda: _notices(tab)[-1:] == ["You are on Large now."])
    await _choose(tab, small)
    await tab.until(lambda: _notices(tab)[-1].startswith("Small follows at the end"))
    await tab.until(lambda: tab.vars(Subscription)["row"]["next_plan"] == "Small")
    await tab.send(Subscription.cancel)
    assert (await desk.row()).cancel_at_period_end
    await tab.send(Subscription.resume)
    assert not (await desk.row()).cancel_at_period_end


async def test_a_refusal_of_stripes_is_a_notice(desk: Desk, open_tab: OpenTab) -> None:
    pro = await desk.plan()
    tab = await open_tab(desk.owner, PAGE)
    desk.network.is_down = True
    with pytest.raises(StripeTrouble):
        await _choose(tab, pro)
    await tab.until(lambda: bool(_notices(tab)))
    assert "does not answer" in _notices(tab)[-1]
    assert not tab.vars(Payment).get("leaving_to")


async def test_agents_and_strangers_are_kept_out(desk: Desk, open_tab: OpenTab, agent: Actor) -> None:
    pro = await desk.plan()
    for actor in (agent, None):
        tab = await open_tab(actor, PAGE)
        await tab.send(Subscription.ask_to_choose(pro))
        await tab.send(Subscription.choose({"message": ""}))
        await tab.send(Payment.manage)
        await tab.open(f"{PAGE}?checkout=portal")
        assert not tab.vars(Payment).get("leaving_to")
        assert not tab.vars(Subscription).get("cards")
    assert desk.network.posts == []
