"""Every page behind the sign-in, found by itself: what it needs, and what whoever lacks that gets to see."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
import reflex as rx
from reflex.event import Event
from reflex.state import BaseState, State
from reflex_base.registry import RegistrationContext

from pages.navigation import NAVIGATION
from state.base import Feedback
from state.notifications import Desktop, Notifications
from state.shell import Shell
from tests.pipeline.conftest import OpenTab
from tests.pipeline.harness import Tab
from tests.pipeline.rows import workspace
from tests.pipeline.test_policy import everybody_is, notices
from wapto_app.app import app
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import EVERYBODY, Actor, Permission
from wapto_app.security.policy import PUBLIC, policy_of
from wapto_app.services import sign_in

BEFORE_SIGN_IN = {"login", "login/code", "setup", "register", "reset", "invite/[token]", "404"}
# What somebody must do before anything else: without the frame, and for everybody who is signed in.
ALONE = {"profile/password", "profile/two-factor"}
FRAME = {state.get_full_name() for state in (Shell, Notifications, Desktop)}


@dataclass(frozen=True)
class Page:
    """``handlers`` are the names of what runs when it is loaded."""

    route: str
    component: Callable[[], rx.Component]
    handlers: tuple[str, ...]

    @property
    def path(self) -> str:
        """An address of it."""
        return "/" + self.route.split("[[")[0].replace("[", "").replace("]", "").rstrip("/")

    def marks(self) -> dict[str, Any]:
        """Who may call what it loads, but for its frame."""
        registered = RegistrationContext.get().event_handlers
        marks = {name: policy_of(registered[name].handler) for name in self.handlers}
        return {
            name: mark for name, mark in marks.items() if not name.startswith(Shell.get_full_name() + ".")
        }


def pages() -> Iterator[Page]:
    for route, page in app._unevaluated_pages.items():
        specs = app._load_events.get(route, [])
        handlers = tuple(event.name for event in Event.from_event_type(specs))
        yield Page(route, page.component, handlers)  # type: ignore[arg-type]


BEHIND = {page.route: page for page in pages() if page.route not in BEFORE_SIGN_IN | ALONE}


@pytest.fixture
def permission_of(monkeypatch: pytest.MonkeyPatch) -> Callable[[Page], Permission]:
    """What a page hands to its frame."""
    asked: list[Permission] = []

    def frame(_title: Any, *_body: Any, permission: Permission) -> rx.Component:
        asked.append(permission)
        return rx.fragment()

    for name, module in list(sys.modules.items()):
        if name.startswith("pages.") and hasattr(module, "frame"):
            monkeypatch.setattr(module, "frame", frame)

    def find(page: Page) -> Permission:
        asked.clear()
        page.component()
        assert len(asked) == 1, f"{page.route} does not stand in one frame"
        return asked[0]

    return find


def loaded(tab: Tab) -> set[str]:
    """The states that hold anything else than a newcomer's."""
    found = set()
    for state in _below(State):
        values = state(_reflex_internal_init=True).dict()[state.get_full_name()]
        fresh = {name.removesuffix("_rx_state_"): value for name, value in values.items()}
        if any(name in fresh and fresh[name] != value for name, value in tab.vars(state).items()):
            found.add(state.get_full_name())
    return found


def _below(state: type[BaseState]) -> Iterator[type[BaseState]]:
    for substate in state.get_substates():
        if substate.__module__.startswith("state."):
            yield substate
        yield from _below(substate)


def _with_look(permission: Permission) -> frozenset[Permission]:
    """The permission, and the one to see the same if there is one."""
    look = permission.replace(".do", ".see")
    return frozenset(each for each in Permission if each in (permission, look))


def test_the_pages_are_found() -> None:
    assert len(BEHIND) >= 8
    assert {page.route for page in pages()} >= BEFORE_SIGN_IN | ALONE


@pytest.mark.parametrize("route", sorted(ALONE))
def test_a_duty_is_open_to_everybody_who_is_signed_in(route: str) -> None:
    [page] = [page for page in pages() if page.route == route]
    assert f"{Shell.get_full_name()}.load" == page.handlers[0]
    assert set(page.marks().values()) <= {Permission.SIGNED_IN}


@pytest.mark.parametrize("route", BEHIND)
def test_a_page_asks_for_what_it_loads(route: str, permission_of: Callable[[Page], Permission]) -> None:
    page = BEHIND[route]
    permission, marks = permission_of(page), page.marks()
    assert f"{Shell.get_full_name()}.load" == page.handlers[0]
    assert PUBLIC not in marks.values()
    looked_at = permission.replace(".do", ".see")
    assert permission is Permission.SIGNED_IN or {permission, looked_at} & set(marks.values())


@pytest.mark.parametrize("route", BEHIND)
async def test_without_the_permission_it_stays_empty_and_complains_of_nothing(
    route: str,
    permission_of: Callable[[Page], Permission],
    open_tab: OpenTab,
    owner: Actor,
    runtime: Runtime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page, work = BEHIND[route], await workspace(runtime)
    await work.conversation()
    permission = permission_of(page)
    if permission is Permission.SIGNED_IN:
        return
    lacks = _with_look(permission)
    everybody_is(monkeypatch, replace(owner, permissions=frozenset(Permission) - lacks, session_id=1))
    tab = await open_tab(owner, page.path)
    await tab.until(lambda: tab.vars(Shell).get("loaded", False))
    assert loaded(tab) <= FRAME
    assert notices(tab) == []
    assert tab.redirects == []


@pytest.mark.parametrize("route", BEHIND)
async def test_with_the_permission_alone_it_loads(
    route: str,
    permission_of: Callable[[Page], Permission],
    open_tab: OpenTab,
    owner: Actor,
    runtime: Runtime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page, work = BEHIND[route], await workspace(runtime)
    await work.conversation()
    permission = permission_of(page)
    holds = EVERYBODY | _with_look(permission)
    everybody_is(monkeypatch, replace(owner, permissions=holds, session_id=1))
    tab = await open_tab(owner, page.path)
    await tab.until(lambda: tab.vars(Shell).get("loaded", False))
    assert loaded(tab) - FRAME
    assert notices(tab) == []
    assert Feedback.get_full_name() not in loaded(tab)


@pytest.mark.parametrize("permission", sorted(set(Permission) - EVERYBODY))
def test_everybody_starts_on_a_page_that_they_may_see(
    permission: Permission, permission_of: Callable[[Page], Permission]
) -> None:
    held = EVERYBODY | {permission}
    start = sign_in.home(held)
    [page] = [page for page in BEHIND.values() if page.path == start]
    assert permission_of(page) in held


def test_the_menu_names_the_permission_of_its_pages(permission_of: Callable[[Page], Permission]) -> None:
    by_path = {page.path: page for page in BEHIND.values()}
    for entry in (entry for group in NAVIGATION for entry in group.entries):
        assert permission_of(by_path[entry.route]) == entry.permission, entry.route
