"""Custom fields: what the business wants to know of its customers."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.field_dialog import KINDS, field_dialog
from pages.frame import frame
from state.fields import FieldDialog, Fields
from state.shell import Shell
from wapto_app.security.permissions import Permission
from wapto_app.services.fields import FieldLine
from wapto_app.ui.badge import badge
from wapto_app.ui.button import button, icon_button
from wapto_app.ui.card import card, page_body, page_header, room_of_plan
from wapto_app.ui.chat_list import row_of
from wapto_app.ui.dialog import confirm_dialog
from wapto_app.ui.empty import empty_state
from wapto_app.ui.i18n import t, tn
from wapto_app.ui.keys import shortcut
from wapto_app.ui.menu import menu, menu_item, menu_separator
from wapto_app.ui.skeleton import skeleton_lines
from wapto_app.ui.sortable import handle, sortable

SAMPLE = FieldLine(
    id=0, key="", label="", kind="", help="", minimum="", maximum="", required=False, options=[], values=0
)
_MAY_WRITE = Shell.permissions.contains(Permission.TAGS_DO.value)


def fields() -> rx.Component:
    return frame(
        t("Custom fields"),
        page_body(
            page_header(
                t("Custom fields"),
                rx.cond(_MAY_WRITE, _new(), rx.fragment()),
                description=t(
                    "What you want to know of every customer. They stand in forms and tables in this order, and in "
                    "messages by their name in braces."
                ),
            ),
            rx.cond(
                Fields.limit >= 0, rx.el.p(_room(), class_name="-mt-3 pb-4 text-sm text-muted"), rx.fragment()
            ),
            card(
                rx.cond(Fields.loaded, _list(), rx.el.div(skeleton_lines(5), class_name="p-5")),
                class_name="overflow-hidden",
            ),
            width="max-w-3xl",
        ),
        rx.cond(_MAY_WRITE, shortcut("n", FieldDialog.start, t("New field")), rx.fragment()),
        field_dialog(),
        _delete_dialog(),
        permission=Permission.TAGS_SEE,
    )


def _room() -> rx.Component:
    words = t("{used} of {limit} custom fields of your plan", used=Fields.used, limit=Fields.limit)
    return room_of_plan(words, Fields.used, Fields.limit)


def _new() -> rx.Component:
    return button(t("New field"), icon="plus", variant="primary", on_click=FieldDialog.start)


def _list() -> rx.Component:
    nothing = empty_state(
        "text-cursor-input",
        t("No custom fields yet"),
        t("City, birthday, budget: whatever you need to know beyond name and number."),
        rx.cond(_MAY_WRITE, _new(), rx.fragment()),
    )
    rows = sortable(
        Fields.rows,
        row_of(field_row, SAMPLE),
        name="label",
        label=t("Custom fields"),
        on_move=Fields.move,
        class_name="divide-y divide-line",
    )
    return rx.cond(Fields.rows.length() > 0, rows, nothing)


@rx.memo(wrapper=None)
def field_row(item: rx.Var[FieldLine]) -> rx.Component:
    title = rx.el.button(
        item["label"],
        type="button",
        dir="auto",
        on_click=FieldDialog.edit(item["id"]),
        class_name="max-w-full rounded text-start font-medium break-words hover:underline underline-offset-2",
    )
    name = rx.cond(
        _MAY_WRITE, title, rx.el.span(item["label"], dir="auto", class_name="font-medium break-words")
    )
    about = rx.el.div(
        rx.el.code("{{" + item["key"].to(str) + "}}", class_name="max-w-full truncate font-mono select-all"),
        rx.el.span(rx.match(item["kind"], *KINDS, item["kind"])),
        rx.el.span(tn("{n} contact", "{n} contacts", item["values"].to(int)), class_name="tabular-nums"),
        class_name="mt-0.5 flex max-w-full flex-wrap gap-x-3 gap-y-0.5 text-xs text-muted",
    )
    return rx.el.div(
        rx.cond(_MAY_WRITE, handle(item["label"]), rx.fragment()),
        rx.el.div(
            rx.el.div(
                name,
                rx.cond(item["required"], badge(t("Required"), tone="info"), rx.fragment()),
                class_name="flex min-w-0 flex-wrap items-center gap-x-2",
            ),
            about,
            class_name="min-w-0 flex-1 px-1 text-sm",
        ),
        rx.cond(_MAY_WRITE, _menu(item), rx.fragment()),
        class_name="flex items-center gap-1 px-3 py-2.5 hover:bg-hover",
    )


def _menu(row: Any) -> rx.Component:
    label = t("Actions for {name}", name=row["label"])
    return menu(
        icon_button("ellipsis", label),
        menu_item(t("Edit"), icon="pencil", on_click=FieldDialog.edit(row["id"])),
        menu_item(t("Move up"), icon="arrow-up", on_click=Fields.step(row["id"], -1)),
        menu_item(t("Move down"), icon="arrow-down", on_click=Fields.step(row["id"], 1)),
        menu_separator(),
        menu_item(
            t("Delete"), icon="trash-2", danger=True, on_click=Fields.ask_to_delete(row["id"], row["label"])
        ),
        label=label,
        align="end",
    )


def _delete_dialog() -> rx.Component:
    values = tn(
        "What {n} contact has in it is lost for good.",
        "What {n} contacts have in it is lost for good.",
        Fields.leaving_values,
    )
    used = t(
        "These segments ask for it and will match nobody: “{names}”.",
        names=Fields.leaving_segments.join("”, “"),
    )
    return confirm_dialog(
        title=t("Delete “{title}”?", title=Fields.leaving_label),
        text=rx.cond(Fields.leaving_segments.length() > 0, values + " " + used, values),
        confirm=t("Delete field"),
        on_confirm=Fields.delete,
        open=Fields.leaving_id > 0,
        on_close=Fields.do_not_delete,
    )
