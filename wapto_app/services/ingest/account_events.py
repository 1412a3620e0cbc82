"""What Meta says about numbers, accounts and customers' wishes."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from integrations.whatsapp import webhooks
from wapto_app.clock import utcnow
from wapto_app.models import Channel, ChannelStatus
from wapto_app.models.base import table_of
from wapto_app.services.identity import choose_marketing, resolve
from wapto_app.services.ingest.context import Batch, Item
from wapto_app.services.person import Person
from wapto_app.services.templates import TOPIC as TEMPLATES
from wapto_app.services.templates import news as template_news

channel = table_of(Channel)

# Meta: after these the number can no longer be used through our app.
_ENDED = {"PARTNER_REMOVED", "PARTNER_APP_UNINSTALLED", "ACCOUNT_OFFBOARDED", "ACCOUNT_DELETED"}


def preferences(batch: Batch, items: list[Item]) -> None:
    """A customer stopped or resumed marketing messages in WhatsApp itself."""
    for item in items:
        wish = item.event
        assert isinstance(wish, webhooks.UserPreference)
        person = Person(wa_id=wish.user.wa_id or "", user_id=wish.user.user_id or "")
        contact_id = resolve(batch.connection, [person])[person]
        choose_marketing(
            batch.connection, contact_id, stops=wish.stops, at=wish.timestamp or item.received_at
        )
        batch.topics |= {"inbox", f"contact:{contact_id}"}


def quality(batch: Batch, items: list[Item]) -> None:
    for item in items:
        news = item.event
        assert isinstance(news, webhooks.PhoneNumberQualityUpdate)
        which = _by_number(news.display_phone_number or "")
        _note(batch, which, quality_event=news.event, messaging_limit=_tier(news.daily_limit))


def display_name(batch: Batch, items: list[Item]) -> None:
    for item in items:
        news = item.event
        assert isinstance(news, webhooks.PhoneNumberNameUpdate)
        _note(
            batch,
            _by_number(news.display_phone_number or ""),
            name_decision=news.decision,
            requested_name=news.requested_name,
            name_rejection=news.rejection_reason,
        )


def capability(batch: Batch, items: list[Item]) -> None:
    for item in items:
        news = item.event
        assert isinstance(news, webhooks.BusinessCapabilityUpdate)
        _note(batch, _of_account(item), messaging_limit=_tier(news.daily_limit))


def review(batch: Batch, items: list[Item]) -> None:
    for item in items:
        news = item.event
        assert isinstance(news, webhooks.AccountReview)
        _note(batch, _of_account(item), account_review=news.decision)


def account(batch: Batch, items: list[Item]) -> None:
    """Bans, restrictions and removals; a removal disconnects the numbers of the account.

    A removal from before the number was connected again comes late and changes nothing.
    """
    for item in items:
        news = item.event
        assert isinstance(news, webhooks.AccountUpdate)
        of_account = _of_account(item, news.waba_id)
        _note(
            batch,
            of_account,
            account_event=news.event,
            ban_state=news.ban_state,
            violation=news.violation_type,
        )
        if news.event in _ENDED:
            batch.connection.execute(
                channel.update()
                .where(of_account, channel.c.connected_at <= item.said_at)
                .values(
                    status=ChannelStatus.DISCONNECTED,
                    disconnected_at=utcnow(),
                    last_error=f"Meta ended the connection ({news.event}).",
                )
            )


def channel_errors(batch: Batch, items: list[Item]) -> None:
    """Errors that Meta reports about a number as a whole."""
    for item in items:
        news = item.event
        assert isinstance(news, webhooks.ChannelError)
        if not news.errors:
            continue
        first = news.errors[0]
        batch.connection.execute(
            channel.update()
            .where(channel.c.id == batch.channel_of(item.number))
            .values(last_error=(first.details or first.message or first.title)[:500])
        )
        batch.topics.add("channels")


def templates(batch: Batch, items: list[Item]) -> None:
    """Templates that were approved, paused, rated, moved to another category or reworded; the oldest first."""
    for item in sorted(items, key=lambda each: each.said_at):
        news = item.event
        assert isinstance(news, template_news.News)
        if template_news.apply(batch.connection, news, item.source.waba_id or "", item.said_at):
            batch.topics.add(TEMPLATES)


def _of_account(item: Item, named: str | None = None) -> sa.ColumnElement[bool]:
    return channel.c.waba_id == (named or item.source.waba_id or "")


def _tier(daily_limit: int | None) -> str | None:
    """Customers in 24 hours, in the words of the number's own field."""
    if daily_limit is None:
        return None
    return "TIER_UNLIMITED" if daily_limit == webhooks.UNLIMITED else f"TIER_{daily_limit}"


def _by_number(display_phone_number: str) -> sa.ColumnElement[bool]:
    """Webhooks write the number as bare digits, the API with plus, spaces and dashes."""
    digits: sa.ColumnElement[Any] = channel.c.display_phone_number
    for character in "+ -()":
        digits = sa.func.replace(digits, character, "")
    return digits == "".join(filter(str.isdigit, display_phone_number))


def _note(batch: Batch, which: sa.ColumnElement[bool], **news: Any) -> None:
    """Merge what is new into the health of the channels."""
    known = {name: value for name, value in news.items() if value not in (None, "")}
    rows = batch.connection.execute(sa.select(channel.c.id, channel.c.health).where(which))
    for channel_id, health in rows.all():
        batch.connection.execute(
            channel.update().where(channel.c.id == channel_id).values(health={**health, **known})
        )
    batch.topics.add("channels")
