"""Head of a campaign's page: its state and why, how far it is stage by stage, and what can be done."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.campaigns.words import (
    MAY_WRITE,
    ask,
    duration_left,
    is_one_of,
    percent,
    progress_of,
    state_badge,
)
from state.campaigns.listing import Campaigns
from state.campaigns.one import OneCampaign
from wapto_app.ui.banner import banner
from wapto_app.ui.button import button, icon_button
from wapto_app.ui.card import card, stack
from wapto_app.ui.empty import empty_state
from wapto_app.ui.i18n import Text, from_server, t, tn
from wapto_app.ui.link import link
from wapto_app.ui.menu import menu, menu_item, menu_separator
from wapto_app.ui.tabs import link_tabs
from wapto_app.ui.time import exact_time

_ROW: Any = OneCampaign.head


def overview() -> rx.Component:
    nothing = card(
        empty_state(
            "megaphone",
            t("Nothing has been sent yet."),
            t("People are written down when the campaign starts."),
        ),
        class_name="",
    )
    return stack(
        rx.cond(_ROW["began_late"], _began_late(), rx.fragment()),
        rx.cond(is_one_of(_ROW, "scheduled", "asking"), nothing, rx.fragment()),
        _progress(),
        _stages(),
    )


def head() -> rx.Component:
    """What stands above every view of it: its name, what can be done, and why it stands still."""
    return stack(_head(), _standing(), _views())


def _views() -> rx.Component:
    page = "/campaigns/" + _ROW["id"].to(int).to_string()
    return link_tabs(
        (t("Overview"), page),
        (t("People"), page + "/recipients"),
        (t("Report"), page + "/report"),
        label=t("Views of the campaign"),
    )


def _head() -> rx.Component:
    about = rx.el.p(
        rx.el.span(_ROW["templates"].to(list[str]).join(" / "), dir="auto", class_name="wrap-anywhere"),
        rx.cond(
            _ROW["number"] != "", rx.fragment(" · ", rx.el.span(_ROW["number"], dir="auto")), rx.fragment()
        ),
        rx.cond(_ROW["by"] != "", rx.fragment(" · ", rx.el.span(_ROW["by"], dir="auto")), rx.fragment()),
        class_name="mt-1 text-sm text-muted",
    )
    return rx.el.header(
        rx.el.div(
            rx.el.div(
                rx.el.h1(
                    _ROW["name"],
                    dir="auto",
                    class_name="line-clamp-3 min-w-0 text-xl font-semibold tracking-tight wrap-anywhere",
                ),
                state_badge(_ROW),
                class_name="flex flex-wrap items-center gap-x-3 gap-y-1",
            ),
            about,
            class_name="min-w-0 flex-1 basis-72",
        ),
        rx.cond(MAY_WRITE, _deeds(), rx.fragment()),
        class_name="flex flex-wrap items-start gap-x-6 gap-y-3",
    )


def _deeds() -> rx.Component:
    def when(states: tuple[str, ...], item: rx.Component) -> rx.Component:
        return rx.cond(is_one_of(_ROW, *states), item, rx.fragment())

    label = t("Actions for {name}", name=_ROW["name"])
    more = menu(
        icon_button("ellipsis", label, class_name="size-9 border border-line bg-surface"),
        menu_item(t("Rename"), icon="pencil", on_click=ask("rename", _ROW)),
        menu_item(t("Duplicate"), icon="copy", on_click=Campaigns.duplicate(_ROW["id"])),
        when(("finished", "cancelled"), menu_separator()),
        when(
            ("finished", "cancelled"),
            menu_item(t("Delete"), icon="trash-2", danger=True, on_click=ask("delete", _ROW)),
        ),
        label=label,
        align="end",
    )
    return rx.el.div(
        when(("running",), button(t("Pause"), icon="pause", on_click=Campaigns.pause(_ROW["id"]))),
        when(
            ("paused",),
            button(t("Resume"), icon="play", variant="primary", on_click=Campaigns.resume(_ROW["id"])),
        ),
        when(
            ("scheduled",),
            button(t("Back to draft"), icon="undo-2", on_click=Campaigns.unschedule(_ROW["id"])),
        ),
        when(
            ("scheduled", "asking", "building", "running", "paused"),
            button(t("Cancel the rest"), icon="ban", on_click=ask("cancel", _ROW)),
        ),
        more,
        class_name="flex flex-wrap gap-2",
    )


def _standing() -> rx.Component:
    """Why it stands still, or what it waits for."""
    by_hand = banner(
        t("Somebody paused it. Whoever has not got it yet gets it after Resume."), tone="neutral"
    )
    building = banner(t("The list of people is being written down. Sending begins in a moment."), tone="info")
    return rx.cond(
        _ROW["pause_words"] != "",
        _caused(),
        rx.match(
            _ROW["state"],
            ("paused", by_hand),
            ("asking", _late()),
            ("scheduled", _planned()),
            ("building", building),
            ("running", rx.cond(_ROW["next_at"] != "", _sleeps(), rx.fragment())),
            rx.fragment(),
        ),
    )


def _caused() -> rx.Component:
    until = rx.fragment(" ", t("It goes on by itself:"), " ", exact_time(_ROW["waiting_until"]), ".")
    what_to_do = rx.el.span(
        from_server(_ROW["pause_advice"]), rx.cond(_ROW["waiting_until"] != "", until, rx.fragment())
    )
    title = from_server(_ROW["pause_words"])
    # It runs, only slower: nobody has to do anything.
    is_slow = (_ROW["state"] == "running") & (_ROW["waiting_until"] == "")
    return rx.cond(
        is_slow,
        banner(what_to_do, title=title, tone="info"),
        banner(what_to_do, title=title, tone="warning"),
    )


def _began_late() -> rx.Component:
    words = rx.el.span(
        t("It began late, because Wapto was off at its time. Nobody was left out for that."),
        " ",
        t("Planned:"),
        " ",
        exact_time(_ROW["run_at"]),
        ". ",
        t("Begun:"),
        " ",
        exact_time(_ROW["started_at"]),
        ".",
    )
    return banner(words, tone="info")


def _late() -> rx.Component:
    answers = rx.el.div(
        button(t("Do not send"), size="sm", on_click=Campaigns.answer(_ROW["id"], False)),
        button(t("Send now"), size="sm", variant="primary", on_click=Campaigns.answer(_ROW["id"], True)),
        class_name="flex flex-wrap gap-2",
    )
    return banner(
        rx.el.span(t("It should have gone out while Wapto was off:"), " ", exact_time(_ROW["run_at"]), "."),
        title=t("Send it now?"),
        tone="warning",
        action=rx.cond(MAY_WRITE, answers, rx.fragment()),
    )


def _planned() -> rx.Component:
    at_theirs = rx.fragment(" ", t("(at that clock in each recipient's zone)"))
    words = rx.el.span(
        t("It goes out by itself:"),
        " ",
        exact_time(_ROW["run_at"]),
        rx.cond(_ROW["is_local"], at_theirs, rx.fragment()),
        ".",
    )
    return banner(words, tone="info")


def _sleeps() -> rx.Component:
    words = rx.el.span(
        t("Whoever has not got it yet gets it at their own time, after their quiet hours. The next:"),
        " ",
        exact_time(_ROW["next_at"]),
        ".",
    )
    return banner(words, tone="info")


def _progress() -> rx.Component:
    pace = rx.cond(
        _ROW["per_minute"].to(int) > 0,
        t("{n} a minute", n=_ROW["per_minute"]),
        t("Nothing in the last minute"),
    )
    left = rx.cond(_ROW["seconds_left"].to(int) > 0, rx.fragment(" · ", duration_left(_ROW)), rx.fragment())
    running = rx.el.span(pace, left)
    over = rx.fragment(t("Finished"), " ", exact_time(_ROW["finished_at"]))
    shown = card(
        rx.el.div(
            rx.el.p(
                t("{done} of {people} sent", done=_ROW["gone"], people=_ROW["people"]),
                class_name="text-sm font-medium tabular-nums",
            ),
            rx.el.p(
                rx.cond(
                    _ROW["state"] == "running",
                    running,
                    rx.cond(_ROW["finished_at"] != "", over, rx.fragment()),
                ),
                class_name="text-sm text-muted tabular-nums",
            ),
            role="status",
            class_name="mb-3 flex flex-wrap justify-between gap-x-4 gap-y-1",
        ),
        progress_of(_ROW),
    )
    return rx.cond(_ROW["people"].to(int) > 0, shown, rx.fragment())


def _stages() -> rx.Component:
    people = _ROW["people"]
    cells = rx.el.dl(
        _stage(t("Waiting"), _ROW["left"], people),
        _stage(t("Sent"), _ROW["sent"], people),
        _stage(t("Delivered"), _ROW["delivered"], _ROW["sent"]),
        _stage(t("Read"), _ROW["read"], _ROW["delivered"]),
        _stage(t("Replied"), _ROW["replied"], _ROW["delivered"]),
        _stage(t("Failed"), _ROW["failed"], people),
        class_name="grid grid-cols-2 gap-px bg-line sm:grid-cols-3 lg:grid-cols-6",
    )
    notes = rx.el.ul(
        _note(
            _ROW["skipped"],
            tn("{n} person was left out.", "{n} people were left out.", _ROW["skipped"]),
            _those("skipped", t("Who and why")),
        ),
        _note(
            _ROW["unconfirmed"],
            tn(
                "Of {n} message it is not known whether WhatsApp took it. It is not sent again by itself.",
                "Of {n} messages it is not known whether WhatsApp took them. They are not sent again by themselves.",
                _ROW["unconfirmed"],
            ),
            _those("unconfirmed", t("Look at them")),
        ),
        _note(
            _ROW["failed"],
            tn("{n} message failed.", "{n} messages failed.", _ROW["failed"]),
            _those("failed", t("Who and why")),
        ),
        _note(
            _ROW["cancelled"],
            tn("{n} did not get it any more.", "{n} did not get it any more.", _ROW["cancelled"]),
        ),
        _note(
            _ROW["held"],
            tn("{n} waits for the winner of the test.", "{n} wait for the winner of the test.", _ROW["held"]),
        ),
        class_name="flex flex-col gap-1 border-t px-5 py-3 text-sm text-muted empty:hidden",
    )
    return rx.cond(
        (people.to(int) + _ROW["skipped"].to(int)) > 0,
        card(cells, notes, class_name="overflow-hidden"),
        rx.fragment(),
    )


def _stage(label: Text, count: Any, whole: Any) -> rx.Component:
    n, of = count.to(int), whole.to(int)
    return rx.el.div(
        rx.el.dt(label, class_name="text-sm text-muted"),
        rx.el.dd(
            rx.el.span(t("{n}", n=n), class_name="text-xl font-semibold tabular-nums"),
            rx.cond(
                of > 0,
                rx.el.span(percent(n, of), class_name="ms-2 text-xs text-muted tabular-nums"),
                rx.fragment(),
            ),
        ),
        class_name="flex flex-col gap-1 bg-surface px-5 py-4",
    )


def _note(count: Any, words: Text, *more: rx.Component) -> rx.Component:
    return rx.cond(count.to(int) > 0, rx.el.li(words, *more), rx.fragment())


def _those(state: str, words: Text) -> rx.Component:
    page = "/campaigns/" + _ROW["id"].to(int).to_string() + f"/recipients?state={state}"
    return rx.fragment(" ", link(words, page))
