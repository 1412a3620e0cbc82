"""Plans and the subscription in open tabs: owner, admin, agent, stranger."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from state.base import Feedback
from state.inbox import InboxList
from state.plans import Plans
from state.shell import Shell
from state.subscription import Subscription
from state.subscriptions import Subscriptions
from tests.pipeline.conftest import OpenTab
from tests.pipeline.harness import Tab
from tests.services.plans import invoices_of, limited, offer, standing_of
from wapto_app.clock import utcnow
from wapto_app.db import Database
from wapto_app.jobs import subscription as tick
from wapto_app.models import Subscription as Row
from wapto_app.models import SubscriptionSource, SubscriptionStatus
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services.errors import DomainError
from wapto_app.services.plans import Gate, subscribing


def form(**fields: Any) -> dict[str, Any]:
    """As a browser submits it."""
    return {"form": {"__reflex_form_data__": [[name, value] for name, value in fields.items()]}}


async def submit(tab: Tab, state: type[Any], handler: str, **fields: Any) -> None:
    with suppress(DomainError):
        await tab.raw(f"{state.get_full_name()}.{handler}", form(**fields))


async def refused(tab: Tab, words: str) -> None:
    await tab.until(lambda: words in str(tab.vars(Feedback)))


async def end_the_trial(db: Database, runtime: Runtime) -> None:
    async with db.write() as session:
        await session.exec(
            sa.update(Row).values(
                source=SubscriptionSource.TRIAL,
                status=SubscriptionStatus.TRIALING,
                trial_ends_at=utcnow() - timedelta(seconds=1),
            )
        )
    await tick.move_on(runtime)


PLAN = {
    "slug": "",
    "description": "",
    "price": "29.90",
    "currency": "USD",
    "cycle": "monthly",
    "trial_days": "",
}


async def test_admin_makes_edits_and_orders_plans(open_tab: OpenTab, admin: Actor, db: Database) -> None:
    tab = await open_tab(admin, "/admin/plans")
    await tab.send(Plans.load)
    await tab.send(Plans.start)
    await submit(tab, Plans, "save", name="Pro", **PLAN, contacts="50", gate_teams="on")
    await tab.until(lambda: len(tab.vars(Plans)["rows"]) == 2)
    made = tab.vars(Plans)["rows"][1]
    assert (made["name"], made["price"], made["limits"]["contacts"]) == ("Pro", "$29.90", 50)
    assert (made["limits"]["tags"], made["gates"]) == (-1, ["teams"])
    await tab.send(Plans.edit(made["id"]))
    boxes = {f"gate_{gate.value}": "on" for gate in Gate}
    await submit(tab, Plans, "save", name="Pro", **(PLAN | {"price": "0"}), **boxes)
    await tab.until(lambda: tab.vars(Plans)["rows"][1]["price_minor"] == 0)
    assert len(tab.vars(Plans)["rows"][1]["gates"]) == len(Gate)
    await tab.send(Plans.move(made["id"], True))
    await tab.until(lambda: tab.vars(Plans)["rows"][0]["name"] == "Pro")
    await tab.send(Plans.ask_to_delete(made["id"], "Pro"))
    await tab.send(Plans.delete)
    await tab.until(lambda: len(tab.vars(Plans)["rows"]) == 1)


async def test_a_wrong_price_stands_beside_its_field(open_tab: OpenTab, admin: Actor) -> None:
    tab = await open_tab(admin)
    await tab.send(Plans.start)
    await submit(tab, Plans, "save", name="Pro", **(PLAN | {"price": "cheap"}))
    await tab.until(lambda: "price" in tab.vars(Feedback).get("errors", {}))
    assert tab.vars(Plans)["is_open"] is True


async def test_owner_asks_admin_approves_and_both_tabs_follow(
    open_tab: OpenTab, admin: Actor, owner: Actor, db: Database
) -> None:
    plan_id = await offer(db, admin)
    ours, theirs = await open_tab(owner, "/subscription"), await open_tab(admin, "/admin/subscriptions")
    await ours.send(Subscription.load)
    await theirs.send(Subscriptions.load)
    await ours.send(Subscription.ask_to_choose(plan_id))
    assert (ours.vars(Subscription)["chosen_way"], ours.vars(Subscription)["chosen_price"]) == (
        "request", "$30.00",
    )  # fmt: skip
    await submit(ours, Subscription, "choose", message="Please")
    await theirs.until(lambda: len(theirs.vars(Subscriptions)["requests"]) == 1)
    request = theirs.vars(Subscriptions)["requests"][0]
    assert (request["asked_by"], request["message"]) == ("Olga Owner", "Please")
    await theirs.send(Subscriptions.open_dialog("approve", request["id"], "Pro"))
    await submit(theirs, Subscriptions, "approve", note="")
    await ours.until(lambda: ours.vars(Subscription)["row"]["status"] == "past_due")
    await theirs.until(lambda: len(theirs.vars(Subscriptions)["invoices"]) == 1)
    (invoice,) = theirs.vars(Subscriptions)["invoices"]
    await theirs.send(Subscriptions.open_dialog("paid", invoice["id"], invoice["number"]))
    await submit(theirs, Subscriptions, "pay", note="Bank 7")
    await ours.until(lambda: ours.vars(Subscription)["row"]["status"] == "active")
    assert ours.vars(Subscription)["invoices"][0]["status"] == "paid"
    await ours.send(Subscription.ask_to_cancel)
    await ours.send(Subscription.cancel)
    await ours.until(lambda: ours.vars(Subscription)["row"]["canceling"])
    await ours.send(Subscription.resume)
    await ours.until(lambda: not ours.vars(Subscription)["row"]["canceling"])
    await submit(theirs, Subscriptions, "refund", amount="30", note="")
    await ours.until(lambda: ours.vars(Subscription)["invoices"][0]["status"] == "refunded")


async def test_admin_rejects_with_a_note_assigns_taxes_and_says_who_sells(
    open_tab: OpenTab, admin: Actor, owner: Actor, db: Database
) -> None:
    plan_id = await offer(db, admin)
    async with db.write() as session:
        await subscribing.choose(session, owner, plan_id)
    tab = await open_tab(admin)
    await tab.send(Subscriptions.load)
    await tab.send(Subscriptions.open_dialog("reject", tab.vars(Subscriptions)["requests"][0]["id"], "Pro"))
    await submit(tab, Subscriptions, "reject", note="Not yet")
    await tab.until(lambda: tab.vars(Subscriptions)["requests"][0]["state"] == "rejected")
    await submit(tab, Subscriptions, "add_tax", name="VAT", percent="19", country="")
    await submit(
        tab, Subscriptions, "save_seller",
        name="Wapto Hosting", address="", country="DE", tax_id="", email="", footer="IBAN", grace_days="3",
    )  # fmt: skip
    await submit(tab, Subscriptions, "assign", plan_id=str(plan_id), paid="on")
    await tab.until(lambda: tab.vars(Subscriptions)["row"]["plan"] == "Pro")
    (invoice,) = await invoices_of(db)
    assert (invoice.total_minor, invoice.seller["name"], invoice.note) == (3570, "Wapto Hosting", "IBAN")
    tax = tab.vars(Subscriptions)["taxes"][0]
    await tab.send(Subscriptions.set_tax_active(tax["id"], False))
    await tab.until(lambda: not tab.vars(Subscriptions)["taxes"][0]["is_active"])
    await tab.send(Subscriptions.open_dialog("remove_tax", tax["id"], "VAT"))
    await tab.send(Subscriptions.remove_tax)
    await tab.until(lambda: tab.vars(Subscriptions)["taxes"] == [])


async def test_the_trial_switch_is_kept(open_tab: OpenTab, admin: Actor) -> None:
    tab = await open_tab(admin)
    await tab.send(Subscriptions.load)
    await submit(tab, Subscriptions, "save_trial", enabled="on", days="21", plan_id="")
    await tab.until(lambda: tab.vars(Subscriptions).get("trial_on") is True)
    assert tab.vars(Subscriptions)["trial_days"] == 21
    await submit(tab, Subscriptions, "save_trial", days="0", plan_id="")
    await tab.until(lambda: "days" in tab.vars(Feedback).get("errors", {}))


async def test_the_end_of_a_trial_locks_open_tabs_and_a_free_plan_opens_them(
    open_tab: OpenTab, admin: Actor, owner: Actor, agent: Actor, db: Database, runtime: Runtime
) -> None:
    free = await offer(db, admin, "Starter", "0")
    ours, theirs = await open_tab(owner, "/inbox"), await open_tab(agent, "/inbox")
    for tab in (ours, theirs):
        await tab.send(Shell.load)
        assert tab.vars(Shell)["shut"] is False
    await end_the_trial(db, runtime)
    for tab in (ours, theirs):
        await tab.until(lambda tab=tab: tab.vars(Shell).get("shut") is True)  # type: ignore[misc]
        await tab.send(Shell.load)
        assert tab.vars(Shell)["shut"] is True
        tab.clear()
        with suppress(DomainError):
            await tab.send(InboxList.load)
        assert tab.vars(InboxList).get("rows", []) == []
    await ours.send(Subscription.load)
    await ours.send(Subscription.ask_to_choose(free))
    await submit(ours, Subscription, "choose", message="")
    for tab in (ours, theirs):
        await tab.send(Shell.load)
        assert tab.vars(Shell)["shut"] is False
        assert "inbox.see" in tab.vars(Shell)["permissions"]


async def test_a_limit_that_is_near_is_shown_to_the_owner_and_can_be_put_away(
    open_tab: OpenTab, admin: Actor, owner: Actor, agent: Actor, db: Database, runtime: Runtime
) -> None:
    await limited(db, admin, seats=1)
    await tick.move_on(runtime)
    ours, theirs = await open_tab(owner, "/inbox"), await open_tab(agent, "/inbox")
    await ours.send(Shell.load)
    await theirs.send(Shell.load)
    seen = ours.vars(Shell)["plan"]
    assert (seen["warning"], seen["level"], seen["used"], seen["limit"]) == ("seats", 100, 1, 1)
    assert theirs.vars(Shell).get("plan", {}).get("warning", "") == ""
    await ours.send(Shell.hide_warning)
    assert ours.vars(Shell)["hidden_warning"] == ours.vars(Shell)["warning"]


_OWNERS = ("load", "withdraw", "cancel", "resume", "edit_buyer")
_ADMINS = ("load", "changed", "close_dialog", "remove_tax")


@pytest.mark.parametrize("who", ["agent", "nobody"])
async def test_agents_and_strangers_get_nothing(
    open_tab: OpenTab, agent: Actor, admin: Actor, db: Database, who: str
) -> None:
    await offer(db, admin, "Secret plan")
    tab = await open_tab(agent if who == "agent" else None)
    before = await standing_of(db)
    for state, handlers in ((Subscription, _OWNERS), (Plans, ("load", "start")), (Subscriptions, _ADMINS)):
        for handler in handlers:
            with suppress(DomainError):
                await tab.send(getattr(state, handler))
    await submit(tab, Plans, "save", name="Mine", **PLAN)
    await submit(tab, Subscriptions, "assign", plan_id="2", paid="on")
    assert "Secret plan" not in str([tab.vars(state) for state in (Subscription, Plans, Subscriptions)])
    assert await standing_of(db) == before


async def test_the_owner_is_no_admin(open_tab: OpenTab, owner: Actor, admin: Actor, db: Database) -> None:
    plan_id = await offer(db, admin)
    tab = await open_tab(owner)
    await submit(tab, Subscriptions, "assign", plan_id=str(plan_id), paid="on")
    await refused(tab, "permission")
    assert (await standing_of(db)).plan_name == "Self-hosted"


@pytest.mark.parametrize("value", ["", "x", "-1", "99999999999999999999", "1.5", "²"])
async def test_strange_numbers_break_nothing(open_tab: OpenTab, admin: Actor, value: str) -> None:
    tab = await open_tab(admin)
    await submit(tab, Subscriptions, "assign", plan_id=value)
    await submit(tab, Subscriptions, "extend_trial", days=value)
    await submit(tab, Subscriptions, "save_trial", days=value, plan_id=value)
    await submit(tab, Subscriptions, "save_seller", name="", grace_days=value)
    assert "incident" not in str(tab.vars(Feedback))
