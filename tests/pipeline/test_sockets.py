"""The websocket in front of the event policy: whose tab it is, and what comes in at all."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from reflex.app import EventNamespace
from reflex.istate.manager.token import BaseStateToken
from reflex.state import State

from state.base import Feedback
from wapto_app.app import app
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.security.policy import HYDRATE, TabOwner
from wapto_app.security.sockets import GuardedNamespace

SignIn = Callable[[Actor], Awaitable[str]]
TOKEN, COOKIE = "0b0c4c9e-4d0f-4b1c-9f5e-2f1b7a6c5d4e", "wapto_session=secret-cookie-of-the-tab"
SAY = f"{Feedback.get_full_name()}.say"


@pytest.fixture
async def namespace(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[GuardedNamespace]:
    """The app's own, without a socket behind it."""
    found = app.event_namespace
    assert isinstance(found, GuardedNamespace)
    monkeypatch.setattr(found, "emit", _nowhere)
    yield found
    for sid in list(found.sid_to_token):
        await found._token_manager.disconnect_token(found.sid_to_token[sid], sid)
    app.state_manager.states.clear()  # type: ignore[attr-defined]


async def _nowhere(*_args: Any, **_more: Any) -> None: ...


@pytest.fixture
def accepted(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What reaches Reflex."""
    events: list[Any] = []

    async def on_event(_self: EventNamespace, _sid: str, data: Any) -> None:
        events.append(data)

    monkeypatch.setattr(EventNamespace, "on_event", on_event)
    return events


def _event(**changes: Any) -> dict[str, Any]:
    route = {"pathname": "/inbox", "asPath": "/inbox"}
    return {"name": SAY, "payload": {"level": "info", "text": "x"}, "router_data": route} | changes


async def test_an_event_passes(namespace: GuardedNamespace, accepted: list[Any]) -> None:
    events = [_event(), {"name": HYDRATE}, _event(payload={}), _event(router_data={})]
    for event in events:
        await namespace.on_event("sid", event)
    assert accepted == events


@pytest.mark.parametrize(
    "data",
    [
        None,
        5,
        "x",
        [],
        '{"name": "x"}',
        {},
        {"name": None},
        {"name": ["list"]},
        {"name": {}},
        _event(name="no.such.handler"),
        _event(name="reset"),
        _event(name=f"{State.get_full_name()}._get_root_state"),
        _event(name="_redirect"),
        _event(payload=None),
        _event(payload=[1]),
        _event(payload="x"),
        _event(router_data=None),
        _event(router_data=[]),
        _event(router_data={"pathname": 5}),
        _event(router_data={"asPath": {"a": 1}}),
    ],
    ids=str,
)
async def test_what_is_no_event_of_ours_is_dropped_and_not_written_down(
    namespace: GuardedNamespace,
    accepted: list[Any],
    data: Any,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    if isinstance(data, dict) and isinstance(data.get("router_data"), dict):
        data["router_data"]["headers"] = {"cookie": COOKIE}
    await namespace.on_event("sid", data)
    assert accepted == []
    assert "secret-cookie" not in capsys.readouterr().out + caplog.text


@pytest.fixture
def ran(namespace: GuardedNamespace, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which methods of the socket are run."""
    names: list[str] = []
    for name in ("connect", "disconnect", "event", "ping", "client_error", "message"):

        async def run(*_args: Any, name: str = name) -> None:
            names.append(name)

        monkeypatch.setattr(namespace, f"on_{name}", run, raising=False)
    return names


@pytest.mark.parametrize(
    ("event", "args"),
    [
        ("connect", ({"QUERY_STRING": f"token={TOKEN}", "asgi.scope": {"headers": []}}, {})),
        ("connect", ()),
        ("disconnect", ("transport close",)),
        ("message", ("x",)),
        ("", ()),
        ("event", ()),
        ("event", ({}, {})),
        ("ping", ("x",)),
        ("client_error", ()),
        ("__class__", ("x",)),
    ],
)
async def test_a_browser_reaches_no_other_method_of_the_socket(
    namespace: GuardedNamespace, ran: list[str], monkeypatch: pytest.MonkeyPatch, event: str, args: Any
) -> None:
    monkeypatch.setattr(namespace.server, "get_environ", lambda _sid, _namespace: {"real": True})
    monkeypatch.setattr(namespace.server.manager, "is_connected", lambda _sid, _namespace: True)
    await namespace.trigger_event(event, "sid", *args)
    assert ran == []


async def test_what_the_server_itself_reports_and_browsers_send_gets_through(
    namespace: GuardedNamespace, ran: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = {"real": True}
    monkeypatch.setattr(namespace.server, "get_environ", lambda _sid, _namespace: real)
    monkeypatch.setattr(namespace.server.manager, "is_connected", lambda _sid, _namespace: False)
    for event, args in (
        ("connect", (real, None)),
        ("event", ({},)),
        ("ping", ()),
        ("client_error", ({},)),
        ("disconnect", ("transport close",)),
    ):
        await namespace.trigger_event(event, "sid", *args)
    assert ran == ["connect", "event", "ping", "client_error", "disconnect"]


async def _fill(actor: Actor) -> None:
    tree = await app.state_manager.get_state(BaseStateToken(ident=TOKEN, cls=State))
    (await tree.get_state(TabOwner))._standing = actor.standing


async def _connect(namespace: GuardedNamespace, cookie: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(namespace, "_cookie", lambda _sid: cookie)
    await namespace.link_token_to_sid("new-socket", TOKEN)
    return namespace.sid_to_token["new-socket"]


async def _signed_in(actor: Actor, sign_in: SignIn) -> tuple[Actor, str]:
    from wapto_app.security import cookies

    cookie = await sign_in(actor)
    found = await cookies.actor_of(cookie)
    assert found is not None
    return found, cookie


async def test_a_tab_goes_on_under_its_token_when_its_owner_comes_back(
    namespace: GuardedNamespace, owner: Actor, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    actor, cookie = await _signed_in(owner, sign_in)
    assert await _connect(namespace, cookie, monkeypatch) == TOKEN
    await namespace._token_manager.disconnect_token(TOKEN, "new-socket")
    await _fill(actor)
    assert await _connect(namespace, cookie, monkeypatch) == TOKEN


@pytest.mark.parametrize("thief", ["nobody", "somebody else", "the same person, signed in anew"])
async def test_a_tabs_token_shown_by_anybody_else_is_replaced(
    namespace: GuardedNamespace,
    owner: Actor,
    agent: Actor,
    sign_in: SignIn,
    monkeypatch: pytest.MonkeyPatch,
    thief: str,
) -> None:
    actor, _cookie = await _signed_in(owner, sign_in)
    await _fill(actor)
    cookie = "" if thief == "nobody" else await sign_in(agent if thief == "somebody else" else owner)
    assert await _connect(namespace, cookie, monkeypatch) != TOKEN
    assert TOKEN not in namespace.token_to_sid


async def test_a_closed_tab_watches_nothing_any_more(namespace: GuardedNamespace, runtime: Runtime) -> None:
    await namespace._token_manager.link_token_to_sid(TOKEN, "socket")
    runtime.hub.watch((TOKEN, "a.changed"), ["inbox"])
    runtime.hub.watch((TOKEN, "b.changed"), ["conversation:7"])
    runtime.hub.watch(("another", "a.changed"), ["inbox"])
    ending = namespace.on_disconnect("socket")
    assert ending is not None
    await ending
    assert list(runtime.hub._topics) == [("another", "a.changed")]
