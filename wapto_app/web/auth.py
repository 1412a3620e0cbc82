"""Signing in and out, set-up, registration, invitations and passwords.

Ordinary routes, because only they can set the HttpOnly cookie, and because a password never belongs into a
screen's state. After signing in the page is loaded anew, so that its websocket carries the cookie.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from wapto_app import runtime
from wapto_app.log import get_logger
from wapto_app.models import LinkPurpose
from wapto_app.security import cookies, passwords, throttle
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import accounts, links, mail, profile, sessions, sign_in, two_factor
from wapto_app.services.account_fields import clean_email, clean_locale, clean_name, time_zones
from wapto_app.services.accounts import Person
from wapto_app.services.errors import DomainError, Invalid, SignedOut
from wapto_app.web.forms import (
    Answer,
    Form,
    FormRefused,
    Text,
    Visit,
    form_route,
    is_foreign,
    set_cookie,
    visit_of,
)

log = get_logger(__name__)

_tasks: set[asyncio.Task[None]] = set()


class LoginForm(Form):
    email: Text
    password: Text
    door: Text
    next: Text = ""


class RegisterForm(Form):
    name: Text
    email: Text
    password: Text
    time_zone: Text = ""
    locale: Text = ""


class SetupForm(RegisterForm):
    token: Text
    runs_business: bool = False


class InvitationForm(Form):
    token: Text
    name: Text
    password: Text
    time_zone: Text = ""
    locale: Text = ""


class ResetRequestForm(Form):
    email: Text


class ResetForm(Form):
    token: Text
    password: Text


class EmailForm(Form):
    email: Text
    password: Text


class PasswordForm(Form):
    current: Text
    password: Text


async def login(visit: Visit, form: LoginForm) -> Answer:
    """Sign in through one of the two tabs."""
    door = sign_in.Door(form.door) if form.door in tuple(sign_in.Door) else sign_in.Door.USER
    email = clean_email(form.email)
    await throttle.sign_in(visit.address, email)
    db = runtime.get().db
    async with db.read() as session:
        known = await sign_in.credentials(session, email)
    is_right, new_hash = await passwords.verify(form.password, known.password_hash if known else None)
    if known is None or not is_right:
        log.info("auth.refused", address=visit.address, account=known.account_id if known else None)
        raise sign_in.WrongCredentials
    sign_in.check_door(known, door)
    async with db.write() as session:
        await sign_in.admit(session, known, new_hash=new_hash)
        ticket = await two_factor.challenge(session, runtime.get().secrets, known.account_id)
        answer = None if ticket else await enter(session, visit, known.account_id, wanted=form.next)
    await throttle.sign_in_succeeded(visit.address, email)
    return answer or Answer({"go": sign_in.code_path(form.next)}, ticket=ticket)


async def logout(request: Request) -> Response:
    """End this browser's session. A plain form may send this, so it works without our scripts, too."""
    if is_foreign(request):
        return PlainTextResponse("This request did not come from this site.", 403)
    async with runtime.get().db.write() as session:
        await sessions.close_session(session, visit_of(request).session_token)
    response = RedirectResponse("/login", 303, headers={"cache-control": "no-store"})
    set_cookie(request, response, "")
    return response


async def setup(visit: Visit, form: SetupForm) -> Answer:
    """Make the first account with the link that the server printed."""
    await throttle.form("setup", visit.address)
    async with runtime.get().db.read() as session:
        await links.bearer(session, LinkPurpose.SETUP, form.token)
    person = await _person(form)
    async with runtime.get().db.write() as session:
        account_id = await accounts.set_up(session, form.token, person, runs_business=form.runs_business)
        return await enter(session, visit, account_id)


async def register(visit: Visit, form: RegisterForm) -> Answer:
    """Become the owner, as long as there is none."""
    await throttle.form("register", visit.address)
    async with runtime.get().db.read() as session:
        if not (await accounts.access(session))["registration_open"]:
            raise accounts.RegistrationClosed
    person = await _person(form)
    async with runtime.get().db.write() as session:
        account_id = await accounts.register(session, person)
        return await enter(session, visit, account_id)


async def accept_invitation(visit: Visit, form: InvitationForm) -> Answer:
    """Join with an invitation."""
    await throttle.form("invitation", visit.address)
    async with runtime.get().db.read() as session:
        email = await accounts.invited(session, form.token)
    person = await _person(RegisterForm(email=email, **form.model_dump(exclude={"token"})))
    async with runtime.get().db.write() as session:
        account_id = await accounts.accept_invitation(session, form.token, person)
        return await enter(session, visit, account_id)


async def request_reset(visit: Visit, form: ResetRequestForm) -> Answer:
    """Mail a link to a new password. Neither the answer nor its time tells whether the account exists."""
    email = clean_email(form.email)
    await throttle.mail(visit.address, email)
    _later(_mail_reset(email))
    return Answer()


