"""Quick replies: what is written again and again."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.frame import frame
from pages.library_parts import kind_icon
from pages.reply_dialog import reply_dialog
from state.quick_replies import QuickReplies, ReplyDialog
from state.shell import Shell
from wapto_app.security.permissions import Permission
from wapto_app.ui.badge import badge
from wapto_app.ui.button import button, icon_button
from wapto_app.ui.card import card, page_body, page_header
from wapto_app.ui.dialog import confirm_dialog
from wapto_app.ui.empty import empty_state
from wapto_app.ui.form import search_input
from wapto_app.ui.i18n import t, tn
from wapto_app.ui.keys import shortcut
from wapto_app.ui.menu import menu, menu_item, menu_separator
from wapto_app.ui.skeleton import skeleton_lines
from wapto_app.ui.tabs import Tab, tabs

_WORD = "max-w-full truncate font-mono font-medium text-accent-ink"
_MAY_WRITE = Shell.permissions.contains(Permission.INBOX_DO.value)


def quick_replies() -> rx.Component:
    views = tabs(
        Tab("all", t("All"), _list()),
        Tab("shared", t("Everybody's"), _list()),
        Tab("mine", t("Mine"), _list()),
        label=t("Whose quick replies"),
        value=QuickReplies.view,
        on_change=QuickReplies.look,
    )
    return frame(
        t("Quick replies"),
        page_body(
            page_header(
                t("Quick replies"),
                rx.cond(_MAY_WRITE, _new(), rx.fragment()),
                description=t("Texts that you write again and again. In a conversation, type / to use one."),
            ),
            views,
            width="max-w-3xl",
        ),
        rx.cond(_MAY_WRITE, shortcut("n", ReplyDialog.start, t("New quick reply")), rx.fragment()),
        reply_dialog(),
        _delete_dialog(),
        permission=Permission.INBOX_SEE,
    )


def _new() -> rx.Component:
    return button(t("New quick reply"), icon="plus", variant="primary", on_click=ReplyDialog.start)


def _list() -> rx.Component:
    more = rx.cond(
        QuickReplies.has_more,
        rx.el.div(
            button(t("Show more"), on_click=QuickReplies.more),
            class_name="flex justify-center border-t border-line p-3",
        ),
        rx.fragment(),
    )
    rows = rx.fragment(
        rx.el.ul(
            rx.foreach(QuickReplies.rows, _row),
            aria_label=t("Quick replies"),
            class_name="divide-y divide-line",
        ),
        more,
    )
    shown = rx.cond(QuickReplies.rows.length() > 0, rows, _nothing())
    return rx.el.div(
        search_input(
            "find-reply",
            t("Find a quick reply"),
            value=QuickReplies.search,
            on_change=QuickReplies.find,
            class_name="sm:max-w-xs",
        ),
        card(
            rx.cond(QuickReplies.loaded, shown, rx.el.div(skeleton_lines(6), class_name="p-5")),
            class_name="overflow-hidden",
        ),
        class_name="flex flex-col gap-4",
    )


def _nothing() -> rx.Component:
    return rx.cond(
        QuickReplies.search != "",
        empty_state("search", t("Nothing found"), t("No quick reply has these words.")),
        empty_state(
            "zap",
            t("No quick replies yet"),
            t("Opening hours, the way to you, a thank-you: write it once, use it with two keys."),
            rx.cond(_MAY_WRITE, _new(), rx.fragment()),
        ),
    )


def _row(row: Any) -> rx.Component:
    word = "/" + row["shortcut"].to(str)
    press = rx.el.button(
        word,
        type="button",
        dir="auto",
        on_click=ReplyDialog.edit(row["id"]),
        class_name=f"{_WORD} rounded hover:underline underline-offset-2",
    )
    plain = rx.el.span(word, dir="auto", class_name=_WORD)
    head = rx.el.div(
        rx.cond(row["may_edit"], press, plain),
        rx.el.span(row["title"], dir="auto", class_name="min-w-0 truncate font-medium empty:hidden"),
        rx.cond(row["shared"], badge(t("Everybody"), tone="info"), rx.fragment()),
        class_name="flex min-w-0 flex-wrap items-center gap-x-2.5 gap-y-1",
    )
    file = rx.el.span(
        kind_icon(row["file_kind"], 13),
        rx.el.span(row["file_name"], dir="auto", class_name="truncate"),
        class_name="inline-flex min-w-0 max-w-full items-center gap-1",
    )
    about = rx.el.div(
        rx.cond(row["file"] != "", file, rx.fragment()),
        rx.cond(
            row["uses"].to(int) > 0,
            rx.el.span(tn("used {n} time", "used {n} times", row["uses"].to(int)), class_name="tabular-nums"),
            rx.el.span(t("not used yet")),
        ),
        class_name="mt-1 flex flex-wrap items-center gap-x-3 gap-y-1 text-xs text-muted",
    )
    return rx.el.li(
        rx.el.div(
            head,
            rx.el.p(
                row["body"],
                dir="auto",
                class_name="mt-0.5 line-clamp-2 break-words text-muted empty:hidden",
            ),
            about,
            class_name="min-w-0 flex-1 text-sm",
        ),
        rx.cond(_MAY_WRITE, rx.el.div(_menu(row), class_name="flex-none"), rx.fragment()),
        key=row["id"],
        class_name="flex items-start gap-2 py-3 ps-5 pe-3 hover:bg-hover",
    )


def _menu(row: Any) -> rx.Component:
    label = t("Actions for {name}", name="/" + row["shortcut"].to(str))
    own = rx.fragment(
        menu_separator(),
        menu_item(
            t("Delete"),
            icon="trash-2",
            danger=True,
            on_click=QuickReplies.ask_to_delete(row["id"], row["shortcut"], row["shared"]),
        ),
    )
    edit = menu_item(t("Edit"), icon="pencil", on_click=ReplyDialog.edit(row["id"]))
    return menu(
        icon_button("ellipsis", label),
        rx.cond(row["may_edit"], edit, rx.fragment()),
        menu_item(t("Copy for me"), icon="copy", on_click=QuickReplies.duplicate(row["id"])),
        rx.cond(row["may_edit"], own, rx.fragment()),
        label=label,
        align="end",
    )


def _delete_dialog() -> rx.Component:
    return confirm_dialog(
        title=t("Delete /{title}?", title=QuickReplies.leaving_shortcut),
        text=rx.cond(
            QuickReplies.leaving_shared,
            t("It is gone for everybody. What was sent with it stays."),
            t("What was sent with it stays."),
        ),
        confirm=t("Delete quick reply"),
        on_confirm=QuickReplies.delete,
        open=QuickReplies.leaving_id > 0,
        on_close=QuickReplies.do_not_delete,
    )
