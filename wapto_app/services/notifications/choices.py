"""What a person wants to be told of, and how. Stored on the account: only what differs from the default."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypedDict

from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.db import touch
from wapto_app.models import Account, NotificationKind
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services.errors import Invalid, SignedOut
from wapto_app.services.sessions import account_topic

K = NotificationKind


class Way(StrEnum):
    """``DESKTOP`` also needs the person's general consent, and the browser's."""

    APP = "app"
    DESKTOP = "desktop"
    MAIL = "mail"


# Mails about the subscription are no choice: they are sent by the plans themselves.
_BY = {
    Way.APP: frozenset(K) - {K.INBOUND_MESSAGE},
    Way.DESKTOP: frozenset(
        {K.MENTIONED, K.SCHEDULED_FAILED, K.IMPORT_ENDED, K.TEMPLATE_NEWS}
        | {K.CAMPAIGN_FINISHED, K.CAMPAIGN_STOPPED, K.CAMPAIGN_ASKS}
        | {K.ASSIGNED, K.TASK_ASSIGNED, K.TASK_DUE, K.REVIEW_RECEIVED, K.NUMBER_PROBLEM, K.INBOUND_MESSAGE}
    ),
    Way.MAIL: frozenset(
        {K.TASK_ASSIGNED, K.TASK_DUE, K.REVIEW_RECEIVED, K.NUMBER_PROBLEM}
        | {K.CAMPAIGN_STOPPED, K.CAMPAIGN_ASKS}
    ),
}
_MAILED_UNASKED = frozenset({K.NUMBER_PROBLEM})
_SEEN_WITH = {
    K.ASSIGNED: Permission.INBOX_SEE,
    K.INBOUND_MESSAGE: Permission.INBOX_SEE,
    K.MENTIONED: Permission.INBOX_SEE,
    K.SCHEDULED_FAILED: Permission.INBOX_SEE,
    K.TASK_ASSIGNED: Permission.INBOX_SEE,
    K.TASK_DUE: Permission.INBOX_SEE,
    K.REVIEW_RECEIVED: Permission.INBOX_SEE,
    K.IMPORT_ENDED: Permission.CONTACTS_DO,
    K.CAMPAIGN_STARTED: Permission.CAMPAIGNS_SEE,
    K.CAMPAIGN_FINISHED: Permission.CAMPAIGNS_SEE,
    K.CAMPAIGN_STOPPED: Permission.CAMPAIGNS_SEE,
    K.CAMPAIGN_ASKS: Permission.CAMPAIGNS_SEE,
    K.TEMPLATE_NEWS: Permission.TEMPLATES_DO,
    K.NUMBER_PROBLEM: Permission.INTEGRATIONS_SEE,
    K.LIMIT_WARNING: Permission.SUBSCRIPTION_SEE,
    K.PLAN_CHANGED: Permission.SUBSCRIPTION_SEE,
    K.TRIAL_ENDING: Permission.SUBSCRIPTION_SEE,
    K.TRIAL_ENDED: Permission.SUBSCRIPTION_SEE,
    K.PAYMENT_FAILED: Permission.SUBSCRIPTION_SEE,
}


class ChoiceRow(TypedDict):
    """One kind. A way that does not exist for it is neither offered nor on."""

    kind: str
    app: bool
    desktop: bool
    mail: bool
    has_app: bool
    has_desktop: bool
    has_mail: bool


class Choices(TypedDict):
    """``desktop`` is the general consent; ``sound`` goes with it."""

    desktop: bool
    sound: bool
    rows: list[ChoiceRow]


def wants(stored: Mapping[str, Any], kind: NotificationKind, way: Way) -> bool:
    """Whether somebody wants this kind this way, by what their account holds."""
    if kind not in _BY[way]:
        return False
    default = way is not Way.MAIL or kind in _MAILED_UNASKED
    return bool(stored.get(_name(kind, way), default))


async def choices_of(session: AsyncSession, actor: Actor) -> Choices:
    """The actor's own choices, for the kinds that can reach them."""
    account = await _own(session, actor, Permission.SIGNED_IN)
    stored = account.notifications
    rows = [_row(stored, kind) for kind, needed in _SEEN_WITH.items() if actor.may(needed)]
    return Choices(desktop=bool(stored.get("desktop")), sound=bool(stored.get("sound")), rows=rows)


async def save_choice(session: AsyncSession, actor: Actor, kind: str, way: str, *, on: bool) -> None:
    """Switch one kind on or off for one way.

    Raises:
        Invalid: when there is no such kind, or not this way.
    """
    actor.require(Permission.SELF_DO)
    if kind not in tuple(NotificationKind) or way not in tuple(Way):
        raise Invalid("", "There is no such notification.")
    chosen, by = NotificationKind(kind), Way(way)
    if chosen not in _BY[by]:
        raise Invalid("", "There is no such notification.")
    await _store(session, actor, **{_name(chosen, by): on})


async def set_desktop(session: AsyncSession, actor: Actor, *, desktop: bool, sound: bool) -> None:
    """Whether open browsers of the actor may show notifications, and sound."""
    await _store(session, actor, desktop=desktop, sound=desktop and sound)


async def _store(session: AsyncSession, actor: Actor, **changes: bool) -> None:
    account = await _own(session, actor, Permission.SELF_DO)
    account.notifications = {**account.notifications, **changes}
    session.add(account)
    touch(session, account_topic(account.id))


async def _own(session: AsyncSession, actor: Actor, permission: Permission) -> Account:
    actor.require(permission)
    account = await session.get(Account, actor.account_id) if actor.account_id else None
    if account is None:
        raise SignedOut
    return account


def _row(stored: Mapping[str, Any], kind: NotificationKind) -> ChoiceRow:
    return ChoiceRow(
        kind=kind.value,
        app=wants(stored, kind, Way.APP),
        desktop=wants(stored, kind, Way.DESKTOP),
        mail=wants(stored, kind, Way.MAIL),
        has_app=kind in _BY[Way.APP],
        has_desktop=kind in _BY[Way.DESKTOP],
        has_mail=kind in _BY[Way.MAIL],
    )


def _name(kind: NotificationKind, way: Way) -> str:
    return f"{kind.value}.{way.value}"
