"""Last step of the wizard: everything in words, what is still missing, and the button."""

from __future__ import annotations

from typing import Any

import reflex as rx

from pages.campaigns.cost import cost_part
from state.campaigns.review import ReviewStep
from state.campaigns.wizard import CampaignWizard
from wapto_app.ui.button import button
from wapto_app.ui.card import SURFACE, card, stack
from wapto_app.ui.dialog import confirm_dialog
from wapto_app.ui.i18n import Text, from_server, t, tn
from wapto_app.ui.link import link
from wapto_app.ui.skeleton import skeleton_lines
from wapto_app.ui.tokens import classes

_SHEET: Any = ReviewStep.sheet
_BASE = "/campaigns/" + CampaignWizard.campaign_id.to_string() + "/edit?step="


def review_step() -> rx.Component:
    sheet = rx.el.dl(
        _line("audience", t("Who"), _who()),
        _line("content", t("What"), _what()),
        _line("timing", t("When"), _when()),
        _line("timing", t("How fast"), _speed()),
        class_name=classes(SURFACE, "divide-y"),
    )
    shown = rx.el.div(
        stack(_checks(), sheet),
        stack(cost_part(), _go()),
        class_name="grid grid-cols-1 items-start gap-6 lg:grid-cols-[minmax(0,1fr)_20rem]",
    )
    return rx.fragment(rx.cond(ReviewStep.loaded, shown, card(skeleton_lines(8))), _confirm())


def _line(step: str, name: Text, *words: rx.Component) -> rx.Component:
    return rx.el.div(
        rx.el.dt(name, class_name="w-24 flex-none text-sm text-muted max-sm:flex-1"),
        rx.el.dd(
            *words,
            class_name="min-w-0 flex-1 text-sm wrap-anywhere max-sm:order-last max-sm:w-full max-sm:flex-none",
        ),
        rx.el.dd(
            link(rx.fragment(t("Change"), rx.el.span(" ", name, class_name="sr-only")), _BASE + step),
            class_name="flex-none text-sm",
        ),
        class_name="flex flex-wrap gap-x-4 gap-y-1 px-5 py-4",
    )


def _checks() -> rx.Component:
    def missing(row: Any) -> rx.Component:
        mend = rx.cond(
            row["step"] == "review",
            link(t("Subscription"), "/subscription"),
            link(t("Mend it"), _BASE + row["step"].to(str)),
        )
        return rx.el.li(
            rx.icon("circle-alert", size=16, class_name="mt-0.5 flex-none text-danger-ink", aria_hidden=True),
            rx.el.span(
                # A sentence about the file of a card says its number itself.
                rx.cond(
                    (row["card"].to(int) > 0) & ((row["gap"] != "") | (row["button"].to(int) > 0)),
                    rx.fragment(t("Card {n}:", n=row["card"]), " "),
                    rx.fragment(),
                ),
                rx.cond(row["gap"] != "", rx.fragment(t("Gap {name}:", name=row["gap"]), " "), rx.fragment()),
                rx.cond(
                    row["button"].to(int) > 0,
                    rx.fragment(t("Button {n}:", n=row["button"]), " "),
                    rx.fragment(),
                ),
                from_server(row["words"]),
                class_name="min-w-0 flex-1 text-pretty",
            ),
            rx.el.span(mend, class_name="flex-none"),
            class_name="flex gap-2.5 px-5 py-3 text-sm",
        )

    wrong = card(
        rx.el.h2(t("Before it can go out"), class_name="px-5 pt-4 pb-1 text-base font-semibold"),
        rx.el.ul(
            rx.foreach(ReviewStep.missing, missing),
            aria_label=t("Before it can go out"),
            class_name="divide-y",
        ),
        class_name="",
    )
    right = rx.el.p(
        rx.icon("circle-check", size=18, class_name="flex-none", aria_hidden=True),
        t("Everything is there."),
        role="status",
        class_name="flex items-center gap-2.5 rounded-lg bg-accent-soft px-4 py-3 text-sm text-accent-ink",
    )
    return rx.cond(ReviewStep.missing.length() > 0, wrong, right)


def _who() -> rx.Component:
    def reason(row: Any) -> rx.Component:
        return rx.el.li(
            from_server(row["words"]), " ", rx.el.span(t("({n})", n=row["count"]), class_name="tabular-nums")
        )

    left_out = rx.el.div(
        rx.el.p(
            t(
                "{n} of {people} are left out:",
                n=_SHEET["people"].to(int) - _SHEET["sendable"].to(int),
                people=_SHEET["people"],
            ),
            class_name="mt-1 text-muted",
        ),
        rx.el.ul(
            rx.foreach(_SHEET["skipped"].to(list[dict[str, Any]]), reason),
            class_name="list-inside list-disc text-muted",
        ),
    )
    return rx.fragment(
        rx.el.p(tn("{n} person gets it", "{n} people get it", _SHEET["sendable"]), class_name="font-medium"),
        rx.cond(_SHEET["people"].to(int) > _SHEET["sendable"].to(int), left_out, rx.fragment()),
    )


