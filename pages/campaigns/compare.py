"""Two campaigns side by side."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.campaigns.words import moment, state_badge
from pages.frame import frame
from state.campaigns.compare import CompareCampaigns
from wapto_app.security.permissions import Permission
from wapto_app.ui.badge import badge
from wapto_app.ui.button import button_link
from wapto_app.ui.card import card, page_body, page_header, stack
from wapto_app.ui.empty import empty_state
from wapto_app.ui.i18n import t
from wapto_app.ui.link import link
from wapto_app.ui.skeleton import skeleton_lines
from wapto_app.ui.table import Column, table

ROUTE = "/campaigns/compare"
_STATE: Any = CompareCampaigns


def compare() -> rx.Component:
    missing = empty_state(
        "search-x",
        t("Choose two campaigns"),
        t("Mark two campaigns in the list, then press Compare."),
        button_link(t("All campaigns"), "/campaigns"),
    )
    shown = rx.cond(_STATE.missing, card(missing, class_name=""), stack(_heads(), _figures()))
    return frame(
        t("Compare campaigns"),
        page_body(
            page_header(t("Compare campaigns"), button_link(t("All campaigns"), "/campaigns")),
            rx.cond(_STATE.loaded, shown, card(skeleton_lines(8))),
        ),
        permission=Permission.CAMPAIGNS_SEE,
    )


def _heads() -> rx.Component:
    return rx.el.div(_head(_STATE.first), _head(_STATE.second), class_name="grid gap-6 sm:grid-cols-2")


def _head(row: Any) -> rx.Component:
    return card(
        rx.el.div(
            link(
                row["name"],
                "/campaigns/" + row["id"].to(int).to_string(),
                class_name="min-w-0 font-semibold wrap-anywhere",
            ),
            state_badge(row),
            class_name="flex flex-wrap items-center gap-2",
        ),
        rx.el.p(
            row["templates"].to(list[str]).join(" / "),
            dir="auto",
            class_name="mt-1 text-sm text-muted wrap-anywhere",
        ),
        rx.el.p(
            t("{n} sent", n=row["sent"]),
            " · ",
            moment(row),
            class_name="mt-1 text-sm text-muted tabular-nums",
        ),
    )


def _figures() -> rx.Component:
    return table(
        _STATE.rows,
        Column(t("Figure"), _stage),
        Column(
            _title(_STATE.first["name"]), lambda row: _share(row["first_share"], row["first"]), number=True
        ),
        Column(
            _title(_STATE.second["name"]), lambda row: _share(row["second_share"], row["second"]), number=True
        ),
        Column(t("Difference"), _difference, number=True, hide=True),
        label=t("Figures of both"),
        key="stage",
    )


def _title(name: Any) -> rx.Component:
    return rx.el.span(name, dir="auto", class_name="ms-auto block max-w-20 truncate sm:max-w-52")


def _stage(row: Any) -> rx.Component:
    """With the difference below it on a phone, where there is no room for a fourth column."""
    below = rx.el.span(
        _points(row),
        rx.cond(_may_be_chance(row), rx.fragment(" · ", t("May be chance")), rx.fragment()),
        class_name="block text-xs text-muted text-pretty sm:hidden",
    )
    return rx.el.div(_name_of_stage(row), below, class_name="py-2.5 sm:py-0")


def _name_of_stage(row: Any) -> rx.Component:
    return rx.match(
        row["stage"],
        ("delivered", t("Delivered")),
        ("read", t("Read")),
        ("replied", t("Replied")),
        ("clicked", t("Clicked")),
        t("Failed"),
    )


def _share(share: Any, number: Any) -> rx.Component:
    return rx.el.span(
        t("{n} %", n=share.to(int) / 10),
        rx.el.span(t("{n}", n=number), class_name="ms-2 text-xs text-muted max-sm:hidden"),
        class_name="whitespace-nowrap",
    )


def _difference(row: Any) -> rx.Component:
    chance = rx.fragment(" ", badge(t("May be chance"), tone="neutral"))
    return rx.el.span(
        _points(row), rx.cond(_may_be_chance(row), chance, rx.fragment()), class_name="whitespace-nowrap"
    )


def _points(row: Any) -> rx.Var[str]:
    return t("{n} points", n=row["difference"].to(int) / 10)


def _may_be_chance(row: Any) -> rx.Var[bool]:
    """Nothing need be said of no difference."""
    return ~row["certain"].to(bool) & (row["difference"].to(int) != 0)
