"""The actor: who asks, and what they may see and do."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any

from wapto_app.models.accounts import Role
from wapto_app.models.teams import Visibility
from wapto_app.services.errors import Forbidden, WorkspaceLocked


class Permission(StrEnum):
    """Module × see/do. Owners hold all of them but ``ADMIN``; a team grants its agents those of ``MATRIX``."""

    INBOX_SEE = "inbox.see"
    INBOX_DO = "inbox.do"
    CONTACTS_SEE = "contacts.see"
    CONTACTS_DO = "contacts.do"
    EXPORT_DO = "export.do"
    TEMPLATES_SEE = "templates.see"
    TEMPLATES_DO = "templates.do"
    CAMPAIGNS_SEE = "campaigns.see"
    CAMPAIGNS_DO = "campaigns.do"
    FORMS_SEE = "forms.see"
    FORMS_DO = "forms.do"
    AUTOMATIONS_SEE = "automations.see"
    AUTOMATIONS_DO = "automations.do"
    MEDIA_SEE = "media.see"
    MEDIA_DO = "media.do"
    TAGS_SEE = "tags.see"
    TAGS_DO = "tags.do"
    WIDGETS_SEE = "widgets.see"
    WIDGETS_DO = "widgets.do"
    TEAMS_SEE = "teams.see"
    TEAMS_DO = "teams.do"
    INTEGRATIONS_SEE = "integrations.see"
    INTEGRATIONS_DO = "integrations.do"
    API_SEE = "api.see"
    API_DO = "api.do"
    REPORTS_SEE = "reports.see"
    REPORTS_DO = "reports.do"
    SUBSCRIPTION_SEE = "subscription.see"
    SUBSCRIPTION_DO = "subscription.do"
    SETTINGS_DO = "settings.do"
    ADMIN = "admin"
    SIGNED_IN = "signed_in"
    SELF_DO = "self.do"


EVERYBODY = frozenset({Permission.SIGNED_IN, Permission.SELF_DO})
"""``SELF_DO``: change one's own account, which somebody who only looks through another's eyes may not."""
MATRIX = (
    frozenset(Permission)
    - EVERYBODY
    - {Permission.SUBSCRIPTION_SEE, Permission.SUBSCRIPTION_DO, Permission.SETTINGS_DO, Permission.ADMIN}
)
"""What a team can be granted; the rest belongs to owners, admins and everybody."""
AGENT_PERMISSIONS = EVERYBODY | frozenset(
    {
        Permission.INBOX_SEE,
        Permission.INBOX_DO,
        Permission.CONTACTS_SEE,
        Permission.CONTACTS_DO,
    }
)
OWNER_PERMISSIONS = frozenset(Permission) - {Permission.ADMIN}
WHILE_LOCKED = EVERYBODY | {Permission.SUBSCRIPTION_SEE, Permission.SUBSCRIPTION_DO, Permission.ADMIN}
"""What is left while the workspace has no plan (the trial is over): subscribing, one's profile, running the install."""
_GRANTED = {
    Role.OWNER: OWNER_PERMISSIONS,
    Role.AGENT: AGENT_PERMISSIONS,
    Role.OPERATOR: EVERYBODY,
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
    team_id: int | None = None
    session_id: int | None = None
    is_locked: bool = False

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
        """Raises Forbidden when the actor lacks the permission, WorkspaceLocked when only a plan is missing."""
        if not self.may(permission):
            raise WorkspaceLocked if self.is_locked else Forbidden(permission.value)


def permissions_of(role: Role, *, is_admin: bool) -> frozenset[Permission]:
    granted = _GRANTED[role]
    return granted | {Permission.ADMIN} if is_admin else granted
