"""What a webhook tells about a customer: every name WhatsApp has for them."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from integrations.whatsapp.phones import canonical_phone
from wapto_app.bulk import among
from wapto_app.clock import utcnow
from wapto_app.models import AddressKind, Contact
from wapto_app.models.base import table_of

Address = tuple[AddressKind, str]

contact = table_of(Contact)


class NobodyNamed(Exception):
    """Meta names neither a number nor a user id: the message cannot be given to anybody."""

    def __init__(self) -> None:
        super().__init__("The customer has neither a number nor a user id.")


@dataclass(frozen=True, slots=True)
class Person:
    """What a webhook tells about a customer. Hashable, so that a batch asks once per person."""

    wa_id: str = ""
    user_id: str = ""
    profile_name: str = ""
    username: str = ""

    def addresses(self) -> list[Address]:
        return self._with(canonical_phone(self.number) or self.number) if self.wa_id else self._with("")

    def as_written(self) -> list[Address]:
        """The same for whose number is canonical already, which it is when it was stored as one."""
        return self._with(self.number)

    @property
    def number(self) -> str:
        return "+" + self.wa_id.lstrip("+")

    def _with(self, phone: str) -> list[Address]:
        found: list[Address] = []
        if self.wa_id:
            found = [(AddressKind.PHONE, phone), (AddressKind.WA_ID, self.wa_id)]
        if self.user_id:
            found.append((AddressKind.BSUID, self.user_id))
        return found


@functools.cache
def _called(dialect: str) -> sa.Select[Any]:
    names = contact.c.id, contact.c.profile_name, contact.c.username
    return sa.select(*names).where(among(dialect, contact.c.id, "ids"))


def follow_names(connection: sa.Connection, owners: dict[Person, int]) -> None:
    """Follow changed profile names and usernames."""
    rows = connection.execute(_called(connection.dialect.name), {"ids": set(owners.values())})
    known = {row.id: (row.profile_name, row.username) for row in rows}
    said = dict(known)
    for person, owner in owners.items():
        profile_name, username = said[owner]
        said[owner] = (person.profile_name[:255] or profile_name, person.username[:64] or username)
    changed = [
        {"of": owner, "profile": profile_name, "user": username, "now": utcnow()}
        for owner, (profile_name, username) in sorted(said.items())
        if known[owner] != (profile_name, username)
    ]
    if changed:
        connection.execute(
            contact.update()
            .where(contact.c.id == sa.bindparam("of"))
            .values(
                profile_name=sa.bindparam("profile"),
                username=sa.bindparam("user"),
                updated_at=sa.bindparam("now", type_=contact.c.updated_at.type),
            ),
            changed,
        )
