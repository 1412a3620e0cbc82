"""The Meta app that Embedded Signup runs under: typed in here, its secret sealed at rest and never shown again."""

from __future__ import annotations

import re
from typing import TypedDict

from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.db import touch
from wapto_app.security.permissions import Actor, Permission
from wapto_app.security.secrets import SecretBox, SecretsUnreadable
from wapto_app.services import audit, preferences
from wapto_app.services.errors import Invalid

PREFERENCE = "meta_app"
"""``{"app_id", "config_id", "app_secret"}``, of which the secret is sealed."""
TOPIC = "meta_app"

_META_ID = re.compile(r"[0-9]{5,32}")
_META_SECRET = re.compile(r"[0-9a-fA-F]{32}")


class MetaAppView(TypedDict):
    """``app_secret`` is its last four characters."""

    app_id: str
    config_id: str
    app_secret: str


async def load(session: AsyncSession, actor: Actor, box: SecretBox) -> MetaAppView:
    actor.require(Permission.ADMIN)
    stored = await preferences.read(session, PREFERENCE)
    return MetaAppView(
        app_id=stored.get("app_id", ""),
        config_id=stored.get("config_id", ""),
        app_secret=_last_four(_open(box, stored.get("app_secret", ""))),
    )


async def save(
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
    stored = await preferences.read(session, PREFERENCE)
    if not app_secret and stored.get("app_id") != app_id:
        raise Invalid("app_secret", "Type the secret of this app.")
    secret = {"app_secret": box.seal(app_secret)} if app_secret else {}
    values = {"app_id": app_id, "config_id": config_id} | secret
    await preferences.write(session, PREFERENCE, stored | values)
    audit.record(session, actor, "meta_app.keys_changed", changed=sorted(values))
    touch(session, TOPIC)


async def forget(session: AsyncSession, actor: Actor) -> None:
    """Remove the app."""
    actor.require(Permission.ADMIN)
    await preferences.write(session, PREFERENCE, {})
    audit.record(session, actor, "meta_app.keys_removed")
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
