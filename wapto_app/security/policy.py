"""Deny by default: no Reflex event runs without a policy, a live session, the permission and a valid payload.

Any public method of a state class can be called by anybody who opens a websocket, with any arguments. So every handler
carries ``@requires(Permission.X)`` or ``@public`` (below ``@rx.event``), and this middleware refuses the rest.
What it trusts to say whose socket it is stands in ``security.sockets``.
"""

from __future__ import annotations

import functools
import inspect
import math
import re
from collections.abc import Callable
from typing import Any, TypeVar

import pydantic
import reflex as rx
from reflex.event import Event
from reflex.state import BaseState, FrontendEventExceptionState, OnLoadInternalState, State, StateUpdate
from reflex_base.event import EventHandler
from reflex_base.event.context import EventContext
from reflex_base.registry import RegistrationContext
from reflex_base.utils.form import transform_form_data

from wapto_app import runtime
from wapto_app.log import get_logger
from wapto_app.security import cookies
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services.errors import DomainError, Forbidden, SignedOut

log = get_logger(__name__)

POLICY = "__wapto_policy__"
PUBLIC = "public"
Handler = TypeVar("Handler", bound=Callable[..., Any])
Refuse = Callable[[DomainError, str], Any]

_ROOT, _ON_LOAD = State.get_full_name(), OnLoadInternalState.get_full_name()
HYDRATE = f"{_ROOT}.hydrate_and_load"
# Of Reflex's own handlers, those that our pages need. Writing to a var by its name, or to what a state keeps in the
# browser's storage, is none of them.
OF_REFLEX = frozenset(
    {
        HYDRATE,
        f"{_ROOT}.hydrate",
        f"{_ROOT}.set_is_hydrated",
        f"{_ON_LOAD}.on_load_internal",
        f"{_ON_LOAD}.set_is_hydrated",
    }
)
BROWSER_ERROR = f"{FrontendEventExceptionState.get_full_name()}.handle_frontend_exception"
_BROWSER_ERROR_MAX = 2_000
_MAX_DEPTH = 20
_MAX_INTEGER_BITS = 63
_HALF_PAIR = re.compile("[\ud800-\udfff]")


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
    """Ties a tab's state tree to the login session, and the rights, of whoever filled it."""

    _standing: tuple[Any, ...] | None = None

    def _is_of(self, actor: Actor | None) -> bool:
        """Whether what the tree holds may be shown to this actor; a tree that nobody filled may."""
        return self._standing is None or self._standing == standing(actor)


def standing(actor: Actor | None) -> tuple[Any, ...] | None:
    """What must not change while a tree keeps its rows."""
    return actor.standing if actor else None


@functools.lru_cache(maxsize=4096)
def _validators(handler: EventHandler) -> dict[str, pydantic.TypeAdapter[Any]]:
    hints = handler._get_type_hints()
    return {name: pydantic.TypeAdapter(hints[name]) for name in list(handler.get_parameters())[1:]}


@functools.lru_cache(maxsize=4096)
def _needed(handler: EventHandler) -> frozenset[str]:
    parameters = list(handler.get_parameters().items())[1:]
    return frozenset(name for name, each in parameters if each.default is inspect.Parameter.empty)


def validate(handler: EventHandler, payload: dict[str, Any]) -> dict[str, Any]:
    """The payload converted to the handler's own annotations.

    Raises:
        KeyError, TypeError, ValueError: for an argument that the handler does not have or does not annotate, that is
            missing, of a wrong type, or that no database can store.
    """
    if not isinstance(payload, dict) or not _needed(handler) <= payload.keys():
        raise TypeError("arguments are missing")
    validators = _validators(handler)
    hints = handler._get_type_hints()
    return {
        # A submitted form travels as its entries in order; Reflex itself unpacks it only later.
        name: validators[name].validate_python(transform_form_data(_storable(value), hints[name]))
        for name, value in payload.items()
    }


def _storable(value: Any, depth: int = _MAX_DEPTH) -> Any:
    """The value with texts that a database takes; raises ValueError for numbers and nesting that none does."""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("not a number")
    if isinstance(value, int) and value.bit_length() > _MAX_INTEGER_BITS:
        raise ValueError("too large a number")
    if depth == 0:
        raise ValueError("nested too deeply")
    if isinstance(value, dict):
        return {_text(str(name)): _storable(item, depth - 1) for name, item in value.items()}
    if isinstance(value, list):
        return [_storable(item, depth - 1) for item in value]
    return value


