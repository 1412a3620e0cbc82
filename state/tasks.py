"""The list of tasks, and the dialog in which one is made or changed, from there and from a conversation."""

from __future__ import annotations

from typing import Any

import reflex as rx
from reflex.event import EventSpec

from state.base import Feedback, actor_of, success, watch
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services import tasks
from wapto_app.services.tasks import PersonOption, TaskForm, TaskRow

VIEWS = ("mine", "all", "done")
_NUMBER_LENGTH = 9


class Tasks(rx.State):
    """``undo_id`` is what was ticked off last: one press takes that back."""

    view: str = "mine"
    rows: list[TaskRow] = []
    has_more: bool = False
    loaded: bool = False
    undo_id: int = 0
    undo_title: str = ""
    leaving_id: int = 0
    leaving_title: str = ""
    _limit: int = tasks.PAGE

    @rx.event
    @requires(Permission.INBOX_SEE)
    async def load(self) -> EventSpec | None:
        watch(self, Tasks.changed, [tasks.TOPIC])
        self.undo_id, self.undo_title = 0, ""
        self.leaving_id, self.leaving_title = 0, ""
        (await self.get_state(TaskDialog)).is_open = False
        await self._show()
        wanted = self.router.url.query_parameters.get("task", "")
        is_number = wanted.isascii() and wanted.isdecimal() and len(wanted) <= _NUMBER_LENGTH
        return TaskDialog.edit(int(wanted)) if is_number else None

    @rx.event
    @requires(Permission.INBOX_SEE)
    async def changed(self) -> None:
        await self._show()

    @rx.event
    @requires(Permission.INBOX_SEE)
    async def look(self, view: str) -> None:
        self.view, self._limit = view if view in VIEWS else "mine", tasks.PAGE
        self.undo_id, self.undo_title = 0, ""
        await self._show()

    @rx.event
    @requires(Permission.INBOX_SEE)
    async def more(self) -> None:
        if self.has_more:
            self._limit += tasks.PAGE
            await self._show()

    @rx.event
    @requires(Permission.INBOX_DO)
    async def set_done(self, task_id: int, done: bool) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            title = await tasks.set_done(session, actor, task_id, done=done)
        self.undo_id, self.undo_title = (task_id, title) if done else (0, "")
        await self._show()

    @rx.event
    @requires(Permission.INBOX_SEE)
    async def forget_undo(self) -> None:
        self.undo_id, self.undo_title = 0, ""

    @rx.event
    @requires(Permission.INBOX_DO)
    async def ask_to_delete(self, task_id: int, title: str) -> None:
        self.leaving_id, self.leaving_title = task_id, title

    @rx.event
    @requires(Permission.INBOX_DO)
    async def do_not_delete(self) -> None:
        self.leaving_id, self.leaving_title = 0, ""

    @rx.event
    @requires(Permission.INBOX_DO)
    async def delete(self, task_id: int) -> EventSpec:
        self.leaving_id, self.leaving_title = 0, ""
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            title = await tasks.delete(session, actor, task_id)
        return success(f"“{title}” is deleted.")

    async def _show(self) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            rows = await tasks.listing(session, actor, self.view, limit=self._limit + 1)
        self.has_more = len(rows) > self._limit
        self.rows, self.loaded = rows[: self._limit], True


class TaskDialog(rx.State):
    """``task_id`` is 0 for a new one. Whoever may not change tasks only reads it."""

    is_open: bool = False
    task_id: int = 0
    title: str = ""
    note: str = ""
    priority: str = "normal"
    due_at: str = ""
    assignee_id: str = ""
    customer: str = ""
    people: list[PersonOption] = []
    _conversation_id: int | None = None

    @rx.event
    @requires(Permission.INBOX_DO)
    async def start(self, conversation_id: int) -> EventSpec:
        """A new task for oneself; 0 when it is about no conversation."""
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            self.people = await tasks.people(session, actor)
            self.customer = (
                await tasks.customer_of(session, actor, conversation_id) if conversation_id else ""
            )
        self._conversation_id = conversation_id or None
        self.task_id, self.title, self.note, self.priority, self.due_at = 0, "", "", "normal", ""
        self.assignee_id, self.is_open = str(actor.account_id), True
        return Feedback.clear()

    @rx.event
    @requires(Permission.INBOX_SEE)
    async def edit(self, task_id: int) -> EventSpec:
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            task = await tasks.get(session, actor, task_id)
            self.people = await tasks.people(session, actor)
        self.task_id, self.title, self.note = task_id, task["title"], task["note"]
        self.priority, self.due_at, self.customer = task["priority"], task["due_at"], task["customer"]
        self.assignee_id = str(task["assignee_id"] or "")
        self._offer(self.assignee_id, task["assignee"])
        self._conversation_id, self.is_open = None, True
        return Feedback.clear()

    @rx.event
    @requires(Permission.INBOX_SEE)
    async def close(self) -> None:
        self.is_open = False

    @rx.event
    @requires(Permission.INBOX_DO)
    async def save(self, form: TaskForm) -> Any:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            if self.task_id:
                await tasks.update(session, actor, self.task_id, form)
            else:
                await tasks.create(session, actor, form, self._conversation_id)
        self.is_open = False
        title = " ".join(form["title"].split())
        return [Feedback.clear(), success(f"“{title}” is saved.")]

    def _offer(self, value: str, name: str) -> None:
        """Whoever has it stays in the list, also when nothing new can be given to them."""
        if value and value not in [each["value"] for each in self.people]:
            self.people = [*self.people, PersonOption(value=value, label=name)]
