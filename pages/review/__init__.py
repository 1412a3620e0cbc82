"""Agent review: the figures of every agent and team, what is behind them, and what reviewers look at."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.frame import frame
from pages.review.behind import behind_drawer
from pages.review.rubric import rubric_dialog
from state.base import Feedback
from state.review import Behind, Review, Rubric
from state.shell import Shell
from wapto_app.security.permissions import Permission
from wapto_app.ui.avatar import avatar
from wapto_app.ui.badge import badge, dot
from wapto_app.ui.bars import bar_chart
from wapto_app.ui.button import button
from wapto_app.ui.card import card, page_body, page_header, stack
from wapto_app.ui.dialog import dialog
from wapto_app.ui.empty import empty_state
from wapto_app.ui.form import date_field, form, form_actions, select, submit_button
from wapto_app.ui.i18n import Text, t
from wapto_app.ui.link import file_link
from wapto_app.ui.skeleton import skeleton
from wapto_app.ui.table import Column, Sort, table

_CHIP = (
    "h-8 rounded-full px-3 text-sm text-muted hover:bg-hover hover:text-ink aria-pressed:bg-accent-soft "
    "aria-pressed:font-medium aria-pressed:text-accent-ink"
)


def review() -> rx.Component:
    may_export = Shell.permissions.contains(Permission.EXPORT_DO.value)
    may_judge = Shell.permissions.contains(Permission.REPORTS_DO.value)
    return frame(
        t("Review"),
        page_body(
            page_header(
                t("Review"),
                rx.cond(
                    may_judge,
                    button(t("Criteria"), icon="list-checks", on_click=Rubric.start),
                    rx.fragment(),
                ),
                rx.cond(may_export, _export_link(), rx.fragment()),
                description=t("How fast customers are answered, by whom, and how well."),
            ),
            stack(_filters(), _totals(), _chart(), _table()),
            _days_dialog(),
            behind_drawer(),
            rubric_dialog(),
            width="max-w-6xl",
        ),
        permission=Permission.REPORTS_SEE,
    )


def _export_link() -> rx.Component:
    return file_link(
        rx.icon("download", size=16, aria_hidden=True),
        t("Download CSV"),
        href=Review.export_path,
        class_name=(
            "inline-flex h-9 flex-none items-center gap-2 rounded-md border border-line bg-surface px-3.5 text-sm "
            "font-medium whitespace-nowrap text-ink shadow-card hover:bg-hover"
        ),
    )


def _filters() -> rx.Component:
    ranges = (("today", t("Today")), ("7", t("7 days")), ("30", t("30 days")), ("90", t("90 days")))
    chips = [_chip(words, Review.range == name, Review.choose_range(name)) for name, words in ranges]
    own = rx.cond(
        Review.range == "custom",
        rx.el.span(Review.first, " – ", Review.last, class_name="tabular-nums"),
        t("Other days"),
    )
    return rx.el.div(
        rx.el.div(
            *chips,
            _chip(own, Review.range == "custom", Review.ask_for_days),
            role="group",
            aria_label=t("Time"),
            class_name="flex flex-wrap gap-1",
        ),
        rx.cond(Review.teams.length() > 1, _team_filter(), rx.fragment()),
        class_name="flex flex-wrap items-center justify-between gap-3",
    )


def _chip(words: Text | rx.Component, is_chosen: rx.Var[bool], on_click: Any) -> rx.Component:
    pressed = rx.cond(is_chosen, "true", "false")
    return rx.el.button(words, type="button", on_click=on_click, aria_pressed=pressed, class_name=_CHIP)


def _team_filter() -> rx.Component:
    return select(
        "team",
        Review.teams,  # type: ignore[arg-type]
        placeholder=t("All teams"),
        value=Review.team,
        on_change=Review.choose_team,
        aria_label=t("Team"),
        class_name="w-full sm:w-52",
    )


def _totals() -> rx.Component:
    total = Review.total
    return rx.el.div(
        _total(t("Conversations"), total["conversations"].to(str), t("answered or resolved")),
        _total(t("First response"), total["first_median"], t("90 %: {time}", time=total["first_p90"])),
        _total(t("Resolution"), total["resolution_median"], t("90 %: {time}", time=total["resolution_p90"])),
        _total(t("Messages"), total["messages"].to(str), t("written by people")),
        _total(t("Missed windows"), total["missed"].to(str), t("no answer in 24 h")),
        _total(t("Score"), total["score"], t("of 5, in reviews")),
        class_name="grid grid-cols-2 gap-3 md:grid-cols-3 lg:grid-cols-6",
    )


def _total(name: Text, value: rx.Var[Any], help: Text) -> rx.Component:
    shown = rx.cond(
        Review.loaded,
        rx.el.span(
            value,
            class_name="text-xl font-semibold tracking-tight whitespace-nowrap tabular-nums lg:max-xl:text-base",
        ),
        skeleton("h-7 w-16"),
    )
    return card(
        rx.el.p(name, class_name="truncate text-xs font-medium text-muted"),
        rx.el.div(shown, class_name="mt-1"),
        rx.el.p(help, class_name="mt-0.5 text-xs text-pretty text-faint"),
        data_testid="total",
        class_name="p-4",
    )


def _chart() -> rx.Component:
    title = rx.match(
        Review.step,
        ("hour", t("Hour by hour")),
        ("week", t("Week by week")),
        t("Day by day"),
    )
    return card(
        rx.el.h2(title, class_name="mb-4 text-sm font-semibold"),
        rx.cond(
            Review.loaded,
            bar_chart(
                Review.bars,
                ("waits", t("Customers who began to wait"), "bg-info"),
                ("messages", t("Messages written"), "bg-accent"),
                ("resolved", t("Resolved"), "bg-line-strong"),
                label=title,
            ),
            skeleton("h-40 w-full"),
        ),
        rx.el.p(t("Days of your time zone, {zone}.", zone=Review.zone), class_name="mt-3 text-xs text-faint"),
        class_name="p-5",
    )


def _table() -> rx.Component:
    head = rx.el.div(
        _chip(t("Agents"), Review.by == "agents", Review.choose_by("agents")),
        _chip(t("Teams"), Review.by == "teams", Review.choose_by("teams")),
        role="group",
        aria_label=t("Show"),
        class_name="mb-3 flex gap-1",
    )
    rows = table(
        Review.rows,
        Column(t("Name"), _who, sort="name", width="md:min-w-44"),
        Column(t("Conversations"), lambda row: row["conversations"], sort="conversations", number=True),
        Column(t("First response"), lambda row: _time(row["first_median"]), sort="first_median", number=True),
        Column(
            t("Resolution"),
            lambda row: _time(row["resolution_median"]),
            sort="resolution_median",
            number=True,
        ),
        Column(t("Messages"), lambda row: row["messages"], sort="messages", number=True),
        Column(t("Reopened"), lambda row: row["reopened"], sort="reopened", number=True),
        Column(t("Missed"), lambda row: row["missed"], sort="missed", number=True),
        Column(t("Online"), lambda row: _time(row["online"]), sort="online", number=True),
        Column(t("Score"), lambda row: row["score"], sort="score", number=True),
        label=t("Figures"),
        on_row_click=lambda row: Behind.open(row["id"], row["name"]),
        sort=Sort(Review.sort, Review.sort_by),
        loading=~Review.loaded,
        empty=empty_state(
            "chart-column",
            t("Nobody to show"),
            t("Agents appear here as soon as there are some, with what they did in these days."),
        ),
    )
    return rx.el.section(head, rows)


def _time(text: rx.Var[str]) -> rx.Component:
    return rx.el.span(text, class_name="whitespace-nowrap")


def _who(row: Any) -> rx.Component:
    """A team has neither a face nor a light."""
    face = rx.el.span(
        avatar(row["name"], size=28),
        rx.cond(
            row["is_online"],
            rx.el.span(
                dot("accent", class_name="block ring-2 ring-surface"),
                rx.el.span(t("online"), class_name="sr-only"),
                data_tip=t("online"),
                class_name="absolute -end-0.5 -bottom-0.5",
            ),
            rx.fragment(),
        ),
        class_name="relative flex-none",
    )
    return rx.el.span(
        rx.cond(Review.by == "agents", face, rx.fragment()),
        rx.el.span(
            rx.el.span(row["name"], dir="auto", class_name="block max-w-28 truncate md:max-w-48"),
            rx.cond(
                row["team"] != "",
                rx.el.span(
                    row["team"],
                    class_name="block max-w-28 truncate text-xs md:max-w-48 font-normal text-muted",
                ),
                rx.fragment(),
            ),
            class_name="min-w-0",
        ),
        rx.cond(row["is_active"], rx.fragment(), badge(t("Deactivated"))),
        class_name="flex items-center gap-3 py-1.5",
    )


def _days_dialog() -> rx.Component:
    return dialog(
        form(
            rx.el.div(
                date_field("first", t("First day"), default_value=Review.first, errors=Feedback.errors),
                date_field("last", t("Last day"), default_value=Review.last, errors=Feedback.errors),
                class_name="grid grid-cols-2 gap-4",
            ),
            form_actions(
                button(t("Cancel"), on_click=Review.do_not_choose_days), submit_button(t("Show these days"))
            ),
            on_submit=Review.choose_days,
        ),
        title=t("Which days?"),
        open=Review.choosing,
        on_close=Review.do_not_choose_days,
        width="sm",
    )
