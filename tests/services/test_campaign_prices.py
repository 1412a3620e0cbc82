"""Prices are the owner's, never ours; an estimate says what it knows and what it does not."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.services.campaign_desk import make_campaign, make_person, make_template
from tests.services.crowd import talk_with
from tests.services.test_campaign_uploads import upload
from wapto_app.clock import utcnow
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services.campaigns import price_files, prices
from wapto_app.services.campaigns.estimating import country_of
from wapto_app.services.campaigns.prices import Estimate, MarketForm
from wapto_app.services.errors import Forbidden, Invalid

WIDE = (
    "Market,Currency,Marketing,Utility,Authentication,Service\n"
    'Germany,EUR,"$0,1131","0.0456",0.0768,n/a\n'
    "Brasil,EUR,0.05,,0.01,\nRest of Africa,EUR,0.02,0.01,0.01,\nOther,EUR,0.06,0.007,-,\n"
)


def row(market: str, marketing: str = "", utility: str = "", authentication: str = "") -> MarketForm:
    return MarketForm(market=market, marketing=marketing, utility=utility, authentication=authentication)


async def write(runtime: Runtime, owner: Actor, *rows: MarketForm, currency: str = "EUR") -> None:
    async with runtime.db.write() as session:
        await prices.set_prices(session, owner, currency, list(rows))


async def estimate(runtime: Runtime, owner: Actor, campaign_id: int) -> Estimate:
    async with runtime.db.read() as session:
        return await prices.estimate(session, owner, campaign_id)


async def test_there_is_no_price_until_somebody_writes_one_down(
    runtime: Runtime, owner: Actor, channel_id: int
) -> None:
    await make_person(runtime, "Ada", "+4915112345671")
    async with runtime.db.read() as session:
        assert await prices.prices(session, owner) == {"currency": "", "unknown": [], "rows": []}
    found = await estimate(runtime, owner, await make_campaign(runtime, owner, channel_id))
    assert (found["has_prices"], found["total"], found["unpriced"], found["missing"]) == (
        False,
        "",
        1,
        ["Germany"],
    )


async def test_people_are_counted_by_country_and_a_country_without_price_is_named(
    runtime: Runtime, owner: Actor, channel_id: int
) -> None:
    for each in range(3):
        await make_person(runtime, "D", f"+491511234567{each}")
    await make_person(runtime, "B", "+5511987654321")
    await make_person(runtime, "Out", "+4915112345679", opted_out_at=utcnow())
    await write(runtime, owner, row("DE", "0,1131"))
    file = await upload(runtime, owner, "Phone\n+4915112345671\n+4915112345678\n")
    campaign_id = await make_campaign(runtime, owner, channel_id, everyone=True, uploads=[file["key"]])
    found = await estimate(runtime, owner, campaign_id)
    assert [(line["market"], line["people"], line["amount"]) for line in found["lines"]] == [
        ("DE", 4, "€0.4524"),
        ("BR", 1, ""),
    ]
    assert (found["total"], found["unpriced"], found["missing"]) == ("€0.4524", 1, ["Brazil"])


async def test_all_other_countries_have_a_price_together(
    runtime: Runtime, owner: Actor, channel_id: int
) -> None:
    await make_person(runtime, "B", "+5511987654321")
    await write(runtime, owner, row("DE", "1"), row("", "2.50"))
    found = await estimate(runtime, owner, await make_campaign(runtime, owner, channel_id))
    assert (found["total"], found["missing"]) == ("€2.50", [])


async def test_a_utility_template_is_free_for_who_wrote_within_a_day(
    runtime: Runtime, owner: Actor, channel_id: int
) -> None:
    for number, hours in (("+4915112345671", 23), ("+4915112345672", 25)):
        contact_id = await make_person(runtime, "D", number)
        await talk_with(
            runtime, contact_id, channel_id, owner, last_inbound_at=utcnow() - timedelta(hours=hours)
        )
    await write(runtime, owner, row("DE", "1", "0.5"))
    order = await make_template(runtime, "order", category="UTILITY")
    found = await estimate(runtime, owner, await make_campaign(runtime, owner, channel_id, order))
    assert (found["free"], found["total"]) == (1, "€0.50")
    offer = await make_template(runtime, "offer", category="MARKETING")
    found = await estimate(runtime, owner, await make_campaign(runtime, owner, channel_id, offer))
    assert (found["free"], found["total"]) == (0, "€2.00")


async def test_the_table_is_kept_as_written_and_only_by_the_owner(
    runtime: Runtime, owner: Actor, agent: Actor
) -> None:
    await write(runtime, owner, row("", "0.06"), row("DE", "0.1131", "0,0456"), row("BR", "", "", "0.01"))
    async with runtime.db.read() as session:
        table = await prices.prices(session, owner)
        with pytest.raises(Forbidden):
            await prices.prices(session, agent)
    assert table["currency"] == "EUR"
    assert [(each["name"], each["marketing"]) for each in table["rows"]] == [
        ("Brazil", ""),
        ("Germany", "0.1131"),
        ("All other countries", "0.06"),
    ]
    await write(runtime, owner)
    async with runtime.db.read() as session:
        assert (await prices.prices(session, owner))["rows"] == []


@pytest.mark.parametrize(
    ("rows", "currency", "field"),
    [
        ([row("DE", "a lot")], "EUR", "0.marketing"),
        ([row("DE", "1"), row("DE", "2")], "EUR", "1.market"),
        ([row("XX", "1")], "EUR", "0.market"),
        ([row("DE", "-1")], "EUR", "0.marketing"),
        ([row("DE", "999999999")], "EUR", "0.marketing"),
        ([row("DE", "1")], "EURO", "currency"),
    ],
)
async def test_what_is_wrong_in_a_table_is_named(
    runtime: Runtime, owner: Actor, rows: list[MarketForm], currency: str, field: str
) -> None:
    with pytest.raises(Invalid) as wrong:
        await write(runtime, owner, *rows, currency=currency)
    assert wrong.value.field == field


async def test_a_table_of_rates_is_read_in_both_shapes(owner: Actor, tmp_path: Path) -> None:
    path = tmp_path / "rates"
    path.write_text(WIDE)
    table = await prices.read_table(owner, path)
    assert table["currency"] == "EUR"
    assert [(each["market"], each["marketing"], each["utility"]) for each in table["rows"]] == [
        ("BR", "0.05", ""),
        ("DE", "0.1131", "0.0456"),
        ("", "0.06", "0.007"),
    ]
    assert table["unknown"] == ["Rest of Africa"]
    path.write_text("Country;Category;Price\nDE;Marketing;0,1131\nAlemania;Utility;0,05\nMars;Utility;1\n")
    table = await prices.read_table(owner, path)
    assert [(each["market"], each["marketing"], each["utility"]) for each in table["rows"]] == [
        ("DE", "0.1131", "0.05")
    ]
    assert table["unknown"] == ["Mars"]


@pytest.mark.parametrize(
    "text",
    ["Name,Phone\nAda,1\n", "Market,Marketing\nDE,free\n", "Market,Marketing\nMars,1\n", "", "Market\nDE\n"],
)
async def test_what_is_no_table_of_prices_says_so(owner: Actor, tmp_path: Path, text: str) -> None:
    path = tmp_path / "rates"
    path.write_text(text)
    with pytest.raises(Invalid) as wrong:
        await prices.read_table(owner, path)
    assert wrong.value.field == "file"


@given(
    st.lists(st.text(max_size=20), max_size=6),
    st.lists(st.lists(st.text(max_size=12), max_size=6), max_size=5),
)
def test_any_table_is_understood_or_refused(headings: list[str], rows: list[list[str]]) -> None:
    for names in (headings, ["Market", "Marketing", "Utility"], ["Country", "Category", "Price"]):
        try:
            found = price_files.understood(names, rows)
        except Invalid:
            continue
        assert all(0 <= line.micros <= price_files.MICROS_MAX for line in found.rows)


@pytest.mark.parametrize(
    ("number", "country"),
    [("+14165551234", "CA"), ("+12125551234", "US"), ("+77011234567", "KZ"), ("", ""), ("+88312345678", "")],
)
def test_the_country_of_a_number(number: str, country: str) -> None:
    assert country_of(number) == country
