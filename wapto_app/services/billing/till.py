"""Opens the Stripe account of the install, and remembers what belongs to it."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field

import httpx
import sqlalchemy as sa
from sqlmodel.ext.asyncio.session import AsyncSession

from integrations.billing import BillingError, Stripe
from wapto_app.db import Database
from wapto_app.models import Plan, TaxRule
from wapto_app.security.secrets import SecretBox
from wapto_app.services import preferences
from wapto_app.services.billing import keys
from wapto_app.services.billing.keys import Keys
from wapto_app.services.errors import DomainError
from wapto_app.settings import Settings

PREFERENCE = "stripe_books"


class StripeTrouble(DomainError):
    """Stripe did not do it; the sentence says why."""


class NoStripe(DomainError):
    def __init__(self) -> None:
        super().__init__("Card payments are not set up. An admin does that under Administration.")


@dataclass(frozen=True, slots=True)
class Books:
    """What belongs to one Stripe account in one mode. ``install`` marks our objects there: others may use it too.

    ``portal`` is the portal's configuration, made for the offers that ``portal_offers`` is the digest of.
    """

    install: str
    key: str = ""
    account: str = ""
    customer: str = ""
    portal: str = ""
    portal_offers: str = ""


@dataclass(frozen=True, slots=True)
class Till:
    """The way to Stripe: HTTP pool, keys and where its API is."""

    http: httpx.AsyncClient
    secrets: SecretBox = field(repr=False)
    settings: Settings = field(repr=False)

    async def keys(self, session: AsyncSession) -> Keys:
        return await keys.read(session, self.secrets, self.settings)

    async def open(self, db: Database) -> tuple[Stripe, Books]:
        """A client, and the books of its account.

        Raises:
            NoStripe: without a key.
            BillingError: when the key is new and Stripe does not say whose it is.
        """
        async with db.read() as session:
            found = await self.keys(session)
            books = await read_books(session)
        if not found.are_set:
            raise NoStripe
        stripe = Stripe(found.secret_key, http=self.http, api_base=self.settings.stripe_api_base)
        digest = hashlib.sha256(found.secret_key.encode()).hexdigest()
        if books is None or books.key != digest:
            books = await _recognise(db, stripe, digest)
        return stripe, books


async def is_on(session: AsyncSession, till: Till) -> bool:
    """Whether paid plans can be paid by card."""
    return (await till.keys(session)).are_set


async def read_books(session: AsyncSession) -> Books | None:
    value = await preferences.read(session, PREFERENCE)
    return Books(**value) if value else None


async def write_books(session: AsyncSession, **changes: str) -> Books:
    """Change some of it; the caller's transaction keeps two from doing so at once."""
    value = await preferences.read(session, PREFERENCE)
    books = Books(**(value or {"install": secrets.token_hex(8)}) | changes)
    await preferences.write(session, PREFERENCE, asdict(books))
    return books


async def _recognise(db: Database, stripe: Stripe, digest: str) -> Books:
    """Another key: of the same account it changes nothing, of another one nothing there is known."""
    account = await stripe.account()
    name = f"{account.id}:{'live' if account.is_live else 'test'}"
    async with db.write() as session:
        books = await read_books(session)
        if books is not None and books.account == name:
            return await write_books(session, key=digest)
        await session.exec(sa.update(Plan).values(stripe_product_id="", stripe_price_id=""))
        await session.exec(sa.update(TaxRule).values(stripe_tax_rate_id=""))
        return await write_books(session, key=digest, account=name, customer="", portal="", portal_offers="")


@contextmanager
def told(but: type[BillingError] | None = None) -> Iterator[None]:
    """What Stripe refuses becomes a refusal that a person understands; ``but`` is left for the caller."""
    try:
        yield
    except BillingError as error:
        if but is not None and isinstance(error, but):
            raise
        raise StripeTrouble(str(error)) from error
