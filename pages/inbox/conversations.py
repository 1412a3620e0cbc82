"""The left panel: who wrote last."""

from __future__ import annotations

import reflex as rx

from pages.inbox.ticks import tick
from state.inbox import Company, InboxList, OpenConversation
from state.shell import Shell
from wapto_app.security.permissions import Permission
from wapto_app.services.company import Companion
from wapto_app.services.inbox import ConversationRow
from wapto_app.ui.avatar import avatar
from wapto_app.ui.badge import count
from wapto_app.ui.button import button, button_link
from wapto_app.ui.empty import empty_state
from wapto_app.ui.i18n import t
from wapto_app.ui.link import ReactRouterLink
from wapto_app.ui.skeleton import skeleton_rows
from wapto_app.ui.time import countdown, list_time
from wapto_app.ui.tokens import classes


@rx.memo
def conversation_row(
    rest: rx.RestProp, *, row: rx.Var[ConversationRow], current: rx.Var[bool], here: rx.Var[Companion]
) -> rx.Component:
    head = rx.el.div(
        rx.el.span(row["name"], dir="auto", class_name="min-w-0 flex-1 truncate font-medium"),
        list_time(row["at"], class_name="flex-none text-xs text-muted"),
        class_name="flex items-baseline gap-2",
    )
    line = rx.el.div(
        rx.cond(row["outbound"], tick(row["tick"]), rx.fragment()),
        rx.el.span(
            row["preview"],
            dir="auto",
            class_name=classes(
                "min-w-0 flex-1 truncate", rx.cond(row["unread"] > 0, "text-ink", "text-muted")
            ),
        ),
        rx.cond(here["name"], _here(here), rx.fragment()),
        rx.cond(row["assignee"] != "", _assignee(row["assignee"]), rx.fragment()),
        countdown(row["window_closes_at"], class_name="flex-none text-xs text-faint"),
        count(row["unread"], label=t("unread")),
        class_name="flex items-center gap-1.5 text-sm",
    )
    return rx.el.li(
        ReactRouterLink.create(
            avatar(row["name"], size=40, class_name="flex-none"),
            rx.el.div(head, line, class_name="min-w-0 flex-1"),
            to=f"/inbox/{row['id']}",
            aria_current=rx.cond(current, "true", "false"),
            data_testid="conversation-row",
            class_name=(
                "flex items-center gap-3 px-4 py-3 -outline-offset-2 hover:bg-hover aria-[current=true]:bg-hover"
            ),
        ),
        rest,
        class_name="border-b last:border-0",
    )


def _here(one: rx.Var[Companion]) -> rx.Component:
    """A colleague has it open; a pen when they write."""
    words = rx.cond(
        one["writing"],
        t("{name} is writing", name=one["name"]),
        t("{name} is here too", name=one["name"]),
    )
    return rx.el.span(
        rx.cond(
            one["writing"],
            rx.icon("pen-line", size=14, aria_hidden=True),
            rx.icon("eye", size=14, aria_hidden=True),
        ),
        rx.el.span(words, class_name="sr-only"),
        data_tip=words,
        data_testid="row-company",
        class_name="flex-none text-info-ink",
    )


def _assignee(name: rx.Var[str]) -> rx.Component:
    return rx.el.span(
        avatar(name, size=18),
        rx.el.span(t("Assigned to {name}", name=name), class_name="sr-only"),
        data_tip=t("Assigned to {name}", name=name),
        data_testid="row-assignee",
        class_name="grid flex-none",
    )


def conversation_list() -> rx.Component:
    rows = rx.el.ul(
        rx.foreach(
            InboxList.rows,
            lambda row: conversation_row(
                row=row,
                current=OpenConversation.selected == row["id"],
                here=Company.rows[row["id"].to_string()],
                key=row["id"].to_string(),
            ),
        ),
        _more(),
        class_name="scroll-thin min-h-0 flex-1 overflow-y-auto",
    )
    filled = rx.cond(InboxList.rows.length() > 0, rows, _nothing())
    return rx.fragment(_head(), rx.cond(InboxList.loaded, filled, skeleton_rows(8)))


def _head() -> rx.Component:
    def choice(label: rx.Var[str], *, unread: bool) -> rx.Component:
        return rx.el.button(
            label,
            type="button",
            on_click=InboxList.show_unread(unread),
            aria_pressed=rx.cond(InboxList.unread_only == unread, "true", "false"),
            class_name=(
                "h-7 rounded-full px-3 text-xs text-muted hover:bg-hover hover:text-ink "
                "aria-pressed:bg-accent-soft aria-pressed:font-medium aria-pressed:text-accent-ink"
            ),
        )

    return rx.el.header(
        rx.el.h1(t("Inbox"), class_name="flex-1 text-base font-semibold"),
        choice(t("All"), unread=False),
        choice(t("Unread"), unread=True),
        class_name="flex h-13 flex-none items-center gap-1 border-b px-4",
    )


def _more() -> rx.Component:
    return rx.cond(
        InboxList.has_more,
        rx.el.li(
            button(t("Show more"), variant="ghost", size="sm", on_click=InboxList.more),
            class_name="flex justify-center py-3",
        ),
        rx.fragment(),
    )


def _nothing() -> rx.Component:
    unconnected = empty_state(
        "plug",
        t("No number connected yet"),
        t("Connect a WhatsApp number, and the messages of your customers appear here."),
        rx.cond(
            Shell.permissions.contains(Permission.INTEGRATIONS_SEE.value),
            button_link(t("Connect a number"), "/integrations", variant="primary"),
            rx.fragment(),
        ),
    )
    nothing_unread = empty_state("inbox", t("Nothing unread"), t("You have seen every message."))
    nothing = empty_state(
        "inbox",
        t("No conversations yet"),
        t("When a customer writes to your number, the conversation appears here at once."),
    )
    return rx.cond(
        InboxList.unread_only,
        nothing_unread,
        rx.cond(Shell.numbers.length() > 0, nothing, unconnected),
    )
