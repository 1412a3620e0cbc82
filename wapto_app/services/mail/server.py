"""Which mail server is used: the one set in the page, else that of ``WAPTO_SMTP_URL``."""

from __future__ import annotations

from email.headerregistry import Address
from email.utils import getaddresses
from functools import lru_cache
from typing import Any, NamedTuple, TypedDict
from urllib.parse import urlsplit

from sqlmodel.ext.asyncio.session import AsyncSession

from integrations.mail import PORTS, BadMailServer, Mail, MailNotSent, MailServer
from wapto_app.db import Database, touch
from wapto_app.log import get_logger
from wapto_app.security.permissions import Actor, Permission
from wapto_app.security.secrets import SecretBox, SecretsUnreadable
from wapto_app.services import audit, branding, preferences
from wapto_app.services.account_fields import clean_email, clean_name
from wapto_app.services.branding import Branding
from wapto_app.services.errors import Conflict, Invalid
from wapto_app.services.mail.letters import trial_run
from wapto_app.services.mail.queue import NO_SERVER, TOPIC
from wapto_app.services.mail.writing import write
from wapto_app.settings import Settings

log = get_logger(__name__)

_NAME = "mail"


class ServerForm(NamedTuple):
    """An empty password keeps the stored one, as long as host and user stay the same."""

    host: str
    port: str
    scheme: str
    username: str
    password: str
    sender: str


class ServerView(TypedDict):
    """What the page shows: ``source`` is page, environment or none; the password is only known to be there."""

    source: str
    host: str
    port: str
    scheme: str
    username: str
    sender: str
    has_password: bool


async def server(session: AsyncSession, box: SecretBox, settings: Settings) -> MailServer | None:
    """The mail server to use; None without one, or when it cannot be used (logged)."""
    stored = await preferences.read(session, _NAME)
    if not stored:
        return _from_url(settings.smtp_url.get_secret_value(), _default_sender(settings))
    try:
        password = box.open(stored["password"])
    except SecretsUnreadable as error:
        log.error("mail.password_unreadable", reason=str(error))
        return None
    return MailServer(
        stored["host"], stored["port"], stored["scheme"], stored["username"], password, stored["sender"]
    )


async def is_on(session: AsyncSession, settings: Settings) -> bool:
    """Whether mails go out: a form may then promise one."""
    if await preferences.read(session, _NAME):
        return True
    return _from_url(settings.smtp_url.get_secret_value(), _default_sender(settings)) is not None


async def server_view(session: AsyncSession, actor: Actor, settings: Settings) -> ServerView:
    """What is set, without the password."""
    actor.require(Permission.ADMIN)
    stored = await preferences.read(session, _NAME)
    if stored:
        return _view("page", stored | {"has_password": bool(stored["password"])})
    found = _from_url(settings.smtp_url.get_secret_value(), _default_sender(settings))
    if found is None:
        return _view("none", {"port": 587, "scheme": "smtp+starttls", "sender": ""})
    values = {name: getattr(found, name) for name in ("host", "port", "scheme", "username", "sender")}
    return _view("environment", values | {"has_password": bool(found.password)})


def _view(source: str, values: dict[str, Any]) -> ServerView:
    return ServerView(
        source=source,
        host=values.get("host", ""),
        port=str(values.get("port", "")),
        scheme=values.get("scheme", ""),
        username=values.get("username", ""),
        sender=values.get("sender", ""),
        has_password=values.get("has_password", False),
    )


async def save_server(session: AsyncSession, actor: Actor, box: SecretBox, form: ServerForm) -> None:
    """Use this server from now on.

    Raises:
        Invalid: naming the field.
    """
    actor.require(Permission.ADMIN)
    stored = await preferences.read(session, _NAME)
    value = _clean(form)
    same = all(stored.get(name) == value[name] for name in ("host", "username"))
    # A password is sent only to the server that it was typed for.
    kept = stored.get("password", "") if same and value["username"] else ""
    if value["username"] and not form.password and not kept:
        raise Invalid("password", "Type the password for this user name.")
    password = box.seal(form.password) if form.password and value["username"] else kept
    await preferences.write(session, _NAME, value | {"password": password})
    audit.record(session, actor, "mail.server_changed", host=value["host"], sender=value["sender"])
    touch(session, TOPIC)


async def forget_server(session: AsyncSession, actor: Actor) -> None:
    """Go back to ``WAPTO_SMTP_URL``, or to no mails."""
    actor.require(Permission.ADMIN)
    await preferences.write(session, _NAME, {})
    audit.record(session, actor, "mail.server_removed")
    touch(session, TOPIC)


async def try_out(db: Database, actor: Actor, box: SecretBox, settings: Settings, to: str) -> None:
    """Send a mail now and wait for the server's answer.

    Raises:
        Conflict: saying what failed.
        Invalid: when ``to`` is no address.
    """
    actor.require(Permission.ADMIN)
    address = clean_email(to, "to")
    async with db.read() as session:
        target = await server(session, box, settings)
        brand = await branding.load(session)
    if target is None:
        raise Conflict(f"{NO_SERVER} Fill in the form above first.")
    try:
        await target.send(_trial_mail(address, brand, settings))
    except MailNotSent as error:
        raise Conflict(str(error)) from None


def _trial_mail(to: str, brand: Branding, settings: Settings) -> Mail:
    written = write(trial_run(), brand, "en", settings.base_url)
    return Mail(to, written.subject, written.text, written.html)


def _clean(form: ServerForm) -> dict[str, Any]:
    host = form.host.strip().lower()
    if not host or any(letter.isspace() or letter in "/@:" for letter in host.strip("[]").replace(":", "")):
        raise Invalid("host", "Write the name of the server, such as smtp.example.com.")
    if form.scheme not in PORTS:
        raise Invalid("scheme", "Choose one from the list.")
    port = form.port.strip() or str(PORTS[form.scheme])
    if not port.isascii() or not port.isdecimal() or not 0 < int(port[:6]) < 65536:
        raise Invalid("port", "The port is a number from 1 to 65535.")
    return {
        "host": host,
        "port": int(port),
        "scheme": form.scheme,
        "username": form.username.strip(),
        "sender": _clean_sender(form.sender),
    }


def _clean_sender(text: str) -> str:
    """One address, with or without a name: ``Shop <shop@example.com>``."""
    found = getaddresses([" ".join(text.split())])
    name, address = found[0] if len(found) == 1 else ("", "")
    email = clean_email(address, "sender")
    return str(Address(display_name=clean_name(name, "sender"), addr_spec=email)) if name else email


def _default_sender(settings: Settings) -> str:
    return f"Wapto <wapto@{urlsplit(settings.base_url).hostname or 'localhost'}>"


@lru_cache(maxsize=8)
def _from_url(url: str, default_sender: str) -> MailServer | None:
    if not url:
        return None
    try:
        return MailServer.from_url(url, default_sender)
    except BadMailServer as error:
        log.error("mail.bad_server", reason=str(error))
        return None