async def reset(visit: Visit, form: ResetForm) -> Answer:
    """Choose a new password with a link."""
    await throttle.form("reset", visit.address)
    async with runtime.get().db.read() as session:
        own_words = await sign_in.resetting(session, form.token)
    await passwords.check(form.password, own_words=own_words)
    password_hash = await passwords.hashed(form.password)
    async with runtime.get().db.write() as session:
        await sign_in.reset_password(session, form.token, password_hash)
    return Answer()


async def change_email(visit: Visit, form: EmailForm) -> Answer:
    """Sign in with another address from now on."""
    actor = await signed_in(visit)
    email = clean_email(form.email)
    name, old = await confirm_password(actor, form.password, "password")
    async with runtime.get().db.write() as session:
        await profile.change_email(session, actor, email)
        if email != old:
            locale = (await profile.load(session, actor))["locale"]
            await mail.post(session, mail.email_changed(name, email), to=old, locale=locale)
    return Answer()


async def change_password(visit: Visit, form: PasswordForm) -> Answer:
    """Change one's own password; everybody else who is signed in as this account is signed out."""
    actor = await signed_in(visit)
    own_words = await confirm_password(actor, form.current, "current")
    if form.password == form.current:
        raise Invalid("password", "This is your current password. Choose another one.")
    await passwords.check(form.password, own_words=own_words)
    password_hash = await passwords.hashed(form.password)
    async with runtime.get().db.write() as session:
        await profile.change_password(session, actor, password_hash)
        changed = await sessions.actor_of_cookie(session, visit.session_token)
    # Whoever had to choose one is led on, with a page that is loaded anew.
    return Answer({"go": sign_in.landing(changed)}) if actor.duty and changed else Answer()


async def _person(form: RegisterForm) -> Person:
    """Raises FormRefused with everything that is wrong at once."""
    errors: dict[str, str] = {}
    name = _try(errors, clean_name, form.name)
    email = _try(errors, clean_email, form.email)
    try:
        await passwords.check(form.password, own_words=(form.name, form.email))
    except Invalid as error:
        errors[error.field] = error.message
    if errors:
        raise FormRefused(errors)
    # The browser's own; what we do not know is no reason to refuse somebody.
    time_zone = form.time_zone if form.time_zone in time_zones() else "UTC"
    locale = _try({}, clean_locale, form.locale) or "en"
    return Person(name, email, await passwords.hashed(form.password), time_zone, locale)


def _try(errors: dict[str, str], clean: Callable[[str], str], text: str) -> str:
    try:
        return clean(text)
    except Invalid as error:
        errors[error.field] = error.message
        return ""


async def enter(session: AsyncSession, visit: Visit, account_id: int, *, wanted: str = "") -> Answer:
    """Open a session for somebody who has proved who they are, and lead them on."""
    await sessions.close_session(session, visit.session_token)
    token = await sign_in.enter(session, account_id, address=visit.address, user_agent=visit.user_agent)
    actor = await sessions.actor_of_cookie(session, token)
    if actor is None:
        raise SignedOut
    return Answer({"go": sign_in.landing(actor, wanted)}, token, ticket="" if visit.ticket else None)


async def signed_in(visit: Visit) -> Actor:
    """Whoever changes their own account. Raises SignedOut, Forbidden."""
    actor = await cookies.actor_of(visit.cookie)
    if actor is None or actor.account_id is None:
        raise SignedOut
    actor.require(Permission.SELF_DO)  # before a password can be guessed through another's eyes
    return actor


async def confirm_password(actor: Actor, password: str, field: str) -> tuple[str, str]:
    """Ask for the current password; returns the account's name and address. Raises Invalid, TooMany."""
    await throttle.password(actor.account_id or 0)
    async with runtime.get().db.read() as session:
        stored, own_words = await profile.password_hash(session, actor)
    is_right, _new_hash = await passwords.verify(password, stored)
    if not is_right:
        raise Invalid(field, "This is not your current password.")
    return own_words


async def _mail_reset(email: str) -> None:
    async with runtime.get().db.write() as session:
        if not await mail.is_on(session, runtime.get().settings):
            return
        found = await sign_in.request_reset(session, email)
        if found is not None:
            letter = mail.reset(found.name, found.path)
            await mail.post(session, letter, to=found.email, locale=found.locale)


def _later(work: Coroutine[Any, Any, Any]) -> None:
    """Do it after answering, so that the answer's time tells nothing."""

    async def run() -> None:
        try:
            await work
        except DomainError as error:
            log.warning("auth.later_refused", reason=error.message)
        except Exception:
            log.exception("auth.later_failed")

    task = asyncio.create_task(run())
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)


async def settled() -> None:
    """Wait until what was put off is done (before stopping, and in tests)."""
    await asyncio.gather(*_tasks)


routes = [
    form_route("/auth/login", LoginForm, login),
    Route("/auth/logout", logout, methods=["POST"]),
    form_route("/auth/setup", SetupForm, setup),
    form_route("/auth/register", RegisterForm, register),
    form_route("/auth/invitation", InvitationForm, accept_invitation),
    form_route("/auth/reset-request", ResetRequestForm, request_reset),
    form_route("/auth/reset", ResetForm, reset),
    form_route("/auth/email", EmailForm, change_email),
    form_route("/auth/password", PasswordForm, change_password),
]
