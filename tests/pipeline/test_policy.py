"""Every handler that can be called over the websocket: by nobody, without the permission, with any payload."""

from __future__ import annotations

import inspect
import math
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any, get_args, get_origin

import pytest
from reflex.event import Event
from reflex.state import BaseState, State
from reflex.utils.format import json_dumps
from reflex_base.event import EventHandler
from reflex_base.registry import RegistrationContext
from sqlalchemy.exc import DataError
from typing_extensions import get_type_hints, is_typeddict

from state.accounts import Accounts
from state.base import Feedback
from state.inbox import InboxList
from state.shell import Shell
from tests.pipeline.conftest import OpenTab
from tests.pipeline.harness import NewTab, Tab
from wapto_app.app import app
from wapto_app.db import Database, touch
from wapto_app.models import Account
from wapto_app.runtime import Runtime
from wapto_app.security import cookies, policy
from wapto_app.security.permissions import Actor, Permission
from wapto_app.security.policy import BROWSER_ERROR, HYDRATE, OF_REFLEX, PUBLIC, TabOwner, policy_of
from wapto_app.services.errors import DomainError

assert app is not None
SignIn = Callable[[Actor], Awaitable[str]]
FEEDBACK = Feedback.get_full_name()
EVERYTHING = frozenset(Permission)
NOT_UNDERSTOOD = "could not be understood"


def handlers(*, ours: bool = True) -> dict[str, EventHandler]:
    """What the app has registered: of its own states, or of Reflex and Reflex's ``setvar`` of ours."""
    registered = RegistrationContext.get().event_handlers
    return {
        name: each.handler
        for name, each in sorted(registered.items())
        if (".state___" in name and not name.endswith(".setvar")) == ours and "tests___" not in name
    }


def guarded() -> dict[str, EventHandler]:
    return {name: handler for name, handler in handlers().items() if policy_of(handler) != PUBLIC}


def states() -> Iterator[type[BaseState]]:
    def below(state: type[BaseState]) -> Iterator[type[BaseState]]:
        yield state
        for substate in state.get_substates():
            yield from below(substate)

    return below(State)


def _sample(hint: Any) -> Any:
    """A value that the hint accepts."""
    if is_typeddict(hint):
        return {name: _sample(each) for name, each in get_type_hints(hint).items()}
    if get_origin(hint) is list:
        return []
    return {"int": 1, "float": 1.5, "str": "x", "bool": True}.get(_name(hint), {"name": "x"})


def _name(hint: Any) -> str:
    return hint.__name__ if isinstance(hint, type) and not hasattr(hint, "__args__") else str(hint)


def sample_payload(handler: EventHandler) -> dict[str, Any]:
    hints = handler._get_type_hints()
    return {name: _sample(hints[name]) for name in list(handler.get_parameters())[1:]}


_DEEP: Any = "x"
for _level in range(50):
    _DEEP = [_DEEP]
_ODD_ANYWHERE: list[Any] = [None, [], math.nan, math.inf, 2**63, -(2**64), 10**40, {"a": {"b": 1}}, _DEEP]
_ODD_MORE: dict[str, list[Any]] = {
    "int": ["x", "1; DROP TABLE account", {}, 1.5, ""],
    "str": [5, True, {}, ["x"]],
    "bool": ["maybe", 7, {}, ""],
}
_ODD_FORMS: list[Any] = [
    "x",
    5,
    {"a": 5},
    {"a": None},
    {"__reflex_form_data__": 5},
    {"__reflex_form_data__": "name"},
    {"__reflex_form_data__": [["a"]]},
    {"__reflex_form_data__": [[[], "x"]]},
    {"__reflex_form_data__": [["name", {"x": 1}]]},
]


def odd_values(hint: Any) -> list[Any]:
    if get_origin(hint) is list:
        return [value for value in _ODD_ANYWHERE if value != []] + _ODD_FORMS
    fine = _fine_forms(hint)
    anywhere = [odd for odd in _ODD_ANYWHERE if not (fine and isinstance(odd, dict))]
    return anywhere + _ODD_MORE.get(_name(hint), [form for form in _ODD_FORMS if form not in fine])


def _fine_forms(form: Any) -> list[Any]:
    """Those of the odd forms that are none for this kind: nulls, or unknown names where none is asked for."""
    if is_typeddict(form):
        return [] if form.__required_keys__ else [odd for odd in _ODD_FORMS if isinstance(odd, dict)]
    may_be_null = get_origin(form) is dict and type(None) in get_args(get_args(form)[1])
    return [{"a": None}] if may_be_null else []


def odd_payloads(handler: EventHandler) -> Iterator[Any]:
    good, hints = sample_payload(handler), handler._get_type_hints()
    for argument in good:
        yield {name: value for name, value in good.items() if name != argument}
        yield from (good | {argument: odd} for odd in odd_values(hints[argument]))
    for extra in ("is_admin", "actor", "self", "", "__class__"):
        yield good | {extra: True}
    yield from (None, [], [1], "x", 7)


