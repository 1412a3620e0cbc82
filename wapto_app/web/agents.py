"""An agent who is made with a first password: the password must not pass through a screen's state."""

from __future__ import annotations

from wapto_app import runtime
from wapto_app.security import cookies, passwords
from wapto_app.security.permissions import Permission
from wapto_app.services import agents
from wapto_app.services.account_fields import clean_email, clean_name
from wapto_app.services.accounts import Person
from wapto_app.services.errors import Invalid, SignedOut
from wapto_app.web.forms import Answer, Form, Text, Visit, form_route


class AgentForm(Form):
    name: Text
    email: Text
    password: Text
    team_id: Text
    hide_phone: bool = False


async def create(visit: Visit, form: AgentForm) -> Answer:
    """Make an agent; they choose their own password when they first sign in."""
    actor = await cookies.actor_of(visit.cookie)
    if actor is None:
        raise SignedOut
    actor.require(Permission.TEAMS_DO)
    name, email = clean_name(form.name), clean_email(form.email)
    draft = agents.Draft(_team(form.team_id), hide_phone=form.hide_phone)
    await passwords.check(form.password, own_words=(name, email))
    person = Person(name, email, await passwords.hashed(form.password))
    async with runtime.get().db.write() as session:
        await agents.create(session, actor, person, draft)
    return Answer()


def _team(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Invalid("team_id", "Choose a team.")
    return int(text)


routes = [form_route("/auth/agents", AgentForm, create)]