def _text(text: str) -> str:
    """Neither NUL nor half of an emoji that a script has cut in two can be stored."""
    return _HALF_PAIR.sub("\ufffd", text).replace("\x00", " ")


def _tame(event: Event) -> None:
    """Of what Reflex's own handlers take: nothing that is written into a state, and nothing long into the log."""
    event.payload.pop("vars", None)
    if event.name == BROWSER_ERROR:
        event.payload.update({name: text[:_BROWSER_ERROR_MAX] for name, text in event.payload.items()})


async def _ask_to_hydrate() -> None:
    """Have the browser load its page again; only it knows its route and cookie."""
    await EventContext.get().emit_event(Event(name=HYDRATE))


def _load_events(app: rx.App, path: str) -> set[str]:
    """The names of what a page does when it is loaded."""
    return {event.name for event in Event.from_event_type(app.get_load_events(path))}


def _is_wake_up(event: Event) -> bool:
    """Whether ``LiveHub`` sent it, rather than the browser or another handler."""
    return not event.router_data and EventContext.get().parent_txid is None


class EventPolicy(rx.Middleware):
    """The one guard in front of every event, background task, upload and live push.

    ``refuse`` turns a refusal, and the path of the page it happened on, into what the tab is told (a notice, or the
    login page).
    """

    def __init__(self, refuse: Refuse) -> None:
        self._refuse = refuse

    async def preprocess(self, app: rx.App, state: BaseState, event: Event) -> StateUpdate | None:
        if not state.router_data and not event.router_data:
            # A wake-up reached a tab whose state had expired; the page, loaded again, watches anew.
            if runtime.get().hub.forget_tab(EventContext.get().token):
                await _ask_to_hydrate()
            return StateUpdate()
        actor = await cookies.actor_of(state.router.headers.cookie)
        await self._bind_tab(state, event, actor)
        if event.name == BROWSER_ERROR and actor is None:
            return StateUpdate()  # strangers do not write into the log
        try:
            self._check(event, actor)
        except DomainError as refusal:
            return self._refused(app, state, event, refusal)
        return None

    async def _bind_tab(self, state: BaseState, event: Event, actor: Actor | None) -> None:
        owner = await state.get_state(TabOwner)
        if not owner._is_of(actor):
            # Another session, or other rights: what the tree holds is not for them.
            state._get_root_state().reset()  # type: ignore[no-untyped-call]
            runtime.get().hub.forget_tab(EventContext.get().token)
            if event.name != HYDRATE:
                await _ask_to_hydrate()
        if owner._standing is None and actor is not None:
            owner._standing = actor.standing

    def _check(self, event: Event, actor: Actor | None) -> None:
        handler = RegistrationContext.get().event_handlers[event.name].handler
        if event.name in OF_REFLEX or event.name == BROWSER_ERROR:
            self._check_payload(handler, event)
            _tame(event)
            return
        policy = policy_of(handler)
        if policy is None:
            log.warning("policy.unmarked_handler", handler=event.name)
            raise Forbidden(event.name)
        if policy != PUBLIC:
            if actor is None:
                raise SignedOut
            actor.require(Permission(policy))
        self._check_payload(handler, event)

    def _check_payload(self, handler: EventHandler, event: Event) -> None:
        try:
            payload = validate(handler, event.payload)
        except (KeyError, TypeError, ValueError):
            raise DomainError(
                "This request could not be understood. Reload the page and try again."
            ) from None
        event.payload.update(payload)

    def _refused(self, app: rx.App, state: BaseState, event: Event, refusal: DomainError) -> StateUpdate:
        if _is_wake_up(event) and not isinstance(refusal, SignedOut):
            # Nobody asked for anything, so nobody is told.
            runtime.get().hub.forget((EventContext.get().token, event.name))
            return StateUpdate()
        url = state.router.url
        if isinstance(refusal, Forbidden) and event.name in _load_events(app, url.path):
            return StateUpdate()  # the page itself says that it cannot be seen
        page = f"{url.path}?{url.query}" if url.query else url.path
        return StateUpdate(events=Event.from_event_type(self._refuse(refusal, page)))