def _what() -> rx.Component:
    templates = _SHEET["templates"].to(list[str])
    nothing = rx.el.p(t("No template yet"), class_name="text-muted")
    test = rx.el.p(
        rx.cond(
            _SHEET["test_share"].to(int) < 100,
            t("Two variants on {n} % of the people; the rest gets the better one.", n=_SHEET["test_share"]),
            t("Two variants on all people."),
        ),
        class_name="mt-1 text-muted",
    )
    return rx.fragment(
        rx.cond(
            templates.length() > 0,
            rx.el.p(templates.join(" / "), dir="auto", class_name="font-medium wrap-anywhere"),
            nothing,
        ),
        rx.cond(
            _SHEET["number"] != "",
            rx.el.p(t("from"), " ", rx.el.span(_SHEET["number"], dir="auto"), class_name="mt-1 text-muted"),
            rx.fragment(),
        ),
        rx.cond(_SHEET["test_share"].to(int) > 0, test, rx.fragment()),
    )


def _when() -> rx.Component:
    at = rx.fragment(
        rx.el.p(_wall(_SHEET["run_at"].to(str)), class_name="font-medium"),
        rx.el.p(
            rx.cond(
                _SHEET["is_local"],
                t("on each person's own clock"),
                t("in the time zone {zone}", zone=_SHEET["time_zone"].to(str).replace("_", " ")),
            ),
            class_name="mt-1 text-muted",
        ),
    )
    quiet = rx.el.p(
        t(
            "Nothing between {start} and {end}, on each person's own clock.",
            start=_SHEET["quiet_from"],
            end=_SHEET["quiet_until"],
        ),
        class_name="mt-1 text-muted",
    )
    return rx.fragment(
        rx.cond(
            _SHEET["run_at"] != "", at, rx.el.p(t("As soon as you press Send."), class_name="font-medium")
        ),
        rx.cond(_SHEET["quiet_from"] != "", quiet, rx.fragment()),
    )


def _wall(clock: rx.Var[str]) -> rx.Var[str]:
    """A wall clock without a zone, as the reader's language writes it."""
    return rx.Var(
        f"new Date({clock!s} + 'Z').toLocaleString(document.documentElement.lang || 'en', "
        "{dateStyle: 'full', timeStyle: 'short', timeZone: 'UTC'})",
        _var_type=str,
        _var_data=clock._get_all_var_data(),
    )


def _speed() -> rx.Component:
    tier, used = _SHEET["tier"].to(int), _SHEET["used"].to(int)
    limit = rx.el.p(
        t("{used} of {n} people written to in the last 24 hours", used=used, n=tier),
        class_name="mt-1 text-muted tabular-nums",
    )
    waits = rx.el.p(
        t(
            "WhatsApp lets this business write first to {n} people in 24 hours; then it waits and goes on by itself.",
            n=tier,
        ),
        class_name="mt-1 text-warning-ink text-pretty",
    )
    return rx.fragment(
        rx.el.p(
            rx.cond(
                _SHEET["rate"].to(float) > 0,
                tn("{n} message a second", "{n} messages a second", _SHEET["rate"]),
                t("As fast as the number may: {n} a second", n=_SHEET["most"]),
            ),
            class_name="font-medium",
        ),
        rx.cond(tier > 0, limit, rx.fragment()),
        rx.cond((tier > 0) & (_SHEET["sendable"].to(int) + used > tier), waits, rx.fragment()),
    )


def _is_later() -> rx.Var[bool]:
    return _SHEET["run_at"] != ""


def _go() -> rx.Component:
    n = _SHEET["sendable"]
    words = rx.cond(
        _is_later(),
        tn("Schedule for {n} person", "Schedule for {n} people", n),
        tn("Send to {n} person", "Send to {n} people", n),
    )
    return button(
        words,
        variant="primary",
        size="lg",
        icon="send",
        class_name="w-full",
        disabled=ReviewStep.missing.length() > 0,
        on_click=ReviewStep.confirm(True),
    )


def _confirm() -> rx.Component:
    n = _SHEET["sendable"]
    return confirm_dialog(
        title=rx.cond(
            _is_later(),
            tn("Schedule it for {n} person?", "Schedule it for {n} people?", n),
            tn("Send it to {n} person now?", "Send it to {n} people now?", n),
        ),
        text=rx.cond(
            _is_later(),
            t(
                "Until then you can take it back and change it. Who joins the audience until it starts gets it too."
            ),
            t("You can pause it at any time. What has been sent cannot be taken back."),
        ),
        confirm=rx.cond(_is_later(), t("Schedule"), t("Send now")),
        on_confirm=ReviewStep.send,
        open=ReviewStep.confirming,
        on_close=ReviewStep.confirm(False),
        danger=False,
    )
