"""Telling the owners what concerns their workspace: a mail in their language, and a line behind their bell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.db import fetch
from wapto_app.models import Account, NotificationKind, Role
from wapto_app.services import mail, notifications
from wapto_app.services.mail import Letter

SUBSCRIPTION = "/subscription"


class Owner(NamedTuple):
    """To whom, in which language and time zone."""

    id: int
    name: str
    email: str
    locale: str
    time_zone: str


async def mail_all(session: AsyncSession, letter_for: Callable[[Owner], Letter]) -> list[Owner]:
    """Queue a mail to each active owner, in the caller's transaction; returns them."""
    columns = (Account.id, Account.name, Account.email, Account.locale, Account.time_zone)
    query = sa.select(*(col(column) for column in columns)).where(
        col(Account.role) == Role.OWNER, col(Account.is_active).is_(True)
    )
    owners = [Owner(*row) for row in await fetch(session, query)]
    for owner in owners:
        await mail.post(session, letter_for(owner), to=owner.email, locale=owner.locale)
    return owners


async def tell(
    session: AsyncSession,
    kind: NotificationKind,
    letter_for: Callable[[Owner], Letter],
    *,
    key: str = "",
    **args: Any,
) -> None:
    """``mail_all``, and a notification that leads to the subscription. ``args`` fill the sentence of its kind."""
    owners = await mail_all(session, letter_for)
    ids = [owner.id for owner in owners]
    await notifications.notify(session, ids, kind, href=SUBSCRIPTION, key=key, **args)
