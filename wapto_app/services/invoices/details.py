"""Who sells and who buys, as it stands on invoices, and how long there is time to pay."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any, TypedDict

from babel import Locale
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.db import touch
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import audit, preferences
from wapto_app.services.account_fields import clean_email
from wapto_app.services.errors import Invalid

TOPIC = "billing"
PREFERENCE = "billing_details"
GRACE_DAYS = 7
_LENGTHS = {"name": 120, "address": 500, "tax_id": 64}
_DAYS_MAX = 90


class PartyRow(TypedDict):
    """Seller or buyer. ``country`` is ISO 3166 alpha-2, or empty."""

    name: str
    address: str
    country: str
    tax_id: str
    email: str


@dataclass(frozen=True, slots=True)
class Billing:
    """The billing details of the install. ``footer`` stands below every invoice, such as how to pay."""

    seller: PartyRow
    buyer: PartyRow
    grace: timedelta
    footer: str


class DetailsRow(TypedDict):
    """For the screens of owner and admin."""

    seller: PartyRow
    buyer: PartyRow
    grace_days: int
    footer: str


@cache
def countries() -> dict[str, str]:
    """Code → English name, by name."""
    names = Locale("en").territories
    found = {code: name for code, name in names.items() if len(code) == 2 and code.isalpha() and code != "ZZ"}
    return dict(sorted(found.items(), key=lambda pair: pair[1]))


def clean_country(code: str, field: str = "country") -> str:
    """A country's code or nothing. Raises Invalid."""
    code = code.strip().upper()
    if code and code not in countries():
        raise Invalid(field, "Choose a country from the list.")
    return code


async def read_billing(session: AsyncSession) -> Billing:
    """The details, empty where nobody filled them in."""
    value = await preferences.read(session, PREFERENCE)
    return Billing(
        seller=_party(value.get("seller", {})),
        buyer=_party(value.get("buyer", {})),
        grace=timedelta(days=int(value.get("grace_days", GRACE_DAYS))),
        footer=str(value.get("footer", "")),
    )


async def load_details(session: AsyncSession, actor: Actor) -> DetailsRow:
    """For the owner's and the admin's screen."""
    check_reader(actor)
    billing = await read_billing(session)
    return DetailsRow(
        seller=billing.seller, buyer=billing.buyer, grace_days=billing.grace.days, footer=billing.footer
    )


async def save_buyer(session: AsyncSession, actor: Actor, values: dict[str, Any]) -> None:
    """What stands on the next invoices as the customer; the owner or an admin fills it in. Raises Invalid."""
    if not actor.may(Permission.ADMIN):
        actor.require(Permission.SUBSCRIPTION_DO)
    value = await preferences.read(session, PREFERENCE)
    await preferences.write(session, PREFERENCE, value | {"buyer": _clean(values)})
    audit.record(session, actor, "billing.buyer_changed")
    touch(session, TOPIC)


async def save_seller(
    session: AsyncSession, actor: Actor, values: dict[str, Any], *, grace_days: int, footer: str
) -> None:
    """Who the invoices are from, days to pay, and a line below (bank account, thanks). Raises Invalid."""
    actor.require(Permission.ADMIN)
    if not 0 <= grace_days <= _DAYS_MAX:
        raise Invalid("grace_days", f"Choose 0 to {_DAYS_MAX} days.")
    if len(footer) > _LENGTHS["address"]:
        raise Invalid("footer", f"At most {_LENGTHS['address']} characters.")
    value = await preferences.read(session, PREFERENCE)
    changed = {"seller": _clean(values), "grace_days": grace_days, "footer": footer.strip()}
    await preferences.write(session, PREFERENCE, value | changed)
    audit.record(session, actor, "billing.seller_changed")
    touch(session, TOPIC)


def check_reader(actor: Actor) -> None:
    """Invoices are for who may see the subscription, and for admins. Raises Forbidden."""
    if not actor.may(Permission.ADMIN):
        actor.require(Permission.SUBSCRIPTION_SEE)


def _clean(values: dict[str, Any]) -> dict[str, str]:
    row = _party(values)
    for field, length in _LENGTHS.items():
        text = str(row[field]).strip()  # type: ignore[literal-required]
        if len(text) > length:
            raise Invalid(field, f"At most {length} characters.")
        row[field] = text  # type: ignore[literal-required]
    if row["email"].strip():
        row["email"] = clean_email(row["email"])
    row["country"] = clean_country(row["country"])
    return dict(row)  # type: ignore[arg-type]


def _party(value: dict[str, Any]) -> PartyRow:
    def text(name: str) -> str:
        return str(value.get(name, ""))

    return PartyRow(
        name=text("name"),
        address=text("address"),
        country=text("country"),
        tax_id=text("tax_id"),
        email=text("email"),
    )
