"""The list behind the bell. Fetched when it opens: the bell takes these parts with ``later`` only."""

from __future__ import annotations

from typing import Any

import reflex as rx

from state.notifications import Notifications
from wapto_app.ui.badge import dot
from wapto_app.ui.button import button
from wapto_app.ui.dialog import close_dialog
from wapto_app.ui.empty import empty_state
from wapto_app.ui.i18n import t
from wapto_app.ui.link import RouteLink, link
from wapto_app.ui.notifications import notification_text
from wapto_app.ui.skeleton import skeleton_lines
from wapto_app.ui.time import relative_time

DRAWER = "notification-drawer"
_ICONS = {
    "assigned": "user-check",
    "mentioned": "at-sign",
    "scheduled_failed": "calendar-x",
    "import_ended": "file-check",
    "campaign_started": "megaphone",
    "campaign_finished": "circle-check-big",
    "campaign_stopped": "circle-pause",
    "campaign_asks": "calendar-clock",
    "template_news": "layout-template",
    "task_assigned": "list-todo",
    "task_due": "alarm-clock",
    "limit_warning": "gauge",
    "trial_ending": "hourglass",
    "trial_ended": "hourglass",
    "payment_failed": "credit-card",
    "plan_changed": "badge-check",
    "review_received": "star",
    "number_problem": "plug-zap",
}


@rx.memo(wrapper=None)
def bell_panel() -> rx.Component:
    """In a popover."""
    return _panel(in_drawer=False)


@rx.memo(wrapper=None)
def bell_drawer() -> rx.Component:
    """In the drawer of a phone."""
    return _panel(in_drawer=True)


def _panel(*, in_drawer: bool) -> rx.Component:
    read_all = button(
        t("Mark all as read"),
        size="sm",
        variant="ghost",
        on_click=Notifications.read_all,
        disabled=Notifications.unread == 0,
    )
    title = (
        rx.fragment()
        if in_drawer
        else rx.el.h2(t("Notifications"), class_name="flex-1 text-sm font-semibold")
    )
    head = rx.el.div(
        title,
        read_all,
        class_name="sticky -top-3 z-1 flex items-center justify-end gap-2 border-b bg-raised px-4 py-2",
    )
    nothing = empty_state("bell", t("Nothing new"), t("What concerns you appears here."))
    more = rx.cond(
        Notifications.has_more,
        rx.el.div(
            button(t("Show more"), size="sm", variant="ghost", on_click=Notifications.more),
            class_name="flex justify-center p-2",
        ),
        rx.fragment(),
    )
    rows = rx.el.ul(
        rx.foreach(Notifications.rows, lambda row: _row(row, in_drawer=in_drawer)),
        aria_label=t("Notifications"),
        class_name="divide-y divide-line",
    )
    body = rx.cond(
        Notifications.loaded,
        rx.cond(Notifications.rows.length() > 0, rx.fragment(rows, more), nothing),
        rx.el.div(skeleton_lines(4), class_name="p-4"),
    )
    settings = rx.el.p(
        link(t("Choose what you are told"), "/profile#notifications", **_closing(in_drawer=in_drawer)),
        class_name="border-t px-4 py-2.5 text-center text-xs",
    )
    return rx.el.div(head, body, settings)


def _closing(*, in_drawer: bool) -> dict[str, Any]:
    """Whoever goes to the thing does not want the list any more."""
    return {"on_click": close_dialog(DRAWER)} if in_drawer else {"data_close": True}


def _row(row: Any, *, in_drawer: bool) -> rx.Component:
    unread = rx.cond(
        row["read"],
        rx.fragment(),
        rx.fragment(dot("accent", class_name="mt-1.5"), rx.el.span(t("unread"), class_name="sr-only")),
    )
    weight = rx.cond(row["read"], "block text-muted", "block font-medium")
    words = rx.el.span(
        rx.el.span(notification_text(row), dir="auto", class_name=weight),
        rx.el.span(relative_time(row["at"]), class_name="mt-0.5 block text-xs text-muted"),
        class_name="min-w-0 flex-1 break-words",
    )
    parts = (_icon(row["kind"]), words, unread)
    look = "flex w-full items-start gap-3 px-4 py-3 text-start text-sm -outline-offset-2 hover:bg-hover"
    closing = _closing(in_drawer=in_drawer)
    read = Notifications.read(row["id"])
    events = [read, closing.pop("on_click")] if "on_click" in closing else read
    way = RouteLink.create(*parts, to=row["href"], on_click=events, class_name=look, **closing)
    plain = rx.el.button(*parts, type="button", on_click=read, class_name=look)
    return rx.el.li(rx.cond(row["href"] != "", way, plain), key=row["id"])


def _icon(kind: rx.Var[str]) -> rx.Component:
    def mark(name: str) -> rx.Component:
        return rx.icon(name, size=16, aria_hidden=True)

    shape = rx.match(kind, *[(name, mark(icon)) for name, icon in _ICONS.items()], mark("bell"))
    return rx.el.span(
        shape, class_name="grid size-8 flex-none place-items-center rounded-full bg-hover text-muted"
    )
