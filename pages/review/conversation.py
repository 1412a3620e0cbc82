"""One conversation under review: the thread, and beside it how it is judged."""

from __future__ import annotations

import reflex as rx

from pages.frame import frame
from pages.inbox.bubble import transcript_row
from pages.inbox.thread import SAMPLE
from pages.review.behind import total_badge
from state.base import Feedback
from state.review_conversation import ReviewedConversation
from state.shell import Shell
from wapto_app.security.permissions import Permission
from wapto_app.services.review import ReviewRow, Score
from wapto_app.ui.avatar import avatar
from wapto_app.ui.banner import banner
from wapto_app.ui.button import button, button_link, icon_button
from wapto_app.ui.chat_list import chat_list, row_of
from wapto_app.ui.dialog import confirm_dialog
from wapto_app.ui.empty import empty_state
from wapto_app.ui.form import FieldError, field, select, textarea
from wapto_app.ui.i18n import from_server, t
from wapto_app.ui.lightbox import lightbox
from wapto_app.ui.link import RouteLink
from wapto_app.ui.skeleton import skeleton
from wapto_app.ui.time import relative_time
from wapto_app.ui.tokens import ICON_BUTTON

Page = ReviewedConversation


def review_conversation() -> rx.Component:
    missing = empty_state(
        "search-x",
        t("This conversation is not here"),
        t("It may have been deleted, or you may not see it."),
        button_link(t("Back to the figures"), "/review"),
        class_name="h-full",
    )
    both = rx.el.div(
        rx.el.section(
            _head(),
            _thread(),
            aria_label=t("Conversation"),
            class_name="flex min-h-0 min-w-0 flex-1 flex-col bg-chat max-lg:h-[70%] max-lg:flex-none",
        ),
        rx.el.section(
            _form(),
            _reviews(),
            aria_label=t("Reviews"),
            class_name=(
                "scroll-thin w-full flex-none overflow-y-auto border-s bg-surface p-5 max-lg:border-t "
                "max-lg:border-s-0 lg:w-96"
            ),
        ),
        _delete_dialog(),
        class_name="scroll-thin flex h-full min-h-0 max-lg:flex-col max-lg:overflow-y-auto",
    )
    body = rx.cond(Page.missing, missing, both)
    return frame(t("Review"), body, lightbox(), permission=Permission.REPORTS_SEE)


def _head() -> rx.Component:
    back = RouteLink.create(
        rx.icon("arrow-left", size=18, class_name="mirror", aria_hidden=True),
        to="/review",
        aria_label=t("Back to the figures"),
        data_tip=t("Back to the figures"),
        class_name=ICON_BUTTON,
    )
    name = rx.el.h1(
        Page.name,
        dir="auto",
        data_testid="reviewed",
        class_name="min-w-0 flex-1 truncate text-sm font-semibold",
    )
    return rx.el.header(
        back,
        rx.cond(
            Page.name != "",
            rx.fragment(avatar(Page.name, size=32), name),
            skeleton("h-4 w-32"),
        ),
        button_link(
            t("Open in the inbox"),
            f"/inbox/{Page.selected}",
            size="sm",
            variant="ghost",
            class_name="max-sm:hidden",
        ),
        class_name="flex h-13 flex-none items-center gap-2.5 border-b bg-surface px-4",
    )


def _thread() -> rx.Component:
    rows = chat_list(
        Page.messages,
        row_of(transcript_row, SAMPLE),
        label=t("Messages"),
        key=Page.selected.to_string(),
        on_start_reached=Page.load_older,
    )
    waiting = rx.el.div(
        skeleton("h-12 w-56 rounded-lg"),
        skeleton("ms-auto h-12 w-64 rounded-lg"),
        class_name="flex flex-col gap-3 p-4",
    )
    return rx.el.div(rx.cond(Page.name != "", rows, waiting), class_name="min-h-0 flex-1 overflow-hidden")


def _form() -> rx.Component:
    may_judge = Shell.permissions.contains(Permission.REPORTS_DO.value)
    nobody = banner(t("Nobody whom you may review has answered here."))
    shown = rx.cond((Page.agents.length() > 0) | (Page.editing_id > 0), _points(), nobody)
    return rx.cond(
        may_judge & (Page.name != ""),
        rx.el.div(
            rx.el.h2(
                rx.cond(Page.editing_id > 0, t("Change your review"), t("Review")),
                class_name="mb-4 text-base font-semibold",
            ),
            shown,
            class_name="mb-6 border-b pb-6",
        ),
        rx.fragment(),
    )


