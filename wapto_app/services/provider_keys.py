"""Keys of outside providers, made at their sites and typed in here: sealed at rest, and never shown again."""

from __future__ import annotations

import re
from typing import Any, TypedDict

from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.db import touch
from wapto_app.security.permissions import Actor, Permission
from wapto_app.security.secrets import SecretBox, SecretsUnreadable
from wapto_app.services import audit, preferences
from wapto_app.services.errors import Invalid

STRIPE, META_APP = "stripe", "meta_app"
"""Names of the preferences: ``{"secret_key", "webhook_secret"}`` and ``{"app_id", "config_id", "app_secret"}``, of
which the secrets are sealed."""
TOPIC = "provider_keys"

_STRIPE_KEY = re.compile(r"(sk|rk)_(test|live)_[A-Za-z0-9]{10,200}")
_STRIPE_WEBHOOK = re.compile(r"whsec_[A-Za-z0-9+/=_-]{10,200}")
_META_ID = re.compile(r"[0-9]{5,32}")
_META_SECRET = re.compile(r"[0-9a-fA-F]{32}")


class StripeView(TypedDict):
    """What may be shown: the last four characters of each, and whether the key is Stripe's test one."""

    secret_key: str
    webhook_secret: str
    is_test: bool


class MetaAppView(TypedDict):
    """``app_secret`` is its last four characters."""

    app_id: str
    config_id: str
    app_secret: str


async def stripe_view(session: AsyncSession, actor: Actor, box: SecretBox) -> StripeView:
    actor.require(Permission.ADMIN)
    stored = await preferences.read(session, STRIPE)
    key = _open(box, stored.get("secret_key", ""))
    return StripeView(
        secret_key=_last_four(key),
        webhook_secret=_last_four(_open(box, stored.get("webhook_secret", ""))),
        is_test="_test_" in key,
    )


async def save_stripe(
    session: AsyncSession, actor: Actor, box: SecretBox, *, secret_key: str, webhook_secret: str
) -> None:
    """Keep the keys; an empty one keeps what is stored.

    Raises:
        Invalid: naming the field that is no such key.
    """
    actor.require(Permission.ADMIN)
    if not _fits(_STRIPE_KEY, secret_key):
        raise Invalid("secret_key", "A secret key starts with sk_ or rk_. Copy it from Stripe.")
    if not _fits(_STRIPE_WEBHOOK, webhook_secret):
        raise Invalid("webhook_secret", "A signing secret starts with whsec_. Copy it from Stripe.")
    given = {"secret_key": secret_key.strip(), "webhook_secret": webhook_secret.strip()}
    await _keep(session, actor, STRIPE, {name: box.seal(text) for name, text in given.items() if text})


async def meta_app_view(session: AsyncSession, actor: Actor, box: SecretBox) -> MetaAppView:
    actor.require(Permission.ADMIN)
    stored = await preferences.read(session, META_APP)
    return MetaAppView(
        app_id=stored.get("app_id", ""),
        config_id=stored.get("config_id", ""),
        app_secret=_last_four(_open(box, stored.get("app_secret", ""))),
    )


async def save_meta_app(
    session: AsyncSession, actor: Actor, box: SecretBox, *, app_id: str, config_id: str, app_secret: str
) -> None:
    """Keep the app that Embedded Signup runs under; an empty secret keeps what is stored for the same app.

    Raises:
        Invalid: naming the field.
    """
    actor.require(Permission.ADMIN)
    app_id, config_id, app_secret = app_id.strip(), config_id.strip(), app_secret.strip()
    for field, text in (("app_id", app_id), ("config_id", config_id)):
        if not text or not _fits(_META_ID, text):
            raise Invalid(field, "This is a number of 5 to 32 digits. Copy it from Meta.")
    if not _fits(_META_SECRET, app_secret):
        raise Invalid("app_secret", "An app secret has 32 digits and letters from a to f.")
    stored = await preferences.read(session, META_APP)
    if not app_secret and stored.get("app_id") != app_id:
        raise Invalid("app_secret", "Type the secret of this app.")
    secret = {"app_secret": box.seal(app_secret)} if app_secret else {}
    await _keep(session, actor, META_APP, {"app_id": app_id, "config_id": config_id} | secret)


async def forget(session: AsyncSession, actor: Actor, name: str) -> None:
    """Remove the keys of ``STRIPE`` or ``META_APP``."""
    actor.require(Permission.ADMIN)
    await preferences.write(session, name, {})
    audit.record(session, actor, f"{name}.keys_removed")
    touch(session, TOPIC)


async def _keep(session: AsyncSession, actor: Actor, name: str, values: dict[str, Any]) -> None:
    stored = await preferences.read(session, name)
    await preferences.write(session, name, stored | values)
    audit.record(session, actor, f"{name}.keys_changed", changed=sorted(values))
    touch(session, TOPIC)


def _fits(shape: re.Pattern[str], text: str) -> bool:
    """Whether it can be such a key; an empty one always fits."""
    return not text.strip() or shape.fullmatch(text.strip()) is not None


def _open(box: SecretBox, sealed: str) -> str:
    """Empty for what another key has sealed: the page then asks for it again."""
    try:
        return box.open(sealed)
    except SecretsUnreadable:
        return ""


def _last_four(secret: str) -> str:
    return secret[-4:]
