"""The dialogs of the list: its filters, and its saved views."""

from __future__ import annotations

from typing import Any

import reflex as rx

from state.base import Feedback
from state.inbox.filters import InboxFilters, InboxViews
from state.shell import Shell
from wapto_app.security.permissions import Permission
from wapto_app.ui.button import button, icon_button
from wapto_app.ui.dialog import confirm_dialog, dialog
from wapto_app.ui.empty import empty_state
from wapto_app.ui.form import (
    checkbox,
    date_field,
    form,
    form_actions,
    select_field,
    submit_button,
    text_field,
)
from wapto_app.ui.i18n import Text, t
from wapto_app.ui.tags import TagList

_CHOSEN = InboxFilters.chosen


@rx.memo(wrapper=None)
def filter_dialogs() -> rx.Component:
    return rx.fragment(_filters(), _naming(), _managing(), _deleting())


def _filters() -> rx.Component:
    return dialog(
        form(
            _group(
                t("Status"),
                _tick("open", t("Open"), custom_attrs={"data-autofocus": "true"}),
                _tick("pending", t("Pending")),
                _tick("snoozed", t("Snoozed")),
                _tick("resolved", t("Resolved")),
            ),
            _group(t("Messages"), _tick("unread", t("Unread")), _tick("unreplied", t("Unreplied"))),
            rx.el.div(
                _select("agent", t("Agent"), InboxFilters.agents),
                _select("team", t("Team"), InboxFilters.teams),
                _select("number", t("Number"), InboxFilters.numbers),
                select_field(
                    "window",
                    t("Customer service window"),
                    [("", t("Any")), ("open", t("Open")), ("closing", t("Closes within 2 h"))],
                    default_value=_CHOSEN.get("window", ""),
                    required=False,
                ),
                date_field(
                    "since", t("Last message from"), default_value=_CHOSEN.get("since", ""), required=False
                ),
                date_field(
                    "until", t("Last message until"), default_value=_CHOSEN.get("until", ""), required=False
                ),
                class_name="grid gap-4 sm:grid-cols-2",
            ),
            rx.cond(InboxFilters.all_tags.length() > 0, _tags(), rx.fragment()),
            form_actions(button(t("Cancel"), on_click=InboxFilters.close), submit_button(t("Show"))),
            on_submit=InboxFilters.apply,
            reset_on_submit=False,
        ),
        title=t("Filter conversations"),
        open=InboxFilters.is_open,
        on_close=InboxFilters.close,
        width="md",
    )


def _group(label: Text, *ticks: rx.Component) -> rx.Component:
    return rx.el.fieldset(
        rx.el.legend(label, class_name="mb-2 text-sm font-medium"),
        rx.el.div(*ticks, class_name="flex flex-wrap gap-x-5 gap-y-2"),
    )


def _tick(name: str, label: Text, **props: Any) -> rx.Component:
    return checkbox(name, label, default_checked=_CHOSEN.get(name, "") == "1", **props)


def _select(name: str, label: Text, rows: Any) -> rx.Component:
    return rx.el.div(
        rx.el.label(label, html_for=f"filter-{name}", class_name="mb-1.5 block text-sm font-medium"),
        rx.el.select(
            rx.el.option(t("Any"), value=""),
            rx.foreach(
                rows,
                lambda row: rx.el.option(row["name"], value=row["id"].to_string(), key=row["id"].to_string()),
            ),
            id=f"filter-{name}",
            name=name,
            default_value=_CHOSEN.get(name, ""),
            class_name="control",
        ),
    )


def _tags() -> rx.Component:
    return rx.el.fieldset(
        rx.el.legend(t("Tags"), class_name="mb-2 text-sm font-medium"),
        TagList.create(
            tags=InboxFilters.all_tags,
            chosen=InboxFilters.tags,
            may_create=False,
            loading=False,
            on_toggle=InboxFilters.toggle_tag,
            is_wide=True,
        ),
        rx.cond(
            InboxFilters.tags.length() > 1,
            rx.el.div(_tick("every_tag", t("Only with all of these tags")), class_name="mt-2"),
            rx.fragment(),
        ),
    )


def _naming() -> rx.Component:
    is_new = InboxViews.renaming == 0
    may_share = Shell.permissions.contains(Permission.TEAMS_DO.value) & is_new
    return dialog(
        form(
            text_field(
                "name",
                t("Name"),
                default_value=InboxViews.name,
                max_length=50,
                errors=Feedback.errors,
                custom_attrs={"data-autofocus": "true"},
            ),
            rx.cond(
                may_share,
                checkbox("shared", t("Share with everybody"), help=t("Everybody sees it under Views.")),
                rx.fragment(),
            ),
            form_actions(button(t("Cancel"), on_click=InboxViews.stop_saving), submit_button(t("Save"))),
            on_submit=[Feedback.clear, InboxViews.save],
            reset_on_submit=False,
        ),
        title=rx.cond(is_new, t("Save this view"), t("Rename view")),
        description=t("A view keeps tab, filters and order under a name."),
        open=InboxViews.saving,
        on_close=InboxViews.stop_saving,
        width="sm",
    )


def _managing() -> rx.Component:
    nothing = empty_state(
        "bookmark",
        t("No views yet"),
        t("Filter the list, then choose “Save this view” in its menu."),
    )
    rows = rx.el.ul(rx.foreach(InboxViews.rows, _view), class_name="divide-y divide-line")
    return dialog(
        rx.cond(InboxViews.rows.length() > 0, rows, nothing),
        title=t("Views"),
        open=InboxViews.managing & ~InboxViews.saving & (InboxViews.deleting == 0),
        on_close=InboxViews.manage(False),
        width="sm",
    )


def _deleting() -> rx.Component:
    return confirm_dialog(
        title=t("Delete the view “{name}”?", name=InboxViews.name),
        text=t("The conversations stay as they are. A shared view goes for everybody."),
        confirm=t("Delete view"),
        on_confirm=InboxViews.delete(InboxViews.deleting),
        open=InboxViews.deleting > 0,
        on_close=InboxViews.keep,
    )


def _view(row: Any) -> rx.Component:
    incomplete = rx.el.p(
        t("Something that it asked for was deleted and is left out."), class_name="text-xs text-warning-ink"
    )
    shared = rx.el.span(t("shared"), class_name="flex-none text-xs text-muted")
    buttons = rx.el.div(
        icon_button("arrow-up", t("Move up"), size=16, on_click=InboxViews.move(row["id"], True)),
        icon_button("arrow-down", t("Move down"), size=16, on_click=InboxViews.move(row["id"], False)),
        icon_button("pencil", t("Rename"), size=16, on_click=InboxViews.name_again(row["id"])),
        icon_button("trash-2", t("Delete"), size=16, on_click=InboxViews.ask(row["id"])),
        class_name="flex flex-none",
    )
    return rx.el.li(
        rx.el.div(
            rx.el.p(row["name"], dir="auto", class_name="truncate text-sm"),
            rx.cond(row["incomplete"], incomplete, rx.fragment()),
            class_name="min-w-0 flex-1 py-1",
        ),
        rx.cond(row["shared"], shared, rx.fragment()),
        rx.cond(row["mine"], buttons, rx.fragment()),
        data_testid="view",
        key=row["id"].to_string(),
        class_name="flex min-h-11 items-center gap-2",
    )
