"""The actor: who asks, and what they may see and do."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Any

from wapto_app.models.accounts import Role
from wapto_app.models.teams import Visibility
from wapto_app.services.errors import Forbidden, OnlyLooking


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
LOOKING = frozenset(each for each in Permission if each.endswith(".see")) | {Permission.SIGNED_IN}
"""What may be left of somebody's permissions for whoever looks through their eyes."""
AGENT_PERMISSIONS = EVERYBODY | frozenset(
    {
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
    Role.OPERATOR: EVERYBODY,
}


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks. Every service that a person can reach takes one first.

    ``viewer_id``: the account of whoever only looks through this one's eyes; nothing may be written then.
    """

    account_id: int | None
    role: Role
    name: str = ""
    is_admin: bool = False
    permissions: frozenset[Permission] = field(default_factory=frozenset)
    visibility: Visibility = Visibility.ALL
    hide_phone: bool = False
    team_id: int | None = None
    session_id: int | None = None
    viewer_id: int | None = None

    @classmethod
    def system(cls) -> Actor:
        """Jobs and webhooks."""
        return cls(account_id=None, role=Role.OWNER, name="Wapto", permissions=frozenset(Permission))

    @property
    def standing(self) -> tuple[Any, ...]:
        """Who this is, in which session, and what they may see and do: to compare with."""
        return tuple(getattr(self, each.name) for each in fields(self) if each.name != "name")

    @property
    def is_looking(self) -> bool:
        """Whether somebody only looks through this account's eyes."""
        return self.viewer_id is not None

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions

    def require(self, permission: Permission) -> None:
        """Raises Forbidden when the actor lacks the permission."""
        if self.may(permission):
            return
        if self.is_looking and permission not in LOOKING:
            raise OnlyLooking(permission.value, self.name)
        raise Forbidden(permission.value)


def permissions_of(role: Role, *, is_admin: bool) -> frozenset[Permission]:
    granted = _GRANTED[role]
    return granted | {Permission.ADMIN} if is_admin else granted


def may_view(viewer: Actor, other: Actor) -> bool:
    """Whether ``viewer`` may look through the eyes of ``other``.

    Owners may look through agents', admins through everybody's but other admins'.
    """
    if viewer.is_looking or other.is_admin or viewer.account_id == other.account_id:
        return False
    return viewer.is_admin or (viewer.role is Role.OWNER and other.role is Role.AGENT)


def through_eyes_of(other: Actor, viewer: Actor) -> Actor:
    """What ``other`` sees, for ``viewer``, who can change nothing meanwhile."""
    return replace(
        other,
        permissions=other.permissions & LOOKING,
        session_id=viewer.session_id,
        viewer_id=viewer.account_id,
    )
