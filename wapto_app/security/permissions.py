"""The actor: who asks, and what they may see and do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Any

from wapto_app.models.accounts import Role
from wapto_app.models.teams import Visibility
from wapto_app.services.errors import Forbidden, OnlyLooking, Unfinished


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


class Duty(StrEnum):
    """What somebody must do after signing in, before anything else is possible."""

    NONE = ""
    PASSWORD = "password"
    TWO_FACTOR = "two-factor"

    @property
    def path(self) -> str:
        """The page on which it is done; empty when there is nothing to do."""
        return f"/profile/{self.value}" if self else ""


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
OWNER_PERMISSIONS = frozenset(Permission) - {Permission.ADMIN}
_GRANTED = {
    Role.OWNER: OWNER_PERMISSIONS,
    Role.AGENT: EVERYBODY,
    Role.OPERATOR: EVERYBODY,
}


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks. Every service that a person can reach takes one first.

    ``viewer_id``: the account of whoever only looks through this one's eyes; nothing may be written then."""

    account_id: int | None
    role: Role
    name: str = ""
    is_admin: bool = False
    permissions: frozenset[Permission] = field(default_factory=frozenset)
    visibility: Visibility = Visibility.ALL
    hide_phone: bool = False
    team_id: int | None = None
    may_reassign: bool = True
    session_id: int | None = None
    viewer_id: int | None = None
    duty: Duty = Duty.NONE

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
        """Raises Forbidden when the actor lacks the permission, Unfinished while something else must be done first."""
        if self.may(permission):
            return
        if self.duty:
            raise Unfinished(self.duty.path)
        if permission not in LOOKING:
            self.require_own_eyes(permission)
        raise Forbidden(permission.value)

    def require_own_eyes(self, permission: Permission = Permission.SELF_DO) -> None:
        """For what seeing allows and yet writes. Raises OnlyLooking for who looks through this account's eyes."""
        if self.is_looking:
            raise OnlyLooking(permission.value, self.name)


def permissions_of(role: Role, *, is_admin: bool, team: Iterable[str] = ()) -> frozenset[Permission]:
    """``team`` is what an agent's team grants; it adds nothing to other roles."""
    held = _GRANTED[role] | (granted(team) if role is Role.AGENT else frozenset())
    return held | {Permission.ADMIN} if is_admin else held


def granted(names: Iterable[str]) -> frozenset[Permission]:
    """Those of the names that a team can grant; whoever may do something may see it as well."""
    wanted = set(names)
    wanted |= {name.removesuffix(".do") + ".see" for name in wanted if name.endswith(".do")}
    return frozenset(permission for permission in MATRIX if permission.value in wanted)


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
