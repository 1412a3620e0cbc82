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
from state.shell import Shell
from tests.pipeline.conftest import OpenTab
from tests.pipeline.harness import Tab
from tests.pipeline.rows import workspace
from tests.pipeline.test_policy import everybody_is, handlers, notices
from wapto_app.app import app
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import EVERYBODY, Actor, Permission
from wapto_app.security.policy import PUBLIC, policy_of
from wapto_app.services import sign_in


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


def permission_of(page: Page) -> Permission | None:
    """What a page hands to its frame; None for one without, such as those before the sign-in."""
    asked: list[Permission] = []

    def frame(_title: Any, *_body: Any, permission: Permission) -> rx.Component:
        asked.append(permission)
        return rx.fragment()

    with pytest.MonkeyPatch.context() as patch:
        for name, module in list(sys.modules.items()):
            if name.startswith("pages.") and hasattr(module, "frame"):
                patch.setattr(module, "frame", frame)
        page.component()
    return asked[0] if asked else None


PERMISSIONS = {page.route: permission for page in pages() if (permission := permission_of(page)) is not None}
BEHIND = {page.route: page for page in pages() if page.route in PERMISSIONS}


def see_of(permission: Permission) -> Permission:
    """What whoever may do something may see as well, if anything."""
    looked_at = permission.removesuffix(".do") + ".see"
    return Permission(looked_at) if looked_at in tuple(Permission) else permission


def guarded_states() -> set[str]:
    """Those with something that not everybody who is signed in may call."""
    return {
        name.rpartition(".")[0]
        for name, handler in handlers().items()
        if policy_of(handler) not in (*EVERYBODY, PUBLIC)
    }


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


def test_the_pages_are_found() -> None:
    assert len(BEHIND) >= 8
    assert not {"login", "setup", "register", "reset", "404"} & set(BEHIND)


def test_a_page_without_a_frame_loads_only_what_is_for_everybody() -> None:
    for page in pages():
        if page.route not in BEHIND:
            assert set(page.marks().values()) <= {PUBLIC, *EVERYBODY}, page.route


@pytest.mark.parametrize("route", BEHIND)
def test_a_page_asks_for_what_it_loads(route: str) -> None:
    page, permission = BEHIND[route], PERMISSIONS[route]
    marks = page.marks()
    assert f"{Shell.get_full_name()}.load" == page.handlers[0]
    assert PUBLIC not in marks.values()
    assert permission is Permission.SIGNED_IN or {permission, see_of(permission)} & set(marks.values())


@pytest.mark.parametrize(
    "route", [route for route in BEHIND if PERMISSIONS[route] is not Permission.SIGNED_IN]
)
async def test_without_the_permission_it_stays_empty_and_complains_of_nothing(
    route: str,
    open_tab: OpenTab,
    owner: Actor,
    runtime: Runtime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page, work = BEHIND[route], await workspace(runtime)
    await work.conversation()
    lacks = {PERMISSIONS[route], see_of(PERMISSIONS[route])}
    everybody_is(monkeypatch, replace(owner, permissions=frozenset(Permission) - lacks, session_id=1))
    tab = await open_tab(owner, page.path)
    await tab.until(lambda: tab.vars(Shell).get("loaded", False))
    assert loaded(tab) & guarded_states() == set()
    assert notices(tab) == []
    assert tab.redirects == []


@pytest.mark.parametrize("route", BEHIND)
async def test_with_the_permission_alone_it_loads(
    route: str,
    open_tab: OpenTab,
    owner: Actor,
    runtime: Runtime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page, work = BEHIND[route], await workspace(runtime)
    await work.conversation()
    holds = EVERYBODY | {PERMISSIONS[route], see_of(PERMISSIONS[route])}
    everybody_is(monkeypatch, replace(owner, permissions=holds, session_id=1))
    tab = await open_tab(owner, page.path)
    await tab.until(lambda: tab.vars(Shell).get("loaded", False))
    assert loaded(tab) - {Shell.get_full_name()}
    assert notices(tab) == []
    assert Feedback.get_full_name() not in loaded(tab)


@pytest.mark.parametrize("permission", sorted(set(Permission) - EVERYBODY))
def test_everybody_starts_on_a_page_that_they_may_see(permission: Permission) -> None:
    held = EVERYBODY | {permission}
    start = sign_in.home(held)
    [route] = [page.route for page in BEHIND.values() if page.path == start]
    assert PERMISSIONS[route] in held


def test_the_menu_names_the_permission_of_its_pages() -> None:
    by_path = {page.path: page.route for page in BEHIND.values()}
    for entry in (entry for group in NAVIGATION for entry in group.entries):
        assert PERMISSIONS[by_path[entry.route]] == entry.permission, entry.route
