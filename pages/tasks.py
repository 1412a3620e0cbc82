"""What is to be done, by whom, by when."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.frame import frame
from pages.task_dialog import task_dialog
from state.shell import Shell
from state.tasks import TaskDialog, Tasks
from wapto_app.security.permissions import Permission
from wapto_app.ui.avatar import avatar
from wapto_app.ui.badge import status_badge
from wapto_app.ui.button import button, icon_button
from wapto_app.ui.card import card, page_body, page_header
from wapto_app.ui.dialog import confirm_dialog
from wapto_app.ui.empty import empty_state
from wapto_app.ui.form import Check
from wapto_app.ui.i18n import t
from wapto_app.ui.keys import shortcut
from wapto_app.ui.lazy import on_demand
from wapto_app.ui.link import RouteLink
from wapto_app.ui.menu import menu, menu_item, menu_separator
from wapto_app.ui.skeleton import skeleton_lines
from wapto_app.ui.tabs import Tab, tabs
from wapto_app.ui.time import due_time, exact_time

_MAY_WRITE = Shell.permissions.contains(Permission.INBOX_DO.value)


def tasks() -> rx.Component:
    views = tabs(
        Tab("mine", t("Mine"), _list(_nothing_mine())),
        Tab("all", t("All open"), _list(_nothing_open())),
        Tab("done", t("Done"), _list(_nothing_done())),
        label=t("Which tasks"),
        value=Tasks.view,
        on_change=Tasks.look,
    )
    return frame(
        t("Tasks"),
        page_body(
            page_header(
                t("Tasks"),
                rx.cond(_MAY_WRITE, _new(variant="primary"), rx.fragment()),
                description=t("What you and your colleagues have promised to do."),
            ),
            views,
            width="max-w-3xl",
        ),
        rx.cond(_MAY_WRITE, shortcut("n", TaskDialog.start(0), t("New task")), rx.fragment()),
        on_demand(TaskDialog.is_open, task_dialog),
        _delete_dialog(),
        permission=Permission.INBOX_SEE,
    )


def _new(**props: Any) -> rx.Component:
    return button(t("New task"), icon="plus", on_click=TaskDialog.start(0), **props)


def _list(empty: rx.Component) -> rx.Component:
    more = rx.cond(
        Tasks.has_more,
        rx.el.div(button(t("Show more"), on_click=Tasks.more), class_name="flex justify-center border-t p-3"),
        rx.fragment(),
    )
    rows = rx.fragment(
        rx.el.ul(rx.foreach(Tasks.rows, _task), aria_label=t("Tasks"), class_name="divide-y divide-line"),
        more,
    )
    shown = rx.cond(Tasks.rows.length() > 0, rows, empty)
    return rx.el.div(
        _undo(),
        card(
            rx.cond(Tasks.loaded, shown, rx.el.div(skeleton_lines(6), class_name="p-5")),
            class_name="overflow-hidden",
        ),
        class_name="flex flex-col gap-3",
    )


def _undo() -> rx.Component:
    bar = rx.el.div(
        rx.icon("check", size=16, class_name="flex-none text-accent-ink", aria_hidden=True),
        rx.el.p(
            t("“{title}” is done.", title=Tasks.undo_title), dir="auto", class_name="min-w-0 flex-1 truncate"
        ),
        button(t("Undo"), size="sm", variant="ghost", on_click=Tasks.set_done(Tasks.undo_id, False)),
        icon_button("x", t("Dismiss"), size=16, on_click=Tasks.forget_undo),
        class_name="flex items-center gap-2 rounded-lg bg-accent-soft py-1 ps-4 pe-1.5 text-sm",
    )
    return rx.el.div(rx.cond(Tasks.undo_id > 0, bar, rx.fragment()), role="status", class_name="empty:hidden")


def _nothing_mine() -> rx.Component:
    return empty_state(
        "list-todo",
        t("Nothing to do"),
        t("What is given to you, or what you note for yourself, appears here."),
        rx.cond(_MAY_WRITE, _new(), rx.fragment()),
    )


def _nothing_open() -> rx.Component:
    return empty_state("list-todo", t("No open tasks"), t("Everything is done."))


def _nothing_done() -> rx.Component:
    return empty_state("list-checks", t("Nothing done yet"), t("What is ticked off appears here."))


def _task(row: Any) -> rx.Component:
    done = row["done_at"] != ""
    box = rx.el.label(
        Check.create(
            checked=done,
            disabled=~_MAY_WRITE,
            on_change=lambda wanted: Tasks.set_done(row["id"], wanted),
            class_name="check size-4.5 rounded-full",
            custom_attrs={"aria-label": t("Done: {title}", title=row["title"])},
        ),
        class_name="-ms-2 grid size-10 flex-none place-items-center",
    )
    title = rx.el.button(
        row["title"],
        type="button",
        dir="auto",
        on_click=TaskDialog.edit(row["id"]),
        class_name=rx.cond(
            done,
            "max-w-full rounded text-start break-words text-muted line-through hover:underline",
            "max-w-full rounded text-start font-medium break-words hover:underline underline-offset-2",
        ),
    )
    return rx.el.li(
        box,
        rx.el.div(title, _about(row), class_name="min-w-0 flex-1 py-2.5 text-sm"),
        _menu(row),
        key=row["id"],
        class_name="flex items-start gap-1 px-4 py-1 hover:bg-hover",
    )


def _about(row: Any) -> rx.Component:
    done = row["done_at"] != ""
    when = rx.cond(
        done,
        rx.el.span(t("Done"), " ", exact_time(row["done_at"])),
        rx.cond(row["due_at"] != "", due_time(row["due_at"]), rx.fragment()),
    )
    customer = RouteLink.create(
        rx.icon("message-square", size=13, aria_hidden=True),
        rx.el.span(row["customer"], dir="auto", class_name="truncate"),
        to="/inbox/" + row["conversation_id"].to(int).to_string(),
        class_name="inline-flex min-w-0 items-center gap-1 rounded hover:text-ink hover:underline",
    )
    person = rx.el.span(
        avatar(row["assignee"], size=16),
        rx.el.span(row["assignee"], class_name="truncate"),
        class_name="inline-flex min-w-0 items-center gap-1.5",
    )
    note = rx.el.p(row["note"], dir="auto", class_name="mt-1 line-clamp-2 text-xs break-words text-muted")
    return rx.fragment(
        rx.el.div(
            when,
            rx.cond(done, rx.fragment(), _priority(row["priority"])),
            rx.cond(row["conversation_id"].to(int) > 0, customer, rx.fragment()),
            rx.cond(
                row["assignee_id"].to(int) > 0, rx.cond(row["mine"], rx.fragment(), person), t("Nobody yet")
            ),
            class_name="mt-1 flex max-w-full flex-wrap items-center gap-x-3 gap-y-1 text-xs text-muted empty:hidden",
        ),
        rx.cond(row["note"] != "", note, rx.fragment()),
    )


def _priority(value: rx.Var[str]) -> rx.Component:
    loud = status_badge(
        value,
        {"urgent": (t("Urgent"), "danger"), "high": (t("High"), "warning"), "low": (t("Low"), "neutral")},
    )
    return rx.cond(value == "normal", rx.fragment(), loud)


def _menu(row: Any) -> rx.Component:
    delete = rx.fragment(
        menu_separator(),
        menu_item(
            t("Delete"), icon="trash-2", danger=True, on_click=Tasks.ask_to_delete(row["id"], row["title"])
        ),
    )
    shown = menu(
        icon_button("ellipsis", t("Actions for {name}", name=row["title"])),
        menu_item(t("Edit"), icon="pencil", on_click=TaskDialog.edit(row["id"])),
        rx.cond(row["may_delete"], delete, rx.fragment()),
        label=t("Actions for {name}", name=row["title"]),
        align="end",
    )
    return rx.cond(_MAY_WRITE, rx.el.div(shown, class_name="flex-none py-1"), rx.fragment())


def _delete_dialog() -> rx.Component:
    return confirm_dialog(
        title=t("Delete “{title}”?", title=Tasks.leaving_title),
        text=t("It is gone for everybody. Mark it as done to keep it."),
        confirm=t("Delete task"),
        on_confirm=Tasks.delete(Tasks.leaving_id),
        open=Tasks.leaving_id > 0,
        on_close=Tasks.do_not_delete,
    )
