"""What a campaign will cost: by the prices that the owner wrote down, for Meta's are not ours to know.

Meta takes a price for each template that is delivered, by the country of the customer's number and the template's
category. Utility templates are free while the customer's service window is open (Meta: pricing, since July 2025).
"""

from wapto_app.services.campaigns.estimating import Estimate, EstimateLine, estimate
from wapto_app.services.campaigns.price_files import CATEGORIES, OTHERS
from wapto_app.services.campaigns.price_table import (
    FIRST_CURRENCY,
    TOPIC,
    WHERE_META_SAYS,
    MarketForm,
    MarketRow,
    PriceTable,
    choose_currency,
    market_name,
    money,
    prices,
    put_market,
    read_table,
    remove_market,
    replace,
    set_prices,
)

__all__ = [
    "CATEGORIES",
    "FIRST_CURRENCY",
    "OTHERS",
    "TOPIC",
    "WHERE_META_SAYS",
    "Estimate",
    "EstimateLine",
    "MarketForm",
    "MarketRow",
    "PriceTable",
    "choose_currency",
    "estimate",
    "market_name",
    "money",
    "prices",
    "put_market",
    "read_table",
    "remove_market",
    "replace",
    "set_prices",
]
