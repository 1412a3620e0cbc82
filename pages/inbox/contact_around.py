"""What is folded in the contact panel: files, other conversations, tasks, events."""

from __future__ import annotations

from typing import Any

import reflex as rx

from state.inbox import OpenConversation
from state.inbox.around import Around
from state.shell import Shell
from state.tasks import TaskDialog
from wapto_app.security.permissions import Permission
from wapto_app.ui.badge import badge
from wapto_app.ui.button import button
from wapto_app.ui.i18n import t
from wapto_app.ui.link import RouteLink
from wapto_app.ui.panel import fold, gallery, timeline
from wapto_app.ui.time import due_time, relative_time

_ROW = "-mx-2 block w-[calc(100%+1rem)] rounded-md px-2 py-1.5 text-start hover:bg-hover"


def around() -> rx.Component:
    subject = OpenConversation.selected
    return rx.fragment(
        fold(
            "files",
            t("Media and files"),
            gallery(
                kind=Around.kind,
                items=Around.files,
                page=Around.page,
                more=Around.more_files,
                on_kind=Around.show_files,
                on_more=Around.next_files,
            ),
            subject=subject,
            on_open=Around.show_files("media"),
        ),
        fold(
            "others",
            t("Other conversations"),
            _listed(Around.others, _conversation, t("None on other numbers.")),
            subject=subject,
            on_open=Around.show_others,
        ),
        fold("tasks", t("Tasks"), _tasks(), subject=subject, on_open=Around.show_tasks),
        fold(
            "events",
            t("What happened"),
            timeline(rows=Around.events),
            subject=subject,
            on_open=Around.show_events,
        ),
    )


def _listed(rows: Any, row: Any, nothing: rx.Var[str]) -> rx.Component:
    return rx.cond(
        rows.length() > 0,
        rx.el.ul(rx.foreach(rows, row), class_name="flex flex-col"),
        rx.el.p(nothing, class_name="text-muted"),
    )


def _conversation(row: Any) -> rx.Component:
    return rx.el.li(
        RouteLink.create(
            rx.el.span(
                rx.el.bdi(row["channel"], class_name="min-w-0 flex-1 truncate font-medium"),
                relative_time(row["last_at"], class_name="flex-none text-xs text-muted"),
                class_name="flex items-baseline gap-2",
            ),
            rx.el.bdi(row["preview"], class_name="block truncate text-xs text-muted"),
            to="/inbox/" + row["id"].to_string(),
            class_name=_ROW,
        ),
        key=row["id"].to_string(),
    )


def _tasks() -> rx.Component:
    may_write = Shell.permissions.contains(Permission.INBOX_DO.value)
    add = button(
        t("New task"),
        icon="list-todo",
        size="sm",
        variant="ghost",
        on_click=TaskDialog.start(OpenConversation.header["id"]),
        class_name="mt-1",
    )
    return rx.fragment(
        _listed(Around.tasks, _task, t("Nothing to do.")), rx.cond(may_write, add, rx.fragment())
    )


def _task(row: Any) -> rx.Component:
    is_done = row["done_at"] != ""
    return rx.el.li(
        rx.el.button(
            rx.el.span(
                row["title"],
                dir="auto",
                class_name=rx.cond(is_done, "block break-words text-muted line-through", "block break-words"),
            ),
            rx.el.span(
                rx.cond(
                    is_done,
                    badge(t("Done")),
                    rx.cond(row["due_at"] != "", due_time(row["due_at"]), rx.fragment()),
                ),
                rx.cond(row["assignee"] != "", rx.el.bdi(row["assignee"]), rx.fragment()),
                class_name="flex items-center gap-2 text-xs text-muted",
            ),
            type="button",
            on_click=TaskDialog.edit(row["id"]),
            class_name=_ROW,
        ),
        key=row["id"].to_string(),
    )
