"""The panel with the conversations behind a figure."""

from __future__ import annotations

from typing import Any

import reflex as rx

from state.review import Behind
from state.shell import Shell
from wapto_app.security.permissions import Permission
from wapto_app.services.review import ReviewRow
from wapto_app.services.review.shown import ChatLine
from wapto_app.ui.banner import banner
from wapto_app.ui.dialog import drawer
from wapto_app.ui.empty import empty_state
from wapto_app.ui.form import select
from wapto_app.ui.i18n import t
from wapto_app.ui.link import RouteLink
from wapto_app.ui.skeleton import skeleton_rows
from wapto_app.ui.time import relative_time

_FIGURES = [
    ("handled", t("Conversations handled")),
    ("first_reply", t("First responses, slowest first")),
    ("resolved", t("Resolved, slowest first")),
    ("reopened", t("Reopened")),
    ("window_missed", t("Missed windows")),
]


def behind_drawer() -> rx.Component:
    return drawer(
        _choice(),
        rx.cond(
            Behind.loaded,
            rx.cond(Behind.figure == "reviews", _reviews(), _chats()),
            skeleton_rows(5, avatar=False),
        ),
        title=Behind.name,
        open=(Behind.agent_id > 0) | (Behind.team_id > 0),
        on_close=Behind.close,
        width="md",
    )


def _choice() -> rx.Component:
    def choose(*figures: Any) -> rx.Component:
        return select(
            "figure",
            list(figures),
            value=Behind.figure,
            on_change=Behind.choose,
            aria_label=t("Figure"),
            class_name="mb-4",
        )

    return rx.cond(
        Behind.agent_id > 0, choose(*_FIGURES, ("reviews", t("Reviews with scores"))), choose(*_FIGURES)
    )


def _chats() -> rx.Component:
    nothing = rx.cond(
        Shell.permissions.contains(Permission.INBOX_SEE.value),
        empty_state("messages-square", t("No conversations"), t("Nothing of this kind in these days.")),
        empty_state(
            "lock", t("Conversations are not for you"), t("Your team sees figures, but not the inbox.")
        ),
    )
    more = banner(t("The first 100 are shown. Choose fewer days to see the others."))
    rows = rx.el.div(
        rx.el.ul(rx.foreach(Behind.chats, _chat), class_name="-mx-2 divide-y"),
        rx.cond(Behind.has_more, rx.el.div(more, class_name="mt-4"), rx.fragment()),
    )
    return rx.cond(Behind.chats.length() > 0, rows, nothing)


def _chat(row: rx.Var[ChatLine]) -> rx.Component:
    link = RouteLink.create(
        rx.el.span(
            rx.el.span(row["name"], dir="auto", class_name="min-w-0 flex-1 truncate text-sm font-medium"),
            rx.el.span(row["time"], class_name="flex-none text-sm font-medium tabular-nums"),
            class_name="flex items-baseline gap-3",
        ),
        rx.el.span(
            rx.el.span(row["preview"], dir="auto", class_name="min-w-0 flex-1 truncate"),
            relative_time(row["at"], class_name="flex-none"),
            class_name="mt-0.5 flex gap-3 text-xs text-muted",
        ),
        to=f"/review/{row['id']}?agent={Behind.agent_id}",
        class_name="block rounded-md px-2 py-2.5 hover:bg-hover",
    )
    return rx.el.li(link, key=row["id"].to_string(), data_testid="behind")


def _reviews() -> rx.Component:
    nothing = empty_state(
        "star",
        t("No reviews in these days"),
        t("Open one of the conversations and give points."),
    )
    rows = rx.el.ul(rx.foreach(Behind.reviews, _review), class_name="-mx-2 divide-y")
    return rx.cond(Behind.reviews.length() > 0, rows, nothing)


def _review(row: rx.Var[ReviewRow]) -> rx.Component:
    title = rx.el.span(
        rx.cond(
            row["conversation_id"] > 0,
            rx.el.span(row["customer"], dir="auto", class_name="font-medium"),
            rx.el.span(t("A conversation that you may not see"), class_name="text-muted"),
        ),
        class_name="min-w-0 flex-1 truncate text-sm",
    )
    body = rx.fragment(
        rx.el.span(title, total_badge(row["total"]), class_name="flex items-center gap-3"),
        rx.cond(
            row["note"] != "",
            rx.el.span(row["note"], dir="auto", class_name="mt-1 line-clamp-2 block text-sm text-muted"),
            rx.fragment(),
        ),
        rx.el.span(
            rx.el.span(row["reviewer"], class_name="min-w-0 flex-1 truncate"),
            relative_time(row["at"], class_name="flex-none"),
            class_name="mt-1 flex gap-3 text-xs text-muted",
        ),
    )
    look = "block rounded-md px-2 py-2.5"
    opened = RouteLink.create(
        body,
        to=f"/review/{row['conversation_id']}?agent={row['agent_id']}",
        class_name=f"{look} hover:bg-hover",
    )
    return rx.el.li(
        rx.cond(row["conversation_id"] > 0, opened, rx.el.div(body, class_name=look)),
        key=row["id"].to_string(),
    )


def total_badge(hundredths: rx.Var[int]) -> rx.Component:
    """The points of a review, out of five."""
    shown: rx.Var[str] = rx.Var(
        f"({hundredths!s} / 100).toFixed(1)", _var_type=str, _var_data=hundredths._get_all_var_data()
    )
    return rx.el.span(
        rx.icon("star", size=13, aria_hidden=True),
        shown,
        aria_label=t("{points} of 5", points=shown),
        role="img",
        class_name=(
            "inline-flex h-6 flex-none items-center gap-1 rounded bg-accent-soft px-1.5 text-xs font-semibold "
            "text-accent-ink tabular-nums"
        ),
    )
