"""The owner's page of message prices, driven by its events."""

from __future__ import annotations

import pytest

from state.base import Feedback
from state.prices import Prices
from tests.pipeline.conftest import OpenTab
from tests.pipeline.test_policy import notices
from wapto_app.security.permissions import Actor
from wapto_app.services.errors import Invalid


async def test_the_owner_writes_prices_down_changes_and_removes_them(open_tab: OpenTab, owner: Actor) -> None:
    tab = await open_tab(owner, "/settings/prices")
    assert (tab.vars(Prices)["rows"], tab.vars(Prices)["currency"]) == ([], "USD")
    await tab.send(Prices.choose_currency("EUR"), Prices.add())
    assert tab.vars(Prices)["markets"][0]["value"] == "others"
    await tab.send(Prices.save({"market": "DE", "marketing": "0,1131", "utility": "", "authentication": ""}))
    await tab.send(Prices.add())
    await tab.send(
        Prices.save({"market": "others", "marketing": "0.05", "utility": "0.01", "authentication": ""})
    )
    shown = tab.vars(Prices)
    assert [(row["name"], row["marketing"]) for row in shown["rows"]] == [
        ("Germany", "0.1131"),
        ("All other countries", "0.05"),
    ]
    assert (shown["currency"], shown["what"]) == ("EUR", "")
    await tab.send(Prices.edit("DE"))
    await tab.send(Prices.save({"market": "AT", "marketing": "0.2", "utility": "", "authentication": ""}))
    await tab.send(Prices.ask_to_remove(""), Prices.remove())
    assert [row["market"] for row in tab.vars(Prices)["rows"]] == ["AT"]


async def test_what_is_wrong_is_named(open_tab: OpenTab, owner: Actor) -> None:
    tab = await open_tab(owner, "/settings/prices")
    await tab.send(Prices.add())
    for form, field in (
        ({"market": "DE", "marketing": "cheap", "utility": "", "authentication": ""}, "marketing"),
        ({"market": "DE", "marketing": "", "utility": "", "authentication": ""}, "marketing"),
        ({"market": "Mars", "marketing": "1", "utility": "", "authentication": ""}, "market"),
    ):
        with pytest.raises(Invalid):
            await tab.send(Prices.save(form))
        await tab.until(lambda field=field: list(tab.vars(Feedback).get("errors", {})) == [field])  # type: ignore[misc]
    assert tab.vars(Prices)["rows"] == []


async def test_an_agent_may_not(open_tab: OpenTab, agent: Actor) -> None:
    tab = await open_tab(agent, "/settings/prices")
    await tab.send(Prices.load())
    await tab.send(Prices.choose_currency("EUR"))
    assert not tab.vars(Prices)["loaded"]
    assert notices(tab) != []