def shown(tab: Tab) -> set[str]:
    """The states of which the tab was told anything."""
    return {name for update in tab.updates for name in update.delta or {}}


def notices(tab: Tab) -> list[str]:
    return [notice["text"] for notice in tab.vars(Feedback).get("notices", [])]


async def fire(tab: Tab, name: str, payload: Any) -> None:
    """Unlike ``Tab.raw`` with a payload that need not be an object."""
    future = await tab._processor.enqueue(
        tab.token, Event(name=name, payload=payload, router_data=tab._router)
    )
    await future.wait_all()


def everybody_is(monkeypatch: pytest.MonkeyPatch, actor: Actor | None) -> None:
    async def actor_of(_header: str) -> Actor | None:
        return actor

    monkeypatch.setattr(cookies, "actor_of", actor_of)


def test_every_handler_says_who_may_call_it() -> None:
    unmarked = [name for name, handler in handlers().items() if policy_of(handler) is None]
    assert unmarked == [], "mark them with @requires or @public, or begin the method's name with _"
    assert len(guarded()) > 40


def test_every_public_method_of_a_state_is_meant_to_be_called() -> None:
    """Reflex makes a handler of any method whose name has no underscore in front."""
    for state in states():
        if state.__module__.startswith("state."):
            for name, value in vars(state).items():
                if not name.startswith("_") and inspect.isfunction(value):
                    assert hasattr(value, policy.POLICY), f"{state.__name__}.{name}"


def test_no_handler_takes_an_argument_that_its_page_does_not_send() -> None:
    for name, handler in handlers().items():
        hints = handler._get_type_hints()
        for argument in list(handler.get_parameters().values())[1:]:
            assert argument.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD, name
            assert argument.default is inspect.Parameter.empty, (
                f"{name} could be called with a hidden argument"
            )
            assert hints[argument.name] is not Any, f"{name} takes anything"


def test_every_handler_accepts_what_its_page_sends() -> None:
    for name, handler in handlers().items():
        good = sample_payload(handler)
        assert policy.validate(handler, good) == good, name


def test_nothing_is_worked_out_or_kept_where_a_browser_could_see_or_forge_it() -> None:
    for state in states():
        if state.__module__.startswith("reflex"):
            continue
        for name, var in state.computed_vars.items():
            assert var._initial_value is not inspect.Parameter.empty, f"{state.__name__}.{name}"
            assert type(var._initial_value) in (list, str, int, bool, dict), f"{state.__name__}.{name}"
        kept = [name for name in state.base_vars if state._is_client_storage(name)]
        assert kept == [], f"{state.__name__} keeps {kept} in the browser"


async def test_strangers_are_sent_to_the_sign_in_page_and_told_nothing(new_tab: NewTab) -> None:
    stranger = new_tab(path="/inbox/7?x=1")
    for name, handler in guarded().items():
        stranger.clear()
        await stranger.raw(name, sample_payload(handler))
        assert stranger.redirects == ["/login?next=/inbox/7%3Fx%3D1"], name
        assert shown(stranger) == set(), name


async def test_a_cookie_that_nobody_was_given_opens_nothing(new_tab: NewTab) -> None:
    for cookie in (
        "wapto_session=guess",
        "wapto_session=",
        "wapto_session",
        "other=1",
        "wapto_session='; --",
    ):
        tab = new_tab(path="/inbox", cookie=cookie)
        await tab.send(InboxList.load)
        assert tab.redirects == ["/login"]
        assert shown(tab) == set()


