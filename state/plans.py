"""The admin's plan editor."""

from __future__ import annotations

import reflex as rx
from reflex.event import EventSpec

from state.base import Feedback, actor_of, success, watch
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services.plans import TOPIC as SUBSCRIPTION
from wapto_app.services.plans import Gate, Limit, catalog
from wapto_app.services.plans.catalog import TOPIC, PlanForm, PlanRow

NEW = PlanRow(
    id=0,
    slug="",
    name="",
    description="",
    price="",
    price_minor=0,
    price_typed="",
    currency="USD",
    cycle="monthly",
    trial_days=0,
    limits={limit.value: -1 for limit in Limit},
    gates=[gate.value for gate in Gate],
    is_featured=False,
    is_active=True,
    is_used=False,
    is_current=False,
)


class Plans(rx.State):
    """``editing`` is the plan in the drawer; its id is 0 for a new one."""

    loaded: bool = False
    rows: list[PlanRow] = []
    is_open: bool = False
    editing: PlanRow = NEW
    deleting_id: int = 0
    deleting_name: str = ""

    @rx.event
    @requires(Permission.ADMIN)
    async def load(self) -> None:
        watch(self, Plans.changed, [TOPIC, SUBSCRIPTION])
        self.is_open, self.deleting_id = False, 0
        await self._show()

    @rx.event
    @requires(Permission.ADMIN)
    async def changed(self) -> None:
        await self._show()

    @rx.event
    @requires(Permission.ADMIN)
    async def start(self) -> EventSpec:
        currency = self.rows[-1]["currency"] if self.rows else NEW["currency"]
        self.editing, self.is_open = PlanRow(**{**NEW, "currency": currency}), True
        return Feedback.clear()

    @rx.event
    @requires(Permission.ADMIN)
    async def edit(self, plan_id: int) -> EventSpec:
        found = [row for row in self.rows if row["id"] == plan_id]
        if found:
            self.editing, self.is_open = found[0], True
        return Feedback.clear()

    @rx.event
    @requires(Permission.ADMIN)
    async def duplicate(self, plan_id: int) -> EventSpec:
        found = [row for row in self.rows if row["id"] == plan_id]
        if found:
            copy = {**found[0], "id": 0, "slug": "", "name": f"{found[0]['name']} 2"}
            self.editing, self.is_open = PlanRow(**copy), True  # type: ignore[typeddict-item]
        return Feedback.clear()

    @rx.event
    @requires(Permission.ADMIN)
    async def close(self) -> None:
        self.is_open = False

    @rx.event
    @requires(Permission.ADMIN)
    async def save(self, form: dict[str, str | bool]) -> EventSpec:
        wanted, plan_id = _read(form), self.editing["id"]
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            if plan_id:
                await catalog.edit_plan(session, actor, plan_id, wanted)
            else:
                await catalog.create_plan(session, actor, wanted)
        self.is_open = False
        return success(f"{wanted['name']} is saved.")

    @rx.event
    @requires(Permission.ADMIN)
    async def feature(self, plan_id: int, featured: bool) -> EventSpec:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            name = await catalog.feature_plan(session, actor, plan_id, featured=featured)
        return success(f"{name} is recommended." if featured else f"{name} is not recommended any more.")

    @rx.event
    @requires(Permission.ADMIN)
    async def set_active(self, plan_id: int, active: bool) -> EventSpec:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            name = await catalog.set_plan_active(session, actor, plan_id, active=active)
        return success(f"{name} is offered." if active else f"{name} is not offered any more.")

    @rx.event
    @requires(Permission.ADMIN)
    async def move(self, plan_id: int, up: bool) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            await catalog.move_plan(session, actor, plan_id, up=up)

    @rx.event
    @requires(Permission.ADMIN)
    async def ask_to_delete(self, plan_id: int, name: str) -> None:
        self.deleting_id, self.deleting_name = plan_id, name

    @rx.event
    @requires(Permission.ADMIN)
    async def do_not_delete(self) -> None:
        self.deleting_id = 0

    @rx.event
    @requires(Permission.ADMIN)
    async def delete(self) -> EventSpec:
        plan_id, self.deleting_id = self.deleting_id, 0
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            name = await catalog.delete_plan(session, actor, plan_id)
        return success(f"{name} is deleted.")

    async def _show(self) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            self.rows = await catalog.list_plans(session, actor)
        self.loaded = True


def _read(form: dict[str, str | bool]) -> PlanForm:
    """The form's flat fields; a box comes as a bool, or not at all."""

    def text(name: str) -> str:
        value = form.get(name, "")
        return value if isinstance(value, str) else ""

    return PlanForm(
        name=text("name"),
        slug=text("slug"),
        description=text("description"),
        price=text("price"),
        currency=text("currency"),
        cycle=text("cycle"),
        trial_days=text("trial_days"),
        limits={limit.value: text(limit.value) for limit in Limit},
        gates=[gate.value for gate in Gate if form.get(f"gate_{gate.value}")],
    )
