"""The second factor: asked for after the password, set up and switched off.

Routes, because the secret and the recovery codes are shown once, by the answer to a form, and never enter a
screen's state.
"""

from __future__ import annotations

import segno

from wapto_app import runtime
from wapto_app.log import get_logger
from wapto_app.security import throttle, tickets
from wapto_app.services import sessions, sign_in, two_factor
from wapto_app.services.two_factor import WrongCode
from wapto_app.web.auth import confirm_password, enter, signed_in
from wapto_app.web.forms import Answer, Form, Text, Visit, form_route

log = get_logger(__name__)


class CodeForm(Form):
    code: Text
    next: Text = ""


class FirstCodeForm(Form):
    code: Text


class PasswordForm(Form):
    password: Text


async def code(visit: Visit, form: CodeForm) -> Answer:
    """The second half of signing in."""
    box = runtime.get().secrets
    account_id = tickets.holder(box, visit.ticket)
    await throttle.code(visit.address, account_id)
    try:
        async with runtime.get().db.write() as session:
            _account_id, left = await two_factor.answer(session, box, visit.ticket, form.code)
            entered = await enter(session, visit, account_id, wanted=form.next)
    except WrongCode:
        log.info("auth.code_refused", address=visit.address, account=account_id)
        raise
    await throttle.code_succeeded(account_id)
    if left is None:
        return entered
    # Said before going on: whoever runs out of them, and loses the app, is locked out.
    return Answer({"done": True, "left": left, "next": entered.body["go"]}, entered.session_token, ticket="")


async def start(visit: Visit, form: PasswordForm) -> Answer:
    """Begin to set it up: a secret, as text and as QR code."""
    actor = await signed_in(visit)
    await confirm_password(actor, form.password, "password")
    async with runtime.get().db.write() as session:
        setup = await two_factor.start(session, actor, runtime.get().secrets)
    picture = segno.make(setup.address, error="m").svg_data_uri(border=3, scale=5, dark="#000", light="#fff")
    groups = [setup.secret[at : at + 4] for at in range(0, len(setup.secret), 4)]
    return Answer({"done": True, "picture": picture, "secret": " ".join(groups)})


async def confirm(visit: Visit, form: FirstCodeForm) -> Answer:
    """Switch it on with the first code; the recovery codes are shown once."""
    actor = await signed_in(visit)
    await throttle.code(visit.address, actor.account_id or 0)
    async with runtime.get().db.write() as session:
        codes = await two_factor.confirm(session, actor, runtime.get().secrets, form.code)
        changed = await sessions.actor_of_cookie(session, visit.session_token)
    await throttle.code_succeeded(actor.account_id or 0)
    way_on = sign_in.landing(changed) if actor.duty and changed else "/profile"
    return Answer({"done": True, "codes": codes, "next": way_on})


async def renew_codes(visit: Visit, form: PasswordForm) -> Answer:
    """New recovery codes instead of the earlier ones."""
    actor = await signed_in(visit)
    await confirm_password(actor, form.password, "password")
    async with runtime.get().db.write() as session:
        return Answer({"done": True, "codes": await two_factor.renew_codes(session, actor)})


async def switch_off(visit: Visit, form: PasswordForm) -> Answer:
    """Sign in with the password alone again."""
    actor = await signed_in(visit)
    await confirm_password(actor, form.password, "password")
    async with runtime.get().db.write() as session:
        await two_factor.switch_off(session, actor)
    return Answer()


routes = [
    form_route("/auth/code", CodeForm, code),
    form_route("/auth/two-factor/start", PasswordForm, start),
    form_route("/auth/two-factor/confirm", FirstCodeForm, confirm),
    form_route("/auth/two-factor/codes", PasswordForm, renew_codes),
    form_route("/auth/two-factor/off", PasswordForm, switch_off),
]