@pytest.mark.parametrize("missing", sorted(Permission))
async def test_without_the_permission_there_is_a_notice_and_nothing_else(
    missing: Permission, open_tab: OpenTab, owner: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    without = replace(owner, permissions=EVERYTHING - {missing}, session_id=1)
    tab = await open_tab(owner)
    everybody_is(monkeypatch, without)
    await tab.open("/")
    for name, handler in guarded().items():
        if policy_of(handler) is missing:
            tab.clear()
            await tab.raw(name, sample_payload(handler))
            assert "do not have permission" in notices(tab)[-1], name
            assert shown(tab) == {FEEDBACK}, name
            assert tab.redirects == [], name


@pytest.mark.sqlite_only  # what is refused comes near no database
async def test_odd_payloads_are_refused_with_a_notice_and_change_nothing(
    open_tab: OpenTab, owner: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    tab = await open_tab(owner)
    everybody_is(monkeypatch, replace(owner, permissions=EVERYTHING, session_id=1))
    await tab.open("/")
    tried = 0
    for name, handler in handlers().items():
        for payload in odd_payloads(handler):
            tab.clear()
            await fire(tab, name, payload)
            assert shown(tab) == {FEEDBACK}, (name, payload)
            assert NOT_UNDERSTOOD in notices(tab)[-1], (name, payload)
            tried += 1
    assert tried > 500


@pytest.mark.parametrize("value", [math.nan, -math.inf, 2**63, {"a": [-(2**70)]}, _DEEP], ids=repr)
def test_what_no_database_can_store_reaches_no_handler_however_much_it_takes(value: Any) -> None:
    def takes_anything(self: Any, value: Any) -> None: ...

    with pytest.raises(ValueError, match=r"number|deeply"):
        policy.validate(EventHandler(fn=takes_anything), {"value": value})


def test_what_a_handler_gets_has_the_type_that_it_asked_for() -> None:
    def typed(self: Any, number: int, texts: list[str]) -> None: ...

    def untyped(self: Any, number) -> None: ...  # type: ignore[no-untyped-def]

    with pytest.raises(KeyError):
        policy.validate(EventHandler(fn=untyped), {"number": 7})
    given = {"number": "7", "texts": ["a", "\ud83d"]}
    assert policy.validate(EventHandler(fn=typed), given) == {"number": 7, "texts": ["a", "\ufffd"]}


@pytest.mark.parametrize("number", [2**62, 2**31, -1, 0], ids=str)
async def test_numbers_and_texts_that_fit_nothing_here_are_no_accident(
    open_tab: OpenTab, owner: Actor, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """The harness fails the test when a handler is stopped by anything but a refusal meant for people."""
    tab = await open_tab(owner)
    everybody_is(monkeypatch, replace(owner, permissions=EVERYTHING, session_id=1))
    await tab.open("/")
    for name, handler in handlers().items():
        payload = _stretched(sample_payload(handler), number)
        with suppress(DomainError, DataError):
            await tab.raw(name, payload)


def _stretched(value: Any, number: int) -> Any:
    """The same value with this number everywhere, and texts that are long, empty or hold a NUL."""
    if isinstance(value, dict):
        return {name: _stretched(item, number) for name, item in value.items()}
    if isinstance(value, str):
        return {0: "", -1: "a\x00b", 2**31: "x" * 100_000}.get(number, "'; --")
    return number if isinstance(value, int) and not isinstance(value, bool) else value


async def test_text_that_cannot_be_stored_is_made_storable(tab: Tab) -> None:
    await tab.raw(f"{FEEDBACK}.say", {"level": "info", "text": "cut \ud83d or\x00not"})
    assert notices(tab) == ["cut \ufffd or not"]


async def test_of_reflexs_own_handlers_only_those_of_loading_a_page_can_be_called(
    open_tab: OpenTab, admin: Actor
) -> None:
    tab = await open_tab(admin)
    refused = [name for name in handlers(ours=False) if name not in OF_REFLEX and name != BROWSER_ERROR]
    assert len([name for name in refused if name.endswith(".setvar")]) > 8
    for name in refused:
        tab.clear()
        await fire(tab, name, {"var_name": "is_hydrated", "value": False, "vars": {}})
        assert "do not have permission" in notices(tab)[-1], name
        assert shown(tab) == {FEEDBACK}, name


async def test_odd_payloads_of_reflexs_own_handlers_are_refused_too(open_tab: OpenTab, owner: Actor) -> None:
    tab = await open_tab(owner)
    odd: list[Any] = [{"extra": 1}, None, [1], {"vars": 5}, {"hashes": "x"}, {"value": "maybe"}, {"info": 5}]
    for name in [*OF_REFLEX, BROWSER_ERROR]:
        for payload in odd:
            tab.clear()
            await fire(tab, name, payload)
            assert NOT_UNDERSTOOD in notices(tab)[-1], (name, payload)
            assert shown(tab) == {FEEDBACK}, (name, payload)


async def test_a_browser_cannot_write_into_a_state_when_it_loads_a_page(tab: Tab) -> None:
    forged = {f"{Shell.get_full_name()}.is_admin_rx_state_": True, "no.such.state": 1}
    await tab.raw(HYDRATE, {"vars": forged})
    assert tab.vars(Shell)["is_admin"] is False


async def test_only_who_is_signed_in_may_report_an_error_of_the_browser(
    new_tab: NewTab, open_tab: OpenTab, owner: Actor, caplog: pytest.LogCaptureFixture
) -> None:
    report = {"info": "TypeError: boom " + "x" * 9_000, "component_stack": "at Page"}
    stranger = new_tab(path="/login")
    await stranger.raw(BROWSER_ERROR, report)
    assert "boom" not in caplog.text
    assert shown(stranger) == set()
    tab = await open_tab(owner)
    await tab.raw(BROWSER_ERROR, report)
    [length] = [len(record.getMessage()) for record in caplog.records if "boom" in record.getMessage()]
    assert length < 5_000


async def test_a_tab_passed_on_to_somebody_else_is_emptied_and_wakes_nobody(
    open_tab: OpenTab, admin: Actor, agent: Actor, sign_in: SignIn, runtime: Runtime
) -> None:
    tab = await open_tab(admin, "/admin/accounts")
    await tab.send(Accounts.load)
    assert len(tab.vars(Accounts)["rows"]) == 2
    tab._cookie = await sign_in(agent)
    tab.clear()
    await tab.open("/inbox")
    assert tab.vars(Accounts)["rows"] == []
    assert admin.name not in json_dumps([update.delta for update in tab.updates])
    assert (tab.token, f"{Accounts.get_full_name()}.changed") not in runtime.hub._topics


async def test_a_tab_shown_by_somebody_without_a_cookie_is_emptied(open_tab: OpenTab, owner: Actor) -> None:
    tab = await open_tab(owner, "/inbox")
    await tab.send(Shell.load)
    tab._cookie = ""
    tab.clear()
    await tab.open("/inbox")
    assert tab.vars(Shell)["name"] == ""
    assert owner.name not in json_dumps([update.delta for update in tab.updates])


async def _rename(db: Database, actor: Actor, *topics: str) -> None:
    async with db.write() as session:
        account = await session.get_one(Account, actor.account_id)
        account.name += "!"
        touch(session, *topics)


async def test_other_rights_empty_the_tab_and_have_its_page_loaded_again(
    open_tab: OpenTab, admin: Actor, db: Database
) -> None:
    tab = await open_tab(admin, "/admin/accounts")
    await tab.send(Accounts.load)
    async with db.write() as session:
        (await session.get_one(Account, admin.account_id)).is_admin = False
        touch(session, f"account:{admin.account_id}")
    tab.clear()
    await tab.send(Accounts.find("a"))
    assert tab.vars(Accounts)["rows"] == []
    assert [event.name for event in tab.frontend_events] == [HYDRATE]
    assert "do not have permission" in notices(tab)[-1]


async def test_another_name_leaves_the_tab_as_it_is(open_tab: OpenTab, admin: Actor, db: Database) -> None:
    tab = await open_tab(admin, "/admin/accounts")
    await tab.send(Accounts.load)
    await _rename(db, admin, f"account:{admin.account_id}")
    tab.clear()
    await tab.send(Accounts.find(""))
    assert len(tab.vars(Accounts)["rows"]) == 1
    assert tab.frontend_events == []


async def test_a_wake_up_that_is_refused_is_silent_and_the_last(
    open_tab: OpenTab, agent: Actor, runtime: Runtime
) -> None:
    tab = await open_tab(agent)
    watcher = (tab.token, f"{Accounts.get_full_name()}.changed")
    runtime.hub.watch(watcher, ["accounts"])
    tab.clear()
    runtime.hub.publish(frozenset({"accounts"}))
    await tab.until(lambda: watcher not in runtime.hub._topics)
    assert tab.updates == []


async def test_a_session_that_ends_stops_the_wake_ups_of_its_tabs(
    open_tab: OpenTab, owner: Actor, runtime: Runtime, db: Database
) -> None:
    from wapto_app.services import sessions

    tab = await open_tab(owner, "/inbox")
    await tab.send(Shell.load)
    await tab.send(InboxList.load)
    async with db.write() as session:
        await sessions.end_sessions_of(session, owner.account_id or 0)
    await tab.until(lambda: "/login" in tab.redirects)
    assert [watcher for watcher in runtime.hub._topics if watcher[0] == tab.token] == []
    tab.clear()
    await tab.send(InboxList.changed)
    assert shown(tab) <= {FEEDBACK}
    assert tab.redirects == ["/login"]


async def test_a_wake_up_of_a_tab_whose_state_expired_asks_the_browser_to_load_the_page_again(
    open_tab: OpenTab, owner: Actor, runtime: Runtime
) -> None:
    tab = await open_tab(owner, "/inbox")
    await tab.send(Shell.load)
    tab._processor._root_context.state_manager.states.clear()  # type: ignore[union-attr]
    tab.clear()
    runtime.hub.publish(frozenset({"inbox"}))
    await tab.until(lambda: bool(tab.updates))
    assert [event.name for event in tab.frontend_events] == [HYDRATE]
    assert shown(tab) == set()
    await tab.open("/inbox")
    await tab.send(Shell.load)
    assert tab.vars(Shell)["name"] == owner.name


async def test_the_owner_of_a_tab_is_not_told_to_it(tab: Tab) -> None:
    await tab.send(Shell.load)
    text = json_dumps([update.delta for update in tab.updates])
    assert TabOwner.get_full_name() not in text or "standing" not in text
    assert tab._cookie.partition("=")[2] not in text
