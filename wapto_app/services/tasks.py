"""Tasks: what somebody has to do, by when, for which customer.

Owners see all of them, an agent those that are theirs or that they made. The customer is named only to who may see the
conversation.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, TypedDict

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from typing_extensions import TypedDict as FormDict  # what pydantic validates, below Python 3.12

from integrations.whatsapp.webhooks.decoding import clean_text
from wapto_app.clock import utcnow
from wapto_app.db import fetch, touch
from wapto_app.models import Account, Contact, Conversation, NotificationKind, Role, Task, TaskPriority
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import audit, notifications
from wapto_app.services.contacts import shown_name
from wapto_app.services.errors import Invalid, NotFound
from wapto_app.services.inbox.conversations import phone_column
from wapto_app.services.masking import Mask, mask_in, mask_of, masks
from wapto_app.services.visibility import readable

TOPIC = "tasks"
PAGE = 50
MOST = 500
TITLE_MAX = 200
NOTE_MAX = 5_000
_REMINDED_AT_ONCE = 200
_FARTHEST = timedelta(days=3660)
# Spelled exactly as in the partial indexes, or SQLite does not use them.
_OPEN = sa.text("task.done_at IS NULL")
_DONE = sa.text("task.done_at IS NOT NULL")
_TO_REMIND = sa.text("task.done_at IS NULL AND task.reminded_at IS NULL")
_Assignee = aliased(Account)
_Creator = aliased(Account)


class TaskRow(TypedDict):
    """One task. Times are ISO 8601 in UTC, or empty. ``customer`` is empty for who may not see the conversation."""

    id: int
    title: str
    note: str
    priority: str
    due_at: str
    done_at: str
    assignee_id: int
    assignee: str
    creator: str
    conversation_id: int
    customer: str
    mine: bool
    may_delete: bool


class TaskForm(FormDict):
    """What the form sends: ``due_at`` is ISO 8601 with its offset or empty, ``assignee_id`` a number or empty."""

    title: str
    note: str
    priority: str
    due_at: str
    assignee_id: str


class PersonOption(TypedDict):
    """Somebody who can be given a task, as an option of a list."""

    value: str
    label: str


async def listing(session: AsyncSession, actor: Actor, view: str, *, limit: int = PAGE) -> list[TaskRow]:
    """The open tasks of the actor ("mine"), all that they may see ("all"), or the done ones, newest first ("done")."""
    actor.require(Permission.INBOX_SEE)
    query = _rows(actor)
    if view == "done":
        query = query.where(_DONE).order_by(col(Task.done_at).desc(), col(Task.id).desc())
    else:
        query = query.where(_OPEN).order_by(col(Task.due_at).is_(None), col(Task.due_at), col(Task.id))
    if view == "mine":
        query = query.where(col(Task.assignee_id) == actor.account_id)
    found = await fetch(session, query.limit(min(limit, MOST)))
    hidden = await masks(session, actor, [row.contact_id for row in found if row.contact_id])
    return [_row(actor, hidden.of(row.contact_id or 0), row) for row in found]


async def of_conversation(session: AsyncSession, actor: Actor, conversation_id: int) -> list[TaskRow]:
    """What is to be done about a customer, then what was done; at most ``PAGE``."""
    actor.require(Permission.INBOX_SEE)
    query = _rows(actor).where(col(Task.conversation_id) == conversation_id)
    order = (
        col(Task.done_at).is_not(None),
        col(Task.due_at).is_(None),
        col(Task.due_at),
        col(Task.id),
    )
    found = await fetch(session, query.order_by(*order).limit(PAGE))
    hidden = await masks(session, actor, [row.contact_id for row in found if row.contact_id])
    return [_row(actor, hidden.of(row.contact_id or 0), row) for row in found]


async def of_contact(session: AsyncSession, actor: Actor, contact_id: int) -> list[TaskRow]:
    """The open tasks about a customer, in conversations that the actor may see."""
    actor.require(Permission.INBOX_SEE)
    query = _rows(actor).where(_OPEN, col(Conversation.contact_id) == contact_id)
    found = await fetch(session, query.order_by(col(Task.due_at).is_(None), col(Task.due_at)).limit(PAGE))
    mask = await mask_of(session, actor, contact_id)
    return [_row(actor, mask, row) for row in found]


async def get(session: AsyncSession, actor: Actor, task_id: int) -> TaskRow:
    """One task. Raises NotFound for what is not there or not for the actor."""
    actor.require(Permission.INBOX_SEE)
    found = await fetch(session, _rows(actor).where(col(Task.id) == task_id))
    if not found:
        raise NotFound("task")
    return _row(actor, await mask_of(session, actor, found[0].contact_id or 0), found[0])


async def people(session: AsyncSession, actor: Actor) -> list[PersonOption]:
    """Who can be given a task."""
    actor.require(Permission.INBOX_SEE)
    found = await session.exec(
        select(Account.id, Account.name)
        .where(col(Account.is_active).is_(True), col(Account.role) != Role.OPERATOR)
        .order_by(sa.func.lower(Account.name), col(Account.id))
        .limit(MOST)
    )
    return [PersonOption(value=str(account_id), label=name) for account_id, name in found]


async def customer_of(session: AsyncSession, actor: Actor, conversation_id: int) -> str:
    """The customer that a new task would be about. Raises NotFound for what the actor may not see."""
    actor.require(Permission.INBOX_SEE)
    query: sa.Select[Any] = (
        sa.select(*_names())
        .select_from(Conversation)
        .join(Contact, col(Contact.id) == col(Conversation.contact_id))
        .where(col(Conversation.id) == conversation_id, readable(actor))
    )
    found = await fetch(session, query)
    if not found:
        raise NotFound("conversation")
    return _customer(await mask_of(session, actor, found[0].contact_id), found[0])


async def create(
    session: AsyncSession, actor: Actor, form: TaskForm, conversation_id: int | None = None
) -> int:
    """Make a task, perhaps about a conversation; whoever it is given to is told.

    Raises:
        Invalid: naming the field.
        NotFound: for a conversation that the actor may not see.
    """
    actor.require(Permission.INBOX_DO)
    if conversation_id is not None:
        await customer_of(session, actor, conversation_id)
    task = Task(title="", creator_id=actor.account_id, conversation_id=conversation_id)
    await _fill(session, task, form, Mask(hides=False))
    session.add(task)
    await session.flush()
    await _tell_assignee(session, actor, task)
    touch(session, TOPIC)
    return task.id or 0


async def update(session: AsyncSession, actor: Actor, task_id: int, form: TaskForm) -> None:
    """Change a task; a new person is told, and a new date is reminded of anew.

    Raises:
        Invalid: naming the field.
        NotFound: for what is not there or not for the actor.
    """
    actor.require(Permission.INBOX_DO)
    task = await _own(session, actor, task_id)
    person, due_at = task.assignee_id, task.due_at
    mask = await mask_in(session, actor, task.conversation_id or 0)
    await _fill(session, task, form, mask)
    if task.due_at != due_at:
        task.reminded_at = None
    session.add(task)
    if task.assignee_id != person:
        await _tell_assignee(session, actor, task)
    touch(session, TOPIC)


async def set_done(session: AsyncSession, actor: Actor, task_id: int, *, done: bool) -> str:
    """Tick it off, or take that back; its title. Raises NotFound."""
    actor.require(Permission.INBOX_DO)
    task = await _own(session, actor, task_id)
    task.done_at = (task.done_at or utcnow()) if done else None
    session.add(task)
    touch(session, TOPIC)
    return (await mask_in(session, actor, task.conversation_id or 0)).every(task.title)


async def delete(session: AsyncSession, actor: Actor, task_id: int) -> str:
    """Remove a task for good; its title. Owners may, and whoever made it.

    Raises:
        NotFound: for what is not there or not for the actor.
        Invalid: when somebody else made it.
    """
    actor.require(Permission.INBOX_DO)
    task = await _own(session, actor, task_id)
    if not _may_delete(actor, task.creator_id):
        raise Invalid("", "Only an owner, or who made a task, can delete it. Mark it as done instead.")
    await session.delete(task)
    audit.record(session, actor, "task.deleted", f"task:{task_id}")
    touch(session, TOPIC)
    return (await mask_in(session, actor, task.conversation_id or 0)).every(task.title)


async def any_to_remind(session: AsyncSession) -> bool:
    """Whether something has become due: asked often, and nearly always not."""
    due = sa.select(col(Task.id)).where(_TO_REMIND, col(Task.due_at) <= utcnow()).limit(1)
    return bool(await fetch(session, due))


async def remind(session: AsyncSession) -> int:
    """Tell people what has become due, once each; how many tasks. A tick: it bears being missed and doubled."""
    due = sa.select(col(Task.id)).where(_TO_REMIND, col(Task.due_at) <= utcnow()).limit(_REMINDED_AT_ONCE)
    reminded = await session.exec(
        sa.update(Task)
        .where(col(Task.id).in_(due), col(Task.reminded_at).is_(None))
        .values(reminded_at=utcnow())
        .returning(
            col(Task.id),
            col(Task.title),
            col(Task.due_at),
            col(Task.conversation_id),
            sa.func.coalesce(col(Task.assignee_id), col(Task.creator_id)).label("person"),
        )
        .execution_options(synchronize_session=False)
    )
    rows = reminded.all()
    for task_id, title, due_at, conversation_id, person in rows:
        await notifications.notify(
            session,
            [person],
            NotificationKind.TASK_DUE,
            href=f"/tasks?task={task_id}",
            key=f"task:{task_id}:due:{due_at:%Y-%m-%dT%H:%M}",
            conversation_id=conversation_id,
            title=title,
        )
    if rows:
        touch(session, TOPIC)
    return len(rows)


def _sees_all(actor: Actor) -> bool:
    return actor.role is not Role.AGENT


def _may_delete(actor: Actor, creator_id: int | None) -> bool:
    return _sees_all(actor) or creator_id == actor.account_id


def _theirs(actor: Actor) -> sa.ColumnElement[bool]:
    """The mandatory filter of tasks."""
    if _sees_all(actor):
        return sa.true()
    return sa.or_(col(Task.assignee_id) == actor.account_id, col(Task.creator_id) == actor.account_id)


def _rows(actor: Actor) -> sa.Select[Any]:
    t = Task
    columns: list[Any] = [
        *(col(column) for column in (t.id, t.title, t.note, t.priority, t.due_at, t.done_at)),
        *(col(column) for column in (t.assignee_id, t.creator_id)),
        _Assignee.name.label("assignee"),  # type: ignore[attr-defined]
        _Creator.name.label("creator"),  # type: ignore[attr-defined]
        col(Conversation.id).label("visible_id"),
        *_names(),
    ]
    visible = sa.and_(col(Conversation.id) == col(t.conversation_id), readable(actor))
    return (
        sa.select(*columns)
        .select_from(t)
        .outerjoin(_Assignee, col(_Assignee.id) == col(t.assignee_id))
        .outerjoin(_Creator, col(_Creator.id) == col(t.creator_id))
        .outerjoin(Conversation, visible)
        .outerjoin(Contact, col(Contact.id) == col(Conversation.contact_id))
        .where(_theirs(actor))
    )


def _names() -> list[Any]:
    return [
        col(Contact.id).label("contact_id"),
        col(Contact.name).label("contact_name"),
        col(Contact.profile_name),
        col(Contact.username),
        phone_column().label("phone"),
    ]


def _row(actor: Actor, mask: Mask, row: Any) -> TaskRow:
    return TaskRow(
        id=row.id,
        title=mask.every(row.title),
        note=mask.every(row.note),
        priority=row.priority.value,
        due_at=row.due_at.isoformat() if row.due_at else "",
        done_at=row.done_at.isoformat() if row.done_at else "",
        assignee_id=row.assignee_id or 0,
        assignee=row.assignee or "",
        creator=row.creator or "",
        conversation_id=row.visible_id or 0,
        customer=_customer(mask, row) if row.visible_id else "",
        mine=row.assignee_id == actor.account_id,
        may_delete=_may_delete(actor, row.creator_id),
    )


def _customer(mask: Mask, row: Any) -> str:
    names = mask.note(row.contact_name), mask.text(row.profile_name), mask.text(row.username)
    return shown_name(*names, mask.phone(row.phone))


async def _own(session: AsyncSession, actor: Actor, task_id: int) -> Task:
    query = select(Task).where(Task.id == task_id, _theirs(actor)).with_for_update()
    task = (await session.exec(query)).first()
    if task is None:
        raise NotFound("task")
    return task


async def _fill(session: AsyncSession, task: Task, form: TaskForm, mask: Mask) -> None:
    """``mask`` is what hid numbers from whoever filled the form: what they did not see stays."""
    title = mask.every_restored(" ".join(clean_text(form["title"]).split()), task.title)
    note = mask.every_restored(clean_text(form["note"]).strip(), task.note)
    if not title:
        raise Invalid("title", "Say in a few words what is to be done.")
    if len(title) > TITLE_MAX:
        raise Invalid("title", f"A title has at most {TITLE_MAX} characters.")
    if len(note) > NOTE_MAX:
        raise Invalid("note", f"A note has at most {NOTE_MAX:,} characters.")
    if form["priority"] not in tuple(TaskPriority):
        raise Invalid("priority", "Choose a priority from the list.")
    task.title, task.note, task.priority = title, note, TaskPriority(form["priority"])
    task.due_at = _due(form["due_at"])
    task.assignee_id = await _assignee(session, task, form["assignee_id"])


def _due(text: str) -> datetime | None:
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Invalid("due_at", "Write a date and a time, or leave it empty.") from None
    if abs(at - utcnow()) > _FARTHEST:
        raise Invalid("due_at", "Choose a date within the next ten years.")
    return at.replace(second=0, microsecond=0)


async def _assignee(session: AsyncSession, task: Task, text: str) -> int | None:
    """Somebody who can be given a task; whoever has it already may keep it."""
    if not text:
        return None
    wanted = int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
    if task.assignee_id is not None and wanted == task.assignee_id:
        return wanted
    found = await session.exec(
        select(Account.id).where(
            Account.id == wanted, col(Account.is_active).is_(True), col(Account.role) != Role.OPERATOR
        )
    )
    if found.first() is None:
        raise Invalid("assignee_id", "This person cannot be given a task. Choose somebody else.")
    return wanted


async def _tell_assignee(session: AsyncSession, actor: Actor, task: Task) -> None:
    if task.assignee_id in (None, actor.account_id):
        return
    await notifications.notify(
        session,
        [task.assignee_id],
        NotificationKind.TASK_ASSIGNED,
        href=f"/tasks?task={task.id}",
        conversation_id=task.conversation_id,
        by=actor.name,
        title=task.title,
    )
