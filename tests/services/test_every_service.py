"""Every service that takes an actor, found by itself: refused without its permission, never Forbidden with it.

A new service is tried without being named here, as long as ``SAMPLES`` knows a value for each type that it asks for.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints
from zoneinfo import ZoneInfo

import httpx
import pytest
import sqlalchemy as sa
import stamina
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession
from typing_extensions import is_typeddict

import wapto_app.services
from integrations.tables import Options
from tests.writes import heard
from wapto_app.attention import Attention
from wapto_app.clock import utcnow
from wapto_app.db import Database
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import LOOKING, Actor, Permission
from wapto_app.security.secrets import SecretBox
from wapto_app.services import retention
from wapto_app.services.billing import Till
from wapto_app.services.contacts import EVERYONE
from wapto_app.services.errors import DomainError, Forbidden, OnlyLooking
from wapto_app.services.gateway import Gateway
from wapto_app.services.inbox import InboxFilter
from wapto_app.settings import Settings

Service = Callable[..., Awaitable[Any]]
# Values that the types alone do not tell. By "module.function", then by argument.
ARGUMENTS: dict[str, dict[str, Any]] = {
    "inbox.chips.chips": {"wanted": InboxFilter()},
    "inbox.conditions.conditions_of": {"wanted": InboxFilter()},
    "inbox.listing.matching_ids": {"wanted": InboxFilter()},
    "inbox.gone.still_there": {"wanted": [InboxFilter()]},
    "inbox.views.save": {"wanted": InboxFilter()},
    **{
        f"contacts.{name}": {"wanted": EVERYONE}
        for name in (
            "export.begin",
            "export.csv",
            "export.xlsx",
            "filters.conditions",
            "listing.count",
            "listing.ids_after",
            "listing.listing",
        )
    },
    "library.rows.by_ids": {"ids": [999_999]},
    "imports.commands.reread": {"options": Options()},
    "retention.preview": {"wanted": retention.DEFAULT},
    "retention.save": {"wanted": retention.DEFAULT},
}
# Services that are handed an actor but are no door of their own: whoever calls them has asked.
INSIDE = frozenset[str]()


def services() -> dict[str, Service]:
    """By the name under which they are defined."""
    found: dict[str, Service] = {}
    for module in pkgutil.walk_packages(wapto_app.services.__path__, "wapto_app.services."):
        for name, value in vars(importlib.import_module(module.name)).items():
            is_own = inspect.iscoroutinefunction(value) and value.__module__ == module.name
            if is_own and not name.startswith("_") and "actor" in inspect.signature(value).parameters:
                found[f"{module.name.removeprefix('wapto_app.services.')}.{name}"] = value
    return {name: service for name, service in sorted(found.items()) if name not in INSIDE}


ALL = services()


@dataclass
class House:
    """What services are given."""

    runtime: Runtime
    session: AsyncSession | None
    actor: Actor

    def arguments(self, name: str) -> dict[str, Any]:
        """Everything that the service needs; raises LookupError naming what has no sample."""
        hints = get_type_hints(ALL[name])
        given = ARGUMENTS.get(name, {})
        needed = [
            parameter
            for parameter in inspect.signature(ALL[name]).parameters.values()
            if parameter.default is inspect.Parameter.empty
        ]
        return {
            each.name: given[each.name]
            if each.name in given
            else self._sample(name, each.name, hints[each.name])
            for each in needed
        }

    def _sample(self, service: str, argument: str, hint: Any) -> Any:
        if get_origin(hint) in (dict, Mapping):
            return {}
        if get_origin(hint) in (list, Collection, Iterable, Sequence):
            return [self._sample(service, argument, get_args(hint)[0])]
        known: dict[Any, Any] = {
            AsyncSession: self.session,
            Database: self.runtime.db,
            Actor: self.actor,
            Gateway: self.runtime.gateway,
            SecretBox: self.runtime.secrets,
            Runtime: self.runtime,
            Settings: self.runtime.settings,
            Till: self.runtime.till,
            Attention: self.runtime.attention,
            httpx.AsyncClient: self.runtime.http,
            Path: self.runtime.settings.data_dir,
            int: 999_999,
            float: 1.0,
            bool: True,
            str: "1",
            bytes: b"1",
            datetime: utcnow(),
            date: utcnow().date(),
            ZoneInfo: ZoneInfo("UTC"),
        }
        for each in (hint, *get_args(hint)):
            if each in known:
                return known[each]
        return self._composed(service, argument, hint)

    def _composed(self, service: str, argument: str, hint: Any) -> Any:
        if hint is Any or type(None) in get_args(hint):
            return None
        origin = getattr(hint, "__origin__", hint)
        if isinstance(origin, type) and issubclass(origin, Enum):
            return next(iter(origin))
        if is_typeddict(origin):
            return {
                key: self._sample(service, argument, each) for key, each in get_type_hints(origin).items()
            }
        if isinstance(origin, type) and issubclass(origin, Collection) and not hasattr(origin, "_fields"):
            return {} if issubclass(origin, dict) else []
        if isinstance(origin, type):
            return self._made(service, argument, origin)
        raise LookupError(f"{service} asks for {argument}: {hint}; add a value to ARGUMENTS")

    def _made(self, service: str, argument: str, hint: type) -> Any:
        """A row, dataclass or named tuple of samples."""
        if issubclass(hint, SQLModel):
            required = [each for each, field in hint.model_fields.items() if field.is_required()]
            return hint(**{each: self._sample(service, argument, str) for each in required})
        hints = get_type_hints(hint)
        needed = [
            each
            for each in inspect.signature(hint).parameters.values()
            if each.default is inspect.Parameter.empty
            and each.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
        ]
        if not needed or any(each.name not in hints for each in needed):
            raise LookupError(f"{service} asks for {argument}: {hint}; add a value to ARGUMENTS")
        return hint(**{each.name: self._sample(service, argument, hints[each.name]) for each in needed})


class _Undo(Exception):
    pass


async def call(runtime: Runtime, name: str, actor: Actor) -> Exception | None:
    """Call it with samples and undo what it did. What it raised, if anything."""
    if AsyncSession not in get_type_hints(ALL[name]).values():
        return await _outcome(name, House(runtime, None, actor))  # it opens transactions of its own
    outcome: list[Exception | None] = []
    with suppress(_Undo):
        async with runtime.db.write() as session:
            outcome.append(await _outcome(name, House(runtime, session, actor)))
            raise _Undo
    return outcome[0]


async def _outcome(name: str, house: House) -> Exception | None:
    try:
        await ALL[name](**house.arguments(name))
    except (DomainError, sa.exc.SQLAlchemyError, OSError) as error:
        return error
    return None


async def needed(runtime: Runtime, name: str, actor: Actor) -> set[Permission]:
    """The permissions that it asks for, one after the other."""
    found: set[Permission] = set()
    while True:
        raised = await call(runtime, name, replace(actor, permissions=frozenset(found)))
        if not isinstance(raised, Forbidden) or raised.permission not in set(Permission) - found:
            return found
        found.add(Permission(raised.permission))


async def _decides(runtime: Runtime, name: str, actor: Actor, permission: Permission) -> bool:
    """Whether all the others do not suffice."""
    others = replace(actor, permissions=frozenset(Permission) - {permission})
    return isinstance(await call(runtime, name, others), Forbidden)


@pytest.fixture
def anybody(owner: Actor) -> Iterator[Actor]:
    with stamina.set_testing(True, attempts=1):  # nobody is there to answer, however often one asks
        yield replace(owner, session_id=999_999)


def test_the_services_are_found() -> None:
    assert len(ALL) > 40
    assert {"inbox.commands.send_text", "contacts.cards.card", "accounts.invite", "viewing.start"} <= set(ALL)
    assert set(ARGUMENTS) | INSIDE <= set(services()) | INSIDE


async def _problem(runtime: Runtime, name: str, actor: Actor) -> str:
    if not isinstance(await call(runtime, name, replace(actor, permissions=frozenset())), Forbidden):
        return "it does not ask before it looks at anything"
    wanted = await needed(runtime, name, actor)
    if not all([await _decides(runtime, name, actor, permission) for permission in wanted]):
        return "" if await _has_several_keys(runtime, name, actor) else "no permission decides"
    alone = await call(runtime, name, replace(actor, permissions=frozenset(wanted)))
    if isinstance(alone, Forbidden) and alone.permission in set(Permission):
        return f"{wanted} do not suffice"
    return ""


async def _has_several_keys(runtime: Runtime, name: str, actor: Actor) -> bool:
    """Whether each of a few permissions opens it, and none of the others does."""
    keys = {
        permission
        for permission in Permission
        if not isinstance(
            await call(runtime, name, replace(actor, permissions=frozenset({permission}))), Forbidden
        )
    }
    others = replace(actor, permissions=frozenset(Permission) - keys)
    return 1 < len(keys) < 4 and isinstance(await call(runtime, name, others), Forbidden)


async def test_each_is_refused_without_its_permission_and_with_it_alone_is_not(
    runtime: Runtime, anybody: Actor
) -> None:
    problems = {name: await _problem(runtime, name, anybody) for name in ALL}
    assert {name: problem for name, problem in problems.items() if problem} == {}


async def test_whoever_only_looks_writes_nothing(runtime: Runtime, anybody: Actor) -> None:
    looking = replace(anybody, permissions=LOOKING, viewer_id=1)
    for name in ALL:
        with heard(runtime.db) as written:
            raised = await call(runtime, name, looking)
        assert written == [] or isinstance(raised, OnlyLooking) or name == "viewing.stop", name
