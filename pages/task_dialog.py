"""The dialog in which a task is made or changed."""

from __future__ import annotations

import reflex as rx

from state.base import Feedback
from state.shell import Shell
from state.tasks import TaskDialog
from wapto_app.security.permissions import Permission
from wapto_app.ui.button import button
from wapto_app.ui.dialog import dialog
from wapto_app.ui.form import (
    form,
    form_actions,
    moment_field,
    select_field,
    submit_button,
    text_field,
    textarea_field,
)
from wapto_app.ui.i18n import t

PRIORITIES = (
    ("low", t("Low")),
    ("normal", t("Normal")),
    ("high", t("High")),
    ("urgent", t("Urgent")),
)


@rx.memo(wrapper=None)
def task_dialog() -> rx.Component:
    """Belongs onto every page that opens it with ``TaskDialog.start`` or ``edit``.

    Fetched when it is wanted: ``on_demand(TaskDialog.is_open, task_dialog)``.
    """
    about = rx.cond(TaskDialog.customer != "", t("For {name}", name=TaskDialog.customer), "")
    return dialog(
        _form(),
        title=rx.cond(TaskDialog.task_id > 0, t("Task"), t("New task")),
        description=about,
        open=TaskDialog.is_open,
        on_close=TaskDialog.close,
    )


def _form() -> rx.Component:
    errors = Feedback.errors
    may_write = Shell.permissions.contains(Permission.INBOX_DO.value)
    return form(
        text_field(
            "title",
            t("What is to be done"),
            id="task-title",
            default_value=TaskDialog.title,
            max_length=200,
            auto_complete="off",
            custom_attrs={"data-autofocus": "true"},
            errors=errors,
        ),
        rx.el.div(
            moment_field(
                "due_at", t("Due"), id="task-due", value=TaskDialog.due_at, optional=True, errors=errors
            ),
            select_field(
                "priority",
                t("Priority"),
                PRIORITIES,
                id="task-priority",
                default_value=TaskDialog.priority,
                errors=errors,
            ),
            class_name="grid gap-5 sm:grid-cols-2",
        ),
        select_field(
            "assignee_id",
            t("Who does it"),
            TaskDialog.people,
            id="task-assignee",
            placeholder=t("Nobody yet"),
            default_value=TaskDialog.assignee_id,
            optional=True,
            errors=errors,
        ),
        textarea_field(
            "note",
            t("Note"),
            id="task-note",
            default_value=TaskDialog.note,
            max_length=5000,
            optional=True,
            errors=errors,
        ),
        form_actions(
            button(t("Cancel"), on_click=TaskDialog.close),
            rx.cond(may_write, submit_button(t("Save task")), rx.fragment()),
        ),
        on_submit=TaskDialog.save,
    )
