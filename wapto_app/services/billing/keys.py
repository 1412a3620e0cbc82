"""The keys to Stripe: from the page, sealed in the database, else from the environment."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypedDict

import httpx
from sqlmodel.ext.asyncio.session import AsyncSession

from integrations.billing import BillingError, Stripe
from wapto_app.clock import utcnow
from wapto_app.db import touch
from wapto_app.security.permissions import Actor, Permission
from wapto_app.security.secrets import SecretBox
from wapto_app.services import audit, preferences
from wapto_app.services.errors import Invalid
from wapto_app.settings import Settings

PREFERENCE = "stripe"
TOPIC = "stripe_keys"
OVERLAP = timedelta(hours=24)
"""Stripe: a replaced webhook secret may go on signing for up to a day."""
_SECRET_PREFIXES = ("sk_test_", "sk_live_", "rk_test_", "rk_live_")


@dataclass(frozen=True, slots=True)
class Keys:
    """In clear; never stored, logged or shown. More than one webhook secret while one is replaced."""

    secret_key: str = field(repr=False, default="")
    webhook_secrets: tuple[str, ...] = field(repr=False, default=())

    @property
    def are_set(self) -> bool:
        return bool(self.secret_key)


class KeysRow(TypedDict):
    """What an admin may see of them. ``source``: page, environment, or "" for none."""

    source: str
    secret_key_end: str
    webhook_secret_end: str
    is_live: bool
    webhook_url: str


class CheckRow(TypedDict):
    """What Stripe said. ``problem`` is empty when card payments work."""

    account: str
    is_live: bool
    problem: str


async def read(session: AsyncSession, box: SecretBox, settings: Settings) -> Keys:
    """The keys in use. Several webhook secrets in the environment are separated by commas."""
    stored = await preferences.read(session, PREFERENCE)
    secret_key = box.open(stored.get("secret_key", ""))
    if not secret_key:
        from_settings = settings.stripe_webhook_secret.get_secret_value().split(",")
        secrets = tuple(filter(None, (text.strip() for text in from_settings)))
        return Keys(settings.stripe_secret_key.get_secret_value(), secrets)
    secrets = (box.open(stored.get("webhook_secret", "")),)
    if _is_fresh(stored.get("replaced_at", "")):
        secrets += (box.open(stored.get("webhook_secret_before", "")),)
    return Keys(secret_key, tuple(filter(None, secrets)))


async def load(session: AsyncSession, actor: Actor, box: SecretBox, settings: Settings) -> KeysRow:
    """For the admin's page: where the keys come from, and their last four characters."""
    actor.require(Permission.ADMIN)
    keys = await read(session, box, settings)
    stored = await preferences.read(session, PREFERENCE)
    source = "page" if stored.get("secret_key") else "environment"
    return KeysRow(
        source=source if keys.are_set else "",
        secret_key_end=keys.secret_key[-4:],
        webhook_secret_end=keys.webhook_secrets[0][-4:] if keys.webhook_secrets else "",
        is_live="_live_" in keys.secret_key[:9],
        webhook_url=f"{settings.base_url}/webhooks/stripe",
    )


async def save(
    session: AsyncSession, actor: Actor, box: SecretBox, *, secret_key: str, webhook_secret: str
) -> None:
    """Keep new keys, sealed; an empty text leaves the one that is there. The old webhook secret counts for a day.

    Raises:
        Invalid: for something that is no such key.
    """
    actor.require(Permission.ADMIN)
    secret_key, webhook_secret = secret_key.strip(), webhook_secret.strip()
    check_shape(secret_key, webhook_secret)
    stored = await preferences.read(session, PREFERENCE)
    if not secret_key and not stored.get("secret_key"):
        raise Invalid(
            "secret_key", "Put in the secret key. It stands in Stripe's dashboard under Developers."
        )
    if secret_key:
        stored["secret_key"] = box.seal(secret_key)
    if webhook_secret and webhook_secret != box.open(stored.get("webhook_secret", "")):
        stored["webhook_secret_before"] = stored.get("webhook_secret", "")
        stored["replaced_at"] = utcnow().isoformat()
        stored["webhook_secret"] = box.seal(webhook_secret)
    await preferences.write(session, PREFERENCE, stored)
    audit.record(session, actor, "stripe.keys_changed", key=bool(secret_key), webhook=bool(webhook_secret))
    touch(session, TOPIC, "subscription")


async def remove(session: AsyncSession, actor: Actor) -> None:
    """Forget the keys of the page; those of the environment count again, if there are any."""
    actor.require(Permission.ADMIN)
    await preferences.write(session, PREFERENCE, {})
    audit.record(session, actor, "stripe.keys_removed")
    touch(session, TOPIC, "subscription")


def check_shape(secret_key: str, webhook_secret: str) -> None:
    """Whether these can be keys at all. Raises Invalid, naming the field."""
    if secret_key.startswith("pk_"):
        raise Invalid("secret_key", "This is the publishable key. Put in the secret key; it begins with sk_.")
    if secret_key and not secret_key.startswith(_SECRET_PREFIXES):
        raise Invalid("secret_key", "A secret key begins with sk_live_ or sk_test_.")
    if webhook_secret and not webhook_secret.startswith("whsec_"):
        raise Invalid("webhook_secret", "The signing secret of a webhook begins with whsec_.")
    for field_name, text in (("secret_key", secret_key), ("webhook_secret", webhook_secret)):
        if len(text) > 255 or not text.isascii() or any(letter.isspace() for letter in text):
            raise Invalid(field_name, "This is not a key. Copy it again, without spaces.")


async def check(actor: Actor, http: httpx.AsyncClient, settings: Settings, secret_key: str) -> CheckRow:
    """Ask Stripe whose key this is, and say plainly what is wrong with it."""
    actor.require(Permission.ADMIN)
    if not secret_key:
        return CheckRow(account="", is_live=False, problem="No secret key is set.")
    try:
        account = await Stripe(secret_key, http=http, api_base=settings.stripe_api_base).account()
    except BillingError as error:
        return CheckRow(account="", is_live=False, problem=str(error))
    problem = ""
    if not account.can_charge:
        problem = "This account cannot take payments yet. Finish its activation in Stripe's dashboard."
    elif account.is_live and not settings.public_url.startswith("https://"):
        problem = "Stripe sends live webhooks only to https. Set WAPTO_PUBLIC_URL to your https address."
    return CheckRow(account=account.name, is_live=account.is_live, problem=problem)


def _is_fresh(replaced_at: str) -> bool:
    return bool(replaced_at) and utcnow() - datetime.fromisoformat(replaced_at) < OVERLAP
