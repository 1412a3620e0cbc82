"""The list of campaigns."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.campaigns.dialogs import campaign_dialogs
from pages.campaigns.words import (
    MAY_WRITE,
    ask,
    is_one_of,
    moment,
    progress_of,
    rate,
    running_words,
    state_badge,
    view_bar,
)
from pages.frame import frame
from state.campaigns.listing import Campaigns
from wapto_app.security.permissions import Permission
from wapto_app.ui.banner import banner
from wapto_app.ui.button import button, button_link, icon_button
from wapto_app.ui.card import page_body, page_header, stack
from wapto_app.ui.empty import empty_state
from wapto_app.ui.form import search_input
from wapto_app.ui.i18n import Text, t
from wapto_app.ui.menu import menu, menu_item, menu_separator
from wapto_app.ui.table import Column, Selection, pager, table
from wapto_app.ui.time import exact_time

_GROUPS: tuple[tuple[str, Text], ...] = (
    ("", t("All")),
    ("draft", t("Drafts")),
    ("scheduled", t("Upcoming")),
    ("active", t("Running")),
    ("done", t("Ended")),
)


def campaigns() -> rx.Component:
    return frame(
        t("Campaigns"),
        page_body(
            page_header(
                t("Campaigns"),
                rx.cond(MAY_WRITE, _new(), rx.fragment()),
                description=t("One approved template for many people, followed message by message."),
            ),
            rx.cond(
                Campaigns.asking.length() > 0,
                stack(rx.foreach(Campaigns.asking, _late), gap="gap-2", class_name="pb-4"),
                rx.fragment(),
            ),
            _filters(),
            _table(),
            width="max-w-7xl",
        ),
        campaign_dialogs(),
        permission=Permission.CAMPAIGNS_SEE,
    )


def _new() -> rx.Component:
    return button_link(t("New campaign"), "/campaigns/new", icon="plus", variant="primary")


def _late(row: Any) -> rx.Component:
    words = rx.el.span(
        t("It should have gone out while Wapto was off:"),
        " ",
        exact_time(row["run_at"]),
        ". ",
        t("Send it now?"),
    )
    answers = rx.el.div(
        button(t("Do not send"), size="sm", on_click=Campaigns.answer(row["id"], False)),
        button(t("Send now"), size="sm", variant="primary", on_click=Campaigns.answer(row["id"], True)),
        class_name="flex flex-wrap gap-2",
    )
    return banner(
        words,
        title=row["name"],
        tone="warning",
        action=rx.cond(MAY_WRITE, answers, rx.fragment()),
    )


def _filters() -> rx.Component:
    return rx.el.div(
        view_bar(_GROUPS, chosen=Campaigns.group, on_choose=Campaigns.look, label=t("Which campaigns")),
        search_input(
            "find-campaign",
            t("Find a campaign"),
            value=Campaigns.text,
            on_change=Campaigns.find,
            class_name="w-full sm:ms-auto sm:w-64",
        ),
        class_name="flex flex-wrap items-center gap-3 pb-4",
    )


def _table() -> rx.Component:
    return table(
        Campaigns.rows,
        Column(t("Campaign"), _name),
        Column(t("State"), _state, hide=True, width="w-52"),
        Column(t("Number"), lambda row: _or_dash(row["number"]), hide=True),
        Column(t("People"), _people, number=True, hide=True),
        Column(t("Delivered"), lambda row: rate(row["delivered"], row["sent"]), number=True, hide=True),
        Column(t("Read"), lambda row: rate(row["read"], row["delivered"]), number=True, hide=True),
        Column(t("Replied"), lambda row: rate(row["replied"], row["delivered"]), number=True, hide=True),
        Column(t("Starts"), moment, hide=True, width="w-28"),
        label=t("Campaigns"),
        row_href=_address,
        row_name=lambda row: row["name"],
        selection=Selection(
            ids=Campaigns.marked,
            on_toggle=Campaigns.mark,
            on_toggle_all=Campaigns.mark_page,
            actions=[_compare()],
        ),
        row_actions=_actions,
        loading=~Campaigns.loaded,
        empty=_empty(),
        pager=_pager(),
    )


def _compare() -> rx.Component:
    """Of two: a third makes no pair."""
    chosen = Campaigns.marked
    page = "/campaigns/compare?a=" + chosen[0].to_string() + "&b=" + chosen[1].to_string()
    return rx.cond(
        chosen.length() == 2,
        button_link(t("Compare"), page, icon="scale", size="sm"),
        rx.el.span(t("Mark two to compare them."), class_name="text-sm text-muted"),
    )


def _address(row: Any) -> rx.Var[str]:
    page = "/campaigns/" + row["id"].to(int).to_string()
    return rx.cond((row["state"] == "draft") & MAY_WRITE, page + "/edit", page).to(str)


def _or_dash(text: Any) -> rx.Component:
    return rx.cond(text != "", rx.el.span(text, dir="auto"), rx.el.span("–", class_name="text-faint"))


def _people(row: Any) -> rx.Component:
    known = row["people"].to(int) > 0
    return rx.cond(known, rx.el.span(t("{n}", n=row["people"])), rx.el.span("–", class_name="text-faint"))


def _name(row: Any) -> rx.Component:
    templates = row["templates"].to(list[str])
    about = rx.el.span(
        rx.cond(templates.length() > 0, templates.join(" / "), t("No template yet")),
        rx.cond(row["by"] != "", rx.fragment(" · ", row["by"]), rx.fragment()),
        class_name="mt-0.5 block max-w-72 truncate text-xs font-normal text-muted",
        dir="auto",
    )
    name = rx.el.span(row["name"], dir="auto", class_name="line-clamp-2 wrap-anywhere")
    # A phone has room for one column.
    state = rx.el.span(_state(row), class_name="mt-1 block font-normal md:hidden")
    return rx.el.span(name, about, state, class_name="block min-w-0 py-2")


def _state(row: Any) -> rx.Component:
    busy = rx.el.span(
        rx.el.span(
            state_badge(row), running_words(row), class_name="flex flex-wrap items-center gap-x-2 gap-y-1"
        ),
        progress_of(row),
        class_name="flex min-w-40 flex-col gap-1.5 py-1",
    )
    return rx.cond(is_one_of(row, "running", "paused"), busy, state_badge(row))


def _actions(row: Any) -> rx.Component:
    label = t("Actions for {name}", name=row["name"])
    page = "/campaigns/" + row["id"].to(int).to_string()
    see = rx.cond(
        row["state"] == "draft",
        rx.cond(MAY_WRITE, menu_item(t("Edit"), icon="pencil", href=page + "/edit"), rx.fragment()),
        menu_item(t("Open"), icon="chart-column", href=page),
    )
    return menu(
        icon_button("ellipsis", label),
        see,
        rx.cond(MAY_WRITE, _writing(row), rx.fragment()),
        label=label,
        align="end",
    )


def _writing(row: Any) -> rx.Component:
    def when(states: tuple[str, ...], item: rx.Component) -> rx.Component:
        return rx.cond(is_one_of(row, *states), item, rx.fragment())

    cancel = menu_item(t("Cancel the rest"), icon="ban", danger=True, on_click=ask("cancel", row))
    delete = menu_item(t("Delete"), icon="trash-2", danger=True, on_click=ask("delete", row))
    back = menu_item(t("Back to draft"), icon="undo-2", on_click=Campaigns.unschedule(row["id"]))
    return rx.fragment(
        when(("running",), menu_item(t("Pause"), icon="pause", on_click=Campaigns.pause(row["id"]))),
        when(("paused",), menu_item(t("Resume"), icon="play", on_click=Campaigns.resume(row["id"]))),
        when(("scheduled",), back),
        menu_item(t("Rename"), icon="pencil-line", on_click=ask("rename", row)),
        menu_item(t("Duplicate"), icon="copy", on_click=Campaigns.duplicate(row["id"])),
        menu_separator(),
        when(("scheduled", "asking", "building", "running", "paused"), cancel),
        when(("draft", "finished", "cancelled"), delete),
    )


def _empty() -> rx.Component:
    none = empty_state(
        "megaphone",
        t("No campaigns yet"),
        t("Send an offer, an invitation or a reminder to a tag, a segment or a list of your own."),
        rx.cond(MAY_WRITE, _new(), rx.fragment()),
    )
    nothing = empty_state(
        "search-x",
        t("Nothing found"),
        t("No campaign fits."),
        button(t("Show all campaigns"), on_click=rx.redirect("/campaigns", replace=True)),
    )
    return rx.cond((Campaigns.group != "") | (Campaigns.text != ""), nothing, none)


def _pager() -> rx.Component:
    first, last = Campaigns.page + 1, Campaigns.page + Campaigns.rows.length()
    turned = pager(
        shown=t("{first}–{last}", first=first, last=last),
        has_previous=Campaigns.page > 0,
        has_next=Campaigns.has_next,
        on_previous=Campaigns.previous,
        on_next=Campaigns.next,
    )
    return rx.cond((Campaigns.page > 0) | Campaigns.has_next, turned, rx.fragment())
