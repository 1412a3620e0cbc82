"""What a campaign brought: over time, by version, by button, by country, and why messages failed."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.campaigns.words import MAY_WRITE, rate, tapped
from state.campaigns.one import OneCampaign
from state.campaigns.report import CampaignReport
from wapto_app.ui.badge import badge
from wapto_app.ui.bars import bar_chart
from wapto_app.ui.button import button, button_link
from wapto_app.ui.card import section, stack
from wapto_app.ui.i18n import from_server, t, tn
from wapto_app.ui.link import link
from wapto_app.ui.table import Column, table
from wapto_app.ui.time import relative_time

_REPORT = CampaignReport


def report() -> rx.Component:
    return stack(
        _chart(),
        rx.cond(_REPORT.variants.length() > 1, _variants(), rx.fragment()),
        _failures(),
        rx.el.div(
            rx.cond(_REPORT.clicks.length() > 0, _clicks(), rx.fragment()),
            rx.cond(_REPORT.countries.length() > 0, _countries(), rx.fragment()),
            class_name="grid gap-6 empty:hidden md:grid-cols-2",
        ),
        _answers(),
    )


def _chart() -> rx.Component:
    spans = rx.match(
        _REPORT.minutes,
        (1, t("Each bar is one minute.")),
        (60, t("Each bar is one hour.")),
        (1440, t("Each bar is one day.")),
        (10080, t("Each bar is one week.")),
        rx.cond(
            _REPORT.minutes > 60,
            tn("Each bar is {n} hour.", "Each bar is {n} hours.", (_REPORT.minutes / 60).to(int)),
            tn("Each bar is {n} minute.", "Each bar is {n} minutes.", _REPORT.minutes),
        ),
    )
    drawn = bar_chart(
        _REPORT.bars,
        ("sent", t("Sent"), "bg-line-strong"),
        ("delivered", t("Delivered"), "bg-info"),
        ("read", t("Read"), "bg-accent"),
        ("replied", t("Replied"), "bg-tag-green-ink"),
        ("failed", t("Failed"), "bg-danger"),
        label=t("How it went over time"),
    )
    nothing = rx.el.p(t("Nothing has been sent yet."), class_name="text-sm text-muted")
    return section(
        t("Over time"),
        rx.cond(_REPORT.bars.length() > 0, drawn, nothing),
        description=rx.cond(_REPORT.bars.length() > 1, spans, ""),
    )


def _variants() -> rx.Component:
    return table(
        _REPORT.variants,
        Column(t("Version"), _variant_name),
        Column(t("People"), lambda row: t("{n}", n=row["people"]), number=True),
        Column(t("Sent"), lambda row: t("{n}", n=row["sent"]), number=True, hide=True),
        Column(t("Delivered"), lambda row: rate(row["delivered"], row["sent"]), number=True, hide=True),
        Column(t("Read"), lambda row: rate(row["read"], row["sent"]), number=True),
        Column(t("Replied"), lambda row: rate(row["replied"], row["sent"]), number=True),
        Column(t("Clicked"), lambda row: rate(row["clicked"], row["sent"]), number=True, hide=True),
        Column(t("Failed"), lambda row: t("{n}", n=row["failed"]), number=True, hide=True),
        label=t("Versions"),
        key="label",
        row_actions=_winner,
    )


def _variant_name(row: Any) -> rx.Component:
    winner = badge(t("Winner"), tone="accent")
    return rx.el.span(
        rx.el.span(row["label"], " · ", rx.el.span(row["template"], dir="auto"), class_name="font-medium"),
        rx.cond(row["is_winner"], rx.fragment(" ", winner), rx.fragment()),
    )


def _winner(row: Any) -> rx.Component:
    held = OneCampaign.head["held"].to(int) > 0
    choose = button(t("Send to the rest"), size="sm", on_click=_REPORT.choose(row["label"]))
    return rx.cond(MAY_WRITE & held, choose, rx.fragment())


def _failures() -> rx.Component:
    nobody = rx.el.p(t("Nobody was left out, and nothing failed."), class_name="text-sm text-muted")
    listed = rx.el.ul(rx.foreach(_REPORT.failures, _failure), class_name="-my-3 divide-y divide-line")
    return section(t("Who did not get it, and why"), rx.cond(_REPORT.failures.length() > 0, listed, nobody))


def _failure(row: Any) -> rx.Component:
    failed = row["state"] == "failed"
    page = "/campaigns/" + _REPORT.campaign_id.to_string() + "/recipients?state=" + row["state"].to(str)
    code = rx.cond(
        row["code"].to(int) > 0, rx.el.span(" (#", row["code"], ")", class_name="text-muted"), rx.fragment()
    )
    again = button(
        t("Send again"), size="sm", icon="refresh-cw", on_click=_REPORT.again(row["code"], row["key"])
    )
    return rx.el.li(
        rx.el.span(t("{n}", n=row["count"]), class_name="w-16 flex-none text-lg font-semibold tabular-nums"),
        rx.el.div(
            rx.el.p(from_server(row["meaning"]), code, dir="auto", class_name="text-sm font-medium"),
            rx.el.p(from_server(row["advice"]), class_name="text-sm text-muted"),
            class_name="min-w-0 flex-1 basis-64",
        ),
        rx.el.div(
            button_link(t("Show them"), page + "&reason=" + row["key"].to(str), size="sm"),
            rx.cond(MAY_WRITE & failed, again, rx.fragment()),
            class_name="flex flex-none gap-2",
        ),
        class_name="flex flex-wrap items-start gap-x-4 gap-y-2 py-3",
    )


def _clicks() -> rx.Component:
    return section(
        t("Buttons"),
        rx.el.ul(
            rx.foreach(_REPORT.clicks, lambda row: _line(tapped(row["button"]), row["count"])),
            class_name=_LINES,
        ),
        description=t("How many tapped which quick reply."),
    )


def _countries() -> rx.Component:
    return section(
        t("Countries"),
        rx.el.ul(
            rx.foreach(_REPORT.countries, lambda row: _line(_country(row["code"]), row["people"])),
            class_name=_LINES,
        ),
        description=t("By the country code of the number."),
    )


_LINES = "-my-2 divide-y divide-line text-sm"


def _line(words: Any, number: Any) -> rx.Component:
    return rx.el.li(
        rx.el.span(words, dir="auto", class_name="min-w-0 wrap-anywhere"),
        rx.el.span(t("{n}", n=number), class_name="tabular-nums"),
        class_name="flex justify-between gap-4 py-2",
    )


def _country(code: Any) -> Any:
    named = rx.Var(
        f"new Intl.DisplayNames([document.documentElement.lang || 'en'], {{type: 'region'}}).of({code!s} || 'ZZ')",
        _var_type=str,
        _var_data=code._get_all_var_data(),
    )
    return rx.cond(code != "", named, t("Unknown"))


def _answers() -> rx.Component:
    nobody = rx.el.p(t("Nobody has answered yet."), class_name="text-sm text-muted")
    listed = rx.el.ul(rx.foreach(_REPORT.answers, _answer), class_name="-my-3 divide-y divide-line")
    return section(
        t("Newest answers"),
        rx.cond(_REPORT.answers.length() > 0, listed, nobody),
        description=t("The first answer of each person within 72 hours, or one that quotes the message."),
    )


def _answer(row: Any) -> rx.Component:
    page = "/inbox/" + row["conversation_id"].to(int).to_string()
    return rx.el.li(
        link(
            rx.el.span(row["name"], dir="auto"),
            page,
            class_name="w-40 flex-none truncate text-sm font-medium",
        ),
        rx.el.p(row["text"], dir="auto", class_name="line-clamp-2 min-w-0 flex-1 text-sm wrap-anywhere"),
        rx.el.span(relative_time(row["at"]), class_name="flex-none text-xs text-muted"),
        class_name="flex flex-wrap items-baseline gap-x-4 gap-y-1 py-3",
    )
