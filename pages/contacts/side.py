"""The right column of a contact's page: tags, consent, conversations, tasks, timeline."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.contacts.timeline import timeline
from pages.contacts.words import MAY_WRITE, opt_badge
from pages.tag_parts import tag_chips, tag_picker
from state.contacts import ContactPage
from wapto_app.ui.badge import status_badge
from wapto_app.ui.button import button
from wapto_app.ui.card import section, stack
from wapto_app.ui.form import switch
from wapto_app.ui.i18n import t
from wapto_app.ui.link import RouteLink
from wapto_app.ui.time import due_time, exact_time, relative_time

_WHO = ContactPage.who


def side() -> rx.Component:
    talks = ContactPage.conversations.length() > 0
    todo = ContactPage.tasks.length() > 0
    return stack(
        _tags(),
        _consent(),
        rx.cond(talks, _conversations(), rx.fragment()),
        rx.cond(todo, _tasks(), rx.fragment()),
        section(t("Timeline"), timeline()),
    )


def _tags() -> rx.Component:
    none = rx.el.p(t("No tags"), class_name="text-sm text-muted")
    picker = tag_picker(
        button(t("Tags"), icon="tag", size="sm"),
        chosen=ContactPage.tag_ids,
        on_toggle=ContactPage.tag,
        on_create=ContactPage.create_tag,
        align="end",
    )
    chips = rx.cond(
        MAY_WRITE,
        tag_chips(ContactPage.tags, on_remove=lambda tag_id: ContactPage.tag(tag_id, False)),
        tag_chips(ContactPage.tags),
    )
    return section(
        t("Tags"),
        rx.cond(ContactPage.tags.length() > 0, chips, none),
        action=rx.cond(MAY_WRITE, picker, rx.fragment()),
    )


def _consent() -> rx.Component:
    since = rx.cond(
        _WHO["opt_at"] != "",
        rx.el.p(
            t("Since"),
            " ",
            exact_time(_WHO["opt_at"]),
            rx.cond(_WHO["opt_by"] != "", rx.el.span(" · ", _WHO["opt_by"], dir="auto"), rx.fragment()),
            class_name="mt-2 text-xs text-muted",
        ),
        rx.fragment(),
    )
    toggle = switch(
        "opt-in",
        t("Gets messages"),
        help=t("Off: nothing is sent to them, by nobody and no campaign."),
        checked=_WHO["opt"] != "out",
        disabled=~MAY_WRITE,
        on_change=ContactPage.opt,
    )
    resume = rx.cond(
        MAY_WRITE & (_WHO["opt"] == "marketing"),
        button(t("They want marketing again"), size="sm", on_click=ContactPage.opt(True), class_name="mt-3"),
        rx.fragment(),
    )
    stopped = rx.cond(
        _WHO["opt"] == "marketing", rx.el.div(opt_badge(_WHO["opt"]), class_name="mt-3"), rx.fragment()
    )
    return section(t("Opt-in"), toggle, stopped, since, resume)


def _conversations() -> rx.Component:
    return section(
        t("Conversations"),
        rx.el.ul(rx.foreach(ContactPage.conversations, _conversation), class_name="-mx-2 flex flex-col"),
    )


def _conversation(row: Any) -> rx.Component:
    state = status_badge(
        row["status"],
        {
            "open": (t("Open"), "accent"),
            "pending": (t("Pending"), "warning"),
            "snoozed": (t("Snoozed"), "info"),
            "resolved": (t("Resolved"), "neutral"),
        },
    )
    about = rx.el.span(
        row["channel"],
        rx.cond(row["assignee"] != "", rx.el.span(" · ", row["assignee"]), rx.fragment()),
        dir="auto",
        class_name="min-w-0 flex-1 truncate text-xs text-muted",
    )
    return rx.el.li(
        RouteLink.create(
            rx.el.span(
                rx.el.span(row["preview"], dir="auto", class_name="min-w-0 flex-1 truncate text-sm"),
                relative_time(row["last_at"], class_name="flex-none text-xs text-muted"),
                class_name="flex items-center gap-3",
            ),
            rx.el.span(about, state, class_name="mt-1 flex items-center gap-3"),
            to="/inbox/" + row["id"].to(int).to_string(),
            class_name="block rounded-md p-2 hover:bg-hover",
        ),
        key=row["id"],
    )


def _tasks() -> rx.Component:
    def line(row: Any) -> rx.Component:
        due = rx.cond(
            row["due_at"] != "", due_time(row["due_at"], class_name="text-xs text-muted"), rx.fragment()
        )
        return rx.el.li(
            RouteLink.create(
                rx.el.span(row["title"], dir="auto", class_name="min-w-0 flex-1 truncate text-sm"),
                due,
                to="/tasks?task=" + row["id"].to(int).to_string(),
                class_name="flex items-center gap-3 rounded-md p-2 hover:bg-hover",
            ),
            key=row["id"],
        )

    return section(
        t("Tasks"), rx.el.ul(rx.foreach(ContactPage.tasks, line), class_name="-mx-2 flex flex-col")
    )
