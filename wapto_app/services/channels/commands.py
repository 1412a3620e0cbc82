"""Connecting and disconnecting numbers, and asking Meta how they are.

These take the database rather than a session: no lock is held while Meta answers.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from integrations.whatsapp.accounts import TokenInfo
from integrations.whatsapp.errors import GraphError, NoAnswer, Retry, WhatsAppError
from integrations.whatsapp.phone_numbers import PhoneNumber
from wapto_app.clock import utcnow
from wapto_app.db import Database, touch
from wapto_app.log import get_logger
from wapto_app.models import Channel, ChannelKind, ChannelStatus
from wapto_app.security.permissions import Actor, Permission
from wapto_app.security.secrets import SecretsUnreadable
from wapto_app.services import audit, ingest, templates
from wapto_app.services.channels.problems import token_refused
from wapto_app.services.errors import Conflict, DomainError, Invalid, NotFound
from wapto_app.services.gateway import Credentials, Gateway

log = get_logger(__name__)

NEEDED_SCOPES = ("whatsapp_business_messaging", "whatsapp_business_management")
TOKEN_MAX = 1024
_UNREACHABLE = "Meta could not be reached. Check the internet connection of this server and try again."
# Meta: 100 with a proof that does not fit; 33 and 100 for an object that the token cannot see.
_NOT_VISIBLE = {33, 100, 803}


@dataclass(frozen=True, slots=True)
class ConnectForm:
    """What the owner pastes from the Meta developer app."""

    phone_number_id: str
    waba_id: str
    access_token: str
    app_secret: str
    verify_token: str = ""
    kind: ChannelKind = ChannelKind.CLOUD
    base_url: str = ""

    def __repr__(self) -> str:
        return f"ConnectForm(phone_number_id={self.phone_number_id!r})"


@dataclass(frozen=True, slots=True)
class _Verified:
    number: PhoneNumber
    token: TokenInfo | None


async def connect(db: Database, actor: Actor, gateway: Gateway, form: ConnectForm) -> int:
    """Check every value with Meta, subscribe to the account's webhooks, save. Connecting again replaces.

    Raises:
        Invalid: names the value that Meta refused and why.
        Conflict: Meta could not be reached or has trouble of its own. Nothing was saved.
    """
    actor.require(Permission.INTEGRATIONS_DO)
    credentials = _clean(form)
    try:
        verified = await _verify(gateway, credentials)
        await _subscribe(gateway, credentials)
    except NoAnswer:
        raise Conflict(_UNREACHABLE) from None
    async with db.write() as session:
        channel = await _save(session, gateway, form, credentials, verified)
        audit.record(
            session, actor, "channel.connected", f"channel:{channel.id}", number=channel.display_phone_number
        )
        await _take_up_webhooks(session)
        touch(session, "channels", f"outbox:{channel.id}")
        channel_id = channel.id
    assert channel_id is not None
    # Whoever opens the picker of templates now shall not have to wait for the tick; a failure is only logged.
    await templates.sync_all(db, gateway)
    return channel_id


async def _take_up_webhooks(session: AsyncSession) -> None:
    """What Meta sent before the number was known here waits as failed, and can be applied now."""
    connection = await session.connection()
    if any(await connection.run_sync(ingest.replay, [None])):
        touch(session, ingest.TOPIC)


def _clean(form: ConnectForm) -> Credentials:
    for name, label in (("phone_number_id", "phone number id"), ("waba_id", "business account (WABA) id")):
        value = getattr(form, name).strip()
        if not value.isascii() or not value.isdigit() or len(value) > 32:
            raise Invalid(
                name, f"The {label} is a number of about 15 digits, shown under WhatsApp → API Setup."
            )
    for name, label in (("access_token", "access token"), ("app_secret", "app secret")):
        value = getattr(form, name).strip()
        if not value or len(value) > TOKEN_MAX or not value.isascii() or any(c.isspace() for c in value):
            raise Invalid(name, f"Paste the {label} as it is shown in the Meta developer app, in one line.")
    if len(form.verify_token) > 255:
        raise Invalid("verify_token", "The verify token has at most 255 characters.")
    return Credentials(
        phone_number_id=form.phone_number_id.strip(),
        waba_id=form.waba_id.strip(),
        access_token=form.access_token.strip(),
        app_secret=form.app_secret.strip(),
        base_url=form.base_url,
    )


async def _verify(gateway: Gateway, credentials: Credentials) -> _Verified:
    # Signed from the start: an app may be set to refuse calls without the proof.
    try:
        number = await gateway.graph(credentials).phone_number(credentials.phone_number_id)
    except GraphError as error:
        raise await _number_refused(gateway, credentials, error) from None
    await _check_account(gateway, credentials)
    return _Verified(number, await _check_token(gateway, credentials))


async def _number_refused(gateway: Gateway, credentials: Credentials, error: GraphError) -> DomainError:
    """Meta answers alike to a wrong id and to a proof made with a wrong secret; without the proof it shows."""
    try:
        await gateway.graph(credentials, signed=False).phone_number(credentials.phone_number_id)
    except GraphError as unsigned:
        return _refused("phone_number_id", "this token cannot see this phone number id", unsigned)
    return _refused("app_secret", "it does not belong to the app of this access token", error)


async def _check_account(gateway: Gateway, credentials: Credentials) -> None:
    try:
        numbers = await gateway.graph(credentials).phone_numbers(credentials.waba_id)
    except GraphError as error:
        raise _refused("waba_id", "this token cannot see this business account", error) from None
    if credentials.phone_number_id not in {number.id for number in numbers}:
        raise Invalid("waba_id", "This business account does not own the phone number id above.")


async def _check_token(gateway: Gateway, credentials: Credentials) -> TokenInfo | None:
    try:
        token = await gateway.graph(credentials).debug_token(
            credentials.access_token, credentials.access_token
        )
    except GraphError:
        # Meta answers this only to tokens of the app itself; the calls above have shown that the token works.
        return None
    missing = [scope for scope in NEEDED_SCOPES if scope not in token.scopes]
    if token.scopes and missing:
        raise Invalid(
            "access_token", f"The token lacks the permission {missing[0]}. Create it again with both."
        )
    return token


async def _subscribe(gateway: Gateway, credentials: Credentials) -> None:
    try:
        await gateway.graph(credentials).subscribe_app(credentials.waba_id)
    except GraphError as error:
        raise _refused(
            "access_token", "it may not subscribe to the webhooks of this account", error
        ) from None


def _refused(field: str, meaning: str, error: GraphError) -> DomainError:
    if error.retry in (Retry.RETRY, Retry.WAIT):
        return Conflict(f"Meta cannot check this right now: {_words(error)} Try again in a few minutes.")
    if error.is_auth:
        return Invalid("access_token", f"Meta refused the access token: {_words(error)}")
    if error.code in _NOT_VISIBLE:
        return Invalid(field, f"Meta says that {meaning}. ({_words(error)})")
    return Invalid(field, f"Meta refused: {_words(error)}")


def _words(error: GraphError) -> str:
    return (error.user_message or error.details or error.message or error.info.meaning)[:300]


async def _save(
    session: AsyncSession, gateway: Gateway, form: ConnectForm, credentials: Credentials, verified: _Verified
) -> Channel:
    found = await session.exec(select(Channel).where(Channel.phone_number_id == credentials.phone_number_id))
    channel = found.first() or Channel(
        phone_number_id=credentials.phone_number_id, waba_id=credentials.waba_id
    )
    channel.kind, channel.base_url, channel.waba_id = form.kind, form.base_url, credentials.waba_id
    channel.access_token = gateway.secrets.seal(credentials.access_token)
    channel.app_secret = gateway.secrets.seal(credentials.app_secret)
    channel.verify_token = gateway.secrets.seal(form.verify_token.strip() or _verify_token(gateway, channel))
    channel.token_expires_at = verified.token.expires_at if verified.token else None
    channel.status, channel.disconnected_at, channel.last_error = ChannelStatus.CONNECTED, None, ""
    channel.connected_at = utcnow()
    _note_number(channel, verified.number)
    session.add(channel)
    await session.flush()
    return channel


def _verify_token(gateway: Gateway, channel: Channel) -> str:
    """The one that Meta knows already; a new one when it was sealed with a key that is lost."""
    try:
        known = gateway.secrets.open(channel.verify_token)
    except SecretsUnreadable:
        known = ""
    return known or secrets.token_urlsafe(24)


def _note_number(channel: Channel, number: PhoneNumber) -> None:
    news: dict[str, Any] = {
        "number_status": number.status,
        "quality": number.quality_rating,
        "messaging_limit": number.messaging_limit,
        "name_status": number.name_status,
        "code_verification": number.code_verification_status,
        "throughput": number.throughput,
        "platform": number.platform_type,
        "on_phone_app": number.is_on_biz_app,
    }
    channel.display_phone_number = number.display_phone_number or channel.display_phone_number
    channel.verified_name = number.verified_name or channel.verified_name
    channel.health = {**channel.health, **{name: value for name, value in news.items() if value is not None}}
    channel.last_checked_at = utcnow()


async def refresh(db: Database, actor: Actor, gateway: Gateway, channel_id: int) -> None:
    """Ask Meta how a number is. Only a refused token leads to *reconnect*; a time-out never does."""
    actor.require(Permission.INTEGRATIONS_SEE)
    actor.require_own_eyes()
    async with db.read() as session:
        channel = await _channel(session, channel_id)
    number, can_send, error = await _ask(gateway, channel)
    async with db.write() as session:
        channel = await _channel(session, channel_id)
        if number is not None:
            _note_number(channel, number)
            channel.health = {**channel.health, "can_send": can_send}
            _restore(channel)
        elif isinstance(error, GraphError) and error.is_auth and channel.status is ChannelStatus.CONNECTED:
            await token_refused(session, channel)
        if error is not None:
            channel.last_error, channel.last_checked_at = str(error)[:500], utcnow()
        session.add(channel)
        touch(session, "channels", f"outbox:{channel_id}")


def _restore(channel: Channel) -> None:
    channel.last_error = ""
    if channel.status is ChannelStatus.RECONNECT:
        channel.status = ChannelStatus.CONNECTED


async def _ask(
    gateway: Gateway, channel: Channel
) -> tuple[PhoneNumber | None, str, WhatsAppError | SecretsUnreadable | None]:
    try:
        graph = gateway.number(channel).graph
        number = await graph.phone_number(channel.phone_number_id)
        health = await graph.health(channel.phone_number_id)
    except (WhatsAppError, SecretsUnreadable) as error:
        return None, "", error
    return number, health.can_send, None


async def refresh_all(db: Database, gateway: Gateway) -> None:
    """The tick: ask about every number that is not disconnected."""
    async with db.read() as session:
        found = await session.exec(select(Channel.id).where(Channel.status != ChannelStatus.DISCONNECTED))
    for channel_id in found.all():
        if channel_id is None:
            continue
        try:
            await refresh(db, Actor.system(), gateway, channel_id)
        except Exception:
            log.exception("channel.refresh_failed", channel=channel_id)


async def disconnect(db: Database, actor: Actor, gateway: Gateway, channel_id: int) -> None:
    """Stop using a number. Its conversations stay; what Meta still sends is still stored.

    The webhooks of the account are given up only when no other number of it stays connected.
    """
    actor.require(Permission.INTEGRATIONS_DO)
    async with db.write() as session:
        channel = await _channel(session, channel_id)
        channel.status, channel.disconnected_at = ChannelStatus.DISCONNECTED, utcnow()
        session.add(channel)
        others = await session.exec(
            select(Channel.id).where(
                Channel.waba_id == channel.waba_id,
                Channel.status != ChannelStatus.DISCONNECTED,
                Channel.id != channel_id,
            )
        )
        is_last = others.first() is None
        audit.record(session, actor, "channel.disconnected", f"channel:{channel_id}")
        touch(session, "channels")
    if is_last:
        await _unsubscribe(gateway, channel)


async def _unsubscribe(gateway: Gateway, channel: Channel) -> None:
    try:
        await gateway.number(channel).graph.unsubscribe_app(channel.waba_id)
    except (WhatsAppError, SecretsUnreadable) as error:
        log.warning("channel.unsubscribe_failed", channel=channel.id, reason=str(error))


async def _channel(session: AsyncSession, channel_id: int) -> Channel:
    found = (await session.exec(select(Channel).where(Channel.id == channel_id))).first()
    if found is None:
        raise NotFound("number")
    return found
