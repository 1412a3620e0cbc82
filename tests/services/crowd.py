"""Contacts for tests of what is known about them, made without messages."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlmodel import col

from wapto_app.models import Contact, Conversation, FieldKind, Team
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services import fields
from wapto_app.services.fields import FieldForm


async def make_contact(runtime: Runtime, name: str = "Ada", **more: Any) -> int:
    contact = Contact(name=name, **more)
    async with runtime.db.write() as session:
        session.add(contact)
    assert contact.id is not None
    return contact.id


async def talk_with(
    runtime: Runtime, contact_id: int, channel_id: int, actor: Actor | None = None, **more: Any
) -> int:
    """A conversation, perhaps assigned to somebody; one that is nobody's belongs to another team."""
    async with runtime.db.write() as session:
        other = None
        if actor is None:
            other = Team(name=f"Team of {contact_id}")
            session.add(other)
            await session.flush()
        talk = Conversation(
            contact_id=contact_id,
            channel_id=channel_id,
            assignee_id=actor.account_id if actor else None,
            team_id=other.id if other else None,
            **more,
        )
        session.add(talk)
    assert talk.id is not None
    return talk.id


def field_form(label: str, kind: FieldKind = FieldKind.TEXT, **more: Any) -> FieldForm:
    form: dict[str, Any] = {
        "label": label,
        "key": "",
        "kind": kind.value,
        "help": "",
        "minimum": "",
        "maximum": "",
        "required": False,
        "options": "",
    }
    return FieldForm(**(form | more))  # type: ignore[typeddict-item]


async def make_field(
    runtime: Runtime, actor: Actor, label: str, kind: FieldKind = FieldKind.TEXT, **more: Any
) -> int:
    async with runtime.db.write() as session:
        return await fields.create(session, actor, field_form(label, kind, **more))


async def change_contact(runtime: Runtime, contact_id: int, **values: Any) -> None:
    async with runtime.db.write() as session:
        await session.exec(sa.update(Contact).where(col(Contact.id) == contact_id).values(**values))
