"""What every state shares: the actor, live updates, and what the user is told."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable, Coroutine, Hashable, Iterable
from typing import Any, TypedDict, TypeVar

import reflex as rx
from reflex.event import Event, EventSpec
from reflex.utils.format import format_event_handler
from sqlalchemy.exc import DataError
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app import runtime
from wapto_app.live import Deliver, Watcher
from wapto_app.log import get_logger
from wapto_app.security import cookies
from wapto_app.security.permissions import Actor
from wapto_app.security.policy import public
from wapto_app.services.errors import Conflict, DomainError, SignedOut, Unfinished, WorkspaceLocked
from wapto_app.services.sign_in import login_path

log = get_logger(__name__)
Result = TypeVar("Result")


class Notice(TypedDict):
    """A line shown once at the corner of the screen."""

    id: str
    level: str
    text: str


class Feedback(rx.State):
    """Notices, and the errors that stand beside the fields of a form."""

    notices: list[Notice] = []
    errors: dict[str, str] = {}

    @rx.event
    @public
    def say(self, level: str, text: str) -> None:
        self.notices = [*self.notices[-4:], Notice(id=secrets.token_hex(4), level=level, text=text[:500])]

    @rx.event
    @public
    def refuse(self, text: str, field: str) -> None:
        if field:
            self.errors = {field: text[:500]}
        else:
            self.notices = [
                *self.notices[-4:],
                Notice(id=secrets.token_hex(4), level="error", text=text[:500]),
            ]

    @rx.event
    @public
    def clear(self) -> None:
        self.errors = {}


def success(text: str) -> EventSpec:
    """Tell the user that it worked; name the thing."""
    return Feedback.say("success", text)


def refuse(error: DomainError, page: str = "") -> EventSpec:
    """What a tab is told when something is refused; ``page`` is where to come back to after signing in."""
    if isinstance(error, SignedOut):
        return rx.redirect(login_path(page))
    if isinstance(error, Unfinished):
        return rx.redirect(error.path)
    if isinstance(error, WorkspaceLocked):
        return Feedback.clear()  # the page itself says so, in the place of what it would show
    return Feedback.refuse(error.message, error.field)


def on_error(exception: Exception) -> EventSpec:
    """The one base handler: domain errors become a notice, the rest a logged incident with an id."""
    if isinstance(exception, DomainError):
        return refuse(exception)
    if isinstance(exception, DataError):
        log.warning("event.value_does_not_fit", reason=type(exception.orig).__name__)
        return refuse(Conflict("A value is too long or too large to be stored. Correct it and try again."))
    incident = uuid.uuid4().hex[:8]
    log.error("event.failed", incident=incident, exc_info=exception)
    return Feedback.say(
        "error", f"Something went wrong on our side (incident {incident}). Nothing was lost; try again."
    )


async def actor_of(state: rx.State) -> Actor:
    """Who is behind this tab, looked up on the server from its cookie.

    Raises:
        SignedOut: when nobody is.
    """
    actor = await cookies.actor_of(state.router.headers.cookie)
    if actor is None:
        raise SignedOut
    return actor


async def read_together(key: Hashable, read: Callable[[AsyncSession], Coroutine[Any, Any, Result]]) -> Result:
    """What all tabs with this key read alike of the inbox, read once; see ``live.SharedReads``."""

    async def fresh() -> Result:
        async with runtime.get().db.read() as session:
            return await read(session)

    return await runtime.get().inbox_reads.get(key, fresh)


def watch(state: rx.State, handler: Any, topics: Iterable[str]) -> None:
    """Run ``handler`` on this tab whenever one of the topics changes; replaces its earlier topics."""
    runtime.get().hub.watch(_watcher(state, handler), topics)


def follows(state: rx.State, handler: Any, topics: Iterable[str]) -> bool:
    """Whether this tab watches these topics already: then what it shows is as it should be."""
    return runtime.get().hub.is_watching(_watcher(state, handler), topics)


def unwatch(state: rx.State, handler: Any) -> None:
    runtime.get().hub.forget(_watcher(state, handler))


def _watcher(state: rx.State, handler: Any) -> Watcher:
    return state.router.session.client_token, format_event_handler(handler)


def deliver_to(app: rx.App) -> Deliver:
    """Deliver a wake-up by running the handler on the tab's own state, through the same guard as a click."""

    async def deliver(watcher: Watcher, _topics: frozenset[str]) -> bool:
        tab, handler = watcher
        namespace = app.event_namespace
        if namespace is None or tab not in namespace.token_to_sid:
            return False
        await app.event_processor.enqueue(tab, Event(name=handler, payload={}))
        return True

    return deliver
