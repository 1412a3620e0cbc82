"""The websocket of a tab: whose it is, and what may come in through it, before the event policy looks at it.

A tab names itself by a token of its own choosing, and its address ends up in the logs of proxies. Reflex gives the
state of a token to whoever shows it once its owner is gone, and what is still on its way to the owner as well.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from typing import Any

import reflex as rx
from reflex.app import EventNamespace
from reflex.istate.manager.token import BaseStateToken
from reflex.state import State
from reflex_base.registry import RegistrationContext

from wapto_app import runtime
from wapto_app.log import get_logger
from wapto_app.security import cookies
from wapto_app.security.policy import EventPolicy, Refuse, TabOwner

log = get_logger(__name__)

_PATHS = ("pathname", "asPath")
# What a browser sends, and with how many arguments: the socket's id and the data.
_FROM_BROWSERS = {"event": 2, "ping": 1, "client_error": 2}


def guard(app: rx.App, refuse: Refuse) -> None:
    """Put the event policy in front of every handler of the app, and a stricter socket in front of the policy."""
    if app.event_namespace is None or app.sio is None:
        raise RuntimeError("The app has no states yet: import its pages first.")
    app.add_middleware(EventPolicy(refuse))
    namespace = GuardedNamespace(app.event_namespace.namespace, app)
    app.sio.register_namespace(namespace)
    app._event_namespace = namespace


class GuardedNamespace(EventNamespace):
    """Hands a tab's token only to the login session that it belongs to, and drops what is no event of ours."""

    async def trigger_event(self, event: str, *args: Any) -> Any:
        """A browser can name an event as it likes, ``connect`` with headers of its own making included."""
        if self._is_genuine(event, args):
            return await super().trigger_event(event, *args)
        log.debug("socket.not_for_browsers", message=str(event)[:50])
        return None

    def _is_genuine(self, event: str, args: tuple[Any, ...]) -> bool:
        sid = args[0]
        if event == "connect":
            return len(args) > 1 and args[1] is self.server.get_environ(sid, self.namespace)
        if event == "disconnect":
            return not self.server.manager.is_connected(sid, self.namespace)
        return _FROM_BROWSERS.get(event) == len(args)

    async def link_token_to_sid(self, sid: str, token: str, *, update_state: bool = True) -> None:
        if await self._is_of_somebody_else(sid, token):
            # As Reflex does for a duplicated tab: the browser goes on under the new name.
            token = str(uuid.uuid4())
            await self.emit("new_token", token, to=sid)
        await super().link_token_to_sid(sid, token, update_state=update_state)

    async def on_event(self, sid: str, data: Any) -> None:
        if _is_event(data):
            await super().on_event(sid, data)
            return
        # Reflex would log all of it, cookie included, and keep a future that nobody ends.
        log.debug("socket.not_an_event", socket=sid)

    def on_disconnect(self, sid: str) -> asyncio.Task[Any] | None:
        token = self.sid_to_token.get(sid)
        with contextlib.suppress(RuntimeError):  # the process may have stopped already
            runtime.get().hub.forget_tab(token or "")
        return super().on_disconnect(sid)

    async def _is_of_somebody_else(self, sid: str, token: str) -> bool:
        tree = await self.app.state_manager.get_state(BaseStateToken(ident=token, cls=State))
        owner = await tree.get_state(TabOwner)
        return not owner._is_of(await cookies.actor_of(self._cookie(sid)))

    def _cookie(self, sid: str) -> str:
        environ: dict[str, Any] = self.server.get_environ(sid, self.namespace) or {}
        headers: list[tuple[bytes, bytes]] = environ.get("asgi.scope", {}).get("headers", [])
        return "; ".join(value.decode("latin-1") for name, value in headers if name == b"cookie")


def _is_event(data: Any) -> bool:
    """Whether it has the shape of an event and names a handler that exists."""
    if not isinstance(data, dict) or not isinstance(data.get("name"), str):
        return False
    route = data.get("router_data", {})
    return (
        data["name"] in RegistrationContext.get().event_handlers
        and isinstance(data.get("payload", {}), dict)
        and isinstance(route, dict)
        and all(isinstance(route.get(name, ""), str) for name in _PATHS)
    )


def cookies_of_tabs(app: rx.App) -> frozenset[str]:
    """The Cookie headers of all tabs that are connected to this process."""
    namespace = app.event_namespace
    if not isinstance(namespace, GuardedNamespace):
        return frozenset()
    return frozenset(namespace._cookie(sid) for sid in list(namespace.sid_to_token))
