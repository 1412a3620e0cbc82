"""Agents: how they come into a team, what is noted about them, and how they leave.

Whoever manages an agent must see and do at least as much as the agent's team: a link for a new password, or an
account made with a password, is a way to become that agent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypedDict

import phonenumbers
import sqlalchemy as sa
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.db import fetch, touch
from wapto_app.models import Account, LinkPurpose, Role, Team, Visibility
from wapto_app.security.passwords import UNUSABLE
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import accounts, assignment, audit, links
from wapto_app.services.account_fields import clean_email, clean_name
from wapto_app.services.accounts import TOPIC, Person
from wapto_app.services.assignment.choices import can_answer
from wapto_app.services.errors import Conflict, Invalid, NotFound
from wapto_app.services.plans import Limit, ensure_room
from wapto_app.services.sessions import account_topic
from wapto_app.services.teams import MoreThanYours, ensure_not_above

NOTES_LENGTH = 2000
_SHOWN = 200


class AgentRow(TypedDict):
    """One line of the list. ``status`` is active, invited or deactivated; ``last_seen_at`` is ISO 8601 or empty.

    ``phone`` and ``notes`` are empty for who may only look.
    """

    id: int
    name: str
    email: str
    team_id: int
    team: str
    status: str
    hide_phone: bool
    phone: str
    notes: str
    last_seen_at: str
    is_me: bool


@dataclass(frozen=True, slots=True)
class Draft:
    """What is noted about an agent."""

    team_id: int
    phone: str = ""
    notes: str = ""
    hide_phone: bool = False


async def list_agents(
    session: AsyncSession, actor: Actor, search: str = "", team_id: int = 0
) -> list[AgentRow]:
    """Agents whose name or address holds the text, of one team or of all, by name."""
    actor.require(Permission.TEAMS_SEE)
    columns: list[Any] = [
        *(col(each) for each in (Account.id, Account.name, Account.email, Account.team_id)),
        *(col(each) for each in (Account.is_active, Account.hide_phone, Account.phone, Account.notes)),
        col(Team.name).label("team"),
        (col(Account.password_hash) == UNUSABLE).label("is_invited"),
        accounts.last_request().label("last_request"),
        accounts.last_deed().label("last_deed"),
    ]
    query = (
        sa.select(*columns)
        .outerjoin(Team, col(Team.id) == col(Account.team_id))
        .where(col(Account.role) == Role.AGENT, accounts.holds(search.strip()))
        .order_by(sa.func.lower(Account.name), col(Account.id))
        .limit(_SHOWN)
    )
    if team_id:
        query = query.where(col(Account.team_id) == team_id)
    return [_row(row, actor) for row in await fetch(session, query)]


def _row(row: Any, actor: Actor) -> AgentRow:
    may_manage = actor.may(Permission.TEAMS_DO)
    return AgentRow(
        id=row.id,
        name=row.name,
        email=row.email,
        team_id=row.team_id or 0,
        team=row.team or "",
        status=accounts.status_of(row.is_active, row.is_invited),
        hide_phone=row.hide_phone,
        phone=row.phone if may_manage else "",
        notes=row.notes if may_manage and row.id != actor.account_id else "",
        last_seen_at=accounts.last_seen(row),
        is_me=row.id == actor.account_id,
    )


async def invite(session: AsyncSession, actor: Actor, email: str, draft: Draft) -> str:
    """Make an agent's account that waits for its person; returns the path of the invitation.

    Inviting the same address again replaces the link.

    Raises:
        Invalid: a field is wrong, or the address belongs to somebody who has joined or is invited as an owner.
        LimitReached: the plan has no seat left.
        MoreThanYours: the team holds more than the actor.
    """
    actor.require(Permission.TEAMS_DO)
    await accounts.alone(session)
    account = await accounts.waiting_account(session, clean_email(email))
    if account.id is None:
        await ensure_room(session, Limit.SEATS)
        account.role = Role.AGENT
    elif account.role is not Role.AGENT:
        raise accounts.taken()
    else:
        await _ensure_may_manage(session, actor, account)
    await _fill(session, actor, account, draft)
    return await accounts.hand_out_invitation(session, actor, account)


async def create(session: AsyncSession, actor: Actor, person: Person, draft: Draft) -> int:
    """Make an agent with a first password, which they must change when they first sign in. Returns the id.

    Raises:
        The errors of ``invite``.
    """
    actor.require(Permission.TEAMS_DO)
    await accounts.alone(session)
    account = await accounts.waiting_account(session, clean_email(person.email))
    if account.id is not None:
        raise Invalid("email", "This person is invited already. Withdraw the invitation first.")
    await ensure_room(session, Limit.SEATS)
    account.name, account.role = clean_name(person.name), Role.AGENT
    account.password_hash, account.must_change_password = person.password_hash, True
    account.time_zone, account.locale = person.time_zone, person.locale
    await _fill(session, actor, account, draft)
    session.add(account)
    await session.flush()
    audit.record(session, actor, "agent.created", f"account:{account.id}", email=account.email)
    touch(session, TOPIC)
    return account.id or 0


async def update(session: AsyncSession, actor: Actor, agent_id: int, draft: Draft) -> str:
    """Change team, phone, notes and whether numbers are hidden; acts at once. Returns the name.

    Raises:
        Invalid: a field is wrong.
        Conflict: for oneself.
        MoreThanYours: the old or the new team holds more than the actor.
    """
    actor.require(Permission.TEAMS_DO)
    account = await _agent(session, actor, agent_id)
    await assignment.lock_held_by(session, agent_id)
    await _fill(session, actor, account, draft)
    session.add(account)
    await session.flush()
    if not can_answer(account, await session.get(Team, draft.team_id)):
        await assignment.requeue_all(session, agent_id)
    audit.record(session, actor, "agent.changed", f"account:{agent_id}", team=draft.team_id)
    touch(session, TOPIC, account_topic(agent_id), "inbox")
    return account.name


async def set_active(session: AsyncSession, actor: Actor, agent_id: int, *, active: bool) -> str:
    """Let an agent in again, or out: sessions end at once, open conversations go to others. Returns the name.

    Raises:
        Conflict: for oneself.
        LimitReached: the plan has no seat left.
    """
    actor.require(Permission.TEAMS_DO)
    account = await _agent(session, actor, agent_id)
    await (accounts.let_in if active else accounts.let_out)(session, actor, account)
    return account.name


async def access_link(session: AsyncSession, actor: Actor, agent_id: int) -> str:
    """The path of a link to hand over: a new password, or the invitation again.

    Raises:
        Conflict: when the agent is deactivated, or is the actor.
        MoreThanYours: it would open conversations that the actor does not see.
    """
    actor.require(Permission.TEAMS_DO)
    account = await _agent(session, actor, agent_id)
    if not account.is_active:
        raise Conflict(f"{account.name} is deactivated. Activate the agent first.")
    purpose = LinkPurpose.INVITE if account.password_hash == UNUSABLE else LinkPurpose.RESET
    if purpose is LinkPurpose.RESET and not _sees_work_of(actor, account):
        raise MoreThanYours
    audit.record(session, actor, f"account.{purpose.value}_issued", f"account:{agent_id}")
    return links.path(purpose, await links.issue(session, purpose, agent_id))


async def withdraw_invitation(session: AsyncSession, actor: Actor, agent_id: int) -> None:
    """Remove an agent who has not joined yet; the link stops working.

    Raises:
        Conflict: when they have joined meanwhile.
    """
    actor.require(Permission.TEAMS_DO)
    await accounts.alone(session)
    account = await _agent(session, actor, agent_id)
    if account.password_hash != UNUSABLE:
        raise Conflict(f"{account.name} has joined meanwhile. Deactivate the agent instead.")
    await session.delete(account)
    audit.record(session, actor, "account.invitation_withdrawn", f"account:{agent_id}", email=account.email)
    touch(session, TOPIC)


async def _agent(session: AsyncSession, actor: Actor, agent_id: int) -> Account:
    """Raises NotFound, Conflict for oneself, MoreThanYours."""
    account = await session.get(Account, agent_id)
    if account is None or account.role is not Role.AGENT:
        raise NotFound("agent")
    if agent_id == actor.account_id:
        raise Conflict("You cannot change your own account here. Ask somebody else who manages the team.")
    await _ensure_may_manage(session, actor, account)
    return account


async def _ensure_may_manage(session: AsyncSession, actor: Actor, account: Account) -> None:
    is_above = account.is_admin and not actor.is_admin
    if is_above or (actor.hide_phone and not account.hide_phone):
        raise MoreThanYours
    ensure_not_above(actor, await session.get(Team, account.team_id) if account.team_id else None)


def _sees_work_of(actor: Actor, account: Account) -> bool:
    """Whether the actor sees the conversations that the agent holds."""
    is_of_team = actor.visibility is Visibility.TEAM and account.team_id == actor.team_id
    return actor.visibility is Visibility.ALL or is_of_team


async def _fill(session: AsyncSession, actor: Actor, account: Account, draft: Draft) -> None:
    team = await session.get(Team, draft.team_id)
    if team is None:
        raise Invalid("team_id", "Choose a team.")
    ensure_not_above(actor, team)
    if actor.hide_phone and not draft.hide_phone:
        raise MoreThanYours
    account.team_id, account.hide_phone = team.id, draft.hide_phone
    account.phone = clean_phone(draft.phone)
    account.notes = draft.notes.strip()
    if len(account.notes) > NOTES_LENGTH:
        raise Invalid("notes", f"Notes have at most {NOTES_LENGTH:,} characters.")


def clean_phone(text: str, field: str = "phone") -> str:
    """The number in E.164; empty for none.

    Raises:
        Invalid: when it is no number with its country code.
    """
    if not text.strip():
        return ""
    try:
        number = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_valid_number(number):
        raise Invalid(
            field, "This is not a phone number. Write it with its country code, like +44 20 7946 0018."
        )
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
