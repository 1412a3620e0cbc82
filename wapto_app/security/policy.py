"""Deny by default: no Reflex event runs without a policy, a live session, the permission and a valid payload.

Any public method of a state class can be called by anybody who opens a websocket, with any arguments. So every handler
carries ``@requires(Permission.X)`` or ``@public`` (below ``@rx.event``), and this middleware refuses the rest.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import pydantic
import reflex as rx
from reflex.event import Event
from reflex.state import BaseState, StateUpdate
from reflex_base.event import EventHandler
from reflex_base.event.context import EventContext
from reflex_base.registry import RegistrationContext

from wapto_app.log import get_logger
from wapto_app.security import cookies
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services.errors import DomainError, Forbidden, SignedOut

log = get_logger(__name__)

POLICY = "__wapto_policy__"
PUBLIC = "public"
Handler = TypeVar("Handler", bound=Callable[..., Any])
Refuse = Callable[[DomainError], Any]


def public(handler: Handler) -> Handler:
    """Mark a handler that anybody may call, signed in or not."""
    setattr(handler, POLICY, PUBLIC)
    return handler


def requires(permission: Permission) -> Callable[[Handler], Handler]:
    """Mark a handler that only a signed-in actor with this permission may call."""

    def mark(handler: Handler) -> Handler:
        setattr(handler, POLICY, permission)
        return handler

    return mark


def policy_of(handler: EventHandler) -> Permission | str | None:
    """The mark of a handler; None when it was forgotten."""
    return getattr(handler.fn, POLICY, None)


class TabOwner(rx.State):
    """Ties a tab's state tree to the login session that filled it."""

    _session_id: int | None = None


@functools.lru_cache(maxsize=4096)
def _validators(handler: EventHandler) -> dict[str, pydantic.TypeAdapter[Any]]:
    hints = handler._type_hints or {}
    return {name: pydantic.TypeAdapter(hints.get(name, Any)) for name in list(handler.get_parameters())[1:]}


def validate(handler: EventHandler, payload: dict[str, Any]) -> dict[str, Any]:
    """The payload converted to the handler's own annotations.

    Raises:
        KeyError, pydantic.ValidationError: for an argument that the handler does not have, or of a wrong type.
    """
    validators = _validators(handler)
    return {name: validators[name].validate_python(value) for name, value in payload.items()}


def _is_internal(event_name: str) -> bool:
    """Reflex's own handlers (hydrate, on-load, client storage)."""
    return event_name.rsplit(".", 2)[-2].startswith("reflex___")


class EventPolicy(rx.Middleware):
    """The one guard in front of every event, background task, upload and live push.

    ``refuse`` turns a refusal into what the tab is told (a notice, or the login page).
    """

    def __init__(self, refuse: Refuse) -> None:
        self._refuse = refuse

    async def preprocess(self, app: rx.App, state: BaseState, event: Event) -> StateUpdate | None:
        if not state.router_data and not event.router_data:
            return await self._ask_to_hydrate(app, state)
        actor = await cookies.actor_of(state.router.headers.cookie)
        await self._bind_tab(state, actor)
        if _is_internal(event.name):
            return None
        handler = RegistrationContext.get().event_handlers[event.name].handler
        try:
            self._check(handler, event, actor)
        except DomainError as refusal:
            return StateUpdate(events=Event.from_event_type(self._refuse(refusal)))
        return None

    async def _ask_to_hydrate(self, app: rx.App, state: BaseState) -> StateUpdate:
        # A push reached a tab whose state had expired. Only the browser knows its route and cookie.
        name = f"{type(state._get_root_state()).get_full_name()}.hydrate_and_load"
        if app.event_namespace is not None:
            await app.event_namespace.emit_update(
                StateUpdate(events=[Event(name=name)]), EventContext.get().token
            )
        return StateUpdate()

    async def _bind_tab(self, state: BaseState, actor: Actor | None) -> None:
        owner = await state.get_state(TabOwner)
        session_id = actor.session_id if actor else None
        if owner._session_id is not None and owner._session_id != session_id:
            # The tab's token was reused by somebody else: what the tree holds is not theirs.
            state._get_root_state().reset()
        if session_id is not None and owner._session_id != session_id:
            owner._session_id = session_id

    def _check(self, handler: EventHandler, event: Event, actor: Actor | None) -> None:
        policy = policy_of(handler)
        if policy is None or event.name.endswith(".setvar"):
            log.warning("policy.unmarked_handler", handler=event.name)
            raise Forbidden(event.name)
        if policy != PUBLIC:
            if actor is None:
                raise SignedOut
            actor.require(Permission(policy))
        try:
            event.payload.update(validate(handler, event.payload))
        except (KeyError, pydantic.ValidationError):
            raise DomainError(
                "This request could not be understood. Reload the page and try again."
            ) from None
