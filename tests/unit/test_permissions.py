"""What a role may do, and who counts as the same actor."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from wapto_app.models.accounts import Role
from wapto_app.security.permissions import EVERYBODY, MATRIX, Actor, Permission, Visibility, permissions_of
from wapto_app.services.errors import Forbidden

OTHER: dict[str, Any] = {
    "account_id": 8,
    "role": Role.OWNER,
    "is_admin": True,
    "permissions": frozenset({Permission.INBOX_SEE}),
    "visibility": Visibility.OWN,
    "hide_phone": True,
    "team_id": 3,
    "may_reassign": False,
    "session_id": 9,
    "viewer_id": 2,
}


@pytest.fixture
def actor() -> Actor:
    return Actor(
        7, Role.AGENT, name="Ben", permissions=permissions_of(Role.AGENT, is_admin=False), session_id=1
    )


def test_an_owner_may_do_everything_in_the_workspace_but_run_the_install() -> None:
    assert permissions_of(Role.OWNER, is_admin=False) == frozenset(Permission) - {Permission.ADMIN}


def test_an_agent_may_what_the_team_grants_and_nothing_without_one() -> None:
    assert permissions_of(Role.AGENT, is_admin=False) == EVERYBODY
    team = ["inbox.do", "reports.see", "admin", "settings.do", "subscription.do", "a module of next year"]
    held = permissions_of(Role.AGENT, is_admin=False, team=team)
    assert held == EVERYBODY | {Permission.INBOX_SEE, Permission.INBOX_DO, Permission.REPORTS_SEE}


@pytest.mark.parametrize("role", [Role.OWNER, Role.OPERATOR])
def test_a_team_adds_nothing_to_who_is_no_agent(role: Role) -> None:
    assert permissions_of(role, is_admin=False, team=["inbox.do"]) == permissions_of(role, is_admin=False)


def test_an_operator_sees_nothing_of_the_business_that_they_run_it_for() -> None:
    assert permissions_of(Role.OPERATOR, is_admin=False) == EVERYBODY
    assert permissions_of(Role.OPERATOR, is_admin=True) == EVERYBODY | {Permission.ADMIN}


@pytest.mark.parametrize("role", Role)
def test_every_role_is_signed_in_and_an_admin_may_one_thing_more(role: Role) -> None:
    without, with_admin = permissions_of(role, is_admin=False), permissions_of(role, is_admin=True)
    assert Permission.SIGNED_IN in without
    assert with_admin - without == {Permission.ADMIN}


def test_nobody_may_anything_unless_it_was_granted() -> None:
    nobody = Actor(1, Role.OWNER, is_admin=True)
    for permission in Permission:
        assert not nobody.may(permission)
        with pytest.raises(Forbidden):
            nobody.require(permission)


@pytest.mark.parametrize("permission", Permission)
def test_requiring_refuses_exactly_what_is_missing(actor: Actor, permission: Permission) -> None:
    everything_else = dataclasses.replace(actor, permissions=frozenset(Permission) - {permission})
    with pytest.raises(Forbidden) as refusal:
        everything_else.require(permission)
    assert "permission" in refusal.value.message
    for other in everything_else.permissions:
        everything_else.require(other)


def test_jobs_may_do_everything_and_are_no_account() -> None:
    system = Actor.system()
    assert system.account_id is None
    assert system.permissions == frozenset(Permission)
    assert system.visibility is Visibility.ALL


def test_an_actor_cannot_be_given_more_later(actor: Actor) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        actor.permissions = frozenset(Permission)  # type: ignore[misc]


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(Actor) if field.name != "name"])
def test_whoever_may_see_something_else_is_not_the_same_to_an_open_tab(actor: Actor, name: str) -> None:
    assert dataclasses.replace(actor, **{name: OTHER[name]}).standing != actor.standing


def test_another_name_is_the_same_person(actor: Actor) -> None:
    assert dataclasses.replace(actor, name="Benjamin").standing == actor.standing


def test_no_team_can_be_given_the_keys_of_the_house() -> None:
    kept_back = {Permission.ADMIN, Permission.SETTINGS_DO, Permission.SUBSCRIPTION_DO}
    assert not MATRIX & (kept_back | EVERYBODY)
