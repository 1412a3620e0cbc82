"""The right panel: who the customer is."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.inbox.assignee import assignee_menu
from pages.inbox.contact_around import around
from pages.source_words import source_words
from pages.tag_parts import tag_chips, tag_picker
from state.base import Feedback
from state.inbox import ContactPanel, OpenConversation
from state.shell import Shell
from wapto_app.security.permissions import Permission
from wapto_app.ui.avatar import avatar
from wapto_app.ui.badge import badge
from wapto_app.ui.button import button, icon_button
from wapto_app.ui.copy import copy_button
from wapto_app.ui.form import switch
from wapto_app.ui.i18n import t
from wapto_app.ui.link import RouteLink
from wapto_app.ui.panel import fold, inline_edit
from wapto_app.ui.time import exact_time
from wapto_app.ui.tokens import classes

_MAY_EDIT = Shell.permissions.contains(Permission.CONTACTS_DO.value)


@rx.memo(wrapper=None)
def contact_panel() -> rx.Component:
    """Beside the thread on wide screens, over it on others."""
    return rx.cond(
        (OpenConversation.header["id"] > 0) & (ContactPanel.card["id"] > 0),
        rx.el.aside(
            _head(),
            rx.el.div(
                _who(),
                _desk(),
                _tags(),
                _details(),
                _fields(),
                _notes(),
                _consent(),
                around(),
                # Another contact starts with its own values; a live change of this one must not take what is typed.
                key=ContactPanel.card["id"].to_string(),
                class_name="scroll-thin min-h-0 flex-1 overflow-y-auto pb-6",
            ),
            aria_label=t("Contact"),
            class_name=classes(
                "min-h-0 w-80 flex-none flex-col border-s bg-surface xl:static xl:flex xl:shadow-none "
                "max-xl:absolute max-xl:inset-y-0 max-xl:end-0 max-xl:z-10 max-xl:shadow-dialog max-sm:w-full",
                rx.cond(ContactPanel.shown, "flex", "max-xl:hidden"),
            ),
        ),
        rx.fragment(),
    )


def _head() -> rx.Component:
    page = RouteLink.create(
        t("Open the contact"),
        to="/contacts/" + ContactPanel.card["id"].to_string(),
        class_name="text-xs text-accent-ink underline-offset-2 hover:underline",
    )
    return rx.el.header(
        rx.el.h2(t("Contact"), class_name="flex-1 text-sm font-semibold"),
        page,
        icon_button(
            "x", t("Close contact details"), on_click=ContactPanel.show(False), class_name="xl:hidden"
        ),
        class_name="flex h-13 flex-none items-center gap-2 border-b px-5",
    )


def _who() -> rx.Component:
    card = ContactPanel.card
    numbers = rx.foreach(
        ContactPanel.numbers,
        lambda row: rx.el.p(
            rx.el.bdi(row["value"], class_name="tabular-nums"),
            copy_button(row["value"], label=t("Phone number")),
            key=row["id"].to_string(),
            class_name="flex items-center gap-1 text-sm text-muted",
        ),
    )
    username = rx.cond(
        card["username"] != "",
        rx.el.p(rx.el.bdi("@", card["username"]), class_name="text-sm text-muted"),
        rx.fragment(),
    )
    states = rx.el.div(
        rx.cond(card["opt"] == "out", badge(t("Opted out"), tone="warning"), rx.fragment()),
        rx.cond(card["opt"] == "marketing", badge(t("No marketing"), tone="warning"), rx.fragment()),
        rx.cond(card["blocked_at"] != "", badge(t("Blocked"), tone="danger"), rx.fragment()),
        class_name="flex flex-wrap justify-center gap-1 empty:hidden",
    )
    return rx.el.div(
        avatar(card["shown"], size=64),
        rx.el.p(card["shown"], dir="auto", class_name="mt-3 max-w-full text-base font-semibold break-words"),
        numbers,
        username,
        states,
        class_name="flex flex-col items-center border-b px-5 py-5 text-center",
    )


def _desk() -> rx.Component:
    header = OpenConversation.header
    name = rx.cond(header["assignee"] != "", header["assignee"], t("Unassigned"))
    team = rx.cond(
        header["team"] != "",
        rx.el.span(header["team"], dir="auto", class_name="block truncate text-xs text-muted"),
        rx.fragment(),
    )
    return fold(
        "desk",
        t("Who works on it"),
        rx.el.div(
            assignee_menu(),
            rx.el.div(rx.el.span(name, dir="auto", class_name="block truncate"), team, class_name="min-w-0"),
            class_name="flex min-w-0 items-center gap-2.5 2xl:[&_[data-testid=assignee]>span:last-child]:sr-only",
        ),
        start_open=True,
    )


def _tags() -> rx.Component:
    trigger = button(t("Add a tag"), icon="tag", size="sm", variant="ghost", data_key="t")
    picker = tag_picker(
        trigger,
        chosen=ContactPanel.chosen,
        on_toggle=ContactPanel.toggle_tag,
        on_create=ContactPanel.create_tag,
    )
    none = rx.cond(
        (ContactPanel.chips.length() == 0) & ~_MAY_EDIT,
        rx.el.p(t("No tags."), class_name="text-muted"),
        rx.fragment(),
    )
    return fold(
        "tags",
        t("Tags"),
        rx.el.div(
            tag_chips(ContactPanel.chips),
            rx.cond(_MAY_EDIT, picker, none),
            class_name="flex flex-wrap items-center gap-1.5",
        ),
        start_open=True,
    )


def _line(
    field: str, label: rx.Var[str], *, shown: Any = None, kind: str = "text", longest: int, **props: Any
) -> rx.Component:
    return inline_edit(
        label,
        ContactPanel.card[field] if shown is None else shown,
        kind=kind,
        max=longest,
        may_edit=_MAY_EDIT,
        error=Feedback.errors[field],
        on_save=lambda text: ContactPanel.put(field, text),
        **props,
    )


def _details() -> rx.Component:
    card = ContactPanel.card
    since = rx.el.div(
        rx.el.p(t("Contact since"), class_name="text-xs text-muted"),
        exact_time(card["created_at"]),
        class_name="py-1",
    )
    return fold(
        "details",
        t("Details"),
        rx.el.div(
            _line("name", t("Name"), longest=120, empty=card["profile_name"]),
            rx.cond(
                card["profile_name"] != "",
                rx.el.div(
                    rx.el.p(t("Name on WhatsApp"), class_name="text-xs text-muted"),
                    rx.el.p(card["profile_name"], dir="auto", class_name="break-words"),
                    class_name="py-1",
                ),
                rx.fragment(),
            ),
            _line("company", t("Company"), longest=120),
            _line("email", t("E-mail"), kind="email", longest=254),
            _line("language", t("Language"), longest=16),
            _line("source", t("Source"), shown=source_words(card["source"]), longest=64),
            since,
            class_name="flex flex-col gap-1",
        ),
        start_open=True,
    )


def _fields() -> rx.Component:
    def shown(field: Any) -> rx.Component:
        value = rx.cond(ContactPanel.values[field["key"]], ContactPanel.values[field["key"]], "")
        return inline_edit(
            field["label"],
            value,
            kind=field["kind"],
            options=field["options"],
            may_edit=_MAY_EDIT,
            error=Feedback.errors["field_" + field["key"].to(str)],
            on_save=lambda text: ContactPanel.put_field(field["key"], text),
            key=field["key"],
        )

    rows = rx.el.div(rx.foreach(ContactPanel.fields, shown), class_name="flex flex-col gap-1")
    return rx.cond(
        ContactPanel.fields.length() > 0,
        fold("fields", t("Custom fields"), rows, start_open=True),
        rx.fragment(),
    )


def _notes() -> rx.Component:
    return fold(
        "notes",
        t("Notes"),
        _line(
            "notes",
            t("Notes"),
            kind="long_text",
            longest=10_000,
            bare=True,
            empty=t("Write what your team should know. The customer never sees it."),
        ),
        start_open=True,
    )


def _consent() -> rx.Component:
    card = ContactPanel.card
    since = rx.cond(
        card["opt_at"] != "",
        rx.el.p(
            exact_time(card["opt_at"]),
            rx.cond(card["opt_by"] != "", rx.fragment(" · ", rx.el.bdi(card["opt_by"])), rx.fragment()),
            class_name="text-xs text-muted",
        ),
        rx.fragment(),
    )
    wanted = switch(
        "consent",
        t("May get messages"),
        checked=card["opt"] == "in",
        on_change=ContactPanel.set_consent,
        disabled=~_MAY_EDIT,
    )
    free = button(t("Unblock the contact"), icon="circle-check", size="sm", on_click=ContactPanel.unblock)
    blocked = rx.cond(
        card["blocked_at"] != "",
        rx.el.div(
            rx.el.p(t("Blocked since"), " ", exact_time(card["blocked_at"]), class_name="text-muted"),
            rx.cond(_MAY_EDIT, free, rx.fragment()),
            class_name="flex flex-col items-start gap-2",
        ),
        rx.fragment(),
    )
    return fold(
        "consent",
        t("Consent"),
        rx.el.div(rx.el.div(wanted, since), blocked, class_name="flex flex-col gap-3"),
        start_open=True,
    )
