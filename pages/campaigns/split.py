"""Two variants against each other, and who wins."""

from __future__ import annotations

import reflex as rx

from state.campaigns.content import ContentStep
from wapto_app.ui.card import section
from wapto_app.ui.form import select_field, switch
from wapto_app.ui.i18n import Text, t, tn

_SHARES: tuple[tuple[str, Text], ...] = (
    *((str(n), t("{n} % of the people", n=n)) for n in (5, 10, 20, 30, 50)),
    ("100", t("Everybody: no winner, only figures")),
)
_SPLITS: tuple[tuple[str, Text], ...] = tuple(
    (str(n), t("{a} % get A, {b} % get B", a=n, b=100 - n)) for n in (50, 60, 70, 80, 90, 40, 30, 20, 10)
)
_WINNERS: tuple[tuple[str, Text], ...] = (
    ("read", t("Which is read by more")),
    ("reply", t("Which is answered by more")),
)
_AFTER: tuple[tuple[str, Text], ...] = (
    ("30", t("30 minutes")),
    *((str(n * 60), tn("{n} hour", "{n} hours", n)) for n in (1, 2, 4, 8, 12, 24, 48)),
)


def split_part() -> rx.Component:
    is_on = ContentStep.variants.length() > 1
    has_rest = ContentStep.test_share < 100
    rules = rx.el.div(
        select_field(
            "split",
            t("Split"),
            _SPLITS,
            value=ContentStep.variants[0]["share"].to_string(),
            on_change=ContentStep.split,
        ),
        select_field(
            "test_share",
            t("Who takes part"),
            _SHARES,
            value=ContentStep.test_share.to_string(),
            on_change=lambda value: ContentStep.rule_test("test_share", value),
        ),
        rx.cond(has_rest, _decision(), rx.fragment()),
        class_name="mt-5 grid gap-5 sm:grid-cols-2",
    )
    return section(
        t("Test two variants"),
        switch(
            "ab",
            t("Send a second variant to compare"),
            help=t("A part of the people gets A or B. The better one goes to the rest."),
            checked=is_on,
            on_change=ContentStep.test,
            disabled=ContentStep.variants[0]["template_id"] == 0,
        ),
        rx.cond(is_on, rules, rx.fragment()),
    )


def _decision() -> rx.Component:
    return rx.fragment(
        select_field(
            "winner_by",
            t("The winner"),
            _WINNERS,
            value=ContentStep.winner_by,
            on_change=lambda value: ContentStep.rule_test("winner_by", value),
        ),
        select_field(
            "decide_after",
            t("Decided after"),
            _AFTER,
            value=ContentStep.decide_after.to_string(),
            on_change=lambda value: ContentStep.rule_test("decide_after", value),
        ),
    )