def _points() -> rx.Component:
    agent = field(
        "agent",
        t("Agent"),
        select(
            "agent",
            Page.agents,  # type: ignore[arg-type]
            placeholder=t("Choose an agent"),
            value=Page.agent,
            on_change=Page.choose_agent,
            disabled=Page.editing_id > 0,
        ),
    )
    note = field(
        "note",
        t("Note"),
        textarea("note", value=Page.note, on_change=Page.write_note, max_length=2_000),
        help=t("Whoever sees reports can read it."),
        errors=Feedback.errors,
        optional=True,
    )
    complete = (Page.agent != "") & rx.Var(
        f"{Page.points!s}.every((row) => row.points > 0)",
        _var_type=bool,
        _var_data=Page.points._get_all_var_data(),
    )
    return rx.el.div(
        agent,
        rx.el.div(rx.foreach(Page.points, _criterion), class_name="flex flex-col gap-4"),
        FieldError.create(control="scores", id="scores-error", text=from_server(Feedback.errors["scores"])),
        note,
        rx.el.div(
            rx.cond(Page.editing_id > 0, button(t("Cancel"), on_click=Page.stop_editing), rx.fragment()),
            button(t("Save review"), variant="primary", disabled=~complete, on_click=Page.save),
            class_name="flex justify-end gap-2",
        ),
        id="scores",
        class_name="flex flex-col gap-5",
    )


def _criterion(row: rx.Var[Score]) -> rx.Component:
    def choice(points: int) -> rx.Component:
        return rx.el.button(
            str(points),
            type="button",
            role="radio",
            aria_checked=rx.cond(row["points"] == points, "true", "false"),
            aria_label=t("{points} of 5", points=str(points)),
            on_click=Page.give(row["key"], points),
            class_name=(
                "h-9 min-w-0 flex-1 rounded-md border border-line-strong text-sm tabular-nums hover:bg-hover "
                "aria-checked:border-accent aria-checked:bg-accent-soft aria-checked:font-semibold "
                "aria-checked:text-accent-ink"
            ),
        )

    return rx.el.div(
        rx.el.p(
            rx.el.span(row["name"], dir="auto", class_name="min-w-0 flex-1 text-sm font-medium break-words"),
            rx.cond(
                row["weight"] > 1,
                rx.el.span(
                    "× ", row["weight"], data_tip=t("Weight"), class_name="flex-none text-xs text-muted"
                ),
                rx.fragment(),
            ),
            class_name="mb-1.5 flex items-baseline gap-2",
        ),
        rx.el.div(
            *[choice(points) for points in range(1, 6)],
            role="radiogroup",
            aria_label=row["name"],
            class_name="flex gap-1.5",
        ),
        key=row["key"],
    )


def _reviews() -> rx.Component:
    nothing = rx.el.p(t("Nobody has reviewed this conversation yet."), class_name="text-sm text-muted")
    return rx.cond(
        Page.name != "",
        rx.fragment(
            rx.el.h2(t("Reviews so far"), class_name="mb-2 text-base font-semibold"),
            rx.cond(
                Page.reviews.length() > 0,
                rx.el.ul(rx.foreach(Page.reviews, _review), class_name="divide-y"),
                nothing,
            ),
        ),
        rx.fragment(),
    )


def _review(row: rx.Var[ReviewRow]) -> rx.Component:
    actions = rx.el.span(
        rx.cond(
            row["is_mine"],
            icon_button("pencil", t("Change this review"), size=16, on_click=Page.edit(row["id"])),
            rx.fragment(),
        ),
        rx.cond(
            row["may_delete"],
            icon_button("trash-2", t("Delete this review"), size=16, on_click=Page.ask_to_delete(row["id"])),
            rx.fragment(),
        ),
        class_name="-my-1 flex flex-none",
    )
    return rx.el.li(
        rx.el.div(
            rx.el.span(row["agent"], dir="auto", class_name="min-w-0 flex-1 truncate text-sm font-medium"),
            total_badge(row["total"]),
            actions,
            class_name="flex items-center gap-2",
        ),
        rx.el.ul(
            rx.foreach(
                row["scores"].to(list[Score]),
                lambda score: rx.el.li(
                    rx.el.span(score["name"], dir="auto", class_name="min-w-0 flex-1 truncate"),
                    rx.el.span(score["points"], class_name="flex-none tabular-nums"),
                    class_name="flex gap-3",
                ),
            ),
            class_name="mt-1 text-xs text-muted",
        ),
        rx.cond(
            row["note"] != "",
            rx.el.p(row["note"], dir="auto", class_name="mt-2 text-sm break-words whitespace-pre-wrap"),
            rx.fragment(),
        ),
        rx.el.p(
            rx.el.span(row["reviewer"], class_name="min-w-0 truncate"),
            relative_time(row["at"], class_name="flex-none"),
            rx.cond(row["is_edited"], rx.el.span(t("edited"), class_name="flex-none"), rx.fragment()),
            class_name="mt-1.5 flex gap-2 text-xs text-muted",
        ),
        data_testid="review",
        key=row["id"].to_string(),
        class_name="py-3",
    )


def _delete_dialog() -> rx.Component:
    return confirm_dialog(
        title=t("Delete this review?"),
        text=t("Its points no longer count in the figures. This cannot be undone."),
        confirm=t("Delete review"),
        on_confirm=Page.delete,
        open=Page.deleting_id > 0,
        on_close=Page.do_not_delete,
    )
