"""The actor: who asks, and what they may see and do."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any

from wapto_app.models.accounts import Role
from wapto_app.services.errors import Forbidden


class Permission(StrEnum):
    """Module × see/do. Owners hold all of them; a team grants its agents some (``Teams``)."""

    INBOX_SEE = "inbox.see"
    INBOX_DO = "inbox.do"
    CONTACTS_SEE = "contacts.see"
    CONTACTS_DO = "contacts.do"
    INTEGRATIONS_SEE = "integrations.see"
    INTEGRATIONS_DO = "integrations.do"
    SETTINGS_DO = "settings.do"
    ADMIN = "admin"
    SIGNED_IN = "signed_in"


class Visibility(StrEnum):
    """Which conversations an agent may see."""

    ALL = "all"
    TEAM = "team"
    OWN = "own"


AGENT_PERMISSIONS = frozenset(
    {
        Permission.SIGNED_IN,
        Permission.INBOX_SEE,
        Permission.INBOX_DO,
        Permission.CONTACTS_SEE,
        Permission.CONTACTS_DO,
    }
)
OWNER_PERMISSIONS = frozenset(Permission) - {Permission.ADMIN}
_GRANTED = {
    Role.OWNER: OWNER_PERMISSIONS,
    Role.AGENT: AGENT_PERMISSIONS,
    Role.OPERATOR: frozenset({Permission.SIGNED_IN}),
}


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks. Every service that a person can reach takes one first."""

    account_id: int | None
    role: Role
    name: str = ""
    is_admin: bool = False
    permissions: frozenset[Permission] = field(default_factory=frozenset)
    visibility: Visibility = Visibility.ALL
    hide_phone: bool = False
    session_id: int | None = None

    @classmethod
    def system(cls) -> Actor:
        """Jobs and webhooks."""
        return cls(account_id=None, role=Role.OWNER, name="Wapto", permissions=frozenset(Permission))

    @property
    def standing(self) -> tuple[Any, ...]:
        """Who this is, in which session, and what they may see and do: to compare with."""
        return tuple(getattr(self, each.name) for each in fields(self) if each.name != "name")

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions

    def require(self, permission: Permission) -> None:
        """Raises Forbidden when the actor lacks the permission."""
        if not self.may(permission):
            raise Forbidden(permission.value)


def permissions_of(role: Role, *, is_admin: bool) -> frozenset[Permission]:
    granted = _GRANTED[role]
    return granted | {Permission.ADMIN} if is_admin else granted
