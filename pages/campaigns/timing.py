"""Third step of the wizard: when it goes out, and how fast."""

from __future__ import annotations

import reflex as rx

from state.campaigns.timing import TimingStep
from wapto_app.services.account_fields import time_zones
from wapto_app.ui.banner import banner
from wapto_app.ui.campaign import RateSlider
from wapto_app.ui.card import card, section, stack
from wapto_app.ui.combobox import combobox_field
from wapto_app.ui.form import date_input, field, select_field, switch, text_input
from wapto_app.ui.i18n import Text, from_server, t, tn
from wapto_app.ui.skeleton import skeleton_lines
from wapto_app.ui.tokens import classes

_ZONES = [{"value": name, "label": name.replace("_", " ").replace("/", " / ")} for name in time_zones()]
_WAYS: tuple[tuple[str, str, Text, Text], ...] = (
    ("now", "zap", t("Now"), t("As soon as you press Send.")),
    ("at", "calendar-clock", t("At a time"), t("One moment, the same for everybody.")),
    (
        "local",
        "globe",
        t("At their local time"),
        t("At that clock where each person lives, by the country of the number."),
    ),
)
_LATE: tuple[tuple[str, Text], ...] = (
    ("send", t("Send it as soon as Wapto is back")),
    ("ask", t("Ask me first")),
)
_ERRORS = TimingStep.problems


def timing_step() -> rx.Component:
    shown = stack(_when(), _quiet(), _rate())
    return rx.cond(TimingStep.loaded, shown, card(skeleton_lines(8)))


def _when() -> rx.Component:
    ways = rx.el.div(
        *[_way(*each) for each in _WAYS],
        role="radiogroup",
        aria_label=t("When it goes out"),
        class_name="grid gap-3 sm:grid-cols-3",
    )
    return section(t("When"), ways, rx.cond(TimingStep.when == "now", rx.fragment(), _moment()))


def _way(value: str, icon: str, words: Text, about: Text) -> rx.Component:
    is_on = TimingStep.when == value
    return rx.el.label(
        rx.el.input(
            type="radio",
            name="when",
            value=value,
            checked=is_on,
            on_change=TimingStep.choose(value),
            class_name="check mt-0.5",
        ),
        rx.el.span(
            rx.el.span(
                rx.icon(icon, size=16, aria_hidden=True),
                words,
                class_name="flex items-center gap-2 text-sm font-medium",
            ),
            rx.el.span(about, class_name="mt-1 block text-xs text-muted text-pretty"),
            class_name="min-w-0",
        ),
        class_name=classes(
            "flex cursor-pointer items-start gap-2.5 rounded-lg border p-3 hover:bg-hover",
            rx.cond(is_on, "border-accent bg-accent-soft", "border-line"),
        ),
    )


def _error(name: str) -> rx.Component:
    return rx.el.p(
        from_server(_ERRORS[name]), role="alert", class_name="text-xs text-danger-ink empty:hidden"
    )


def _moment() -> rx.Component:
    at = rx.el.div(
        date_input(
            "run_at",
            with_time=True,
            value=TimingStep.run_at,
            on_change=lambda value: TimingStep.write("run_at", value),
        ),
        _error("run_at"),
        rx.el.p(
            from_server(TimingStep.note), role="status", class_name="text-xs text-warning-ink empty:hidden"
        ),
        class_name="flex flex-col gap-1.5",
    )
    zone = combobox_field(
        "time_zone",
        t("Time zone"),
        _ZONES,
        value=TimingStep.time_zone,
        on_change=lambda value: TimingStep.write("time_zone", value),
        help=rx.cond(TimingStep.when == "local", t("For people whose zone their number does not tell."), ""),
    )
    late = select_field(
        "late_policy",
        t("If Wapto is off at that time"),
        _LATE,
        value=TimingStep.late_policy,
        on_change=lambda value: TimingStep.write("late_policy", value),
    )
    return rx.el.div(
        field("run_at", t("Date and time"), at), zone, late, class_name="mt-5 grid gap-5 sm:grid-cols-2"
    )


def _quiet() -> rx.Component:
    def clock(name: str, label: Text, value: rx.Var[str]) -> rx.Component:
        control = text_input(
            name, type="time", value=value, wait=0, on_change=lambda text: TimingStep.write(name, text)
        )
        return field(name, label, rx.el.div(control, _error(name), class_name="flex flex-col gap-1.5"))

    hours = rx.el.div(
        clock("quiet_from", t("From"), TimingStep.quiet_from),
        clock("quiet_until", t("Until"), TimingStep.quiet_until),
        class_name="mt-5 grid max-w-96 grid-cols-2 gap-5",
    )
    return section(
        t("Quiet hours"),
        switch(
            "quiet",
            t("Let nobody's phone ring at night"),
            help=t("Who would get it in these hours gets it when they end, each on their own clock."),
            checked=TimingStep.is_quiet,
            on_change=TimingStep.keep_quiet,
        ),
        rx.cond(TimingStep.is_quiet, hours, rx.fragment()),
    )


def _rate() -> rx.Component:
    tier = TimingStep.limits["tier"].to(int)
    warning = banner(
        tn(
            "WhatsApp lets this business write first to {tier} people in 24 hours. {n} person is in the audience: the "
            "campaign waits at the limit and goes on by itself.",
            "WhatsApp lets this business write first to {tier} people in 24 hours. {n} people are in the audience: the "
            "campaign waits at the limit and goes on by itself.",
            TimingStep.people,
            tier=tier,
        ),
        tone="warning",
        class_name="mt-4",
    )
    return section(
        t("How fast"),
        RateSlider.create(
            value=TimingStep.rate,
            most=TimingStep.limits["per_second"].to(int),
            people=TimingStep.people,
            label=t("Messages a second"),
            on_change=TimingStep.slow_down,
        ),
        rx.cond((tier > 0) & (TimingStep.people > tier), warning, rx.fragment()),
        description=t("Slower is kinder to your team when many will answer."),
    )
